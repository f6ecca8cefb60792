"""``Notifier``: looks each minute which links are about to end, in a thread that no request waits for, and tells of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from threading import Event, Thread
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from daypass.errors import AuditError, DaypassError, DeadlineError, StoreError
from daypass_links.server.alerts.destinations import destination
from daypass_links.server.alerts.signatures import secret_of
from daypass_links.server.alerts.webhook import told_once
from daypass_links.server.database.engine import Databases
from daypass_links.server.events.writer import Writer
from daypass_links.server.languages.words import WORDS
from daypass_links.server.links.uses import count
from daypass_links.server.moments import told
from daypass_links.server.notices.due import (
    LEASE,
    MAIL,
    WEBHOOK,
    Due,
    claim,
    due,
    failed,
    sent,
)
from daypass_links.server.notices.mail import Mailer
from daypass_links.server.notices.texts import subject_of, text_of
from daypass_links.server.settings import Notices

__all__ = ["Notifier"]

_log = structlog.get_logger("daypass.links")

#: How often it is looked, in seconds, and of how many links at once.
_EVERY, _AT_ONCE = 60.0, 500
#: So many links are in one mail.
_IN_A_MAIL = 50


class Notifier:
    """Tells of links that are about to end. Several processes may look: each notice is sent by whoever begins it first.

    Args:
        databases: both.
        events: where it is put on record what was sent, and what could not be.
        notices: who is told, and when.
        url: what addresses of the service begin with.
        clock: the time in seconds since the epoch.

    """

    def __init__(
        self,
        databases: Databases,
        events: Writer,
        notices: Notices,
        url: str,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._databases, self._events, self._notices = databases, events, notices
        self._url, self._clock = url, clock
        self._ways: dict[str, Callable[[list[Due]], None]] = {}
        if notices.webhook is not None and notices.webhook_secret is not None:
            self._place = destination(notices.webhook, may_be_private=notices.webhook_private)
            self._key = secret_of(notices.webhook_secret)
            self._ways[WEBHOOK] = self._by_webhook
        mailer = Mailer.of(notices)
        if mailer is not None:
            self._mailer = mailer
            self._ways[MAIL] = self._by_mail
        self._over = Event()
        self._thread = Thread(target=self._work, name="daypass-notices", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Send what is due, unless somebody does."""
        for recipient, tell in self._ways.items():
            self._send(recipient, tell)

    def close(self) -> None:
        """End; what is left another process sends, or this one when it has started again."""
        self._over.set()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while not self._over.wait(_EVERY):
            try:
                self.look()
            except SQLAlchemyError as error:
                _log.warning("nobody looked for links that end", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - the next look may do
                _log.error("notices failed", error=type(error).__name__)

    def _send(self, recipient: str, tell: Callable[[list[Due]], None]) -> None:
        for together in self._due(recipient):
            if self._over.is_set():
                return
            now = int(self._clock())
            with self._databases.main.begin() as connection:
                ours = [one for one in together if claim(connection, one, now)]
            # Whoever was stopped in between leaves it to another process, which may soon begin it again.
            if not ours or self._clock() >= now + LEASE / 2:
                continue
            why = None
            try:
                tell(ours)
            except DaypassError as error:
                why = error
            now = int(self._clock())
            for_good = why is not None and not isinstance(why, (StoreError, DeadlineError))
            with self._databases.main.begin() as connection:
                for one in ours:
                    if why is None:
                        sent(connection, one, now)
                    else:
                        failed(connection, one, now, for_good=for_good)
            for one in ours:
                self._note(one, why)
            if why is not None and not for_good:
                return  # the others wait for the next look, and not each for its time-out

    def _due(self, recipient: str) -> list[list[Due]]:
        """Return what is to be told together: to a webhook each link, to a person all of theirs."""
        now = int(self._clock())
        with self._databases.reading_main.connect() as connection:
            found = due(
                connection,
                recipient,
                self._notices.before,
                now,
                known=self._notices.addresses,
                most=_AT_ONCE,
            )
        found = self._open(found, now)
        if recipient == WEBHOOK:
            return [[one] for one in found]
        theirs: dict[str, list[Due]] = {}
        for one in found:
            theirs.setdefault(one.owner, []).append(one)
        return [
            some[first : first + _IN_A_MAIL]
            for some in theirs.values()
            for first in range(0, len(some), _IN_A_MAIL)
        ]

    def _open(self, found: list[Due], now: int) -> list[Due]:
        """Return those that can still be used: of the others nothing is told, and nobody looks again."""
        limited = {one.link_id: one.max_uses for one in found if one.max_uses is not None}
        if not limited:
            return found
        with self._databases.reading_events.connect() as connection:
            uses = count(connection, limited)
        over = {one for one, most in limited.items() if uses.get(one, 0) >= most}
        if over:
            with self._databases.main.begin() as connection:
                for one in found:
                    if one.link_id in over and claim(connection, one, now):
                        sent(connection, one, now)
        return [one for one in found if one.link_id not in over]

    def _by_webhook(self, found: list[Due]) -> None:
        (one,) = found
        now = int(self._clock())
        said = {
            "type": "notice",
            "time": told(now),
            "link_id": one.link_id,
            "principal": one.owner,
            "path": one.path,
            "label": one.label,
            "ends_at": told(one.ends_at),
            "before": one.before,
            "page": f"{self._url}/ui/links/{one.link_id}",
        }
        told_once(self._place, self._key, now, f"msg_{_name(found)}", json.dumps(said).encode())

    def _by_mail(self, found: list[Due]) -> None:
        now = int(self._clock())
        to = self._notices.addresses.get(found[0].owner) or found[0].email or ""
        say = WORDS[self._notices.language]
        subject, text = subject_of(found, say), text_of(found, say, self._url, now)
        self._mailer.deliver(to, subject, text, language=say.language, name=_name(found), now=now)

    def _note(self, one: Due, why: DaypassError | None) -> None:
        said: dict[str, Any] = {"of": one.owner, "by": one.recipient, "ends_at": one.ends_at}
        if why is not None:
            said["why"] = str(why)
            _log.warning("a notice was not sent", link_id=one.link_id, **said)
        try:
            self._events.note("notice" if why is None else "unsent", link_id=one.link_id, **said)
        except AuditError as error:
            _log.warning("a notice could not be written down", why=str(error))


def _name(found: list[Due]) -> str:
    """Return a name that is the same when the same is sent again, by which whoever is told knows that they have been."""
    said = [f"{one.link_id} {one.ends_at} {one.before} {one.recipient}" for one in found]
    return sha256("\n".join(said).encode()).hexdigest()[:32]
