"""Tokens of an OpenID provider, made here by RFC 7515's own rules: whoever they are not of, or not for, is refused."""

from __future__ import annotations

import json
import time

import pytest
from cryptography.hazmat.primitives import hashes, hmac

from daypass.errors import InvalidRequestError, StoreError
from daypass_links.server.principals.issuer import InvalidTokenError, Issuer
from tests.plugins.links.server.provider import NOW, P256, RSA, Ed, b64


@pytest.fixture
def issuer(provider):
    return Issuer(provider.url, "daypass", clock=lambda: NOW)


@pytest.mark.parametrize("kind", [RSA, P256, Ed])
def test_a_bearer_is_who_the_token_says(provider, issuer, kind):
    provider.keys = [kind()]
    found = issuer.bearer(provider.token(aud=["other", "daypass"]))
    assert (found.principal, found.groups) == ("alice", ("analysts",))


def test_the_provider_s_keys_are_asked_for_once(provider, issuer):
    for _ in range(5):
        issuer.bearer(provider.token())
    assert provider.asked == 2  # the document, and the keys


def test_a_rotated_key_is_learnt_and_one_that_was_taken_back_is_not_taken(
    provider, issuer, monkeypatch
):
    old = provider.token()
    issuer.bearer(old)
    provider.keys = [RSA("new")]
    clock = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: clock + 11)
    issuer.bearer(provider.token())
    with pytest.raises(InvalidTokenError):
        issuer.bearer(old)


def test_who_sends_keys_that_nobody_has_does_not_make_us_ask_each_time(provider, issuer):
    issuer.bearer(provider.token())
    for _ in range(20):
        with pytest.raises(InvalidTokenError):
            issuer.bearer(provider.token(RSA("nobody's")))
    assert provider.asked <= 4


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": NOW + 120},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"groups": "analysts"},
        {"groups": [1]},
    ],
    ids=str,
)
def test_what_is_not_of_the_issuer_or_not_for_us_is_refused(provider, issuer, claims):
    token = provider.token(**claims)
    with pytest.raises(InvalidTokenError) as raised:
        issuer.bearer(token)
    assert token.split(".")[1] not in str(raised.value)


def test_a_clock_may_be_off_by_a_minute(provider, issuer):
    issuer.bearer(provider.token(exp=NOW - 59, nbf=NOW + 59))


def test_no_signature_is_none(provider, issuer):
    head, body, _ = provider.token().split(".")
    none = b64(json.dumps({"alg": "none"}).encode())
    for token in (
        f"{none}.{body}.",
        f"{none}.{body}",
        f"{head}.{body}.",
        f"{head}.{body}.AAAA",
        "",
    ):
        with pytest.raises(InvalidTokenError):
            issuer.bearer(token)


def test_a_public_key_is_no_shared_secret(provider, issuer):
    """The old attack: HS256 with the public key's text as the secret."""

    class Confused(RSA):
        alg = "HS256"

        def sign(self, text):
            made = hmac.HMAC(json.dumps(provider.keys[0].jwk).encode(), hashes.SHA256())
            made.update(text)
            return made.finalize()

    with pytest.raises(InvalidTokenError):
        issuer.bearer(provider.token(Confused()))


def test_a_body_that_was_changed_is_refused(provider, issuer):
    head, _, sign = provider.token().split(".")
    _, body, _ = provider.token(sub="root").split(".")
    with pytest.raises(InvalidTokenError):
        issuer.bearer(f"{head}.{body}.{sign}")


def test_a_key_for_encryption_verifies_nothing(provider, issuer):
    class ForEncryption(RSA):
        @property
        def jwk(self):
            return {**super().jwk, "use": "enc"}

    provider.keys = [ForEncryption()]
    with pytest.raises(StoreError, match="no keys that verify"):
        issuer.bearer(provider.token())


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"issuer": "https://evil.example"}, "of another issuer"),
        ({"jwks_uri": None}, "names no jwks_uri"),
        ({"jwks_uri": "http://evil.example/keys"}, "names no jwks_uri that is https"),
        ({"jwks_uri": "file://localhost/etc/keys"}, "names no jwks_uri that is https"),
        ({"jwks_uri": "ftp://localhost/keys"}, "names no jwks_uri that is https"),
    ],
)
def test_a_provider_s_document_that_leads_elsewhere_is_refused(provider, issuer, document, said):
    provider.document = document
    with pytest.raises(StoreError, match=said):
        issuer.bearer(provider.token())


@pytest.mark.parametrize("address", ["http://id.example", "id.example", "ftp://id.example"])
def test_an_issuer_over_plain_http_is_refused(address):
    with pytest.raises(InvalidRequestError):
        Issuer(address, "daypass")


def test_a_long_token_is_not_read(issuer):
    with pytest.raises(InvalidTokenError, match="characters"):
        issuer.bearer("a" * 20_000)
