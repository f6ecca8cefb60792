"""``daypass serve check``: everything that the service needs, tried without serving."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import attrs

import daypass
from daypass import config
from daypass.audit.from_config import audits_of
from daypass.errors import AccessDeniedError, ConfigError, DaypassError
from daypass.policy.from_config import policy_of
from daypass.policy.in_force import policies
from daypass_links.server import settings
from daypass_links.server.database.engine import used
from daypass_links.server.database.schema import is_current, is_new
from daypass_links.server.keyset import KeySet
from daypass_links.server.notices.mail import Mailer
from daypass_links.server.quotas import redis_counter
from daypass_links.server.settings import Settings

__all__ = ["Finding", "check"]

#: An object that nobody has: whether the store answers is all that is asked.
_NOBODYS = "daypass-serve-check"
_NOT_YET = "not there yet: daypass serve makes it"


@attrs.frozen
class Finding:
    """What was tried, and what is wrong with it; None where nothing is."""

    what: str
    wrong: str | None = None
    #: What there is to say where nothing is wrong.
    right: str = "ok"


def check() -> Iterator[Finding]:
    """Try the configuration, the databases, the keys, who counts quotas, the mail server, and whether the store of each root can be reached."""
    faults = _faults()
    if faults:
        yield from (Finding("configuration", fault) for fault in faults)
        return
    told = settings.load()
    yield Finding("configuration")
    yield _tried("database", lambda: _database(told))
    yield _tried("keys", lambda: _keys(told))
    yield _tried("quotas", lambda: _quotas(told))
    mailer = None if told.notices is None else Mailer.of(told.notices)
    if mailer is not None:
        yield _tried("mail", mailer.reach)
    for path in dict.fromkeys(root.path for root in told.roots):
        yield _tried(f"store of {path}", lambda path=path: _reach(path))  # type: ignore[misc]


def _faults() -> list[str]:
    """Make all that the configuration describes, and return what cannot be made."""
    _, loaded, faults = config.check()
    if loaded is None:
        return [str(fault) for fault in faults]
    trials: list[tuple[str, Callable[[], object]]] = [("", settings.load)]
    trials += [
        (f"[profiles.{name}] ", partial(daypass.Store, f"daypass://{name}"))
        for name in loaded.profiles
    ]
    if loaded.policy is not None:
        trials.append(("", partial(policy_of, loaded.policy)))
    if loaded.audit is not None:
        trials.append(("", partial(audits_of, loaded.audit)))
    found = []
    for where, trial in trials:
        try:
            trial()
        except DaypassError as error:
            found += [f"{where}{one}" for one in (error, *getattr(error, "others", ()))]
    return found


def _tried(what: str, trial: Callable[[], str | None]) -> Finding:
    try:
        return Finding(what, right=trial() or "ok")
    except (DaypassError, OSError) as error:
        return Finding(what, str(error))


def _database(told: Settings) -> str | None:
    if told.server.file is not None and not told.server.is_there:
        return _to_be_made(told.server.file)
    with used(*told.server.databases) as databases:
        if is_new(databases):
            return _NOT_YET
        if not is_current(databases):
            msg = "it is of another version of daypass-links: run daypass serve db upgrade"
            raise ConfigError(msg)
    return None


def _keys(told: Settings) -> str | None:
    if not told.server.keys.exists():
        return _to_be_made(told.server.keys)
    KeySet.read(told.server.keys)
    return None


def _to_be_made(file: Path) -> str:
    """Say that a file is not there yet, where the nearest directory that is there lets it be made."""
    nearest = next(parent for parent in file.absolute().parents if parent.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        msg = f"{file} is not there and cannot be made: {nearest} is no directory that this user may write"
        raise ConfigError(msg)
    return _NOT_YET


def _quotas(told: Settings) -> None:
    if told.server.redis is not None:
        counter = redis_counter(told.server.redis)
        try:
            counter.ping()
        finally:
            counter.close()
    elif told.server.workers > 1 and any(enforcer.counts for enforcer in policies()):
        msg = f"{told.server.workers} processes serve, and each counts quotas of the policy for itself: name a Redis as redis of [server]"
        raise ConfigError(msg)


def _reach(path: str) -> None:
    try:
        daypass.Store(path).head_metadata(_NOBODYS, missing_ok=True)
    except AccessDeniedError:
        return  # it has answered; what the credential may, each root's links show
