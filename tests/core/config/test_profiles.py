"""Profiles that refer to others, and rings of them; presets; the secrets that they name."""

from __future__ import annotations

import os
import pickle

import pytest

from daypass import ConfigError, config
from daypass.config.presets import PRESETS
from daypass.config.secrets import Secret, referred, resolved
from daypass.config.tables import capabilities
from daypass.errors import CredentialsError

pytestmark = pytest.mark.isolated


def alias(name, url, more=""):
    return f'[profiles.{name}]\nurl = "{url}"\n{more}\n'


def test_a_profile_below_another_has_its_root_and_its_settings(places):
    base = 'storage_options = { a = 1, b = 1 }\ndefaults.expires_in.GET = "1h"'
    places.write(
        user=alias("maps", "s3://maps/2026", base)
        + alias("europe", "daypass://maps/europe", "storage_options.b = 2")
        + alias("france", "daypass://europe/france/")
        + alias("all", "daypass://maps")
    )
    loaded = config.load()
    assert {name: profile.url for name, profile in loaded.profiles.items()} == {
        "maps": "s3://maps/2026",
        "europe": "s3://maps/2026/europe",
        "france": "s3://maps/2026/europe/france/",
        "all": "s3://maps/2026",
    }
    france = loaded.profile("france")
    assert (france.storage_options, france.defaults.expires_in) == ({"a": 1, "b": 2}, {"GET": 3600})


@pytest.mark.parametrize(
    ("text", "ring"),
    [
        (alias("a", "daypass://a"), "a -> a"),
        (alias("a", "daypass://b/x") + alias("b", "daypass://a/y"), "a -> b -> a"),
        (
            alias("z", "daypass://a") + "".join(alias(x, f"daypass://{y}") for x, y in ("ab", "bc", "ca")),
            "a -> b -> c -> a",
        ),
    ],
)  # fmt: skip
def test_a_ring_is_an_error_that_shows_it(faults, places, text, ring):
    found = faults(user=text)
    assert any(fault.endswith(f"leads back to itself: {ring}") for fault in found)
    assert all(fault.startswith(f"{places.user}: profiles.") for fault in found)


def test_a_long_chain_is_no_ring(places):
    links = "".join(alias(f"p{n}", f"daypass://p{n + 1}/{n}") for n in range(200))
    places.write(user=links + alias("p200", "s3://end"))
    assert config.load().profile("p0").url.startswith("s3://end/199/198/")


def test_a_profile_that_refers_to_none_is_told_with_the_nearest(faults):
    found = faults(user=alias("maps", "s3://maps") + alias("a", "daypass://mapz/x"))
    assert len(found) == 1
    assert "no key 'mapz': did you mean maps? (the url of a refers to it)" in found[0]


def test_an_unknown_profile_is_told_with_the_nearest(places):
    places.write(user=alias("maps", "s3://maps") + alias("charts", "s3://charts"))
    loaded = config.load()
    with pytest.raises(ConfigError, match="no profile is named 'chart': did you mean charts"):
        loaded.profile("chart")
    with pytest.raises(ConfigError, match=r"'zzz': .*config\.toml has charts, maps"):
        loaded.profile("zzz")


def test_an_unknown_profile_without_any_file_is_told_where_one_goes(places):
    places.write()
    with pytest.raises(
        ConfigError, match="'zzz': there is no configuration, and `daypass config path`"
    ):
        config.load().profile("zzz")


# Presets.


def test_presets_set_options_and_nothing_else():
    for name, preset in PRESETS.items():
        options = {"endpoint_url": "http://x", "client_kwargs": {"region_name": "r"}}
        settings = preset.settings(name, f"{preset.protocols[0]}://bucket", options)
        assert settings.keys() == {"storage_options", "signer_options", "capabilities"}
        assert capabilities().issuperset(settings["capabilities"])


def test_what_a_profile_says_outranks_its_preset(places):
    more = """preset = "r2"
    storage_options.endpoint_url = "https://id.r2.cloudflarestorage.com"
    storage_options.client_kwargs.region_name = "eeur"
    capabilities.acl = true"""
    places.write(user=alias("maps", "s3://maps", more))
    profile = config.load().profile("maps")
    assert profile.storage_options["client_kwargs"] == {"region_name": "eeur"}
    assert profile.storage_options["config_kwargs"] == {"s3": {"addressing_style": "path"}}
    assert "acl" not in profile.lacks
    assert "requester_pays" in profile.lacks


@pytest.mark.parametrize(
    ("preset", "url", "why"),
    [
        (
            "minio",
            "s3://a",
            "needs storage_options.endpoint_url, such as https://minio.example.org",
        ),
        ("r2", "s3://a", "such as https://ACCOUNT_ID.r2.cloudflarestorage.com"),
        ("outscale", "s3://a", "needs the region: storage_options.client_kwargs.region_name"),
        ("azurite", "s3://a", "the preset azurite is for az://, and the url is s3://"),
        ("minio", "gs://a", "the preset minio is for s3://, and the url is gs://"),
    ],
)
def test_a_preset_says_what_only_the_profile_can(faults, preset, url, why):
    (fault,) = faults(user=alias("maps", url, f'preset = "{preset}"'))
    assert why in fault
    assert "profiles.maps" in fault


def test_azurites_other_address_is_a_connection_string(faults):
    more = 'preset = "azurite"\nstorage_options.account_host = "127.0.0.1:10001"'
    (fault,) = faults(user=alias("maps", "az://maps", more))
    assert "beside which account_host means nothing: give connection_string instead" in fault


# Secrets.


def test_a_secret_is_read_when_it_is_used(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("from a file\n")
    options = {"a": {"env": "DAY_SECRET"}, "b": [{"file": "secret"}, 1], "c": {"env": 1, "x": 2}}
    found = referred(options, tmp_path)
    monkeypatch.setenv("DAY_SECRET", "from the environment")
    assert resolved(found) == {
        "a": "from the environment",
        "b": ["from a file", 1],
        "c": {"env": 1, "x": 2},
    }


@pytest.mark.parametrize(
    ("text", "secret"),
    [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("", "")],
)
def test_of_a_file_one_line_feed_at_the_end_is_no_secret(tmp_path, text, secret):
    (tmp_path / "secret").write_bytes(text.encode())
    assert Secret("file", str(tmp_path / "secret")).read() == secret


def test_a_secret_that_cannot_be_read_is_told_by_its_place(tmp_path):
    (tmp_path / "bytes").write_bytes(b"sw0rdfish\xff")
    (tmp_path / "large").write_bytes(b"a" * 100_000)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for name, why in {
        "none": "No such file",
        "bytes": "it is not UTF-8",
        "large": "no regular file of at most 65536 bytes",
        "loop": "Too many levels",
        "pipe": "no regular file",
        ".": "no regular file",
    }.items():
        with pytest.raises(CredentialsError, match=why) as caught:
            Secret("file", str(tmp_path / name)).read()
        assert "sw0rdfish" not in f"{caught.value} {caught.value.__cause__}"
    with pytest.raises(CredentialsError, match="variable DAY_NONE, which is not set"):
        Secret("env", "DAY_NONE").read()


def test_a_secrets_file_lies_beside_the_configuration_that_names_it(places):
    places.write(user=alias("maps", "s3://maps", "storage_options.secret = { file = 'keys/maps' }"))
    assert config.load().profile("maps").storage_options["secret"] == Secret(
        "file", str(places.user.parent / "keys" / "maps")
    )


def test_a_secrets_file_can_begin_at_home(places):
    places.write(user=alias("maps", "s3://maps", "storage_options.secret = { file = '~/s' }"))
    secret = config.load().profile("maps").storage_options["secret"]
    assert secret.name == os.path.expanduser("~/s")  # noqa: PTH111 - the oracle is not our way


def test_in_the_environment_a_secrets_file_is_absolute(faults, places):
    places.set(DAYPASS_PROFILES__MAPS__STORAGE_OPTIONS__SECRET__FILE="relative")
    (fault,) = faults(user=alias("maps", "s3://maps"))
    assert "the file of a secret is an absolute path where no configuration file says it" in fault


def test_a_reference_holds_no_secret(monkeypatch):
    monkeypatch.setenv("DAY_SECRET", "sw0rdfish")
    secret = Secret("env", "DAY_SECRET")
    assert secret.read() == "sw0rdfish"
    assert "sw0rdfish" not in f"{secret} {secret!r} {pickle.dumps(secret)!r}"
