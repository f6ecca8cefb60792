"""``request_upload``: somebody is to bring files, and needs no account for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from daypass.base.sizes import byte_count
from daypass.base.times import Duration
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.gate import doors
from daypass.model.forms import FILENAME, UploadForm
from daypass.model.links import SignedURL
from daypass.model.paths import PathLike
from daypass.store.functions import create_signed_prefix, create_signed_url
from daypass.store.prepared import root_for
from daypass.store.upload_functions import create_upload_form

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from daypass.model.inboxes import Inbox
    from daypass.model.prefixes import SignedPrefix

__all__ = ["request_upload"]

#: A media type, or all of one kind.
_TYPE = re.compile(r"[^\s/;,*]+/(?:\*|[^\s/;,*]+)")


@discreet
def request_upload(
    path: PathLike,
    *,
    max_bytes: int | str | None = None,
    max_uses: int | None = None,
    content_types: Iterable[str] | None = None,
    expires_in: Duration | None = None,
    storage_options: Mapping[str, Any] | None = None,
    fs: AbstractFileSystem | None = None,
    public_endpoint: str | None = None,
    signer: str | None = None,
    signer_options: Mapping[str, Any] | None = None,
    caller: str | None = None,
) -> Inbox | SignedPrefix | UploadForm | SignedURL:
    """Return what somebody uploads with: into a folder, or one object.

    >>> options = {"key": "AK", "secret": "SK"}
    >>> inbox = request_upload("s3://team/inbox/", max_bytes="2GB", storage_options=options)
    >>> inbox.fields["key"], inbox.permits == {"POST"}
    ('inbox/${filename}', True)

    Into a folder, which ends in a slash, files go by an upload form where the store has them, and by a grant for the prefix where it has not. A links service
    (``signer="links"``) makes an inbox: a page by which people send them, and which sees to the size, the types and the number. One object goes by a PUT link; with ``max_bytes``, by what its store
    lets no larger one pass.

    Args:
        path: an fsspec-style path; files that go into a folder keep their names, in an inbox below a place of each file's own.
        max_bytes: the largest file, in bytes or as text such as ``"2GB"``.
        max_uses: how many files an inbox takes, or how often a link can be used.
        content_types: the media types that an inbox takes, such as ``["image/*", "application/pdf"]``; any without it.
        expires_in: how long it can be used: seconds, a timedelta, or text such as ``"7d"``.
        storage_options: fsspec's options for the filesystem, passed on untouched.
        fs: a filesystem that exists, in place of ``storage_options``.
        public_endpoint: the endpoint that the sender can reach, where it differs.
        signer: who signs in place of the path's own backend, such as ``"links"``; a profile may say so.
        signer_options: options of the signing backend.
        caller: who asks, told to policy and audit plugins.

    Raises:
        UnsupportedOptionError: if nothing that the store has would see to it; ``content_types`` are for an inbox alone.
        DaypassError: another of the tree in `daypass.errors`.

    """
    place: dict[str, Any] = {
        "storage_options": storage_options,
        "fs": fs,
        "public_endpoint": public_endpoint,
        "signer": signer,
        "signer_options": signer_options,
        "caller": caller,
    }
    asked: dict[str, Any] = {
        "max_bytes": _count(max_bytes),
        "max_uses": max_uses,
        "expires_in": expires_in,
    }
    types = _types(content_types)
    asked = {name: value for name, value in asked.items() if value is not None}
    root, key = root_for(path, **place)
    info = root.backend.info
    into_folder = not key or key.endswith("/")
    if into_folder and root.backend.request_upload is not None:
        backend, location, request = root.request_for(
            "create_signed_prefix", key, {"method": "PUT", **asked}
        )
        location = attrs.evolve(location, content_types=types)
        return doors.request_upload(backend, location, request, caller=root.caller)
    if types:
        raise _only_an_inbox(info.name, option="content_types")
    if info.forms and (into_folder or ("max_bytes" in asked and "max_bytes" not in info.enforces)):
        if max_uses is not None:
            raise _only_an_inbox(info.name, option="max_uses")
        named: Any = f"{str(path).rstrip('/')}/{FILENAME}" if into_folder else path
        return create_upload_form(named, **place, **asked)
    if into_folder:
        return create_signed_prefix(path, method="PUT", **place, **asked)
    return create_signed_url(path, method="PUT", **place, **asked)


def _types(given: Iterable[str] | None) -> tuple[str, ...]:
    found = () if given is None or isinstance(given, str) else tuple(given)
    if (given is not None and not found) or not all(
        isinstance(one, str) and _TYPE.fullmatch(one) for one in found
    ):
        msg = "content_types is a list of media types, such as ['image/*', 'application/pdf']"
        raise InvalidRequestError(msg, option="content_types")
    return tuple(one.lower() for one in found)


def _only_an_inbox(name: str, *, option: str) -> UnsupportedOptionError:
    msg = f"{name} has nothing that sees to {option} of uploads: an inbox of a links service has (signer='links'), for a folder"
    return UnsupportedOptionError(msg, option=option, backend=name, alternatives=["links"])


def _count(size: int | str | None) -> int | None:
    if not isinstance(size, str):
        return size
    count = byte_count(size)
    if count is None:
        msg = f"max_bytes {ascii(size)[:40]} is no number of bytes: write it as 2000000000, '2GB' or '2GiB'"
        raise InvalidRequestError(msg, option="max_bytes")
    return count
