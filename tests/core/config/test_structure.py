"""Unknown keys and wrong types: each told with its file, its key and what would be right."""

from __future__ import annotations

import attrs
import pytest

from daypass.config.structure import converter, structure

MAPS = '[profiles.maps]\nurl = "s3://maps"\n'

BAD = {
    "[profile.maps]": "the file has no key 'profile': did you mean profiles?",
    'profiles = "s3"': "profiles must be a table",
    'profiles.maps = "s3://maps"': "profiles.maps must be a table, not text",
    '[profiles.maps]\nurll = "s3://maps"': "[profiles.maps] has no key 'urll': did you mean url?",
    f'{MAPS}public_endpont = "https://a"': (
        "[profiles.maps] has no key 'public_endpont': did you mean public_endpoint?"
    ),
    f"{MAPS}zzzzz = 1": "[profiles.maps] has no key 'zzzzz': there are capabilities, defaults, ",
    f"{MAPS}defaults.expire_in = 3": (
        "[profiles.maps.defaults] has no key 'expire_in': did you mean expires_in?"
    ),
    "[profiles.maps]\nurl = 3": "profiles.maps.url must be text, not a whole number",
    "[profiles.maps]\nurl = ''": "profiles.maps.url is not legal: the path is empty",
    "[profiles.maps]\nurl = 's3://'": "profiles.maps.url is not legal: 's3://' names no bucket",
    "[profiles.maps]\nurl = 'zip://a::s3://b/c'": "profiles.maps.url is not legal: ",
    "[profiles.maps]\n": "[profiles.maps] needs the key url",
    f"{MAPS}storage_options = []": "profiles.maps.storage_options must be a table, not an array",
    f"{MAPS}signer_options = true": (
        "profiles.maps.signer_options must be a table, not true or false"
    ),
    f"{MAPS}public_endpoint = 'https://u:sw0rdfish@a'": (
        "profiles.maps.public_endpoint is not legal: public_endpoint must be http(s)://host[:port][/path] "
    ),
    f"{MAPS}preset = 'mino'": (
        "profiles.maps.preset is not legal: no preset is named 'mino': did you mean minio?"
    ),
    f"{MAPS}defaults.expires_in = '1 year'": "profiles.maps.defaults.expires_in is not legal: ",
    f"{MAPS}defaults.expires_in = nan": "profiles.maps.defaults.expires_in is not legal: ",
    f"{MAPS}defaults.expires_in.GTE = 60": (
        "profiles.maps.defaults.expires_in is not legal: no method is named 'GTE': did you mean GET?"
    ),
    f"{MAPS}defaults.expires_in.GET = 2026-01-01": "profiles.maps.defaults.expires_in is not legal",
    f"{MAPS}defaults.response_cache_control = 3600": (
        "profiles.maps.defaults.response_cache_control must be text, not a whole number"
    ),
    f'{MAPS}defaults.response_cache_control = "a\\nb"': "profiles.maps.defaults is not legal: ",
    f"{MAPS}capabilities.LISTS = false": (
        "profiles.maps.capabilities is not legal: no capability is named 'LISTS': did you mean LIST?"
    ),
    f"{MAPS}capabilities.list = 'no'": (
        "profiles.maps.capabilities says for 'list' something that is neither true nor false"
    ),
    "[profiles.'a/b']\nurl = 's3://maps'": '[profiles."a/b"] is no name for a profile: ',
    '[profiles.""]\nurl = "s3://maps"': '[profiles.""] is no name for a profile: ',
    "policy = 3": "policy must be a table",
    "[[audit]]": "audit must be a table",
    f"{MAPS}storage_options.secret = {{ env = 3 }}": (
        "profiles.maps.storage_options a reference to a secret is { env = ... } with text"
    ),
    f"{MAPS}storage_options.secret = {{ env = 'A', file = 'b' }}": (
        "profiles.maps.storage_options a secret is referred to by env or by file, not both"
    ),
}


@pytest.mark.parametrize(("text", "why"), BAD.items(), ids=range(len(BAD)))
def test_a_fault_is_told_with_file_key_and_what_is_right(faults, places, text, why):
    found = faults(user=text)
    assert found[0].startswith(f"{places.user}: {why}")
    assert "sw0rdfish" not in found[0]


def test_every_fault_is_told_and_not_only_the_first(faults):
    text = '[profiles.a]\nurl = 1\nx = 1\ndefaults = { y = 1 }\n[profiles.b]\nurl = "s3://b"\nz = 1'
    found = faults(user=text, project="[policy]\n", named="[profiles.c")
    keys = ["profiles.a.url", "no key 'x'", "no key 'y'", "no key 'z'", "[policy]", "not TOML"]
    assert all(any(key in fault for fault in found) for key in keys)
    assert len(found) == len(keys)


@attrs.frozen(kw_only=True)
class Rule:
    name: str
    paths: tuple[str, ...] = ()
    most: int | None = None


@attrs.frozen(kw_only=True)
class Rules:
    rules: tuple[Rule, ...] = ()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"rules": [{"name": "a"}, {}]}, "f: [policy.rules.1] needs the key name"),
        (
            {"rules": [{"nam": "b"}]},
            "f: [policy.rules.0] has no key 'nam': did you mean name?",
        ),
        ({"rules": [{"name": "a", "paths": "s3"}]}, "f: policy.rules.0.paths must be an array"),
        ({"rules": [{"name": "a", "paths": [1]}]}, "f: policy.rules.0.paths.0 must be text"),
        ({"rules": {"name": "a"}}, "f: policy.rules must be an array, not a table"),
        ({"rules": [{"name": "a", "most": True}]}, "f: policy.rules.0.most must be a whole number"),
        ({"rules": [3]}, "f: policy.rules.0 must be a table, not a whole number"),
    ],
)
def test_other_sections_are_structured_as_strictly(values, why):
    made, faults = structure(values, Rules, "f", ("policy",))
    assert made is None
    assert str(faults[0]).startswith(why)


def test_what_is_right_is_made():
    made, faults = structure({"rules": [{"name": "a", "paths": ["b"], "most": 3}]}, Rules, "f", ())
    assert (made, faults) == (Rules(rules=(Rule(name="a", paths=("b",), most=3),)), [])


def test_no_value_changes_its_type():
    for kind, value in ((str, 1), (int, "1"), (int, True), (bool, 1), (float, "1"), (int, 1.0)):
        with pytest.raises(ValueError, match="must be"):
            converter().structure(value, kind)
