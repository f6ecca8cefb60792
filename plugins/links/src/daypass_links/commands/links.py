"""``daypass links``: the links of a service as a table, and the plain URLs beside them that a key has signed."""

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
from daypass_links.commands.link import SERVER, client
from daypass_links.wire import STATES

if TYPE_CHECKING:
    from daypass_links.answers import Link


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
            say_json(link.to_dict(reveal=True))
    elif on_terminal():
        names = ("link", "path", "state", "ends", "uses", "owner", "label")
        say_table(names, (_row(link, until(link.expires_at, datetime.now(UTC))) for link in links))
    else:
        for link in links:
            say("\t".join(_row(link, rfc3339(link.expires_at))))
    return 0


def _row(link: Link, end: str) -> tuple[str, ...]:
    uses = f"{link.uses}" if link.max_uses is None else f"{link.uses}/{link.max_uses}"
    return (link.link_id, link.path, link.state, end, uses, link.owner, link.label or "")


command = InnerGroup(
    "links",
    commands={"impact": impact},
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
