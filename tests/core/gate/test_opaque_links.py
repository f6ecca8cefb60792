"""Links of stores that give them names of their own: a backend has to declare it."""

from __future__ import annotations

import attrs
import pytest

import daypass
from daypass.errors import PluginError
from tests.core import fakes


def share(location, request):
    """Answer as a share service does: with a name that has nothing to do with the key."""
    name = location.key.encode().hex()
    answer = fakes.honest(location, request)
    return attrs.evolve(answer, url=f"https://share.example/s/{name}?token=t{name}")


def test_a_declared_one_is_handed_out_for_every_key_of_many_too(registry_of):
    registry_of({"fake": fakes.backend(share, opaque_links=True)})
    for key in ("a", "b", "a"):
        assert daypass.create_signed_url(f"fake://bucket/{key}").url.startswith(
            f"https://share.example/s/{key.encode().hex()}?"
        )
    batch = daypass.create_signed_urls(["fake://bucket/a", "fake://bucket/b"])
    assert [url.partition("?")[0][-2:] for url in batch.urls] == ["61", "62"]


def test_all_else_of_it_is_judged_as_ever(registry_of):
    def elsewhere(location, request):
        return attrs.evolve(share(location, request), path="fake://bucket/other")

    registry_of({"fake": fakes.backend(elsewhere, opaque_links=True)})
    with pytest.raises(PluginError, match="another path"):
        daypass.create_signed_url("fake://bucket/a")


def test_one_that_nobody_declared_is_refused_and_told_what_to_declare(registry_of):
    registry_of({"fake": fakes.backend(share)})
    with pytest.raises(PluginError, match=r"which object it opens.*BackendInfo\.opaque_links"):
        daypass.create_signed_url("fake://bucket/a")


def test_a_grant_for_a_prefix_ends_in_it_all_the_same(registry_of):
    def grant(location, request):
        return attrs.evolve(fakes.granting(location, request), url="https://share.example/s/1/")

    registry_of({"fake": fakes.backend(share, grant=grant, opaque_links=True)})
    with pytest.raises(PluginError, match="does not end in the key"):
        daypass.create_signed_prefix("fake://bucket/folder/")
