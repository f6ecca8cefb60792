"""The backend for every fsspec filesystem that has none of its own.

It reads metadata from ``info()``. It signs only where the filesystem itself overrides ``sign()``,
and then GET alone: that method knows a path and a lifetime, and nothing else. Many do not heed the
lifetime, so that a link ends when its URL says.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from daypass.backends.ends import said_end
from daypass.backends.filesystems import fs_path
from daypass.backends.http_heads import carries_credentials, info_of
from daypass.base.messages import CHAINED
from daypass.base.times import in_utc
from daypass.base.urls import mask_tokens
from daypass.errors import (
    AccessDeniedError,
    DaypassError,
    DeadlineError,
    ObjectNotFoundError,
    PluginError,
    SigningNotSupportedError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.hookspecs.backend_info import BackendInfo
from daypass.hookspecs.hooks import hookimpl
from daypass.hookspecs.project_options import ProjectOptions
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location, read_as_local
from daypass.model.metadata import ObjectMetadata
from daypass.model.options import METHODS
from daypass.model.requests import SignRequest
from daypass.toolkit.deadlines import Deadline

#: Why a protocol has no signed URLs, and what to do: the commonest, known without loading them.
WHY_NOT = {
    "file": "a local file has no server to check a signature; copy it to an object store and sign it there",
    "local": "a local file has no server to check a signature; copy it to an object store and sign it there",
    "memory": "an object in memory is seen by this process alone; copy it to an object store and sign it there",
    "http": "an HTTP URL is served by somebody else's server; share the URL itself, or sign where the object is stored",
    "https": "an HTTPS URL is served by somebody else's server; share the URL itself, or sign where the object is stored",
    "sftp": "SFTP logs in by account and has no links; copy the file to an object store and sign it there",
    "ssh": "SSH logs in by account and has no links; copy the file to an object store and sign it there",
    "ftp": "FTP logs in by account and has no links; copy the file to an object store and sign it there",
}

#: Protocols that send nobody's login anywhere; of all others nothing is known.
_WITHOUT_LOGIN = ("file", "local", "memory", "http", "https")

#: A filesystem reads the clock itself, a moment after the request was made.
_LATER = timedelta(minutes=1)
#: Why a link may end earlier whose URL says nothing of its end.
UNSAID = (
    "requested, but the URL does not say when it ends, and the filesystem's own sign() may not heed "
    "the lifetime: try it, or sign by a backend"
)
#: Protocols that ask nobody elsewhere.
_HERE = ("file", "local", "memory")


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare the most that any filesystem behind this backend can do."""
    return BackendInfo(
        name="generic",
        methods=METHODS,
        project_options=ProjectOptions(
            leads_elsewhere=lambda path: path.protocol not in _WITHOUT_LOGIN
        ),
    )


@hookimpl
def create_signed_url(location: Location, request: SignRequest) -> SignedURL:
    """Let the filesystem sign a GET, where it can."""
    from fsspec import AbstractFileSystem

    why = WHY_NOT.get(location.protocol)
    if why is None and type(location.fs).sign is AbstractFileSystem.sign:
        why = (
            f"the filesystem {type(location.fs).__name__} has no sign(); "
            "copy the object to an object store and sign it there"
        )
    if why is not None:
        msg = f"{location.protocol}:// cannot sign URLs: {why}"
        raise SigningNotSupportedError(msg)
    if request.method != "GET":
        msg = (
            f"{location.protocol}:// can sign GET only: the filesystem's own sign() knows no "
            f"method, so {request.method} is refused"
        )
        raise UnsupportedOptionError(msg, option="method", backend="generic", alternatives=["GET"])
    try:
        url = location.fs.sign(fs_path(location), expiration=request.expires_in)
    except NotImplementedError as error:
        raise _cannot(location, "says so") from error
    except Exception as error:
        filesystem = f"{type(location.fs).__module__}.{type(location.fs).__qualname__}"
        msg = f"{location.protocol}://: the filesystem {filesystem} failed to sign with {type(error).__name__} {CHAINED}"
        raise PluginError(msg, plugin=filesystem) from error
    if url is None:
        raise _cannot(location, "gives none")
    end, because = _end(location, request, url)
    return SignedURL(
        url=url,
        method="GET",
        headers={},
        expires_at=end,
        expires_because=because,
        permits=frozenset({"GET"}),
        unenforced=frozenset(),
        path=location.path,
        backend="generic",
    )


def _end(location: Location, request: SignRequest, url: object) -> tuple[datetime, str]:
    """Return when the link ends, and why then.

    Raises:
        UnsupportedOptionError: with ``option="expires_in"`` where it would outlive what was asked.

    """
    asked: datetime = request.expires_at  # type: ignore[assignment] # resolved
    said = said_end(url) if isinstance(url, str) else None
    if said is None:
        return asked, UNSAID
    if said < asked:
        return said, "the filesystem's own sign() ends it then, whatever lifetime is asked for"
    if said > asked + _LATER:
        msg = (
            f"{location.protocol}:// does not sign for so short: the filesystem's own sign() made a link "
            f"until {in_utc(said)}, and {in_utc(asked)} was asked for: ask "
            "for as long, or sign by a backend"
        )
        raise UnsupportedOptionError(msg, option="expires_in", backend="generic")
    return asked, REQUESTED


def _cannot(location: Location, why: str) -> SigningNotSupportedError:
    msg = f"{location.protocol}:// cannot sign URLs: its filesystem's sign() {why}; copy the object to an object store and sign it there"
    return SigningNotSupportedError(msg)


@hookimpl
def head_metadata(location: Location) -> ObjectMetadata:
    """Normalise what the filesystem's ``info()`` knows."""
    if location.key.endswith("/") and location.protocol not in ("http", "https"):
        # fsspec's paths drop the slash, and would answer for another object.
        msg = f"{location.path} ends in a slash, which names a directory and not an object"
        raise ObjectNotFoundError(msg)
    try:
        info = _info(location)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(location, error) from _shown(location, error)
    except PermissionError as error:
        msg = f"the credential may not read {location.path}"
        raise AccessDeniedError(msg) from _shown(location, error)
    except TimeoutError as error:
        msg = f"{location.protocol}:// did not answer within {location.deadline:g} s"
        raise DeadlineError(msg) from error
    if info.get("type") == "directory":
        msg = f"{location.path} is a directory, not an object"
        raise ObjectNotFoundError(msg)
    return normalise(location, info)


def _shown(location: Location, error: Exception) -> Exception | None:
    """Return the cause to chain; none where its text may hold a URL's password or signature."""
    return None if location.path != location.full_path else error


def _missing(location: Location, error: OSError) -> DaypassError:
    """Say what the HTTP filesystem calls a missing file, whatever it was that failed."""
    cause = error.__cause__
    status = getattr(cause, "status", None)
    if location.protocol in ("http", "https") and cause is not None and status not in (404, 410):
        if status in (401, 403):
            return AccessDeniedError(f"the server does not let anybody read {location.path}")
        answer = f"answered {status}" if status else "could not be reached"
        return StoreError(f"the server of {location.path} {answer}")
    if status == HTTPStatus.GONE:
        msg = f"the server of {location.path} answered 410: it is there no longer, or a link that has ended, is used up or was taken back"
        return ObjectNotFoundError(msg)
    hint = read_as_local(location)
    msg = f"{location.path} does not exist" + (f"; {hint}" if hint else "")
    return ObjectNotFoundError(msg)


def _info(location: Location) -> Mapping[str, Any]:
    if location.protocol in _HERE:
        return _look(location)
    # Most filesystems know no time limit, or one for each packet.
    deadline = Deadline.after(location.deadline)
    return deadline.run(lambda: _look(location), f"asking for {location.path}")


def _look(location: Location) -> Mapping[str, Any]:
    from fsspec.asyn import AsyncFileSystem, sync

    fs: Any = location.fs
    path = fs_path(location)
    fs.invalidate_cache()  # a listing made earlier is not the object's state now
    info: Mapping[str, Any]
    if isinstance(fs, AsyncFileSystem) and not fs.asynchronous:
        if carries_credentials(fs):
            return sync(fs.loop, info_of, fs, path, timeout=location.deadline)  # type: ignore[no-any-return] # fsspec has no types
        info = sync(fs.loop, fs._info, path, timeout=location.deadline)  # noqa: SLF001 - a time limit
    else:
        info = fs.info(path)
    return info


def normalise(location: Location, info: Mapping[str, Any]) -> ObjectMetadata:
    """Translate the dialects of ``info()`` into one."""
    return ObjectMetadata(
        path=location.path,
        key=_shown_key(location),
        size=size if isinstance(size := info.get("size"), int) else None,
        etag=_text(info, "ETag", "etag", "e_tag"),
        last_modified=_moment(info, "LastModified", "last_modified", "mtime", "updated", "created"),
        created=_moment(info, "creation_time", "timeCreated"),
        content_type=_text(info, "ContentType", "contentType", "content_type", "mimetype"),
        content_encoding=_text(info, "ContentEncoding", "contentEncoding", "content_encoding"),
        content_md5=_md5(info),
        version=_text(info, "VersionId", "generation", "version_id", "versionId"),
        storage_class=_text(info, "StorageClass", "storageClass", "storageTier"),
        metadata={
            str(name).lower(): str(value) for name, value in (info.get("metadata") or {}).items()
        },
    )


def _shown_key(location: Location) -> str:
    """Return the key; of an HTTP URL what names the object, and neither a query nor a token, which the path shows masked."""
    if location.protocol not in ("http", "https"):
        return location.key
    return mask_tokens(f"/{location.key.partition('?')[0]}")[1:]


def _first(info: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((info[name] for name in names if info.get(name) is not None), None)


def _text(info: Mapping[str, Any], *names: str) -> str | None:
    value = _first(info, names)
    return None if value is None else str(value).strip('"')


def _moment(info: Mapping[str, Any], *names: str) -> datetime | None:
    value = _first(info, names)
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    # fsspec's filesystems give naive datetimes in UTC.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _md5(info: Mapping[str, Any]) -> str | None:
    value = _first(info, ("content_md5", "md5Hash", "ContentMD5"))
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode() if len(value) == 16 else None  # noqa: PLR2004
    if not isinstance(value, str):
        return None
    try:
        return value if len(b64decode(value, validate=True)) == 16 else None  # noqa: PLR2004
    except (Base64Error, ValueError):
        return None
