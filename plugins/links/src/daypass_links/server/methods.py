"""What is told of a request's method: anybody can make some up, and what is counted by them would never end."""

from __future__ import annotations

__all__ = ["method_of"]

_METHODS = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))


def method_of(said: str) -> str:
    """Return a method as it is told: itself, or ``"_OTHER"`` (as OpenTelemetry says) where nobody knows it."""
    return said if said in _METHODS else "_OTHER"
