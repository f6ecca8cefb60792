"""``ProjectOptions``: what a profile of a project's file may say of a store, which nobody asked for that file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from daypass.model.paths import ParsedPath

__all__ = ["ProjectOptions"]

#: A word that leads nowhere, whatever a filesystem makes of it: no host, no path, no URL.
_WORD = re.compile(r"[A-Za-z0-9._-]{0,255}", re.ASCII)


def _elsewhere(_: ParsedPath) -> bool:
    """Take every path for one that leads to a host of its own."""
    return True


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


def _ways(ways: Iterable[Iterable[str]]) -> tuple[frozenset[str], ...]:
    return tuple(map(frozenset, ways))


@attrs.frozen(kw_only=True)
class ProjectOptions:
    """Which options a profile of a project's ``daypass.toml`` may have, by what they can do.

    Such a file is found by itself, with a project that somebody else wrote. What it says must not send
    the user's own credentials to another host, nor read a secret of the user's. So every option that is
    named in none of these is refused there, and a backend that declares nothing is not opened for it.

    Options are those of ``storage_options``, and behind ``signer_options.`` those of ``signer_options``;
    dotted where they are nested (``client_kwargs.region_name``). The name of a table is all in it.

    Example::

        ProjectOptions(
            plain=("region",), hosts=("endpoint_url",),
            secrets={"key": is_text, "secret": is_text}, credentials=(("key", "secret"),),
            leads_elsewhere=lambda path: False,
        )

    """

    #: What leads nowhere else, with numbers, switches and plain words alone for values.
    plain: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    #: What moves the host, or says whom to trust: only beside credentials of the same file.
    hosts: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    #: What holds a credential, and how to tell that a value is one, and no name of where the user has one.
    secrets: Mapping[str, Callable[[Any], bool]] = attrs.field(factory=dict)
    #: The options that are whole credentials together, in any of these ways; anonymous is one.
    credentials: tuple[frozenset[str], ...] = attrs.field(default=(), converter=_ways)
    #: Variables from which the filesystem adds credentials to those that it is given.
    environment: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    #: Tells whether the path names a host itself, other than the provider's own.
    leads_elsewhere: Callable[[ParsedPath], bool] = _elsewhere

    def is_plain(self, name: str, value: object) -> bool:
        """Tell whether an option leads nowhere else with this value."""
        if not _in(name, self.plain):
            return False
        values = value if isinstance(value, list) else [value]
        return all(
            _WORD.fullmatch(one) if isinstance(one, str) else not isinstance(one, (list, Mapping))
            for one in values
        )

    def is_host(self, name: str) -> bool:
        """Tell whether an option moves the host or the trust."""
        return _in(name, self.hosts)

    def is_credential(self, name: str, value: object) -> bool:
        """Tell whether an option holds a credential itself."""
        holds = self.secrets.get(name)
        return holds is not None and holds(value)


def _in(name: str, names: frozenset[str]) -> bool:
    """Tell whether an option, or a table that it is in, is among some."""
    while name not in names:
        name, dot, _ = name.rpartition(".")
        if not dot:
            return False
    return True
