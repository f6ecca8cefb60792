"""Commands that other distributions add: listed without an import, called by name, and broken alone."""

from __future__ import annotations

import json
from importlib.metadata import entry_points

import pytest

from daypass.cli import commands
from daypass.cli.commands import COMMANDS
from daypass.cli.run import run

GROUP = "daypass.commands"
#: Those of distributions that are installed for the tests.
PRESENT = {entry.name for entry in entry_points(group=GROUP)}
#: A command that leaves a trace where its module is imported.
SHARE = """
import pathlib

import click
import daypass

pathlib.Path("imported").touch()

@click.command("share")
@click.argument("path")
@click.option("--fail", is_flag=True, help="End with 7.")
def command(path, fail):
    link = daypass.create_signed_url(path, expires_in="5m")
    click.echo(f"share {link.path} for {link.method}")
    return 7 if fail else 0
"""


@pytest.fixture
def share(install):
    install("acme-share", GROUP, "share", SHARE, "Share links by mail.")


def listing(daypass):
    done = daypass("plugins", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    records = map(json.loads, done.stdout.splitlines())
    found = {record["name"]: record for record in records if record["kind"] == "command"}
    return {name: record for name, record in found.items() if name not in PRESENT}


def test_an_added_command_is_run_by_its_name(daypass, share, credentials):
    done = daypass("share", "s3://maps/a.tif")
    assert (done.returncode, done.stdout, done.stderr) == (0, "share s3://maps/a.tif for GET\n", "")


def test_what_an_added_command_returns_is_the_exit_code(daypass, share, credentials):
    assert daypass("share", "s3://maps/a.tif", "--fail").returncode == 7


def test_errors_in_an_added_command_end_as_those_of_core(daypass, share, environment):
    environment["AWS_ACCESS_KEY_ID"] = ""
    for arguments, code in ((["s3://maps/a.tif"], 4), (["s3://maps/../a"], 2), ([], 2)):
        done = daypass("share", *arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
        assert done.stderr.startswith("daypass: error: ")


def test_help_lists_added_commands_with_the_summary_of_their_distribution(daypass, share, tmp_path):
    done = daypass("--help")
    assert done.returncode == 0
    others = done.stdout.partition("Commands of plugins:\n")[2].splitlines()
    (line,) = (line for line in others if line.split()[:1] == ["share"])
    assert line.split() == ["share", "Share", "links", "by", "mail.", "(acme-share)"]
    assert not (tmp_path / "imported").exists()


def test_help_of_an_added_command_is_its_own(daypass, share):
    done = daypass("share", "--help")
    assert done.stdout.startswith("Usage: daypass share [OPTIONS] PATH\n")


def test_without_added_commands_help_has_no_such_list(daypass, environment):
    environment["DAYPASS_PLUGINS"] = "daypass-s3"
    assert "Commands of plugins" not in daypass("--help").stdout


def test_core_commands_are_called_without_reading_what_others_add(monkeypatch, capsys):
    monkeypatch.setattr(commands, "find_added", None)
    monkeypatch.setattr(commands, "added", None)
    for name in COMMANDS:
        assert run([name, "--help"]) == 0
    assert "Exit codes:" in capsys.readouterr().out


def test_a_completion_names_added_commands_without_importing_them(
    daypass, share, environment, tmp_path
):
    environment |= {
        "_DAYPASS_COMPLETE": "bash_complete",
        "COMP_WORDS": "daypass s",
        "COMP_CWORD": "1",
    }
    found = [word.removeprefix("plain,") for word in daypass().stdout.split()]
    assert [word for word in found if word not in PRESENT] == ["sign", "share"]
    assert not (tmp_path / "imported").exists()


def test_a_command_of_core_cannot_be_taken(daypass, install, credentials, tmp_path):
    install("evil", GROUP, "sign", SHARE, "Signs better.")
    done = daypass("sign", "s3://maps/a.tif")
    assert (done.returncode, done.stdout.partition("?")[0]) == (
        0,
        "https://maps.s3.amazonaws.com/a.tif",
    )
    assert "Signs better." not in daypass("--help").stdout
    found = listing(daypass)["sign"]
    assert (found["state"], found["distributions"]) == ("broken", ["evil 1.0"])
    assert "give it another name" in found["reason"]
    assert not (tmp_path / "imported").exists()


@pytest.mark.parametrize("group", ["policy", "audit", "config"])
def test_a_group_alone_shows_its_commands_as_they_are_laid_out(daypass, group):
    done = daypass(group)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Usage: daypass {group}")
    assert "\nCommands:\n" in done.stderr


def test_an_unknown_command_is_still_unknown(daypass, share):
    done = daypass("shear")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'shear'" in done.stderr


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
        ("raise SystemExit(0)", "SystemExit"),
        ("def command(): pass", "give its module a click.Command of this name"),
    ],
)
def test_a_broken_command_is_named_and_breaks_itself_alone(
    daypass, install, share, credentials, source, reason
):
    install("acme-broken", GROUP, "broken", source, "Break.")
    done = daypass("broken")
    assert (done.returncode, done.stdout) == (5, "")
    assert "acme_broken of acme-broken 1.0" in done.stderr
    assert reason in done.stderr
    assert daypass("--help").returncode == 0
    assert daypass("sign", "s3://maps/a.tif").returncode == 0
    found = listing(daypass)
    assert {name: record["state"] for name, record in found.items()} == {
        "broken": "broken",
        "share": "ok",
    }
    assert reason in found["broken"]["reason"]


def test_what_may_not_be_loaded_is_no_command(daypass, share, environment, tmp_path):
    environment["DAYPASS_PLUGINS"] = "daypass-s3"
    assert "share" not in daypass("--help").stdout
    done = daypass("share", "s3://maps/a.tif")
    assert done.returncode == 5
    assert "add acme-share to DAYPASS_PLUGINS" in done.stderr
    assert listing(daypass)["share"]["state"] == "not allowed"
    assert not (tmp_path / "imported").exists()
    environment["DAYPASS_PLUGINS"] = "daypass-s3,acme-share"
    assert daypass("share", "--help").returncode == 0


def test_two_distributions_with_one_command_are_named_with_what_chooses(
    daypass, install, share, environment
):
    install("other-share", GROUP, "share", SHARE)
    done = daypass("share", "--help")
    assert done.returncode == 5
    assert "acme-share and other-share both claim the command share" in done.stderr
    assert listing(daypass)["share"]["state"] == "conflict"
    environment["DAYPASS_COMMAND_SHARE"] = "other-share"
    assert daypass("share", "--help").returncode == 0


def test_nothing_that_drives_a_terminal_comes_from_a_summary(daypass, install):
    install("acme-odd", GROUP, "odd", SHARE, "Odd \x1b[2J.")
    assert "Odd \\x1b[2J. (acme-odd)" in daypass("--help").stdout
