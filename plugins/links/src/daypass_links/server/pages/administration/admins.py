"""Who may see the pages of administration: whoever has the scope ``admin``, and nobody else."""

from __future__ import annotations

from typing import Any

from daypass_links.server.pages.rendering import Asked
from daypass_links.server.pages.visitors import Visitor, checked, visitor_of
from daypass_links.server.service import Service

__all__ = ["admin_of", "sent_by"]


def admin_of(request: Asked, service: Service) -> Visitor:
    """Return who has signed in.

    Raises:
        SignInError: if nobody has.
        RefusedError: if they are no ``admin``.

    """
    visitor = visitor_of(request, service)
    visitor.caller.check("admin")
    return visitor


def sent_by(request: Asked, service: Service, form: dict[str, Any]) -> Visitor:
    """Return who has sent a form from one of their pages, as `admin_of` does.

    Raises:
        FormError: if it does not come from their session.

    """
    visitor = checked(request, service, form)
    visitor.caller.check("admin")
    return visitor
