"""``Issuer``: bearers of an OpenID provider's tokens, told apart from all others by its published keys."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import attrs
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import ClaimsOption

from daypass.base.messages import escaped
from daypass.base.urls import check_endpoint
from daypass.errors import DeadlineError, InvalidRequestError, StoreError
from daypass.model.callers import Caller
from daypass.toolkit.deadlines import Deadline

__all__ = ["Bearer", "InvalidTokenError", "Issuer", "ProviderError"]

#: By a public key alone: with HS256 whoever can verify could sign, and with none anybody.
_ALGORITHMS = (
    "RS256",
    "PS256",
    "ES256",
    "Ed25519",
    "RS384",
    "RS512",
    "PS384",
    "PS512",
    "ES384",
    "ES512",
)
#: How long keys are taken for the provider's, and how often they are asked for anew where a token names another, in seconds.
_KEPT, _AGAIN = 600, 10
#: How long the provider may take, in seconds; what a token and a document may have, in characters and bytes; what a clock may be off, in seconds.
_TIMEOUT, _LONGEST_TOKEN, _LONGEST_DOCUMENT, _LEEWAY = 10.0, 16_384, 1 << 20, 60
#: Hosts of one's own machine, where a provider may speak plain http.
_OWN = ("127.0.0.1", "localhost", "::1")


class ProviderError(StoreError):
    """The provider does not answer, or says what cannot be."""

    code = "provider-failed"
    http_status = 503


class InvalidTokenError(ValueError):
    """A token is not of the issuer, not for the service, or not valid now; the message shows nothing of it."""


@attrs.frozen(kw_only=True)
class Bearer:
    """Who has a token, by the word of the provider."""

    #: The claim that names them; ``sub`` unless another was chosen.
    principal: str
    groups: tuple[str, ...]
    #: When that was so, in seconds since the epoch; now, of a token that does not say when it was issued.
    issued_at: int


class Issuer:
    """Verifies tokens of one OpenID provider (OpenID Connect Core 1.0, RFC 7519, RFC 9068).

    Args:
        issuer: its address, which is what ``iss`` says, to the letter.
        audience: what ``aud`` says of tokens for this service.
        principal_claim: the claim that names who has it.
        groups_claim: the claim with their groups.
        clock: the time in seconds since the epoch.

    Raises:
        InvalidRequestError: if the issuer is no http(s) address, or plain http elsewhere than on this machine.

    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        principal_claim: str = "sub",
        groups_claim: str = "groups",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        if not _is_safe(check_endpoint(issuer, "issuer")):
            msg = "issuer must be https, or anybody on the way could say whose tokens are right"
            raise InvalidRequestError(msg, option="issuer")
        self._principal, self._groups = principal_claim, groups_claim
        self._clock = clock
        asked: dict[str, ClaimsOption] = {
            principal_claim: {"essential": True},
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": audience},
            "exp": {"essential": True},
        }
        self._claims = jwt.JWTClaimsRegistry(lambda: int(clock()), _LEEWAY, **asked)
        self._lock = Lock()
        self._keys: KeySet | None = None
        self._fetched = -float("inf")
        #: When, and how, asking for them failed.
        self._failed = -float("inf")
        self._failure = ""

    def bearer(self, token: str) -> Bearer:
        """Return who has a token.

        Raises:
            InvalidTokenError: if it is not one of the issuer's for this service, or not valid now.
            ProviderError: if the provider's keys cannot be had.
            DeadlineError: if they cannot be had in time.

        """
        if len(token) > _LONGEST_TOKEN:
            msg = f"the token has more than {_LONGEST_TOKEN} characters"
            raise InvalidTokenError(msg)
        try:
            claims = self._verified(token)
            self._claims.validate(claims)
            issued_at = max(0, int(claims.get("iat", self._clock())))
        except (JoseError, ValueError, OverflowError) as error:
            why = escaped(getattr(error, "error", "") or type(error).__name__, 60)
            msg = f"the token is not valid here ({why})"
            raise InvalidTokenError(msg) from None
        principal, groups = claims[self._principal], claims.get(self._groups) or []
        if not isinstance(principal, str) or not principal:
            msg = f"the token's {self._principal} is no text"
            raise InvalidTokenError(msg)
        if (
            isinstance(groups, str)
            or not isinstance(groups, list)
            or not all(isinstance(one, str) for one in groups)
        ):
            msg = f"the token's {self._groups} is no list of texts"
            raise InvalidTokenError(msg)
        try:
            # As core takes names, and on one line.
            who = Caller(principal, groups=groups)
        except InvalidRequestError as error:
            raise InvalidTokenError(str(error)) from None
        if not all(name and name.isprintable() for name in (who, *who.groups)):
            msg = "the token names somebody, or a group, in more than one line"
            raise InvalidTokenError(msg)
        return Bearer(
            principal=str(who),
            groups=who.groups,
            issued_at=issued_at,
        )

    def _verified(self, token: str) -> dict[str, Any]:
        """Verify the signature, with new keys where the known ones do not fit: the provider may have rotated them."""
        known = self._current(_KEPT)
        try:
            return jwt.decode(token, known, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError):
            newer = self._current(_AGAIN)
            if newer is known:
                raise
            return jwt.decode(token, newer, algorithms=_ALGORITHMS).claims

    def _current(self, kept: float) -> KeySet:
        """Return the provider's keys, at most so many seconds old."""
        with self._lock:
            now = time.monotonic()
            if self._keys is not None and now - self._fetched <= kept:
                return self._keys
            if now - self._failed <= _AGAIN:  # or all that ask would wait for one another
                raise ProviderError(self._failure)
            deadline = Deadline.after(_TIMEOUT)
            try:
                self._keys = deadline.run(
                    lambda: self._fetch(deadline), "asking the OpenID provider for its keys"
                )
            except (StoreError, DeadlineError) as error:
                self._failed, self._failure = time.monotonic(), str(error)
                raise
            self._fetched = now
            return self._keys

    def _fetch(self, deadline: Deadline) -> KeySet:
        place = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        said = _document(place, deadline)
        if said.get("issuer") != self._issuer:
            msg = f"{place} is of another issuer than {self._issuer}"
            raise ProviderError(msg)
        keys = said.get("jwks_uri")
        if not isinstance(keys, str) or not _is_safe(keys):
            msg = f"{place} names no jwks_uri that is https"
            raise ProviderError(msg)
        found: Any = _document(keys, deadline)
        try:
            # Those for encryption, and symmetric ones, verify nothing.
            usable = [
                key
                for key in found["keys"]
                if key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC", "OKP")
            ]
            return KeySet.import_key_set({"keys": usable})
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            msg = f"{keys} holds no keys that verify signatures"
            raise ProviderError(msg) from error


def _is_safe(address: str) -> bool:
    """Tell whether nobody on the way could answer in the place of who is asked."""
    place = urlsplit(address)
    return place.scheme == "https" or place.hostname in _OWN


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys come from where the issuer says, and from nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _document(address: str, deadline: Deadline) -> dict[str, Any]:
    try:
        with _OPENER.open(address, timeout=max(deadline.left, 0.001)) as answer:
            found = json.loads(answer.read(_LONGEST_DOCUMENT))
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        msg = f"{address} could not be read: {type(error).__name__}"
        raise ProviderError(msg) from error
    if not isinstance(found, dict):
        msg = f"{address} holds no object of JSON"
        raise ProviderError(msg)
    return found
