"""``Configured``: what a section of the configuration puts in force, made once for as long as it says the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from daypass.base.process import follow_forks
from daypass.config import Config, Section, load

__all__ = ["Configured"]

Thing = TypeVar("Thing")
#: The configuration that was looked at last.
_seen: list[Config] = []


class Configured(Generic[Thing]):
    """What is made of one section; nothing where no file has it.

    Args:
        section: finds the section in the configuration.
        make: makes of it what is in force.
        settled: take the configuration that was looked at last, instead of looking whether it is
            another one now: for what comes second on the way of every link.

    """

    def __init__(
        self,
        section: Callable[[Config], Section | None],
        make: Callable[[Section], list[Thing]],
        *,
        settled: bool = False,
    ) -> None:
        self._section = section
        self._settled = settled
        self._make = make
        self.after_fork()
        follow_forks(self)
        self._config: Config | None = None
        self._of: Section | None = None
        self._made: list[Thing] = []

    def __call__(self) -> list[Thing]:
        """Return what is in force.

        Raises:
            ConfigError: if the configuration cannot be read: then nothing is signed.

        """
        if self._settled and _seen:
            config = _seen[0]
        else:
            config = load()
            if not _seen or _seen[0] is not config:
                _seen[:] = [config]
        if config is not self._config:
            with self._lock:
                section = self._section(config)
                if section != self._of:  # counts and open files are kept where it says the same
                    self._made = [] if section is None else self._make(section)
                    self._of = section
                self._config = config
        return self._made

    def after_fork(self) -> None:
        """Begin with a lock that no thread of the parent holds."""
        self._lock = threading.Lock()
