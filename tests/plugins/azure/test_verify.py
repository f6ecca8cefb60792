"""``verify`` on signatures that Azure's SDK made, and each kind of tampering by its name."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote, unquote

import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    BlobSasPermissions,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass.hookspecs.verifications import SentRequest
from daypass_azure.strings import messages_of
from tests.conftest import examples
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.plugins.azure.sdk import END, HOST, NAMES, blob_url, delegation_key
from tests.servers.azurite import KEY

VECTORS = Path(__file__).parents[2] / "vectors" / "azure"
UPLOAD = {"x-ms-blob-type": "BlockBlob"}


def verified(url, method="GET", headers=None, **options):
    return daypass.verify(
        url, method=method, headers=headers, **{"storage_options": OPTIONS, "now": NOW, **options}
    )


def codes(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}


@examples(80)
@given(name=NAMES, start=st.booleans(), ip=st.booleans(), override=st.booleans())
def test_every_service_sas_of_the_sdk_passes(name, start, ip, override):
    options = {
        **({"start": NOW - timedelta(minutes=5)} if start else {}),
        **({"ip": "192.0.2.1-192.0.2.9"} if ip else {}),
        **({"content_disposition": "attachment", "content_type": "a/b"} if override else {}),
    }
    answer = verified(blob_url(name, **options))
    assert (answer.signature, codes(answer)) == ("right", set())


@examples(40)
@given(name=NAMES, headers=st.booleans())
def test_every_user_delegation_sas_of_the_sdk_passes_with_its_key(name, headers):
    signed = {"Content-Type": "text/csv", **UPLOAD} if headers else None
    url = blob_url(
        name,
        BlobSasPermissions(create=True, write=True),
        account_key=None,
        user_delegation_key=delegation_key(),
        request_headers=signed,
    )
    answer = verified(url, "PUT", signed or UPLOAD, key=KEY)
    assert (answer.signature, codes(answer)) == ("right", set())


def test_container_and_account_sas_of_the_sdk_pass():
    token = generate_container_sas(
        "contoso", "maps", account_key=KEY, expiry=END,
        permission=ContainerSasPermissions(read=True, list=True),
    )  # fmt: skip
    assert verified(f"{HOST}/maps/k?{token}").signature == "right"
    assert verified(f"{HOST}/maps?restype=container&comp=list&{token}").ok
    token = generate_account_sas(
        "contoso", KEY, ResourceTypes(object=True), AccountSasPermissions(read=True), END
    )
    assert verified(f"{HOST}/maps/k?{token}").ok
    assert codes(verified(f"{HOST}/maps/k?{token}", "DELETE")) == {"method"}


def test_links_of_ours_pass():
    store = daypass.Store("az://maps", storage_options=OPTIONS)
    for method in ("GET", "PUT", "HEAD", "DELETE"):
        link = store.create_signed_url("a b/é", method=method, signing_time=NOW)
        assert daypass.verify(link, storage_options=OPTIONS, now=NOW).ok
    link = store.create_signed_url("", method="LIST", signing_time=NOW)
    assert daypass.verify(link, storage_options=OPTIONS, now=NOW).ok
    folders = daypass.Store(
        "az://maps", storage_options=OPTIONS, signer_options={"hierarchical_namespace": True}
    )
    grant = folders.create_signed_prefix("a/b", signing_time=NOW)
    assert verified(grant.url_for("c/d.tif")).ok
    assert codes(verified(grant.url_for("c/d.tif").replace("a/b", "a/c"))) == {"key"}


def cases(name):
    vectors = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    return [pytest.param(case, id=case["id"]) for case in vectors]


FIELDS = {
    "version_id": "versionid", "start": "st", "identifier": "si", "ip": "sip", "protocol": "spr", "snapshot": "snapshot",
    "encryption_scope": "ses", "cache_control": "rscc", "content_disposition": "rscd",
    "content_encoding": "rsce", "content_language": "rscl", "content_type": "rsct",
}  # fmt: skip


def options_of(asked):
    """Translate a vector's options into the parameters of a link."""
    options = {name: value for name, value in asked["options"].items() if value}
    scope = "bs" if "snapshot" in options else "bv" if "version_id" in options else "b"
    found = {FIELDS[name]: value for name, value in options.items() if name != "request_headers"}
    if headers := options.get("request_headers"):
        found["srh"] = ",".join(headers)
    return {"sr": scope, **found}


@pytest.mark.parametrize("case", cases("service_sas"))
def test_published_service_sas_are_recomputed(case):
    """Strings to sign of the Java SDK, and signatures of reqsign."""
    asked, expected = case["req"], case["expect"]
    values = {
        "sp": asked["permissions"], "se": asked["expiry"], "sv": asked["version"],
        **options_of(asked),
    }  # fmt: skip
    _check(asked, expected, values, delegated=False)


@pytest.mark.parametrize("case", cases("user_delegation_sas"))
def test_published_user_delegation_sas_are_recomputed(case):
    asked, expected = case["req"], case["expect"]
    key = {name: value for name, value in asked["delegation_key"].items() if name != "value"}
    values = {
        "sp": asked["permissions"], "se": asked["expiry"], "sv": asked["version"],
        **options_of(asked), **key,
    }  # fmt: skip
    _check(asked, expected, values, delegated=True)


def _hmac(secret, text):
    return b64encode(hmac.digest(b64decode(secret), text.encode(), "sha256")).decode()


def _check(asked, expected, values, *, delegated):
    sent = SentRequest(
        method="GET",
        scheme="https",
        host=f"{asked['account']}.blob.core.windows.net",
        path=f"/{asked['container']}/{quote(asked['key'] or '')}",
        query=tuple((name, quote(value, "")) for name, value in values.items()),
        headers={n.lower(): v for n, v in (asked["options"].get("request_headers") or {}).items()},
        now=NOW,
    )
    found = [message(sent, asked["account"]) for message in messages_of(sent, delegated=delegated)]
    if "string_to_sign" in expected:
        assert expected["string_to_sign"] in found
    else:
        secret = asked["delegation_key"]["value"] if delegated else asked["account_key"]
        assert expected["signature"] in [_hmac(secret, text) for text in found]


def edited(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


def upload(**options):
    return blob_url(permission=BlobSasPermissions(create=True, write=True), **options)


KINDS = {
    "nothing": (upload, str, "PUT", UPLOAD, None),
    "another method": (upload, str, "GET", {}, "method"),
    "no blob type": (upload, str, "PUT", {}, "header-missing"),
    "a character of the name": (
        upload, lambda u: edited(u, "a%20b", "a%20c"), "PUT", UPLOAD, "key"
    ),
    "another account": (
        upload, lambda u: edited(u, "contoso.", "contosa."), "PUT", UPLOAD, "signature-wrong"
    ),
    "another end": (
        upload, lambda u: edited(u, "se=2026-11-01T13", "se=2026-11-01T14"), "PUT", UPLOAD,
        "parameter-changed",
    ),
    "more permissions": (
        upload, lambda u: edited(u, "sp=cw", "sp=cwd"), "PUT", UPLOAD, "parameter-changed"
    ),
    "all permissions": (
        upload, lambda u: edited(u, "sp=cw", "sp=racwdl"), "PUT", UPLOAD, "parameter-changed"
    ),
    "a wider scope": (
        upload, lambda u: edited(u, "sr=b", "sr=c"), "PUT", UPLOAD, "parameter-changed"
    ),
    "http let in": (
        upload, lambda u: edited(u, "spr=https", "spr="), "PUT", UPLOAD, "signature-wrong"
    ),
    "used over http": (
        upload, lambda u: edited(u, "https:", "http:"), "PUT", UPLOAD, "scheme"
    ),
    "addresses taken out": (
        lambda: upload(ip="192.0.2.1"), lambda u: edited(u, "sip=192.0.2.1&", ""), "PUT", UPLOAD,
        "signature-wrong",
    ),
    "a disposition put in": (
        upload, lambda u: u + "&rscd=inline", "PUT", UPLOAD, "parameter-added"
    ),
    "a cut signature": (upload, lambda u: u[:-6], "PUT", UPLOAD, "signature-changed"),
    "another signature": (
        upload, lambda u: u.partition("sig=")[0] + "sig=" + "A" * 43 + "%3D", "PUT", UPLOAD,
        "signature-wrong",
    ),
    "before its time": (
        lambda: upload(start=NOW + timedelta(minutes=5)), str, "PUT", UPLOAD, "not-yet-valid"
    ),
    "after its time": (
        lambda: upload(expiry=NOW - timedelta(minutes=5)), str, "PUT", UPLOAD, "expired"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_tampering_is_named(kind):
    make, change, method, headers, code = KINDS[kind]
    answer = verified(change(make()), method, headers)
    assert codes(answer) >= ({code} if code else set())
    assert answer.ok is (code is None)


def test_signed_headers_of_a_delegation_key_are_named():
    signed = {"Content-Type": "text/plain", **UPLOAD}
    url = upload(account_key=None, user_delegation_key=delegation_key(), request_headers=signed)
    other = verified(url, "PUT", {**signed, "Content-Type": "text/csv"}, key=KEY)
    assert codes(other) == {"header-value"}
    assert "'text/plain' was signed" in str(other)
    assert codes(verified(url, "PUT", UPLOAD, key=KEY)) >= {"header-missing"}


def test_without_a_key_the_signature_is_not_checked():
    answer = verified(blob_url(), storage_options=None)
    assert (answer.ok, answer.signature) == (None, "unchecked")
    delegated = blob_url(account_key=None, user_delegation_key=delegation_key())
    assert (
        "the value of that key alone can check it; give storage_options, signer_options, profile or key"
        in str(verified(delegated))
    )
    assert verified(blob_url(), key="not base64!").ok is None
    named = "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=" + KEY
    assert verified(blob_url(), storage_options={"connection_string": named}).ok
    custom = blob_url().replace(HOST, "https://files.example.com")
    assert verified(custom, storage_options=None, key=KEY).ok is None
    assert verified(custom).ok


@examples(150)
@given(st.data())
def test_a_changed_link_never_passes(data):
    url = upload()
    # The host is not signed: accounts may have domains of their own. Nor is a parameter that Azure does not
    # know, which an ampersand would make.
    start = data.draw(st.integers(len(HOST), len(url) - 1))
    other = data.draw(st.text("abcXYZ019%=/.", min_size=1, max_size=3))
    changed = url[:start] + other + url[start + len(other) :]
    with patch("daypass.reading.verify.difference", return_value=[]):
        answer = verified(changed, "PUT", UPLOAD)
    assert not answer.ok or unquote(changed) == unquote(url)


def test_no_secret_is_shown():
    for url in (blob_url(), blob_url()[:-8]):
        answer = verified(url, "PUT")
        text = str(answer) + repr(answer) + json.dumps(answer.to_dict())
        assert KEY not in text
        assert url.partition("sig=")[2][:20] not in text
    assert isinstance(answer.explanation.now, datetime)
