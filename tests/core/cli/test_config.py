"""``daypass config``: every file and every mistake, and nothing secret."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest

MAPS = """[profiles.maps]
url = "s3://maps/2026"
preset = "minio"
public_endpoint = "https://files.example.org"
[profiles.maps.storage_options]
endpoint_url = "http://minio:9000"
key = "AKSHOWN"
secret = { env = "MAPS_SECRET" }
token = "sw0rdfish"
[profiles.maps.defaults]
expires_in = { GET = "2h" }
"""


@pytest.fixture
def user(environment, tmp_path):
    """The user's own file."""
    environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    environment["MAPS_SECRET"] = "sw0rdfish-too"
    path = tmp_path / "config" / "daypass" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(MAPS)
    path.chmod(0o600)
    return path


def test_a_sound_configuration_is_listed_and_ends_with_0(daypass, user):
    done = daypass("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"user file {user}\nno errors\n"


def test_where_no_file_is_found_the_check_says_so(daypass, environment, tmp_path):
    environment["XDG_CONFIG_HOME"] = str(tmp_path / "nothing")
    done = daypass("config", "check")
    said = "no errors, and no file: `daypass config path` says where yours would be\n"
    assert (done.returncode, done.stdout) == (0, said)


def test_every_error_of_every_file_is_told_and_ends_with_2(daypass, user, tmp_path):
    user.write_text(MAPS.replace("public_endpoint", "public_endpont"))
    project = tmp_path / "daypass.toml"
    project.write_text("[audit]\n[profiles.x]\nurl = 3\n")
    done = daypass("config", "check")
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"user file {user}", f"project file {project}"]
    for line in (
        f"error: {user}: [profiles.maps] has no key 'public_endpont': did you mean public_endpoint?",
        f"error: {project}: profiles.x.url must be text, not a whole number",
    ):
        assert line in lines
    assert any(line.startswith(f"error: {project}: [audit] is not taken") for line in lines)
    assert lines[-1] == "3 errors"


def test_profiles_are_tried_without_a_network(daypass, user, environment):
    del environment["MAPS_SECRET"]
    user.write_text(f'{MAPS}[profiles.b]\nurl = "s3://b"\nsigner_options.sigature_version = "s3"\n')
    done = daypass("config", "check", "--json")
    assert done.returncode == 2
    file, *errors = map(json.loads, done.stdout.splitlines())
    assert file == {"kind": "file", "file": str(user), "from": "user"}
    assert [error["key"] for error in errors] == ["profiles.maps", "profiles.b"]
    assert "MAPS_SECRET, which is not set" in errors[0]["message"]
    assert "did you mean signature_version?" in errors[1]["message"]


def test_policy_and_audit_are_checked_too_and_touch_nothing(daypass, user, tmp_path):
    user.write_text(
        '[audit]\nfile = "audit.jsonl"\n[[policy.rules]]\nname = "a"\npath = ["s3://**"]\n'
    )
    done = daypass("config", "check")
    assert done.returncode == 2
    assert "has no key 'path': did you mean paths?" in done.stdout
    assert "[policy.rules.0] needs the key paths" in done.stdout
    user.write_text(
        '[[policy.rules]]\nname = "a"\npaths = ["**"]\nmethods = ["PUT"]\nheader_names = ["x-amz-acl"]\n'
    )
    assert "x-amz-acl has an option of its own, use acl=" in daypass("config", "check").stdout
    user.write_text('[audit]\nfil = "audit.jsonl"\n')
    assert "[audit] has no key 'fil': did you mean file?" in daypass("config", "check").stdout
    user.write_text('[audit]\nfile = "audit.jsonl"\n')
    assert daypass("config", "check").returncode == 0
    assert [path.name for path in user.parent.iterdir()] == ["config.toml"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_secret_that_others_may_read_is_worth_a_warning(daypass, user):
    user.chmod(0o640)
    done = daypass("config", "check")
    assert done.returncode == 0
    assert f"warning: {user} holds a secret, and others may read it: chmod 600" in done.stdout
    # The ID of a key, beside a secret that is elsewhere, is none.
    user.write_text(MAPS.replace('token = "sw0rdfish"\n', ""))
    assert "warning" not in daypass("config", "check").stdout


def test_the_profiles_of_the_docs_are_clean(daypass, environment, user):
    environment["OLD_SECRET"] = "made-up"
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "profiles.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 2
    user.write_text("\n".join(blocks[:3]))
    user.chmod(0o644)
    done = daypass("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "warning" not in done.stdout


def test_an_option_of_the_filesystem_that_looks_misspelt_is_worth_a_warning(daypass, user):
    user.write_text(
        """
        [profiles.a]
        url = "s3://a"
        storage_options.endpoint_ulr = "http://minio.example.org"
        storage_options.client_kwargs = { region_nam = "eu-west-1", verify = false }
        storage_options.config_kwargs = { max_pool_connections = 3, made_up = 1 }
        storage_options.skip_instance_cache = true
        [profiles.b]
        url = "sftp://host/a"
        storage_options = { usernam = "me", port = 22 }
        """
    )
    done = daypass("config", "check")
    assert done.returncode == 0
    warnings = [line.partition("] ")[2] for line in done.stdout.splitlines() if "warning" in line]
    assert warnings == [
        "no option is named 'endpoint_ulr': did you mean endpoint_url?",
        "no option is named 'client_kwargs.region_nam': did you mean region_name?",
    ]
    assert '"kind": "warning"' in daypass("config", "check", "--json").stdout


def test_a_profile_is_shown_as_toml_as_it_is_used_and_masked(daypass, user):
    done = daypass("config", "show", "maps")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"[profiles.maps]  # {user}\n")
    shown = tomllib.loads(done.stdout)["profiles"]["maps"]
    options = shown["storage_options"]
    # Whom a key belongs to is no secret, beside the secret itself; `config check` takes it for none either.
    assert (options["key"], options["token"]) == ("AKSHOWN", "****")
    assert options["secret"] == {"env": "MAPS_SECRET"}
    assert options["client_kwargs"] == {"region_name": "us-east-1"}
    assert shown["defaults"] == {"expires_in": {"GET": "2h"}}
    assert shown["url"] == "s3://maps/2026"


def test_nothing_secret_is_ever_shown(daypass, user):
    user.write_text(
        MAPS
        + """
        [profiles.a]
        url = "redis://:sw0rdfish@localhost/0"
        storage_options.password = "sw0rdfish"
        [profiles.b]
        url = "gs://b"
        storage_options.token = { refresh = "sw0rdfish", list = ["sw0rdfish"] }
        storage_options.connection = "AccountName=a;AccountKey=sw0rdfish"
        [profiles.c]
        url = "s3://c"
        storage_options.key = "sw0rdfish"
        """
    )
    for arguments in (["show"], ["show", "--json"], ["check"], ["check", "--json"]):
        done = daypass("config", *arguments)
        assert "sw0rdfish" not in done.stdout + done.stderr


def test_as_json_one_object_for_each_profile(daypass, user):
    user.write_text(f'{MAPS}[profiles.b]\nurl = "daypass://maps/b"\n')
    found = [json.loads(line) for line in daypass("config", "show", "--json").stdout.splitlines()]
    assert [(one["name"], one["url"]) for one in found] == [
        ("maps", "s3://maps/2026"),
        ("b", "s3://maps/2026/b"),
    ]
    assert found[1]["storage_options"]["secret"] == {"env": "MAPS_SECRET"}


def test_an_unknown_profile_is_an_error_with_the_nearest(daypass, user):
    done = daypass("config", "show", "mops")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "daypass: error: no profile is named 'mops': did you mean maps?\n"


def test_the_words_of_a_fault_are_those_of_the_file(daypass, user):
    user.write_text(MAPS.replace("public_endpoint", "public_endpont"))
    done = daypass("sign", "daypass://maps/a")
    assert done.returncode == 2
    assert "did you mean public_endpoint?" in done.stderr


def test_the_path_of_the_users_file(daypass, user):
    assert daypass("config", "path").stdout == f"{user}\n"
    user.unlink()
    assert daypass("config", "path").stdout == f"{user}\n"


def test_alone_it_shows_its_help(daypass):
    done = daypass("config")
    assert done.returncode == 2
    assert "check" in done.stdout + done.stderr


def test_the_other_commands_take_such_a_path(daypass, user):
    done = daypass("sign", "daypass://maps/europe.tif")
    assert (done.returncode, done.stdout.partition("?")[0]) == (
        0,
        "https://files.example.org/maps/2026/europe.tif",
    )
    assert "sw0rdfish-too" not in done.stdout


SHELF = """
from daypass import BackendInfo, hookimpl

@hookimpl
def head_metadata(location):
    pass

@hookimpl
def describe_backend():
    return BackendInfo(name="shelf", why_not="it cannot", secret_storage_options={"phrase", "login"})
"""
PHRASES = """[profiles.shelf]
url = "shelf://box"
[profiles.shelf.storage_options]
phrase = "open-sesame"
login = { who = "ada-lovelace", pin = 482911 }
shelf = "third"
"""


def test_what_a_backend_declares_secret_is_masked(daypass, user, install):
    user.write_text(PHRASES)
    install("shelves", "daypass.backends", "shelf", SHELF)
    done = daypass("config", "show")
    assert tomllib.loads(done.stdout)["profiles"]["shelf"]["storage_options"] == {
        "phrase": "****",
        "login": {"who": "****", "pin": "****"},
        "shelf": "third",
    }
    user.chmod(0o644)
    assert "holds a secret, and others may read it" in daypass("config", "check").stdout


def test_a_key_that_is_a_secret_itself_is_masked_beside_another(daypass, user, install):
    user.write_text(PHRASES.replace("phrase =", 'secret = { env = "MAPS_SECRET" }\nkey ='))
    install("shelves", "daypass.backends", "shelf", SHELF.replace('"phrase"', '"key"'))
    shown = tomllib.loads(daypass("config", "show").stdout)["profiles"]["shelf"]
    assert shown["storage_options"]["key"] == "****"
    user.chmod(0o644)
    assert "holds a secret, and others may read it" in daypass("config", "check").stdout


def test_all_is_masked_where_nobody_can_say_what_is_secret(daypass, user, install):
    user.write_text(PHRASES)
    install("shelves", "daypass.backends", "shelf", "1 / 0")
    done = daypass("config", "show")
    assert set(re.findall('= "(.*)"', done.stdout)) == {"shelf://box", "****"}
