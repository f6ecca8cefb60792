"""``daypass completion``: the script by which a shell completes the command."""

from __future__ import annotations

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

from daypass.cli import exits
from daypass.cli.output import say

_SHELLS = ("bash", "zsh", "fish")

#: bash cuts words at colons and signs of equality: they are put together again before click asks, and what bash has of a path is
#: left out of the answers.
_WHOLE_WORDS = r"""
_daypass_completion_of_whole_words() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() word cut=
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ ${#words[@]} == 0 || $rest == [[:space:]]* ]]; then
            words+=("") rest=${rest#"${rest%%[![:space:]]*}"}
        fi
        words[-1]+=$word rest=${rest#"$word"}
    done
    if [[ $COMP_WORDBREAKS == *:* && ${words[-1]} != *[\"\']* ]]; then
        cut=${words[-1]#--*=} cut=${cut%"${cut##*:}"}
    fi
    local COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1))
    _daypass_completion "$1"
    COMPREPLY=("${COMPREPLY[@]#"$cut"}")
    [[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace
}
complete -o nosort -F _daypass_completion_of_whole_words daypass"""


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
    if asked == "bash":
        say(_WHOLE_WORDS)


command = click.Command(
    "completion",
    callback=_completion,
    help=_completion.__doc__,
    epilog=exits.EPILOG,
    params=[click.Argument(["shell"], type=click.Choice(_SHELLS), required=False)],
)
