"""The judge is judged: a sound backend passes every rule, and each fault is caught by its own rule.

Each fault is one change to the text of ``cupboard.py``. On the sound one the kit runs in a process of
its own, without this repository's settings, as it would at a plugin author's; on all others in forks
of one process, which is the same and cheaper.
"""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import daypass
import daypass.toolkit
from daypass.model.requests import SignOptions
from daypass.testing import BackendConformance
from daypass.testing.probes import PROBES
from tests.contract.faults import BY_TOKEN, CLOCK, FAULTS, FURTHER, OF_TOKENS, SILENT, TOKENS
from tests.contract.forks import forks
from tests.core.fakes import EVERY_CONDITION

HERE = Path(__file__).parent
SOUND = (HERE / "cupboard.py").read_text()
SERVER = (HERE.parents[1] / "template/package/tests/server.py").read_text()
SUITE = """
from importlib.metadata import EntryPoint

import fsspec
import pytest

from daypass import Store
from daypass.backends import registry
from daypass.testing import BackendConformance
from cupboard_server import SECRET, cupboard


class CupboardFileSystem(fsspec.AbstractFileSystem):
    protocol = "cupboard"

    def __init__(self, endpoint, secret, **options):
        super().__init__(**options)
        self.endpoint, self.secret = endpoint, secret


fsspec.register_implementation("cupboard", CupboardFileSystem, clobber=True)

registry.claims()["cupboard"] = [EntryPoint("cupboard", "cupboard", "daypass.backends")]


@pytest.fixture(scope="module")
def server():
    with cupboard() as running:
        yield running


class TestCupboard(BackendConformance):
    protocol = "cupboard"
    deadline = 0.3

    @pytest.fixture
    def store(self, server):
        server.objects.clear()
        server.parts.clear()
        return Store("cupboard://box", storage_options={"endpoint": server.url, "secret": SECRET})

    @pytest.fixture
    def place(self, server):
        return server.put

    @pytest.fixture
    def secrets(self):
        return [SECRET]

    @pytest.fixture
    def dead_credentials(self, server):
        return [Store("cupboard://box", storage_options={"endpoint": server.url})]
"""
RUN = ["-Werror", "-rA", "-q", "--tb=short", "-pno:cacheprovider"]


@pytest.fixture(scope="session")
def fork(tmp_path_factory):
    """Return what runs pytest in a fork of a process that is ready to."""
    with forks(tmp_path_factory.mktemp("forks")) as run_in_a_fork:
        yield run_in_a_fork


def thinned(faults):
    """Return every fourth fault for a push, and the others for a night: no rule of the kit changes often, and each fault is a fork."""
    return [
        pytest.param(name, marks=[] if number % 4 == 0 else pytest.mark.nightly)
        for number, name in enumerate(faults)
    ]


def process(directory, arguments):
    """Run pytest in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-pno:xdist", "-pno:hypothesispytest", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    return done.stdout + done.stderr


def run(where, directory, text, suite=SUITE, rule="", server=SERVER):
    """Run the kit, or one of its rules, on a backend; return what failed and passed, and the report."""
    (directory / "cupboard.py").write_text(text)
    (directory / "cupboard_server.py").write_text(server)
    (directory / "test_cupboard.py").write_text(suite)
    asked = f"test_cupboard.py::TestCupboard::{rule}" if rule else "test_cupboard.py"
    report = where(directory, [*RUN, asked])
    found = {"FAILED": [], "PASSED": [], "ERROR": [], "SKIPPED": []}
    for outcome, name in re.findall(
        r"^(FAILED|PASSED|ERROR|SKIPPED) \S+::(test_\w+(?:\[[^\]]*\])?)", report, re.MULTILINE
    ):
        found[outcome].append(name)
    for names in found.values():
        names.sort()  # rules may run in any order
    return found, report


def changed(text, changes):
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def with_settings(settings):
    return f"{SUITE}\n    {settings.lstrip()}\n"


def test_a_sound_backend_passes_every_rule(tmp_path):
    found, report = run(process, tmp_path, SOUND)
    assert not found["FAILED"] + found["ERROR"] + found["SKIPPED"], report
    assert len(found["PASSED"]) > 140


#: How a backend is tried that does not declare signing_time: its links are waited for.
WAITED_FOR = "test_a_link_lives_and_ends_by_the_servers_clock['GET']"


@pytest.mark.nightly
def test_a_sound_backend_with_a_clock_of_its_own_passes(fork, tmp_path):
    found, report = run(fork, tmp_path, changed(SOUND, CLOCK))
    assert not found["FAILED"] + found["ERROR"] + found["SKIPPED"], report
    assert WAITED_FOR in found["PASSED"]


def test_a_rule_that_waits_passes_where_a_backend_has_a_clock_of_its_own(fork, tmp_path):
    found, report = run(fork, tmp_path, changed(SOUND, CLOCK), rule=WAITED_FOR)
    assert (found["FAILED"], found["PASSED"]) == ([], [WAITED_FOR]), report


@pytest.mark.parametrize(
    "rule",
    [
        *("test_a_touched_link_is_worth_nothing", "test_a_touched_grant_is_worth_nothing"),
        *("test_a_grant_opens_nothing_beside_its_prefix", "test_another_prefix_is_another_grant"),
        *("test_a_link_holds_its_declared_secrets", "test_what_is_shown_of_a_link_is_masked"),
    ],
)
def test_a_rule_of_links_passes_where_these_are_tokens(fork, tmp_path, rule):
    suite, server = with_settings("signs_offline = False"), changed(SERVER, TOKENS)
    found, report = run(fork, tmp_path, changed(SOUND, BY_TOKEN), suite, rule, server)
    assert not found["FAILED"] + found["ERROR"] + found["SKIPPED"], report
    assert found["PASSED"], report


@pytest.mark.nightly
def test_a_sound_backend_whose_links_are_tokens_passes(fork, tmp_path):
    """It asks its server for each, and nothing in the link tells what it opens."""
    suite, server = with_settings("signs_offline = False"), changed(SERVER, TOKENS)
    found, report = run(fork, tmp_path, changed(SOUND, BY_TOKEN), suite, "", server)
    assert not found["FAILED"] + found["ERROR"] + found["SKIPPED"], report
    assert "test_a_grant_opens_nothing_beside_its_prefix['GET']" in found["PASSED"]
    assert "test_a_declared_option_is_enforced_by_a_grant['max_uses']" in found["PASSED"]


@pytest.mark.parametrize("fault", OF_TOKENS)
def test_each_fault_of_tokens_is_caught_by_its_rule(fork, tmp_path, fault):
    wrong, rule = OF_TOKENS[fault]
    suite, server = with_settings("signs_offline = False"), changed(changed(SERVER, TOKENS), wrong)
    found, report = run(fork, tmp_path, changed(SOUND, BY_TOKEN), suite, rule, server)
    assert [name for name in found["FAILED"] if name.startswith(rule)], report
    assert not found["ERROR"], report


def test_a_backend_without_a_server_is_only_asked_for_its_links(fork, tmp_path):
    suite = SUITE.replace("server.url", "'http://127.0.0.1:9'")
    suite = suite.replace("    deadline = 0.3\n", "    sign_only = True\n")
    found, report = run(fork, tmp_path, SOUND, suite)
    assert not found["FAILED"] + found["ERROR"] + found["SKIPPED"], report
    assert "test_a_declared_option_is_part_of_the_link['ip_range']" in found["PASSED"]
    assert not [name for name in found["PASSED"] if "is_enforced" in name or "stale" in name]


def test_a_fork_finds_what_a_process_of_its_own_finds(fork, tmp_path):
    old, new, rule = FAULTS["permits less than it says"]
    found = []
    for where, name in ((fork, "fork"), (process, "process")):
        (tmp_path / name).mkdir()
        found.append(run(where, tmp_path / name, changed(SOUND, {old: new}), rule=rule)[0])
    assert found[0] == found[1]
    assert found[0]["FAILED"]
    assert found[0]["PASSED"]


@pytest.mark.parametrize("fault", thinned(FAULTS))
def test_each_fault_is_caught_by_its_rule(fork, tmp_path, fault):
    old, new, rule = FAULTS[fault]
    found, report = run(fork, tmp_path, changed(SOUND, {old: new}), rule=rule)
    assert [name for name in found["FAILED"] if name.startswith(rule)], report
    assert not found["ERROR"], report


@pytest.mark.parametrize("fault", thinned(FURTHER))
def test_each_further_fault_is_caught_by_its_rule(fork, tmp_path, fault):
    """An excuse that is not needed is a fault too; the last ones are a core that does not see to a rule."""
    wrong = FURTHER[fault]
    suite = wrong.core + with_settings(wrong.settings)
    text, server = changed(SOUND, wrong.backend), changed(SERVER, wrong.server)
    found, report = run(fork, tmp_path, text, suite, wrong.rule, server)
    assert [name for name in found["FAILED"] if name.startswith(wrong.rule)], report
    assert not found["ERROR"], report


def test_every_rule_has_a_fault_that_it_catches():
    caught = {rule for _, _, rule in FAULTS.values()} | {wrong.rule for wrong in FURTHER.values()}
    rules = {name for name in dir(BackendConformance) if name.startswith("test_")}
    assert rules == {rule.partition("[")[0] for rule in caught}


def test_a_sound_backend_that_cannot_sign_passes_the_other_half(fork, tmp_path):
    found, report = run(fork, tmp_path, changed(SOUND, SILENT))
    assert not found["FAILED"] + found["ERROR"] + found["SKIPPED"], report
    assert "test_it_declares_no_options" in found["PASSED"]


def test_a_file_name_may_be_spelt_in_both_ways_of_rfc_6266(fork, tmp_path):
    told = 'shaped["Content-Disposition"] = asked["disposition"]'
    both = f"""{told} + "; filename*=UTF-8''q%203.csv" * ("filename" in asked["disposition"])"""
    rule = "test_a_declared_option_is_enforced['filename']"
    found, report = run(fork, tmp_path, SOUND, SUITE, rule, changed(SERVER, {told: both}))
    assert rule in found["PASSED"], report


def test_a_grant_that_works_and_is_not_declared_stops_the_kit(fork, tmp_path):
    """The registry refuses such a module, so that no rule has to find it."""
    _, report = run(fork, tmp_path, changed(SOUND, {"        prefixes=True,\n": ""}))
    assert "prefixes=False and the hook create_signed_prefix contradict each other" in report


def test_a_hook_without_its_mark_stops_the_kit(fork, tmp_path):
    bare = {"@hookimpl\ndef create_signed_url(": "def create_signed_url("}
    found, report = run(fork, tmp_path, changed(SOUND, bare))
    assert not any(found.values()), report
    assert "create_signed_url has a hook's name and arguments but no @hookimpl above it" in report


@pytest.mark.parametrize("methods", ['{"LIST"}', '{"POST"}', '{"GET", "POST"}'])
def test_methods_that_the_kit_cannot_try_are_said_plainly(fork, tmp_path, methods):
    whole = '{"GET", "HEAD", "PUT", "DELETE", "LIST"}'
    _, report = run(fork, tmp_path, changed(SOUND, {whole: methods}))
    assert re.search(r"TestCupboard: .*methods|describe_backend", report), report


def test_the_example_uses_public_names_alone():
    tree = ast.parse(SOUND)
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    own = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    tools = {
        f"daypass.toolkit.{tool.name}.{name}"
        for tool in pkgutil.iter_modules(daypass.toolkit.__path__)
        for name in importlib.import_module(f"daypass.toolkit.{tool.name}").__all__
    }
    assert own <= {f"daypass.{name}" for name in daypass.__all__} | tools


def test_an_excuse_for_what_is_not_declared_is_refused():
    with pytest.raises(TypeError, match="max_bytes"):
        type("Wrong", (BackendConformance,), {"protocol": "file", "narrowed": {"max_bytes"}})


def test_a_backend_that_is_not_installed_is_not_taken_for_the_generic_one():
    with pytest.raises(TypeError, match=r"no backend is installed for shelf://.*pip install -e \."):
        type("Forgotten", (BackendConformance,), {"protocol": "shelf"})


def test_every_condition_has_a_probe():
    assert set(PROBES) == EVERY_CONDITION
    assert set(PROBES) < set(SignOptions.__annotations__)


def test_rules_that_do_not_apply_are_not_collected():
    """Nothing is skipped: what a backend does not declare, it is not asked for."""
    silent = type("Silent", (BackendConformance,), {"protocol": "memory"})
    assert silent.test_permits_names_what_a_link_really_allows is None
    assert silent.test_it_says_why_it_cannot_sign is not None
    again = type("Again", (silent,), {"protocol": "memory"})
    assert again.test_it_says_why_it_cannot_sign is not None


def test_nothing_else_in_daypass_imports_the_kit():
    root = Path(daypass.__file__).parent
    others = [path for path in root.rglob("*.py") if path.parent.name != "testing"]
    assert [path for path in others if "daypass.testing" in path.read_text()] == []
