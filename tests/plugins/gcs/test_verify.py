"""``verify`` on links that Google's SDK and vectors made, and each kind of tampering by its name."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from unittest.mock import patch
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives import serialization
from google.cloud.storage import Client, _signing
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples
from tests.plugins.gcs.conftest import HMAC, VECTORS
from tests.plugins.gcs.sdk import BUCKETS, KEYS, NOW, TIMES, by_google, vectors


def codes(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}


@pytest.fixture(scope="module")
def public_key(account):
    key = serialization.load_pem_private_key(account["private_key"].encode(), None)
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()  # fmt: skip


@examples(25)  # each reads the key anew
@given(bucket=BUCKETS, key=KEYS, now=TIMES)
def test_every_link_of_the_sdk_passes(account, credentials, bucket, key, now):
    url = by_google(credentials, bucket, key, "PUT", 60, now, content_type="text/csv")
    answer = daypass.verify(
        url,
        method="PUT",
        headers={"Content-Type": "text/csv"},
        storage_options={"token": account},
        now=now,
    )
    assert (answer.ok, answer.signature) == (True, "right")


@pytest.mark.parametrize("case", vectors())
def test_published_links_pass_with_the_public_key(case, public_key):
    asked = case["req"]
    headers = {name: value for name, value in asked["headers"] if "/" not in name}
    answer = daypass.verify(
        case["expect"]["url"],
        method=asked["method"],
        headers=headers,
        key=public_key,
        now=datetime.fromisoformat(asked["now"]),
    )
    if "quirk" in case and ":8080/" in case["expect"]["url"]:
        # The SDK signs a host without the port that clients send: found, and named.
        assert codes(answer) == {"host"}
    elif len(headers) < len(asked["headers"]):
        assert "header-missing" in codes(answer)  # a name with a slash is none that can be sent
    else:
        assert (answer.signature, codes(answer)) == ("right", set())


@pytest.fixture(params=["private key", "public key", "HMAC key"])
def link(request, account, credentials, public_key):
    """Return a PUT link of each kind of key, and what it can be checked with."""
    if request.param == "HMAC key":
        made = daypass.create_signed_url(
            "gs://maps/a b//é.tif", method="PUT", content_type="text/plain", signing_time=NOW,
            expires_in=3600,
            storage_options={"token": "anon"}, signer_options=HMAC,
        )  # fmt: skip
        return made.url, {"signer_options": HMAC, "storage_options": {"token": "anon"}}
    url = by_google(credentials, "maps", "a b//é.tif", "PUT", 3600, NOW, content_type="text/plain")
    if request.param == "public key":
        return url, {"key": public_key}
    return url, {"storage_options": {"token": account}}


def edited(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


SENT = {"Content-Type": "text/plain"}
KINDS = {
    "nothing": (str, "PUT", SENT, None),
    "another method": (str, "GET", SENT, "method"),
    "another content type": (str, "PUT", {"Content-Type": "text/csv"}, "header-value"),
    "no content type": (str, "PUT", {}, "header-missing"),
    "a header that is not signed": (str, "PUT", {**SENT, "x-goog-acl": "x"}, "header-unsigned"),
    "a character of the key": (lambda u: edited(u, "a%20b", "a%20c"), "PUT", SENT, "key"),
    "another host": (
        lambda u: edited(u, "storage.googleapis", "storage.example"), "PUT", SENT, "host"
    ),
    "another lifetime": (
        lambda u: edited(u, "Expires=3600", "Expires=86400"), "PUT", SENT, "parameter-changed"
    ),
    "a parameter more": (lambda u: u + "&utm_source=mail", "PUT", SENT, "parameter-added"),
    "another signature": (
        lambda u: u.partition("Signature=")[0] + "Signature=" + "0" * 64, "PUT", SENT,
        "signature-wrong",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_tampering_is_named(kind, link):
    change, method, headers, code = KINDS[kind]
    url, how = link
    answer = daypass.verify(change(url), method=method, headers=headers, now=NOW, **how)
    assert codes(answer) >= ({code} if code else set())
    assert answer.ok is (code is None)


@pytest.mark.parametrize(("value", "code"), [("UNSIGNED-PAYLOAD", None), ("00", "body")])
def test_a_body_is_held_against_googles_hash(credentials, value, code):
    url = by_google(credentials, "maps", "k", "PUT", 3600, NOW)
    headers = {"x-goog-content-sha256": value}
    answer = daypass.verify(url, method="PUT", headers=headers, body=b"hello", now=NOW)
    assert ("body" in codes(answer)) is (code == "body")


def test_a_changed_signature_is_named_where_the_private_key_is_at_hand(account, credentials):
    url = by_google(credentials, "maps", "k", "GET", 3600, NOW)
    for changed in (url[:-6], url[:-1] + ("0" if url[-1] != "0" else "1")):
        answer = daypass.verify(changed, storage_options={"token": account}, now=NOW)
        assert codes(answer) == {"signature-changed"}


@pytest.mark.parametrize(
    ("method", "headers", "code"),
    [
        ("PUT", SENT, None),
        ("GET", SENT, "method"),
        ("PUT", {"Content-Type": "text/csv"}, "header-value"),
        ("PUT", {**SENT, "x-goog-acl": "private"}, "header-value"),
    ],
)
def test_version_2_is_checked(account, credentials, method, headers, code):
    blob = Client("p", credentials).bucket("maps").blob("a b/é")
    with patch.object(_signing, "_NOW", return_value=NOW.replace(tzinfo=None)):
        url = blob.generate_signed_url(
            version="v2",
            expiration=NOW + timedelta(hours=2),
            method="PUT",
            content_type="text/plain",
        )
    answer = daypass.verify(
        url + "&response-content-type=text/html", method=method, headers=headers,
        storage_options={"token": account}, now=NOW,
    )  # fmt: skip
    assert codes(answer) == ({code} if code else set())


def test_without_a_key_the_signature_is_not_checked(account, credentials, tmp_path, monkeypatch):
    url = by_google(credentials, "maps", "k", "GET", 3600, NOW)
    for how in ({}, {"storage_options": {"token": "anon"}}, {"key": "no PEM"}):
        answer = daypass.verify(url, now=NOW, **how)
        assert (answer.ok, answer.signature) == (None, "unchecked")
    other = {**account, "client_email": "other@p.iam.gserviceaccount.com"}
    answer = daypass.verify(url, storage_options={"token": other}, now=NOW)
    assert "the key at hand is other@p" in str(answer)
    file = tmp_path / "key.json"
    file.write_text(json.dumps(account))
    assert daypass.verify(url, storage_options={"token": str(file)}, now=NOW).ok
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    assert daypass.verify(url, now=NOW).ok


@examples(25)  # each reads the key anew
@given(st.data())
def test_a_changed_link_never_ends_in_an_error(account, credentials, data):
    url = by_google(credentials, "maps", "k", "GET", 3600, NOW)
    start = data.draw(st.integers(0, len(url)))
    changed = url[:start] + data.draw(st.text(max_size=8)) + url[start + 3 :]
    with patch("daypass.reading.verify.difference", return_value=[]):
        answer = daypass.verify(changed, storage_options={"token": account}, now=NOW)
    assert not answer.ok or unquote(changed).strip() == unquote(url)


def forms():
    cases = json.loads((VECTORS / "v4_post_policy.json").read_text())["cases"]
    return [pytest.param(case, id=case["id"]) for case in cases]


@pytest.mark.parametrize("case", forms())
def test_published_forms_pass_with_the_public_key(case, public_key):
    now = datetime.fromisoformat(case["req"]["now"])
    answer = daypass.verify(case["expect"], key=public_key, now=now)
    assert answer.signature == "right"
    # One of them lacks the field that its own policy asks for.
    lacks = case["id"].endswith("acl-matching")
    assert codes(answer) == ({"policy-field"} if lacks else set())
    fields = {**case["expect"]["fields"], "policy": "e30="}
    changed = daypass.verify({**case["expect"], "fields": fields}, key=public_key, now=now)
    assert changed.signature == "wrong"
    assert "signature-wrong" in codes(changed)


@pytest.mark.parametrize("by", ["RSA", "HMAC"])
def test_a_form_is_held_against_its_policy_and_its_file(account, by):
    place = {"storage_options": {"token": account if by == "RSA" else "anon"}}
    if by == "HMAC":
        place["signer_options"] = HMAC
    form = daypass.create_upload_form(
        "gs://maps/in/${filename}",
        content_type_prefix="image/",
        max_bytes=9,
        signing_time=NOW,
        **place,
    )
    sent = {"url": form.url, "fields": form.fields_with("a.png")}

    def verified(changes=None, **more):
        fields = {**sent["fields"], **(changes or {})}
        return daypass.verify({**sent, "fields": fields}, now=NOW, **place, **more)

    assert (verified().ok, verified(body=b"image").signature) == (True, "right")
    assert codes(verified(body=b"more than 9")) == {"body"}
    assert codes(verified({"Content-Type": "text/html"})) == {"policy-field"}
    assert codes(verified({"x-goog-date": "20261102T090001Z"})) >= {"policy-field"}
    signature = sent["fields"]["x-goog-signature"]
    assert codes(verified({"x-goog-signature": signature[:-2]})) == {"signature-changed"}
    assert daypass.verify(sent, now=NOW, storage_options={"token": "anon"}).ok is None
