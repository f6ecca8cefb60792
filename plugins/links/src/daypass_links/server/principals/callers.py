"""``Caller``: who asks, and what they may ask."""

from __future__ import annotations

import attrs

from daypass.errors import RefusedError

__all__ = ["Caller"]


@attrs.frozen(kw_only=True)
class Caller:
    """Who asks."""

    #: The name by which policy, audit and links know them.
    principal: str
    groups: frozenset[str]
    #: What they may ask, of `daypass_links.wire.SCOPES`; ``admin`` is all.
    scopes: frozenset[str]
    #: Paths below which they may make links; empty for any.
    prefixes: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        """Whether they may see and revoke what others made."""
        return "admin" in self.scopes

    def check(self, scope: str) -> None:
        """Raise unless they may ask it.

        Raises:
            RefusedError: naming the scope.

        """
        if scope not in self.scopes and not self.is_admin:
            has = ", ".join(sorted(self.scopes)) or "none"
            msg = f"this needs the scope {scope}, and you have {has}: ask for a key that has it"
            raise RefusedError(msg)

    def check_path(self, *spellings: str) -> None:
        """Raise unless a path lies below one of the prefixes.

        Args:
            *spellings: ways to write it; one is enough.

        Raises:
            RefusedError: naming them.

        """
        below = [prefix if prefix.endswith("/") else f"{prefix}/" for prefix in self.prefixes]
        if below and not any(
            path in self.prefixes or path.startswith(tuple(below)) for path in spellings
        ):
            msg = f"the key is for paths below {' or '.join(self.prefixes)} alone"
            raise RefusedError(msg)
