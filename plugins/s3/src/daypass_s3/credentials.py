"""Which keys an S3 filesystem signs with just now, and until when they are good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
from botocore.session import Session

from daypass.base.times import in_utc
from daypass.errors import CredentialsError, DaypassError, DeadlineError
from daypass.model.locations import Location
from daypass.toolkit.deadlines import Deadline, check_may_wait
from daypass_s3.programs import Programs, programs_of
from daypass_s3.settings import Settings, first
from daypass_s3.sources import ASKING, failed, none_found


@attrs.frozen
class Keys:
    """One set of keys, frozen for one signature."""

    access_key: str
    secret: str = attrs.field(repr=False)
    token: str | None = attrs.field(repr=False)
    #: When they end (aware, UTC); None for keys that do not end, or whose end is unknown.
    expires_at: datetime | None

    @property
    def end_unknown(self) -> bool:
        """True for a session token whose end nobody has said."""
        return self.token is not None and self.expires_at is None


def check_written(name: str, value: str) -> None:
    """Raise for a key, secret or token that no provider gives out, as after a file was decoded wrongly.

    Raises:
        CredentialsError: whose message does not hold the value.

    """
    if not value.isprintable() or not value.isascii() or " " in value:
        msg = f"the S3 {name} holds spaces, line breaks or non-ASCII characters: check how it was read"
        raise CredentialsError(msg)


def given(settings: Settings, expires_at: datetime | None = None) -> Keys | None:
    """Return the keys that the filesystem was given, or None where the SDK is to find them.

    Args:
        settings: of the filesystem.
        expires_at: when they end, where the caller knows.

    Raises:
        CredentialsError: if there is one of the two, or one that no provider gives out.

    """
    client = settings.client_kwargs
    key = first(settings.key, client.get("aws_access_key_id"))
    secret = first(settings.secret, client.get("aws_secret_access_key"))
    if key is None and secret is None:
        return None
    token = first(settings.token, client.get("aws_session_token"))
    return keys_of(key, secret, token, expires_at)


def keys_of(key: Any, secret: Any, token: Any, expires_at: datetime | None) -> Keys:
    """Return a set of keys, checked.

    Raises:
        CredentialsError: if one is missing, or is none that a provider gives out.

    """
    for name, value in (("key", key), ("secret", secret), ("token", token or None)):
        if value is None and name == "token":
            continue
        if not isinstance(value, str) or not value:
            msg = f"the S3 {name} is missing or not text: give key and secret together"
            raise CredentialsError(msg)
        check_written(name, value)
    return Keys(key, secret, token or None, expires_at)


class KeyRing:
    """Finds the keys, and refreshes those that can be refreshed."""

    def __init__(
        self, settings: Settings, session: Session, location: Location, deadline: Deadline
    ) -> None:
        self._refreshable: Any = None
        #: Credentials of a session, which its owner can change in place.
        self._held: Any = None
        #: Whose profile names the source.
        self._session: Any = None
        self._programs: Programs | None = None
        self._seconds = location.deadline
        self._loop = settings.session is not None
        self._expire_at = location.options.credentials_expire_at
        self._static = self._find(settings, session, deadline)

    def _find(self, settings: Settings, session: Session, deadline: Deadline) -> Keys | None:
        if settings.anonymous:
            msg = "the filesystem is anonymous (anon=True), so there is nothing to sign with: give it key and secret, or a profile"
            raise CredentialsError(msg)
        if (keys := given(settings, self._expire_at)) is not None:
            return keys
        found = self._from_session(settings, session, deadline)
        if found is None:
            raise none_found()
        if hasattr(found, "refresh_needed"):
            self._refreshable = found
            return None
        self._held = found
        return keys_of(found.access_key, found.secret_key, found.token, self._expire_at)

    def _from_session(self, settings: Settings, session: Session, deadline: Deadline) -> Any:
        self._session = settings.session or session
        get: Any = session.get_credentials
        if settings.session is not None:
            get = settings.session.get_credentials
        return self._ask(deadline, get)

    def _ask(self, deadline: Deadline, function: Any, *args: Any) -> Any:
        """Call what may ask a container's or a machine's metadata service, STS, SSO or a program, within the deadline.

        The SDK gives each of its requests a time limit that a drip begins anew, and asks again.
        """

        def ask() -> Any:
            self._programs = programs_of(self._session, in_loop=self._loop)
            if not self._loop:
                return function(*args)
            from fsspec.asyn import get_loop, sync

            # A coroutine ends with its time, and not only who waits for it.
            return sync(get_loop(), function, *args, timeout=max(deadline.left, 0.001))

        check_may_wait(ASKING)  # or what another thread waits for would be ended
        try:
            return deadline.run(ask, ASKING)
        except (DeadlineError, KeyboardInterrupt):
            if self._programs is not None:
                self._programs.end()
            raise
        except DaypassError:
            raise
        except TimeoutError:  # fsspec's own is one; its module would bring all of fsspec
            raise deadline.error(ASKING) from None
        # Not chained: what a program or a service says of itself may hold a secret.
        except Exception as error:  # noqa: BLE001 - of the SDK, which trusts a source to answer as it should
            raise failed(error, self._session) from None

    def keys(self, now: datetime, until: datetime) -> Keys:
        """Return the keys to sign with, refreshed first where they would end too soon.

        Args:
            now: the signature's clock.
            until: the end that was asked for.

        Raises:
            CredentialsError: if they have ended.

        """
        held = self._held
        if held is not None:
            self._static = self._as_held(held, self._static)
        keys = self._static or self._fresh(until)
        if keys.expires_at is not None and keys.expires_at <= now:
            msg = f"the S3 credentials ended at {in_utc(keys.expires_at)}: get new ones"
            raise CredentialsError(msg)
        return keys

    def _as_held(self, held: Any, known: Keys | None) -> Keys:
        """Return the keys that a session holds now, as the SDK reads them for each signature."""
        now = (held.access_key, held.secret_key, held.token or None)
        if known is not None and now == (known.access_key, known.secret, known.token):
            return known
        return keys_of(*now, self._expire_at)

    def _fresh(self, until: datetime) -> Keys:
        deadline = Deadline.after(self._seconds)
        keys = self._freeze(deadline)
        if keys.expires_at is not None and keys.expires_at < until:
            # What botocore does by itself in the last minutes of a credential's life; False means
            # that a failure is no error, since the present keys are still good.
            try:
                self._ask(deadline, self._refreshable._protected_refresh, False)  # noqa: FBT003, SLF001
            except DeadlineError:
                return keys
            keys = self._freeze(deadline)
        return keys

    def _freeze(self, deadline: Deadline) -> Keys:
        get = self._refreshable.get_frozen_credentials
        # Most often they are at hand, and a thread would cost more than the signature.
        at_hand = not self._loop and not self._refreshable.refresh_needed()
        frozen = get() if at_hand else self._ask(deadline, get)
        end = getattr(self._refreshable, "_expiry_time", None)
        if end is not None:
            end = end.astimezone(UTC).replace(microsecond=0)
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, end or self._expire_at)
