"""The pages on links name what the commands, the settings and Python have."""

from __future__ import annotations

import os
import re
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestParser, DocTestRunner
from pathlib import Path

import click
import pytest

from daypass.cli.run import group
from daypass_links.commands import link
from daypass_links.server import settings
from tests.servers.links import ready, served

DOCS = Path(__file__).parents[3] / "docs"
COMMANDS = (DOCS / "reference" / "cli.md").read_text()
PAGE = (DOCS / "reference" / "links.md").read_text()
OURS = ("link", "links", "serve")


def parts(name):
    """Return a command with all that stands below it."""
    command = group.get_command(click.Context(group), name)
    others = [link.create] if name == "link" else []
    return [command, *others, *getattr(command, "commands", {}).values()]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_described_with_all_its_options(name):
    section = next(each for each in COMMANDS.split("\n## ") if each.startswith(f"`daypass {name}`"))
    for part in parts(name):
        assert (
            f"daypass {name}" == f"daypass {part.name}" or f"daypass {name} {part.name}" in section
        )
        for parameter in part.params:
            if isinstance(parameter, click.Option):
                assert f"{parameter.opts[0]}" in section


@pytest.mark.parametrize("name", OURS)
def test_every_command_helps_with_all_its_options(name):
    for part in parts(name):
        assert part.help
        for parameter in part.params:
            assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_the_example_of_a_configuration_is_one(tmp_path, monkeypatch):
    file = tmp_path / "config.toml"
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
    file.write_text(f'[profiles.maps]\nurl = "s3://maps"\n\n{example}')
    monkeypatch.setenv("DAYPASS_CONFIG", str(file))
    monkeypatch.setattr("daypass.config._loaded", [])
    said = settings.load()
    assert said.links.max_ends_in == 52 * 7 * 86_400
    assert [root.path for root in said.roots] == ["daypass://maps", "s3://results"]


@pytest.mark.servers
def test_the_examples_in_python_run(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    mine = PAGE.partition("<!-- from the code: daypass_links.")[0]
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", mine, re.DOTALL))
    env = dict(os.environ, XDG_DATA_HOME=str(tmp_path / "data"))
    with served(env, tmp_path / "run") as (output, address):
        key = output.wait_for("first key: ").removeprefix("first key: ")
        ready(output, address)
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        monkeypatch.setenv("DAYPASS_LINKS_KEY", key)
        test = DocTestParser().get_doctest(
            examples.replace("http://127.0.0.1:8321", address), {}, "links.md", None, None
        )
        said: list[str] = []
        runner = DocTestRunner(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)
        assert runner.run(test, out=said.append).failed == 0, "".join(said)
        assert len(test.examples) > 10
