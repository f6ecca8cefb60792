"""What signers are built of: a request in the provider's words, and what is made once and kept."""

from __future__ import annotations

from typing import Self

import attrs

__all__ = ["Shape"]


@attrs.frozen
class Shape:
    """Headers and query of one request; requests of one outline share a template.

    >>> Shape({"Content-Type": "text/csv"}).below("2026/").outline
    (('content-type',), ('prefix',))
    """

    #: As they are to be sent.
    headers: dict[str, str] = attrs.field(factory=dict, repr=lambda headers: repr(list(headers)))
    #: Query parameters, not encoded.
    query: dict[str, str] = attrs.field(factory=dict)

    @property
    def outline(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What decides on the template: the names, not the values."""
        return tuple(name.lower() for name in self.headers), tuple(self.query)

    @property
    def values(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a template is filled in with."""
        return tuple(self.headers.values()), tuple(self.query.values())

    def below(self, prefix: str) -> Self:
        """Return the shape of a listing of the keys that begin with ``prefix``."""
        return attrs.evolve(self, query={**self.query, "prefix": prefix})
