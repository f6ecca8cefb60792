"""``head_metadata`` on Cloud Storage: the JSON API's record of exactly the object, never a listing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

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
from daypass.toolkit.failures import unreachable
from daypass.toolkit.filesystems import sync_filesystem
from daypass_gcs.bounded_request import BoundedRequest
from daypass_gcs.credentials import default_credentials
from daypass_gcs.keys import Transport, refresh
from daypass_gcs.places import check_bucket
from daypass_gcs.settings import payer, settings_of
from daypass_gcs.shape import check_generation, own_key

#: Where `add_content_md5_metadata` and rclone keep the MD5, in base64.
_MD5 = "md5chksum"
#: A token that ends sooner gcsfs renews itself (its LOCAL_REFRESH_BUFFER is five minutes).
_SOON = timedelta(minutes=6)
_UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND, _BROKEN = 401, 403, 404, 500


def head_metadata(location: Location) -> ObjectMetadata:
    """Read one object's metadata within the location's deadline."""
    check_bucket(location.bucket)
    names: dict[str, Any] = {
        "generation": None if location.version is None else check_generation(location.version)
    }
    settings = settings_of(location)
    project = settings.paying_project(location.options.user_project)
    if location.reading.requester_pays:
        names["userProject"] = payer(project)
    elif location.options.user_project is not None or settings.requester_pays:
        names["userProject"] = project
    headers = {**own_key(location.reading), **(location.reading.headers or {})}
    place = ("b/{}/o/{}", location.bucket, location.key)
    try:
        record = call_api(location, "object", "GET", *place, headers=headers, **names)
    except ObjectNotFoundError:
        _check_there(location, names.get("userProject"))
        raise
    return _normalise(location, record)


def _check_there(location: Location, payer: str | None) -> None:
    """Raise where the bucket itself is missing, which gcsfs does not say; once for all keys.

    Any other answer leaves it at what was said of the object: who may not ask for a bucket knows no more than before.

    Raises:
        StoreError: whose ``store_code`` is ``"NoSuchBucket"``; and where no answer of Cloud Storage comes.
        DeadlineError: if none comes in time.
        CredentialsError: if there are no valid ones any more.

    """
    known = "the bucket is there"
    if location.cache.get(known):
        return
    try:
        call_api(location, "bucket", "GET", "b/{}", location.bucket, userProject=payer)
    except ObjectNotFoundError as error:
        msg = f"there is no bucket {location.bucket}, so nothing can be at {location.path}: check its name, and the endpoint"
        raise StoreError(msg, status=_NOT_FOUND, store_code="NoSuchBucket") from error
    except AccessDeniedError:
        pass
    except StoreError as error:
        if error.status is None:
            raise
        if error.status >= _BROKEN:
            return
    location.cache[known] = True


def call_api(
    location: Location, kind: str, method: str, path: str, *names: str, **options: Any
) -> Mapping[str, Any]:
    """Call the JSON API within the location's deadline, and return the resource that it answers with.

    Args:
        location: whose filesystem asks.
        kind: what the answer is, ``"object"`` or ``"bucket"``: by its ``kind`` a resource is told from anything
            else that may answer there.
        method: the HTTP method.
        path: the resource, with a place for each of ``names``.
        names: of bucket and object, not encoded.
        options: of the query, and ``json`` for a body.

    """
    deadline = Deadline.after(location.deadline)
    # All of it in a thread: gcsfs gets its tokens without a time limit, and in its event loop.
    found = deadline.run(
        lambda: _call(location, deadline, (method, path, *names), options),
        f"asking the store about {location.path}",
    )
    if not isinstance(found, Mapping) or found.get("kind") != f"storage#{kind}":
        msg = f"what was answered for {location.path} is no {kind} of Cloud Storage: look at what answers there, such as a proxy or a log-in"
        raise StoreError(msg)
    return found


def _call(
    location: Location, deadline: Deadline, call: Sequence[str], options: Mapping[str, Any]
) -> Any:
    from fsspec.asyn import sync
    from fsspec.exceptions import FSTimeoutError

    fs: Any = None
    try:
        own: Any = location.fs
        _renew(own.credentials, deadline)
        # A twin gets the owner's credentials, and makes no second search for them.
        fs = sync_filesystem(location, token=own.credentials.credentials or "anon")
        *_, body = sync(
            fs.loop,
            fs._request,  # noqa: SLF001 - info() may answer from a listing, and _call() logs headers
            *call,
            timeout=max(deadline.left, 0.001),  # 0 is none for fsspec
            **options,
        )
        return json.loads(body)
    except DaypassError:
        raise
    except FSTimeoutError as error:
        msg = f"the store did not answer for {location.path} within {deadline.seconds:g} s"
        raise DeadlineError(msg) from error
    except Exception as error:
        explained = _explained(location, fs, error)
        if isinstance(explained, (AccessDeniedError, CredentialsError)) and _is_nobody(fs):
            _check_found(location, deadline)
        raise explained from error


def _is_nobody(fs: Any) -> bool:
    return fs is None or fs.credentials.credentials is None


def _check_found(location: Location, deadline: Deadline) -> None:
    """Say as signing does why there are no credentials: gcsfs is anonymous where it finds none, or none that it can use."""
    settings = settings_of(location)
    if settings.by_default:
        default_credentials(settings, deadline)


def _renew(credentials: Any, deadline: Deadline) -> None:
    """Get the access token before gcsfs does, whose requests for one follow redirects and have no end."""
    source = credentials.credentials
    if source is None:
        return
    with credentials.lock:
        until = getattr(source, "expiry", None)  # naive, in UTC
        if source.valid and (
            until is None or until - datetime.now(UTC).replace(tzinfo=None) > _SOON
        ):
            return
        refresh(source, BoundedRequest(Transport().request(), deadline), deadline)


def _explained(location: Location, fs: Any, error: Exception) -> DaypassError:
    """Translate what gcsfs raises; its texts hold answers of servers and are not shown."""
    from google.auth.exceptions import GoogleAuthError

    status = getattr(error, "code", None)
    if isinstance(error, FileNotFoundError) or status == _NOT_FOUND:
        generation = f" in generation {location.version}" if location.version else ""
        return ObjectNotFoundError(f"{location.path} does not exist{generation}")
    if isinstance(error, ValueError) and "requester pays" in str(error):
        return AccessDeniedError(
            f"the bucket of {location.path} is requester-pays: set requester_pays in storage_options "
            "to the project that pays"
        )
    anonymous = fs is not None and _is_nobody(fs)
    forbidden = isinstance(error, OSError) and str(error).startswith("Forbidden")
    if forbidden or status == _FORBIDDEN or (status == _UNAUTHENTICATED and anonymous):
        who = "an anonymous filesystem" if anonymous else "the credential"
        return AccessDeniedError(
            f"the store refuses to show {location.path}: {who} may not read it"
        )
    by_google = isinstance(error, GoogleAuthError) or isinstance(error.__cause__, GoogleAuthError)
    if status == _UNAUTHENTICATED or by_google or fs is None:
        return CredentialsError(
            f"the filesystem has no valid Google credentials ({type(error).__name__}): check its "
            "token, or log in again"
        )
    what = f"the store could not be asked for {location.path} ({type(error).__name__})"
    if isinstance(status, int):
        return StoreError(f"{what}: it answered {status}", status=status)
    why = unreachable(error) or "check the endpoint and that it can be reached"
    return StoreError(f"{what}: {why}")


def _normalise(location: Location, record: Mapping[str, Any]) -> ObjectMetadata:
    """Translate https://docs.cloud.google.com/storage/docs/json_api/v1/objects#resource."""
    metadata = {str(k).lower(): str(v) for k, v in (record.get("metadata") or {}).items()}
    md5 = record.get("md5Hash")
    sums = {"md5": md5, "crc32c": record.get("crc32c")}
    customer = record.get("customerEncryption") or {}
    return ObjectMetadata(
        path=location.path,
        key=location.key,
        size=None if record.get("size") is None else int(record["size"]),
        etag=record.get("etag"),
        last_modified=_moment(record.get("updated")),
        created=_moment(record.get("timeCreated")),
        content_type=record.get("contentType"),
        content_encoding=record.get("contentEncoding"),
        content_language=record.get("contentLanguage"),
        content_disposition=record.get("contentDisposition"),
        cache_control=record.get("cacheControl"),
        content_md5=md5 or metadata.get(_MD5),
        checksums={name: value for name, value in sums.items() if value},
        version=record.get("generation"),
        metageneration=record.get("metageneration"),
        storage_class=record.get("storageClass"),
        encryption=record.get("kmsKeyName") or customer.get("encryptionAlgorithm"),
        metadata=metadata,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
