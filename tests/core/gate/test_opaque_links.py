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


TOKEN = "8w2-aB_dEfGhIjKlMnOpQg"


def in_the_path(**changes):
    """Grant as a links service does: by a token in the URL's path."""

    def grant(location, request):
        values = {"url": f"https://links.example/l/{TOKEN}/", "query": "", **changes}
        return fakes.granting(location, request, **values)

    return grant


@pytest.mark.parametrize("place", ["l", "p", "team/l"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("prefix", ["", "folder/", "a b/c/"])
def test_a_grant_can_be_in_the_path(registry_of, prefix, method, place):
    grant = in_the_path(url=f"https://links.example/{place}/{TOKEN}/")
    registry_of({"fake": fakes.backend(share, grant=grant, opaque_links=True)})
    made = daypass.create_signed_prefix(f"fake://bucket/{prefix}", method=method)
    assert made.path == f"fake://bucket/{prefix}"
    assert made.url_for("k") == str(made) + "k" == f"https://links.example/{place}/{TOKEN}/k"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"url": f"ftp://links.example/l/{TOKEN}/"}, "not http"),
        ({"url": f"https://me@links.example/l/{TOKEN}/"}, "not http"),
        ({"url": f"https://links\u00e9.example/l/{TOKEN}/"}, "not http"),
        ({"url": f"https://links.example:99999/l/{TOKEN}/"}, "not http"),
        ({"url": f"https://links.example/l/{TOKEN}/%zz/"}, "not http"),
        ({"url": f"https://links.example/l/{TOKEN}/?a=1"}, "a query in the prefix's own URL"),
        ({"url": f"https://links.example/l/{TOKEN}/#/"}, "not http"),
        ({"url": f"https://links.example/l/{TOKEN}"}, "does not end in a token"),
        ({"url": f"https://links.example/l/{TOKEN}x/"}, "does not end in a token"),
        ({"url": f"https://links.example/l/{TOKEN[1:]}/"}, "does not end in a token"),
        ({"url": f"https://links.example/s/{TOKEN}/"}, "does not end in a token"),
        ({"url": f"https://links.example/l/{TOKEN}/folder/"}, "does not end in a token"),
        ({"url": f"https://links.example/l/{TOKEN}//"}, "does not end in a token"),
        ({"url": "https://links.example/"}, "does not end in a token"),
        ({"url": "https://links.example/l/None/"}, "does not end in a token"),
        ({"url": f"https://links.example/l/{TOKEN}/{TOKEN}/"}, "does not end in a token"),
        ({"query": f"t={TOKEN}"}, "does not end in the key"),
        ({"method": "PUT"}, "a URL for PUT"),
        ({"permits": frozenset({"PUT"})}, "permitting"),
        ({"path": "fake://bucket/other/"}, "another path"),
        ({"expires_at": fakes.NOW.replace(year=9000)}, "an end that is not"),
    ],
    ids=range(21),
)  # fmt: skip
def test_all_else_of_a_grant_in_the_path_is_judged_as_ever(registry_of, changes, fault):
    registry_of({"fake": fakes.backend(share, grant=in_the_path(**changes), opaque_links=True)})
    with pytest.raises(PluginError, match=fault) as caught:
        daypass.create_signed_prefix("fake://bucket/folder/")
    assert TOKEN not in str(caught.value)


def test_a_grant_in_the_path_cannot_list(registry_of):
    """A listing's URL carries its prefix in the query, which such a grant has not."""
    registry_of({"fake": fakes.backend(share, grant=in_the_path(), opaque_links=True)})
    with pytest.raises(PluginError, match="does not carry the prefix"):
        daypass.create_signed_prefix("fake://bucket/folder/", method="LIST")


def test_a_grant_in_the_path_is_for_those_who_declare_it(registry_of):
    registry_of({"fake": fakes.backend(grant=in_the_path())})
    with pytest.raises(PluginError, match="does not end in the key"):
        daypass.create_signed_prefix("fake://bucket/folder/")


def test_a_public_endpoint_is_where_a_grant_in_the_path_leads(registry_of):
    module = fakes.backend(share, grant=in_the_path(), opaque_links=True)
    registry_of({"fake": module})
    options = {"public_endpoint": "https://links.example"}
    assert daypass.create_signed_prefix("fake://bucket/folder/", **options)
    with pytest.raises(PluginError, match="public endpoint"):
        daypass.create_signed_prefix("fake://bucket/folder/", public_endpoint="https://b.example")
