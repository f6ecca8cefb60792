"""``Sessions``: the keys of narrowed sessions, each asked of STS once and used until shortly before it ends."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any

from botocore import exceptions
from botocore.config import Config
from botocore.session import Session

from daypass.base.masking import mask
from daypass.base.messages import escaped
from daypass.base.process import follow_forks
from daypass.base.times import in_utc
from daypass.errors import CredentialsError, DaypassError
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.failures import unreachable
from daypass_s3 import sdk
from daypass_s3.credentials import KeyRing, Keys, keys_of
from daypass_s3.narrow import Narrow
from daypass_s3.session_policies import Scope, policy_of
from daypass_s3.settings import Settings

__all__ = ["Sessions"]

#: What AWS's log of events (CloudTrail) calls them.
_NAME = "daypass"
#: How many are kept; whichever came first makes room.
_MOST = 10_000
#: A session that was asked for within so many seconds has as much life as another would have.
_YOUNG = 300
_ASKING = "asking STS for a narrowed session"
_NONE: tuple[Keys | None, float] = (None, 0.0)


class Sessions:
    """The sessions of one bucket's links.

    Args:
        narrow: the option.
        settings: of the filesystem.
        session: the SDK's.
        keyring: what STS is asked with.
        seconds: how long asking may take.

    """

    def __init__(
        self, narrow: Narrow, settings: Settings, session: Session, keyring: KeyRing, seconds: float
    ) -> None:
        self._narrow = narrow
        self._settings = settings
        self._session = session
        self._keyring = keyring
        self._seconds = seconds
        #: With the moment of the monotonic clock at which they were asked for.
        self._known: dict[Scope, tuple[Keys, float]] = {}
        self.after_fork()
        follow_forks(self)

    def after_fork(self) -> None:
        """Begin with locks that no thread of the parent holds, and without its connection; sessions stay good."""
        self._lock = Lock()
        #: Held by who asks for a session, so that who needs the same one waits for it.
        self._asking: dict[Scope, Lock] = {}
        self._client: tuple[Keys | None, Any] = (None, None)

    def keys(self, scope: Scope, start: datetime, until: datetime) -> Keys:
        """Return the keys of a session.

        Args:
            scope: what it is for.
            start: the signature's clock.
            until: the end that was asked for.

        Raises:
            CredentialsError: if STS gives none, in its words and with what to do, or the session ends before the start.
            DeadlineError: if it does not answer in time.
            DaypassError: if the scope cannot be said in a policy.

        """
        keys = self._at_hand(scope, until)
        if keys is None:
            policy = policy_of(scope, self._narrow)
            ask = partial(self._in_turn, scope, until, policy)
            keys = Deadline.after(self._seconds).run(ask, _ASKING)
        if keys.expires_at is not None and keys.expires_at <= start:
            msg = f"a narrowed session ends at {in_utc(keys.expires_at)}, before this link begins: sign it later"
            raise CredentialsError(msg)
        return keys

    def _at_hand(self, scope: Scope, until: datetime) -> Keys | None:
        """Return a session that lives as long as the link, or as long as one can."""
        keys, asked = self._known.get(scope, _NONE)
        if keys is None or keys.expires_at is None:
            return None
        young = monotonic() - asked < _YOUNG and keys.expires_at > datetime.now(UTC)
        return keys if young or keys.expires_at >= until else None

    def _keep(self, scope: Scope, keys: Keys) -> None:
        with self._lock:
            self._known.pop(scope, None)
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[scope] = (keys, monotonic())

    def _in_turn(self, scope: Scope, until: datetime, policy: str) -> Keys:
        """Ask for a session, or wait for who asks for the same."""
        with self._lock:
            turn = self._asking.setdefault(scope, Lock())
        # Whoever has it may have been left behind by a service that drips.
        is_ours = turn.acquire(timeout=self._seconds / 3)
        try:
            keys = self._at_hand(scope, until)
            if keys is None:
                keys = self._ask(policy)
                self._keep(scope, keys)
            return keys
        finally:
            if is_ours:
                turn.release()
                self._asking.pop(scope, None)

    def _ask(self, policy: str) -> Keys:
        now = datetime.now(UTC)
        base = self._keyring.keys(now, now + timedelta(seconds=self._seconds))
        try:
            found = self._sts(base).assume_role(
                RoleArn=self._narrow.role_arn,
                RoleSessionName=_NAME,
                Policy=policy,
                DurationSeconds=self._narrow.duration,
            )["Credentials"]
            end = found["Expiration"].astimezone(UTC).replace(microsecond=0)
            return keys_of(
                found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], end
            )
        except DaypassError:
            raise
        # Not chained: it holds the request.
        except Exception as error:  # noqa: BLE001 - of the SDK, which trusts STS to answer as it should
            raise _failed(error, self._narrow) from None

    def _sts(self, base: Keys) -> Any:
        """Return the SDK's client with the filesystem's own keys."""
        known, client = self._client
        if known != base:
            settings, each = self._settings, self._seconds / 3
            region = sdk.region_to_ask(settings, self._session)
            client = self._session.create_client(
                "sts",
                region_name=region,
                endpoint_url=self._narrow.endpoint_url,
                verify=settings.client_kwargs.get("verify"),
                aws_access_key_id=base.access_key,
                aws_secret_access_key=base.secret,
                aws_session_token=base.token,
                config=Config(
                    connect_timeout=each,
                    read_timeout=each,
                    retries={"total_max_attempts": 2, "mode": "standard"},
                    proxies=settings.config_kwargs.get("proxies"),
                    client_cert=settings.config_kwargs.get("client_cert"),
                ),
            )
            self._client = (base, client)
        return client


def _failed(error: Exception, narrow: Narrow) -> CredentialsError:
    """Say why STS gave no session, in its words, and what to do."""
    role = shlex.quote(narrow.role_arn)
    mend = f"run aws sts assume-role --role-arn {role} --role-session-name {_NAME}, which asks in the same way"
    why = unreachable(error)
    if why is None and isinstance(error, exceptions.ClientError):
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        why = (
            f"STS answered {escaped(code, 60)}: {escaped(mask(str(said.get('Message', ''))), 300)}"
        )
        mend = _MENDS.get(code, mend).replace("ROLE", role.rpartition("/")[2])
    why = (
        why or f"what was answered holds none, or the AWS SDK does not ask: {type(error).__name__}"
    )
    return CredentialsError(
        f"narrow: no session of the role {narrow.role_arn} could be had ({why}): {mend}"
    )


_OWN = "the keys that ask are the filesystem's own: run aws sts get-caller-identity with them"
#: By the code of STS's answer: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (Errors)
_MENDS = {
    "AccessDenied": "let the role's trust policy name who asks, and their own policy allow sts:AssumeRole (aws iam get-role --role-name ROLE shows the first)",
    "ExpiredToken": _OWN,
    "InvalidClientTokenId": _OWN,
    "SignatureDoesNotMatch": _OWN,
    "PackedPolicyTooLarge": "shorten the key, or leave narrow out for it",
    "ValidationError": "ask for a shorter duration in narrow, or let the role have more (aws iam update-role --role-name ROLE --max-session-duration 43200)",
    "RegionDisabledException": "name another region, or another endpoint_url in narrow",
}
