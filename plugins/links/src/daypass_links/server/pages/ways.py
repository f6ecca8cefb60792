"""The way to a folder, as a page shows it: each step of it leads there."""

from __future__ import annotations

__all__ = ["shortened"]

#: How many steps are shown: what each leads to is named whole, so that all of a long way would be longer than the page.
_STEPS = 8


def shortened(way: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return a way as it is shown, from its names with what each leads to: of a long one its beginning and its end, and between them a step to just before that.

    >>> shortened([("a", "a/"), ("b", "a/b/")])
    [('a', 'a/'), ('b', 'a/b/')]
    >>> [name for name, _ in shortened([(name, name) for name in "abcdefghij"])]
    ['a', '…', 'e', 'f', 'g', 'h', 'i', 'j']
    """
    if len(way) <= _STEPS:
        return way
    return [way[0], ("…", way[-_STEPS + 1][1]), *way[-_STEPS + 2 :]]
