"""The options of a link, one at a time: what kind each is, and what its value must be."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import index
from typing import Any, ClassVar, Self

import attrs

from daypass.base.messages import shown
from daypass.base.times import Duration, seconds, utc
from daypass.errors import InvalidRequestError
from daypass.model.headers import check_headers, check_metadata, check_text

__all__ = [
    "CONDITIONS",
    "DEFAULT_LIFETIMES",
    "DESCRIBING",
    "DOWNLOAD_ONLY",
    "METHODS",
    "RESTRICTING",
    "UPLOAD_ONLY",
    "Conditional",
    "addresses",
    "choice",
    "count",
    "duration",
    "filename",
    "flag",
    "headers",
    "md5",
    "metadata",
    "moment",
    "names_only",
    "reaction",
    "redirect",
    "sha256",
    "status",
    "text",
    "with_checks",
    "word",
]

#: How long a link lives where the caller says nothing, in seconds.
DEFAULT_LIFETIMES = {"GET": 3600, "HEAD": 3600, "LIST": 3600, "PUT": 900, "DELETE": 300}

#: The methods a link can be for.
METHODS = tuple(DEFAULT_LIFETIMES)

UPLOAD_ONLY = (
    "content_type",
    "content_md5",
    "add_content_md5_metadata",
    "content_length",
    "max_bytes",
    "if_absent",
    "checksum_sha256",
    "metadata",
    "acl",
)
DOWNLOAD_ONLY = (
    "filename",
    "inline",
    "response_content_type",
    "response_content_disposition",
    "response_content_encoding",
    "response_content_language",
    "response_cache_control",
    "response_expires",
)

#: Options that restrict the holder: enforced by the backend or refused.
RESTRICTING = frozenset(
    {
        "starts_at",
        "content_md5",
        "content_length",
        "max_bytes",
        "if_absent",
        "checksum_sha256",
        "ip_range",
        "https_only",
    }
)
#: Options that describe the object: where a backend cannot enforce them it still returns them in
#: ``headers`` and names them in ``unenforced``.
DESCRIBING = frozenset({"content_type", "metadata", "add_content_md5_metadata"})
#: Options that shape the answer or the request: a backend has them or refuses them.
_SHAPING = frozenset(
    {
        "acl",
        "requester_pays",
        "headers",
        "signing_time",
        "stable_for",
        *DOWNLOAD_ONLY,
    }
)
#: Every option that a link carries out, or a backend refuses.
CONDITIONS = RESTRICTING | DESCRIBING | _SHAPING


def digest(value: str | bytes | None, option: str, size: int, name: str) -> str | None:
    """Return a digest in base64, or raise naming the base64 that was meant."""
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _raw_digest(value, option, size, name)
    if not isinstance(value, str):
        msg = f"{option} must be bytes or base64 text, not {type(value).__name__}"
        raise InvalidRequestError(msg, option=option)
    value = str.__str__(value)  # an exact str: a subclass may write itself in its own way
    if len(value) == 2 * size and " " not in value:
        try:
            right = b64encode(bytes.fromhex(value)).decode()
        except ValueError:
            pass
        else:
            msg = f"{option} is a hex digest, but HTTP wants base64: use {right!r}"
            raise InvalidRequestError(msg, option=option)
    try:
        raw = b64decode(value, validate=True)
    except (Base64Error, ValueError):
        raw = b""
    if len(raw) != size or b64encode(raw).decode() != value:
        msg = f"{option} must be the base64 of the {size} bytes of a {name}, or the raw bytes"
        raise InvalidRequestError(msg, option=option)
    return value


def _raw_digest(value: bytes | bytearray | memoryview, option: str, size: int, name: str) -> str:
    try:
        raw = bytes(value)
    except ValueError:  # a memoryview that has been released
        raw = b""
    if len(raw) == size:
        return b64encode(raw).decode()
    msg = f"{option} must be the {size} raw bytes of a {name} or their base64, not {len(raw)} bytes"
    raise InvalidRequestError(msg, option=option)


def md5(value: str | bytes | None, option: str) -> str | None:
    """Return an MD5 in base64."""
    return digest(value, option, 16, "MD5")


def sha256(value: str | bytes | None, option: str) -> str | None:
    """Return a SHA-256 in base64."""
    return digest(value, option, 32, "SHA-256")


def count(value: int | None, option: str) -> int | None:
    """Return a number of bytes."""
    if value is None:
        return None
    try:
        number = -1 if isinstance(value, bool) else index(value)
    except Exception:  # noqa: BLE001 - whatever a stranger's __index__ raises
        number = -1
    if not 0 <= number < 2**63:
        msg = f"{option} must be a number of bytes from 0 to 2**63-1"
        raise InvalidRequestError(msg, option=option)
    return number


def flag(value: bool, option: str) -> bool:
    """Return a true or false that is nothing else; None would pass for a False nobody said."""
    if not isinstance(value, bool):
        msg = f"{option} must be True or False, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return value


def choice(value: bool | None, option: str) -> bool | None:
    """Return a true or false, or None where the caller does not say."""
    return None if value is None else flag(value, option)


def text(value: str | None, option: str) -> str | None:
    """Return text that can travel in a header."""
    if value is None:
        return None
    value = check_text(value, option)
    if not value:
        msg = f"{option} is empty: leave it out instead"
        raise InvalidRequestError(msg, option=option)
    return value


#: A network by the number of its bits: neither a netmask nor the zone of one machine.
_CIDR = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}")


def addresses(value: str | None, option: str) -> str | None:
    """Return one address, the first and the last of a range, or a network, as it was written."""
    value = text(value, option)
    if value is None or _are_addresses(value):
        return value
    msg = f"{option} must be an address, first-last, or a network such as 198.51.100.0/24 or 2001:db8::/32, not {shown(value)}"
    raise InvalidRequestError(msg, option=option)


def _are_addresses(value: str) -> bool:
    """Tell whether all of it is of one kind, and a network has no host bits: stores differ on the rest."""
    from ipaddress import ip_address, ip_network  # not needed by most links

    first, dash, last = value.partition("-")
    try:
        if "/" in value:
            ip_network(value)
            return _CIDR.fullmatch(value) is not None
        low, high = ip_address(first), ip_address(last if dash else first)
    except ValueError:
        return False
    return "%" not in value and low.version == high.version and int(low) <= int(high)


def word(value: str, option: str) -> str:
    """Return one of the words that `SignRequest` compares with its own."""
    if not isinstance(value, str):
        msg = f"{option} must be text, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return str.__str__(value)


def reaction(value: str, option: str) -> str:
    """Return what happens where a link would end early."""
    value = word(value, option)
    if value not in ("warn", "raise"):
        msg = f"{option} must be 'warn' or 'raise', not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return value


def filename(value: str | None, option: str) -> str | None:
    """Return the name to save under; `attachment` judges its characters."""
    return None if value is None else word(value, option)


def moment(value: datetime | None, option: str) -> datetime | None:
    """Return an aware datetime in UTC."""
    return None if value is None else utc(value, option)


def duration(value: Duration | None, option: str) -> int | None:
    """Return whole seconds."""
    return None if value is None else seconds(value, option)


#: An http(s) URL without user info and fragment, in the characters of RFC 3986.
_REDIRECT = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!$%&-;=?@A-Z_a-z~]*)?"
)
#: What stores answer a successful form with.
_STATUSES = (200, 201, 204)


def redirect(value: str | None, option: str) -> str | None:
    """Return where a browser goes after an upload."""
    value = text(value, option)
    if value is not None and not _REDIRECT.fullmatch(value):
        msg = f"{option} must be an http(s) URL without user info and fragment, percent-encoded, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return value


def status(value: int | None, option: str) -> int | None:
    """Return the status that a successful form is answered with."""
    if value is not None and (type(value) is not int or value not in _STATUSES):
        found = value if type(value) is int and abs(value) < 10**9 else shown(value)
        msg = f"{option} must be 200, 201 or 204, which stores can answer with, not {found}"
        raise InvalidRequestError(msg, option=option)
    return value


def headers(value: Mapping[str, str] | None, option: str) -> dict[str, str] | None:
    """Return a checked copy of the headers; none at all ask for nothing."""
    return None if value is None else check_headers(value, option) or None


def metadata(value: Mapping[str, str] | None, option: str) -> dict[str, str] | None:
    """Return a checked copy of the metadata; none at all asks for nothing."""
    return None if value is None else check_metadata(value, option) or None


def names_only(headers: Mapping[str, str] | None) -> str:
    """Show header names without values: one of them may be an encryption key."""
    return "None" if headers is None else repr(dict.fromkeys(headers, "****"))


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "method": word,
    "on_short": reaction,
    "filename": filename,
    "expires_in": duration,
    "expires_at": moment,
    "starts_at": moment,
    "content_type": text,
    "content_type_prefix": text,
    "content_md5": md5,
    "add_content_md5_metadata": flag,
    "content_length": count,
    "min_bytes": count,
    "max_bytes": count,
    "if_absent": flag,
    "checksum_sha256": sha256,
    "metadata": metadata,
    "acl": text,
    "requester_pays": flag,
    "headers": headers,
    "success_status": status,
    "success_redirect": redirect,
    "inline": flag,
    "response_content_type": text,
    "response_content_disposition": text,
    "response_content_encoding": text,
    "response_content_language": text,
    "response_cache_control": text,
    "response_expires": moment,
    "ip_range": addresses,
    "https_only": choice,
    "strict": flag,
    "allow_dot_segments": flag,
    "signing_time": moment,
    "stable_for": duration,
}


def with_checks(_cls: type, found: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Give each option of a request its check (attrs calls this as it makes the class)."""

    def converter(name: str) -> Callable[[Any], Any] | None:
        check = _CHECKS.get(name)
        return None if check is None else lambda value: check(value, name)

    return [field.evolve(converter=converter(field.name)) for field in found]


class Conditional:
    """The part of `SignRequest` and `FormRequest` that knows what is asked for.

    Copies are made of the ``__dict__``, which is five times cheaper than ``attrs.evolve``; so its
    classes have no slots.
    """

    signing_time: datetime | None
    conditions: frozenset[str]
    __attrs_attrs__: ClassVar[Any]  # both are attrs classes

    def _find_conditions(self, names: Iterable[str]) -> frozenset[str]:
        """Keep, and return, which of the options are asked for."""
        own = self.__dict__
        used = frozenset(
            name for name in names if (value := own[name]) is not None and value is not False
        )
        object.__setattr__(self, "conditions", used)
        return used

    def until(self, end: datetime) -> Self:
        """Return a copy of a resolved request that ends earlier.

        Args:
            end: aware, UTC, after the signing time.

        """
        assert self.signing_time is not None  # noqa: S101 - resolve() has set it
        lifetime = int((end - self.signing_time).total_seconds())
        return self._copy(expires_in=lifetime, expires_at=end)

    def without(self, names: Iterable[str]) -> Self:
        """Return a copy that no longer asks for these conditions."""
        defaults = {field.name: field.default for field in attrs.fields(type(self))}
        gone = frozenset(names)
        return self._copy(
            **{name: defaults[name] for name in gone}, conditions=self.conditions - gone
        )

    def _copy(self, **changes: object) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(changes)
        return copy
