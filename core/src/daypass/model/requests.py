"""``SignRequest``: what a URL shall permit. It validates itself and names no place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, Self, TypedDict

import attrs

from daypass.base.messages import nearest, refuse_unknown, shown
from daypass.base.times import LONGEST, Duration, exactly
from daypass.base.tracebacks import made_discreetly
from daypass.errors import DaypassError, InvalidExpiryError, InvalidRequestError, UnknownOptionError
from daypass.model.conditional import Conditional, with_checks
from daypass.model.headers import attachment
from daypass.model.options import (
    CONDITIONS,
    COPIED,
    DEFAULT_LIFETIMES,
    DOWNLOAD_ONLY,
    LISTING_ONLY,
    METHODS,
    OF_LINKS,
    OF_READING,
    UPLOAD_ONLY,
)

__all__ = [
    "BulkOptions",
    "ReadOptions",
    "SharedOptions",
    "SignOptions",
    "SignRequest",
    "for_reading",
    "make_reading",
    "make_request",
]


class ReadOptions(TypedDict, total=False):
    """The fields of `SignRequest` that the reading of metadata takes."""

    encryption_key: str | bytes | None
    requester_pays: bool
    headers: Mapping[str, str] | None


class SharedOptions(ReadOptions, total=False):
    """The fields of `SignRequest` that many objects can share: the keywords of a bulk call."""

    method: str
    expires_in: Duration | None
    expires_at: datetime | None
    starts_at: datetime | None
    content_type: str | None
    add_content_md5_metadata: bool
    max_bytes: int | None
    if_absent: bool
    metadata: Mapping[str, str] | None
    acl: str | None
    storage_class: str | None
    tags: Mapping[str, str] | None
    resumable: bool
    kms_key: str | None
    query: Mapping[str, str] | None
    filename: str | None
    inline: bool
    response_content_type: str | None
    response_content_disposition: str | None
    response_content_encoding: str | None
    response_content_language: str | None
    response_cache_control: str | None
    response_expires: datetime | None
    ip_range: str | None
    https_only: bool | None
    max_uses: int | None
    referrers: str | Sequence[str] | None
    strict: bool
    on_short: Literal["warn", "raise"]
    allow_dot_segments: bool
    signing_time: datetime | None
    stable_for: Duration | None
    delimiter: str | None
    max_keys: int | None
    continuation_token: str | None


class SignOptions(SharedOptions, total=False):
    """The keywords of every ``create_signed_url``: the fields of `SignRequest`, one for one."""

    content_md5: str | bytes | None
    content_length: int | None
    checksum_sha256: str | bytes | None
    copy_source: str | None


class BulkOptions(SharedOptions, total=False):
    """The keywords of a bulk call: of what belongs to one object, a value for each row."""

    version: Iterable[str | None] | None
    content_md5: Iterable[str | bytes | None] | None
    content_length: Iterable[int | None] | None
    checksum_sha256: Iterable[str | bytes | None] | None
    copy_source: Iterable[str | None] | None


#: Keywords of a store and of functions on whole paths, which no single link of a store has.
_OF_A_STORE = ("public_endpoint", "signer_options", "storage_options")
#: What fsspec's filesystems and the SDKs take, and how it is said in ``storage_options``.
_OF_A_FILESYSTEM = {
    name: name
    for name in (
        "account_key",
        "account_name",
        "anon",
        "client_kwargs",
        "config_kwargs",
        "connection_string",
        "credential",
        "endpoint_url",
        "key",
        "profile",
        "project",
        "sas_token",
        "secret",
        "token",
    )
} | {
    "access_key": "key",
    "secret_key": "secret",
    "aws_access_key_id": "key",
    "aws_secret_access_key": "secret",
    "aws_session_token": "token",
    "region": "client_kwargs={'region_name': ...}",
    "region_name": "client_kwargs={'region_name': ...}",
}


@made_discreetly
@attrs.frozen(kw_only=True, slots=False, field_transformer=with_checks)
class SignRequest(Conditional):
    """What a signed URL shall permit, checked on creation and reusable for any number of keys.

    >>> SignRequest(method="PUT", expires_in="15m", content_type="text/csv").expires_in
    900

    Args:
        method: ``GET``, ``PUT``, ``DELETE``, ``HEAD``, or ``LIST`` (the key is then a prefix, and
            may be empty).
        expires_in: lifetime in whole seconds, a timedelta, or text such as ``"1h30m"``. Without
            it: GET, HEAD and LIST one hour, PUT 15 minutes, DELETE five minutes.
        expires_at: the end as an aware datetime, instead of ``expires_in``.
        starts_at: the link works from this aware datetime on.
        content_type: the media type that the upload must declare.
        content_md5: MD5 of the upload: base64 of 16 bytes (RFC 1864), or the 16 bytes.
        add_content_md5_metadata: also store ``content_md5`` as the metadata ``md5chksum``.
        content_length: the exact size of the upload in bytes.
        max_bytes: the largest upload in bytes.
        if_absent: only create; never replace an object that exists.
        checksum_sha256: SHA-256 of the upload: base64 of 32 bytes, or the 32 bytes.
        metadata: user metadata of the upload; ASCII, names fold to lower case.
        acl: a canned ACL of the uploaded object (``x-amz-acl``).
        storage_class: the storage class of the uploaded object, or its access tier on Azure, in the
            store's own word: ``"STANDARD_IA"``, ``"NEARLINE"``, ``"Cool"``.
        tags: tags of the uploaded object, by name: at most ten, a name of up to 128 characters and a value
            of up to 256.
        copy_source: the path of an object of the same store, whose copy the holder makes: the body is empty, and
            type, metadata and tags are the source's. Policy and plugins are asked of it as of a GET.
        resumable: the holder sends a POST that starts a session, and the bytes to that, which tells how far it came:
            an upload that goes on where it stopped. The session outlives the link (a week on Google Cloud Storage).
        kms_key: the key of the store's own key service that encrypts the uploaded object (SSE-KMS on S3, CMEK on
            Google Cloud Storage), as the store names it.
        encryption_key: a key of 32 bytes, or its base64, that encrypts the object and is kept nowhere (SSE-C,
            CSEK): it is secret, and stands in ``SignedURL.headers``, which the holder must send.
        requester_pays: the holder states that the requester pays.
        headers: further headers to sign; the holder must send each with this very value. One that has an
            option of its own, or belongs to the signature, is refused.
        query: query parameters of the caller's own, signed with the link: for a log, a cache, or what
            stands before the store. One that the signature, another option or the store owns is refused.
        filename: name under which a browser saves the download (RFC 6266).
        inline: show the download in the browser instead of saving it.
        response_content_type: Content-Type of the answer to a GET.
        response_content_disposition: Content-Disposition of the answer, in place of ``filename``.
        response_content_encoding: Content-Encoding of the answer.
        response_content_language: Content-Language of the answer.
        response_cache_control: Cache-Control of the answer.
        response_expires: Expires of the answer, an aware datetime.
        ip_range: the addresses that may use the link, IPv4 or IPv6: one, the first and the last
            (``"192.0.2.4-192.0.2.9"``), or a network (``"198.51.100.0/24"``).
        https_only: refuse the link over plain http.
        max_uses: how many times the link works, 1 or more. What one use is, who enforces it says.
        referrers: hosts of the web pages that may use the link, as one text or a list: ``"example.org"``, or
            ``"*.example.org"`` for every host below it. A request that names no page is refused. Browsers name
            theirs truthfully, and other programs whichever they like.
        strict: with False, restrictions the backend cannot enforce are named in
            ``SignedURL.unenforced`` instead of being refused.
        on_short: ``"warn"`` or ``"raise"`` when the link would end before what was asked.
        allow_dot_segments: sign keys that hold a ``.`` or ``..`` segment, which most HTTP clients
            rewrite (see the how-to on odd keys).
        signing_time: the clock; an aware datetime in place of "now" in every comparison.
        stable_for: sign at the start of a bucket of so many seconds, so that equal requests give
            equal, cacheable URLs. Must be shorter than the lifetime.
        delimiter: list what keys have between the prefix and this text as one entry: with ``"/"`` a listing
            shows the folders at its prefix, and not what lies in them.
        max_keys: the most keys that one page of a listing has, 1 to 1000.
        continuation_token: the page that follows, by what the answer before it names: NextContinuationToken, or
            NextMarker on Azure.

    Raises:
        InvalidRequestError: naming the option that is wrong and what would be right.

    """

    method: str = "GET"
    expires_in: int | None = None
    expires_at: datetime | None = None
    starts_at: datetime | None = None
    content_type: str | None = None
    content_md5: str | None = None
    add_content_md5_metadata: bool = False
    content_length: int | None = None
    max_bytes: int | None = None
    if_absent: bool = False
    checksum_sha256: str | None = None
    metadata: dict[str, str] | None = None
    acl: str | None = None
    storage_class: str | None = None
    tags: dict[str, str] | None = None
    copy_source: str | None = None
    resumable: bool = False
    kms_key: str | None = None
    encryption_key: str | bytes | None = None
    requester_pays: bool = False
    headers: dict[str, str] | None = None
    query: dict[str, str] | None = None
    filename: str | None = None
    inline: bool = False
    response_content_type: str | None = None
    response_content_disposition: str | None = None
    response_content_encoding: str | None = None
    response_content_language: str | None = None
    response_cache_control: str | None = None
    response_expires: datetime | None = None
    ip_range: str | None = None
    https_only: bool | None = None
    max_uses: int | None = None
    referrers: tuple[str, ...] | None = None
    strict: bool = True
    on_short: Literal["warn", "raise"] = "warn"
    allow_dot_segments: bool = False
    signing_time: datetime | None = None
    stable_for: int | None = None
    delimiter: str | None = None
    max_keys: int | None = None
    continuation_token: str | None = None

    #: The names of the options that need a backend's help, worked out once.
    conditions: frozenset[str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the options against each other."""
        if self.method not in METHODS:
            form = "; create_upload_form makes forms" if self.method == "POST" else ""
            if self.method.upper() in METHODS:
                form = f"; did you mean {self.method.upper()!r}?"
            msg = f"method {shown(self.method)} is not one of {', '.join(METHODS)}{form}"
            raise InvalidRequestError(msg, option="method")
        used = self._find_conditions(CONDITIONS)
        if used:
            self._check_method(used)
            self._check_pairs(used)
        if self.expires_in is not None and self.expires_at is not None:
            msg = "give the lifetime once: expires_in or expires_at, not both"
            raise InvalidExpiryError(msg, option="expires_at")

    def _check_method(self, used: frozenset[str]) -> None:
        wrong = () if self.method == "PUT" else UPLOAD_ONLY
        why = "describes an upload and goes with method='PUT'"
        if not (misplaced := used.intersection(wrong)) and self.method not in ("GET", "HEAD"):
            misplaced = used.intersection(DOWNLOAD_ONLY)
            why = "shapes the answer to a download and goes with method='GET' or method='HEAD'"
        if not misplaced and self.method != "LIST":
            misplaced = used.intersection(LISTING_ONLY)
            why = "shapes a listing and goes with method='LIST'"
        if not misplaced and self.method in ("LIST", "DELETE"):
            misplaced = used.intersection({"encryption_key"})
            why = "is needed where an object is read or written: it goes with method='GET', method='HEAD' or method='PUT'"
        if misplaced:
            name = min(misplaced)
            msg = f"{name} {why}, not {self.method!r}"
            raise InvalidRequestError(msg, option=name)

    def _check_pairs(self, used: frozenset[str]) -> None:
        if self.add_content_md5_metadata and self.content_md5 is None:
            msg = "add_content_md5_metadata stores content_md5, so give content_md5 too"
            raise InvalidRequestError(msg, option="add_content_md5_metadata")
        if self.add_content_md5_metadata and "md5chksum" in (self.metadata or ()):
            msg = (
                "metadata holds md5chksum, which add_content_md5_metadata writes: give one of them"
            )
            raise InvalidRequestError(msg, option="metadata")
        if self.response_content_disposition and not used.isdisjoint({"filename", "inline"}):
            msg = "filename and inline make the response_content_disposition: give one or the other"
            raise InvalidRequestError(msg, option="response_content_disposition")
        attachment(self.filename, inline=self.inline)
        if (
            self.max_bytes is not None
            and self.content_length is not None
            and self.content_length > self.max_bytes
        ):
            msg = f"content_length {self.content_length} is above max_bytes {self.max_bytes}"
            raise InvalidRequestError(msg, option="content_length")
        if self.copy_source is not None and (own := used & COPIED):
            name = min(own)
            msg = f"a copy has body, type, metadata and tags of its source, and no store holds it to more: leave {name} out, or copy_source"
            raise InvalidRequestError(msg, option=name)

    @property
    def disposition(self) -> str | None:
        """The Content-Disposition that the answer to a GET shall carry."""
        if self.filename is None and not self.inline:
            return self.response_content_disposition
        return attachment(self.filename, inline=self.inline)

    @property
    def object_metadata(self) -> dict[str, str]:
        """User metadata of the upload, ``md5chksum`` included where it was asked for."""
        metadata = dict(self.metadata or ())
        if self.add_content_md5_metadata and self.content_md5 is not None:
            metadata["md5chksum"] = self.content_md5
        return metadata

    def of_source(self) -> Self:
        """Return what a copy asks of its source: a GET with the same clock, end and limits on who may use it."""
        gone = self.conditions.intersection({*UPLOAD_ONLY, "headers", "query"})
        return self._copy(method="GET").without(gone)

    def resolve(self, now: datetime) -> Self:
        """Fix the clock: a copy whose signing_time, expires_in and expires_at are all set.

        Args:
            now: what the clock says, aware; ``signing_time`` and ``stable_for`` outrank it.

        Raises:
            InvalidExpiryError: if the end is not after the start, or beyond the year 9999.

        """
        start = self.signing_time or now.replace(microsecond=0)
        asked_at = start
        if self.stable_for is not None:
            stamp = int(start.timestamp())
            start = datetime.fromtimestamp(stamp - stamp % self.stable_for, UTC)
        if self.expires_at is not None:
            end = self.expires_at
            lifetime = int((end - start).total_seconds())
            if end <= asked_at:
                msg = f"expires_at {end:%Y-%m-%dT%H:%M:%SZ} is not after the signing time {asked_at:%Y-%m-%dT%H:%M:%SZ}"
                raise InvalidExpiryError(msg, option="expires_at")
            if lifetime > LONGEST:
                msg = f"expires_at is above {LONGEST} seconds (ten years) after the signing time"
                raise InvalidExpiryError(msg, option="expires_at")
        else:
            lifetime = self.expires_in or DEFAULT_LIFETIMES[self.method]
            try:
                end = start + timedelta(seconds=lifetime)
            except OverflowError:
                msg = "the link would end after the year 9999"
                raise InvalidExpiryError(msg, option="expires_in") from None
        if self.stable_for is not None and self.stable_for >= lifetime:
            msg = f"stable_for ({exactly(self.stable_for)}) must be shorter than the lifetime ({exactly(lifetime)}), or links would be born dead"
            raise InvalidExpiryError(msg, option="stable_for")
        if self.starts_at is not None and self.starts_at >= end:
            msg = "starts_at must lie before the link's end"
            raise InvalidExpiryError(msg, option="starts_at")
        return self._copy(signing_time=start, expires_in=lifetime, expires_at=end)


#: A request's options convert what they are given, so it takes more types than its fields have.
_make: Callable[..., SignRequest] = SignRequest
_OPTION_NAMES = frozenset(OF_LINKS)


def _refuse_options_of_a_store(names: Iterable[str]) -> None:
    """Say where the options of a store go, to who gives them to a link or misspells them."""
    for name in names:
        if name in _OPTION_NAMES or not isinstance(name, str):
            continue
        known = (*_OF_A_STORE, *_OF_A_FILESYSTEM)
        near = nearest(name, known, cutoff=0.8)
        if near and (inside := _OF_A_FILESYSTEM.get(near)):
            msg = f"no option is named {shown(name)}: the filesystem takes {inside} in storage_options"
            raise UnknownOptionError(msg, option=name)
        if near:
            msg = (
                f"no option is named {shown(name)}: {near} is given to the Store, "
                "or to a function on a whole path"
            )
            raise UnknownOptionError(msg, option=name)


def make_request(options: Mapping[str, Any]) -> SignRequest:
    """Make a request of keywords; the same one again for the same keywords.

    Raises:
        InvalidRequestError: naming the option that is wrong, or unknown and what is near to it.

    """
    for value in options.values():  # any() would make a generator of it, for every link
        # The second 2:30 of an autumn night compares equal to the first.
        if isinstance(value, datetime) and value.fold:
            return _made(options)
    try:
        return _same_request(**options)
    except DaypassError:
        raise
    except Exception:  # noqa: BLE001 - an option that is not hashable, such as metadata, or that is none
        return _made(options)


def make_reading(options: Mapping[str, Any], *, allow_dot_segments: bool = False) -> SignRequest:
    """Make the request by which an object's metadata are read.

    Args:
        options: the keywords.
        allow_dot_segments: what the link was signed with, beside which they are read.

    Raises:
        InvalidRequestError: naming the option that is wrong, or unknown and what is near to it.

    """
    refuse_unknown(options, OF_READING)
    return make_request({**options, "method": "HEAD", "allow_dot_segments": allow_dot_segments})


def for_reading(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return, of a link's keywords, those by which the object's metadata are to be read too."""
    return {name: options[name] for name in OF_READING if name in options}


def _made(options: Mapping[str, Any]) -> SignRequest:
    if not _OPTION_NAMES.issuperset(options):
        _refuse_options_of_a_store(options)
        refuse_unknown(options, _OPTION_NAMES)
    return _make(**options)


@lru_cache(maxsize=128, typed=True)  # typed: True is no 1, and 1.0 no 1
def _same_request(**options: Any) -> SignRequest:
    """Make a request once for many keys: requests are immutable, and checking one takes time."""
    return _make(**options)
