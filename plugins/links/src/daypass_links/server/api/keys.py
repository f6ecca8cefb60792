"""``/v1/keys``: API keys, made, listed and revoked by an ``admin``."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from daypass_links.server.api.answers import NO_STORE, Ours, caller_of
from daypass_links.server.moments import told
from daypass_links.server.principals import changing, keys

__all__ = ["KeysController"]

Asked = Request[Any, Any, State]


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """A key that is asked for."""

    #: Of whom it is: the caller of policy and audit.
    principal: str
    #: What it is for.
    scopes: list[str]
    #: Those of whom it is, from now on; without it they stay what they are.
    groups: list[str] | None = None
    #: Paths below which it may make links; without it any.
    prefixes: list[str] = []
    #: Seconds, or text such as ``"90d"``; without it, it does not end.
    expires_in: int | str | None = None


class KeysController(Controller):
    """API keys."""

    path = "/v1/keys"
    response_headers = NO_STORE

    @post(status_code=201, sync_to_thread=True)
    def create(self, request: Asked, service: Ours, data: JSONBody[NewKey]) -> dict[str, Any]:
        """Make a key. It is in this answer alone."""
        caller = caller_of(request, service, "admin")
        key_id, key, end = changing.make_key(
            service,
            caller,
            principal=data.principal,
            scopes=data.scopes,
            groups=data.groups,
            prefixes=data.prefixes,
            expires_in=data.expires_in,
        )
        return {"key_id": key_id, "key": key, "principal": data.principal, "expires_at": told(end)}

    @get(sync_to_thread=True)
    def listed(self, request: Asked, service: Ours) -> dict[str, Any]:
        """List the keys, without what opens something."""
        caller_of(request, service, "admin")
        with service.databases.reading_main.connect() as connection:
            rows = keys.listed(connection)
        return {"items": [_told(row) for row in rows], "next": None}

    @delete("/{key_id:str}", status_code=204, sync_to_thread=True)
    def take_back(self, request: Asked, service: Ours, key_id: FromPath[str]) -> None:
        """Revoke a key."""
        changing.revoke_key(service, caller_of(request, service, "admin"), key_id)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "key_id": row["id"],
        "principal": row["principal"],
        "scopes": row["scopes"],
        "prefixes": row["prefixes"],
        "created_at": told(row["created_at"]),
        "expires_at": told(row["ends_at"]),
        "revoked_at": told(row["revoked_at"]),
    }
