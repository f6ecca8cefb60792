"""POST policy V4 as Cloud Storage judges it: the other half of `gcs_front`.

It shares no code with daypass, and `verify_form` is proven on Google's published vectors
(tests/plugins/gcs/test_front.py) before it judges anything.

Rules: https://docs.cloud.google.com/storage/docs/authentication/signatures#policy-document and
https://docs.cloud.google.com/storage/docs/xml-api/post-object-forms.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

#: Fields that no condition needs to hold.
_FREE = frozenset({"file", "policy", "x-goog-signature", "bucket"})


class RefusedFormError(Exception):
    """A form that is refused, with Cloud Storage's status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


def parse_form(content_type: str, body: bytes) -> tuple[dict[str, str], str, bytes]:
    """Take multipart/form-data apart (RFC 7578): the fields before the file, its name, the file."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if not content_type.startswith("multipart/form-data") or match is None:
        raise RefusedFormError(412, "PreconditionFailed")
    fields: dict[str, str] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + match[1].encode())[1:]:
        head, blank, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not blank:
            break  # what closes the last part
        text = head.decode()
        name = re.search(r'[ ;]name="([^"]*)"', text)
        filename = re.search(r'filename="([^"]*)"', text)
        if name is None:
            raise RefusedFormError(400, "MalformedPOSTRequest")
        if name[1] == "file":
            return fields, "" if filename is None else filename[1], content
        fields[name[1]] = content.decode()
    raise RefusedFormError(400, "InvalidArgument")  # a form without a file


def verify_form(
    fields: Mapping[str, str],
    *,
    bucket: str,
    size: int,
    keys: Mapping[tuple[str, str], Callable[[bytes, str, str], bool]],
    now: datetime,
) -> None:
    """Raise `RefusedFormError` unless a form carries a good signature over a policy that it meets.

    Args:
        fields: as they arrived.
        bucket: whose URL they were sent to.
        size: of the file in bytes.
        keys: verifiers by algorithm and access ID or e-mail.
        now: the server's clock.

    """
    needed = ("key", "policy", *(f"x-goog-{name}" for name in ("algorithm", "credential", "date")))
    if missing := {*needed, "x-goog-signature"} - fields.keys():
        raise RefusedFormError(403 if "policy" in missing else 400, "InvalidArgument")
    date = fields["x-goog-date"]
    name, _, scope = fields["x-goog-credential"].partition("/")
    if not re.fullmatch(r"\d{8}T\d{6}Z", date) or scope != (
        f"{date[:8]}/auto/storage/goog4_request"
    ):
        raise RefusedFormError(400, "AuthenticationRequired")
    check = keys.get((fields["x-goog-algorithm"], name))
    if check is None:
        raise RefusedFormError(403, "InvalidSecurity")
    if not check(fields["policy"].encode(), fields["x-goog-signature"], date[:8]):
        raise RefusedFormError(403, "SignatureDoesNotMatch")
    policy = json.loads(base64.b64decode(fields["policy"], validate=True))
    if now >= datetime.fromisoformat(policy["expiration"]).astimezone(UTC):
        raise RefusedFormError(400, "ExpiredToken")
    covered = {
        _meet(condition, {**fields, "bucket": bucket}, size) for condition in policy["conditions"]
    }
    extra = {field for field in fields if not field.startswith("x-ignore-")} - _FREE
    if extra - covered:
        raise RefusedFormError(400, "InvalidPolicyDocument")


def _meet(condition: Any, fields: Mapping[str, str], size: int) -> str:
    """Return the field that a condition holds, or raise where the form does not meet it."""
    if isinstance(condition, dict):
        ((name, value),) = condition.items()
        operator = "eq"
    elif condition[0] == "content-length-range":
        if size < int(condition[1]):
            raise RefusedFormError(400, "EntityTooSmall")
        if size > int(condition[2]):
            raise RefusedFormError(400, "EntityTooLarge")
        return "content-length-range"
    else:
        operator, name, value = condition
        name = name.removeprefix("$")
    found = fields.get(name)
    good = {
        "eq": found == value,
        "starts-with": found is not None and found.startswith(value),
    }[operator]
    if not good:
        raise RefusedFormError(400, "InvalidPolicyDocument")
    return str(name)
