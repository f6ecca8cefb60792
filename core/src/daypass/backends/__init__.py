"""Who answers for a path: the backends and signers that are installed, and the one way to call them."""

from __future__ import annotations

from daypass.backends.loading import Registry, registry

__all__ = ["Registry", "registry"]
