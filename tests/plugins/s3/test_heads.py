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
def answering(
    status: int,
    headers: Mapping[str, str] | None = None,
    *,
    late: float = 0,
    bucket: int | None = None,
    asked: list[str] | None = None,
):
    """Answer every HEAD alike, by a clock that is so many seconds late; of the bucket otherwise, or by 0 not at all."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            if asked is not None:
                asked.append(self.path)
            of_bucket = bucket is not None and self.path.count("/") == 1
            if of_bucket and not bucket:
                self.close_connection = True
                return
            self.send_response_only(bucket if of_bucket else status)
            date = datetime.now(UTC) - timedelta(seconds=late)
            self.send_header("Date", format_datetime(date, usegmt=True))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"


def options(endpoint: str, **more: object) -> dict[str, object]:
    return {
        "key": "AK",
        "secret": "made-up",
        "endpoint_url": endpoint,
        "client_kwargs": {"region_name": "us-east-1"},
        "config_kwargs": {"retries": {"max_attempts": 0}, "proxies": {}},
        **more,
    }


def head(endpoint: str, path: str = "s3://maps/k", **more: object) -> BaseException:
    with pytest.raises(daypass.errors.DaypassError) as caught:
        daypass.head_metadata(path, storage_options=options(endpoint, **more))
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


@pytest.mark.parametrize("bucket", [200, 301, 400, 403, 500])
def test_only_a_bucket_that_is_not_there_changes_what_was_said_of_the_object(bucket):
    with answering(404, bucket=bucket) as endpoint:
        error = head(endpoint)
    assert (type(error), str(error)) == (daypass.ObjectNotFoundError, "s3://maps/k does not exist")


def test_a_bucket_of_which_nobody_answers_is_not_taken_for_one_that_is_there():
    with answering(404, bucket=0) as endpoint:
        error = head(endpoint)
    assert (type(error), error.status) == (daypass.StoreError, None)
    assert "s3://maps/k" in str(error)


@pytest.mark.parametrize(("bucket", "times"), [(403, 1), (503, 2)])
def test_a_bucket_is_asked_for_again_only_where_the_store_was_in_trouble(bucket, times):
    asked: list[str] = []
    with answering(404, bucket=bucket, asked=asked) as endpoint:
        store = daypass.Store("s3://maps", storage_options=options(endpoint))
        assert [store.head_metadata(key, missing_ok=True) for key in "ab"] == [None, None]
    assert asked.count("/maps") == times


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
