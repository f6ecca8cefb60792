"""``explain`` and ``verify`` on URLs that botocore and others signed for CloudFront."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from unittest.mock import patch
from urllib.parse import quote, unquote

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass_cloudfront.explain import matches
from tests.conftest import examples
from tests.plugins.cloudfront.conftest import DOMAIN, NOW, pair
from tests.plugins.cloudfront.vectors import CASES, VECTORS

PLACE = f"https://{DOMAIN}/a%20b/%C3%A9.tif"
END = NOW + timedelta(hours=1)


@cache
def by_botocore(kind="rsa", url=PLACE, policy=None):
    """Sign with botocore, whose caller brings the key."""
    private = pair(kind).private

    def sign(message):
        if kind == "rsa":
            return private.sign(message, padding.PKCS1v15(), hashes.SHA1())
        return private.sign(message, ec.ECDSA(hashes.SHA1()))

    signer = CloudFrontSigner(pair(kind).id, sign)
    if policy is not None:
        return signer.generate_presigned_url(url, policy=policy)
    return signer.generate_presigned_url(url, date_less_than=END)


def policy(resource=PLACE, **more):
    signer = CloudFrontSigner("K", lambda message: message)
    return signer.build_policy(resource, END, **more)


def codes(answer):
    return {finding.code for finding in answer.findings}


def errors(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}


def test_a_canned_policy_of_botocore():
    answer = daypass.explain(by_botocore(), now=NOW)

    assert (answer.backend, answer.scheme) == ("cloudfront", "CloudFront, canned policy")
    assert (answer.bucket, answer.key) == (None, "a b/é.tif")
    assert answer.expires_at == END
    assert answer.credential_id == "KRSA2048"
    assert (answer.permits, answer.headers) == (None, ())
    assert answer.findings == ()


def test_a_custom_policy_of_botocore():
    text = policy(
        f"https://{DOMAIN}/a%20b/*",
        date_greater_than=NOW - timedelta(hours=1),
        ip_address="192.0.2.0/24",
    )
    answer = daypass.explain(by_botocore(policy=text), now=NOW)

    assert answer.scheme == "CloudFront, custom policy"
    assert (answer.starts_at, answer.expires_at) == (NOW - timedelta(hours=1), END)
    assert answer.conditions == {
        "resource": f"https://{DOMAIN}/a%20b/*",
        "addresses": "192.0.2.0/24",
        "hash": "SHA1",
    }
    assert codes(answer) == {"wildcard"}


def test_links_of_ours_give_back_what_they_were_made_of():
    for kind in ("rsa", "ecdsa"):
        store = daypass.Store("s3://maps", signer="cloudfront", signer_options=pair(kind).options())
        for options in ({}, {"starts_at": NOW - timedelta(minutes=1), "ip_range": "192.0.2.7"}):
            link = store.create_signed_url("a b/é*?.tif", signing_time=NOW, **options)
            answer = daypass.explain(link, now=NOW)
            assert (answer.backend, answer.key) == ("cloudfront", "a b/é*?.tif")
            assert answer.expires_at == link.expires_at
            assert answer.findings == ()
            checked = daypass.verify(link, signer_options=pair(kind).options(), now=NOW)
            assert checked.ok
        grant = store.create_signed_prefix("2026", signing_time=NOW)
        answer = daypass.explain(grant.url_for("a/b.tif"), now=NOW)
        assert codes(answer) == {"wildcard"}
        assert daypass.verify(grant.url_for("a"), key=pair(kind).public_pem, now=NOW).ok


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["id"])
        for case in CASES
        if case["expect"].get("url") and case["req"].get("url", "").startswith("http")
    ],
)
def test_published_urls_give_back_what_they_were_made_of(case):
    """Of the CloudFront guide, the Ruby SDK and the AWS CLI."""
    asked = case["req"]
    pem = (VECTORS / asked["creds"]["key_file"]).read_text()
    now = datetime(2009, 11, 1, tzinfo=UTC)
    url = case["expect"]["url"]
    answer = daypass.explain(url, now=now)

    assert answer.backend == "cloudfront"
    assert answer.credential_id == asked["creds"]["key_pair_id"]
    assert url.partition("?")[0].endswith(answer.key)
    if "expires_epoch" in asked:
        assert answer.expires_at == datetime.fromtimestamp(asked["expires_epoch"], UTC)
        assert errors(answer) == set()
    assert daypass.verify(url, key=pem, now=now).signature == "right"


def edited(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


CANNED = {
    "nothing": (str, None),
    "another method": (str, None),
    "a character of the key": (lambda u: edited(u, "a%20b", "a%20c"), "key"),
    "another key": (lambda u: edited(u, "a%20b", "x/y/z"), "signature-wrong"),
    "another end": (
        lambda u: edited(u, f"{END.timestamp():.0f}", f"{END.timestamp() + 1:.0f}"),
        "parameter-changed",
    ),
    "a parameter more": (lambda u: edited(u, "?", "?utm_source=mail&"), "parameter-added"),
    "plain http": (lambda u: edited(u, "https:", "http:"), "scheme"),
    "a cut signature": (lambda u: edited(u, "__&Key", "&Key") if "__&Key" in u else edited(u, "&Key", "A&Key"), "signature-changed"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CANNED)
@pytest.mark.parametrize("key", ["rsa", "ecdsa"])
def test_every_kind_of_tampering_with_a_canned_policy_is_named(kind, key):
    change, code = CANNED[kind]
    method = "HEAD" if kind == "another method" else "GET"
    answer = daypass.verify(
        change(by_botocore(key)), method=method, signer_options=pair(key).options(), now=NOW
    )
    if key == "ecdsa" and code == "signature-changed":
        code = "signature-wrong"  # two signatures of one policy may have nothing in common
    assert errors(answer) >= ({code} if code else set())
    assert answer.ok is (code is None)


def test_tampering_with_a_custom_policy_is_named():
    url = by_botocore(policy=policy(f"https://{DOMAIN}/a%20b/*"))
    how = {"key": pair("rsa").public_pem, "now": NOW}
    assert daypass.verify(url, **how).ok
    assert daypass.verify(edited(url, "%C3%A9", "other"), **how).ok  # the wildcard matches
    assert errors(daypass.verify(edited(url, "a%20b", "c"), **how)) == {"other-resource"}
    text = policy(f"https://{DOMAIN}/*")
    wider = (
        by_botocore(policy=text).partition("Signature=")[0]
        + "Signature="
        + (url.partition("Signature=")[2])
    )
    assert errors(daypass.verify(wider, **how)) == {"signature-wrong"}
    other = {"key": pair("rsa").public_pem, "now": NOW + timedelta(hours=2)}
    assert errors(daypass.verify(url, **other)) == {"expired"}


def test_without_a_key_the_signature_is_not_checked():
    url = by_botocore()
    assert daypass.verify(url, now=NOW).ok is None
    assert daypass.verify(url, key="no PEM", now=NOW).ok is None
    options = pair("rsa").options(key_pair_id="KANOTHER00000")
    answer = daypass.verify(url, signer_options=options, now=NOW)
    assert "the key at hand is KANO...0000" in str(answer)
    assert errors(daypass.verify(url, key=pair("ecdsa").public_pem, now=NOW)) == {"signature-wrong"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda u: edited(u, "Policy=ey", "Policy=xx"), "bad-policy"),
        (lambda u: edited(u, "Policy=ey", "Policy=!"), "bad-policy"),
        (lambda u: u + "&Expires=1", "two-policies"),
        (lambda u: u + "&Hash-Algorithm=MD5", "algorithm"),
        (lambda u: edited(u, "a%20b", "z"), "other-resource"),
    ],
    ids=range(5),
)
def test_what_is_wrong_is_named(change, code):
    answer = daypass.explain(change(by_botocore(policy=policy())), now=NOW)
    assert code in errors(answer)


def test_plain_http_in_a_policy_is_named():
    for resource in (f"http*://{DOMAIN}/*", f"http://{DOMAIN}/*", "*"):
        assert "http-allowed" in codes(
            daypass.explain(by_botocore(policy=policy(resource)), now=NOW)
        )


@pytest.mark.parametrize(
    ("resource", "url", "expected"),
    [
        ("https://d/a", "https://d/a", True),
        ("https://d/a", "https://d/ab", False),
        ("https://d/*", "https://d/a/b?c=1", True),
        ("https://d/*/x", "https://d/a/b/x", True),
        ("https://d/*ab*ab", "https://d/ab", False),
        ("https://d/a?", "https://d/ab", True),
        ("https://d/a?", "https://d/a", False),
        ("http*://d/*.js", "https://d/x.js", True),
        ("*", "", True),
        ("https://d/" + "*a" * 3000, "https://d/" + "a" * 2000 + "b", False),
        ("x" * 9000, "x" * 9000, False),
    ],
    ids=range(11),
)
def test_wildcards_match_as_cloudfronts(resource, url, expected):
    assert matches(resource, url) is expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "<Code>AccessDenied</Code><Message>Access denied</Message>",
            "is not what the policy says",
        ),
        (
            "<Code>AccessDenied</Code><Message>x</Message><HostId>y</HostId>",
            "the S3 origin refused",
        ),
        ("<Code>MissingKey</Code><Message>x</Message>", "cut off"),
        ("<Code>InvalidKey</Code><Message>x</Message>", "trusts no such key pair"),
        ("<Code>New</Code><Message>Something.</Message>", "Something."),
    ],
    ids=range(5),
)
def test_an_answer_of_cloudfront_is_explained(body, said):
    answer = daypass.explain(by_botocore(), error=f"<Error>{body}</Error>", now=NOW)
    assert said in str(answer)


@examples(200)
@given(st.data())
def test_a_changed_link_never_passes_and_never_ends_in_an_error(data):
    url = by_botocore(policy=policy()) if data.draw(st.booleans()) else by_botocore()
    # The key pair's ID is not signed: with a key alone nobody can tell whose it is.
    start = data.draw(st.integers(0, url.index("&Key-Pair-Id") - 2))
    changed = url[:start] + data.draw(st.text(max_size=4)) + url[start + 2 :]
    with patch("daypass.reading.verify.difference", return_value=[]):
        answer = daypass.verify(changed, key=pair("rsa").public_pem, now=NOW)
    assert json.dumps(answer.to_dict())
    assert not answer.ok or unquote(changed).strip() == unquote(url)


def test_no_signature_is_shown():
    for url in (by_botocore(), by_botocore(policy=policy())):
        answer = daypass.verify(url + "&x=1", key=pair("rsa").pem(), now=NOW)
        signature = url.partition("Signature=")[2].partition("&")[0]
        text = str(answer) + repr(answer) + json.dumps(answer.to_dict())
        assert signature not in text
        assert quote(signature) not in text
        assert "BEGIN" not in text
