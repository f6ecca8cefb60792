"""From what a request brings to who asks: an API key, or a token of the OpenID provider that is configured."""

from __future__ import annotations

from daypass_links.server.principals import keys
from daypass_links.server.principals.callers import Caller
from daypass_links.server.principals.issuer import Bearer, InvalidTokenError
from daypass_links.server.principals.known import heard_of, remember
from daypass_links.server.problems import UnauthenticatedError
from daypass_links.server.service import Service
from daypass_links.server.tokens import KEY

__all__ = ["caller_of", "is_at_hand", "of_bearer", "of_provider"]

#: What is told of a key or token that is none (RFC 6750, section 3.1).
_INVALID = 'Bearer error="invalid_token"'


def caller_of(service: Service, authorization: str) -> Caller:
    """Return who asks. Of a token the provider may have to be asked for its keys: that is for a thread, and not for the event loop.

    Args:
        service: the service.
        authorization: the header of that name; empty where there is none.

    Raises:
        UnauthenticatedError: without a key or a token that is valid.
        ProviderError: if the provider cannot be asked for its keys.
        DeadlineError: if it cannot in time.

    """
    kind, _, secret = authorization.partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not secret:
        msg = f"send {_wanted(service)}"
        raise UnauthenticatedError(msg)
    if service.issuer is None or secret.startswith(KEY):
        found = keys.find(service.keys, secret, service.clock())
        if found is None:
            msg = f"this is nothing that is valid here: send {_wanted(service)}"
            raise UnauthenticatedError(msg, challenge=_INVALID)
        return found
    try:
        bearer = service.issuer.bearer(secret)
    except InvalidTokenError as error:
        raise UnauthenticatedError(str(error), challenge=_INVALID) from None
    return of_bearer(service, bearer)


def is_at_hand(authorization: str) -> bool:
    """Tell whether nobody but the database has to be asked whose it is: of an API key."""
    return authorization.partition(" ")[2].lstrip().startswith(KEY)


def _wanted(service: Service) -> str:
    oidc = service.settings.oidc
    other = "" if oidc is None else f", or a token of {oidc.issuer}"
    return f"an API key that is valid{other}: Authorization: Bearer dpl_..."


def of_bearer(service: Service, bearer: Bearer) -> Caller:
    """Return who has a token, or has just signed in. Their groups are written down where they are news, so that their links follow them.

    The newest token that was seen says in which groups somebody is: an older one, which they may hold until it ends, gives nothing back.
    """
    said = bearer.issued_at, frozenset(bearer.groups)
    with service.databases.reading_main.connect() as connection:
        known = heard_of(connection, bearer.principal)
    if known is None or (known[0] <= said[0] and known != said):
        if known is None or known[1] != said[1]:
            service.events.durable(
                "login", principal=bearer.principal, groups=sorted(said[1])
            ).result()
        with service.databases.main.begin() as connection:
            remember(connection, bearer.principal, said[1], said[0])
            known = heard_of(connection, bearer.principal) or said
        service.changes.read()
    return of_provider(service, bearer.principal, known[1])


def of_provider(service: Service, principal: str, groups: frozenset[str]) -> Caller:
    """Return who somebody is whom the provider knows, with what the settings let such people ask.

    Raises:
        UnauthenticatedError: if there is no provider any more.

    """
    oidc = service.settings.oidc
    if oidc is None:
        msg = f"no provider is configured that could know {principal}"
        raise UnauthenticatedError(msg)
    more = () if groups.isdisjoint(oidc.admin_groups) else ("admin",)
    return Caller(principal=principal, groups=groups, scopes=frozenset((*oidc.scopes, *more)))
