"""``Configured``: what a section of the configuration puts in force, made once for as long as it says the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from daypass.base.process import follow_forks
from daypass.config import Config, Section, load

__all__ = ["Configured"]

Thing = TypeVar("Thing")


class Configured(Generic[Thing]):
    """What is made of one section; nothing where no file has it.

    Args:
        section: finds the section in the configuration.
        make: makes of it what is in force.
    """

    def __init__(
        self,
        section: Callable[[Config], Section | None],
        make: Callable[[Section], list[Thing]],
    ) -> None:
        self._section = section
        self._make = make
        self.after_fork()
        follow_forks(self)
        self._config: Config | None = None
        self._of: Section | None = None
        self._made: list[Thing] = []

    def __call__(self, config: Config) -> list[Thing]:
        """Return what a configuration, as `load` has just returned it, puts in force.

        Raises:
            ConfigError: for what is wrong with the section: then nothing is signed.

        """
        if config is not self._config:
            with self._lock:
                # Another thread may have gone on to a newer one: what that puts in force stays.
                config = load()
                if config is self._config:
                    return self._made
                section = self._section(config)
                if section != self._of:  # counts and open files are kept where it says the same
                    self._made = [] if section is None else self._make(section)
                    self._of = section
                self._config = config
                return self._made
        return self._made

    def after_fork(self) -> None:
        """Begin with a lock that no thread of the parent holds."""
        self._lock = threading.Lock()
