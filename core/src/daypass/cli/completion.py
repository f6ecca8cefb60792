"""``daypass completion``: the script by which a shell completes the command."""

from __future__ import annotations

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

from daypass.cli import exits
from daypass.cli.output import say

_SHELLS = ("bash", "zsh", "fish")


def _completion(shell: str | None) -> None:
    """Print the script by which a shell completes commands, options, profiles and signers.

    For good: eval "$(daypass completion bash)" in ~/.bashrc, eval "$(daypass completion zsh)" in
    ~/.zshrc, daypass completion fish | source in ~/.config/fish/completions/daypass.fish.

    Without one of these words it is for the shell that $SHELL names.
    """
    from daypass.cli.run import COMPLETE, group

    asked = shell or PurePath(os.environ.get("SHELL", "")).name
    if asked not in _SHELLS:
        msg = f"$SHELL names none of {', '.join(_SHELLS)}: say which, as in daypass completion bash"
        raise click.UsageError(msg)
    made = get_completion_class(asked)
    assert made is not None  # noqa: S101 - click knows these three
    say(made(group, {}, "daypass", COMPLETE).source().rstrip("\n"))


command = click.Command(
    "completion",
    callback=_completion,
    help=_completion.__doc__,
    epilog=exits.EPILOG,
    params=[click.Argument(["shell"], type=click.Choice(_SHELLS), required=False)],
)
