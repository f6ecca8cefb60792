"""Which keys an S3 filesystem signs with just now, and until when they are good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
from botocore import UNSIGNED
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from daypass.errors import CredentialsError, DeadlineError
from daypass.model.locations import Location
from daypass_s3.sdk import explained
from daypass_s3.settings import Settings


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


class KeyRing:
    """Finds the keys, and refreshes those that can be refreshed."""

    def __init__(self, settings: Settings, session: Session, location: Location) -> None:
        self._refreshable: Any = None
        #: Credentials of a session, which its owner can change in place.
        self._held: Any = None
        self._deadline = location.deadline
        self._loop = settings.session is not None
        self._expire_at = location.options.credentials_expire_at
        self._static = self._find(settings, session)

    def _find(self, settings: Settings, session: Session) -> Keys | None:
        if settings.anon or settings.config_kwargs.get("signature_version") is UNSIGNED:
            msg = "the filesystem is anonymous (anon=True), so there is nothing to sign with: give it key and secret, or a profile"
            raise CredentialsError(msg)
        key = settings.key or settings.client_kwargs.get("aws_access_key_id")
        secret = settings.secret or settings.client_kwargs.get("aws_secret_access_key")
        token = settings.token or settings.client_kwargs.get("aws_session_token")
        if key or secret:
            return self._explicit(key, secret, token)
        found = self._from_session(settings, session)
        if found is None:
            msg = (
                "no S3 credentials were found: give key and secret in storage_options, or set "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
            )
            raise CredentialsError(msg)
        if hasattr(found, "refresh_needed"):
            self._refreshable = found
            return None
        self._held = found
        return self._explicit(found.access_key, found.secret_key, found.token)

    def _explicit(self, key: Any, secret: Any, token: Any) -> Keys:
        for name, value in (("key", key), ("secret", secret), ("token", token or None)):
            if value is None and name == "token":
                continue
            if not isinstance(value, str) or not value:
                msg = f"the S3 {name} is missing or not text: give key and secret together"
                raise CredentialsError(msg)
            if not value.isprintable() or not value.isascii() or " " in value:
                msg = f"the S3 {name} holds spaces, line breaks or non-ASCII characters: check how it was read"
                raise CredentialsError(msg)
        return Keys(key, secret, token or None, self._expire_at)

    def _from_session(self, settings: Settings, session: Session) -> Any:
        try:
            if settings.session is not None:
                return self._wait(settings.session.get_credentials)
            return session.get_credentials()
        except BotoCoreError as error:
            raise explained(error) from error

    def _wait(self, function: Any, *args: Any) -> Any:
        """Run an aiobotocore coroutine on fsspec's loop, within the deadline."""
        from fsspec.asyn import get_loop, sync
        from fsspec.exceptions import FSTimeoutError

        try:
            return sync(get_loop(), function, *args, timeout=self._deadline)
        except FSTimeoutError as error:
            msg = f"the session's credentials did not arrive within {self._deadline:g} s"
            raise DeadlineError(msg) from error

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
            msg = (
                f"the S3 credentials ended at {keys.expires_at:%Y-%m-%d %H:%M:%S} UTC: get new ones"
            )
            raise CredentialsError(msg)
        return keys

    def _as_held(self, held: Any, known: Keys | None) -> Keys:
        """Return the keys that a session holds now, as the SDK reads them for each signature."""
        now = (held.access_key, held.secret_key, held.token or None)
        if known is not None and now == (known.access_key, known.secret, known.token):
            return known
        return self._explicit(*now)

    def _fresh(self, until: datetime) -> Keys:
        keys = self._freeze()
        if keys.expires_at is not None and keys.expires_at < until:
            # What botocore does by itself in the last minutes of a credential's life; False means
            # that a failure is no error, since the present keys are still good.
            try:
                if self._loop:
                    self._wait(self._refreshable._protected_refresh, False)  # noqa: FBT003, SLF001
                else:
                    self._refreshable._protected_refresh(is_mandatory=False)  # noqa: SLF001
            except BotoCoreError as error:
                raise explained(error) from error
            keys = self._freeze()
        return keys

    def _freeze(self) -> Keys:
        get = self._refreshable.get_frozen_credentials
        try:
            frozen = self._wait(get) if self._loop else get()
        except BotoCoreError as error:
            raise explained(error) from error
        end = getattr(self._refreshable, "_expiry_time", None)
        if end is not None:
            end = end.astimezone(UTC).replace(microsecond=0)
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, end or self._expire_at)
