"""``daypass demo``: the story of `daypass.demo`, told on a terminal."""

from __future__ import annotations

import os
from itertools import chain

import attrs
import click

from daypass.backends.loading import registry
from daypass.cli import exits
from daypass.cli.output import json_option, say, say_json
from daypass.cli.words import one_line
from daypass.demo.server import MISSING, ServerError, ServerMissingError, swift
from daypass.demo.story import NEXT, PATH, Step, go_on, tell
from daypass.errors import BackendNotFoundError


def _demo(*, as_json: bool) -> int:
    """See the main job done on a real S3 server, with nothing to configure.

    The server (OpenStack Swift) listens on this machine alone, keeps its data in a temporary
    directory, and is gone afterwards. Where 'daypass-links[server]' is installed, it goes on to a link that
    is taken back. Exit code 0 means that every step did what it should.
    """
    _forget_environment()
    try:
        registry.backend(PATH.partition(":")[0])
    except BackendNotFoundError as error:
        raise BackendNotFoundError(MISSING) from error
    if not as_json:
        say("Starting OpenStack Swift with its S3 API on this machine alone ...")
    good = True
    try:
        with swift() as server:
            for number, step in enumerate(chain(tell(server), go_on(server)), start=1):
                good = good and step.good
                if as_json:
                    say_json({"step": number, **attrs.asdict(step)})
                else:
                    _say_step(number, step)
    except ServerMissingError as error:
        raise BackendNotFoundError(str(error)) from error
    except ServerError as error:
        raise click.ClickException(str(error)) from error
    if not good:
        msg = "the demo did not go as it should: see the steps above"
        raise click.ClickException(msg)
    if not as_json:
        say("\nThe server is gone again. What to try next:\n")
        for line in NEXT:
            say(f"   {line}")
    return 0


def _forget_environment() -> None:
    """Let no profile, endpoint or proxy of the user's lead the demo elsewhere or make it fail."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "FSSPEC_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["FSSPEC_CONFIG_DIR"] = os.devnull


def _say_step(number: int, step: Step) -> None:
    good = click.style("ok", fg="green")
    bad = click.style("NOT AS IT SHOULD BE", fg="red")
    say(f"\n{number}. {click.style(step.title, bold=True)}: {good if step.good else bad}")
    for line in step.lines:
        say(f"   {one_line(line)}")


command = click.Command(
    "demo",
    callback=_demo,
    help=_demo.__doc__,
    epilog=exits.EPILOG,
    params=[json_option],
)
