"""The command's outer skin: lazy subcommands, one-line errors and warnings, exit codes."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from io import TextIOWrapper

import click

from daypass.backends.calls import tracing
from daypass.cli import exits
from daypass.cli.output import warn
from daypass.errors import ShortLivedURLWarning

#: Each command's module below `daypass.cli`, imported when the command is used, and its summary.
COMMANDS = {
    "sign": "Sign temporary URLs.",
    "form": "Sign an upload form for browsers.",
    "put": "Upload a file through a signed URL.",
    "get": "Download an object through a signed URL, and check it.",
    "head": "Show what a store says of an object.",
    "explain": "Say what a signed URL is, and why it fails.",
    "verify": "Tell whether a request would pass, and what speaks against it.",
    "config": "Check and show the configuration.",
    "cors": "Let web pages upload: print or set a bucket's CORS rule.",
    "plugins": "Show the installed backends and plugins.",
    "policy": "Show what the policy decides, and why.",
    "audit": "Verify an audit file.",
    "demo": "See it work on a real server of its own.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands without importing any."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"daypass.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands for ``--help`` without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    "daypass",
    cls=LazyGroup,
    epilog=exits.EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="daypass", prog_name="daypass", message="%(prog)s %(version)s")
@click.pass_context
def group(ctx: click.Context) -> int:
    """Turn a path such as s3://bucket/key into a temporary, least-privilege URL.

    Credentials come from where the storage's own SDK finds them, or from a profile: daypass://NAME/key.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        return exits.WRONG
    return 0


def run(arguments: list[str]) -> int:
    """Run one command line.

    Args:
        arguments: without the program's name.

    Returns:
        The exit code.

    """
    if not tracing():
        # What SDKs log of a failure would stand on stderr above the one line that explains it.
        logging.getLogger().addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode is no error
    if "_DAYPASS_COMPLETE" in os.environ:
        group.main(arguments, prog_name="daypass")  # click's shell completion; it exits
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", ShortLivedURLWarning)
            warnings.showwarning = _show_warning
            return _run(arguments)
    except BrokenPipeError:
        return exits.NO_READER
    finally:
        _settle()


def _run(arguments: list[str]) -> int:
    try:
        with group.make_context("daypass", arguments) as context:
            result = group.invoke(context)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, click.Abort):
        return exits.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - never a traceback
        click.echo(f"daypass: error: {exits.sentence(error)}", err=True)
        return exits.code_of(error)
    return result if isinstance(result, int) else 0


def _settle() -> None:
    """Let the interpreter's own last flush not fail once more, where stdout takes nothing."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Stand in for `warnings.showwarning`."""
    warn(str(message))
