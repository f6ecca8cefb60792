"""``Issuer``: bearers of an OpenID provider's tokens, told apart from all others by its published keys."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit

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
from daypass_links.server.notices.addresses import address

__all__ = ["Bearer", "InvalidTokenError", "Issuer", "ProviderError", "document"]

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
    #: Where mail reaches them, if the provider has verified it.
    email: str | None = None


class Issuer:
    """Verifies tokens of one OpenID provider (OpenID Connect Core 1.0, RFC 7519, RFC 9068).

    Args:
        issuer: its address, which is what ``iss`` says, to the letter.
        audience: what ``aud`` says of tokens for this service.
        principal_claim: the claim that names who has it.
        groups_claim: the claim with their groups.
        wants_email: whether it is asked where mail reaches whoever signs in.
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
        wants_email: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer, self._audience = issuer, audience
        if not _is_safe(check_endpoint(issuer, "issuer")):
            msg = "issuer must be https, or anybody on the way could say whose tokens are right"
            raise InvalidRequestError(msg, option="issuer")
        self._principal, self._groups = principal_claim, groups_claim
        self._wants_email = wants_email
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
        self._document: dict[str, Any] = {}
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
        return self._bearer(self._valid(token))

    def signed_in(self, token: str, nonce: str, more: Callable[[], dict[str, Any]]) -> Bearer:
        """Return who has just signed in, by an ID token that was asked for (OpenID Connect Core 1.0, section 3.1.3.7).

        Args:
            token: the ID token.
            nonce: what it was asked for with.
            more: asks the provider for the claims that a token may leave out.

        Raises:
            InvalidTokenError: if it is not one of the issuer's for this client and this sign-in.
            ProviderError: if the provider's keys cannot be had.
            DeadlineError: if they cannot be had in time.

        """
        claims = self._valid(token)
        if (
            claims.get("nonce") != nonce
            or claims.get("azp", self._audience) != self._audience
            or ("azp" not in claims and claims["aud"] not in (self._audience, [self._audience]))
        ):
            msg = "the token was made for another sign-in"
            raise InvalidTokenError(msg)
        if self._groups not in claims or (self._wants_email and "email" not in claims):
            beside = more()
            if beside.get("sub") == claims.get(
                "sub"
            ):  # or it may be of somebody else (section 5.3.2)
                claims = {**beside, **claims}
        return self._bearer(claims)

    def endpoint(self, name: str) -> str | None:
        """Return an address that the provider publishes, such as ``token_endpoint``; None where there is none that is safe.

        Raises:
            ProviderError: if what it publishes cannot be had.
            DeadlineError: if it cannot be had in time.

        """
        found = self.published().get(name)
        return found if isinstance(found, str) and _is_safe(found) else None

    def published(self) -> dict[str, Any]:
        """Return what the provider publishes of itself (OpenID Connect Discovery 1.0, section 3); it raises as `endpoint` does."""
        self._current(_KEPT)
        return self._document

    def _valid(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that is the issuer's for the audience, and valid now."""
        if len(token) > _LONGEST_TOKEN:
            msg = f"the token has more than {_LONGEST_TOKEN} characters"
            raise InvalidTokenError(msg)
        try:
            claims = self._verified(token)
            self._claims.validate(claims)
            claims["iat"] = max(0, int(claims.get("iat", self._clock())))
        except (JoseError, ValueError, OverflowError) as error:
            why = escaped(getattr(error, "error", "") or type(error).__name__, 60)
            msg = f"the token is not valid here ({why})"
            raise InvalidTokenError(msg) from None
        return claims

    def _bearer(self, claims: dict[str, Any]) -> Bearer:
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
            issued_at=claims["iat"],
            email=_email(claims) if self._wants_email else None,
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
        place = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        said = document(place, deadline)
        if said.get("issuer") != self.issuer:
            msg = f"{place} is of another issuer than {self.issuer}"
            raise ProviderError(msg)
        keys = said.get("jwks_uri")
        if not isinstance(keys, str) or not _is_safe(keys):
            msg = f"{place} names no jwks_uri that is https"
            raise ProviderError(msg)
        found: Any = document(keys, deadline)
        self._document = said
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


def _email(claims: dict[str, Any]) -> str | None:
    """Return an address that somebody has not merely written into their profile (OpenID Connect Core 1.0, section 5.1)."""
    said = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(said, str):
        return None
    try:
        return address(said)
    except InvalidRequestError:
        return None


def _is_safe(url: str) -> bool:
    """Tell whether nobody on the way could answer in the place of who is asked."""
    place = urlsplit(url)
    return place.scheme == "https" or (place.scheme == "http" and place.hostname in _OWN)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys come from where the issuer says, and from nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def document(
    url: str,
    deadline: Deadline,
    *,
    form: dict[str, str] | None = None,
    authorization: str | None = None,
) -> dict[str, Any]:
    """Return an object of JSON that the provider answers with.

    Args:
        url: where it is.
        deadline: when to give up.
        form: what to send by POST; without it, GET.
        authorization: the header of that name.

    Raises:
        ProviderError: if it answers with anything else.

    """
    headers = {"Accept": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    data = None if form is None else urlencode(form).encode()
    asked = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - it is safe, see `_is_safe`
    try:
        with _OPENER.open(asked, timeout=max(deadline.left, 0.001)) as answer:
            found = json.loads(answer.read(_LONGEST_DOCUMENT))
    except urllib.error.HTTPError as error:
        error.close()
        msg = f"{url} answered {error.code}"
        raise ProviderError(msg) from None
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        msg = f"{url} could not be read: {type(error).__name__}"
        raise ProviderError(msg) from error
    if not isinstance(found, dict):
        msg = f"{url} holds no object of JSON"
        raise ProviderError(msg)
    return found
