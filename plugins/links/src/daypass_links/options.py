"""``signer_options`` of the links service, checked on creation."""

from __future__ import annotations

import attrs

__all__ = ["LinksOptions"]


@attrs.frozen(kw_only=True, repr=False)
class LinksOptions:
    """Where the service is, and who asks."""

    #: The address of the service; without it, ``DAYPASS_LINKS_URL``.
    server: str | None = None
    #: The API key; without it, ``DAYPASS_LINKS_KEY``.
    key: str | None = None
