"""``daypass serve``: the service behind the links, and what whoever runs it needs beside."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from daypass.cli.output import say_json
from daypass.errors import InvalidRequestError, PluginError

__all__ = ["command"]

_Directory = click.Path(file_okay=False, path_type=Path)


def _with_server(function: Callable[..., Any]) -> Callable[..., Any]:
    """Say what to install where the server's own distributions are missing."""

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except ImportError as error:
            msg = f"daypass serve needs {error.name}: pip install 'daypass-links[server]'"
            raise PluginError(msg, plugin="daypass_links") from error

    return called


@click.group("serve", invoke_without_command=True)
@click.option("--host", help="The address to listen on, in place of the configured one.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port to listen on, in place of the configured one.",
)
@click.pass_context
@_with_server
def command(context: click.Context, host: str | None, port: int | None) -> None:
    """Serve links that can be taken back.

    Without a configuration it listens on 127.0.0.1 port 8321 and keeps what it knows in the user's data
    directory. On a new database it prints the first API key and a link to sign in with a browser, once.
    """
    if context.invoked_subcommand is not None:
        return
    from daypass_links.server.run import serve

    serve(host, port, click.echo)


@command.command("check")
@_with_server
def _check() -> int:
    """Try the configuration, the databases, the keys and the stores, and serve nothing.

    The exit code is 2 where something is wrong.
    """
    from daypass_links.server.check import check

    wrong = False
    for found in check():
        wrong = wrong or found.wrong is not None
        click.echo(f"{found.what}: {found.wrong or found.right}")
    return 2 if wrong else 0


@command.command("sign-in")
@_with_server
def _sign_in() -> None:
    """Print a link by which whoever has the first key signs in with a browser: good once, for 15 minutes."""
    from daypass_links.server.run import sign_in

    click.echo(f"sign in: {sign_in()}")


@command.command("lift")
@click.argument("link_id", metavar="[ID]", required=False)
@click.option("--owner", metavar="NAME", help="A caller, in place of a link.")
@_with_server
def _lift(link_id: str | None, owner: str | None) -> None:
    """Lift the suspension of a link by its ID, or of a caller: on this machine, where every admin is suspended."""
    from daypass_links.commands.link import not_suspended
    from daypass_links.server import suspensions
    from daypass_links.server.run import lift

    if (link_id is None) is (owner is None):
        msg = "say whose suspension to lift: the ID of a link, or --owner NAME"
        raise InvalidRequestError(msg)
    kind = suspensions.CALLER if link_id is None else suspensions.LINK
    if not lift(kind, link_id or owner or ""):
        raise not_suspended(link_id or owner)
    click.echo("lifted")


@command.group("db")
def _db() -> None:
    """Look after the databases."""


@_db.command("upgrade")
@_with_server
def _upgrade() -> None:
    """Bring the databases to the newest schema; stop the service before, and make a backup."""
    from daypass_links.server.run import upgraded

    upgraded()
    click.echo("the databases are current")


@command.command("backup")
@click.argument("directory", type=_Directory)
@_with_server
def _back_up(directory: Path) -> None:
    """Copy the databases and the server's keys into a new DIRECTORY; the service may be running."""
    from daypass_links.server import settings
    from daypass_links.server.keeping import back_up

    for file in back_up(settings.load().server, directory):
        click.echo(str(file))


@command.command("restore")
@click.argument("directory", type=_Directory)
@_with_server
def _restore(directory: Path) -> None:
    """Put a copy that backup has made where there is no database."""
    from daypass_links.server import settings
    from daypass_links.server.keeping import restore

    for file in restore(settings.load().server, directory):
        click.echo(str(file))


@command.group("keys", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the public halves as JSON.")
@click.pass_context
@_with_server
def _keys(context: click.Context, *, as_json: bool) -> None:
    """List the server's own keys, which sign checkpoints: name, whether it signs or only verifies, public half.

    With --json it prints what a key_file on another machine may hold, to verify there and sign nothing.
    """
    if context.invoked_subcommand is not None:
        return
    from daypass_links.server import settings
    from daypass_links.server.keyset import KeySet

    keys = KeySet.read(settings.load().server.keys)
    if as_json:
        say_json({"keys": [{"kid": key.kid, "public": key.public.hex()} for key in keys.keys]})
        return
    for key in keys.keys:
        click.echo(
            f"{key.kid}\t{'signs' if key is keys.signing else 'verifies'}\t{key.public.hex()}"
        )


@_keys.command("rotate")
@_with_server
def _rotate() -> None:
    """Make a new key, with which the next checkpoint is signed, in a running service too; older ones stay and verify."""
    from daypass_links.server import settings
    from daypass_links.server.keyset import KeySet

    click.echo(KeySet.rotate(settings.load().server.keys).signing.kid)
