"""POST policy V4: the document that says what a form may upload, as AWS and Google share it.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html and
https://docs.cloud.google.com/storage/docs/authentication/signatures#policy-document.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from daypass.uploads.formrequests import FILENAME, FormRequest

__all__ = ["Policy", "conditions_of", "encode_policy", "fields_of", "starts_with_of"]


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
class Policy:
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
    def read(cls, text: str) -> Policy:
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
