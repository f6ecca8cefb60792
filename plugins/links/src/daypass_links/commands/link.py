"""``daypass link``: a link that can be taken back, made, shown, extended and revoked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import click

from daypass.base.times import until
from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.output import json_option, on_terminal, say, say_json, say_rows, warn
from daypass.cli.words import listed
from daypass.model.options import OF_LINKS

if TYPE_CHECKING:
    from daypass_links.answers import Link
    from daypass_links.client import Client

#: What a service's link is no place for.
_NOT_HERE = {
    *("copy_source", "encryption_key", "headers", "query", "signing_time", "stable_for"),
    *("delimiter", "max_keys", "continuation_token", "on_short"),
}
SERVER = click.Option(
    ["--server"], metavar="URL", help="The links service; DAYPASS_LINKS_URL without it."
)


class _Commands(click.Group):
    """What is none of the words below is a path, of which a link is made."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            return None, create, args
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take words in front of which options stand for those of a new link."""
        if not args:
            raise click.MissingParameter(ctx=ctx, param_hint="'PATH'", param_type="argument")
        if args[0] not in (*self.commands, *ctx.help_option_names):
            ctx._protected_args, ctx.args = args[:1], args[1:]  # noqa: SLF001 - where click's own puts them
            return ctx.args
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of a new link, and then the other commands."""
        create.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def client(server: str | None) -> Client:
    """Return who asks the service, by the environment and the command line."""
    from daypass_links.client import Client

    return Client(server)


def _create(
    path: str,
    *,
    server: str | None,
    prefix: bool,
    label: str | None,
    note: str | None,
    as_json: bool,
    **values: Any,
) -> int:
    """Make a link to PATH that can be counted, extended and taken back.

    A PATH that ends in a slash, or --prefix, opens all that lies below it. On a terminal the link is a card
    with all that its holder must know; otherwise stdout gets the bare URL, or with --json an object.
    """
    asked: dict[str, Any] = {**options.asked(values)}
    link = client(server).create(
        path, prefix=prefix or path.endswith("/"), label=label, note=note, **asked
    )
    if as_json:
        say_json(link.to_dict(reveal=True))
    elif on_terminal():
        say_card(link)
        say(link.url or "")
    else:
        if link.unenforced:
            warn(f"{link.path}: nobody enforces {listed(link.unenforced)}")
        say(link.url or "")
    return 0


def say_card(link: Link) -> None:
    """Show a link without its URL."""
    uses = f"{link.uses}" if link.max_uses is None else f"{link.uses} of {link.max_uses}"
    rows: dict[str, str | list[str]] = {
        "link": link.link_id,
        "path": link.path,
        "state": link.state.replace("_", " "),
        "permits": ", ".join(sorted(link.permits)),
        "ends": until(link.expires_at, datetime.now(UTC)),
        "why": "as requested" if link.expires_because == "requested" else link.expires_because,
        "uses": uses,
        "send": [f"{name}: {value}" for name, value in link.headers.items()] or "no headers",
        "made by": link.owner,
    }
    rows |= {name: said for name in ("label", "note") if (said := getattr(link, name))}
    if link.starts_at is not None:
        rows["begins"] = until(link.starts_at, datetime.now(UTC))
    if link.unenforced:
        rows["not enforced"] = listed(link.unenforced)
    say_rows("link", rows)


def _say(link: Link, *, as_json: bool) -> int:
    if as_json:
        say_json(link.to_dict(reveal=True))
    else:
        say_card(link)
    return 0


def _show(link_id: str, *, server: str | None, as_json: bool) -> int:
    """Show a link as it stands: what it opens, until when, how often it was used."""
    return _say(client(server).show(link_id), as_json=as_json)


def _extend(link_id: str, *, server: str | None, expires_in: str, as_json: bool) -> int:
    """Let a link live so long from now on."""
    return _say(client(server).extend(link_id, expires_in), as_json=as_json)


def _revoke(
    link_id: str | None,
    *,
    server: str | None,
    owner: str | None,
    prefix: str | None,
    label: str | None,
    everything: bool,
) -> int:
    """Take back one link by its ID, or all of an owner, below a path, or of a label.

    No new signature is made within a second; what was signed before ends within the service's redirect_ttl.
    """
    count = client(server).revoke(link_id, owner=owner, prefix=prefix, label=label, all=everything)
    say(f"revoked: {count}")
    return 0


def _command(name: str, callback: Callable[..., int], *params: click.Parameter) -> click.Command:
    return click.Command(
        name,
        callback=callback,
        help=callback.__doc__,
        epilog=exits.EPILOG,
        params=[*params, SERVER],
    )


_ID = click.Argument(["link_id"], metavar="ID")

create = _command(
    "link",
    _create,
    click.Argument(["path"], metavar="PATH", shell_complete=complete_path),
    click.Option(["--prefix"], is_flag=True, help="Open all that lies below PATH."),
    click.Option(["--label"], metavar="TEXT", help="A word to find and revoke links by."),
    click.Option(["--note"], metavar="TEXT", help="A remark."),
    *options.of(name for name in OF_LINKS if name not in _NOT_HERE).values(),
    json_option,
)
show = _command("show", _show, _ID, json_option)
extend = _command(
    "extend",
    _extend,
    _ID,
    click.Option(
        ["--expires-in"], required=True, metavar="DURATION", help="Lifetime from now, such as 30d."
    ),
    json_option,
)
revoke = _command(
    "revoke",
    _revoke,
    click.Argument(["link_id"], metavar="[ID]", required=False),
    click.Option(["--owner"], metavar="NAME", help="All that one caller made."),
    click.Option(["--prefix"], metavar="PATH", help="All that open something below a path."),
    click.Option(["--label"], metavar="TEXT", help="All of a label."),
    click.Option(["--all", "everything"], is_flag=True, help="All there are."),
)

command = _Commands(
    "link",
    commands={"show": show, "extend": extend, "revoke": revoke},
    help=f"{cleandoc(_create.__doc__ or '')}\n\nWith show, extend or revoke and the ID of a link, look at it or change it.",
    epilog=exits.EPILOG,
    subcommand_metavar="PATH [OPTIONS] | show ID | extend ID | revoke ID",
)
