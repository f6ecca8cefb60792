"""What a HEAD that fails still says: its status, the bucket's region, a wrong clock, and why nobody answered."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

import daypass
from tests.servers.serving import serving


@contextmanager
def answering(status: int, headers: Mapping[str, str] | None = None, *, late: float = 0):
    """Answer every HEAD alike, by a clock that is so many seconds late."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(status)
            date = datetime.now(UTC) - timedelta(seconds=late)
            self.send_header("Date", format_datetime(date, usegmt=True))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"


def head(endpoint: str, path: str = "s3://maps/k", **more: object) -> BaseException:
    options = {
        "key": "AK",
        "secret": "made-up",
        "endpoint_url": endpoint,
        "client_kwargs": {"region_name": "us-east-1"},
        "config_kwargs": {"retries": {"max_attempts": 0}, "proxies": {}},
        **more,
    }
    with pytest.raises(daypass.errors.DaypassError) as caught:
        daypass.head_metadata(path, storage_options=options)
    return caught.value


@pytest.mark.parametrize("status", [301, 400])
def test_the_bucket_s_region_is_named(status):
    with answering(status, {"x-amz-bucket-region": "eu-west-1"}) as endpoint:
        error = head(endpoint)
    assert isinstance(error, daypass.StoreError)
    assert error.status == status
    assert "the bucket is in eu-west-1: set client_kwargs region_name" in str(error)


def test_a_status_of_its_own_survives():
    with answering(501) as endpoint:
        error = head(endpoint)
    assert (type(error), error.status) == (daypass.StoreError, 501)


@pytest.mark.parametrize(("late", "side"), [(1200, "ahead of"), (-1200, "behind")])
def test_a_clock_that_is_wrong_is_named_where_the_store_refuses(late, side):
    with answering(403, late=late) as endpoint:
        error = head(endpoint)
    assert isinstance(error, daypass.AccessDeniedError)
    assert f"this machine's clock is 20 minutes {side} the store's" in str(error)
    with answering(403) as endpoint:
        assert "clock" not in str(head(endpoint))


def test_a_bucket_that_is_missing_is_no_missing_object():
    with answering(404) as endpoint:
        error = head(endpoint)
    assert isinstance(error, daypass.StoreError)
    assert (error.status, error.store_code) == (404, "NoSuchBucket")
    assert "there is no bucket maps" in str(error)


def test_a_port_where_nothing_listens_says_so():
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    error = head(f"http://127.0.0.1:{port}")
    assert isinstance(error, daypass.StoreError)
    assert "the connection was refused: nothing listens there" in str(error)


def test_plain_http_behind_https_says_so():
    with answering(200) as endpoint:
        error = head(endpoint.replace("http:", "https:"))
    assert "TLS failed" in str(error)
