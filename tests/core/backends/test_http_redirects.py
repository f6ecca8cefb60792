"""No header, cookie or login of an HTTP filesystem is sent on to another host."""

from __future__ import annotations

import http.server
import threading

import fsspec
import pytest

import daypass
from tests.servers.redirecting import serving

SECRET = "Pl4ntedS3cret"
CREDENTIALS = {
    "a header of each request": {"headers": {"X-Api-Key": SECRET}},
    "a header of the client": {"client_kwargs": {"headers": {"X-Api-Key": SECRET}}},
    "a cookie of each request": {"cookies": {"session": SECRET}},
    "a cookie of the client": {"client_kwargs": {"cookies": {"session": SECRET}}},
    "a login": {"headers": {"Authorization": f"Bearer {SECRET}"}},
}
PLACES = {
    "storage_options": lambda url, options: daypass.head_metadata(url, storage_options=options),
    "fs": lambda url, options: daypass.head_metadata(
        url, fs=fsspec.filesystem("http", skip_instance_cache=True, **options)
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("given", CREDENTIALS)
@pytest.mark.parametrize("status", [301, 307])
def test_head_takes_no_credential_to_another_host(place, given, status):
    with (
        serving(200) as other,
        serving(status, other.url) as first,
        pytest.raises(daypass.StoreError, match=f"answered {status} and leads to another") as told,
    ):
        PLACES[place](f"{first.url}/k?sig={SECRET}", CREDENTIALS[given])
    assert first.seen
    assert other.seen == []
    assert SECRET not in f"{told.value} {told.value!r}"


def test_what_carries_none_is_followed_as_browsers_do():
    with serving(200) as other, serving(302, other.url) as first:
        assert daypass.head_metadata(f"{first.url}/k").size == 0
    assert other.seen


def test_a_server_that_leads_on_without_end_is_told_so():
    with serving(307) as first:
        first.leads_to = first.url
        with pytest.raises(daypass.StoreError, match="on without end"):
            daypass.head_metadata(f"{first.url}/k", storage_options=CREDENTIALS["a login"])


class _Moved(http.server.BaseHTTPRequestHandler):
    """Leads from one path to another of its own."""

    def do_HEAD(self):
        self.send_response(200 if self.path == "/new/k" else 301)
        self.send_header("Location", "/new/k")
        self.send_header("Content-Length", "7" if self.headers["X-Api-Key"] == SECRET else "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - the library calls them so

    def log_message(self, *_):
        """Say nothing."""


def test_a_redirect_of_the_same_host_is_followed_with_the_credential():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Moved) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            found = daypass.head_metadata(
                f"http://127.0.0.1:{server.server_port}/k",
                storage_options=CREDENTIALS["a header of each request"],
            )
        finally:
            server.shutdown()
            thread.join()
    assert found.size == 7
