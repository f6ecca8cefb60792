"""``/ui/admin/policy``: what may be shared, by the roots and the policy; and why somebody may do something, or may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from litestar import Response, get
from sqlalchemy import Connection, select

import daypass
from daypass.errors import DaypassError
from daypass.model.options import METHODS
from daypass.policy import Rule
from daypass.policy.in_force import policies
from daypass_links.server.api.answers import Ours
from daypass_links.server.database.tables import principal
from daypass_links.server.pages.administration.admins import admin_of
from daypass_links.server.pages.rendering import Asked, page
from daypass_links.server.problems import detail
from daypass_links.server.service import Service
from daypass_links.server.suspensions import CALLER

__all__ = ["policy"]

#: Of a rule, what is told in words of its own.
_TOLD = ("name", "effect", "paths", "methods", "callers", "groups")
#: A rule that says nothing more.
_BARE = Rule(name="bare", paths=("**",), methods=("GET",))
#: The longest that anything asked may be, in characters.
_LONGEST = 4096


@get("/ui/admin/policy", sync_to_thread=True)
def policy(request: Asked, service: Ours) -> Response[Any]:
    """Show roots and rules, and what they say to whatever was asked."""
    visitor = admin_of(request, service)
    asked = {
        name: str(request.query_params.get(name, ""))[:_LONGEST].strip()
        for name in ("caller", "groups", "method", "path")
    }
    return page(
        request,
        "administration/policy.html",
        visitor=visitor,
        roots=service.settings.roots,
        rules=[[_rule(rule) for rule in one.policy.rules] for one in policies()],
        asked=asked,
        methods=METHODS,
        answer=_answer(service, asked) if asked["path"] else None,
    )


def _rule(rule: Rule) -> dict[str, Any]:
    """Return a rule as it is written: what it says in words, and whatever else differs from what is so without."""
    said = {name: getattr(rule, name) for name in _TOLD}
    more = {
        field.name: _plain(getattr(rule, field.name))
        for field in attrs.fields(Rule)
        if field.init
        and field.name not in _TOLD
        and getattr(rule, field.name) != getattr(_BARE, field.name)
    }
    return {**said, "more": more}


def _plain(value: Any) -> str:
    if attrs.has(type(value)):
        said = attrs.asdict(value)
        return ", ".join(f"{name} = {one}" for name, one in said.items() if one is not None)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    if isinstance(value, (frozenset, tuple)):
        return ", ".join(sorted(map(str, value)))
    return str(value)


def _answer(service: Service, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what each in turn says to somebody's link: whether they are suspended, the roots, and the policy, rule by rule."""
    name, path = asked["caller"], service.roots.named(asked["path"])
    with service.databases.reading_main.connect() as connection:
        groups = _groups(connection, name, asked["groups"])
    service.changes.look()
    told: dict[str, Any] = {
        "groups": sorted(groups),
        "suspended": (CALLER, name) in service.suspensions.all(),
        # Without roots the scope alone says who may, and that is of a key, not of a name.
        "admins_alone": service.roots.open,
        "root": None,
        "wrong": None,
        "found": None,
    }
    try:
        if asked["method"] != "LIST":
            prefix = path.endswith("/")
            place = service.roots.find(
                path, prefix=prefix, methods=[asked["method"] or "GET"], groups=groups
            )
        else:
            folder = path if path.endswith("/") else f"{path}/"
            place, _ = service.roots.looked_into(folder, groups)
        told["root"] = place.root
    except DaypassError as error:
        told["wrong"] = detail(error)
    try:
        told["found"] = daypass.rehearse(
            path,
            method=asked["method"] or "GET",
            expires_in=service.settings.links.redirect_ttl,
            caller=daypass.Caller(name, groups=tuple(sorted(groups))) if name else None,
        )
    except DaypassError as error:
        told["wrong"] = told["wrong"] or detail(error)
    told["allowed"] = told["wrong"] is None and not told["suspended"] and told["found"].allowed
    return told


def _groups(connection: Connection, name: str, said: str) -> frozenset[str]:
    """Return the groups that were written, or those that somebody is known to be in."""
    if said:
        return frozenset(said.replace(",", " ").split())
    known = connection.scalar(select(principal.c.groups).where(principal.c.name == name))
    return frozenset(known or ())
