"""``Checkpointer``: a checkpoint each minute, while the service runs, and one at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from daypass.errors import ConfigError
from daypass_links.server.events.checkpoints import checkpoint
from daypass_links.server.keyset import KeySet

__all__ = ["Checkpointer"]

_log = structlog.get_logger("daypass.links")


class Checkpointer:
    """Makes checkpoints in a thread. Several processes may: whoever comes second has nothing to add.

    Args:
        engine: of the database of events.
        file: with the key that signs, read anew each time: it may have been rotated.
        every: seconds between two.
        clock: the time in seconds since the epoch.

    """

    def __init__(
        self, engine: Engine, file: Path, *, every: float, clock: Callable[[], float]
    ) -> None:
        self._engine, self._file, self._clock = engine, file, clock
        self._every = every
        self._over = Event()
        self._thread = Thread(target=self._work, name="daypass-checkpoints", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Make the last one, over chains that are closed by then."""
        self._over.set()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        ended = False
        while not ended:
            ended = self._over.wait(self._every)
            try:
                checkpoint(self._engine, KeySet.read(self._file).signing, self._clock())
            # The next one has what this one would have had.
            except (SQLAlchemyError, ConfigError) as error:
                _log.warning("no checkpoint could be made", error=type(error).__name__)
