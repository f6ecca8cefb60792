"""``CodeFlow``: people sign in at an OpenID provider, and come back with a code (OpenID Connect Core 1.0, section 3.1).

A sign-in is bound to the browser that began it by a secret in its cookie: ``nonce`` and the verifier of PKCE (RFC 7636) are
made of it and of ``state``, so that the database holds neither.
"""

from __future__ import annotations

import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import attrs
from sqlalchemy import Connection, Engine, delete, insert, select

from daypass.errors import DeadlineError
from daypass.toolkit.deadlines import Deadline
from daypass_links.server.database.tables import sign_in_state
from daypass_links.server.principals.issuer import (
    Bearer,
    InvalidTokenError,
    Issuer,
    ProviderError,
    document,
)
from daypass_links.server.settings import OpenID
from daypass_links.server.tokens import digest, new_token

__all__ = ["LASTS", "CodeFlow"]

#: How long somebody may take to sign in, in seconds.
LASTS = 900
#: So many may be on the way at once.
_MOST = 10_000
#: How long the provider may take, in seconds.
_TIMEOUT = 10.0


@attrs.frozen(eq=False)
class CodeFlow:
    """The way to the provider and back."""

    issuer: Issuer
    client_id: str
    client_secret: str | None = attrs.field(repr=False)
    #: Scopes that are asked for where the provider has them.
    scopes: tuple[str, ...]
    #: What our addresses begin with.
    url: str

    @classmethod
    def of(
        cls, told: OpenID | None, url: str, clock: Callable[[], float], *, asks_email: bool = False
    ) -> CodeFlow | None:
        """Return the way that is configured, if one is; with ``asks_email`` people are asked where mail reaches them."""
        if told is None or told.client_id is None:
            return None
        issuer = Issuer(
            told.issuer,
            told.client_id,
            principal_claim=told.principal_claim,
            groups_claim=told.groups_claim,
            wants_email=asks_email,
            clock=clock,
        )
        names = told.principal_claim != "sub"
        claims = (
            told.groups_claim,
            *(("profile",) if names else ()),
            *(("email",) if names or asks_email else ()),
        )
        return cls(issuer, told.client_id, told.client_secret, claims, url)

    @property
    def host(self) -> str:
        """What people know the provider by."""
        return urlsplit(self.issuer.issuer).hostname or ""

    def begin(self, engine: Engine, secret: str, after: str, now: int) -> str:
        """Begin a sign-in, and return the address at the provider where it goes on.

        Args:
            engine: of the main database.
            secret: what the browser's cookie holds.
            after: where to go then.
            now: the clock, in seconds since the epoch.

        Raises:
            ProviderError: if the provider cannot be asked, or has no such address.
            DeadlineError: if it cannot in time.

        """
        place, known = self._endpoint("authorization_endpoint"), self.issuer.published()
        has = known.get("scopes_supported")
        state = new_token()
        row = {"hash": _bound(secret, state), "after": after, "ends_at": now + LASTS}
        with engine.begin() as connection:
            connection.execute(delete(sign_in_state).where(sign_in_state.c.ends_at <= now))
            # Anybody may begin one: what was begun longest ago gives way.
            newest = select(sign_in_state.c.hash).order_by(sign_in_state.c.ends_at.desc())
            surplus = newest.offset(_MOST - 1)
            connection.execute(delete(sign_in_state).where(sign_in_state.c.hash.in_(surplus)))
            connection.execute(insert(sign_in_state).values(row))
        challenge = sha256(_made("verifier", secret, state).encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self._back,
            "scope": " ".join(
                ["openid", *(one for one in self.scopes if isinstance(has, list) and one in has)]
            ),
            "state": state,
            "nonce": _made("nonce", secret, state),
            "code_challenge": _b64(challenge),
            "code_challenge_method": "S256",
        }
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def take(self, connection: Connection, secret: str, state: str, now: float) -> str | None:
        """Use a sign-in up, and return where to go then; None of one that this browser did not begin, or not lately.

        Args:
            connection: in a transaction of the main database.
            secret: what the browser's cookie holds.
            state: what it came back with.
            now: the clock, in seconds since the epoch.

        """
        taken = (
            delete(sign_in_state)
            .where(sign_in_state.c.hash == _bound(secret, state), sign_in_state.c.ends_at > now)
            .returning(sign_in_state.c.after)
        )
        found: str | None = connection.scalar(taken)
        return found

    def finish(self, secret: str, state: str, code: str) -> Bearer:
        """Return who has signed in, by the code that they came back with.

        Raises:
            InvalidTokenError: if the provider's token is not for this sign-in.
            ProviderError: if it does not take the code, or cannot be asked.
            DeadlineError: if it cannot in time.

        """
        deadline = Deadline.after(_TIMEOUT)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": _made("verifier", secret, state),
            "client_id": self.client_id,
        }
        basic = None
        if self.client_secret is not None:
            methods = self.issuer.published().get("token_endpoint_auth_methods_supported")
            if isinstance(methods, list) and "client_secret_basic" not in methods:
                form["client_secret"] = self.client_secret
            else:
                pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
                basic = f"Basic {b64encode(pair.encode()).decode()}"
        place = self._endpoint("token_endpoint")
        said = deadline.run(
            lambda: document(place, deadline, form=form, authorization=basic),
            "asking the OpenID provider for a token",
        )
        token, access = said.get("id_token"), said.get("access_token")
        if not isinstance(token, str):
            msg = "the OpenID provider answered without an ID token"
            raise InvalidTokenError(msg)

        def more() -> dict[str, Any]:
            found = self.issuer.endpoint("userinfo_endpoint")
            if found is None or not isinstance(access, str):
                return {}
            return deadline.run(
                lambda: document(found, deadline, authorization=f"Bearer {access}"),
                "asking the OpenID provider for groups",
            )

        return self.issuer.signed_in(token, _made("nonce", secret, state), more)

    def leave(self) -> str | None:
        """Return where to sign out at the provider (OpenID Connect RP-Initiated Logout 1.0); None where it has no such address."""
        try:
            place = self.issuer.endpoint("end_session_endpoint")
        except (ProviderError, DeadlineError):
            return None  # signing out here does not wait for it
        asked = {
            "client_id": self.client_id,
            "post_logout_redirect_uri": f"{self.url}/auth/sign-in",
        }
        return None if place is None else f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    @property
    def _back(self) -> str:
        return f"{self.url}/auth/callback"

    def _endpoint(self, name: str) -> str:
        found = self.issuer.endpoint(name)
        if found is None:
            msg = f"the OpenID provider {self.issuer.issuer} publishes no {name} that is https"
            raise ProviderError(msg)
        return found


def _bound(secret: str, state: str) -> bytes:
    return digest(f"{secret} {state}".encode())


def _made(what: str, secret: str, state: str) -> str:
    return _b64(hmac.digest(secret.encode(), f"{what} {state}".encode(), "sha256"))


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
