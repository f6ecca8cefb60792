"""Who answers for a path: the backends and signers that are installed, and the one way to call them."""

from __future__ import annotations

from daypass.backends.cards import draw
from daypass.backends.loading import Registry, registry
from daypass.model.cards import drawn_by

__all__ = ["Registry", "registry"]

drawn_by(draw)
