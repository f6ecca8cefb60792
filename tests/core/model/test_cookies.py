"""Signed cookies: where a backend has them, they come with its links; elsewhere an error says so."""

from __future__ import annotations

import pickle

import pytest

import daypass
from daypass.errors import UnsupportedOptionError
from tests.core import fakes
from tests.core.fakes import SECRET, backend


def jar(query: str) -> dict[str, str]:
    """Make cookies as a plugin does: module-level, so that links can be pickled."""
    return {"Fake-Cookie": query}


def baking(location, request):
    return fakes.honest(location, request, cookie_maker=jar)


def granting(location, request):
    return fakes.granting(location, request, cookie_maker=jar)


@pytest.fixture
def store(registry_of):
    registry_of({"fake": backend(baking, grant=granting)})
    return daypass.Store("fake://bucket")


def test_links_grants_and_rows_of_a_batch_have_the_cookies_of_their_query(store):
    link = store.create_signed_url("key")
    (row,) = store.create_signed_urls(["key"])
    grant = store.create_signed_prefix("maps")
    for found in (link, row, grant, pickle.loads(pickle.dumps(link))):
        assert found.cookies() == {"Fake-Cookie": f"signature={SECRET}"}


def test_cookies_are_masked_where_they_are_shown_and_plain_where_they_are_used(store):
    cookies = store.create_signed_url("key").cookies()
    assert SECRET not in f"{cookies} {cookies!r} {[cookies]}"
    assert SECRET in cookies["Fake-Cookie"]
    assert isinstance(cookies, dict)
    assert SECRET not in repr(store.create_signed_url("key"))


def test_a_waived_restriction_keeps_the_cookies(registry_of):
    registry_of({"fake": backend(baking, enforces=())})
    store = daypass.Store("fake://bucket")
    assert store.create_signed_url("key", ip_range="192.0.2.1", strict=False).cookies()
    (row,) = store.create_signed_urls(["key"], ip_range="192.0.2.1", strict=False)
    assert row.cookies()


def test_a_backend_without_cookies_says_so_and_names_what_has_them(registry_of):
    registry_of({"fake": backend(grant=fakes.granting)})
    store = daypass.Store("fake://bucket")
    for found in (store.create_signed_url("key"), store.create_signed_prefix("maps")):
        with pytest.raises(UnsupportedOptionError, match="fake has no signed cookies") as caught:
            found.cookies()
        assert (caught.value.option, caught.value.backend) == ("cookies", "fake")
        assert caught.value.alternatives == ("cloudfront",)
