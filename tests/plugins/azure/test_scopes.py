"""Listings and grants: published vectors, the SDK's bytes, and what a real server allows with them."""

from __future__ import annotations

import json
import pickle
import xml.etree.ElementTree as ET
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import attrs
import fsspec
import pytest
from azure.storage.blob import AccessPolicy, generate_blob_sas, generate_container_sas
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import InvalidPathError, InvalidRequestError, UnsupportedOptionError
from daypass.toolkit.v4 import HmacKey
from daypass_azure.keys import Key
from daypass_azure.oracle import consult_sdk
from daypass_azure.scopes import scope_of
from daypass_azure.shape import Outline
from daypass_azure.template import Template
from tests.conftest import examples
from tests.core.values import is_path
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.plugins.azure.sdk import CHARACTERS, DELEGATED, DELEGATION_KEY, IPV4, SECONDS, STARTS
from tests.servers.azurite import KEY

VECTORS = Path(__file__).parents[2] / "vectors" / "azure"
STORE = daypass.Store("az://c0ntainer", storage_options=OPTIONS)
LAKE = daypass.Store(
    "az://c0ntainer", storage_options=OPTIONS, signer_options={"hierarchical_namespace": True}
)
LETTERS = {"GET": "r", "HEAD": "r", "LIST": "l", "PUT": "cw", "DELETE": "d"}


def cases(name, family=None):
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((VECTORS / name).read_text())["cases"]
        if family in (None, case["family"])
    ]


@pytest.mark.parametrize("case", cases("scopes.json"))
def test_service_sas(case):
    asked, expected = case["req"], case["expect"]
    directory = asked["key"] or ""
    key = Key(HmacKey(b64decode(asked["account_key"])), {"account_key": asked["account_key"]})
    values = {"sdd": str(directory.count("/") + 1)} if directory else {}
    outline = Outline(
        asked["permissions"],
        asked["options"].get("protocol"),
        None,
        tuple(values),
        "d" if directory else "c",
    )

    def ask(name, *, values):
        return consult_sdk(
            asked["account"],
            asked["container"],
            name,
            key=key,
            outline=outline,
            values=values,
            version=asked["version"],
        )

    template = Template.learn(("se", *outline.names), ask, key.hmac, named=bool(directory))
    prepared = template.prepare("https://a.example/", {"se": asked["expiry"], **values})
    if "string_to_sign" in expected:
        said = f"{prepared._head}{directory}{prepared._tail}"
        assert said == expected["string_to_sign"]
    else:
        query = parse_qs(urlsplit(prepared.url(directory)).query)
        assert query["sig"] == [expected["signature"]]


@pytest.mark.parametrize("case", cases("scope_names.json", "azure-canonical-name"))
def test_the_canonical_name_of_a_container(case):
    asked = case["req"]
    key = Key(HmacKey(b64decode("a2V5")), {"account_key": "a2V5"})
    said, _ = consult_sdk(
        asked["account"],
        asked["container"],
        "",
        key=key,
        outline=Outline("l", None, None, (), "c"),
        values={"se": "e"},
        version=None,
    )
    assert f"\n{case['expect']['canonical']}\n" in said


@pytest.mark.parametrize("case", cases("scope_names.json", "azure-depth"))
def test_the_depth_of_a_directory(case):
    grant = LAKE.create_signed_prefix(case["req"]["path"])
    depth = parse_qs(grant.query).get("sdd", [""])
    assert depth == [case["expect"]["sdd"]]


SEGMENTS = st.text(CHARACTERS, min_size=1, max_size=12).filter(
    lambda part: "/" not in part and not part.endswith(".")
)
DIRECTORIES = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)
PREFIXES = st.text(CHARACTERS, max_size=40).filter(lambda prefix: not is_path(prefix))
KEYS = st.sampled_from(["account", "delegated"])


def sdk(directory, key, **arguments):
    """Return the SDK's token for a container or a directory."""
    credential = {"account_key": KEY} if key == "account" else {
        "user_delegation_key": DELEGATION_KEY
    }  # fmt: skip
    if not directory:
        return generate_container_sas("contoso", "c0ntainer", **credential, **arguments)
    return generate_blob_sas(
        "contoso", "c0ntainer", directory, is_directory=True, **credential, **arguments
    )


def store_with(key, *, lake):
    if key == "account":
        return LAKE if lake else STORE
    signer = DELEGATED.location.cache["azure"]
    signer.directories = lake
    return DELEGATED


@examples(200)
@given(
    KEYS, st.none() | DIRECTORIES, st.sampled_from(sorted(LETTERS)), SECONDS, STARTS,
    st.none() | IPV4, st.sampled_from([None, False, True]),
)  # fmt: skip
def test_grants_equal_the_sdk_s(key, directory, method, seconds, start, ip, https):
    grant = store_with(key, lake=directory is not None).create_signed_prefix(
        directory or "",
        method=method,
        signing_time=NOW,
        expires_in=seconds,
        starts_at=start,
        ip_range=ip,
        https_only=https,
    )
    token = sdk(
        directory,
        key,
        permission=LETTERS[method],
        expiry=NOW + timedelta(seconds=seconds),
        start=start,
        ip=ip,
        protocol=None if https is False else "https",
    )
    prefix = f"{directory}/" if directory else ""
    container = "https://contoso.blob.core.windows.net/c0ntainer"
    if method == "LIST":
        listing = f"restype=container&comp=list&{token}&prefix={quote(prefix, safe='~')}"
        assert (grant.url, grant.query) == (container, listing)
    else:
        assert grant.url == f"{container}/{quote(prefix, safe='/~')}"
        assert grant.query == token
        assert grant.url_for("a b") == f"{grant.url}a%20b?{token}"
    assert grant.unenforced == frozenset()


@examples(150)
@given(KEYS, PREFIXES, SECONDS)
def test_listings_equal_the_sdk_s(key, prefix, seconds):
    link = store_with(key, lake=False).create_signed_url(
        prefix, method="LIST", signing_time=NOW, expires_in=seconds, strict=False
    )
    token = sdk(
        "", key, permission="l", expiry=NOW + timedelta(seconds=seconds), protocol="https"
    )  # fmt: skip
    assert link.url == (
        "https://contoso.blob.core.windows.net/c0ntainer?restype=container&comp=list&"
        f"{token}&prefix={quote(prefix, safe='~')}"
    )
    assert link.unenforced == ({"prefix"} if prefix else frozenset())


@given(KEYS, DIRECTORIES)
def test_listings_of_a_directory_equal_the_sdk_s(key, directory):
    link = store_with(key, lake=True).create_signed_url(
        f"{directory}/", method="LIST", signing_time=NOW, expires_in=60
    )
    token = sdk(
        directory, key, permission="l", expiry=NOW + timedelta(seconds=60), protocol="https"
    )  # fmt: skip
    assert f"&{token}&prefix=" in link.url
    assert link.unenforced == frozenset()


@pytest.mark.parametrize("prefix", ["a", "a/", "a/b"])
def test_a_prefix_that_nothing_binds_is_refused(prefix):
    with pytest.raises(UnsupportedOptionError, match="list more than was asked") as caught:
        STORE.create_signed_url(prefix, method="LIST")
    assert caught.value.option == "prefix"
    for strict in (True, False):
        with pytest.raises(UnsupportedOptionError, match="hierarchical_namespace=True") as caught:
            STORE.create_signed_prefix(prefix, strict=strict)
        assert caught.value.option == "prefix"
        assert caught.value.alternatives == ("create_signed_urls",)


def test_a_name_s_beginning_is_no_directory():
    with pytest.raises(UnsupportedOptionError, match="prefix"):
        LAKE.create_signed_url("a/b", method="LIST")
    waived = LAKE.create_signed_url("a/b", method="LIST", strict=False)
    assert waived.unenforced == {"prefix"}
    assert "&sr=d&sdd=1&" in waived.url  # what it lists beyond is the directory's, no more
    assert "&sr=c&" in LAKE.create_signed_url("ab", method="LIST", strict=False).url


@pytest.mark.parametrize("prefix", ["a//b/", "/a/", "../a/", "a/./b/", "a/../", "//", "/"])
def test_what_can_be_no_directory_is_refused(prefix):
    with pytest.raises(InvalidPathError, match="no directory"):
        scope_of(prefix, directories=True)
    with pytest.raises(InvalidPathError):
        LAKE.create_signed_prefix(prefix)


@pytest.mark.parametrize("prefix", ["a\\b/", "a./", "x" * 1025 + "/", "a/" * 300])
def test_a_directory_has_a_blob_s_name(prefix):
    with pytest.raises(InvalidPathError):
        LAKE.create_signed_prefix(prefix)


@pytest.mark.parametrize("key", ["a\\b", "dot.", "x" * 1025, "../x"])
def test_a_grant_names_no_blob_that_azure_would_take_for_another(key):
    grant = pickle.loads(pickle.dumps(STORE.create_signed_prefix("")))
    with pytest.raises(InvalidPathError):
        grant.url_for(key)


def test_the_option_is_a_flag():
    with pytest.raises(InvalidRequestError, match="hierarchical_namespace must be"):
        daypass.Store("az://c", storage_options=OPTIONS,
                      signer_options={"hierarchical_namespace": "yes"})  # fmt: skip


def test_create_only_and_response_headers_hold_for_all_below():
    up = STORE.create_signed_prefix("", method="PUT", if_absent=True)
    assert parse_qs(up.query)["sp"] == ["c"]
    assert up.headers == {"x-ms-blob-type": "BlockBlob"}
    down = STORE.create_signed_prefix("", response_cache_control="no-store")
    assert parse_qs(down.query)["rscc"] == ["no-store"]


def test_the_end_is_the_delegation_key_s():
    store = store_with("delegated", lake=False)
    with pytest.warns(daypass.ShortLivedURLWarning, match="user delegation key"):
        grant = store.create_signed_prefix("", signing_time=NOW, expires_in="60d")
    assert grant.expires_at == datetime(2026, 12, 1, 11, 45, tzinfo=UTC)


def test_a_public_endpoint_leads_the_whole_grant():
    store = daypass.Store(
        "az://c0ntainer", storage_options=OPTIONS, public_endpoint="https://cdn.example"
    )
    assert store.create_signed_prefix("").url == "https://cdn.example/c0ntainer/"
    link = store.create_signed_url("", method="LIST")
    assert link.url.startswith("https://cdn.example/c0ntainer?restype=container&comp=list&")


def test_the_read_only_copy_takes_no_writes():
    signer = daypass.Store("az://c0ntainer", storage_options=OPTIONS)
    signer.create_signed_url("k")
    own = signer.location.cache["azure"]
    own._rules = attrs.evolve(own._rules, read_only=True)
    with pytest.raises(InvalidRequestError, match="read-only"):
        signer.create_signed_prefix("", method="PUT")
    assert signer.create_signed_prefix("").permits == {"GET", "HEAD"}


@pytest.fixture
def filled(bench):
    for name in ("a/1", "a/b c", "a/ü", "b/1", "#?%"):
        bench.put(name, name.encode())
    return bench


def names_in(answer):
    return [name.text for name in ET.fromstring(answer.content).iter("Name")]


def ask(bench, url, method="GET", body=None):
    headers = {"x-ms-blob-type": "BlockBlob"} if method == "PUT" else {}
    return bench.session.request(method, url, data=body, headers=headers, timeout=30)


@pytest.mark.parametrize(
    ("prefix", "found"),
    [("", ["#?%", "a/1", "a/b c", "a/ü", "b/1"]), ("a/", ["a/1", "a/b c", "a/ü"]), ("a/b c", ["a/b c"])],
)  # fmt: skip
def test_a_listing_lists(filled, prefix, found):
    link = filled.store.create_signed_url(prefix, method="LIST", strict=False)
    answer = ask(filled, link.url)
    assert answer.status_code == 200
    assert names_in(answer) == found


def test_a_stranger_turns_the_pages(filled):
    found, token = [], None
    while True:
        link = filled.store.create_signed_url(
            "", method="LIST", max_keys=1, delimiter="/", continuation_token=token
        )
        answer = ask(filled, link.url)
        found += names_in(answer)
        token = ET.fromstring(answer.content).findtext("NextMarker")
        if not token:
            break
    assert found == ["#?%", "a/", "b/"]


def test_a_listing_reads_and_writes_nothing(filled):
    link = filled.store.create_signed_url("", method="LIST")
    place, _, query = link.url.partition("?")
    sas = query.partition("&comp=list&")[2].partition("&prefix=")[0]
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = ask(filled, f"{place}/a/1?{sas}", method, b"x" if method == "PUT" else None)
        assert answer.status_code == 403, method
    for method in ("PUT", "DELETE"):
        container = f"{place}?restype=container&{sas}"
        assert ask(filled, container, method, b"").status_code in (403, 409)
    assert filled.read("a/1") == b"a/1"


@pytest.mark.parametrize(("old", "new"), [("sp=l", "sp=rl"), ("se=20", "se=21"), ("sig=", "sig=A")])
def test_a_tampered_listing_is_refused(filled, old, new):
    link = filled.store.create_signed_url("", method="LIST")
    assert old in link.url
    assert ask(filled, link.url.replace(old, new, 1)).status_code == 403


def test_the_waived_prefix_is_named_because_it_binds_nobody(filled):
    link = filled.store.create_signed_url("a/", method="LIST", strict=False)
    assert link.unenforced == {"prefix"}
    wider = ask(filled, link.url.replace("prefix=a%2F", "prefix="))
    assert len(names_in(wider)) == 5


def test_an_expired_listing_is_refused(filled):
    past = datetime.now(UTC) - timedelta(hours=1)
    link = filled.store.create_signed_url("", method="LIST", signing_time=past, expires_in=60)
    assert ask(filled, link.url).status_code == 403


def test_a_grant_reads_every_blob_and_nothing_else(filled):
    grant = filled.store.create_signed_prefix("")
    for name in ("a/1", "a/b c", "a/ü", "b/1", "#?%"):
        assert ask(filled, grant.url_for(name)).content == name.encode()
        assert ask(filled, grant.url_for(name), "HEAD").status_code == 200
        assert ask(filled, grant.url_for(name), "PUT", b"x").status_code == 403
        assert ask(filled, grant.url_for(name), "DELETE").status_code == 403
    listing = f"{grant.url.removesuffix('/')}?restype=container&comp=list&{grant.query}"
    assert ask(filled, listing).status_code == 403
    for old, new in (("sp=r", "sp=rw"), ("se=20", "se=21"), ("sr=c", "sr=b")):
        assert ask(filled, grant.url_for("a/1").replace(old, new, 1)).status_code == 403


def test_a_grant_ends(filled):
    past = datetime.now(UTC) - timedelta(hours=1)
    grant = filled.store.create_signed_prefix("", signing_time=past, expires_in=60)
    assert ask(filled, grant.url_for("a/1")).status_code == 403


def test_a_grant_for_one_container_opens_no_other(filled):
    filled.put("k")
    grant = filled.store.create_signed_prefix("")
    other = grant.url_for("k").replace(filled.name, "c" + "0" * 32)
    assert ask(filled, other).status_code == 403


def test_grants_to_write_and_to_delete(filled):
    up = filled.store.create_signed_prefix("", method="PUT")
    assert ask(filled, up.url_for("new/k"), "PUT", b"1").status_code == 201
    assert ask(filled, up.url_for("new/k"), "PUT", b"2").status_code == 201
    assert ask(filled, up.url_for("new/k")).status_code == 403
    once = filled.store.create_signed_prefix("", method="PUT", if_absent=True)
    assert ask(filled, once.url_for("new/k"), "PUT", b"3").status_code == 403
    assert filled.read("new/k") == b"2"
    gone = filled.store.create_signed_prefix("", method="DELETE")
    assert ask(filled, gone.url_for("new/k")).status_code == 403
    assert ask(filled, gone.url_for("new/k"), "DELETE").status_code == 202


def test_a_grant_to_list_lists_any_longer_prefix(filled):
    grant = filled.store.create_signed_prefix("", method="LIST")
    assert len(names_in(ask(filled, str(grant)))) == 5
    assert names_in(ask(filled, grant.url_for("a/ü"))) == ["a/ü"]


def test_a_stored_policy_revokes_a_grant(key_bench):
    key_bench.put("k", b"hello")
    key_bench.admin.set_container_access_policy({"readers": AccessPolicy(permission="r")})
    store = key_bench.make_store(signer_options={"stored_access_policy": "readers"})
    grant = store.create_signed_prefix("")
    assert ask(key_bench, grant.url_for("k")).content == b"hello"
    key_bench.admin.set_container_access_policy({})
    assert ask(key_bench, grant.url_for("k")).status_code == 403


def test_fsspec_reads_through_a_grant(key_bench):
    for name in ("a b/ü", "a%2Fb", "#?", "plus+"):
        key_bench.put(name, name.encode())
    grant = key_bench.store.create_signed_prefix("")
    options = grant.storage_options()
    fs = fsspec.filesystem("http", **options, skip_instance_cache=True)
    place = grant.url
    for name in ("a b/ü", "a%2Fb", "#?", "plus+"):
        url = grant.url_for(name).partition("?")[0]
        assert fs.cat_file(url) == name.encode()
        assert fs.cat_file(url, start=1, end=2) == name.encode()[1:2]
        assert fs.info(url)["size"] == len(name.encode())
    assert fs.exists(grant.url_for("plus+").partition("?")[0])
    assert not fs.exists(place + "missing")
    found = fs.cat([place + "plus+"])
    assert (found if isinstance(found, bytes) else next(iter(found.values()))) == b"plus+"
