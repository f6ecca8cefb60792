"""``verify`` on links that boto3 made: what passes, and each kind of tampering by its name."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import unquote

import boto3
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples
from tests.plugins.s3.sdk import (
    BUCKETS,
    KEYS,
    NOW,
    by_boto3,
    header_values,
    keys,
    lifetimes,
    moments,
    places,
    theirs,
)
from tests.plugins.s3.verifying import KEY, codes, verified

LIST = {"Bucket": "maps", "Prefix": "2026/"}


UPLOAD = {"Bucket": "maps", "Key": "a b//é.tif", "ContentType": "text/plain", "ACL": "private"}


SENT = {"Content-Type": "text/plain", "x-amz-acl": "private"}


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("token", [None, "fwoG+x/="])
def test_what_boto3_signed_passes(version, token):
    answer = verified(by_boto3(version=version, token=token))
    assert (answer.ok, answer.signature, codes(answer)) == (True, "right", set())
    upload = by_boto3("put_object", version=version, token=token, params=UPLOAD)
    answer = verified(upload, "PUT", SENT)
    assert (answer.ok, answer.signature) == (True, "right")
    assert not verified(upload, "GET", SENT).ok


@examples(100)
@given(places, st.sampled_from(BUCKETS), keys, moments, lifetimes, header_values)
def test_every_link_of_boto3_passes(place, bucket, key, moment, lifetime, content_type):
    if place[0] == "accelerate" and bucket != "bucket":
        return
    params = {"Bucket": bucket, "Key": key, "ContentType": content_type}
    url = theirs(*place, "put_object", moment, lifetime, params)
    access, secret, _ = KEYS[place[1]]
    answer = daypass.verify(
        url,
        method="PUT",
        headers={"content-type": content_type},
        storage_options={"key": access, "secret": secret},
        now=moment,
    )
    assert (answer.signature, codes(answer)) == ("right", set())


def edited(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


#: What is changed, with the method and headers that were signed; and what must be named.
V4 = {
    "another method": (lambda url: url, "GET", SENT, "method", "PUT was signed"),
    "another content type": (
        lambda url: url, "PUT", {**SENT, "Content-Type": "text/csv"}, "header-value",
        "you send content-type 'text/csv', and 'text/plain' was signed",
    ),
    "a content type with a charset": (
        lambda url: url, "PUT", {**SENT, "Content-Type": "text/plain; charset=utf-8"},
        "header-value", "'text/plain' was signed",
    ),
    "another ACL": (
        lambda url: url, "PUT", {**SENT, "x-amz-acl": "public-read"}, "header-value",
        "you send x-amz-acl 'public-read', and 'private' was signed",
    ),
    "no content type": (
        lambda url: url, "PUT", {"x-amz-acl": "private"}, "header-missing",
        "content-type 'text/plain' was signed, and you do not send it",
    ),
    "a header that is not signed": (
        lambda url: url, "PUT", {**SENT, "x-amz-meta-a": "b"}, "header-unsigned", "x-amz-meta-a",
    ),
    "a character of the key": (
        lambda url: edited(url, "a%20b", "a%20c"), "PUT", SENT, "key", "it was signed for the path '/a b//"
    ),
    "slashes joined": (
        lambda url: edited(url, "b//", "b/"), "PUT", SENT, "key", "it was signed for the path '/a b//"
    ),
    "a space written as +": (
        lambda url: edited(url, "a%20b", "a+b"), "PUT", SENT, "key", "it was signed for the path"
    ),
    "another key": (lambda url: edited(url, "a%20b", "x/y/z"), "PUT", SENT, "signature-wrong", "the key"),
    "another host": (
        lambda url: edited(url, "s3.eu-west-1.", "s3."), "PUT", SENT, "host",
        "maps.s3.eu-west-1.amazonaws.com was signed",
    ),
    "another lifetime": (
        lambda url: edited(url, "Expires=3600", "Expires=604800"), "PUT", SENT,
        "parameter-changed", "X-Amz-Expires was changed: '3600' was signed",
    ),
    "a date a second later": (
        lambda url: edited(url, "090000Z", "090001Z"), "PUT", SENT, "parameter-changed", "X-Amz-Date",
    ),
    "another access key": (
        lambda url: edited(url, "AKIAIOS", "AKIAXYZ"), "PUT", SENT, "parameter-changed",
        "the ID of the access key was changed",
    ),
    "a parameter more": (
        lambda url: url + "&utm_source=mail&utm_id=2", "PUT", SENT, "parameter-added", "utm_source",
    ),
    "a parameter in front": (
        lambda url: edited(url, "?", "?versionId=3&"), "PUT", SENT, "parameter-added", "versionId",
    ),
    "a cut signature": (lambda url: url[:-4], "PUT", SENT, "signature-changed", "4 characters"),
    "a changed signature": (
        lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"), "PUT", SENT,
        "signature-changed", "some characters",
    ),
    "a signature in capitals": (
        lambda url: url.partition("Signature=")[0] + "Signature=" + url.partition("Signature=")[2].upper(),
        "PUT", SENT, "signature-changed", "case",
    ),
    "another signature": (
        lambda url: url.partition("Signature=")[0] + "Signature=" + "0" * 64, "PUT", SENT,
        "signature-wrong", "does not fit",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", V4)
def test_every_kind_of_tampering_with_version_4_is_named(kind):
    change, method, headers, code, said = V4[kind]
    url = by_boto3("put_object", params=UPLOAD)
    # boto3 puts the signature last.
    answer = verified(change(url), method, headers)
    assert answer.ok is False
    assert code in codes(answer)
    assert said in str(answer)


V2 = {
    "another method": (lambda url: url, "GET", SENT, "method"),
    "another content type": (
        lambda url: url, "PUT", {**SENT, "Content-Type": "text/csv"}, "header-value"
    ),
    "no content type": (lambda url: url, "PUT", {"x-amz-acl": "private"}, "header-missing"),
    "a header more": (lambda url: url, "PUT", {**SENT, "x-amz-meta-a": "b"}, "header-value"),
    "a character of the key": (
        lambda url: edited(url, "a%20b", "a%20c"), "PUT", SENT, "key"
    ),
    "another end": (
        lambda url: edited(url, "Expires=17", "Expires=18"), "PUT", SENT, "parameter-changed"
    ),
    "a subresource more": (lambda url: url + "&acl", "PUT", SENT, "parameter-added"),
    "a cut signature": (
        lambda url: edited(url, "Signature=", "Signature=A"), "PUT", SENT, "signature-changed"
    ),
    "another key": (lambda url: edited(url, "a%20b", "x/y"), "PUT", SENT, "signature-wrong"),
}  # fmt: skip


@pytest.mark.parametrize("kind", V2)
def test_every_kind_of_tampering_with_version_2_is_named(kind):
    change, method, headers, code = V2[kind]
    url = by_boto3("put_object", version="s3", params=UPLOAD)
    answer = verified(change(url), method, headers)
    assert answer.ok is False
    assert code in codes(answer)


@examples(100)
@given(st.data())
def test_a_changed_link_never_passes(data):
    url = by_boto3("put_object", params=UPLOAD)
    # A host is the same in any case, and an ampersand at the end says nothing.
    start = data.draw(st.integers(url.index("/", len("https://")), len(url) - 1))
    other = data.draw(st.text("abcXYZ019%=/.", min_size=1, max_size=3))
    changed = url[:start] + other + url[start + len(other) :]
    # To name the piece takes a second, and is not what is asked here.
    with patch("daypass.reading.verify.difference", return_value=[]):
        answer = verified(changed, "PUT", SENT)
    assert not answer.ok or unquote(changed) == unquote(url)


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD", None),
        ("x-amz-content-sha256", "00", "body"),
        ("x-amz-checksum-sha256", "00", "body"),
    ],
)
def test_a_body_is_held_against_the_hashes_of_s3(header, value, code):
    answer = verified(
        by_boto3("put_object", params=UPLOAD), "PUT", {**SENT, header: value}, body=b"hello"
    )
    assert ("body" in codes(answer)) is (code == "body")


def test_the_time_is_judged():
    assert codes(verified(by_boto3(), now=NOW + timedelta(hours=2))) == {"expired"}
    assert codes(verified(by_boto3(), now=NOW - timedelta(hours=2))) == {"not-yet-valid"}


def test_without_a_key_the_signature_is_not_checked():
    answer = verified(by_boto3(), storage_options=None)
    assert (answer.ok, answer.signature) == (None, "unchecked")
    assert "no secret key is at hand" in str(answer)
    late = verified(by_boto3(), storage_options=None, now=NOW + timedelta(days=1))
    assert late.ok is False
    anonymous = verified(by_boto3(), storage_options={"anon": True})
    assert anonymous.ok is None


def test_another_keys_credentials_check_nothing():
    answer = verified(by_boto3(), storage_options={"key": "AKIAANOTHEREXAMPLE00", "secret": "s"})
    assert answer.ok is None
    assert "signed by AKIA...MPLE, and the key at hand is AKIA...LE00" in str(answer)


def test_the_environments_keys_are_at_hand(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY["key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY["secret"])
    assert verified(by_boto3(), storage_options=None).ok


@pytest.mark.parametrize("name", ["key", "secret"])
def test_a_key_that_was_decoded_wrongly_is_refused_as_for_a_link(monkeypatch, name):
    """A variable's bytes that are not UTF-8 become lone surrogates, which no encoder takes."""
    url = by_boto3()
    odd = {**KEY, name: "made-up\udce9"}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", odd["key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", odd["secret"])
    for options in (odd, None):
        with pytest.raises(
            daypass.CredentialsError, match=f"the S3 {name} holds .* check how"
        ) as said:
            verified(url, storage_options=options)
        assert "made-up" not in str(said.value)
        assert said.value.__context__ is None


def test_a_parameter_without_a_name_is_one_as_well():
    """What botocore signs: the store that is asked with it and finds it unsigned says 403."""
    url = f"{by_boto3()}&="
    signer = S3SigV4QueryAuth(Credentials(KEY["key"], KEY["secret"]), "s3", "eu-west-1")
    request = AWSRequest("GET", url)
    assert signer.canonical_query_string(request).startswith("=&")
    answer = verified(url)
    assert (answer.ok, answer.signature, codes(answer)) == (False, "wrong", {"parameter-added"})
    assert "the parameter =" in str(answer)
    assert verified(by_boto3().replace("&", "&&")).ok


def test_a_role_is_not_asked(monkeypatch, tmp_path):
    """Neither a metadata service nor STS: the network fixture would fail the test."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    config = tmp_path / "config"
    config.write_text(
        "[default]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert verified(by_boto3(), storage_options=None).ok is None


def test_a_secret_given_as_key_is_enough():
    assert verified(by_boto3(), storage_options=None, key="made-up").ok
    wrong = verified(by_boto3(), storage_options=None, key="guessed")
    assert codes(wrong) == {"signature-wrong"}
    assert "guessed" not in str(wrong) + repr(wrong)


def test_a_body_is_held_against_what_was_signed():
    from base64 import b64encode
    from hashlib import md5

    digest = b64encode(md5(b"hello").digest()).decode()
    params = {"Bucket": "maps", "Key": "k", "ContentMD5": digest, "ContentLength": 5}
    client = boto3.client(
        "s3", aws_access_key_id=KEY["key"], aws_secret_access_key=KEY["secret"],
        region_name="eu-west-1", config=Config(signature_version="s3v4"),
    )  # fmt: skip
    url = client.generate_presigned_url("put_object", Params=params)
    headers = {"Content-MD5": digest}
    assert daypass.verify(url, method="PUT", headers=headers, body=b"hello", storage_options=KEY).ok
    other = daypass.verify(url, method="PUT", headers=headers, body=b"hullo", storage_options=KEY)
    assert codes(other) == {"body"}
    longer = daypass.verify(url, method="PUT", headers=headers, body=b"hello!", storage_options=KEY)
    assert "content-length" in str(longer) or "body" in codes(longer)


def test_a_listing_passes_and_its_prefix_is_signed():
    url = by_boto3("list_objects_v2", params=LIST)
    assert verified(url).ok
    assert "parameter-changed" in codes(verified(edited(url, "2026%2F", "2025%2F")))


def test_a_link_of_ours_carries_its_method_and_headers():
    link = daypass.create_signed_url(
        "s3://maps/k", method="PUT", content_type="text/csv", storage_options=KEY
    )
    assert daypass.verify(link, storage_options=KEY).ok
    assert codes(daypass.verify(link, method="GET", storage_options=KEY)) == {"method"}


def test_no_secret_is_shown():
    url = by_boto3("put_object", token="fwoG+x/=", params=UPLOAD)
    for changed in (url, edited(url, "fwoG", "fwoH"), edited(url, "AKIAIOS", "AKIAIOT")):
        answer = verified(changed, "PUT", SENT)
        text = str(answer) + repr(answer) + json.dumps(answer.to_dict()) + answer._repr_html_()
        for secret in ("made-up", "fwoG", "fwoH", url.partition("Signature=")[2], KEY["key"]):
            assert secret not in text


#: The check values of https://reveng.sourceforge.io/crc-catalogue/ and RFC 3174, of these very bytes.
CHECKED = b"123456789"


SUMS = {
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
}


@pytest.mark.parametrize("name", SUMS)
def test_every_checksum_is_held_against_the_body(name):
    header = f"x-amz-checksum-{name}"
    value = b64encode(bytes.fromhex(SUMS[name])).decode()
    said = {"checksum_sha256": value} if name == "sha256" else {"headers": {header: value}}
    link = daypass.create_signed_url("s3://maps/k", method="PUT", storage_options=OWN, **said)
    good = daypass.verify(link, body=CHECKED, storage_options=OWN)
    assert (good.ok, good.findings) == (True, ())
    bad = daypass.verify(link, body=b"1234567890", storage_options=OWN)
    assert [one.code for one in bad.findings] == ["body"]
    assert f"{header} says '{value}'" in bad.findings[0].message


def test_a_checksum_that_cannot_be_computed_is_said_to_be_unchecked(monkeypatch):
    monkeypatch.setitem(sys.modules, "anycrc", None)
    link = daypass.create_signed_url(
        "s3://maps/k", method="PUT", headers={"x-amz-checksum-crc32c": "AAAAAA=="}, storage_options=OWN,
    )  # fmt: skip
    told = daypass.verify(link, body=CHECKED, storage_options=OWN)
    assert told.ok
    assert [one.code for one in told.findings] == ["checksum-unchecked"]


OWN = {"key": "AKIDEXAMPLE", "secret": "made-up", "client_kwargs": {"region_name": "eu-west-1"}}


@pytest.mark.parametrize(
    ("method", "headers", "code"),
    [
        ("GET", {"Authorization": "Bearer x"}, "two-signatures"),
        ("PUT", {"Transfer-Encoding": "chunked"}, "chunked"),
    ],
)
def test_what_s3_refuses_whatever_is_signed_is_named(method, headers, code):
    link = daypass.create_signed_url("s3://maps/k", method=method, storage_options=OWN)
    body = b"a" if method == "PUT" else None
    told = daypass.verify(link, headers={**link.headers, **headers}, body=body, storage_options=OWN)
    assert (told.ok, told.signature, codes(told)) == (False, "right", {code})


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_query_that_is_encoded_twice_is_told_as_that(version):
    link = daypass.create_signed_url(
        "s3://maps/a b", storage_options=OWN, signer_options={"signature_version": version},
        expires_in=900, filename="a b.csv",
    )  # fmt: skip
    place, _, query = link.url.partition("?")
    told = daypass.verify(f"{place}?{query.replace('%', '%25')}", storage_options=OWN)
    assert (told.ok, told.signature) == (False, "right")
    assert [one.code for one in told.findings if one.severity == "error"] == ["encoded-twice"]
    assert "encoded twice" in told.findings[0].message


def test_one_thing_is_said_of_each_header():
    link = daypass.create_signed_url(
        "s3://maps/k", method="PUT", content_md5="kAFQmDzST7DWlj99KOF/cg==", storage_options=OWN
    )
    headers = {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==", "x-amz-acl": "private"}
    told = daypass.verify(link.url, method="PUT", headers=headers, body=b"abd", storage_options=OWN)
    about = [
        one.message.split(" ")[2 if one.message.startswith("you") else 0].strip(",")
        for one in told.findings
    ]
    assert sorted(about) == sorted(set(about))
    assert any("content-md5" in one.message for one in told.findings)
