"""``daypass link``: a link that can be taken back, made, shown, extended and revoked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import click

from daypass.base.messages import shown
from daypass.base.times import until
from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.given import somebody_types, stdin
from daypass.cli.output import json_option, on_terminal, say, say_json, say_rows, warn
from daypass.cli.words import listed
from daypass.errors import ObjectNotFoundError
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
    message: str | None,
    preview: bool,
    asks: bool,
    password_stdin: bool,
    page: bool,
    inbox: bool,
    content_types: tuple[str, ...],
    as_json: bool,
    **values: Any,
) -> int:
    """Make a link to PATH that can be counted, extended and taken back.

    A PATH that ends in a slash, or --prefix, opens all that lies below it. On a terminal the link is a card
    with all that its holder must know; otherwise stdout gets the bare URL, or with --json an object.
    With --inbox it is a page by which people send files below PATH, each of at most --max-bytes, and --max-uses in all.
    """
    if content_types and not inbox:
        msg = "--takes says which media types an inbox takes: give --inbox too, or --content-type for one upload"
        raise click.UsageError(msg)
    asked: dict[str, Any] = {**options.asked(values)}
    if content_types:
        asked["content_types"] = content_types
    link = client(server).create(
        path,
        prefix=prefix or path.endswith("/"),
        label=label,
        note=note,
        message=message,
        preview=preview,
        password=_password(asks=asks, on_stdin=password_stdin),
        inbox=inbox,
        **asked,
    )
    url = (link.page if page else link.url) or ""
    if as_json:
        say_json(plain(link))
    elif on_terminal():
        say_card(link)
        say(url)
    else:
        if link.unenforced:
            warn(f"{link.path}: nobody enforces {listed(link.unenforced)}")
        say(url)
    return 0


def _password(*, asks: bool, on_stdin: bool) -> str | None:
    """Return the password of a new link; it is no argument, which other users of the machine would see."""
    if asks and on_stdin:
        msg = "give --password or --password-stdin, not both"
        raise click.UsageError(msg)
    if on_stdin:
        found = stdin("the password").readline().rstrip("\r\n")
        if not found:
            msg = "no password came by stdin: write it there, in one line"
            raise click.UsageError(msg)
        return found
    if not asks:
        return None
    if not somebody_types():
        msg = "nobody is there to type a password: write it to stdin with --password-stdin, or run it on a terminal"
        raise click.UsageError(msg)
    typed: str = click.prompt(
        "Password of the link", hide_input=True, confirmation_prompt=True, err=True
    )
    return typed


def plain(link: Link) -> dict[str, Any]:
    """Return a link for JSON, with the address of its page, which is made of the URL."""
    return {**link.to_dict(reveal=True), "page": link.page}


def say_card(link: Link) -> None:
    """Show a link without its URL."""
    uses = f"{link.uses}" if link.max_uses is None else f"{link.uses} of {link.max_uses}"
    rows: dict[str, str | list[str]] = {
        "link": link.link_id,
        "path": link.path,
        "state": link.state.replace("_", " "),
        "permits": ", ".join(sorted(link.permits)),
        "ends": until(link.expires_at, datetime.now(UTC)),
        "uses": uses,
        "send": [f"{name}: {value}" for name, value in link.headers.items()] or "no headers",
        "made by": link.owner,
    }
    if link.expires_because != "requested":
        rows["why"] = link.expires_because
    rows |= {name: said for name in ("label", "note", "message") if (said := getattr(link, name))}
    if link.starts_at is not None:
        rows["begins"] = until(link.starts_at, datetime.now(UTC))
    if link.ip_range is not None:
        rows["from"] = link.ip_range
    if link.inbox is not None:
        most = link.inbox.get("max_bytes")
        rows["takes"] = [
            *(link.inbox.get("content_types") or ["files of any type"]),
            "of any size" if most is None else f"of at most {most} bytes",
        ]
    if link.referrers is not None:
        rows["on pages of"] = list(link.referrers)
    if link.https_only:
        rows["by"] = "https alone"
    if link.has_password:
        rows["asks for"] = "a password"
    if link.preview:
        rows["shows"] = "its beginning"
    if link.unenforced:
        rows["not enforced"] = listed(link.unenforced)
    say_rows("link", rows)


def _say(link: Link, *, as_json: bool) -> int:
    if as_json:
        say_json(plain(link))
    else:
        say_card(link)
    return 0


def _show(link: str, *, server: str | None, as_json: bool) -> int:
    """Show a link as it stands: what it opens, until when, how often it was used."""
    return _say(client(server).show(link), as_json=as_json)


def _extend(link: str, *, server: str | None, expires_in: str, as_json: bool) -> int:
    """Let a link live so long from now on."""
    return _say(client(server).extend(link, expires_in), as_json=as_json)


def _revoke(
    link: str | None,
    *,
    server: str | None,
    owner: str | None,
    prefix: str | None,
    label: str | None,
    everything: bool,
) -> int:
    """Take back one link by its ID or its URL, or all of an owner, below a path, or of a label.

    No new signature is made within a second; what was signed before ends within the service's redirect_ttl.
    """
    _check_one(
        "which links to revoke",
        {
            "LINK": link,
            "--owner": owner,
            "--prefix": prefix,
            "--label": label,
            "--all": everything,
        },
    )
    count = client(server).revoke(link, owner=owner, prefix=prefix, label=label, all=everything)
    say(f"revoked: {count}")
    return 0


def _lift(link_id: str | None, *, server: str | None, owner: str | None) -> int:
    """Lift the suspension of a link by its ID, or of a caller; it takes the key of an admin."""
    _check_one("whose suspension to lift", {"ID": link_id, "--owner": owner})
    if not client(server).lift(link_id, owner=owner):
        raise not_suspended(link_id or owner)
    say("lifted")
    return 0


def not_suspended(name: str | None) -> ObjectNotFoundError:
    """Return the error of a name that is not suspended, or is none."""
    msg = f"{shown(str(name))} is not suspended: `daypass links suspensions` lists what is"
    return ObjectNotFoundError(msg)


def _check_one(what: str, ways: dict[str, str | bool | None]) -> None:
    """Raise unless one way is given, in the words of the command line."""
    if sum(value not in (None, False) for value in ways.values()) != 1:
        *others, last = ways
        msg = f"say {what}, in one way: {', '.join(others)} or {last}"
        raise click.UsageError(msg)


def _command(name: str, callback: Callable[..., int], *params: click.Parameter) -> click.Command:
    return click.Command(
        name,
        callback=callback,
        help=callback.__doc__,
        epilog=exits.EPILOG,
        params=[*params, SERVER],
    )


_LINK = click.Argument(["link"], metavar="LINK")

create = _command(
    "link",
    _create,
    click.Argument(["path"], metavar="PATH", shell_complete=complete_path),
    click.Option(["--prefix"], is_flag=True, help="Open all that lies below PATH."),
    click.Option(["--label"], metavar="TEXT", help="A word to find and revoke links by."),
    click.Option(["--note"], metavar="TEXT", help="A remark."),
    click.Option(["--message"], metavar="TEXT", help="A line for whoever gets the link."),
    click.Option(["--preview"], is_flag=True, help="Let its page show how the file begins."),
    click.Option(
        ["--password", "asks"], is_flag=True, help="Ask here for a password that the link asks for."
    ),
    click.Option(["--password-stdin"], is_flag=True, help="Take a password from stdin."),
    click.Option(["--page"], is_flag=True, help="Print the address of its page, for people."),
    click.Option(
        ["--inbox"], is_flag=True, help="Make a page by which people send files below PATH."
    ),
    click.Option(
        ["--takes", "content_types"],
        metavar="TYPE",
        multiple=True,
        help="A media type that an inbox takes, such as image/*; any without it.",
    ),
    *options.of(name for name in OF_LINKS if name not in _NOT_HERE).values(),
    json_option,
)
show = _command("show", _show, _LINK, json_option)
extend = _command(
    "extend",
    _extend,
    _LINK,
    click.Option(
        ["--expires-in"], required=True, metavar="DURATION", help="Lifetime from now, such as 30d."
    ),
    json_option,
)
revoke = _command(
    "revoke",
    _revoke,
    click.Argument(["link"], metavar="[LINK]", required=False),
    click.Option(["--owner"], metavar="NAME", help="All that one caller made."),
    click.Option(["--prefix"], metavar="PATH", help="All that open something below a path."),
    click.Option(["--label"], metavar="TEXT", help="All of a label."),
    click.Option(["--all", "everything"], is_flag=True, help="All there are."),
)
lift = _command(
    "lift",
    _lift,
    click.Argument(["link_id"], metavar="[ID]", required=False),
    click.Option(["--owner"], metavar="NAME", help="A caller, in place of a link."),
)

command = _Commands(
    "link",
    commands={"show": show, "extend": extend, "revoke": revoke, "lift": lift},
    help=f"{cleandoc(_create.__doc__ or '')}\n\nWith show, extend, revoke or lift and the ID of a link (or, but for lift, its URL), look at it or change it.",
    epilog=exits.EPILOG,
    subcommand_metavar="PATH [OPTIONS] | show LINK | extend LINK | revoke LINK | lift ID",
)
