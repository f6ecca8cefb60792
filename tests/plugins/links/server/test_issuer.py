"""Tokens of an OpenID provider, made here by RFC 7515's own rules: whoever they are not of, or not for, is refused."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from daypass.errors import InvalidRequestError, StoreError
from daypass_links.server.principals.issuer import InvalidTokenError, Issuer

NOW = 1_796_000_000


def b64(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


class RSA:
    alg = "RS256"

    def __init__(self, kid="one"):
        self.kid, self.key = kid, rsa.generate_private_key(65537, 2048)

    @property
    def jwk(self):
        found = self.key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "kid": self.kid,
            "use": "sig",
            "n": number(found.n),
            "e": number(found.e),
        }

    def sign(self, text):
        return self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())


class P256(RSA):
    alg = "ES256"

    def __init__(self, kid="two"):
        self.kid, self.key = kid, ec.generate_private_key(ec.SECP256R1())

    @property
    def jwk(self):
        found = self.key.public_key().public_numbers()
        point = {"x": b64(found.x.to_bytes(32)), "y": b64(found.y.to_bytes(32))}
        return {"kty": "EC", "crv": "P-256", "kid": self.kid, **point}

    def sign(self, text):
        r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


class Ed(RSA):
    alg = "Ed25519"

    def __init__(self, kid="three"):
        self.kid, self.key = kid, ed25519.Ed25519PrivateKey.generate()

    @property
    def jwk(self):
        public = self.key.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": b64(public)}

    def sign(self, text):
        return self.key.sign(text)


class Provider:
    """What a provider publishes, and how often it was asked."""

    def __init__(self):
        self.keys = [RSA()]
        self.asked = 0
        self.claims = {}
        self.document = {}

    def token(self, key=None, header=None, **claims):
        key = key or self.keys[0]
        said = {
            "iss": self.url,
            "aud": "daypass",
            "sub": "alice",
            "exp": NOW + 300,
            "groups": ["analysts"],
            **claims,
        }
        head = {"alg": key.alg, "kid": key.kid, **(header or {})}
        said = {name: value for name, value in said.items() if value is not None}
        text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
        return f"{text}.{b64(key.sign(text.encode()))}"


@pytest.fixture
def provider():
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found.asked += 1
            said = {"issuer": found.url, "jwks_uri": f"{found.url}/keys", **found.document}
            body = {"keys": [key.jwk for key in found.keys]} if self.path == "/keys" else said
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


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
