"""Options as they may be shown: secrets masked, references to them as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daypass.base.secrets import is_secret
from daypass.config.secrets import Secret
from daypass.model.paths import shown_path

__all__ = ["has_plain_secret", "masked"]

_MASK = "****"


def masked(value: Any, name: str = "", own: frozenset[str] = frozenset()) -> Any:
    """Return nested options with every secret replaced by asterisks, and what a backend declares to be one.

    >>> masked({"key": "AKEXAMPLE", "secret": Secret("env", "MAPS"), "token": "made-up"})
    {'key': 'AKEXAMPLE', 'secret': Secret(kind='env', name='MAPS'), 'token': '****'}
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, Mapping):
        return {
            inner: masked(item, _named(inner, name, value, own), own)
            for inner, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item, name, own) for item in value]
    if name == "url" and isinstance(value, str):
        value = shown_path(value)
    return _MASK if is_secret(name, value, own) else value


def has_plain_secret(value: Any, name: str = "", own: frozenset[str] = frozenset()) -> bool:
    """Tell whether nested options hold a secret in plain text, or what a backend declares to be one."""
    if isinstance(value, Mapping):
        if len(value) == 1 and ("env" in value or "file" in value):
            return False  # a reference to one
        return any(
            has_plain_secret(item, _named(inner, name, value, own), own)
            for inner, item in value.items()
        )
    if isinstance(value, list):
        return any(has_plain_secret(item, name, own) for item in value)
    return is_secret(name, value, own)


def _named(inner: object, name: str, table: Mapping[Any, Any], own: frozenset[str]) -> str:
    """Return the name that decides on a value: that of its table, where it says that all is secret."""
    if is_secret(name, table, own):
        return name
    # Beside a secret a key is its ID, as s3fs has it: who reads it can do nothing with it.
    is_id = inner == "key" and "secret" in table and inner not in own
    return "key_id" if is_id else str(inner)
