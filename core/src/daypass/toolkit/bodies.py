"""A request's body, held against the headers that say what it is."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping

from daypass.hookspecs.findings import Finding
from daypass.hookspecs.verifications import SentRequest

__all__ = [
    "body_findings",
    "crc32_base64",
    "md5_base64",
    "sha1_base64",
    "sha256_base64",
    "sha256_hex",
]

#: What V4 says in place of a hash where the body is not signed.
_UNSIGNED = "UNSIGNED-PAYLOAD"


def body_findings(
    sent: SentRequest, facts: Mapping[str, Callable[[bytes], str]]
) -> tuple[Finding, ...]:
    """Say which headers tell something else of the body than it is; nothing without a body.

    >>> from datetime import UTC, datetime
    >>> sent = SentRequest(
    ...     method="PUT", scheme="https", host="h", path="/k", query=(), headers={"x-sha": "00"},
    ...     body=b"a", key=None, now=datetime.now(UTC),
    ... )
    >>> [finding.code for finding in body_findings(sent, {"x-sha": sha256_hex})]
    ['body']

    Args:
        sent: the request.
        facts: by the name of a header, in lower case, what makes of a body what it should say.

    """
    if sent.body is None:
        return ()
    findings = []
    for name, fact in facts.items():
        said = sent.headers.get(name, _UNSIGNED)
        if said != _UNSIGNED and said != (right := fact(sent.body)):
            why = f"{name} says {ascii(said)[:90]}, and the body has {right}"
            findings.append(Finding("error", "body", why))
    return tuple(findings)


def crc32_base64(body: bytes) -> str:
    """Return the CRC32 of a body as checksums in headers write it: big-endian, in base64."""
    return b64encode(zlib.crc32(body).to_bytes(4)).decode()


def sha1_base64(body: bytes) -> str:
    """Return the SHA-1 of a body in base64."""
    return b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


def md5_base64(body: bytes) -> str:
    """Return the MD5 of a body as Content-MD5 writes it (RFC 1864)."""
    return b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def sha256_base64(body: bytes) -> str:
    """Return the SHA-256 of a body in base64."""
    return b64encode(hashlib.sha256(body).digest()).decode()


def sha256_hex(body: bytes) -> str:
    """Return the SHA-256 of a body in hex."""
    return hashlib.sha256(body).hexdigest()
