"""Every way daypass refuses, as one tree; each error is also a builtin, so ``except ValueError`` works.

::

    DaypassError
    ├── InvalidRequestError (ValueError)          the request itself is not legal
    │   ├── InvalidPathError                      ... its path or key
    │   ├── InvalidExpiryError                    ... its lifetime
    │   └── UnknownOptionError (TypeError)        ... an option nobody knows
    ├── UnsupportedOptionError (ValueError)       legal, but this backend cannot enforce it
    ├── SigningNotSupportedError (NotImplementedError)
    ├── BackendNotFoundError (LookupError)        no backend for the protocol
    ├── BackendConflictError (LookupError)        two distributions claim one protocol
    ├── ConfigError (ValueError)                  a configuration file or variable is wrong
    ├── PluginError (RuntimeError)                a plugin breaks the contract
    ├── CredentialsError (PermissionError)        nothing to sign with, or expired
    ├── RefusedError (PermissionError)            an ``authorize`` plugin said no
    │   └── PolicyError                           ... or the policy did
    │       └── QuotaError                        ... since there are too many links
    ├── AuditError (RuntimeError)                 the audit or a ``record`` plugin failed: no URL leaves
    ├── ShortLivedURLError (ValueError)           the link would die early, and ``on_short="raise"``
    ├── ObjectNotFoundError (FileNotFoundError)   ``head_metadata`` found nothing
    ├── AccessDeniedError (PermissionError)       the store refused ``head_metadata``
    ├── StoreError (OSError)                      the store failed otherwise
    └── DeadlineError (TimeoutError)              a network call did not end in time

No message, argument or attribute ever holds a credential, a signature or a signed URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = [
    "AccessDeniedError",
    "AuditError",
    "BackendConflictError",
    "BackendNotFoundError",
    "ConfigError",
    "CredentialsError",
    "DaypassError",
    "DeadlineError",
    "InvalidExpiryError",
    "InvalidPathError",
    "InvalidRequestError",
    "ObjectNotFoundError",
    "PluginError",
    "PolicyError",
    "QuotaError",
    "RefusedError",
    "ShortLivedURLError",
    "ShortLivedURLWarning",
    "SigningNotSupportedError",
    "StoreError",
    "UnknownOptionError",
    "UnsupportedOptionError",
]


#: A name and a password in front of a host or a bucket, in what was taken for a local path too. The password may
#: hold slashes; a port is none.
_LOGIN = re.compile(
    r"""(?P<before>://|file://(?:[^\s"'`:@]{1,4096}/)?|^|(?<=[\s"'`(\[]))[^\s/?#@"'`<>:]{0,256}:(?!//|[0-9]{1,5}/)[^\s?#@"'`<>]{1,512}@"""
)


def without_login(text: str) -> str:
    """Mask the login in front of a host or a bucket, wherever one stands in a text."""
    return _LOGIN.sub(r"\g<before>****@", text)


class DaypassError(Exception):
    """The root of all errors that daypass raises on purpose."""

    #: The row of a bulk call that is to blame, counted from 0; None where no single row is.
    row: int | None = None

    def __init__(self, *args: object) -> None:
        super().__init__(*(without_login(arg) if isinstance(arg, str) else arg for arg in args))


@contextmanager
def at_row(row: int) -> Iterator[None]:
    """Name the row of a bulk call in every `DaypassError` that is raised inside."""
    try:
        yield
    except DaypassError as error:
        error.row = row
        raise


class InvalidRequestError(DaypassError, ValueError):
    """What was asked is not legal on any backend; ``option`` names the culprit."""

    def __init__(self, message: str, *, option: str | None = None) -> None:
        super().__init__(message)
        #: The name of the option that is wrong, where one is.
        self.option = option


class InvalidPathError(InvalidRequestError):
    """The path or key cannot be signed exactly as it stands."""


class InvalidExpiryError(InvalidRequestError):
    """The lifetime is not a whole number of seconds, in the past, or above a limit."""


class UnknownOptionError(InvalidRequestError, TypeError):
    """No option has this name; the message gives the nearest that exists."""


class UnsupportedOptionError(DaypassError, ValueError):
    """The option is legal, but this backend (or this credential) cannot enforce it."""

    def __init__(
        self,
        message: str,
        *,
        option: str | None = None,
        backend: str | None = None,
        alternatives: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        #: The name of the option.
        self.option = option
        #: The backend that was asked.
        self.backend = backend
        #: What can enforce it instead.
        self.alternatives = tuple(alternatives)


class SigningNotSupportedError(DaypassError, NotImplementedError):
    """The backend has no signed URLs at all; the message says why and what to do."""


class BackendNotFoundError(DaypassError, LookupError):
    """No installed backend knows the protocol."""

    def __init__(self, message: str, *, protocol: str | None = None) -> None:
        super().__init__(message)
        #: The protocol that was asked for.
        self.protocol = protocol


class BackendConflictError(DaypassError, LookupError):
    """Two installed distributions claim one protocol; the message names the setting that chooses."""

    def __init__(self, message: str, *, claimants: Iterable[str] = ()) -> None:
        super().__init__(message)
        #: The distributions that claim the protocol.
        self.claimants = tuple(claimants)


class ConfigError(DaypassError, ValueError):
    """The configuration cannot be read or used; the message names the file and the key."""

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        key: str | None = None,
        others: Iterable[ConfigError] = (),
    ) -> None:
        super().__init__(message)
        #: The file at fault, or the environment variable.
        self.file = file
        #: The key at fault, with its table: ``profiles.maps.url``.
        self.key = key
        #: What else is wrong.
        self.others = tuple(others)


class PluginError(DaypassError, RuntimeError):
    """A plugin cannot be loaded or breaks the contract of its hook; ``plugin`` names it."""

    def __init__(self, message: str, *, plugin: str | None = None) -> None:
        super().__init__(message)
        #: The name of the plugin at fault.
        self.plugin = plugin


class CredentialsError(DaypassError, PermissionError):
    """There is nothing to sign with: no credential, an anonymous one, or one that has ended."""


class RefusedError(DaypassError, PermissionError):
    """The policy or a plugin's ``authorize`` hook refused the request."""


class PolicyError(RefusedError):
    """The policy refused the request; the message names the rule, and the nearest that is allowed."""

    def __init__(
        self,
        message: str,
        *,
        rule: str | None = None,
        asked: str | None = None,
        nearest: str | None = None,
    ) -> None:
        super().__init__(message)
        #: The rule that refused; None where no rule matches.
        self.rule = rule
        #: What was asked.
        self.asked = asked
        #: The nearest that is allowed; None where nothing is.
        self.nearest = nearest


class QuotaError(PolicyError):
    """There are as many links as the policy allows; the message says when to try again."""

    def __init__(
        self,
        message: str,
        *,
        rule: str | None = None,
        quota: str | None = None,
        limit: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, rule=rule)
        #: ``"urls_per_minute"`` or ``"live_links"``.
        self.quota = quota
        #: How many there may be.
        self.limit = limit
        #: In how many seconds to try again; None where so many are never allowed.
        self.retry_after = retry_after


class AuditError(DaypassError, RuntimeError):
    """The audit or a plugin's ``record`` hook failed, so the URL was not handed out."""


class ShortLivedURLError(DaypassError, ValueError):
    """The link would end before what was asked, and the caller chose ``on_short="raise"``."""


class ShortLivedURLWarning(UserWarning):
    """The link ends, or may end, before what was asked; ``SignedURL.expires_because`` says why."""


class ObjectNotFoundError(DaypassError, FileNotFoundError):
    """The store has no such object (or hides that it has)."""


class AccessDeniedError(DaypassError, PermissionError):
    """The store does not let this credential read the object's metadata."""


class StoreError(DaypassError, OSError):
    """The store could not be reached or answered with an error of its own."""

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        #: The HTTP status that the store answered with, where it did.
        self.status = status
        #: The store's own word for the error, such as ``"SlowDown"``, where it gave one.
        self.code = code


class DeadlineError(DaypassError, TimeoutError):
    """A backend's network call did not end within the location's deadline."""
