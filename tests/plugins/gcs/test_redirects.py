"""No request that carries a credential is sent on to another host."""

from __future__ import annotations

import time

import gcsfs
import pytest
from google.auth.exceptions import TransportError
from google.oauth2 import service_account
from requests.exceptions import ReadTimeout

import daypass
from daypass.errors import DaypassError, DeadlineError, StoreError
from daypass.toolkit.deadlines import Deadline
from daypass_gcs.keys import explained
from tests.servers.redirecting import serving


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_head_follows_no_redirect_to_another_host(status):
    with serving(404) as other, serving(status, other.url) as first:
        options = {"endpoint_url": first.url, "token": "planted-token", "project": "p"}
        with pytest.raises(DaypassError):
            daypass.head_metadata("gs://bucket/k", storage_options=options)
    assert any("authorization" in request.lower() for request in first.seen)
    assert other.seen == []


@pytest.mark.parametrize("given", ["a key", "credentials", "a filesystem"])
@pytest.mark.parametrize("status", [302, 307])
def test_no_request_for_a_token_is_led_to_another_host(account, status, given):
    """It holds an assertion that the key has signed."""
    with serving(200) as other, serving(status, other.url) as first:
        key = {**account, "token_uri": f"{first.url}/token"}
        scopes = ["https://www.googleapis.com/auth/devstorage.read_only"]
        token = service_account.Credentials.from_service_account_info(key, scopes=scopes)
        options = {"endpoint_url": first.url, "token": key if given == "a key" else token}
        place = (
            {"fs": gcsfs.GCSFileSystem(**options, skip_instance_cache=True)}
            if given == "a filesystem"
            else {"storage_options": options}
        )
        with pytest.raises(DaypassError):
            daypass.head_metadata("gs://bucket/k", **place)
    assert any("/token" in request for request in first.seen)
    assert other.seen == []


@pytest.mark.parametrize(
    ("cause", "kind"), [(ReadTimeout(), DeadlineError), (ConnectionRefusedError(), StoreError)]
)
def test_a_token_that_was_waited_for_to_the_last_did_not_come_in_time(cause, kind):
    error = TransportError("no answer")
    error.__cause__ = cause
    deadline = Deadline(30, time.monotonic() + 9, 10)
    assert type(explained(error, deadline)) is kind
