import json
import sys

import click
import pytest

from daypass.backends import Registry
from daypass.cli import plugins
from tests.core import fakes

RAISES = """
from daypass import hookimpl

@hookimpl
def head_metadata(location):
    pass

@hookimpl
def describe_backend():
    raise KeyError("hunter2")
"""


def listing(daypass):
    done = daypass("plugins", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return {
        f"{record['kind']} {record['name']}": record
        for record in map(json.loads, done.stdout.splitlines())
    }


def test_installed_backends_are_listed_with_what_they_can(daypass):
    found = listing(daypass)
    s3 = found["backend s3://"]
    assert s3["state"] == "ok"
    assert s3["distributions"][0].startswith("daypass-s3 ")
    assert {"GET", "PUT"} <= set(s3["methods"])
    assert "content_md5" in s3["enforces"]
    assert s3["max_expires_in"] == 604_800
    assert (s3["prefixes"], "LIST" in s3["methods"]) == (False, True)
    assert "signature_version" in s3["signer_options"]
    assert found["backend any other fsspec protocol"]["backend"] == "generic"


def test_a_backend_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(plugins, "registry", Registry(fakes.finder()))
    found = {record["name"]: record for record in plugins.backends()}
    assert found["az://"]["state"] == "not installed"
    assert found["az://"]["reason"] == "pip install daypass-azure"


def test_a_backend_that_can_grant_a_prefix_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "fake_granting", fakes.backend(grant=fakes.granting))
    monkeypatch.setattr(plugins, "registry", Registry(fakes.finder({"fake": "fake_granting"})))
    found = {record["name"]: record for record in plugins.backends()}
    assert found["fake://"]["prefixes"] is True
    assert plugins._rows(found["fake://"])["also"].endswith("prefixes")


def test_in_words(daypass, on_terminal):
    lines = daypass("plugins").stdout.splitlines()
    assert [line for line in lines if line.startswith("backend s3://: state: ok")]
    code, shown = on_terminal("plugins")
    assert code == 0
    assert "7 days" in shown


def test_a_terminal_shows_one_short_table(install, on_terminal):
    install("daypass-broken", "daypass.backends", "broken", "1 / 0")
    _, shown = on_terminal("plugins")
    lines = click.unstyle(shown).splitlines()
    assert lines[0].split() == ["plugin", "state", "signs", "at", "most"]
    assert max(map(len, lines)) <= 80
    [mine] = [line for line in lines if line.startswith("s3://")]
    assert mine.split()[1] == "ok"
    [broken] = [line for line in lines if line.startswith("broken://")]
    assert broken.split()[1] == "broken:"
    assert len(lines) < 60


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module_anywhere", "no_such_module_anywhere"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "head_metadata"),
        (RAISES, "KeyError"),
    ],
)
def test_a_broken_backend_is_listed_with_the_reason_and_breaks_nothing(
    daypass, install, source, reason
):
    install("daypass-broken", "daypass.backends", "broken", source)
    found = listing(daypass)
    assert found["backend broken://"]["state"] == "broken"
    assert reason in found["backend broken://"]["reason"]
    assert "hunter2" not in found["backend broken://"]["reason"]
    assert found["backend s3://"]["state"] == "ok"


def test_a_conflict_is_listed_with_what_chooses(daypass, install, environment):
    install("daypass-other-s3", "daypass.backends", "s3", "import daypass_s3")
    found = listing(daypass)
    assert found["backend s3://"]["state"] == "conflict"
    assert "DAYPASS_BACKEND_S3=" in found["backend s3://"]["reason"]
    assert len(found["backend s3://"]["distributions"]) == 2
    assert found["backend s3a://"]["state"] == "ok"

    done = daypass("sign", "s3://b/k")
    assert done.returncode == 5
    environment["DAYPASS_BACKEND_S3"] = "daypass-s3"
    assert listing(daypass)["backend s3://"]["state"] == "ok"


def test_policy_plugins_are_listed_and_a_broken_one_too(daypass, install):
    install("good", "daypass.plugins", "good", "")
    install("bad", "daypass.plugins", "bad", "raise RuntimeError('hunter2')")
    found = listing(daypass)
    assert found["plugin good"]["state"] == "ok"
    assert found["plugin bad"]["state"] == "broken"


def test_a_broken_plugin_is_5_where_it_is_needed(daypass, install, credentials):
    install("bad", "daypass.plugins", "bad", "1 / 0")
    done = daypass("sign", "s3://b/k")
    assert (done.returncode, done.stdout) == (5, "")
    assert "bad" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_may_not_be_loaded_is_listed_so(daypass, install, environment):
    install("good", "daypass.plugins", "good", "")
    environment["DAYPASS_PLUGINS"] = "daypass-s3,acme-policy"
    found = listing(daypass)
    assert found["backend s3://"]["state"] == "ok"
    assert found["backend gs://"]["state"] == "not allowed"
    assert found["plugin good"]["state"] == "not allowed"
    assert "add good to DAYPASS_PLUGINS" in found["plugin good"]["reason"]
    assert found["plugin acme-policy"]["state"] == "not installed"


def test_a_misspelt_group_of_entry_points_is_named(daypass, install):
    install("daypass-shelf", "daypass.backend", "shelf", "")
    found = listing(daypass)["plugin shelf"]
    assert found["state"] == "broken"
    assert "'daypass.backend': did you mean daypass.backends?" in found["reason"]


def test_presets_of_distributions_are_listed_and_what_is_wrong_with_them(daypass, install):
    sound = "from daypass import Preset\nPRESETS = {%r: Preset()}"
    install("good", "daypass.presets", "acme", sound % "acme")
    install("twice", "daypass.presets", "minio", sound % "minio")
    install("bad", "daypass.presets", "broken", "1 / 0")
    found = listing(daypass)
    assert found["preset acme"] == {
        "kind": "preset",
        "name": "acme",
        "distributions": ["good 1.0"],
        "state": "ok",
    }
    assert found["preset minio"]["state"] == "conflict"
    assert "twice 1.0 brings another" in found["preset minio"]["reason"]
    assert found["preset broken"]["state"] == "broken"
    assert "bad 1.0 cannot be imported" in found["preset broken"]["reason"]
