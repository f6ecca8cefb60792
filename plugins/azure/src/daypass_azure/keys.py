"""What a link is signed with: the account's key, or a user delegation key that is fetched and kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import attrs

from daypass.base.process import follow_forks
from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    InvalidExpiryError,
    ObjectNotFoundError,
    StoreError,
)
from daypass.model.locations import Location
from daypass.toolkit.deadlines import check_may_wait
from daypass.toolkit.v4 import HmacKey
from daypass_azure.account import Account, decoded_key
from daypass_azure.network import call_sdk, filesystem

#: A user delegation key starts and ends within seven days of the moment it is asked for:
#: https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
MAX_DELEGATION = timedelta(days=7)
#: What machines' clocks may differ by: the key starts so much earlier, and is not asked for the last
#: minutes of its seven days unless a link needs them.
#: https://learn.microsoft.com/azure/storage/common/storage-sas-overview#best-practices-when-using-sas
SKEW = timedelta(minutes=15)


@attrs.frozen(eq=False)
class Key:
    """One key, ready to sign; compared by identity, so that a renewed key is another key."""

    hmac: HmacKey = attrs.field(repr=False)
    #: How the SDK is told: ``account_key`` or ``user_delegation_key``.
    argument: dict[str, Any] = attrs.field(repr=False)
    #: From when and until when it is good (aware, UTC); None for an account key.
    starts_at: datetime | None = None
    expires_at: datetime | None = None


class AccountKey:
    """A key that does not end."""

    def __init__(self, account: Account) -> None:
        assert account.key is not None  # noqa: S101 - of the kind "key"
        self._key = Key(_hmac(account.key, "the account key"), {"account_key": account.key})

    def key(self, location: Location, start: datetime, end: datetime) -> Key:  # noqa: ARG002
        """Return the key."""
        return self._key


class DelegationKeys:
    """Fetches a user delegation key and keeps it for as long as links end before it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.after_fork()
        follow_forks(self)
        self._key: Key | None = None

    def after_fork(self) -> None:
        """Begin with a lock that no thread of the parent holds."""
        self._lock = Lock()

    def key(self, location: Location, start: datetime, end: datetime) -> Key:
        """Return a key that is good at ``start`` and, if the store gives one, until ``end``.

        Args:
            location: for its filesystem and deadline.
            start: the signature's clock.
            end: the end that was asked for.

        Raises:
            InvalidExpiryError: for an end more than seven days away.
            CredentialsError: if the identity may not have such a key.
            DeadlineError: if it did not arrive in time.

        """
        key = self._key
        if key is None or not _covers(key, start, end):
            if end - start > MAX_DELEGATION:
                msg = (
                    "a link signed with a user delegation key lives seven days at most, and this "
                    f"one would live {end - start}: ask for less, or sign with an account key"
                )
                raise InvalidExpiryError(msg, option="expires_in")
            check_may_wait("a user delegation key")
            with self._lock:
                key = self._key
                if key is None or not _covers(key, start, end):
                    key = self._key = self._fetch(location, start, end)
        return key

    def _fetch(self, location: Location, start: datetime, end: datetime) -> Key:
        fs = filesystem(location, self._account.place)
        what = f"a user delegation key of the account {self._account.name}"
        try:
            found = call_sdk(
                location,
                fs,
                what,
                fs.service_client.get_user_delegation_key,
                start - SKEW,
                max(end, start + MAX_DELEGATION - SKEW),
                root="UserDelegationKey",
            )
        except (AccessDeniedError, ObjectNotFoundError) as error:
            msg = f"{error}: the identity needs the role Storage Blob Delegator on the account"
            raise CredentialsError(msg) from None
        try:
            begins, ends = _moment(found.signed_start), _moment(found.signed_expiry)
        except (TypeError, ValueError):
            msg = f"{what}: the store's answer is not one"
            raise StoreError(msg) from None
        if ends <= start:
            msg = f"{what} has ended already: check this machine's clock"
            raise CredentialsError(msg)
        return Key(_hmac(found.value, what), {"user_delegation_key": found}, begins, ends)


def _covers(key: Key, start: datetime, end: datetime) -> bool:
    return key.starts_at is not None and key.starts_at <= start and end <= key.expires_at  # type: ignore[operator]


def _hmac(key: str, what: str) -> HmacKey:
    return HmacKey(decoded_key(key, what))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)


def keys_of(account: Account) -> AccountKey | DelegationKeys:
    """Return what an account's links are signed with.

    Raises:
        CredentialsError: for an anonymous filesystem, or one that was opened with a SAS.

    """
    if account.kind == "key":
        return AccountKey(account)
    if account.kind == "token":
        return DelegationKeys(account)
    if account.kind == "sas":
        msg = (
            "the filesystem was opened with a shared access signature, which cannot sign another: "
            "give an account key, or a Microsoft Entra credential"
        )
        raise CredentialsError(msg)
    msg = (
        "the filesystem is anonymous, so there is nothing to sign with: give account_key, "
        "connection_string, or a Microsoft Entra credential"
    )
    raise CredentialsError(msg)
