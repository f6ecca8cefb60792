"""``Conditional``: what `SignRequest` and `FormRequest` have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

import attrs

from daypass.model.options import OPTIONS, SECRET

__all__ = ["Conditional", "with_checks"]


def with_checks(_cls: type, found: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Give each option of a request its check, and hide what is secret (attrs calls this as it makes the class)."""

    def checked(field: attrs.Attribute[Any]) -> attrs.Attribute[Any]:
        name = field.name
        if name not in OPTIONS:
            return field
        check: Callable[[Any, str], Any] = OPTIONS[name].check
        shown = _names_only if name in SECRET else field.repr
        return field.evolve(converter=lambda value: check(value, name), repr=shown)

    return [checked(field) for field in found]


def _names_only(values: Mapping[str, str] | str | None) -> str:
    """Show names without values, one of which may be an encryption key; of such a key itself nothing."""
    if isinstance(values, Mapping):
        return repr(dict.fromkeys(values, "****"))
    return "None" if values is None else repr("****")


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
