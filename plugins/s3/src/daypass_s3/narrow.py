"""``Narrow``: the option by which a link is signed with a session that may do no more than the link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from daypass.base.messages import refuse_unknown, shown
from daypass.base.times import exactly, seconds
from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError
from daypass.toolkit.options import matching

__all__ = ["Narrow", "narrow_of"]

#: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (DurationSeconds)
_SHORTEST, _LONGEST = 900, 43_200


def _duration(value: Any) -> int:
    found = seconds(value, "duration")
    if not _SHORTEST <= found <= _LONGEST:
        msg = f"duration of narrow is from 15m to 12h, as STS has it, and not {exactly(found)}"
        raise InvalidRequestError(msg, option="narrow")
    return found


def _role(value: Any) -> Any:
    return matching(value, "role_arn", r"arn:[a-z-]+:iam::\d*:role/[\w+=,.@/-]{1,512}")


def _key(value: Any) -> Any:
    return matching(value, "kms_key", r"arn:[a-z-]+:kms:[a-z0-9-]+:\d*:key/[\w-]{1,128}")


def _endpoint(value: Any) -> Any:
    return None if value is None else check_endpoint(value, "endpoint_url")


@attrs.frozen(kw_only=True)
class Narrow:
    """``narrow`` of the ``signer_options`` of S3: the role whose sessions sign, each for one link's key or prefix.

    >>> Narrow(role_arn="arn:aws:iam::123456789012:role/links", duration="15m").duration
    900

    Raises:
        InvalidRequestError: naming what is not legal.

    """

    #: The role that STS is asked for, with the credentials that the filesystem has.
    role_arn: str = attrs.field(converter=_role)
    #: How long a session lives, in seconds: from 15 minutes to 12 hours, and no longer than the role lets it.
    duration: Any = attrs.field(default="1h", converter=_duration)
    #: Where STS is; without it the region's of AWS, or what ``AWS_ENDPOINT_URL_STS`` and the profile say.
    endpoint_url: str | None = attrs.field(default=None, converter=_endpoint)
    #: The ARN of the KMS key by which the objects are encrypted, where they are by one.
    kms_key: str | None = attrs.field(default=None, converter=_key)


def narrow_of(value: Any) -> Narrow | None:
    """Return the option as it was given, or as a configuration writes it.

    Raises:
        InvalidRequestError: for what is not legal.

    """
    if value is None or isinstance(value, Narrow):
        return value
    if not isinstance(value, Mapping) or value.get("role_arn") is None:
        msg = f'narrow names a role, as in {{"role_arn": "arn:aws:iam::123456789012:role/links"}}, and is not {shown(value)}'
        raise InvalidRequestError(msg, option="narrow")
    names = [field.name for field in attrs.fields(Narrow)]
    refuse_unknown(value, names, what="option in narrow")
    return Narrow(**value)
