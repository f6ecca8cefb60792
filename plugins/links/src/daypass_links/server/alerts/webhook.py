"""``Webhook``: tells an address of something, signed as Standard Webhooks 1.0.0 says, and again where it was not heard."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from queue import Full, Queue
from threading import Event, Thread
from typing import Any

import structlog
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential,
)

from daypass.errors import DaypassError, DeadlineError, StoreError
from daypass.toolkit.deadlines import Deadline
from daypass_links.server.alerts.destinations import Destination, address_of
from daypass_links.server.alerts.signatures import signature

__all__ = ["Webhook", "told_once"]

_log = structlog.get_logger("daypass.links")

#: How long one try may take; how many there are, and the longest pause between two, in seconds.
_TIMEOUT, _TRIES, _LONGEST_PAUSE = 10.0, 8, 60.0
#: So many wait to be told; more are in the events alone.
_MOST_WAITING = 100
_SUCCESS = range(200, 300)
#: What of 4xx may be otherwise later.
_LATER = (408, 425, 429)


class Webhook:
    """Sends what it is told in a thread.

    Args:
        place: where to.
        key: what signs, by `daypass_links.server.alerts.signatures.secret_of`.
        clock: the time in seconds since the epoch.
        context: whose certificates are taken; those of the system without it.
        first_pause: in seconds; it doubles with each try.

    """

    def __init__(
        self,
        place: Destination,
        key: bytes,
        *,
        clock: Callable[[], float] = time.time,
        context: ssl.SSLContext | None = None,
        first_pause: float = 1.0,
    ) -> None:
        self._place, self._key, self._clock = place, key, clock
        self._context = context
        self._over = Event()
        self._waiting: Queue[dict[str, Any] | None] = Queue(_MOST_WAITING)
        self._again = Retrying(
            retry=retry_if_exception_type((StoreError, DeadlineError)),
            stop=stop_after_attempt(_TRIES) | stop_when_event_set(self._over),
            wait=wait_exponential(first_pause, _LONGEST_PAUSE),
            sleep=sleep_using_event(self._over),
        )
        self._thread = Thread(target=self._work, name="daypass-webhook", daemon=True)
        self._thread.start()

    def tell(self, message: dict[str, Any]) -> None:
        """Have a message sent, unless too many wait."""
        try:
            self._waiting.put_nowait(message)
        except Full:
            _log.warning("the webhook was not told: too many messages wait")

    def close(self) -> None:
        """Give each message that waits one more try, and end."""
        self._over.set()
        try:
            self._waiting.put_nowait(None)
        except Full:
            return
        self._thread.join(timeout=_TIMEOUT)

    def _work(self) -> None:
        while (message := self._waiting.get()) is not None:
            name, body = f"msg_{secrets.token_urlsafe(18)}", json.dumps(message).encode()
            try:
                self._again(self._try, name, body)
            except RetryError as error:
                why = error.last_attempt.exception()
                _log.warning("the webhook was not told", tries=_TRIES, why=str(why))
            except DaypassError as error:  # it would be the same again
                _log.warning("the webhook was not told", why=str(error))
            except Exception as error:  # noqa: BLE001 - the next message may be told
                _log.error("the webhook was not told", error=type(error).__name__)

    def _try(self, name: str, body: bytes) -> None:
        told_once(self._place, self._key, int(self._clock()), name, body, self._context)


def told_once(  # noqa: PLR0917 - what a message is made of
    place: Destination,
    key: bytes,
    now: int,
    name: str,
    body: bytes,
    context: ssl.SSLContext | None = None,
) -> None:
    """Tell a webhook of something, once.

    Args:
        place: where to.
        key: what signs, by `daypass_links.server.alerts.signatures.secret_of`.
        now: the clock, in seconds since the epoch.
        name: of the message, the same with each try.
        body: what it says.
        context: whose certificates are taken; those of the system without it.

    Raises:
        StoreError: if it cannot be told now.
        DeadlineError: if it cannot in time.
        DaypassError: for what would be the same again.

    """
    headers = {
        "content-type": "application/json",
        "user-agent": "daypass-links",
        "webhook-id": name,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(key, name, now, body),
    }
    deadline = Deadline.after(_TIMEOUT)
    status = deadline.run(lambda: _posted(place, context, headers, body), "telling the webhook")
    if status in _SUCCESS:
        return
    msg = f"the webhook's host {place.host} answered {status}"
    if status in _LATER or status >= 500:  # noqa: PLR2004 - HTTP's own
        raise StoreError(msg)
    raise _DeclinedError(msg)


class _DeclinedError(DaypassError):
    """The other side wants no such message, or leads elsewhere, where nobody follows."""


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was judged, and not to what the name leads to by then."""

    def __init__(self, place: Destination, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(place.host, place.port, timeout=_TIMEOUT)
        self._address, self._context = address, context

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


def _posted(
    place: Destination, context: ssl.SSLContext | None, headers: Mapping[str, str], body: bytes
) -> int:
    """Send once, and return the status; of the answer nothing else is read.

    Raises:
        RefusedError: for where it may not lead.
        StoreError: if it cannot be sent.

    """
    secure = (context or ssl.create_default_context()) if place.is_secure else None
    try:
        connection = _Pinned(place, address_of(place), secure)
        try:
            connection.request("POST", place.target, body, dict(headers))
            return connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, DaypassError):
            raise
        msg = f"the webhook's host {place.host} cannot be told: {type(error).__name__}"
        raise StoreError(msg) from error
