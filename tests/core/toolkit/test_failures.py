"""Why no answer came is told apart, whatever wrapped it; and so is a wrong clock."""

from __future__ import annotations

import http.server
import socket
import ssl
import urllib.request
from datetime import UTC, datetime

import pytest

from daypass.toolkit.failures import clock_apart, unreachable
from tests.servers.certificates import identity
from tests.servers.serving import serving


def failed(url: str) -> BaseException:
    """Return what urllib raises."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(OSError) as caught:  # noqa: PT011 - of many kinds
        opener.open(url, timeout=5)
    return caught.value


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as place:
        return int(place.getsockname()[1])


def test_a_port_where_nothing_listens_refuses():
    said = unreachable(failed(f"http://127.0.0.1:{free_port()}/"))
    assert said.startswith("the connection was refused")


def test_a_host_without_an_address_is_not_found(monkeypatch):
    def resolve(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert "the name of its host cannot be found" in unreachable(failed("http://store.invalid/"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_plain_http_is_no_tls():
    with serving(Quiet) as port:
        said = unreachable(failed(f"https://127.0.0.1:{port}/"))
    assert "TLS failed" in said
    assert "does it speak plain http" in said


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path):
    with serving(Quiet, identity(tmp_path)[0]) as port:
        said = unreachable(failed(f"https://127.0.0.1:{port}/"))
    assert said.startswith("its certificate is not trusted (self-signed certificate)")


class WrapperError(Exception):
    """As libraries wrap an error."""


def wrap(**attributes: object) -> WrapperError:
    outer = WrapperError("outer")
    for name, value in attributes.items():
        setattr(outer, name, value)
    return outer


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (wrap(os_error=ConnectionRefusedError()), "refused"),
        (wrap(kwargs={"error": wrap(os_error=socket.gaierror())}), "cannot be found"),
        (wrap(certificate_error=ssl.SSLCertVerificationError("no")), "not trusted"),
        (wrap(inner_exception=TimeoutError()), "did not answer in time"),
        (wrap(reason=ConnectionResetError()), "was cut"),
        (wrap(__cause__=OSError(101, "Network is unreachable")), "no way to its network"),
        (wrap(reason="text", kwargs=None), None),
        (ValueError("x"), None),
    ],
    ids=range(8),
)
def test_a_library_may_wrap_it(error, said):
    found = unreachable(error)
    assert found is None if said is None else said in found


def test_errors_that_go_round_in_a_ring_end():
    first, second = wrap(), wrap()
    first.__cause__, second.__cause__ = second, first
    assert unreachable(first) is None


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Mon, 02 Nov 2026 09:04:00 GMT", ""),
        ("Mon, 02 Nov 2026 09:20:00 GMT", "20 minutes behind the store's"),
        ("Mon, 02 Nov 2026 08:00:00 GMT", "1 hour ahead of the store's"),
        ("soon", ""),
        (None, ""),
    ],
    ids=range(5),
)
def test_a_clock_that_is_wrong_is_named_with_its_side(date, said):
    found = clock_apart(date, datetime(2026, 11, 2, 9, tzinfo=UTC))
    assert said in found
    assert bool(said) == bool(found)
