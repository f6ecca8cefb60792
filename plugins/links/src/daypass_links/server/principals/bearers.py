"""From what a request brings to who asks: an API key, or a token of the OpenID provider that is configured."""

from __future__ import annotations

from daypass_links.server.principals import keys
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.issuer import InvalidTokenError
from daypass_links.server.principals.known import groups_of, remember
from daypass_links.server.problems import UnauthenticatedError
from daypass_links.server.service import Service
from daypass_links.server.tokens import KEY

__all__ = ["caller_of"]


def caller_of(service: Service, authorization: str) -> Caller:
    """Return who asks.

    Args:
        service: the service.
        authorization: the header of that name; empty where there is none.

    Raises:
        UnauthenticatedError: without a key or a token that is valid.
        StoreError: if the provider cannot be asked for its keys.

    """
    kind, _, secret = authorization.partition(" ")
    secret = secret.strip()
    found = None
    if kind.lower() == "bearer" and secret:
        if service.issuer is None or secret.startswith(KEY):
            with service.databases.reading_main.connect() as connection:
                found = keys.find(connection, secret, service.clock())
        else:
            found = _of_token(service, secret)
    if found is None:
        msg = "send an API key that is valid: Authorization: Bearer dpl_..."
        raise UnauthenticatedError(msg)
    return found


def _of_token(service: Service, token: str) -> Caller:
    assert service.issuer is not None  # noqa: S101 - who calls has looked
    try:
        bearer = service.issuer.bearer(token)
    except InvalidTokenError as error:
        raise UnauthenticatedError(str(error)) from None
    with service.databases.reading_main.connect() as connection:
        known = groups_of(connection, bearer.principal)
    if known is None or {*known} != {*bearer.groups}:
        with service.databases.main.begin() as connection:
            remember(connection, bearer.principal, bearer.groups)
        service.changes.read()
    return Caller(
        principal=bearer.principal,
        groups=frozenset(bearer.groups),
        scopes=frozenset(service.settings.oidc.scopes) if service.settings.oidc else frozenset(),
    )
