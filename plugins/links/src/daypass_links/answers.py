"""What the service answers, checked as it is read: ``Link``, ``LinkEvent``, ``Suspension``, ``Upload``, ``Usage`` and ``Page``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Generic, TypeVar

import attrs
from attrs.validators import deep_iterable, deep_mapping, instance_of, optional

from daypass.base.secrets import MASK
from daypass.base.times import moment, rfc3339
from daypass.errors import StoreError
from daypass.hookspecs.parts import UploadedPart
from daypass.model.links import SignedURL
from daypass.model.metadata import ObjectMetadata

__all__ = [
    "Link",
    "LinkEvent",
    "Page",
    "Suspension",
    "Upload",
    "Usage",
    "UsageRow",
    "event_of",
    "link_of",
    "made_of",
    "page_of",
    "signed_of",
    "suspension_of",
    "upload_of",
    "usage_of",
]

_Item = TypeVar("_Item")
_Told = TypeVar(
    "_Told",
    "Link",
    "LinkEvent",
    "Suspension",
    "Upload",
    "Usage",
    "UsageRow",
    "_Part",
    "_Stored",
    "_Signed",
)

_text = instance_of(str)
_moment = instance_of(datetime)
_words = deep_iterable(_text, instance_of(frozenset))


def _set(words: Any) -> Any:
    """Make a set of a list; one text alone would be read letter by letter, and stays for the validator to refuse."""
    return frozenset(words) if isinstance(words, list) else words


def _row(words: Any) -> Any:
    """Make a tuple of a list, and of nothing else, as `_set` does a set."""
    return tuple(words) if isinstance(words, list) else words


def _read_moment(value: datetime | str | None) -> Any:
    """Read a moment of JSON; what is none stays, for the validator to refuse."""
    return value if value is None or isinstance(value, datetime) else moment(value) or value


def _read_day(value: date | str | None) -> Any:
    """Read a day of JSON, as `_read_moment` does a moment."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _masked(url: str | None) -> str | None:
    """Leave out the token, at the end of the path."""
    return None if url is None else f"{url.rstrip('/').rpartition('/')[0]}/{MASK}"


@attrs.frozen(kw_only=True)
class Link:
    """A link of the service, as it stands. Its repr masks the URL, which is as good as the object.

    Moments are aware and in UTC.
    """

    #: By which it is shown, revoked and looked up; it opens nothing.
    link_id: str = attrs.field(validator=_text)
    #: The URL itself, which the service tells once: None of a link that was looked up, unless it has ``show_again``.
    url: str | None = attrs.field(
        default=None, validator=optional(_text), repr=lambda url: repr(_masked(url))
    )
    #: The path that it opens; of a prefix it ends in a slash, or is the bucket.
    path: str = attrs.field(validator=_text)
    #: ``"alive"``, ``"not_yet"``, ``"ended"``, ``"used_up"``, ``"revoked"`` or ``"suspended"``.
    state: str = attrs.field(validator=_text)
    #: Who made it, and by whose right it works.
    owner: str = attrs.field(validator=_text)
    #: The methods that it was made for.
    methods: frozenset[str] = attrs.field(converter=_set, validator=_words)
    #: The methods that it really allows.
    permits: frozenset[str] = attrs.field(converter=_set, validator=_words)
    #: What its holder must send.
    headers: dict[str, str] = attrs.field(
        validator=deep_mapping(_text, _text, instance_of(dict)),
        repr=lambda headers: repr(dict.fromkeys(headers, MASK)),
        hash=False,
    )
    #: When it begins to work; None for at once.
    starts_at: datetime | None = attrs.field(
        default=None, converter=_read_moment, validator=optional(_moment)
    )
    #: When it ends.
    expires_at: datetime = attrs.field(converter=_read_moment, validator=_moment)
    #: ``"requested"``, or a sentence on why it ends before what was asked.
    expires_because: str = attrs.field(validator=_text)
    #: Options that were asked for, and that neither the service nor the store enforces.
    unenforced: frozenset[str] = attrs.field(converter=_set, validator=_words)
    #: How often it has been used.
    uses: int = attrs.field(validator=instance_of(int))
    #: How often it may be used; None for any number.
    max_uses: int | None = attrs.field(default=None, validator=optional(instance_of(int)))
    #: A word to find and revoke links by.
    label: str | None = attrs.field(default=None, validator=optional(_text))
    #: A remark.
    note: str | None = attrs.field(default=None, validator=optional(_text))
    #: When it was made.
    created_at: datetime = attrs.field(converter=_read_moment, validator=_moment)
    #: The addresses that it works from; None for any.
    ip_range: str | None = attrs.field(default=None, validator=optional(_text))
    #: Whether it works by https alone.
    https_only: bool = attrs.field(default=False, validator=instance_of(bool))
    #: Hosts of the web pages that may use it; None for any page, and none.
    referrers: tuple[str, ...] | None = attrs.field(
        default=None,
        converter=_row,
        validator=optional(deep_iterable(_text, instance_of(tuple))),
    )
    #: What its page tells whoever gets it.
    message: str | None = attrs.field(default=None, validator=optional(_text))
    #: Whether its page shows the beginning of what it opens.
    preview: bool = attrs.field(default=False, validator=instance_of(bool))
    #: Whether it asks for a password.
    has_password: bool = attrs.field(default=False, validator=instance_of(bool))

    #: What may be sent to it, where it is an inbox: ``max_bytes`` of each file, None for any, and ``content_types``, a list
    #: that is empty for any.
    inbox: dict[str, Any] | None = attrs.field(
        default=None, validator=optional(instance_of(dict)), hash=False
    )

    @property
    def page(self) -> str | None:
        """The address of its page, for people, which is as good as `url`; None where that is."""
        if self.url is None:
            return None
        if self.inbox is not None:
            return self.url
        place, _, token = self.url.rstrip("/").rpartition("/l/")
        return f"{place}/p/{token}"

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values for JSON: sets as sorted lists, moments as ISO 8601 in UTC.

        Args:
            reveal: give the URL and the headers whole; without it, what opens something is masked.

        """
        plain = {name: _plain(value) for name, value in attrs.asdict(self, recurse=False).items()}
        if not reveal:
            plain["url"] = _masked(self.url)
            plain["headers"] = dict.fromkeys(self.headers, MASK)
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


@attrs.frozen(kw_only=True)
class LinkEvent:
    """What happened to a link."""

    #: ``"mint"``, ``"use"``, ``"refuse"``, ``"hold"``, ``"fail"``, ``"extend"``, ``"revoke"``, ``"suspend"`` or ``"lift"``.
    kind: str = attrs.field(validator=_text)
    #: When (aware, UTC).
    time: datetime = attrs.field(converter=_read_moment, validator=_moment)
    #: Who did it, as far as the service knows; None of a holder, who is nobody.
    principal: str | None = attrs.field(default=None, validator=optional(_text))


@attrs.frozen(kw_only=True)
class Suspension:
    """A link that leads nowhere, or a caller who makes nothing, until somebody lifts it: one of both."""

    #: The link.
    link_id: str | None = attrs.field(default=None, validator=optional(_text))
    #: The caller.
    owner: str | None = attrs.field(default=None, validator=optional(_text))
    #: What was unusual: ``"mints"``, ``"uses"`` or ``"refusals"``.
    what: str = attrs.field(validator=_text)
    #: Since when (aware, UTC).
    since: datetime = attrs.field(converter=_read_moment, validator=_moment)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: _plain(value) for name, value in attrs.asdict(self).items()}


@attrs.frozen(kw_only=True)
class UsageRow:
    """How often a link, all links of an owner or to a path, or all on a day in UTC, were used: what was not asked for is None."""

    #: The link.
    link_id: str | None = attrs.field(default=None, validator=optional(_text))
    #: What is opened.
    path: str | None = attrs.field(default=None, validator=optional(_text))
    #: Who made it.
    owner: str | None = attrs.field(default=None, validator=optional(_text))
    #: The day.
    day: date | None = attrs.field(
        default=None, converter=_read_day, validator=optional(instance_of(date))
    )
    #: How often a link led somewhere.
    uses: int = attrs.field(validator=instance_of(int))
    #: When last (aware, UTC).
    last_used_at: datetime = attrs.field(converter=_read_moment, validator=_moment)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, of what was asked for."""
        said = attrs.asdict(self, filter=lambda _, value: value is not None)
        return {name: _plain(value) for name, value in said.items()}


@attrs.frozen(kw_only=True)
class Usage:
    """How often links were used, added up."""

    #: The first day, in UTC.
    since: date = attrs.field(converter=_read_day, validator=instance_of(date))
    #: The last day.
    until: date = attrs.field(converter=_read_day, validator=instance_of(date))
    #: How often in all, of what is in no row too.
    uses: int = attrs.field(validator=instance_of(int))
    #: The most used first; by day the oldest first.
    items: tuple[UsageRow, ...] = attrs.field(
        validator=deep_iterable(instance_of(UsageRow), instance_of(tuple))
    )

    def __iter__(self) -> Iterator[UsageRow]:
        """Yield the rows."""
        return iter(self.items)


@attrs.frozen(kw_only=True)
class Upload:
    """An upload in parts that has begun."""

    #: By which whoever began it goes on with it; it opens nothing.
    upload_id: str = attrs.field(validator=_text)
    #: The path of the object.
    path: str = attrs.field(validator=_text)
    #: Size of the object in bytes.
    size: int = attrs.field(validator=instance_of(int))
    #: Size of each part in bytes; the last may be smaller.
    part_size: int = attrs.field(validator=instance_of(int))
    #: How many parts there are.
    part_count: int = attrs.field(validator=instance_of(int))
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str] = attrs.field(converter=_set, validator=_words)
    #: The parts that the store has, in order; of an upload that was just begun, none.
    parts: tuple[UploadedPart, ...] = attrs.field(
        default=(), validator=deep_iterable(instance_of(UploadedPart), instance_of(tuple))
    )


@attrs.frozen(kw_only=True)
class _Part:
    number: int = attrs.field(validator=instance_of(int))
    size: int | None = attrs.field(default=None, validator=optional(instance_of(int)))
    etag: str | None = attrs.field(default=None, validator=optional(_text))


@attrs.frozen(kw_only=True)
class _Signed:
    number: int = attrs.field(validator=instance_of(int))
    url: str = attrs.field(validator=_text)
    method: str = attrs.field(validator=_text)
    headers: dict[str, str] = attrs.field(validator=deep_mapping(_text, _text, instance_of(dict)))
    expires_at: datetime = attrs.field(converter=_read_moment, validator=_moment)
    expires_because: str = attrs.field(validator=_text)
    permits: frozenset[str] = attrs.field(converter=_set, validator=_words)
    unenforced: frozenset[str] = attrs.field(converter=_set, validator=_words)
    path: str = attrs.field(validator=_text)
    backend: str = attrs.field(validator=_text)


@attrs.frozen(kw_only=True)
class _Stored:
    path: str = attrs.field(validator=_text)
    key: str = attrs.field(validator=_text)
    etag: str | None = attrs.field(default=None, validator=optional(_text))
    version: str | None = attrs.field(default=None, validator=optional(_text))


@attrs.frozen
class Page(Generic[_Item]):
    """A page of a list."""

    #: What is on it, in the list's order.
    items: tuple[_Item, ...]
    #: What to ask for the next one with; None of the last.
    next: str | None

    def __iter__(self) -> Iterator[_Item]:
        """Yield the items."""
        return iter(self.items)


def link_of(answer: object, address: str) -> Link:
    """Read a link.

    Args:
        answer: what JSON held.
        address: of the service, for messages.

    Raises:
        StoreError: if it is none.

    """
    return _read(Link, answer, address)


def event_of(answer: object, address: str) -> LinkEvent:
    """Read an event of a link, as `link_of` reads a link."""
    return _read(LinkEvent, answer, address)


def suspension_of(answer: object, address: str) -> Suspension:
    """Read a suspension, as `link_of` reads a link."""
    return _read(Suspension, answer, address)


def usage_of(answer: object, address: str) -> Usage:
    """Read how often links were used, as `link_of` reads a link."""
    if not isinstance(answer, Mapping):
        raise _strange(address, "an object")
    items = tuple(_read(UsageRow, one, address) for one in _listed(answer.get("items"), address))
    return _read(Usage, {**answer, "items": items}, address)


def upload_of(answer: object, address: str) -> Upload:
    """Read an upload in parts, as `link_of` reads a link."""
    if not isinstance(answer, Mapping) or answer.get("parts") is None:
        return _read(Upload, answer, address)
    found = tuple(
        UploadedPart(**attrs.asdict(_read(_Part, part, address)))
        for part in _listed(answer["parts"], address)
    )
    return _read(Upload, {**answer, "parts": found}, address)


def signed_of(answer: object, address: str) -> dict[int, SignedURL]:
    """Read the links of parts by their numbers, as `link_of` reads a link."""
    parts = answer.get("parts") if isinstance(answer, Mapping) else None
    found = {}
    for part in _listed(parts, address):
        said = attrs.asdict(_read(_Signed, part, address))
        number = said.pop("number")
        found[number] = SignedURL(**said)
    return found


def made_of(answer: object, address: str) -> ObjectMetadata:
    """Read what a store says of an object that was made of its parts, as `link_of` reads a link."""
    return ObjectMetadata(**attrs.asdict(_read(_Stored, answer, address)))


def page_of(answer: object, address: str, item: Callable[[object, str], _Item]) -> Page[_Item]:
    """Read a page of a list, each item by a reader of its own.

    Raises:
        StoreError: if it is none.

    """
    items = _listed(answer.get("items") if isinstance(answer, Mapping) else None, address)
    after = answer["next"] if isinstance(answer, Mapping) and "next" in answer else None
    if after is not None and not isinstance(after, str):
        raise _strange(address, "what the next page begins with")
    return Page(tuple(item(one, address) for one in items), after)


def _listed(items: object, address: str) -> list[object]:
    if not isinstance(items, list):
        raise _strange(address, "a list of items")
    return items


def _read(kind: type[_Told], answer: object, address: str) -> _Told:
    """Make an attrs class of an object of JSON; what it does not know, a newer service says."""
    if not isinstance(answer, Mapping):
        raise _strange(address, "an object")
    known = [field.name for field in attrs.fields(kind) if field.name in answer]
    try:
        return kind(**{name: answer[name] for name in known})
    except (TypeError, ValueError):  # whose words hold the values
        raise _strange(address, f"a {kind.__name__.lstrip('_')} that is whole") from None


def _strange(address: str, what: str) -> StoreError:
    return StoreError(f"{address} answered without {what}: is it a links service?")
