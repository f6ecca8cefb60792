"""What `daypass put` is asked of a large file, what came of it, and how the same command is called again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from daypass.base.secrets import check_portable
from daypass.errors import InvalidRequestError
from daypass.model.paths import parse_path
from daypass.model.requests import SignOptions
from daypass.store.store import Store

__all__ = ["Done", "Job"]


@attrs.frozen
class Job:
    """What the command line asks."""

    file: Path
    path: str
    #: Storage options, signer, signer options and caller.
    place: Mapping[str, Any]
    #: What describes the object and its links, as keywords.
    asked: SignOptions
    #: The names of those that the command line gave itself.
    explicit: frozenset[str]
    part_size: int | None
    jobs: int
    resume: bool

    @cached_property
    def store(self) -> tuple[Store, str]:
        """The store, and the key in it."""
        parsed = parse_path(self.path)
        return Store(str(attrs.evolve(parsed, key="")), **self.place), parsed.key

    def command(self, flag: str) -> str:
        """Say how to call this command again; options that hold secrets are named alone."""
        words = ["daypass", "put", flag, str(self.file), self.path]
        rest = ""
        for name, option in (
            ("storage_options", "--storage-option"),
            ("signer_options", "--signer-option"),
        ):
            given = self.place.get(name) or {}
            try:
                check_portable("command", **{name: given})
            except InvalidRequestError:
                rest = f" (with the same {option})"
                continue
            for key, value in given.items():
                text = (
                    value if isinstance(value, str) and not _is_json(value) else json.dumps(value)
                )
                words += [option, f"{key}={text}"]
        if self.place.get("signer") is not None:
            words += ["--signer", str(self.place["signer"])]
        return shlex.join(words) + rest


@attrs.frozen(kw_only=True)
class Done:
    """A file that is there."""

    path: str
    size: int
    parts: int
    content_md5: str
    #: True where the store checked every part against its MD5.
    md5_checked: bool
    etag: str | None
    #: What was compared in the end: ``size`` and ``etag``.
    checked: tuple[str, ...]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
