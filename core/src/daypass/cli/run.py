"""The command's outer skin: lazy subcommands, one-line errors and warnings, exit codes."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

from daypass.backends.calls import tracing
from daypass.cli import exits
from daypass.cli.commands import COMMANDS, added, find
from daypass.cli.output import warn
from daypass.errors import DeadlineError, IgnoredFileWarning, ShortLivedURLWarning

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: The variable by which a shell's script asks for completions.
COMPLETE = "_DAYPASS_COMPLETE"


class LazyGroup(click.Group):
    """A group whose commands are imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands without importing any."""
        del ctx
        return [*COMMANDS, *added()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        del ctx
        return find(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; of one that is misspelt say which is meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from daypass.base.messages import nearest, shown

            near = nearest(args[0], self.list_commands(ctx), cutoff=0.7)
            if near is None or args[0].startswith("-"):
                raise
            msg = f"No such command {shown(args[0])}: did you mean {near}?"
            raise click.UsageError(msg, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands for ``--help`` without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        if others := added():
            with formatter.section("Commands of plugins"):
                formatter.write_dl(list(others.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command without importing any."""
        from click.shell_completion import CompletionItem

        names = {**COMMANDS, **added()}
        return [
            *(
                CompletionItem(name, help=summary)
                for name, summary in names.items()
                if name.startswith(incomplete)
            ),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]


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


def run(arguments: list[str], *, leave: Callable[[int], object] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: without the program's name.
        leave: ends the process at once, where a call was given up at its deadline: a thread that still asks a name
            server, say, would be waited for by the interpreter.

    Returns:
        The exit code.

    """
    if not tracing():
        # What SDKs log of a failure would stand on stderr above the one line that explains it.
        logging.getLogger().addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode is no error
    if COMPLETE in os.environ:
        group.main(arguments, prog_name="daypass")  # click's shell completion; it exits
    late: list[DeadlineError] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", ShortLivedURLWarning)
            warnings.simplefilter("always", IgnoredFileWarning)
            warnings.showwarning = _show_warning
            return _run(arguments, late)
    except BrokenPipeError:
        return exits.NO_READER
    finally:
        _settle()
        if late and leave is not None:
            leave(exits.code_of(late[0]))


def _run(arguments: list[str], late: list[DeadlineError]) -> int:
    try:
        with group.make_context("daypass", arguments) as context:
            result = group.invoke(context)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:  # of a group in a group
        asked.show()
        return exits.WRONG
    except (KeyboardInterrupt, click.Abort):
        return exits.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - never a traceback
        click.echo(f"daypass: error: {exits.sentence(error)}", err=True)
        if isinstance(error, DeadlineError):
            late.append(error)
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
