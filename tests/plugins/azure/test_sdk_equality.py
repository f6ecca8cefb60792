"""Byte equality with azure-storage-blob, over names, times and options that hypothesis makes up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

from azure.storage.blob import BlobSasPermissions, generate_blob_sas
from azure.storage.blob._serialize import serialize_blob_tags_header
from hypothesis import given
from hypothesis import strategies as st

from daypass_azure.shape import moment
from tests.conftest import examples
from tests.plugins.azure.conftest import NOW
from tests.plugins.azure.sdk import DELEGATED, DELEGATION_KEY, IPV4, NAMES, SECONDS, STARTS, STORE
from tests.servers.azurite import KEY

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1).map(
    lambda text: text.strip() or "x"
)
#: A character of a tag.
TAG = st.sampled_from("abcXYZ019 +-./:=_")
VERSIONS = st.none() | st.sampled_from(
    ["2026-01-02T03:04:05.6789012Z", "snapshot=2026-01-02T03:04:05.6789012Z"]
)


def expect(link, name, version, **arguments):
    """Compare a link with what the SDK makes of the same wishes."""
    if version is not None and version.startswith("snapshot="):
        arguments["snapshot"] = version.removeprefix("snapshot=")
    elif version is not None:
        arguments["version_id"] = version
    token = generate_blob_sas("contoso", "c0ntainer", name, **arguments)
    place, _, query = link.url.partition("?")
    assert place == "https://contoso.blob.core.windows.net/c0ntainer/" + quote(name, safe="/~")
    if version is not None:
        given, _, query = query.partition("&")
        wanted = version if "=" in version else f"versionid={version}"
        assert given == wanted.replace(":", "%3A")
    assert query == token


@examples(300)
@given(
    NAMES,
    st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]),
    SECONDS,
    STARTS,
    st.none() | IPV4,
    VERSIONS,
    st.sampled_from([None, False, True]),
)
def test_account_key(name, method, seconds, start, ip, version, https):
    version = None if method == "PUT" else version
    link = STORE.create_signed_url(
        name,
        method=method,
        version=version,
        signing_time=NOW,
        expires_in=seconds,
        starts_at=start,
        ip_range=ip,
        https_only=https,
    )
    deletes = "x" if version is not None and not version.startswith("snapshot") else "d"
    expect(
        link,
        name,
        version,
        account_key=KEY,
        permission={"GET": "r", "HEAD": "r", "PUT": "cw", "DELETE": deletes}[method],
        expiry=NOW + timedelta(seconds=seconds),
        start=start,
        ip=ip,
        protocol=None if https is False else "https",
    )


OVERRIDES = {
    "response_cache_control": "cache_control",
    "response_content_disposition": "content_disposition",
    "response_content_encoding": "content_encoding",
    "response_content_language": "content_language",
    "response_content_type": "content_type",
}


@examples(200)
@given(NAMES, SECONDS, st.dictionaries(st.sampled_from(sorted(OVERRIDES)), PRINTABLE))
def test_response_overrides(name, seconds, overrides):
    for store, key in (
        (STORE, {"account_key": KEY}),
        (DELEGATED, {"user_delegation_key": DELEGATION_KEY}),
    ):
        link = store.create_signed_url(name, signing_time=NOW, expires_in=seconds, **overrides)
        expect(
            link,
            name,
            None,
            **key,
            permission="r",
            protocol="https",
            expiry=NOW + timedelta(seconds=seconds),
            **{OVERRIDES[option]: value for option, value in overrides.items()},
        )


@examples(200)
@given(
    NAMES,
    SECONDS,
    st.none() | PRINTABLE,
    st.none() | st.binary(min_size=16, max_size=16),
    st.none() | st.integers(0, 2**40),
    st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,9}", fullmatch=True), PRINTABLE, max_size=3),
    st.sampled_from([None, "Hot", "Cool", "Cold", "Archive"]),
    st.dictionaries(
        st.text(TAG, min_size=1, max_size=128), st.text(TAG, max_size=256), max_size=10
    ),
)
def test_signed_headers(name, seconds, content_type, md5, length, metadata, tier, tags):
    link = DELEGATED.create_signed_url(
        name,
        method="PUT",
        signing_time=NOW,
        expires_in=seconds,
        content_type=content_type,
        content_md5=md5,
        content_length=length,
        metadata=metadata,
        storage_class=tier,
        tags=tags,
    )
    assert link.unenforced == frozenset()
    sent = {name.lower(): value for name, value in link.headers.items()}
    assert sent.pop("x-ms-blob-type") == "BlockBlob"
    assert sent.pop("content-type", None) == content_type
    assert sent.get("x-ms-access-tier") == tier
    assert sent.get("x-ms-tags", "") == serialize_blob_tags_header(tags)
    wanted = sorted(sent)
    assert parse_qs(urlsplit(link.url).query).get("srh", []) == (
        [",".join(wanted)] if wanted else []
    )
    expect(
        link,
        name,
        None,
        user_delegation_key=DELEGATION_KEY,
        permission=BlobSasPermissions(create=True, write=True, tag=bool(tags)),
        protocol="https",
        expiry=NOW + timedelta(seconds=seconds),
        request_headers={header: sent[header] for header in wanted} or None,
    )


@given(st.datetimes(min_value=datetime(1970, 1, 1)))
def test_moments_are_written_as_the_sdk_does(when):
    aware = when.replace(microsecond=0, tzinfo=UTC)
    assert moment(aware) == aware.strftime("%Y-%m-%dT%H:%M:%SZ")
