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
from typing import ClassVar

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
#: hold slashes and more of ``@``; a port is none.
_LOGIN = r"""(?P<before>://|file://(?:[^\s"'`:@]{1,4096}/)?|^|(?<=[\s"'`(\[]))[^\s/?#@"'`<>:]{0,256}:(?!//|[0-9]{1,5}/)[^\s?#@"'`<>]{1,512}@(?:[^\s/?#@"'`<>]{1,256}@){0,9}"""


def without_login(text: str) -> str:
    """Mask the login in front of a host or a bucket, wherever one stands in a text."""
    return re.sub(_LOGIN, r"\g<before>****@", text)


class DaypassError(Exception):
    """The root of all errors that daypass raises on purpose."""

    #: A word for programs, which stays what it is: in JSON, in logs, as a metric's label.
    code: ClassVar[str] = "error"
    #: With which HTTP status a service that hands out links answers.
    http_status: ClassVar[int] = 500
    #: The row of a bulk call that is to blame, counted from 0; None where no single row is.
    row: int | None = None
    #: The module that raised it, where it came from another process; None of one of this process.
    raised_in: str | None = None

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

    code = "invalid-request"
    http_status = 400

    def __init__(self, message: str, *, option: str | None = None) -> None:
        super().__init__(message)
        #: The name of the option that is wrong, where one is.
        self.option = option


class InvalidPathError(InvalidRequestError):
    """The path or key cannot be signed exactly as it stands."""

    code = "invalid-path"


class InvalidExpiryError(InvalidRequestError):
    """The lifetime is not a whole number of seconds, in the past, or above a limit."""

    code = "invalid-expiry"


class UnknownOptionError(InvalidRequestError, TypeError):
    """No option has this name; the message gives the nearest that exists."""

    code = "unknown-option"


class UnsupportedOptionError(DaypassError, ValueError):
    """The option is legal, but this backend (or this credential) cannot enforce it."""

    code = "unsupported-option"
    http_status = 422

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

    code = "signing-not-supported"
    http_status = 501


class BackendNotFoundError(DaypassError, LookupError):
    """No installed backend knows the protocol."""

    code = "backend-not-found"
    http_status = 501

    def __init__(self, message: str, *, protocol: str | None = None) -> None:
        super().__init__(message)
        #: The protocol that was asked for.
        self.protocol = protocol


class BackendConflictError(DaypassError, LookupError):
    """Two installed distributions claim one protocol; the message names the setting that chooses."""

    code = "backend-conflict"

    def __init__(self, message: str, *, claimants: Iterable[str] = ()) -> None:
        super().__init__(message)
        #: The distributions that claim the protocol.
        self.claimants = tuple(claimants)


class ConfigError(DaypassError, ValueError):
    """The configuration cannot be read or used; the message names the file and the key."""

    code = "invalid-config"

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

    code = "plugin-failed"

    def __init__(self, message: str, *, plugin: str | None = None) -> None:
        super().__init__(message)
        #: The name of the plugin at fault.
        self.plugin = plugin


class CredentialsError(DaypassError, PermissionError):
    """There is nothing to sign with: no credential, an anonymous one, or one that has ended."""

    code = "no-credentials"
    http_status = 503


class RefusedError(DaypassError, PermissionError):
    """The policy or a plugin's ``authorize`` hook refused the request."""

    code = "refused"
    http_status = 403


class PolicyError(RefusedError):
    """The policy refused the request; the message names the rule, and the nearest that is allowed."""

    code = "refused-by-policy"

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

    code = "quota-exceeded"
    http_status = 429

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

    code = "audit-failed"
    http_status = 503


class ShortLivedURLError(DaypassError, ValueError):
    """The link would end before what was asked, and the caller chose ``on_short="raise"``."""

    code = "short-lived-url"
    http_status = 503


class ShortLivedURLWarning(UserWarning):
    """The link ends, or may end, before what was asked; ``SignedURL.expires_because`` says why."""


class IgnoredFileWarning(UserWarning):
    """A project's ``daypass.toml`` is not read, since somebody else can write it."""


class ObjectNotFoundError(DaypassError, FileNotFoundError):
    """The store has no such object (or hides that it has)."""

    code = "object-not-found"
    http_status = 404


class AccessDeniedError(DaypassError, PermissionError):
    """The store does not let this credential read the object's metadata."""

    code = "access-denied"
    http_status = 403


class StoreError(DaypassError, OSError):
    """The store could not be reached or answered with an error of its own."""

    code = "store-failed"
    http_status = 502

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        store_code: str | None = None,
        store_message: str | None = None,
    ) -> None:
        super().__init__(message)
        #: The HTTP status that the store answered with, where it did.
        self.status = status
        #: The store's own word for the error, such as ``"SlowDown"``, where it gave one.
        self.store_code = store_code
        #: The store's own sentence for it, cut short and with secrets masked, where a link was answered with one.
        self.store_message = store_message


class DeadlineError(DaypassError, TimeoutError):
    """A backend's network call did not end within the location's deadline."""

    code = "deadline-exceeded"
    http_status = 504
