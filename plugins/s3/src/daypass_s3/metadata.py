"""``head_metadata`` on S3: HEAD on exactly the key, never a listing."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import attrs
from botocore.exceptions import BotoCoreError, ClientError
from fsspec.exceptions import FSTimeoutError

from daypass.base.messages import escaped
from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    DeadlineError,
    ObjectNotFoundError,
    StoreError,
)
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.failures import clock_apart, unreachable
from daypass.toolkit.filesystems import sync_filesystem
from daypass_s3 import sdk
from daypass_s3.asking import ask, check_settings
from daypass_s3.settings import settings_of
from daypass_s3.shape import shape_of

_MISSING = 404
#: Headers of the HEAD of this very task: all of an event loop share one client.
_FURTHER: ContextVar[Mapping[str, str]] = ContextVar("daypass_s3_further")
#: Where `add_content_md5_metadata` and rclone keep the MD5, in base64.
_MD5 = "md5chksum"


#: What says that a HEAD may do better without asking for checksums: those of a KMS-encrypted object need kms:Decrypt,
#: which a HEAD alone does not, and some stores refuse the header (Backblaze 400, others 501).
_WITHOUT_CHECKSUMS = (400, 403, 501)


def head_metadata(location: Location) -> ObjectMetadata:
    """Read one object's metadata, checksums included where the credential may see them."""
    sdk.check_bucket(location.bucket, asks=True)
    check_settings(location)
    deadline = Deadline.after(location.deadline)
    fs = sync_filesystem(location)
    names = {"Bucket": location.bucket, "Key": location.key}
    headers = shape_of(location.reading, None, requester_pays=False).headers
    if location.version is not None:
        names["VersionId"] = location.version
    missing: FileNotFoundError | None = None
    try:
        answer = _best_head(fs, deadline, names, headers)
    except DaypassError:
        raise
    except FileNotFoundError as error:
        missing = error
    except PermissionError as error:
        msg = f"the store refuses to show {location.path}: the credential may not read it, or it does not exist and the credential may not list"
        raise AccessDeniedError(msg + clock_apart(_said(error).headers.get("date"))) from error
    except FSTimeoutError as error:
        msg = f"the store did not answer for {location.path} within {location.deadline:g} s"
        raise DeadlineError(msg) from error
    except (OSError, BotoCoreError, ClientError, ValueError) as error:
        raise _explained(location, error) from error
    if missing is not None:
        _check_bucket(location, fs, deadline)
        msg = f"{location.path} does not exist" + (
            f" in version {location.version}" if location.version else ""
        )
        raise ObjectNotFoundError(msg) from missing
    if answer.get("ETag") is None:
        msg = f"what was answered for {location.path} names no ETag, as every store does of an object: look at what answers there, such as a proxy or a log-in"
        raise StoreError(msg)
    return _normalise(location, answer)


def _explained(location: Location, error: Exception) -> Exception:
    if isinstance(error, BotoCoreError):
        explained = sdk.explained(error)
        if isinstance(explained, CredentialsError):
            return explained
    answer = _said(error)
    what = f"the store could not be asked for {location.path}"
    if answer.status is None:
        why = unreachable(error) or "check the endpoint and that it can be reached"
        return StoreError(f"{what} ({type(error).__name__}): {why}")
    region = answer.headers.get("x-amz-bucket-region")
    asked = settings_of(location).region
    if region and region != asked:
        why = f"the bucket is in {escaped(region, 40)}: set client_kwargs region_name to that"
    else:
        why = "see its status" + clock_apart(answer.headers.get("date"))
    code = f" ({answer.code})" if answer.code else ""
    msg = f"{what}: it answered {answer.status}{code}: {why}"
    return StoreError(msg, status=answer.status, store_code=answer.code)


@attrs.frozen
class _Said:
    """What a store said of a HEAD, whose answer has no body."""

    status: int | None = None
    code: str | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)


def _said(error: BaseException) -> _Said:
    found = sdk.answer_in(error)
    if found is None:
        return _Said()
    head = found.response.get("ResponseMetadata", {})
    code = found.response.get("Error", {}).get("Code", "")
    # A HEAD has no code but its status once more.
    named = None if not code or code.isdecimal() else escaped(code, 60)
    return _Said(head.get("HTTPStatusCode"), named, head.get("HTTPHeaders", {}))


def _check_bucket(location: Location, fs: Any, deadline: Deadline) -> None:
    """Raise where the bucket itself is missing, which a HEAD of an object does not say; once for all keys.

    Any other answer leaves it at what was said of the object: who may not ask for a bucket knows no more than before.

    Raises:
        StoreError: whose ``store_code`` is ``"NoSuchBucket"``; and where no answer comes.
        DeadlineError: if it does not come in time.
        CredentialsError: if the question cannot be signed any more.

    """
    known = "the bucket is there"
    if location.cache.get(known):
        return
    try:
        ask(fs, deadline, partial(_call_bucket, fs, location.bucket))
    except DaypassError:
        raise
    except FileNotFoundError as error:
        msg = f"there is no bucket {location.bucket}, so nothing can be at {location.path}: check its name, and the endpoint"
        raise StoreError(msg, status=_MISSING, store_code="NoSuchBucket") from error
    except FSTimeoutError as error:
        msg = f"the store did not answer for {location.path} within {location.deadline:g} s"
        raise DeadlineError(msg) from error
    except (OSError, BotoCoreError, ClientError, ValueError) as error:
        status = _said(error).status
        if status is None:
            raise _explained(location, error) from error
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return
    location.cache[known] = True


def _best_head(
    fs: Any, deadline: Deadline, names: Mapping[str, str], headers: Mapping[str, str]
) -> Mapping[str, Any]:
    try:
        return _head(fs, deadline, {**names, "ChecksumMode": "ENABLED"}, headers)
    except (OSError, ClientError) as error:
        if sdk.refusal_in(error)[1] not in _WITHOUT_CHECKSUMS:
            raise
    return _head(fs, deadline, names, headers)


def _head(
    fs: Any, deadline: Deadline, names: Mapping[str, str], headers: Mapping[str, str]
) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = ask(fs, deadline, partial(_call, fs, names, headers))
    return answer


async def _call(fs: Any, names: Mapping[str, str], headers: Mapping[str, str]) -> Any:
    events = (await fs.get_s3(names["Bucket"])).meta.events
    # Not all of them are parameters of the SDK's call; before it is signed, a request takes any.
    events.register("before-call.s3.HeadObject", _add_further, unique_id="daypass-further")
    events.register("before-call.s3.HeadBucket", _ask_once, unique_id="daypass-once")
    events.register("after-call.s3.HeadObject", _name_status, unique_id="daypass-status")
    _FURTHER.set(headers)
    return await fs._call_s3("head_object", **names)  # noqa: SLF001 - s3fs has no public call


async def _call_bucket(fs: Any, bucket: str) -> Any:
    _FURTHER.set({})
    return await fs._call_s3("head_bucket", Bucket=bucket)  # noqa: SLF001 - s3fs has no public call


def _add_further(params: Any, **_: Any) -> None:
    params["headers"].update(_FURTHER.get({}))


def _ask_once(context: Any, **_: Any) -> None:
    """Let the question where a bucket is lead to no other: where every request is redirected, the SDK would ask without end."""
    if _FURTHER.get(None) is not None:
        context.setdefault("s3_redirect", {})["redirected"] = True


def _name_status(http_response: Any, parsed: Any, **_: Any) -> None:
    """Let 300 be an error as others are: the SDK raises it, and s3fs looks for what it holds."""
    if http_response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        parsed.setdefault("Error", {"Code": str(http_response.status_code), "Message": ""})


def _normalise(location: Location, answer: Mapping[str, Any]) -> ObjectMetadata:
    metadata = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    etag = answer.get("ETag")
    version = answer.get("VersionId")
    modified: datetime | None = answer.get("LastModified")
    return ObjectMetadata(
        path=location.path,
        key=location.key,
        size=answer.get("ContentLength"),
        etag=None if etag is None else etag.strip('"'),
        last_modified=None if modified is None else modified.astimezone(UTC),
        content_type=answer.get("ContentType"),
        content_encoding=answer.get("ContentEncoding") or None,
        content_language=answer.get("ContentLanguage"),
        content_disposition=answer.get("ContentDisposition"),
        cache_control=answer.get("CacheControl"),
        content_md5=metadata.get(_MD5),
        checksums={
            name.removeprefix("Checksum").lower(): value
            for name, value in answer.items()
            if name.startswith("Checksum") and name != "ChecksumType"
        },
        version=None if version == "null" else version,
        storage_class=answer.get("StorageClass"),
        encryption=answer.get("ServerSideEncryption") or answer.get("SSECustomerAlgorithm"),
        metadata=metadata,
    )
