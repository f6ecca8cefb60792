"""Later sources win, key by key; a project's file may only add."""

from __future__ import annotations

import copy
import json
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass import ConfigError, InvalidRequestError, config
from daypass.config.layers import merged
from daypass.config.overrides import overrides, value_of

MAPS = '[profiles.maps]\nurl = "s3://maps"\n'

NAMES = st.sampled_from("abc")
LEAVES = st.one_of(st.integers(0, 3), st.lists(st.integers(0, 3), max_size=2), st.text("xy"))
TABLES = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=3),
    lambda below: st.dictionaries(NAMES, st.one_of(LEAVES, below), max_size=3),
    max_leaves=8,
)


def leaves(table, at=()):
    """Return every leaf of nested tables by its path: another view of the same."""
    found = {}
    for name, value in table.items():
        if isinstance(value, dict) and value:
            found |= leaves(value, (*at, name))
        else:
            found[*at, name] = value
    return found


@given(st.lists(TABLES, min_size=1, max_size=4))
def test_of_every_key_the_last_layer_that_has_it_wins(layers):
    before = copy.deepcopy(layers)
    result: dict = {}
    for layer in layers:
        result = merged(result, layer)
    found = leaves(result)
    for path, value in leaves(layers[-1]).items():
        if value != {}:  # an empty table takes nothing away
            assert found[path] == value
    for path, value in found.items():
        if value == {}:
            continue
        holders = [layer for layer in layers if leaves(layer).get(path, {}) == value]
        assert holders, "a value that no layer has"
    assert layers == before


@given(TABLES, TABLES, TABLES)
def test_it_does_not_matter_which_layers_are_joined_first(a, b, c):
    """Where a key is a table in all layers or in none; a table over a value begins anew."""
    if all(x == y for one, other in ((a, b), (b, c), (a, c)) for x, y in _shared(one, other)):
        assert merged(merged(a, b), c) == merged(a, merged(b, c))


def _shared(one, other):
    for name in one.keys() & other.keys():
        yield isinstance(one[name], dict), isinstance(other[name], dict)
        if isinstance(one[name], dict) and isinstance(other[name], dict):
            yield from _shared(one[name], other[name])


@given(TABLES, TABLES)
def test_the_environment_is_one_more_layer(table, over):
    """Whether the options come from a file or from variables, the result is the same."""
    variables = {
        "__".join(("DAYPASS_PROFILES__M__STORAGE_OPTIONS", *path)).upper(): json.dumps(value)
        for path, value in leaves(over).items()
    }
    known = {"m": {"storage_options": table}}
    tables, faults = overrides(variables, known)
    assert faults == []
    result = merged(known["m"], tables.get("m", {}))["storage_options"]
    assert result == merged(table, over)


def test_all_four_layers_in_their_order(places):
    profile = "[profiles.{}.storage_options]\n"
    places.write(
        user=MAPS + profile.format("maps") + "a = 1\nb = 1\nc = 1\n",
        project='[profiles.local]\nurl = "memory://x"\n',
        named=profile.format("maps") + "b = 2\nc = 2\n",
    )
    places.set(DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__C="3")
    loaded = config.load()
    assert loaded.profile("maps").storage_options == {"a": 1, "b": 2, "c": 3}
    assert loaded.profile("maps").files == (str(places.user), str(places.named), "the environment")
    assert loaded.profile("local").url == "memory://x"


def test_policy_and_audit_are_taken_whole_from_the_last_file_that_has_them(places):
    places.write(user="[policy]\na = 1\n[audit]\na = 1\n", named="[policy]\nb = 2\n")
    loaded = config.load()
    assert (loaded.policy.values, loaded.policy.file) == ({"b": 2}, str(places.named))
    assert (loaded.audit.values, loaded.audit.file) == ({"a": 1}, str(places.user))


# What a project's file may not do.


@pytest.mark.parametrize("section", ["policy", "audit"])
def test_a_project_has_neither_policy_nor_audit(faults, places, section):
    (fault,) = faults(project=f"[{section}]\n")
    assert fault == (
        f"{places.project}: [{section}] is not taken from a project's file: write it into "
        f"{places.user}, or name this file in DAYPASS_CONFIG"
    )


@pytest.mark.parametrize("owner", ["user", "named"])
@pytest.mark.parametrize(
    "change",
    [MAPS, '[profiles.maps]\npublic_endpoint = "https://evil.example"', "[profiles.maps]"],
)
def test_a_project_changes_no_profile_and_the_error_names_both_files(faults, places, owner, change):
    (fault,) = faults(**{owner: MAPS}, project=change)
    assert fault.startswith(f"{places.project}: [profiles.maps] is a profile of ")
    assert str(getattr(places, owner)) in fault


def test_a_project_refers_to_no_secret_of_the_user(faults, places):
    profile = '[profiles.p]\nurl = "s3://p"\n'
    for reference in ('{ env = "HOME" }', '{ file = "/etc/passwd" }'):
        for option in ("storage_options.secret", "signer_options.a.b", "storage_options.l"):
            value = f"[1, {reference}]" if option.endswith(".l") else reference
            (fault,) = faults(project=f"{profile}{option} = {value}")
            assert "refers to a secret, which a project's file may not" in fault
            assert fault.startswith(f"{places.project}: profiles.p.")


def test_a_project_that_the_user_names_is_trusted(places, monkeypatch):
    places.write(
        user=MAPS,
        project=f"{MAPS}storage_options.secret = {{ env = 'X' }}\n[policy]\n",
    )
    monkeypatch.setenv("DAYPASS_CONFIG", str(places.project))
    assert config.load().policy.file == str(places.project)


@pytest.mark.parametrize("way", ["project to user", "user to project"])
def test_profiles_of_the_project_and_of_the_user_do_not_refer_to_each_other(faults, places, way):
    """Either would put the one's credentials and the other's endpoint together."""
    alias = (
        '[profiles.alias]\nurl = "daypass://maps/x"\nstorage_options.endpoint_url = "http://x"\n'
    )
    one, other = (MAPS, alias) if way == "project to user" else (alias, MAPS)
    (fault,) = faults(user=one, project=other)
    assert "may not refer to each other" in fault
    assert str(places.user) in fault
    assert str(places.project) in fault


# The environment.


def test_a_profile_can_come_from_the_environment_alone(places):
    places.set(
        DAYPASS_PROFILES__MAPS__URL="s3://maps",
        DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__CLIENT_KWARGS__REGION_NAME="eu-west-1",
        DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__SECRET__ENV="MAPS_SECRET",
        DAYPASS_PROFILES__MAPS__DEFAULTS__EXPIRES_IN__GET="2h",
        DAYPASS_PROFILES__MAPS__CAPABILITIES__LIST="false",
    )
    profile = config.load().profile("maps")
    assert profile.storage_options["client_kwargs"] == {"region_name": "eu-west-1"}
    assert str(profile.storage_options["secret"]) == '{ env = "MAPS_SECRET" }'
    assert (profile.defaults.expires_in, profile.lacks) == ({"GET": 7200}, {"LIST"})


def test_a_variable_means_the_key_that_is_there_whatever_its_case_and_dashes(places):
    places.write(user='[profiles.Maps-EU]\nurl = "az://m"\nstorage_options.sasToken = "a"\n')
    places.set(DAYPASS_PROFILES__MAPS_EU__STORAGE_OPTIONS__SASTOKEN="b")
    assert config.load().profile("Maps-EU").storage_options == {"sasToken": "b"}


def test_an_override_replaces_a_reference_whole(places):
    places.write(user=f"{MAPS}storage_options.secret = {{ file = '/run/s' }}\n")
    places.set(DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__SECRET__ENV="S")
    assert str(config.load().profile("maps").storage_options["secret"]) == '{ env = "S" }'


WRONG = {
    "DAYPASS_PROFILES__MAPS__URLL": "no key 'urll': did you mean url?",
    "DAYPASS_PROFILE__MAPS__URL": "means nothing: write DAYPASS_PROFILES__NAME__KEY",
    "DAYPASS_PROFILES____URL": "means nothing: write DAYPASS_PROFILES__NAME__KEY",
    "DAYPASS_POLICY__RULES": "policy and audit come from the user's file",
    "DAYPASS_AUDIT__FILE": "policy and audit come from the user's file",
    "DAYPASS_PROFILES__MAPS": "profiles.maps must be a table, not text",
    "DAYPASS_PROFILES__A_B__URL": "could mean a-b or a.b",
    "DAYPASS_PROFILES__MAPS__PUBLIC_ENDPOINT": "public_endpoint must be http(s)://host[:port][/path]",
    "DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS": "storage_options must be a table, not text",
}


@pytest.mark.parametrize(("variable", "why"), WRONG.items(), ids=WRONG)
def test_a_variable_that_means_nothing_is_told(faults, places, variable, why):
    places.set(**{variable: "a word"})
    text = MAPS + '[profiles.a-b]\nurl = "s3://a"\n[profiles."a.b"]\nurl = "s3://a"\n'
    (fault,) = faults(user=text)
    assert why in fault


def test_a_variable_below_a_value_is_told(faults, places):
    places.set(
        DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS="3", DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__A="1"
    )
    found = faults(user=MAPS)
    assert "lies below another variable's value" in found[0]


@given(st.text())
def test_any_text_is_a_value(text):
    value_of(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "[" * 100_000, "0123", "", "2h", "{'a'}"])
def test_what_is_no_json_is_text(text):
    assert value_of(text) == text


# What the process keeps.


def test_files_are_read_once_and_again_when_asked(places):
    places.write(user=MAPS)
    first = config.load()
    places.user.write_text(MAPS.replace("s3://maps", "s3://other"))
    assert config.load() is first
    assert config.reload().profile("maps").url == "s3://other"
    assert config.load() is not first


def test_a_variable_that_is_another_is_noticed(places):
    places.write(user=MAPS)
    assert config.load().profile("maps").url == "s3://maps"
    places.set(DAYPASS_PROFILES__MAPS__URL="s3://other")
    assert config.load().profile("maps").url == "s3://other"


def test_a_variable_that_does_not_matter_reads_nothing_again(places, monkeypatch):
    first = config.load()
    monkeypatch.setattr(config, "_read", None)
    places.set(SOMETHING="else", DAYPASS_BACKEND_S3="x")
    assert config.load() is first


def test_what_is_wrong_is_told_every_time_until_it_is_right(places):
    places.write(user="x = 1\ny = 2\n")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"no key 'x'.* \(1 more: see daypass config check\)"):
            config.load()
    places.user.write_text("")
    assert config.load().files == (str(places.user),)


def test_many_threads_get_one_configuration(places, monkeypatch):
    places.write(user=MAPS)
    reads = []
    read = config._read
    monkeypatch.setattr(config, "_read", lambda: (reads.append(1), read())[1])
    found = []
    threads = [threading.Thread(target=lambda: found.append(config.load())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(reads), len(set(map(id, found)))) == (1, 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows knows no fork")
def test_a_child_of_a_process_that_was_reading_can_read(places):
    places.write(user=MAPS)
    with config._lock:
        child = os.fork()
        if child == 0:
            good = config.load().profile("maps").url == "s3://maps"
            os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_configuration_shows_no_option(places):
    places.write(user=f"{MAPS}storage_options.secret = 'sw0rdfish'\n[policy]\nkey = 'sw0rdfish'\n")
    loaded = config.load()
    assert "sw0rdfish" not in f"{loaded!r} {loaded.profile('maps')!r} {loaded.policy!r}"


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '{"b": {"a": 1, "a": 1}}', '[{"a": 1, "a": 2}]']
)
def test_a_name_that_an_object_of_json_says_twice_is_refused(text):
    with pytest.raises(InvalidRequestError, match="'a' twice"):
        value_of(text)
