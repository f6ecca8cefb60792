"""The face that users hold: ``Store``, and the functions on whole paths."""

from __future__ import annotations

from daypass.store.store import Store

__all__ = ["Store"]
