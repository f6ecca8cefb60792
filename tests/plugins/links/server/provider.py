"""An OpenID provider in this process, whose keys and tokens are made by RFC 7515's own rules."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

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
        self.document = {}
        #: What it answers to a code; and the forms, and their Authorization, that were sent with one.
        self.tokens = {}
        self.forms = []
        #: What it says of whoever has an access token.
        self.userinfo = {}
        #: Set once it was asked; it answers when the other is set.
        self.reached, self.answers = threading.Event(), threading.Event()
        self.answers.set()

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


@contextmanager
def running():
    """Run one for as long as the block lasts."""
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found.asked += 1
            found.reached.set()
            found.answers.wait(30)
            said = {"issuer": found.url, "jwks_uri": f"{found.url}/keys", **found.document}
            places = {
                "/keys": {"keys": [key.jwk for key in found.keys]},
                "/me": found.userinfo,
            }
            self.answer(200, places.get(self.path, said))

        def do_POST(self):
            form = self.rfile.read(int(self.headers["content-length"])).decode()
            found.forms.append((dict(parse_qsl(form)), self.headers["authorization"]))
            self.answer(200 if "id_token" in found.tokens else 400, found.tokens)

        def answer(self, status, body):
            self.send_response(status)
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
