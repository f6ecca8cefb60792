"""Google's token service, metadata server and IAM ``signBlob`` on loopback; it really signs.

Faults are queued: each ``signBlob`` takes one from ``faults`` before it answers. What a fault may
be: a status, a ``Fault`` with headers and body, or ``HANG``, which answers nothing until the end.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any

import attrs
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.servers.serving import serving

EMAIL = "robot@test-project.iam.gserviceaccount.com"


@attrs.frozen
class Fault:
    """One answer that is no signature."""

    status: int
    headers: dict[str, str] = attrs.field(factory=dict)
    body: bytes = b'{"error": {"message": "injected"}}'


#: Take the request and say nothing.
HANG = Fault(0)
#: Answer one byte a moment, so that no socket ever times out.
DRIP = Fault(-1)


@cache
def _key() -> rsa.RSAPrivateKey:
    """Make the account's key once in each process: to make one takes longer than most tests."""
    return rsa.generate_private_key(65537, 2048)


class FakeIam:
    """A running service; a test reads ``calls`` and fills ``faults``."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self.key = _key()
        self.email = EMAIL
        #: The account that the metadata server knows.
        self.metadata_email = EMAIL
        #: Who may sign: access tokens.
        self.tokens = {"metadata-token", "fake-token", "impersonated"}
        self.faults: list[int | Fault] = []
        self.calls: list[str] = []
        #: Bodies of the signBlob requests.
        self.asked: list[dict[str, Any]] = []
        self.over = threading.Event()
        self._lock = threading.Lock()

    @property
    def private_key(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def count(self, part: str) -> int:
        """Return how often something was asked."""
        return sum(part in call for call in self.calls)

    def fault(self) -> int | Fault | None:
        """Take the next fault; many may ask at once."""
        with self._lock:
            return self.faults.pop(0) if self.faults else None

    def sign(self, payload: str) -> str:
        message = base64.b64decode(payload)
        return base64.b64encode(
            self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        ).decode()


class _Handler(BaseHTTPRequestHandler):
    iam: FakeIam
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Metadata-Flavor": "Google", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def do_GET(self) -> None:
        """Answer as the metadata server."""
        path = self.path.partition("?")[0].rstrip("/")
        self.iam.calls.append(f"GET {path}")
        if path.endswith("/token"):
            self._json(
                {"access_token": "metadata-token", "expires_in": 3600, "token_type": "Bearer"}
            )
        elif "/service-accounts/" in path:
            scopes = ["https://www.googleapis.com/auth/cloud-platform"]
            self._json({"email": self.iam.metadata_email, "scopes": scopes, "aliases": ["default"]})
        elif path.endswith("project-id"):
            self._send(200, b"test-project", {"Content-Type": "text/plain"})
        elif path.endswith("universe-domain"):
            self._send(200, b"googleapis.com", {"Content-Type": "text/plain"})
        else:
            self._send(200, b"ok", {"Content-Type": "text/plain"})

    def do_POST(self) -> None:
        """Answer as the token service and as IAM."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        self.iam.calls.append(f"POST {path}")
        if path == "/token":
            self._json({"access_token": "fake-token", "expires_in": 3600, "token_type": "Bearer"})
        elif path.endswith(":generateAccessToken"):
            end = datetime.now(UTC) + timedelta(hours=1)
            self._json({"accessToken": "impersonated", "expireTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"})
        elif path.endswith(":signBlob"):
            self._sign_blob(path, json.loads(body))
        else:
            self._json({"error": {"code": 404}}, 404)

    def _sign_blob(self, path: str, asked: dict[str, Any]) -> None:
        self.iam.asked.append(asked)
        if (fault := self.iam.fault()) is not None:
            return self._fail(fault)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.iam.tokens:
            return self._json({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        if f"/{self.iam.email}:" not in path.replace("%40", "@"):
            return self._json({"error": {"code": 403, "status": "PERMISSION_DENIED"}}, 403)
        return self._json({"keyId": "k1", "signedBlob": self.iam.sign(asked["payload"])})

    def _fail(self, fault: int | Fault) -> None:
        if isinstance(fault, int):
            fault = Fault(fault)
        self.close_connection = True
        if fault is HANG:
            self.iam.over.wait(60)
        elif fault is DRIP:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
            with contextlib.suppress(OSError):  # the client gave up, as it should
                while not self.iam.over.wait(0.05):
                    self.wfile.write(b".")
        else:
            self._send(fault.status, fault.body, {"Connection": "close", **fault.headers})


@contextlib.contextmanager
def fake_iam() -> Iterator[FakeIam]:
    """Run the service on a free port of 127.0.0.1."""
    handler: Any = type("Handler", (_Handler,), {})
    with serving(handler) as port:
        handler.iam = iam = FakeIam(port)
        try:
            yield iam
        finally:
            iam.over.set()
