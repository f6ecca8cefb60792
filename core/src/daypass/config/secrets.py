"""Secrets by reference: where a secret is, said in the configuration; the secret itself, read when used."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from daypass.errors import CredentialsError

__all__ = ["Secret", "referred", "resolved", "secrets_in"]

#: The largest file that a secret is read from, in bytes: a key ring and not a data set.
_LARGEST = 65_536


@attrs.frozen
class Secret:
    """Where a secret is: ``{ env = "NAME" }`` or ``{ file = "path" }``. It never holds the secret.

    >>> Secret("env", "MAPS_SECRET")
    Secret(kind='env', name='MAPS_SECRET')
    """

    kind: Literal["env", "file"]
    #: The variable, or the file's path, made absolute.
    name: str

    def __str__(self) -> str:
        """Return the reference as TOML writes it."""
        return f'{{ {self.kind} = "{self.name}" }}'

    def read(self) -> str:
        """Return the secret.

        Raises:
            CredentialsError: if it is not there, or cannot be read; it names the place alone.

        """
        if self.kind == "env":
            value = os.environ.get(self.name)
            if value is None:
                msg = f"the configuration takes a secret from the environment variable {self.name}, which is not set"
                raise CredentialsError(msg)
            return value
        return self._read_file()

    def _read_file(self) -> str:
        try:
            # A pipe without a writer would be waited for.
            regular = stat.S_ISREG(Path(self.name).stat().st_mode)
            data = b""
            if regular:
                with Path(self.name).open("rb") as file:
                    data = file.read(_LARGEST + 1)
            text = data.decode()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            msg = f"the configuration takes a secret from the file {self.name}, which cannot be read: {why}"
            raise CredentialsError(msg) from None
        if not regular or len(data) > _LARGEST:
            msg = f"the configuration takes a secret from {self.name}, which is no regular file of at most {_LARGEST} bytes"
            raise CredentialsError(msg)
        return text.removesuffix("\n").removesuffix("\r")  # editors and echo end a file with one

    def stamp(self) -> tuple[int, ...] | None:
        """Return what changes when a secret's file does; None where there is nothing to see."""
        if self.kind == "env":
            return None
        try:
            found = os.stat(self.name)  # noqa: PTH116 - for every path of the profile, so without a Path
        except (OSError, ValueError):
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def referred(value: Any, base: Path | None) -> Any:
    """Replace every reference in nested options by a `Secret`.

    Args:
        value: options as TOML gives them.
        base: the directory that relative files are below; None where there is none.

    Raises:
        ValueError: for a reference that names nothing, or a relative file where there is no base.

    """
    if isinstance(value, dict):
        if len(value) == 1 and (kind := next(iter(value))) in ("env", "file"):
            return _reference(kind, value[kind], base)
        if value.keys() == {"env", "file"}:
            msg = "a secret is referred to by env or by file, not both"
            raise ValueError(msg)
        return {name: referred(item, base) for name, item in value.items()}
    if isinstance(value, list):
        return [referred(item, base) for item in value]
    return value


def _reference(kind: Literal["env", "file"], name: object, base: Path | None) -> Secret:
    if not isinstance(name, str) or not name or "\0" in name:
        msg = f"a reference to a secret is {{ {kind} = ... }} with text that names it"
        raise ValueError(msg)
    if kind == "file":
        try:
            path = Path(name).expanduser()
        except RuntimeError:
            msg = "the file of a secret begins with ~, and there is no home directory"
            raise ValueError(msg) from None
        if base is None and not path.is_absolute():
            msg = "the file of a secret is an absolute path where no configuration file says it"
            raise ValueError(msg)
        name = str(path if base is None else base / path)
    return Secret(kind, name)


def resolved(value: Any) -> Any:
    """Return nested options with every secret read.

    Raises:
        CredentialsError: for a secret that is not there.

    """
    if isinstance(value, Secret):
        return value.read()
    if isinstance(value, Mapping):
        return {name: resolved(item) for name, item in value.items()}
    if isinstance(value, list):
        return [resolved(item) for item in value]
    return value


def secrets_in(value: Any) -> Iterator[Secret]:
    """Yield every reference in nested options."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, (Mapping, list)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from secrets_in(item)
