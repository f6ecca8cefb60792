"""daypass-links: the hooks of a signer whose links lead through a service of your own."""

from __future__ import annotations

from daypass_links.options import LinksOptions

__all__ = ["LinksOptions"]
