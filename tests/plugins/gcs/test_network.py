"""What daypass sends itself trusts whom gcsfs's session trusts, and goes by its proxy."""

from __future__ import annotations

import ssl

import aiohttp
import pytest
from fsspec.asyn import get_loop, sync

import daypass
from daypass_gcs.network import network_of


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


def test_without_a_session_of_its_own_it_goes_as_everybodys_does():
    assert (network().context, network().proxies) == (None, None)
