"""The program that ``credential_process`` names, run so that it ends when nobody waits for it any more.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html. The SDK waits for it without end; its own
providers read what it prints, and are told here how to start it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from botocore.credentials import ProcessProvider
from botocore.session import Session

from daypass.base.process import follow_forks


class Programs:
    """Those that run just now for one session, on a thread or in an event loop."""

    def __init__(self) -> None:
        self.after_fork()
        follow_forks(self)

    def after_fork(self) -> None:
        """Begin with none: those of the parent are the parent's to end."""
        self._running: set[_Program] = set()

    def start(self, words: list[str], **pipes: Any) -> _OnThread:
        """Start one, as `subprocess.Popen` does."""
        alone = _can_be_alone()
        process = subprocess.Popen(words, start_new_session=alone, **pipes)  # noqa: S603 - as the SDK does
        return _OnThread(process, self._running, alone=alone)

    async def start_in_loop(self, *words: str, **pipes: Any) -> _InLoop:
        """Start one, as `asyncio.create_subprocess_exec` does."""
        import asyncio

        alone = _can_be_alone()
        process = await asyncio.create_subprocess_exec(*words, start_new_session=alone, **pipes)
        return _InLoop(process, self._running, alone=alone)

    def end(self) -> None:
        """End all that run."""
        for program in tuple(self._running):
            program.end()


class _Program:
    """One that runs, as far as the SDK asks for it."""

    def __init__(self, process: Any, running: set[_Program], *, alone: bool) -> None:
        self._process = process
        self._running = running
        self._alone = alone
        running.add(self)

    @property
    def returncode(self) -> int | None:
        """What it has ended with."""
        code: int | None = self._process.returncode
        return code

    def end(self) -> None:
        """End it, and where it has a session of its own, all that it has started too."""
        with suppress(ProcessLookupError):  # it has ended by itself
            if self._alone:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()


class _OnThread(_Program):
    def communicate(self) -> tuple[bytes, bytes]:
        """Wait for what it prints."""
        try:
            printed: tuple[bytes, bytes] = self._process.communicate()
        finally:
            self._running.discard(self)
        return printed


class _InLoop(_Program):
    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for what it prints; who is cancelled waits no more."""
        try:
            printed: tuple[bytes, bytes] = await self._process.communicate()
        except BaseException:
            self.end()
            raise
        finally:
            self._running.discard(self)
        return printed


def _can_be_alone() -> bool:
    """Tell whether a program may have a session of its own: not where it could ask for a code on the terminal."""
    if not hasattr(os, "killpg"):
        return False
    try:
        os.close(os.open(os.ctermid(), os.O_RDWR))
    except OSError:
        return True
    return False


_OF_SESSIONS: WeakKeyDictionary[Any, Programs] = WeakKeyDictionary()


def programs_of(session: Any, *, in_loop: bool) -> Programs:
    """Return the programs of a session, which from now on runs its own so that it can be ended.

    Args:
        session: botocore's or aiobotocore's; what only looks like one runs none.
        in_loop: whether it is aiobotocore's.

    """
    if not isinstance(session, Session):
        return Programs()
    programs = _OF_SESSIONS.get(session)
    if programs is None:
        programs = Programs()
        resolver = session.get_component("credential_provider")
        kind: Any = ProcessProvider
        start: Any = programs.start
        if in_loop:
            from aiobotocore.credentials import AioProcessProvider

            kind, start = AioProcessProvider, programs.start_in_loop
        provider = kind(
            profile_name=session.get_config_variable("profile") or "default",
            load_config=lambda: session.full_config,
            popen=start,
        )
        # A session can be given a chain of its own, in which there are none.
        if any(one.METHOD == kind.METHOD for one in getattr(resolver, "providers", ())):
            resolver.insert_before(kind.METHOD, provider)
        _OF_SESSIONS[session] = programs
    return programs
