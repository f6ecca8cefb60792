"""``FormRequest``: what an upload form shall permit. It validates itself and names no place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Self, TypedDict

import attrs

from daypass import fields
from daypass.conditions import Conditional
from daypass.durations import Duration
from daypass.errors import InvalidExpiryError, InvalidRequestError
from daypass.requests import RESTRICTING, SignRequest, refuse_unknown

__all__ = ["FILENAME", "AnyRequest", "FormOptions", "FormRequest", "make_form_request"]

#: At the end of a key, the store puts the chosen file's name in its place.
FILENAME = "${filename}"

#: Options that need the backend's help.
_CONDITIONS = (
    "content_type",
    "content_type_prefix",
    "content_md5",
    "checksum_sha256",
    "content_length",
    "min_bytes",
    "max_bytes",
    "if_absent",
    "metadata",
    "acl",
    "headers",
    "success_status",
    "success_redirect",
    "signing_time",
)
#: Of them, those that ``strict=False`` can waive.
WAIVABLE = RESTRICTING | {"content_type", "content_type_prefix", "min_bytes"}


class FormOptions(TypedDict, total=False):
    """The keywords of every ``create_upload_form``: the fields of `FormRequest`, one for one."""

    expires_in: Duration | None
    expires_at: datetime | None
    content_type: str | None
    content_type_prefix: str | None
    content_md5: str | bytes | None
    checksum_sha256: str | bytes | None
    content_length: int | None
    min_bytes: int | None
    max_bytes: int | None
    if_absent: bool
    metadata: Mapping[str, str] | None
    acl: str | None
    headers: Mapping[str, str] | None
    success_status: int | None
    success_redirect: str | None
    strict: bool
    on_short: Literal["warn", "raise"]
    allow_dot_segments: bool
    signing_time: datetime | None


@attrs.frozen(kw_only=True, slots=False, field_transformer=fields.with_checks)
class FormRequest(Conditional):
    """What an upload form shall permit, checked on creation and reusable for any number of keys.

    >>> FormRequest(expires_in="15m", content_type_prefix="image/", max_bytes=5_000_000).size_range
    (0, 5000000)

    Args:
        expires_in: lifetime in whole seconds, a timedelta, or text such as ``"1h30m"``. Without
            it: 15 minutes.
        expires_at: the end as an aware datetime, instead of ``expires_in``.
        content_type: the media type that the upload must declare; the form declares it.
        content_type_prefix: what the media type that the sender declares must begin with.
        content_md5: MD5 of the upload: base64 of 16 bytes, or the 16 bytes.
        checksum_sha256: SHA-256 of the upload: base64 of 32 bytes, or the 32 bytes.
        content_length: the exact size of the file in bytes.
        min_bytes: the smallest file in bytes.
        max_bytes: the largest file in bytes.
        if_absent: only create; never replace an object that exists.
        metadata: user metadata of the upload; ASCII, names fold to lower case.
        acl: a canned ACL of the uploaded object.
        headers: further headers of the upload, such as ``Cache-Control``, as fields of the form.
        success_status: what a successful upload is answered with: 200, 201 or 204.
        success_redirect: the http(s) URL that the browser goes to after a successful upload; the
            store appends bucket, key and ETag to its query.
        strict: with False, restrictions that the backend cannot enforce are named in
            ``UploadForm.unenforced`` instead of being refused.
        on_short: ``"warn"`` or ``"raise"`` when the form would end before what was asked.
        allow_dot_segments: let keys hold a ``.`` or ``..`` segment.
        signing_time: the clock; an aware datetime in place of "now" in every comparison.

    Raises:
        InvalidRequestError: naming the option that is wrong and what would be right.

    """

    expires_in: int | None = None
    expires_at: datetime | None = None
    content_type: str | None = None
    content_type_prefix: str | None = None
    content_md5: str | None = None
    checksum_sha256: str | None = None
    content_length: int | None = None
    min_bytes: int | None = None
    max_bytes: int | None = None
    if_absent: bool = False
    metadata: dict[str, str] | None = None
    acl: str | None = None
    headers: dict[str, str] | None = attrs.field(default=None, repr=fields.names_only)
    success_status: int | None = None
    success_redirect: str | None = None
    strict: bool = True
    on_short: Literal["warn", "raise"] = "warn"
    allow_dot_segments: bool = False
    signing_time: datetime | None = None

    #: What links can be asked for and forms cannot, for code that reads either kind of request.
    starts_at: ClassVar[None] = None
    stable_for: ClassVar[None] = None
    ip_range: ClassVar[None] = None

    #: The names of the options that need a backend's help, worked out once.
    conditions: frozenset[str] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the options against each other."""
        own = self.__dict__
        self._find_conditions(_CONDITIONS)
        for one, other, option in (
            ("expires_in", "expires_at", "expires_at"),
            ("content_type", "content_type_prefix", "content_type_prefix"),
            ("success_status", "success_redirect", "success_redirect"),
        ):
            if own[one] is not None and own[other] is not None:
                kind = InvalidExpiryError if one == "expires_in" else InvalidRequestError
                msg = f"give {one} or {other}, not both"
                raise kind(msg, option=option)
        self._check_sizes()
        self._check_placeholders()

    @property
    def method(self) -> str:
        """The HTTP method of every form."""
        return "POST"

    @property
    def size_range(self) -> tuple[int, int] | None:
        """The smallest and the largest file in bytes; None where any size is good."""
        if self.content_length is not None:
            return self.content_length, self.content_length
        if self.min_bytes is None and self.max_bytes is None:
            return None
        # Above what any store takes, where only the smallest was asked: five TiB.
        return self.min_bytes or 0, 5 * 2**40 if self.max_bytes is None else self.max_bytes

    def _check_sizes(self) -> None:
        for name in ("min_bytes", "max_bytes"):
            if self.content_length is not None and self.__dict__[name] is not None:
                msg = f"content_length is the exact size: leave out {name}"
                raise InvalidRequestError(msg, option=name)
        smallest, largest = self.size_range or (0, 0)
        if smallest > largest:
            msg = f"min_bytes {smallest} is above max_bytes {largest}"
            raise InvalidRequestError(msg, option="min_bytes")

    def _check_placeholders(self) -> None:
        """Refuse ``${filename}`` in a value: the store would put a name in its place."""
        texts: dict[str, Iterable[str | None]] = {
            name: [self.__dict__[name]]
            for name in ("content_type", "content_type_prefix", "acl", "success_redirect")
        }
        texts["metadata"] = [*(self.metadata or {}).values()]
        texts["headers"] = [*(self.headers or {}).values()]
        for name, values in texts.items():
            if any(FILENAME in value for value in values if value is not None):
                msg = f"{name} holds {FILENAME}, which the store replaces by the file's name: it may only end a key"
                raise InvalidRequestError(msg, option=name)

    def resolve(self, now: datetime) -> Self:
        """Fix the clock: a copy whose signing_time, expires_in and expires_at are all set.

        Args:
            now: what the clock says, aware; ``signing_time`` outranks it.

        Raises:
            InvalidExpiryError: if the end is not after the start, or beyond the year 9999.

        """
        span = SignRequest(
            method="PUT",
            expires_in=self.expires_in,
            expires_at=self.expires_at,
            signing_time=self.signing_time,
        ).resolve(now)
        return self._copy(
            signing_time=span.signing_time, expires_in=span.expires_in, expires_at=span.expires_at
        )


#: What may be signed: a link or a form.
AnyRequest = SignRequest | FormRequest

#: A request's options convert what they are given, so it takes more types than its fields have.
_make: Callable[..., FormRequest] = FormRequest
_OPTION_NAMES = frozenset(FormOptions.__annotations__)


def make_form_request(options: Mapping[str, Any]) -> FormRequest:
    """Make a request of keywords.

    Raises:
        InvalidRequestError: naming the option that is wrong, or unknown and what is near to it.

    """
    if not _OPTION_NAMES.issuperset(options):
        refuse_unknown(options, _OPTION_NAMES, what="option of an upload form")
    return _make(**options)
