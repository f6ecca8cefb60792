"""The policy of a narrowed session: exactly what one link asks for, on exactly its key or its prefix.

Which action a request needs: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html;
the ARNs: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-arn-format.html; what is no wildcard in one:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from daypass.errors import InvalidPathError, UnsupportedOptionError
from daypass.model.forms import FILENAME
from daypass.model.locations import Location
from daypass.model.paths import parse_path
from daypass.model.requests import SignRequest
from daypass_s3.narrow import Narrow

if TYPE_CHECKING:
    from daypass.model.forms import AnyRequest, FormRequest

__all__ = ["Scope", "of_form", "of_link", "of_step", "policy_of"]

#: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (Policy), in characters.
_LONGEST = 2048
_READ = ("s3:GetObject",)
_WRITE = ("s3:PutObject",)
_ACTIONS = {
    "GET": _READ,
    "HEAD": _READ,
    "PUT": _WRITE,
    "DELETE": ("s3:DeleteObject",),
    "LIST": ("s3:ListBucket",),
}
_OF_VERSIONS = {_READ: ("s3:GetObjectVersion",), _ACTIONS["DELETE"]: ("s3:DeleteObjectVersion",)}
#: All steps of an upload in parts, so that they share a session.
_IN_PARTS = (*_WRITE, "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
#: What an upload needs besides, by a header's name behind ``x-amz-``, or by a form's field.
_BESIDES = {
    "acl": "s3:PutObjectAcl",
    "tagging": "s3:PutObjectTagging",
    "object-lock-mode": "s3:PutObjectRetention",
    "object-lock-retain-until-date": "s3:PutObjectRetention",
    "object-lock-legal-hold": "s3:PutObjectLegalHold",
}
#: What a copy reads: it brings the tags of its source along.
_SOURCE = ("s3:GetObject", "s3:GetObjectTagging")
_KMS_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
#: What is asked of KMS, by the action: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html.
_BY_KEY = {
    "s3:GetObject": ("kms:Decrypt",),
    "s3:GetObjectVersion": ("kms:Decrypt",),
    "s3:PutObject": ("kms:Decrypt", "kms:GenerateDataKey"),
}


class Scope(NamedTuple):
    """What a session may do: links of one scope share a session."""

    #: Actions of IAM.
    actions: tuple[str, ...]
    bucket: str
    key: str
    #: Whether it is for all keys that begin with ``key``.
    below: bool = False
    #: The path that a copy reads.
    source: str | None = None
    #: The ARN of the KMS key that this upload names.
    kms_key: str | None = None


def of_link(location: Location, request: SignRequest) -> Scope:
    """Return the scope of a link.

    Raises:
        UnsupportedOptionError: for a KMS key by another name than its ARN.

    """
    actions = _ACTIONS[request.method]
    if request.method == "LIST":
        return Scope(actions, location.bucket, location.key)
    if location.version is not None:
        actions = _OF_VERSIONS.get(actions, actions)
    key, below = _extent(location)
    if request.method != "PUT":
        return Scope(actions, location.bucket, key, below)
    named = _named(request) if request.copy_source is None else [*_named(request), "tagging"]
    kms_key = _by_arn(request.kms_key)
    return Scope(_with(actions, named), location.bucket, key, below, request.copy_source, kms_key)


def of_step(location: Location, names: Collection[str], narrow: Narrow) -> Scope:
    """Return the scope of a request of an upload in parts.

    Args:
        location: of the object.
        names: of the request's headers.
        narrow: the option.

    Raises:
        UnsupportedOptionError: for a KMS key, which the parts need and do not name, unless the option does.

    """
    if narrow.kms_key is None and any(name.lower() == _KMS_HEADER for name in names):
        msg = "the parts of an upload do not name its KMS key: name it as kms_key of narrow too"
        raise UnsupportedOptionError(msg, option="kms_key", backend="s3")
    key, below = _extent(location)
    return Scope(_with(_IN_PARTS, names), location.bucket, key, below)


def of_form(location: Location, request: FormRequest) -> Scope:
    """Return the scope of an upload form; where whoever uploads names the file, of all that begins as its key does.

    Raises:
        UnsupportedOptionError: for a KMS key by another name than its ARN.

    """
    actions, kms_key = _with(_WRITE, _named(request)), _by_arn(request.kms_key)
    if location.key.endswith(FILENAME):
        before = location.key.removesuffix(FILENAME)
        return Scope(actions, location.bucket, before, below=True, kms_key=kms_key)
    return Scope(actions, location.bucket, location.key, kms_key=kms_key)


def _extent(location: Location) -> tuple[str, bool]:
    """Return the key, or the prefix of the grant that the link is one of."""
    within = location.within
    if within is None or not location.key.startswith(within):
        return location.key, False
    return within, True


def _named(request: AnyRequest) -> list[str]:
    """Name what an upload says in headers, or in fields."""
    said = {"acl": request.acl, "tagging": request.tags}
    return [*(request.headers or ()), *(name for name, value in said.items() if value)]


def _by_arn(kms_key: str | None) -> str | None:
    if kms_key is not None and not kms_key.startswith("arn:"):
        msg = "a narrowed session names a KMS key by its ARN: give that as kms_key"
        raise UnsupportedOptionError(msg, option="kms_key", backend="s3")
    return kms_key


def _with(actions: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    """Add what the headers of an upload need."""
    found = dict.fromkeys(actions)
    for name in names:
        said = name.lower().removeprefix("x-amz-")
        if (also := _BESIDES.get("acl" if said.startswith("grant-") else said)) is not None:
            found[also] = None
    return (*found,)


def policy_of(scope: Scope, narrow: Narrow) -> str:
    """Write the policy of a session.

    Args:
        scope: what it may do.
        narrow: the option.

    Raises:
        InvalidPathError: if the policy is longer than STS takes.
        UnsupportedOptionError: for a bucket that no policy can name.

    """
    partition = _partition(narrow.role_arn)
    if scope.actions == _ACTIONS["LIST"]:
        only = {"StringEquals": {"s3:prefix": _literal(scope.key)}}
        resource = _bucket(scope.bucket, partition)
        statements = [_statement(scope.actions, resource, only)]
    else:
        what = _object(scope.bucket, scope.key, partition) + ("*" if scope.below else "")
        statements = [_statement(scope.actions, what)]
    if scope.source is not None:
        source = parse_path(scope.source)
        statements.append(_statement(_SOURCE, _object(source.bucket, source.key, partition)))
    keys = sorted({key for key in (narrow.kms_key, scope.kms_key) if key is not None})
    if keys and (by_key := _BY_KEY.get(scope.actions[0])) is not None:
        statements.append(_statement(by_key, keys))
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")
    )  # in ASCII: STS takes no character beyond U+00FF
    if len(policy) > _LONGEST:
        msg = f"the policy that narrows a session to this key has {len(policy)} characters, and STS takes {_LONGEST}: shorten the key, or leave narrow out for it"
        raise InvalidPathError(msg, option="narrow")
    return policy


def _statement(actions: Iterable[str], resource: Any, condition: Any = None) -> dict[str, Any]:
    said = {"Effect": "Allow", "Action": [*actions], "Resource": resource}
    return said if condition is None else {**said, "Condition": condition}


def _partition(role_arn: str) -> str:
    """Return the partition of a role; stores of others know that of AWS alone."""
    found = role_arn.split(":")[1]
    return found if found.startswith("aws") else "aws"


def _bucket(bucket: str, partition: str) -> str:
    if re.fullmatch(r"arn:[a-z-]+:s3:[a-z0-9-]+:\d+:accesspoint[/:][^/:]+", bucket):
        return bucket
    if ":" in bucket or bucket.endswith("-s3alias"):
        msg = "a session can be narrowed for a bucket by its name and for an access point by its ARN alone: name it so, or leave narrow out"
        raise UnsupportedOptionError(msg, option="narrow", backend="s3")
    return f"arn:{partition}:s3:::{bucket}"


def _object(bucket: str, key: str, partition: str) -> str:
    between = "/object/" if bucket.startswith("arn:") else "/"
    return f"{_bucket(bucket, partition)}{between}{_literal(key)}"


def _literal(key: str) -> str:
    """Write a key in which nothing stands for anything else."""
    return re.sub(r"[*?$]", r"${\g<0>}", key)
