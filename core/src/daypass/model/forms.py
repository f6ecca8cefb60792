"""``FormRequest``, what an upload form shall permit, and ``UploadForm``, the form that comes back."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

import attrs

from daypass.base.media_types import guessed
from daypass.base.messages import refuse_unknown
from daypass.base.secrets import MASK
from daypass.base.times import in_utc, rfc3339
from daypass.base.tracebacks import made_discreetly
from daypass.errors import InvalidExpiryError, InvalidRequestError
from daypass.model.cards import link_card
from daypass.model.conditional import Conditional, with_checks
from daypass.model.options import FORM_CONDITIONS, OF_FORMS
from daypass.model.requests import SignRequest

__all__ = [
    "FILENAME",
    "AnyRequest",
    "FormRequest",
    "UploadForm",
    "make_form_request",
]

#: At the end of a key, the store puts the chosen file's name in its place.
FILENAME = "${filename}"


@made_discreetly
@attrs.frozen(kw_only=True, slots=False, field_transformer=with_checks)
class FormRequest(Conditional):
    """What an upload form shall permit, checked on creation and reusable for any number of keys.

    >>> FormRequest(expires_in="15m", content_type_prefix="image/", max_bytes=5_000_000).size_range
    (0, 5000000)

    Args:
        expires_in: lifetime in whole seconds, a timedelta, or text such as ``"1h30m"``. Without
            it: 15 minutes.
        expires_at: the end as an aware datetime, instead of ``expires_in``.
        content_type: the media type that the upload must declare; the form declares it.
        content_type_prefix: what the media type that the sender declares must begin with, such as
            ``"image/"``; ``""`` lets it declare any. With neither, the upload declares none.
        content_md5: MD5 of the upload: base64 of 16 bytes, or the 16 bytes.
        checksum_sha256: SHA-256 of the upload: base64 of 32 bytes, or the 32 bytes.
        content_length: the exact size of the file in bytes.
        min_bytes: the smallest file in bytes.
        max_bytes: the largest file in bytes.
        if_absent: only create; never replace an object that exists.
        metadata: user metadata of the upload; ASCII, names fold to lower case.
        acl: a canned ACL of the uploaded object.
        storage_class: the storage class of the uploaded object, in the store's own word.
        tags: tags of the uploaded object, by name: at most ten, a name of up to 128 characters and a value
            of up to 256.
        kms_key: the key of the store's own key service that encrypts the uploaded object, as the store names it.
        encryption_key: a key of 32 bytes, or its base64, that encrypts the object and is kept nowhere: it is secret,
            and stands in the form's fields and in its policy, so whoever gets the page has it.
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
    storage_class: str | None = None
    tags: dict[str, str] | None = None
    kms_key: str | None = None
    encryption_key: str | bytes | None = None
    headers: dict[str, str] | None = None
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
        self._find_conditions(FORM_CONDITIONS)
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
            for name in (
                "content_type",
                "content_type_prefix",
                "acl",
                "storage_class",
                "kms_key",
                "success_redirect",
            )
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
_OPTION_NAMES = frozenset(OF_FORMS)


def make_form_request(options: Mapping[str, Any]) -> FormRequest:
    """Make a request of keywords.

    Raises:
        InvalidRequestError: naming the option that is wrong, or unknown and what is near to it.

    """
    if not _OPTION_NAMES.issuperset(options):
        refuse_unknown(options, _OPTION_NAMES, what="option of an upload form")
    return _make(**options)


#: Fields that make the form work, and a customer's own encryption key.
_SECRET_FIELD = re.compile(
    r"policy|.*signature|.*(?:credential|token)|.*(?:customer|encryption)-key(?!-sha256|-md5|-id)",
    re.IGNORECASE,
)
#: The type of a file of which nothing is known (RFC 2046, section 4.5.1).
_ANY_BYTES = "application/octet-stream"
#: What fills the field in once a file is chosen; the attribute works where scripts do.
_DECLARE = (
    "var f = this.form.elements[{name}], t = this.files[0] &amp;&amp; this.files[0].type; "
    "if (t) f.value = t"
)


def is_secret_field(name: str) -> bool:
    """Tell whether a field makes the form work, or holds a key."""
    return _SECRET_FIELD.fullmatch(name) is not None


def masked_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields without what makes the form work."""
    return {name: MASK if is_secret_field(name) else value for name, value in fields.items()}


def mask_fields(fields: Mapping[str, str]) -> str:
    """Show the fields without what makes the form work."""
    return repr(masked_fields(fields))


@attrs.frozen
class UploadForm:
    """A temporary form: its fields, and all that its holder must know.

    Its repr masks the signature, so that a notebook or a log does not hand out access.
    """

    #: Where the form is sent to: the bucket's URL. Without the fields it opens nothing.
    url: str
    #: The fields to send before the file, which comes last, as ``multipart/form-data``.
    fields: dict[str, str] = attrs.field(repr=mask_fields, hash=False)
    #: Fields whose value the sender chooses, and what it must begin with: ``Content-Type`` with
    #: ``content_type_prefix``, and ``key`` where it ends in ``${filename}``.
    starts_with: dict[str, str] = attrs.field(hash=False)
    #: When it really ends (aware, UTC): the earlier of request and credential.
    expires_at: datetime
    #: ``"requested"``, or a sentence on why the form ends or may end earlier.
    expires_because: str
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str]
    #: The path it was made for.
    path: str
    #: The backend that made it.
    backend: str

    @property
    def method(self) -> str:
        """The HTTP method of the form."""
        return "POST"

    @property
    def permits(self) -> frozenset[str]:
        """The methods that the form really allows."""
        return frozenset({"POST"})

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values for JSON: sets as sorted lists, moments as ISO 8601 in UTC.

        Args:
            reveal: give the fields whole; without it, what makes the form work is masked.

        """
        return {
            "url": self.url,
            "method": self.method,
            "fields": dict(self.fields) if reveal else masked_fields(self.fields),
            "starts_with": dict(self.starts_with),
            "expires_at": rfc3339(self.expires_at),
            "expires_because": self.expires_because,
            "unenforced": sorted(self.unenforced),
            "path": self.path,
            "backend": self.backend,
        }

    def html(self) -> str:
        """Return the form as HTML, to be put into any page.

        It is written in ASCII and sends UTF-8 whatever the page's encoding is. Where the sender
        declares the media type, the browser's guess is filled in by an inline script; a page whose
        Content-Security-Policy forbids those must fill the field in itself.
        """
        attributes = 'method="post" enctype="multipart/form-data" accept-charset="utf-8"'
        lines = [f'<form action="{html.escape(self.url)}" {attributes}>']
        for name, value in {**self.fields, **self._open()}.items():
            lines.append(
                f'  <input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            )
        declare = "".join(
            f' onchange="{_DECLARE.format(name=html.escape(json.dumps(name)))}"'
            for name in self._open()
        )
        lines += [
            f'  <input type="file" name="file" required{declare}>',
            '  <button type="submit">Upload</button>',
            "</form>",
        ]
        return "\n".join(lines).encode("ascii", "xmlcharrefreplace").decode()

    def curl(self, file: str, *, content_type: str | None = None) -> str:
        """Return a shell command that uploads a file by the form.

        Args:
            file: the file to upload.
            content_type: its media type, where the form leaves it to the sender; by default it is
                guessed from the file's name.

        Raises:
            InvalidRequestError: if the media type does not begin with what the form asks for.

        """
        words = ["curl", "--fail"]
        if set("[]{}").intersection(self.url + file):
            words.append("--globoff")
        for name, value in self.fields_with(file, content_type=content_type).items():
            words += ["--form-string", f"{name}={value}"]
        name = file.replace("\\", "\\\\").replace('"', '\\"')
        return shlex.join([*words, "--form", f'file=@"{name}"', self.url])

    def fields_with(self, file: str, *, content_type: str | None = None) -> dict[str, str]:
        """Return all fields to send before a file, those too that the form leaves to the sender.

        Args:
            file: its name.
            content_type: its media type; by default it is guessed from the name, and
                ``application/octet-stream`` where that does not tell.

        Raises:
            InvalidRequestError: if the media type does not begin with what the form asks for.

        """
        declared = dict.fromkeys(self._open(), content_type or guessed(file)[0] or _ANY_BYTES)
        for name, value in declared.items():
            if not value.startswith(self.starts_with[name]):
                msg = f"{name} must begin with {self.starts_with[name]!r}, and {value!r} does not: give content_type="
                raise InvalidRequestError(msg, option="content_type")
        return {**self.fields, **declared}

    def _open(self) -> dict[str, str]:
        """Return the fields that the form does not fill in, with what they must begin with."""
        return {name: value for name, value in self.starts_with.items() if name not in self.fields}

    def _repr_html_(self) -> str:
        """Render a card for notebooks, signature masked."""
        rows = {
            "form": f"POST {self.url}",
            "key": self.fields.get("key", ""),
            "ends": f"{in_utc(self.expires_at)} ({self.expires_because})",
        }
        return link_card(self, rows, self.unenforced)
