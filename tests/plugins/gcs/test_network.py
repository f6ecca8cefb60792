"""What daypass sends itself trusts whom gcsfs's session trusts, and goes by its proxy."""

from __future__ import annotations

import ssl

import aiohttp
import pytest
from fsspec.asyn import get_loop, sync

import daypass
from daypass_gcs.network import network_of
from tests.plugins.gcs.conftest import HMAC
from tests.servers.counting_proxy import counting_proxy
from tests.servers.gcs_objects import Bucket


@pytest.fixture
def connector():
    made = []

    async def make(trust):
        made.append(aiohttp.TCPConnector(ssl=trust))
        return made[-1]

    yield lambda trust: sync(get_loop(), make, trust)
    for one in made:
        sync(get_loop(), one.close)


def network(**session):
    options = {"token": "anon", "session_kwargs": session} if session else {"token": "anon"}
    return network_of(daypass.Store("gs://bucket", storage_options=options).location)


def test_the_context_of_the_sessions_connector_is_taken(connector):
    context = ssl.create_default_context()
    assert network(connector=connector(context)).context is context
    assert network(connector=connector(False)).context.verify_mode == ssl.CERT_NONE
    assert network(connector=connector(True)).context is None


def test_the_proxy_of_the_session_is_taken():
    proxy = "http://proxy.example:3128"
    assert network(proxy=proxy).proxies == {"http": proxy, "https": proxy}
    assert "proxy.example" not in repr(network(proxy=proxy))


def test_the_environments_proxies_are_taken_where_the_session_takes_them():
    assert network().proxies == network(trust_env=False).proxies == {}
    assert network(trust_env=True).proxies is None


def test_without_a_session_of_its_own_it_trusts_whom_everybody_trusts():
    assert network().context is None


@pytest.mark.parametrize("session", [{}, {"trust_env": True}], ids=["straight", "by the proxy"])
def test_all_that_is_asked_of_the_store_goes_the_same_way(front, tmp_path, monkeypatch, session):
    """aiohttp, by which gcsfs asks, heeds the environment only where its session is told to."""
    front.buckets["bucket"] = Bucket()
    (tmp_path / "up").write_bytes(b"abc")
    with counting_proxy(front.url.removeprefix("http://")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        place = {
            "storage_options": {
                "token": "fake-token",
                "endpoint_url": front.url,
                "session_kwargs": session,
            },
            "signer_options": HMAC,
        }
        daypass.upload(tmp_path / "up", "gs://bucket/k", **place)
        daypass.download("gs://bucket/k", tmp_path / "down", **place)
        ways = [line.split()[0] for line in proxy.asked]
    assert ways == (["PUT", "GET", "GET"] if session else [])
