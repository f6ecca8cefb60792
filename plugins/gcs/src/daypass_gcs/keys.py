"""What can sign: an HMAC key, an RSA key that is here, or an RSA key that Google keeps."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import attrs

from daypass.base.process import follow_forks
from daypass.errors import CredentialsError, DaypassError, StoreError
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.v4 import GOOG4_HMAC, GOOG4_RSA, Dialect, MessageKey
from daypass_gcs.bounded_request import BoundedRequest
from daypass_gcs.iam import Blob, sign_blob
from daypass_gcs.settings import DEFAULT_UNIVERSE

#: Seconds. Keys that Google keeps rotate, and a signature is good for twelve hours at least:
#: https://docs.cloud.google.com/storage/docs/authentication/creating-signatures
KEYLESS_MAX_EXPIRES_IN = 43_200
#: Signatures that a keyless signer remembers.
_REMEMBERED = 256
#: Round trips to IAM that one call makes at the same time.
_AT_ONCE = 16


class Key(Protocol):
    """What signs, and what of it shows in the URL."""

    @property
    def dialect(self) -> Dialect:
        """The algorithm's words."""

    @property
    def name(self) -> str:
        """Who signs, as ``X-Goog-Credential`` says: an access ID or an e-mail address."""

    @property
    def universe(self) -> str:
        """The domain of the cloud the key belongs to."""

    @property
    def local(self) -> bool:
        """True where signing needs no network."""

    def secret(self, deadline: Deadline) -> str | MessageKey:
        """Return what a template signs with, within the deadline."""


@attrs.frozen
class HmacKey:
    """An HMAC key of a service account: as fast as S3's."""

    name: str
    _secret: str = attrs.field(repr=False)
    universe: str
    dialect: Dialect = GOOG4_HMAC
    local: bool = True

    def secret(self, deadline: Deadline) -> str:  # noqa: ARG002 - the protocol's
        """Return the secret."""
        return self._secret


@attrs.frozen
class RsaKey:
    """A service account's private key."""

    name: str
    #: google-auth's signer: RSA PKCS#1 v1.5 over SHA-256.
    _sign: Callable[[bytes], bytes] = attrs.field(repr=False)
    universe: str
    dialect: Dialect = GOOG4_RSA
    local: bool = True

    def secret(self, deadline: Deadline) -> RsaKey:  # noqa: ARG002 - the protocol's
        """Return the key itself: it signs messages."""
        return self

    def hex(self, message: bytes) -> str:
        """Return the signature of a message in hex."""
        return bytes(self._sign(message)).hex()


class KeylessKey:
    """A key that IAM signs with; equal messages are asked for once."""

    dialect = GOOG4_RSA
    local = False

    def __init__(
        self,
        name: str,
        source: Any,
        universe: str,
        *,
        delegates: tuple[str, ...] = (),
        sign_url: str | None = None,
    ) -> None:
        self.name = name
        self.universe = universe
        self._source = source
        self._delegates = delegates
        self._url = sign_url or _sign_url(universe)
        self._transport = Transport()
        self.after_fork()
        follow_forks(self)
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def __repr__(self) -> str:
        """Show who signs; never a token."""
        return f"KeylessKey({self.name!r})"

    def after_fork(self) -> None:
        """Begin with a lock that no thread of the parent holds."""
        self._refreshing = threading.Lock()

    def secret(self, deadline: Deadline) -> _WithinDeadline:
        """Return what signs a message by one round trip."""
        return _WithinDeadline(self, deadline)

    def sign(self, message: bytes, deadline: Deadline) -> str:
        """Return the signature of a message in hex, from memory or from IAM."""
        known = self._known.get(message)
        if known is not None:
            return known
        request = BoundedRequest(self._transport.request(), deadline)
        blob = Blob(self._url.format(quote(self.name)), self.name, self._delegates, message)
        signature = deadline.run(
            lambda: sign_blob(
                blob,
                request=request,
                authorize=lambda *, again: self._headers(request, deadline, again=again),
                deadline=deadline,
            ),
            f"signBlob as {self.name}",
        ).hex()
        self._known[message] = signature
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return signature

    def _headers(self, request: Any, deadline: Deadline, *, again: bool) -> dict[str, str]:
        with self._refreshing:
            if again or not self._source.valid:
                refresh(self._source, request, deadline)
            headers: dict[str, str] = {}
            self._source.apply(headers)
        return headers


def sign_side_by_side(
    sign: Callable[[str], str], keys: Sequence[str], deadline: Deadline
) -> list[str | None]:
    """Return the URL of each key, in their order; each takes a round trip, and a few go at once.

    Args:
        sign: makes the URL of one key within the deadline.
        keys: the keys; an equal one is signed once.
        deadline: of all of them together; it is cancelled when one fails.

    Raises:
        DaypassError: the first that any of them raises; the others are then given up.

    """
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    first, *others = dict.fromkeys(keys)
    found = {first: sign(first)}  # alone: what is wrong for all is asked once
    if others:
        pool = ThreadPoolExecutor(min(_AT_ONCE, len(others)), "daypass-gcs")
        try:
            futures = [pool.submit(sign, key) for key in others]
            for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                future.result()  # the one that failed raises, whichever it is
            found.update(zip(others, [future.result() for future in futures], strict=True))
        except BaseException:
            deadline.cancel()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return [found[key] for key in keys]


@attrs.frozen
class _WithinDeadline:
    _key: KeylessKey
    _deadline: Deadline

    def hex(self, message: bytes) -> str:
        return self._key.sign(message, self._deadline)


class Transport:
    """A session of connections to Google, made when first needed, and anew after a fork."""

    def __init__(self) -> None:
        self._made: tuple[int, Any] = (0, None)

    def request(self) -> Any:
        """Return google-auth's transport."""
        owner, request = self._made
        if owner != os.getpid():
            import requests
            from google.auth.transport.requests import Request

            session = requests.Session()
            # As many connections are kept as one call uses at the same time.
            for scheme in ("https://", "http://"):
                session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=_AT_ONCE))
            request = Request(session)
            self._made = (os.getpid(), request)
        return request


def refresh(source: Any, request: Any, deadline: Deadline) -> None:
    """Get a new access token.

    Raises:
        CredentialsError: if the credential cannot be refreshed.
        DeadlineError: if there was no time to.
        StoreError: if whoever gives out tokens could not be reached.

    """
    try:
        source.refresh(request)
    except DaypassError:
        raise
    except Exception as error:
        raise explained(error, deadline) from error


def explained(error: Exception, deadline: Deadline) -> DaypassError:
    """Translate what google-auth raises; its texts hold answers of servers and are not shown."""
    from google.auth import exceptions

    if deadline.left <= 0 or _timed_out(error):
        return deadline.error("getting an access token")
    unreachable = (exceptions.TransportError, OSError)
    if isinstance(error, unreachable) or isinstance(error.__cause__, unreachable):
        return StoreError("no access token was to be had: Google's token service was not reached")
    if isinstance(error, (TypeError, KeyError, AttributeError)):  # google-auth trusts an answer
        return StoreError(
            f"what was answered for an access token holds none ({type(error).__name__}): look at what answers there, such as a proxy or a log-in"
        )
    return CredentialsError(
        f"the Google credential could not get an access token ({type(error).__name__}): it has "
        "ended or was revoked, so log in again or give another"
    )


def _timed_out(error: BaseException | None) -> bool:
    from requests.exceptions import Timeout

    while error is not None and not isinstance(error, Timeout):
        error = error.__cause__ or error.__context__
    return error is not None


def _sign_url(universe: str) -> str:
    """Return the URL of ``signBlob`` with a place for the account, as google-auth would ask it."""
    from google.auth import iam

    fallback = (
        f"https://iamcredentials.{DEFAULT_UNIVERSE}/v1/projects/-/serviceAccounts/{{}}:signBlob"
    )
    # Private, but it is the one place that knows of mutual TLS.
    template: str = getattr(iam, "_IAM_SIGN_ENDPOINT", fallback)
    return template.replace(DEFAULT_UNIVERSE, universe)
