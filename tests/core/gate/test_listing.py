"""LIST: the key is a prefix, the query carries it, and nothing lists more than was asked."""

from __future__ import annotations

import shlex

import pytest

import daypass
from daypass import InvalidPathError, InvalidRequestError, PluginError, UnsupportedOptionError
from daypass.model.links import SignedURL
from tests.core import fakes
from tests.core.fakes import NOW, honest


def sign(path, **options):
    return daypass.create_signed_url(path, method="LIST", signing_time=NOW, **options)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("fake://bucket", ""),
        ("fake://bucket/", ""),
        ("fake://bucket/a", "a"),
        ("fake://bucket/a b/", "a b/"),
        ("fake://bucket//", "/"),
        ("fake://bucket/../x", "../x"),
    ],
)
def test_the_key_is_the_prefix_and_may_be_empty(fake, path, key):
    link = sign(path)
    (location, request) = fake.seen[-1]
    assert (location.key, request.expires_in) == (key, 3600)
    assert link.path == f"fake://bucket/{key}"
    assert (link.method, link.http_method, link.permits) == ("LIST", "GET", {"LIST"})


@pytest.mark.parametrize(
    ("root", "key", "prefix"),
    [
        ("fake://bucket", "", ""),
        ("fake://bucket/root", "", "root/"),
        ("fake://bucket/root/", "", "root/"),
        ("fake://bucket/root", "a", "root/a"),
        ("fake://bucket/root", "/", "root//"),
    ],
)
def test_a_store_lists_nothing_outside_its_root(fake, root, key, prefix):
    store = daypass.Store(root)
    assert store.create_signed_url(key, method="LIST").path == f"fake://bucket/{prefix}"
    batch = store.create_signed_urls([key, "z/"], method="LIST")
    assert batch[0].path == f"fake://bucket/{prefix}"


@pytest.mark.parametrize("path", ["fake://bucket/a\nb", "fake://bucket/" + "x" * 1025])
def test_a_prefix_is_checked_like_a_key(fake, path):
    with pytest.raises(InvalidPathError):
        sign(path)


def test_other_methods_still_want_a_key(fake):
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        with pytest.raises(InvalidPathError, match="no key"):
            daypass.create_signed_url("fake://bucket", method=method)


@pytest.mark.parametrize(
    "options",
    [
        {"content_type": "text/csv"},
        {"content_md5": bytes(16)},
        {"content_length": 1},
        {"max_bytes": 1},
        {"if_absent": True},
        {"metadata": {"a": "b"}},
        {"acl": "private"},
        {"filename": "x"},
        {"inline": True},
        {"response_content_type": "text/csv"},
        {"version": "1"},
    ],
)
def test_what_makes_no_sense_with_a_listing_is_refused(fake, options):
    (name,) = options
    with pytest.raises(InvalidRequestError) as caught:
        sign("fake://bucket/a/", **options)
    assert caught.value.option == name
    assert fake.seen == []


def test_a_version_is_refused_on_a_root_too(fake):
    for root in ("fake://bucket", "fake://bucket/root"):
        with pytest.raises(InvalidRequestError, match="version"):
            daypass.Store(root).create_signed_url("", method="LIST", version="1")


@pytest.mark.parametrize(
    "query", ["", "prefix=b/", "prefix=a/&prefix=a/", "prefix=", "Prefix=a/", "prefix=a%252F"]
)
def test_a_listing_of_something_else_is_the_plugins_fault(registry_of, query):
    def other(location, request):
        return honest(location, request, url=f"https://bucket.fake.example/?{query}")

    registry_of({"fake": fakes.backend(other)})
    with pytest.raises(PluginError, match="carry the prefix"):
        sign("fake://bucket/a/")


@pytest.mark.parametrize("query", ["x=1", "prefix=", "prefix=&x=1"])
def test_an_empty_prefix_may_go_without_saying(registry_of, query):
    def other(location, request):
        return honest(location, request, url=f"https://bucket.fake.example/?{query}")

    registry_of({"fake": fakes.backend(other)})
    assert sign("fake://bucket").url.endswith(query)


def test_a_backend_without_listings_says_what_it_signs(registry_of):
    registry_of({"fake": fakes.backend(methods=("GET",))})
    with pytest.raises(UnsupportedOptionError, match="cannot sign LIST: it signs GET") as caught:
        sign("fake://bucket")
    assert caught.value.option == "method"


def test_listings_are_asked_for_one_by_one(registry_of):
    module = fakes.backend()
    module.create_signed_urls = fakes.hookimpl(lambda location, keys, request: 1 / 0)
    registry_of({"fake": module})
    batch = daypass.create_signed_urls(["fake://bucket", "fake://bucket/../a"], method="LIST")
    assert [link.path for link in batch] == ["fake://bucket/", "fake://bucket/../a"]


def test_a_bad_prefix_among_many_names_its_row(fake):
    store = daypass.Store("fake://bucket")
    with pytest.raises(InvalidPathError) as caught:
        store.create_signed_urls(["a/", "\n"], method="LIST")
    assert caught.value.row == 1


def test_curl_prints_the_listing_or_saves_it(fake):
    link = sign("fake://bucket/a/")
    assert shlex.split(link.curl()) == ["curl", "--fail", link.url]
    assert shlex.split(link.curl("a.xml")) == ["curl", "--fail", "--output", "a.xml", link.url]


def test_every_other_method_is_its_own_http_method():
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        link = SignedURL("u", method, {}, NOW, "", frozenset(), frozenset(), "p", "b")
        assert link.http_method == method
