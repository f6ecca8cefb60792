"""Cards for notebooks, drawn by an installed distribution: found and loaded when the first one is shown."""

from __future__ import annotations

from daypass.backends.discovery import choose, load, may_load, source
from daypass.backends.loading import registry
from daypass.errors import PluginError

__all__ = ["GROUP", "draw"]

#: The group of entry points with one name, ``cards``: the value is a module with a function ``card``.
GROUP = "daypass.cards"


def draw(result: object) -> str | None:
    """Return a result's card as HTML; None where nobody draws it, or nobody may.

    A distribution's function ``card`` takes the result, and returns HTML, or None for what it does not know.

    Raises:
        BackendConflictError: if several distributions draw cards, and no setting chooses.
        PluginError: if the module is broken.

    """
    claimants = [entry for entry in registry.claims(GROUP).get("cards", ()) if may_load(entry)]
    if not claimants:
        return None
    entry = choose("cards", claimants)
    card = getattr(load(entry), "card", None)
    answer = card(result) if callable(card) else ""
    if answer is None or (isinstance(answer, str) and answer):
        return answer
    msg = f"plugin {entry.value} of {source(entry)} has no function card that returns HTML or None: give its module one"
    raise PluginError(msg, plugin=entry.value)
