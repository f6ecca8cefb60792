import re
from pathlib import Path

import click
import pytest

from daypass.cli import exits
from daypass.cli.commands import COMMANDS, added
from daypass.cli.run import group

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described_with_all_its_options(name):
    sections = PAGE.split("\n## ")
    section = next(part for part in sections if part.startswith(f"`daypass {name}`"))
    command = group.get_command(click.Context(group), name)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert f"`{parameter.opts[0]}" in section


@pytest.mark.parametrize(("code", "meaning"), exits.MEANINGS.items())
def test_every_exit_code_is_described(code, meaning):
    assert f"| {code} | {meaning}" in PAGE


def test_every_command_helps_with_its_options_and_the_exit_codes(capsys):
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command.help
        text = command.get_help(click.Context(command, info_name=name))
        assert "Exit codes:" in text
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name


def test_no_option_is_described_that_does_not_exist():
    described = set(re.findall(r"`(--[a-z][a-z0-9-]*)", PAGE))
    made = {"--help", "--version"}
    for name in (*COMMANDS, *added()):
        command = group.get_command(click.Context(group), name)
        parts = [command, *getattr(command, "commands", {}).values()]
        made |= {o for part in parts for p in part.params for o in (*p.opts, *p.secondary_opts)}
        # A command that another one stands for, as a path does for that of a link.
        made |= set(re.findall(r"--[a-z][a-z0-9-]*", command.get_help(click.Context(command))))
    assert described <= made
