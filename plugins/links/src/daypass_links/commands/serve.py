"""``daypass serve``: the service behind the links."""

from __future__ import annotations

import click

from daypass.errors import PluginError

__all__ = ["command"]


@click.group("serve", invoke_without_command=True)
@click.option("--host", help="The address to listen on, in place of the configured one.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port to listen on, in place of the configured one.",
)
@click.pass_context
def command(context: click.Context, host: str | None, port: int | None) -> None:
    """Serve links that can be taken back.

    Without a configuration it listens on 127.0.0.1 port 8321 and keeps what it knows in the user's data
    directory. On a new database it prints the first API key, once.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        from daypass_links.server.run import serve
    except ImportError as error:
        msg = f"daypass serve needs {error.name}: pip install 'daypass-links[server]'"
        raise PluginError(msg, plugin="daypass_links") from error
    serve(host, port, click.echo)
