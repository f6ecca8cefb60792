"""What `explain_url` reads of a signed query, whatever the provider; a stranger wrote it."""

from __future__ import annotations

from collections.abc import Collection

from daypass.base.messages import escaped
from daypass.hookspecs.found import FoundURL, decoded

__all__ = ["BINDS", "bound_parameters"]

#: ``Explanation.permits_because`` of a URL whose signature holds the method.
BINDS = "the signature binds one method, and the URL does not name it: verify tells with the key"


def bound_parameters(url: FoundURL, names: Collection[str]) -> dict[str, str]:
    """Return what a query binds beside the signature, for `Explanation.conditions`.

    Args:
        url: the URL.
        names: of parameters to show, beside those that begin with ``response-``.

    """
    found: dict[str, str] = {}
    for raw, value in url.query:
        name = decoded(raw)
        if name.startswith("response-") or name in names:
            found.setdefault(escaped(name, 60), escaped(decoded(value), 200))
    return found
