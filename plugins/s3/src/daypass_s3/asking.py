"""What the filesystem is asked, in its own event loop and in one time, and why it has no credentials to ask with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from threading import Event
from typing import Any

import attrs
from botocore.exceptions import BotoCoreError

from daypass.errors import DaypassError, StoreError
from daypass.model.locations import Location
from daypass.toolkit.deadlines import Deadline, check_may_wait
from daypass_s3.credentials import given
from daypass_s3.programs import Programs, programs_of
from daypass_s3.sdk import answer_in
from daypass_s3.settings import Settings, settings_of
from daypass_s3.sources import ASKING, failed, is_of_source


def check_settings(location: Location) -> None:
    """Refuse what signing refuses before it asks anybody: an endpoint that is none, and keys that nobody gives out."""
    settings = settings_of(location)
    settings.check()
    if not settings.anonymous:
        given(settings)


def ask(fs: Any, deadline: Deadline, call: Callable[[], Awaitable[Any]]) -> Any:
    """Return what a call of the filesystem's answers; a source of credentials that fails is told as signing tells it.

    Args:
        fs: an s3fs filesystem with a loop of its own.
        deadline: of all of it.
        call: makes the call; the filesystem's client is there by then.

    Raises:
        CredentialsError: if its credentials cannot be had.
        DeadlineError: if they do not come in time.
        FSTimeoutError: if the answer does not.
        Exception: whatever s3fs raises.

    """
    from fsspec.asyn import sync  # not for who signs: all of fsspec comes with it
    from fsspec.exceptions import FSTimeoutError

    check_may_wait(ASKING)
    begun = Event()

    async def run() -> Any:
        """Ask in the loop, once the filesystem has its client."""
        _programs_of(fs)
        await fs.set_session()
        begun.set()
        return await call()

    try:
        return sync(fs.loop, run, timeout=max(deadline.left, 0.001))  # 0 is none for fsspec
    except FSTimeoutError:
        if not begun.is_set():
            raise deadline.error(ASKING) from None
        raise
    except KeyboardInterrupt:
        if (programs := _programs_of(fs)) is not None:
            programs.end()
        raise
    except Exception as error:
        if answer_in(error) is None and is_of_source(error):
            raise failed(error, fs.session) from None  # which no store has seen
        raise


def _programs_of(fs: Any) -> Programs | None:
    """Return what the filesystem's session runs for credentials; None where keys were given, or none are used."""
    if fs.anon or fs.key is not None or fs.secret is not None:
        return None
    if fs.session is None:
        from aiobotocore.session import AioSession

        fs.session = AioSession(**fs.kwargs)  # as s3fs makes it, with its first client
    return programs_of(fs.session, in_loop=True)


def with_region(settings: Settings, location: Location, deadline: Deadline) -> Settings:
    """Let the filesystem find the bucket's region, where it was made with ``cache_regions``."""
    if not settings.cache_regions or settings.region or settings.endpoint:
        return settings
    from fsspec.exceptions import FSTimeoutError

    fs: Any = location.fs
    try:
        client = ask(fs, deadline, partial(fs.get_s3, location.bucket))
    except DaypassError:
        raise
    except FSTimeoutError as error:
        what = f"looking for the region of bucket {location.bucket}"
        raise deadline.error(what) from error
    except (OSError, BotoCoreError) as error:
        msg = f"cache_regions could not find the region of bucket {location.bucket}: name it as client_kwargs region_name"
        raise StoreError(msg) from error
    return attrs.evolve(
        settings, client_kwargs={**settings.client_kwargs, "region_name": client.meta.region_name}
    )
