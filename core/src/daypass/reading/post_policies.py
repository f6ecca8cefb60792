"""A POST policy: the base64 JSON that S3's and Cloud Storage's upload forms carry.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html,
https://docs.cloud.google.com/storage/docs/authentication/signatures#policy-document.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from datetime import UTC, datetime
from typing import Any

import attrs

from daypass.reading.findings import Finding

__all__ = ["PostPolicy", "epoch", "moment", "read_policy"]

_RANGE = 3


@attrs.frozen(kw_only=True)
class PostPolicy:
    """What a policy says, as far as it can be read."""

    #: When it ends (aware, UTC).
    expires_at: datetime | None = None
    bucket: str | None = None
    #: The key, where it is fixed.
    key: str | None = None
    #: What the key must begin with, where it is not.
    key_prefix: str | None = None
    #: All conditions by the names of their fields, in words.
    conditions: dict[str, str] = attrs.field(factory=dict)
    findings: tuple[Finding, ...] = ()


def read_policy(text: str) -> PostPolicy:
    """Read a policy; what is wrong with it is a finding."""
    try:
        document = json.loads(b64decode(text, validate=True))
    except (Base64Error, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        why = "the field policy is no base64 of a JSON object: it was changed or cut"
        return PostPolicy(findings=(Finding("error", "bad-policy", why),))
    findings: list[Finding] = []
    end = moment(document.get("expiration"))
    if end is None:
        why = "the policy's expiration is missing or no moment such as 2026-01-31T09:30:00Z"
        findings.append(Finding("error", "bad-expires", why))
    given = document.get("conditions")
    rows = given if isinstance(given, list) else []
    found: dict[str, str] = {}
    exact: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for row in rows:
        _read(row, found, exact, prefixes, findings)
    prefix = prefixes.get("key")
    if prefix == "":
        why = "any key may be written: the policy lets the key begin with anything"
        findings.append(Finding("warning", "wildcard", why))
    if "content-length-range" not in found:
        why = "the policy sets no content-length-range: the upload may be of any size"
        findings.append(Finding("note", "any-size", why))
    return PostPolicy(
        expires_at=end,
        bucket=exact.get("bucket"),
        key=exact.get("key"),
        key_prefix=prefix,
        conditions=found,
        findings=tuple(findings),
    )


def _read(
    row: Any,
    found: dict[str, str],
    exact: dict[str, str],
    prefixes: dict[str, str],
    findings: list[Finding],
) -> None:
    """Read one condition: ``{name: value}``, ``[operator, "$name", value]`` or a range."""
    if isinstance(row, dict):
        triples: list[list[Any]] = [["eq", f"${name}", value] for name, value in row.items()]
    else:
        triples = [row] if isinstance(row, list) else []
    for triple in triples:
        if len(triple) != _RANGE:
            continue
        operator, name, value = triple
        if operator == "content-length-range":
            found["content-length-range"] = f"{_shown(name)} to {_shown(value)} bytes"
            continue
        field = str(name).removeprefix("$").lower()
        if field.endswith(("signature", "security-token", "-credential", "-algorithm", "-date")):
            continue  # the signature's own fields, which are told elsewhere or not at all
        if operator == "eq":
            exact.setdefault(field, str(value))
            found[_shown(field)] = _shown(value)
        elif operator == "starts-with":
            prefixes.setdefault(field, str(value))
            found[_shown(field)] = f"begins with {_shown(value)}" if value else "anything"
        else:
            why = f"the policy has a condition of the unknown kind {_shown(operator)}"
            findings.append(Finding("warning", "unknown-condition", why))


def _shown(value: Any) -> str:
    return ascii(str(value))[1:-1][:200]


def moment(text: object) -> datetime | None:
    """Read an ISO 8601 moment in UTC as policies write it; None for anything else."""
    if not isinstance(text, str) or len(text) > 40:  # noqa: PLR2004 - with fractions and offset
        return None
    try:
        value = datetime.fromisoformat(text)
        return value.replace(tzinfo=UTC) if value.utcoffset() is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def epoch(text: str | None) -> datetime | None:
    """Read seconds since 1970; None for anything else."""
    if text is None or not re.fullmatch(r"[0-9]{1,11}", text):
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (OverflowError, ValueError, OSError):
        return None
