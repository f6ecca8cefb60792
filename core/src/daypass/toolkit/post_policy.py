"""POST policy V4: the document that says what a form may upload, as AWS and Google share it.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html and
https://docs.cloud.google.com/storage/docs/authentication/signatures#policy-document.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from daypass.base.messages import escaped
from daypass.base.secrets import MASK
from daypass.base.times import moment
from daypass.hookspecs.findings import Finding
from daypass.model.forms import FILENAME, FormRequest, is_secret_field

__all__ = [
    "PolicyDocument",
    "PostPolicy",
    "conditions_of",
    "encode_policy",
    "fields_of",
    "held_against",
    "read_policy",
    "starts_with_of",
]


def fields_of(request: FormRequest, *, prefix: str) -> dict[str, str]:
    """Return the fields that a request asks for, the key and the signature aside.

    >>> fields_of(FormRequest(metadata={"by": "me"}, success_status=201), prefix="x-amz-")
    {'success_action_status': '201', 'x-amz-meta-by': 'me'}

    Args:
        request: what the form shall permit.
        prefix: what the provider's own names begin with.

    """
    status = request.success_status
    fields = {
        "acl": request.acl,
        "Content-Type": request.content_type,
        "success_action_status": None if status is None else str(status),
        "success_action_redirect": request.success_redirect,
        **{f"{prefix}meta-{name}": value for name, value in (request.metadata or {}).items()},
        **(request.headers or {}),
    }
    return {name: value for name, value in fields.items() if value is not None}


def starts_with_of(request: FormRequest, key: str) -> dict[str, str]:
    """Return the fields that the sender may choose, and what each must begin with."""
    found = {}
    if key.endswith(FILENAME):
        found["key"] = key.removesuffix(FILENAME)
    if request.content_type_prefix is not None:
        found["Content-Type"] = request.content_type_prefix
    return found


def conditions_of(request: FormRequest) -> list[Any]:
    """Return the conditions that are no field: on the size, and on the media type's beginning."""
    found: list[Any] = []
    if request.size_range is not None:
        found.append(["content-length-range", *request.size_range])
    if request.content_type_prefix is not None:
        found.append(["starts-with", "$Content-Type", request.content_type_prefix])
    return found


def encode_policy(policy: Mapping[str, Any], **style: Any) -> str:
    """Return a policy in base64, as it is signed and sent; ``style`` is of `json.dumps`."""
    return b64encode(json.dumps(policy, **style).encode()).decode()


@attrs.frozen
class PolicyDocument:
    """A policy as a store reads it."""

    #: When it ends (aware, UTC).
    expires_at: datetime
    #: What each field must be.
    equal: dict[str, str]
    #: What each field must begin with.
    starts_with: dict[str, str]
    #: The smallest and the largest file in bytes.
    size_range: tuple[int, int] | None

    @classmethod
    def read(cls, text: str) -> PolicyDocument:
        """Read a policy in base64.

        Raises:
            ValueError: if it is none.

        """
        try:
            policy = json.loads(b64decode(text, validate=True))
            end = datetime.fromisoformat(policy["expiration"]).astimezone(UTC)
            equal: dict[str, str] = {}
            starts: dict[str, str] = {}
            sizes = None
            for condition in policy["conditions"]:
                if isinstance(condition, dict):
                    equal.update(condition)
                elif condition[0] == "content-length-range":
                    sizes = (int(condition[1]), int(condition[2]))
                else:
                    place = {"eq": equal, "starts-with": starts}[condition[0]]
                    place[condition[1].removeprefix("$")] = condition[2]
        except (Base64Error, KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            msg = "this is no POST policy"
            raise ValueError(msg) from error
        return cls(end, equal, starts, sizes)


_RANGE = 3
#: The signature's own fields.
_OF_SIGNATURES = ("signature", "security-token", "-credential", "-algorithm", "-date")


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
    #: What fields must be, and what they must begin with, by their names in lower case.
    exact: dict[str, str] = attrs.field(factory=dict)
    prefixes: dict[str, str] = attrs.field(factory=dict)
    #: What the signature's own fields must be, by their names in lower case.
    own: dict[str, str] = attrs.field(factory=dict, repr=lambda own: repr(list(own)))
    #: The smallest and the largest file in bytes, where it says so.
    size_range: tuple[int, int] | None = None
    #: All conditions by the names of their fields, in words.
    conditions: dict[str, str] = attrs.field(factory=dict)
    findings: tuple[Finding, ...] = ()


#: Fields that no policy names: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
_FREE = frozenset({"policy", "file", "bucket", "awsaccesskeyid", "googleaccessid", "submit"})


def held_against(policy: PostPolicy, fields: Mapping[str, str]) -> list[Finding]:
    """Say which fields of a form are not as its policy says: the store refuses each.

    Args:
        policy: the form's.
        fields: the form's, with names in any case.

    """
    if any(finding.code == "bad-policy" for finding in policy.findings):
        return []
    given = {name.lower(): value for name, value in fields.items()}
    return [Finding("error", "policy-field", why) for why in _departures(policy, given)]


def _departures(policy: PostPolicy, given: Mapping[str, str]) -> Iterator[str]:
    fixed = {name: value for name, value in policy.exact.items() if name not in _FREE}
    for name, value in fixed.items():
        if name not in given:
            yield f"the policy asks for the field {_shown(name)}, and the form has none"
        elif given[name] != value:
            yield f"the field {_shown(name)} is '{_value(name, given[name])}', and the policy says '{_value(name, value)}'"
    for name, prefix in policy.prefixes.items():
        if name not in given and prefix and name != "key":  # which may stand in the policy alone
            yield f"the policy asks for a field {_shown(name)} that begins with '{_value(name, prefix)}', and the form has none"
        elif not given.get(name, prefix).startswith(prefix):
            yield f"the field {_shown(name)} does not begin with '{_value(name, prefix)}', as the policy says"
    for name in sorted(name for name, value in policy.own.items() if given.get(name) != value):
        # Without its value, which may be a token.
        yield f"the field {_shown(name)} is not the one that the policy says: one of them was changed"
    for name in sorted(given.keys() - policy.exact.keys() - policy.prefixes.keys() - _FREE):
        if not name.startswith("x-ignore-") and not name.endswith(_OF_SIGNATURES):
            yield f"the policy names no field {_shown(name)}: leave it out, or sign it"


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
    own: dict[str, str] = {}
    sizes: list[tuple[int, int]] = []
    for row in rows:
        _read(row, found, (exact, prefixes, own), sizes, findings)
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
        exact=exact,
        prefixes=prefixes,
        own=own,
        # All of them hold.
        size_range=(max(a for a, _ in sizes), min(b for _, b in sizes)) if sizes else None,
        conditions=found,
        findings=tuple(findings),
    )


def _read(
    row: Any,
    found: dict[str, str],
    fields: tuple[dict[str, str], dict[str, str], dict[str, str]],
    sizes: list[tuple[int, int]],
    findings: list[Finding],
) -> None:
    """Read one condition: ``{name: value}``, ``[operator, "$name", value]`` or a range."""
    exact, prefixes, own = fields
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
            if type(name) is type(value) is int and 0 <= name < 2**63 and 0 <= value < 2**63:
                sizes.append((name, value))
            continue
        field = str(name).removeprefix("$").lower()
        if field.endswith(_OF_SIGNATURES):
            if operator == "eq":  # which are told elsewhere, or not at all
                own.setdefault(field, str(value))
            continue
        if operator == "eq":
            exact.setdefault(field, str(value))
            found[_shown(field)] = _value(field, value)
        elif operator == "starts-with":
            prefixes.setdefault(field, str(value))
            found[_shown(field)] = f"begins with {_value(field, value)}" if value else "anything"
        else:
            why = f"the policy has a condition of the unknown kind {_shown(operator)}"
            findings.append(Finding("warning", "unknown-condition", why))


def _shown(value: Any) -> str:
    return escaped(str(value), 200)


def _value(field: str, value: Any) -> str:
    """Show what a field holds, unless that is a key."""
    return MASK if is_secret_field(field) else _shown(value)
