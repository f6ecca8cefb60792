"""Grants for a prefix: the gate treats them like links, and no key leads out of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import pickle
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import (
    AuditError,
    InvalidPathError,
    InvalidRequestError,
    PluginError,
    RefusedError,
    ShortLivedURLWarning,
    SignedPrefix,
    SigningNotSupportedError,
    UnsupportedOptionError,
)
from tests.core import fakes
from tests.core.fakes import NOW, SECRET, granting


@pytest.fixture
def granter(registry_of):
    module = fakes.backend(grant=granting)
    registry_of({"fake": module})
    return module


def grant_of(**changes):
    values = {
        "url": "https://h.example/base/",
        "query": "sp=r&sig=a%2Bb%2F%3D",
        "method": "GET",
        "headers": {},
        "expires_at": NOW,
        "expires_because": "requested",
        "permits": frozenset({"GET", "HEAD"}),
        "unenforced": frozenset(),
        "path": "fake://bucket/base/",
        "backend": "fake",
    }
    return SignedPrefix(**{**values, **changes})


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("fake://bucket", ""),
        ("fake://bucket/", ""),
        ("fake://bucket/data", "data/"),
        ("fake://bucket/data/", "data/"),
        ("fake://bucket/a b/c", "a b/c/"),
    ],
)
def test_a_prefix_is_a_folder_or_the_bucket(granter, path, key):
    grant = daypass.create_signed_prefix(path, expires_in="1d", signing_time=NOW)
    location, request = granter.seen[-1]
    assert (location.key, request.expires_in) == (key, 86_400)
    assert grant.path == f"fake://bucket/{key}"
    assert grant.expires_at == NOW + timedelta(days=1)
    assert grant.url_for("x").startswith(grant.url + "x?")


@pytest.mark.parametrize(
    ("root", "prefix", "key"),
    [("", "", ""), ("/base", "", "base/"), ("/base/", "a", "base/a/"), ("/base", "a/", "base/a/")],
)
def test_a_store_grants_below_its_root_only(granter, root, prefix, key):
    store = daypass.Store(f"fake://bucket{root}")
    assert store.create_signed_prefix(prefix).path == f"fake://bucket/{key}"
    assert asyncio.run(store.acreate_signed_prefix(prefix)).path == f"fake://bucket/{key}"


@pytest.mark.parametrize("kind", [type(None), bytes, int, fakes.Hostile])
def test_a_prefix_is_text(granter, kind):
    prefix = kind()
    with pytest.raises(InvalidPathError, match="must be text"):
        daypass.Store("fake://bucket/root").create_signed_prefix(prefix)
    assert granter.seen == []


def test_the_asynchronous_twin_does_the_same(granter):
    grant = asyncio.run(daypass.acreate_signed_prefix("fake://bucket/a", method="PUT"))
    assert (grant.method, grant.permits) == ("PUT", {"PUT"})


@pytest.mark.parametrize("prefix", ["../x", "a/./b", "a\nb", "x" * 1025])
def test_a_prefix_is_checked_like_a_key(granter, prefix):
    with pytest.raises(InvalidPathError):
        daypass.Store("fake://bucket").create_signed_prefix(prefix)


@pytest.mark.parametrize(
    "options",
    [
        {"content_md5": bytes(16)},
        {"checksum_sha256": bytes(32)},
        {"content_length": 3},
        {"content_md5": bytes(16), "add_content_md5_metadata": True},
    ],
)
def test_what_describes_one_object_is_refused(granter, options):
    with pytest.raises(InvalidRequestError, match="describes one object"):
        daypass.create_signed_prefix("fake://bucket", method="PUT", **options)


def test_a_backend_without_grants_names_the_alternatives(fake):
    with pytest.raises(UnsupportedOptionError, match=r"create_signed_urls.*CloudFront") as caught:
        daypass.create_signed_prefix("fake://bucket/a")
    assert (caught.value.option, caught.value.backend) == ("prefix", "fake")
    assert "create_signed_urls" in caught.value.alternatives
    with pytest.raises(SigningNotSupportedError, match="local file"):
        daypass.create_signed_prefix("/tmp/x")


def test_a_declaration_that_the_hooks_contradict_is_the_plugins_fault(registry_of):
    registry_of({"fake": fakes.backend(prefixes=True)})
    with pytest.raises(PluginError, match="implement the hook, or declare prefixes=False"):
        daypass.create_signed_prefix("fake://bucket")
    registry_of({"fake": fakes.backend(grant=granting, prefixes=False)})
    with pytest.raises(PluginError, match="declare prefixes=True, or take the hook out"):
        daypass.create_signed_prefix("fake://bucket")


@pytest.mark.parametrize(
    ("method", "changes", "fault"),
    [
        ("GET", {"url": 5}, "no text"),
        ("GET", {"query": None}, "grant that is no text"),
        ("GET", {"url": "https://h.example/a/?x=1"}, "query in the prefix's own URL"),
        ("GET", {"url": "https://h.example/b/"}, "does not end in the key"),
        ("GET", {"url": "https://user@h.example/a/"}, "not http"),
        ("GET", {"query": "a b"}, "not http"),
        ("GET", {"permits": frozenset({"PUT"})}, "permitting"),
        ("GET", {"path": "fake://bucket/b/"}, "another path"),
        ("GET", {"expires_at": NOW + timedelta(days=9)}, "an end"),
        ("LIST", {"query": "prefix=b/&prefix=a%2F"}, "carry the prefix"),
        ("LIST", {"query": "sig=1&prefix=a%2F&x=1"}, "carry the prefix"),
    ],
)
def test_every_answer_is_judged(registry_of, method, changes, fault):
    registry_of({"fake": fakes.backend(grant=lambda *ask: granting(*ask, **changes))})
    with pytest.raises(PluginError, match=fault) as caught:
        daypass.create_signed_prefix("fake://bucket/a", method=method, signing_time=NOW)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("answer", [None, "text", fakes.honest])
def test_an_answer_that_is_no_grant_is_the_plugins_fault(registry_of, answer):
    def make(location, request):
        return answer(location, request) if callable(answer) else answer

    registry_of({"fake": fakes.backend(grant=make)})
    with pytest.raises(PluginError, match="not a SignedPrefix"):
        daypass.create_signed_prefix("fake://bucket")


def test_a_failing_hook_is_explained(registry_of):
    registry_of({"fake": fakes.backend(grant=lambda *_: 1 / 0)})
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        daypass.create_signed_prefix("fake://bucket")


def test_policy_and_audit_see_the_grant(registry_of):
    seen = []

    def authorize(event):
        seen.append(("asked", event.action, event.path))
        if event.path.endswith("/secret/"):
            raise PermissionError

    def record(event):
        seen.append((event.action, event.count, event.url_sha256))
        if event.path.endswith("/unrecorded/"):
            raise OSError

    registry_of(
        {"fake": fakes.backend(grant=granting)},
        [fakes.plugin(authorize=authorize, record=record)],
    )
    grant = daypass.create_signed_prefix("fake://bucket/a")
    query = urlsplit(grant.url_for("deep/key")).query
    assert seen == [
        ("asked", "create_signed_prefix", "fake://bucket/a/"),
        ("create_signed_prefix", 1, hashlib.sha256(query.encode()).hexdigest()),
    ]
    with pytest.raises(RefusedError):
        daypass.create_signed_prefix("fake://bucket/secret")
    with pytest.raises(AuditError):
        daypass.create_signed_prefix("fake://bucket/unrecorded")
    daypass.create_signed_url("fake://bucket/a")
    assert seen[-1][0] == "create_signed_url"


def test_conditions_are_waived_and_short_lives_told_as_for_links(registry_of):
    def short(location, request):
        return granting(
            location, request, expires_at=NOW + timedelta(minutes=1), expires_because="it ends"
        )

    registry_of({"fake": fakes.backend(grant=short, enforces=("signing_time",))})
    with pytest.warns(ShortLivedURLWarning, match="it ends"):
        grant = daypass.create_signed_prefix(
            "fake://bucket", signing_time=NOW, ip_range="192.0.2.1", strict=False
        )
    assert grant.unenforced == {"ip_range"}


def test_a_grant_can_be_for_some_uses_and_for_some_pages(registry_of):
    asked = []

    def noting(location, request):
        asked.append(request)
        return granting(location, request)

    registry_of({"fake": fakes.backend(grant=noting)})
    assert daypass.create_signed_prefix("fake://bucket/a/", max_uses=3, referrers="example.org")
    assert (asked[0].max_uses, asked[0].referrers) == (3, ("example.org",))


def test_nothing_secret_is_shown():
    grant = grant_of(headers={"x-amz-server-side-encryption-customer-key": "hunter2"})
    assert "sig=" not in repr(grant)
    assert "hunter2" not in repr(grant)
    assert str(grant) == f"{grant.url}?{grant.query}"
    assert pickle.loads(pickle.dumps(grant)) == grant


#: A grant that is in its URL's path, as a service's links are.
TOKEN = "8w2-aB_dEfGhIjKlMnOpQg"
IN_THE_PATH = {"url": f"https://links.example/l/{TOKEN}/", "query": ""}


def test_a_grant_in_the_path_has_no_stray_question_mark():
    grant = grant_of(**IN_THE_PATH)
    assert str(grant) == f"https://links.example/l/{TOKEN}/"
    assert grant.url_for("a b/c?.tif") == f"https://links.example/l/{TOKEN}/a%20b/c%3F.tif"
    assert grant.storage_options() == {}
    assert grant_of(**IN_THE_PATH, headers={"x-a": "b"}).storage_options() == {
        "headers": {"x-a": "b"}
    }
    with pytest.raises(InvalidPathError):
        grant.url_for("../x")


def test_a_grant_in_the_path_is_masked_there():
    grant = grant_of(**IN_THE_PATH)
    assert "url='https://links.example/l/****/', query=''" in repr(grant)
    assert TOKEN not in repr(grant) + json.dumps(grant.to_dict())
    assert grant.to_dict()["url"] == "https://links.example/l/****/"
    assert grant.to_dict()["query"] == ""
    revealed = grant.to_dict(reveal=True)
    assert (revealed["url"], revealed["query"]) == (grant.url, "")
    assert pickle.loads(pickle.dumps(grant)) == grant


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a", "/base/a"),
        ("a b/ü?#", "/base/a%20b/%C3%BC%3F%23"),
        ("%2e%2e/x", "/base/%252e%252e/x"),
        ("/a//b", "/base//a//b"),
        ("...", "/base/..."),
        (".zgroup", "/base/.zgroup"),
    ],
)
def test_a_key_is_encoded_once(key, path):
    assert grant_of().url_for(key) == f"https://h.example{path}?sp=r&sig=a%2Bb%2F%3D"


@pytest.mark.parametrize(
    "key",
    ["", "..", ".", "../x", "a/../b", "a/./b", "a/..", "..\\x", "a\\..\\b", "a\nb", "\ud800", None, 5, b"a"],
)  # fmt: skip
def test_no_key_leads_out_of_the_prefix(key):
    with pytest.raises(InvalidPathError):
        grant_of().url_for(key)


def test_a_disguised_key_is_what_it_is():
    assert grant_of().url_for(fakes.Disguise("k")).startswith("https://h.example/base/k?")


@given(st.text())
def test_whatever_the_key_the_url_stays_below(key):
    grant = grant_of()
    try:
        url = grant.url_for(key)
    except InvalidPathError:
        return
    assert url.startswith(grant.url)
    assert url.endswith(f"?{grant.query}")
    assert url.count("?") == 1


def test_the_backends_own_rules_hold_for_every_key():
    def check(key):
        if key.endswith("."):
            raise InvalidPathError(key)

    grant = grant_of(check=check)
    assert grant.url_for("a")
    with pytest.raises(InvalidPathError):
        grant.url_for("a.")


def test_a_grant_to_list_takes_longer_prefixes(granter):
    grant = daypass.create_signed_prefix("fake://bucket/a b", method="LIST")
    assert str(grant) == grant.url_for("")
    assert str(grant).endswith("&prefix=a%20b%2F")
    assert grant.url_for("c/d").endswith("&prefix=a%20b%2Fc%2Fd")
    with pytest.raises(InvalidPathError, match="out of the prefix"):
        grant.url_for("../x")


def test_storage_options_are_those_of_fsspecs_http_filesystem():
    assert grant_of().storage_options() == {
        "params": {"sp": "r", "sig": "a+b/="},
    }
    with_headers = grant_of(headers={"x-a": "b"}).storage_options()
    assert with_headers["headers"] == {"x-a": "b"}
    for method in ("PUT", "LIST", "DELETE"):
        with pytest.raises(InvalidRequestError, match="reads"):
            grant_of(method=method, permits=frozenset({method})).storage_options()


@pytest.mark.parametrize("asked", [{"expires_in": "30d"}, {"max_uses": 3}, {"method": "DELETE"}])
def test_where_no_prefix_can_be_signed_nobody_is_told_to_ask_for_less(registry_of, asked):
    registry_of({"fake": fakes.backend(methods=("GET",), enforces=())})
    with pytest.raises(UnsupportedOptionError, match="no signature for a whole prefix"):
        daypass.create_signed_prefix("fake://team/c/", **asked)
