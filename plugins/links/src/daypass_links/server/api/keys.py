"""``/v1/keys``: API keys, made, listed and revoked by an ``admin``."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

from daypass.errors import InvalidRequestError
from daypass.model.paths import parse_path
from daypass.model.written import read_option
from daypass_links.server.api.answers import Ours, caller_of
from daypass_links.server.moments import told
from daypass_links.server.principals import keys
from daypass_links.server.words import check_words
from daypass_links.wire import SCOPES

__all__ = ["KeysController"]

Asked = Request[Any, Any, State]
#: The longest name of a principal or group, and the most of them.
_NAME, _MOST = 200, 100


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

    @post(status_code=201, sync_to_thread=True)
    def create(self, request: Asked, service: Ours, data: JSONBody[NewKey]) -> dict[str, Any]:
        """Make a key. It is in this answer alone."""
        caller = caller_of(request, service, "admin")
        _check(data)
        now = int(service.clock())
        span = None if data.expires_in is None else read_option("expires_in", data.expires_in)
        end = None if span is None else now + span
        with service.databases.main.begin() as connection:
            key_id, key = keys.create(
                connection,
                data.principal,
                scopes=set(data.scopes),
                groups=None if data.groups is None else set(data.groups),
                prefixes=data.prefixes,
                ends_at=end,
                now=now,
            )
        service.changes.read()
        service.events.durable(
            "key",
            principal=caller.principal,
            key_id=key_id,
            of=data.principal,
            scopes=sorted(set(data.scopes)),
            groups=data.groups,
        ).result()
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
        caller = caller_of(request, service, "admin")
        with service.databases.main.begin() as connection:
            keys.revoke(connection, key_id, int(service.clock()))
        service.events.durable(
            "key", principal=caller.principal, key_id=key_id, revoked=True
        ).result()


def _check(asked: NewKey) -> None:
    check_words(asked.scopes, SCOPES, "scopes")
    for name, values in (("principal", [asked.principal]), ("groups", asked.groups or [])):
        if len(values) > _MOST or not all(
            value.isprintable() and 0 < len(value) <= _NAME for value in values
        ):
            msg = f"{name} is text of one line, of at most {_NAME} characters"
            raise InvalidRequestError(msg, option=name)
    if not asked.scopes or len(asked.prefixes) > _MOST:
        msg = f"a key has at least one scope, and at most {_MOST} prefixes"
        raise InvalidRequestError(msg, option="scopes")
    for prefix in asked.prefixes:
        parse_path(prefix)


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
