"""CORS rules of an S3 bucket: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fsspec.exceptions import FSTimeoutError

from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    DeadlineError,
    ObjectNotFoundError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
from daypass.model.locations import Location
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.filesystems import sync_filesystem
from daypass_s3 import sdk
from daypass_s3.asking import ask, check_settings

#: What an upload by one of our links may have to send.
_HEADERS = ("content-type", "content-md5", "if-none-match", "x-amz-*")
#: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSConfiguration.html
_MOST = 100
#: The last two say that a store read the request as one for the bucket itself.
_NO_API = frozenset(
    {
        *("NotImplemented", "MethodNotAllowed", "NotSupported", "UnsupportedOperation"),
        *("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
    }
)
#: And so do these by their number alone: Method Not Allowed, Not Implemented.
_NOT_THERE = (405, 501)


def plan(location: Location, rule: CorsRule) -> CorsPlan:
    """Say a rule in S3's words."""
    sdk.check_bucket(location.bucket, asks=True)
    bucket = location.bucket

    def read() -> list[dict[str, Any]]:
        answer = _call(location, "get_bucket_cors", Bucket=bucket)
        if answer is None:
            return []
        # The SDK takes any XML; a bucket without rules is an error of its own, of which nothing is answered.
        if not answer.get("CORSRules"):
            raise _no_store(bucket)
        return list(answer["CORSRules"])

    def write(rules: Sequence[dict[str, Any]]) -> None:
        answer = _call(
            location, "put_bucket_cors", Bucket=bucket, CORSConfiguration=_document(rules)
        )
        # A store that has taken them says nothing.
        said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-length", "0")
        if said != "0":
            raise _no_store(bucket)

    return CorsPlan(
        rule={
            "AllowedOrigins": list(rule.origins),
            "AllowedMethods": list(rule.methods),
            "AllowedHeaders": [*_HEADERS, *rule.headers],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": rule.max_age,
        },
        owner=f"bucket {bucket}",
        document=_document,
        command=f"aws s3api put-bucket-cors --bucket {bucket} --cors-configuration file://FILE",
        read=read,
        write=write,
        most=_MOST,
    )


def _document(rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"CORSRules": list(rules)}


def _call(location: Location, operation: str, **names: Any) -> Any:
    check_settings(location)
    fs = sync_filesystem(location)
    call = partial(fs._call_s3, operation, **names)  # noqa: SLF001 - s3fs has no public call
    try:
        return ask(fs, Deadline.after(location.deadline), call)
    except DaypassError:
        raise
    except FSTimeoutError as error:
        msg = f"the CORS rules of {location.bucket}: no answer within {location.deadline:g} s"
        raise DeadlineError(msg) from error
    except (OSError, BotoCoreError, ClientError, ValueError) as error:
        code, status = sdk.refusal_in(error)
        if code == "NoSuchCORSConfiguration":
            return None
        if code in _NO_API or status in _NOT_THERE:
            raise _without(location, code) from error
        raise _explained(location, error, code) from error


def _no_store(bucket: str) -> StoreError:
    return StoreError(
        f"what was answered for the CORS rules of bucket {bucket} holds none, and is no answer about rules: look at what answers there, such as a proxy, a log-in, or a store that has no such rules"
    )


def _without(location: Location, why: str) -> UnsupportedOptionError:
    msg = (
        f"the store of bucket {location.bucket} has no API for CORS rules ({why}): ask its "
        "operator, or let your own server pass the upload on"
    )
    return UnsupportedOptionError(msg, option="cors", backend="s3")


def _explained(location: Location, error: Exception, code: str) -> DaypassError:
    if code == "NoSuchBucket" or isinstance(error, FileNotFoundError):
        return ObjectNotFoundError(f"bucket {location.bucket} does not exist")
    if isinstance(error, PermissionError):
        return AccessDeniedError(
            f"the store does not let this credential use the CORS rules of bucket {location.bucket}: "
            "it needs s3:GetBucketCORS and s3:PutBucketCORS"
        )
    if isinstance(error, BotoCoreError):
        explained = sdk.explained(error)
        if isinstance(explained, CredentialsError):
            return explained
    why = code or type(error).__name__
    return StoreError(
        f"the CORS rules of bucket {location.bucket} could not be had ({why}): check the endpoint and that it can be reached"
    )
