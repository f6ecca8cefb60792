"""How an upload is gone on with, or removed, in the words of the command line: the same command once more."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import click

from daypass.base.secrets import check_portable
from daypass.cli.output import warn
from daypass.errors import DaypassError, InvalidRequestError
from daypass.store.store import Store

__all__ = ["Again"]


@attrs.frozen
class Again:
    """A call of ``daypass put``."""

    file: str
    path: str
    #: Storage options, signer, signer options and caller.
    place: Mapping[str, Any]

    @contextmanager
    def spelled(self) -> Iterator[None]:
        """Say an error's notes as warnings, and all of it with the commands that the library has no word for."""
        try:
            yield
        except BaseException as error:
            for note in getattr(error, "__notes__", ()):
                warn(self._spell(note))
            if isinstance(error, InvalidRequestError) and error.option == "resume":
                raise click.UsageError(self._spell(str(error))) from error
            raise

    def _spell(self, message: str) -> str:
        return message.replace("resume=True", f"`{self._command('--resume')}`").replace(
            "abort_upload", f"`{self._command('--abort')}`"
        )

    def _command(self, flag: str) -> str:
        """Say how to call this command again; options that hold secrets are named alone."""
        words = ["daypass", "put", flag, self.file, self.path]
        rest, own = "", self._secret_options()
        for name, option in (
            ("storage_options", "--storage-option"),
            ("signer_options", "--signer-option"),
        ):
            given = self.place.get(name) or {}
            try:
                check_portable("command", own, **{name: given})
            except InvalidRequestError:
                rest = f" (with the same {option})"
                continue
            for key, value in given.items():
                text = (
                    value if isinstance(value, str) and not _is_json(value) else json.dumps(value)
                )
                words += [option, f"{key}={text}"]
        for name in ("signer", "caller"):
            if self.place.get(name) is not None:
                words += [f"--{name}", str(self.place[name])]
        return shlex.join(words) + rest

    def _secret_options(self) -> frozenset[str]:
        """Name the options that a backend declares to be secrets: all, where nobody can be asked."""
        try:
            return Store(self.path, **self.place).location.secret_options
        except DaypassError:
            groups = (self.place.get("storage_options"), self.place.get("signer_options"))
            return frozenset(name for given in groups for name in given or ())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
