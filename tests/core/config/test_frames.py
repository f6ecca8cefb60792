"""While the configuration is read, no local variable of ours outlives the failure, and no error repeats a line of a file."""

from __future__ import annotations

import pytest

import daypass
from daypass import config
from tests.core.store.test_frames import SECRET, shown

_PROFILE = (
    f'[profiles.maps]\nurl = "s3://maps"\nstorage_options = {{ key = "AK", secret = "{SECRET}" }}\n'
)
FILES = {
    "not TOML": f"{_PROFILE}this is no TOML {SECRET}",
    "a string without its end": f'{_PROFILE}x = "{SECRET}',
    "twice the same key": f'{_PROFILE}url = "{SECRET}"\nurl = "x"',
    "not UTF-8": _PROFILE.encode() + b"\xff",
    "nested too deep": _PROFILE + "x = " + "[" * 40 + f'"{SECRET}"' + "]" * 40,
    "too long a key": _PROFILE + ".".join("a" * 40) + f' = "{SECRET}"',
    "an unknown key": f'{_PROFILE}secret = "{SECRET}"',
    "a value of another type": f'{_PROFILE}signer = ["{SECRET}"]',
    "a value that is not legal": f'{_PROFILE}public_endpoint = "https://me:{SECRET}@h"',
    "a URL that is none": _PROFILE.replace('"s3://maps"', "1"),
    "a name that is none": _PROFILE.replace("maps]", '"ma/ps"]'),
    "a preset that does not fit": f'{_PROFILE}preset = "azurite"',
    "an unknown preset": f'{_PROFILE}preset = "no-such"',
    "a table of defaults": f'{_PROFILE}[profiles.maps.defaults]\nresponse_content_type = "{SECRET}\\u0000"',
    "an unknown section": f'{_PROFILE}[else]\nx = "{SECRET}"',
    "a profile that refers to itself": _PROFILE.replace("s3://maps", "daypass://maps"),
    "a wrong rule": f'{_PROFILE}[[policy.rules]]\neffect = "{SECRET}"',
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", ["user", "named"])
def test_no_frame_shows_a_file_that_cannot_be_read(places, file, kind):
    places.write(**{kind: FILES[file]})
    with pytest.raises(daypass.DaypassError) as caught:
        daypass.create_signed_url("daypass://maps/k")
    assert shown(caught.value) == []


@pytest.mark.parametrize("file", [name for name in FILES if name != "a wrong rule"])
@pytest.mark.parametrize("read", [config.reload, lambda: config.load().profile("maps")])
def test_no_frame_of_the_configuration_itself_shows_one(places, file, read):
    places.write(user=FILES[file])
    with pytest.raises(daypass.ConfigError) as caught:
        read()
    assert shown(caught.value) == []
    assert all(shown(one) == [] for one in caught.value.others if one.__traceback__)


@pytest.mark.parametrize("file", FILES)
def test_no_frame_shows_a_projects_file_that_cannot_be_read(places, file):
    places.write(project=FILES[file])
    with pytest.raises(daypass.DaypassError) as caught:
        daypass.Store("daypass://maps")
    assert shown(caught.value) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__SECRET__X", SECRET),
        ("DAYPASS_PROFILES__MAPS__PUBLIC_ENDPOINT", f"https://me:{SECRET}@h"),
        ("DAYPASS_PROFILES__MAPS__SIGNER_OPTIONS", f'["{SECRET}"]'),
        ("DAYPASS_NOTHING__X", SECRET),
    ],
)
def test_no_frame_shows_a_variable_that_cannot_be_read(places, variable, value):
    places.write(user=_PROFILE)
    places.set(**{variable: value})
    with pytest.raises(daypass.DaypassError) as caught:
        daypass.create_signed_url("daypass://maps/k")
    assert shown(caught.value) == []


def test_no_frame_shows_a_secret_that_was_read_before_one_that_is_not_there(places):
    places.write(
        user='[profiles.maps]\nurl = "s3://maps"\n'
        'storage_options = { key = { env = "THE_KEY" }, secret = { env = "NOT_THERE" } }\n'
    )
    places.set(THE_KEY=SECRET)
    with pytest.raises(daypass.CredentialsError) as caught:
        daypass.create_signed_url("daypass://maps/k")
    assert shown(caught.value) == []
