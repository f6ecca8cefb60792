"""Sections that an installed distribution brings are read as core's own are."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import attrs
import pytest

from daypass import ConfigError, PluginError, config
from daypass.audit.from_config import audits_of
from daypass.backends import registry
from daypass.cli.run import run
from daypass.config.secrets import Secret
from daypass.config.sections import GROUP


@attrs.frozen(kw_only=True)
class Server:
    host: str = "127.0.0.1"
    port: int = 8321
    key: Secret | None = None


@attrs.frozen(kw_only=True)
class Root:
    profile: str


@attrs.frozen(kw_only=True)
class MoreOfAudit:
    use: str = "async"


@pytest.fixture(autouse=True)
def acme(monkeypatch):
    """Install a distribution that brings three sections, and keys for one of core's."""
    module = ModuleType("acme_server")
    module.sections = {"server": Server, "roots": tuple[Root, ...], "audit": MoreOfAudit}
    monkeypatch.setitem(sys.modules, "acme_server", module)
    names = ("server", "roots", "audit", "untold")
    points = {name: [EntryPoint(name, "acme_server", GROUP)] for name in names}
    monkeypatch.setitem(registry._entries, GROUP, points)
    return module


def test_a_section_is_taken_whole_from_the_last_file_that_has_it(places):
    places.write(user='[server]\nhost = "a"\nport = 1\n', named="[server]\nport = 2\n")
    assert config.load().section("server") == Server(port=2)


def test_a_section_that_nobody_wrote_is_none(places):
    assert config.load().section("server") is None


def test_a_section_may_be_an_array_of_tables(places):
    places.write(user='[[roots]]\nprofile = "a"\n[[roots]]\nprofile = "b"\n')
    assert config.load().section("roots") == (Root(profile="a"), Root(profile="b"))


def test_variables_are_laid_over_the_files(places):
    places.write(user='[server]\nhost = "a"\nport = 1\n')
    places.set(DAYPASS_SERVER__PORT="2")
    assert config.load().section("server") == Server(host="a", port=2)


def test_a_section_can_come_from_variables_alone(places):
    places.set(DAYPASS_SERVER__HOST="b")
    assert config.load().section("server") == Server(host="b")


def test_a_secret_in_a_section_is_a_reference_beside_its_file(places):
    places.write(user='[server]\nkey = { file = "server.key" }\n')
    assert config.load().section("server").key == Secret(
        "file", str(places.user.with_name("server.key"))
    )


def test_core_and_a_distribution_share_the_audit_and_judge_each_its_own_keys(places):
    places.write(user='[audit]\nfile = "audit.jsonl"\nuse = "before"\n')
    loaded = config.load()
    assert loaded.section("audit") == MoreOfAudit(use="before")
    assert len(audits_of(loaded.audit)) == 1


def test_an_audit_that_only_a_distribution_reads_writes_no_file(places):
    places.write(user='[audit]\nuse = "before"\n')
    assert audits_of(config.load().audit) == []


def test_a_key_of_the_audit_that_nobody_has_is_told(places):
    places.write(user='[audit]\nuse = "before"\nfil = "a"\n')
    with pytest.raises(ConfigError, match=r"no key 'fil': did you mean file\?"):
        audits_of(config.load().audit)


WRONG = {
    "[server]\nprot = 1\n": "did you mean port?",
    '[server]\nport = "x"\n': "server.port must be a whole number, not text",
    '[server]\nkey = "abc"\n': "server.key must say where the secret is",
    "server = 3\n": "server must be a table, not a whole number",
    "[roots]\nprofile = 'a'\n": "roots must be an array, not a table",
    "[[roots]]\nprofil = 'a'\n": "did you mean profile?",
    "[untold]\na = 1\n": "does not say what the section untold may hold",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_with_a_section_is_told_with_its_key(places, text):
    places.write(user=text)
    (name,) = {**config.load().sections}
    with pytest.raises((ConfigError, PluginError)) as caught:
        config.load().section(name)
    assert WRONG[text] in str(caught.value)


def test_a_projects_file_has_no_such_section(faults, places):
    (fault,) = faults(project="[server]\nport = 2\n")
    assert "[server] is not taken from a project's file" in fault


def test_a_variable_below_an_array_is_told(faults, places):
    places.set(DAYPASS_ROOTS__PROFILE="a")
    (fault,) = faults(user='[[roots]]\nprofile = "a"\n')
    assert "lies below an array, which only a file can hold" in fault


def test_a_section_that_nobody_brings_is_told_with_those_that_are(faults, places):
    (fault,) = faults(user="[serve]\nport = 2\n")
    assert "did you mean server?" in fault


def test_a_reference_that_names_nothing_is_told(faults, places):
    (fault,) = faults(user='[server]\nkey = { env = "" }\n')
    assert "with text that names it" in fault
    places.write(user="")
    places.set(DAYPASS_SERVER__KEY__FILE="relative")
    (fault,) = faults()
    assert "absolute path" in fault


def test_config_check_reads_such_sections(places, capsys):
    places.write(user='[server]\nport = "x"\n[untold]\n[audit]\nuse = 3\n')
    assert run(["config", "check"]) == 2
    said = capsys.readouterr().out
    assert "[audit] needs the key file" not in said
    for part in (
        "server.port must be a whole number",
        "untold may hold",
        "audit.use must be text",
        "3 errors",
    ):
        assert part in said
