"""``daypass links``: the links of a service as a table, how often they were used, what is suspended, and the plain URLs beside them that a key has signed."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from daypass.base.times import rfc3339, until
from daypass.cli import exits
from daypass.cli.completing import InnerGroup
from daypass.cli.output import json_option, on_terminal, say, say_json, say_table
from daypass_links.commands.impact import command as impact
from daypass_links.commands.link import SERVER, client, plain
from daypass_links.wire import STATES, USAGE_BY

if TYPE_CHECKING:
    from daypass_links.answers import Link, Suspension


@click.pass_context
def _links(
    context: click.Context,
    *,
    server: str | None,
    state: str | None,
    owner: str | None,
    label: str | None,
    prefix: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """List links, the newest first: what they open, until when, how often they were used."""
    if context.invoked_subcommand is not None:
        return 0
    found = client(server).all(state=state, owner=owner, label=label, prefix=prefix)
    links = list(islice(found, limit))
    if as_json:
        for link in links:
            say_json(plain(link))
    elif on_terminal():
        names = ("link", "path", "state", "ends", "uses", "owner", "label")
        say_table(names, (_row(link, until(link.expires_at, datetime.now(UTC))) for link in links))
    else:
        for link in links:
            say("\t".join(_row(link, rfc3339(link.expires_at))))
    return 0


def _suspensions(*, server: str | None, as_json: bool) -> int:
    """List the links and callers that are suspended, and for what; it takes the key of an admin."""
    found = client(server).suspensions()
    if as_json:
        for one in found:
            say_json(one.to_dict())
    elif on_terminal():
        names = ("link", "caller", "for unusually many", "since")
        say_table(names, (_suspended(one) for one in found))
    else:
        for one in found:
            say("\t".join(_suspended(one)))
    return 0


def _suspended(one: Suspension) -> tuple[str, ...]:
    return (one.link_id or "", one.owner or "", one.what, rfc3339(one.since))


def _usage(
    by: str,
    *,
    server: str | None,
    since: str | None,
    until: str | None,
    owner: str | None,
    label: str | None,
    prefix: str | None,
    limit: int | None,
    as_json: bool,
) -> int:
    """Add up how often links were used, in the last 30 days or from one day to another, in UTC: the most used first."""
    found = client(server).usage(
        by, since=since, until=until, owner=owner, label=label, prefix=prefix, limit=limit
    )
    rows = [one.to_dict() for one in found]
    if on_terminal() and not as_json:
        for row in rows:  # as `daypass ls` says a moment
            row["last_used_at"] = row["last_used_at"][:19].replace("T", " ")
    if as_json:
        for row in rows:
            say_json(row)
    elif on_terminal():
        say_table(_OF_USAGE[by], ([*map(str, row.values())] for row in rows))
        say(f"{found.uses} in all, from {found.since} to {found.until}")
    else:
        for row in rows:
            say("\t".join(map(str, row.values())))
    return 0


#: What the table of usage says, in order.
_OF_USAGE = {
    "link": ("link", "path", "owner", "uses", "last used"),
    **{by: (by, "uses", "last used") for by in ("owner", "path", "day")},
}


def _row(link: Link, end: str) -> tuple[str, ...]:
    uses = f"{link.uses}" if link.max_uses is None else f"{link.uses}/{link.max_uses}"
    return (link.link_id, link.path, link.state, end, uses, link.owner, link.label or "")


suspensions = click.Command(
    "suspensions",
    callback=_suspensions,
    help=_suspensions.__doc__,
    epilog=exits.EPILOG,
    params=[SERVER, json_option],
)
usage = click.Command(
    "usage",
    callback=_usage,
    help=_usage.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Option(
            ["--by"],
            type=click.Choice(USAGE_BY),
            default="link",
            show_default=True,
            help="What it is added up by.",
        ),
        click.Option(["--since"], metavar="DAY", help="The first day, such as 2026-11-01."),
        click.Option(["--until"], metavar="DAY", help="The last day; today without it."),
        click.Option(["--owner"], metavar="NAME", help="Only of links that one caller made."),
        click.Option(["--label"], metavar="TEXT", help="Only of links of a label."),
        click.Option(
            ["--prefix"], metavar="PATH", help="Only of what opens something below a path."
        ),
        click.Option(["--limit"], type=click.IntRange(1), help="The most rows; 1000 without it."),
        SERVER,
        json_option,
    ],
)
command = InnerGroup(
    "links",
    commands={"impact": impact, "suspensions": suspensions, "usage": usage},
    invoke_without_command=True,
    callback=_links,
    help=_links.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Option(
            ["--state"], type=click.Choice(STATES), help="Only those that are so; all without it."
        ),
        click.Option(["--owner"], metavar="NAME", help="Only those that one caller made."),
        click.Option(["--label"], metavar="TEXT", help="Only those of a label."),
        click.Option(["--prefix"], metavar="PATH", help="Only what opens something below a path."),
        click.Option(
            ["--limit"],
            type=click.IntRange(1),
            default=100,
            show_default=True,
            help="The most that are listed.",
        ),
        SERVER,
        json_option,
    ],
)
