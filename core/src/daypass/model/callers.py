"""``Caller``: who asks, with the groups that they are in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NoReturn, final

from daypass.base.messages import shown
from daypass.errors import InvalidRequestError

__all__ = ["Caller", "check_caller", "groups_of"]

#: Patterns take longer than in proportion to the text that they are held against, and each is held against each group.
_LONGEST, _MOST_GROUPS = 1024, 1000


@final
class Caller(str):
    """The name of who asks, and the groups that they are in, for rules of a policy that name groups.

    It is the name: equal to it, and given wherever ``caller=`` is. It cannot be changed.

    >>> ann = Caller("ann", groups=["staff", "analysts"])
    >>> ann == "ann", ann.groups
    (True, ('analysts', 'staff'))

    Args:
        name: who asks, in at most 1024 characters.
        groups: names of groups, at most 1000; in what order, and how often each, does not matter.

    Raises:
        InvalidRequestError: for what is no name, or no list of groups.

    """

    __slots__ = ("_groups",)

    _groups: tuple[str, ...]

    def __new__(cls, name: str, *, groups: Collection[str] = ()) -> Caller:
        """Check the name and the groups."""
        made = super().__new__(cls, _name(name))
        object.__setattr__(made, "_groups", _groups(groups))
        return made

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, in order, each once."""
        return self._groups

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: what was let in for some groups would be so for others."""
        msg = "a Caller cannot be changed: make another one"
        raise AttributeError(msg)

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse, for the same reason."""
        self.__setattr__(name, None)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel, and be copied, as name and groups."""
        return _again, (str.__str__(self), self._groups)


def _again(name: str, groups: tuple[str, ...]) -> Caller:
    return Caller(name, groups=groups)


def _name(value: object, what: str = "caller must be text that names who asks") -> str:
    if not isinstance(value, str):
        msg = f"{what}, not {shown(value)}"
        raise InvalidRequestError(msg, option="caller")
    name = str.__str__(value)  # an exact str: a subclass may write itself in its own way
    if len(name) > _LONGEST:
        msg = f"{what} in at most {_LONGEST} characters, not {len(name)}"
        raise InvalidRequestError(msg, option="caller")
    return name


def _groups(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple, set, frozenset)):
        msg = f"groups of a Caller must be a list of texts, not {shown(value)}"
        raise InvalidRequestError(msg, option="caller")
    if len(value) > _MOST_GROUPS:
        msg = f"groups of a Caller must be {_MOST_GROUPS} at most, not {len(value)}: name those that the policy knows"
        raise InvalidRequestError(msg, option="caller")
    return tuple(sorted({_name(group, "groups of a Caller must be texts") for group in value}))


def check_caller(value: object) -> str | None:
    """Return who asks as an exact text, or a `Caller`; None for who does not say.

    Raises:
        InvalidRequestError: for what is no text, or too long.

    """
    return value if value is None or type(value) is Caller else _name(value)


def groups_of(caller: str | None) -> tuple[str, ...]:
    """Return the groups that a caller is in: none of who is a name alone."""
    return caller.groups if type(caller) is Caller else ()
