"""``explain`` on links that Google's SDK and vectors made: provider, key, end and headers are right."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from google.cloud.storage import Client, _signing
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples
from tests.each import each
from tests.plugins.gcs.conftest import HMAC, VECTORS
from tests.plugins.gcs.sdk import BUCKETS, KEYS, LIFETIMES, NOW, TIMES, by_google, by_us, vectors


def codes(answer):
    return {finding.code for finding in answer.findings}


def errors(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}


@examples(25)
@given(bucket=BUCKETS, key=KEYS, now=TIMES, lifetime=LIFETIMES)
def test_every_link_of_the_sdk_gives_back_its_key_and_its_end(
    credentials, bucket, key, now, lifetime
):
    url = by_google(credentials, bucket, key, "PUT", lifetime, now, content_type="text/csv")
    answer = daypass.explain(url, now=now)

    assert (answer.backend, answer.bucket, answer.key) == ("gcs", bucket, key)
    assert answer.scheme == "Google V4 with an RSA key"
    assert (answer.signed_at, answer.expires_at) == (now, now + timedelta(seconds=lifetime))
    assert answer.credential_id == credentials.service_account_email
    assert answer.headers == ("content-type",)
    assert answer.findings == ()


@pytest.mark.parametrize("style", ["path", "virtual", "bound", "bound http"])
@examples(25)
@given(key=KEYS, now=TIMES, method=st.sampled_from(["GET", "PUT", "DELETE", "HEAD"]))
def test_every_link_we_sign_gives_back_what_it_was_made_of(credentials, style, key, now, method):
    options = {"content_type": "text/csv", "if_absent": True} if method == "PUT" else {}
    link = by_us(credentials, "bucket", key, method, 60, now, style, **options)
    answer = daypass.explain(link, now=now)

    assert (answer.backend, answer.key) == ("gcs", key)
    assert answer.bucket == (None if style.startswith("bound") else "bucket")
    assert ("addressing" in codes(answer)) is style.startswith("bound")
    assert answer.expires_at == link.expires_at
    assert set(answer.headers) == {name.lower() for name in link.headers}
    assert errors(answer) == set()


def test_a_link_of_an_hmac_key():
    link = daypass.create_signed_url(
        "gs://maps/k", storage_options={"token": "anon"}, signer_options=HMAC, signing_time=NOW
    )
    answer = daypass.explain(link, now=NOW)
    assert (answer.scheme, answer.path) == ("Google V4 with an HMAC key", "gs://maps/k")
    assert answer.credential_id == HMAC["hmac_access_id"]


def test_a_version_2_link_of_the_sdk(credentials):
    blob = Client("p", credentials).bucket("maps").blob("a b/é")
    with patch.object(_signing, "_NOW", return_value=NOW.replace(tzinfo=None)):
        url = blob.generate_signed_url(
            version="v2", expiration=NOW + timedelta(hours=2), response_type="text/html"
        )
    answer = daypass.explain(url, now=NOW)

    assert (answer.backend, answer.scheme) == ("gcs", "Google V2")
    assert answer.path == "gs://maps/a b/é"
    assert answer.expires_at == NOW + timedelta(hours=2)
    assert answer.credential_id == credentials.service_account_email
    assert answer.headers is None
    assert answer.conditions == {"response-content-type": "text/html"}
    assert codes(answer) == {"v2", "forgeable"}


@each("case", vectors())
def test_published_links_give_back_what_they_were_made_of(case, account):
    asked = case["req"]
    now = datetime.fromisoformat(asked["now"])
    answer = daypass.explain(case["expect"]["url"], now=now)

    bound = asked["options"].get("urlStyle") == "BUCKET_BOUND_HOSTNAME"
    assert answer.backend == "gcs"
    assert answer.bucket == (None if bound else asked["bucket"])
    assert answer.key == asked["key"]
    assert answer.expires_at == now + timedelta(seconds=asked["expires"])
    assert answer.credential_id == account["client_email"]
    assert set(answer.headers) == {name.lower() for name, _ in asked["headers"]}
    assert errors(answer) == set()


def forms():
    cases = json.loads((VECTORS / "v4_post_policy.json").read_text())["cases"]
    return [pytest.param(case, id=case["id"]) for case in cases]


@pytest.mark.parametrize("case", forms())
def test_published_forms_give_back_what_they_were_made_of(case, account):
    asked, form = case["req"], case["expect"]
    now = datetime.fromisoformat(asked["now"])
    answer = daypass.explain({"url": form["url"], "fields": form["fields"]}, now=now)

    assert (answer.backend, answer.scheme) == ("gcs", "Google V4 with an RSA key, POST policy")
    assert (answer.bucket, answer.key) == (asked["bucket"], asked["key"])
    assert answer.expires_at == now + timedelta(seconds=asked["expires"])
    assert answer.credential_id == account["client_email"]
    assert answer.permits == {"POST"}
    # One of them lacks the field that its own policy asks for.
    lacks = case["id"].endswith("acl-matching")
    assert errors(answer) == ({"policy-field"} if lacks else set())
    assert form["fields"]["x-goog-signature"] not in str(answer) + repr(answer)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda url: url.replace("X-Goog-Expires=3600", "X-Goog-Expires=604801"), "over-limit"),
        (lambda url: url.replace("RSA-SHA256", "RSA-SHA1"), "algorithm"),
        (lambda url: url.replace("%2Fstorage%2F", "%2Fcompute%2F"), "service"),
        (lambda url: url.replace("%2Fgoog4_request", ""), "bad-credential"),
        (lambda url: url.replace("SignedHeaders=host", "SignedHeaders=accept"), "host-unsigned"),
        (lambda url: url.partition("&X-Goog-Signature")[0], "incomplete"),
    ],
)
def test_what_is_wrong_with_a_link_is_named(change, code, credentials):
    url = change(by_google(credentials, "bucket", "k", "GET", 3600, NOW))
    assert code in errors(daypass.explain(url, now=NOW))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            (
                "<Code>SignatureDoesNotMatch</Code><Message>.</Message><StringToSign>x</StringToSign>"
                "<CanonicalRequest>HEAD\n/b/k\n\nhost:h\n\nhost\nUNSIGNED-PAYLOAD</CanonicalRequest>"
            ),
            "a HEAD request",
        ),
        (
            (
                "<Code>ExpiredToken</Code><Message>Invalid argument.</Message><Details>The provided "
                "token has expired. Request signature expired at: 2026-11-02T09:00:00+00:00</Details>"
            ),
            "had ended when the request arrived",
        ),
        ("<Code>MalformedSecurityHeader</Code><Message>.</Message>", "did not sign"),
        ("<Code>AccessDenied</Code><Message>Access denied.</Message>", "more than its signer"),
        ("<Code>NoSuchKey</Code><Message>.</Message>", "no such object"),
        ("<Code>NoSuchBucket</Code><Message>.</Message>", "no such bucket"),
        ("<Code>UserProjectMissing</Code><Message>.</Message>", "requester pays"),
    ],
    ids=range(7),
)
def test_an_answer_of_cloud_storage_is_explained(body, said, credentials):
    url = by_google(credentials, "bucket", "k", "GET", 3600, NOW)
    answer = daypass.explain(url, error=f"<?xml version='1.0'?><Error>{body}</Error>", now=NOW)
    assert said in str(answer)


def test_a_mismatch_points_to_the_headers_that_the_link_needs(credentials):
    xml = "<Error><Code>SignatureDoesNotMatch</Code><Message>.</Message></Error>"
    url = by_google(credentials, "bucket", "k", "PUT", 3600, NOW, headers={"x-goog-acl": "private"})
    said = str(daypass.explain(url, error=xml, now=NOW))
    assert "x-goog-acl arrive with the signed values: see its headers to send" in said
