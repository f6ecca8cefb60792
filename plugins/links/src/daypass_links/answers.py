"""What the service answers, checked as it is read: ``Link``, ``LinkEvent`` and ``Page``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs
from attrs.validators import deep_iterable, deep_mapping, instance_of, optional

from daypass.base.secrets import MASK
from daypass.base.times import moment, rfc3339
from daypass.errors import StoreError

__all__ = ["Link", "LinkEvent", "Page", "event_of", "link_of", "page_of"]

_Item = TypeVar("_Item")
_Told = TypeVar("_Told", "Link", "LinkEvent")

_text = instance_of(str)
_moment = instance_of(datetime)
_words = deep_iterable(_text, instance_of(frozenset))


def _set(words: Any) -> Any:
    """Make a set of a list; one text alone would be read letter by letter, and stays for the validator to refuse."""
    return frozenset(words) if isinstance(words, list) else words


def _read_moment(value: datetime | str | None) -> Any:
    """Read a moment of JSON; what is none stays, for the validator to refuse."""
    return value if value is None or isinstance(value, datetime) else moment(value) or value


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
    #: The URL itself, which the service tells once: None of a link that was looked up.
    url: str | None = attrs.field(
        default=None, validator=optional(_text), repr=lambda url: repr(_masked(url))
    )
    #: The path that it opens; of a prefix it ends in a slash, or is the bucket.
    path: str = attrs.field(validator=_text)
    #: ``"alive"``, ``"not_yet"``, ``"ended"``, ``"used_up"`` or ``"revoked"``.
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
    return sorted(value) if isinstance(value, frozenset) else value


@attrs.frozen(kw_only=True)
class LinkEvent:
    """What happened to a link."""

    #: ``"mint"``, ``"use"``, ``"refuse"``, ``"extend"`` or ``"revoke"``.
    kind: str = attrs.field(validator=_text)
    #: When (aware, UTC).
    time: datetime = attrs.field(converter=_read_moment, validator=_moment)
    #: Who did it, as far as the service knows; None of a holder, who is nobody.
    principal: str | None = attrs.field(default=None, validator=optional(_text))


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


def page_of(answer: object, address: str, item: Callable[[object, str], _Item]) -> Page[_Item]:
    """Read a page of a list, each item by a reader of its own.

    Raises:
        StoreError: if it is none.

    """
    items = answer.get("items") if isinstance(answer, Mapping) else None
    if not isinstance(items, list):
        raise _strange(address, "a list of items")
    after = answer["next"] if isinstance(answer, Mapping) and "next" in answer else None
    if after is not None and not isinstance(after, str):
        raise _strange(address, "what the next page begins with")
    return Page(tuple(item(one, address) for one in items), after)


def _read(kind: type[_Told], answer: object, address: str) -> _Told:
    """Make an attrs class of an object of JSON; what it does not know, a newer service says."""
    if not isinstance(answer, Mapping):
        raise _strange(address, "an object")
    known = [field.name for field in attrs.fields(kind) if field.name in answer]
    try:
        return kind(**{name: answer[name] for name in known})
    except (TypeError, ValueError):  # whose words hold the values
        raise _strange(address, f"a {kind.__name__} that is whole") from None


def _strange(address: str, what: str) -> StoreError:
    return StoreError(f"{address} answered without {what}: is it a links service?")
