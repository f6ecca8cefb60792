"""The bytes are botocore's, and the JavaScript SDK's, for every key."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass_cloudfront.keys import Key, signature_of
from daypass_cloudfront.policies import PolicyStatement
from tests.plugins.cloudfront.conftest import DOMAIN, NOW, pair, sign
from tests.plugins.cloudfront.vectors import CASES, JS, VECTORS
from tests.servers.cloudfront import RefusedError, Visit, verify

#: Every key that a store can hold and a path can name; one with two colons is a chain of filesystems.
KEYS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=80
).filter(lambda key: "::" not in key and not {".", ".."} & set(key.split("/")))
TRUSTED = {kind: {pair(kind).id: pair(kind).private.public_key()} for kind in ("rsa", "ecdsa")}


def botocore_signer(kind="rsa", algorithm="SHA1"):
    digest = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}[algorithm]()
    private = pair(kind).private
    if kind == "rsa":
        return CloudFrontSigner(
            pair(kind).id, lambda message: private.sign(message, padding.PKCS1v15(), digest)
        )
    ecdsa = ec.ECDSA(digest, deterministic_signing=True)
    return CloudFrontSigner(pair(kind).id, lambda message: private.sign(message, ecdsa))


def expected(kind, algorithm, url, resource=None, **policy):
    """Sign with botocore, which knows neither SHA-256 nor its parameter."""
    oracle = botocore_signer(kind, algorithm)
    end = NOW + timedelta(hours=1)
    if resource is None and not policy:
        signed = oracle.generate_presigned_url(url, date_less_than=end)
    else:
        text = oracle.build_policy(resource or url, end, **policy)
        signed = oracle.generate_presigned_url(url, policy=text)
    return signed + ("&Hash-Algorithm=SHA256" if algorithm == "SHA256" else "")


WAYS = [("rsa", "SHA1"), ("rsa", "SHA256"), ("ecdsa", "SHA1"), ("ecdsa", "SHA256")]
CONDITIONS = {
    "canned": ({}, {}),
    "start": ({"starts_at": NOW}, {"date_greater_than": NOW}),
    "address": ({"ip_range": "192.0.2.7"}, {"ip_address": "192.0.2.7"}),
    "network": ({"ip_range": "192.0.2.0/24"}, {"ip_address": "192.0.2.0/24"}),
    "range": ({"ip_range": "192.0.2.0-192.0.2.255"}, {"ip_address": "192.0.2.0/24"}),
    "both": (
        {"starts_at": NOW, "ip_range": "198.51.100.0/30"},
        {"date_greater_than": NOW, "ip_address": "198.51.100.0/30"},
    ),
}


@pytest.mark.parametrize("conditions", CONDITIONS)
@pytest.mark.parametrize(("kind", "algorithm"), WAYS)
def test_a_link_is_botocores_to_the_byte(kind, algorithm, conditions):
    asked, policy = CONDITIONS[conditions]
    found = sign("s3://maps/a b/é+*?.tif", kind, given={"hash_algorithm": algorithm}, **asked)
    place = f"https://{DOMAIN}/a%20b/%C3%A9%2B%2A%3F.tif"
    assert found.url == expected(kind, algorithm, place, **policy)


@pytest.mark.parametrize("conditions", CONDITIONS)
@pytest.mark.parametrize(("kind", "algorithm"), WAYS)
def test_own_parameters_are_signed_as_botocore_signs_a_url_that_has_them(
    kind, algorithm, conditions
):
    asked, policy = CONDITIONS[conditions]
    query = {"w": "200", "x-job": "a *?&=é"}
    found = sign("s3://maps/a.tif", kind, given={"hash_algorithm": algorithm}, query=query, **asked)
    place = f"https://{DOMAIN}/a.tif?w=200&x-job=a%20%2A%3F%26%3D%C3%A9"
    assert found.url == expected(kind, algorithm, place, **policy)
    assert {name.partition("-")[0] for name in found.cookies()} == {"CloudFront"}
    assert len(found.cookies()) == (4 if algorithm == "SHA256" else 3)
    visit = Visit(found.url, NOW, "198.51.100.1" if conditions == "both" else "192.0.2.7")
    verify(visit, TRUSTED[kind])
    with pytest.raises(RefusedError):
        verify(Visit(found.url.replace("w=200", "w=201"), NOW, visit.address), TRUSTED[kind])


def test_a_grant_cannot_bind_a_query():
    with pytest.raises(daypass.UnsupportedOptionError) as caught:
        daypass.create_signed_prefix(
            "s3://maps/2026",
            query={"w": "200"},
            signer="cloudfront",
            signer_options=pair("rsa").options(),
        )
    assert (caught.value.option, caught.value.backend) == ("query", "cloudfront")


@given(KEYS)
def test_every_key_is_signed_as_botocore_signs_its_encoded_url(key):
    place = f"https://{DOMAIN}/{quote(key, safe='/~')}"
    assert sign(f"s3://maps/{key}", "rsa").url == expected("rsa", "SHA1", place)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
@given(key=KEYS, other=KEYS)
def test_a_link_opens_its_own_key_and_no_other(kind, key, other):
    link = sign(f"s3://maps/{key}", kind, ip_range="192.0.2.7")
    place, _, query = link.url.partition("?")
    verify(Visit(link.url, NOW, "192.0.2.7"), TRUSTED[kind])
    elsewhere = f"https://{DOMAIN}/{quote(other, safe='/~')}"
    if elsewhere != place:
        with pytest.raises(RefusedError):
            verify(Visit(f"{elsewhere}?{query}", NOW, "192.0.2.7"), TRUSTED[kind])


@pytest.mark.parametrize("key", ["*", "a*", "a/*", "?", "a?b", "**", "%2A", "a*b?c*"])
@pytest.mark.parametrize("asked", [{}, {"ip_range": "192.0.2.7"}, {"starts_at": NOW}], ids=repr)
def test_a_star_or_question_mark_in_a_key_is_no_wildcard(key, asked):
    link = sign(f"s3://maps/{key}", **asked)
    place, _, query = link.url.partition("?")
    assert not {"*", "?"} & set(place)
    visit = Visit(link.url, NOW, "192.0.2.7")
    verify(visit, TRUSTED["ecdsa"])
    for other in ("a", "ab", "a/b", "axb", "axbycz", "x"):
        with pytest.raises(RefusedError):
            verify(Visit(f"https://{DOMAIN}/{other}?{query}", NOW, "192.0.2.7"), TRUSTED["ecdsa"])


@pytest.mark.parametrize(("kind", "algorithm"), WAYS)
def test_a_grant_is_botocores_custom_policy_with_one_wildcard(kind, algorithm):
    grant = daypass.create_signed_prefix(
        "s3://maps/2026/a b*.zarr",
        signer="cloudfront",
        signer_options=pair(kind).options(hash_algorithm=algorithm),
        signing_time=NOW,
        expires_in=3600,
    )
    place = f"https://{DOMAIN}/2026/a%20b%2A.zarr/"
    assert grant.url == place
    assert str(grant) == expected(kind, algorithm, place, f"{place}*")
    assert grant.url_for("c/0 0") == expected(kind, algorithm, f"{place}c/0%200", f"{place}*")


def test_a_grant_is_never_a_canned_policy():
    grant = daypass.create_signed_prefix(
        "s3://maps/2026", signer="cloudfront", signer_options=pair("rsa").options()
    )
    assert [name for name, _ in parse_qsl(grant.query)] == ["Policy", "Signature", "Key-Pair-Id"]


@pytest.mark.parametrize("case", JS["cases"], ids=[case["id"] for case in JS["cases"]])
def test_urls_and_cookies_are_those_of_the_javascript_sdk(case):
    options = {
        "domain": DOMAIN,
        "key_pair_id": case["key_pair_id"],
        "private_key": VECTORS / case["key_file"],
        "hash_algorithm": case["hash_algorithm"] or "SHA1",
    }
    end = datetime.fromisoformat(JS["dateLessThan"])
    start = case.get("dateGreaterThan")
    link = daypass.create_signed_url(
        f"s3://maps/{JS['key']}",
        expires_at=end,
        signing_time=end - timedelta(hours=1),
        ip_range=case.get("ipAddress"),
        starts_at=None if start is None else datetime.fromisoformat(start),
        signer="cloudfront",
        signer_options=options,
    )
    theirs, ours = (
        dict(parse_qsl(urlsplit(case["url"]).query)),
        dict(parse_qsl(urlsplit(link.url).query)),
    )
    cookies = {name: str(value) for name, value in case["cookies"].items()}
    mine = link.cookies()
    if case["id"].startswith("ecdsa"):
        # Theirs is random, and the verifying server takes both (test_front.py, test_server.py).
        for found in (theirs, ours, cookies, mine):
            found.pop("Signature", None)
            found.pop("CloudFront-Signature", None)
    assert link.url.partition("?")[0] == case["url"].partition("?")[0]
    assert (ours, mine) == (theirs, cookies)


def key_of(case):
    creds = case["req"]["creds"]
    private = load_pem_private_key((VECTORS / creds["key_file"]).read_bytes(), None)
    return private, Key(creds["key_pair_id"], "SHA1", signature_of(private, "SHA1"))


CANNED = [
    case
    for case in CASES
    if case["replay"] == "exact" and "expires_epoch" in case["req"] and "creds" in case["req"]
]
TEXTS = [case for case in CASES if case["family"] == "cloudfront-policy"]
SIGNATURES = [
    case for case in CASES if case["replay"] == "signature" or case["id"] == "ruby-custom"
]


@pytest.mark.parametrize("case", CANNED, ids=[case["id"] for case in CANNED])
def test_published_canned_urls(case):
    """Most are of keys with 1024 bits or of queries, which no link of daypass has: the engine below."""
    _, key = key_of(case)
    url = case["req"]["url"]
    end = datetime.fromtimestamp(case["req"]["expires_epoch"], NOW.tzinfo)
    found = url + ("&" if "?" in url else "?") + PolicyStatement(url, end).query(key)
    assert found == case["expect"]["url"]


@pytest.mark.parametrize("name", ["cf_cli2_pkcs1", "cf_cli2_pkcs8"])
def test_published_canned_urls_by_the_public_face(name):
    case = next(c for c in CANNED if c["req"]["creds"]["key_file"] == f"keys/{name}.pem")
    options = {
        "domain": "http://example.com",
        "key_pair_id": case["req"]["creds"]["key_pair_id"],
        "private_key": str(VECTORS / case["req"]["creds"]["key_file"]),
    }
    end = datetime.fromtimestamp(case["req"]["expires_epoch"], NOW.tzinfo)
    link = daypass.create_signed_url(
        "s3://any/hi",
        expires_at=end,
        signing_time=end - timedelta(days=1),
        signer="cloudfront",
        signer_options=options,
    )
    assert link.url == case["expect"]["url"]


@pytest.mark.parametrize("case", SIGNATURES, ids=[case["id"] for case in SIGNATURES])
def test_published_signatures_of_policies(case):
    private, key = key_of(case)
    signature = key.sign(case["req"]["policy"].encode())
    expect = case["expect"]
    wanted = expect.get("signature") or dict(parse_qsl(urlsplit(expect["url"]).query))["Signature"]
    from daypass_cloudfront.policies import encode

    assert encode(signature) == wanted
    private.public_key().verify(
        signature, case["req"]["policy"].encode(), padding.PKCS1v15(), hashes.SHA1()
    )


@pytest.mark.parametrize("case", TEXTS, ids=[case["id"] for case in TEXTS])
def test_published_texts_of_policies(case):
    import json

    request = case["req"]
    moments = {
        name: datetime.fromtimestamp(request[epoch], NOW.tzinfo)
        for name, epoch in (("end", "expires_epoch"), ("start", "starts_epoch"))
        if epoch in request
    }
    found = PolicyStatement(request["resource"], addresses=request.get("ip"), **moments).text
    if case["replay"] == "exact":
        assert found == case["expect"]["policy"]
    else:
        assert json.loads(found) == case["expect"]["policy_json"]


BAD_ADDRESSES = [case for case in CASES if case["id"].startswith("js-bad-ip")]


@pytest.mark.parametrize("case", BAD_ADDRESSES, ids=[case["id"] for case in BAD_ADDRESSES])
def test_published_bad_addresses_are_refused(case):
    with pytest.raises(daypass.InvalidRequestError) as caught:
        sign(ip_range=case["req"]["ip"])
    assert caught.value.option == "ip_range"


ENCODED = [case for case in CASES if case["id"].startswith("js-encode")]


@pytest.mark.parametrize("case", ENCODED, ids=[case["id"] for case in ENCODED])
def test_published_urls_are_encoded_once(case):
    from urllib.parse import unquote

    key = unquote(urlsplit(case["expect"]["base_url"]).path.removeprefix("/"))
    assert sign(f"s3://maps/{key}").url.partition("?")[0] == case["expect"]["base_url"]
