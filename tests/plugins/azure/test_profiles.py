"""The preset of Azurite: where its links lead, and Azurite itself behind a profile."""

from __future__ import annotations

import fsspec
import pytest

import daypass
from tests.servers.azurite import KEY


@pytest.fixture
def profile(monkeypatch):
    """Make the profile ``p`` of environment variables."""

    def make(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"DAYPASS_PROFILES__P__{name}", value)

    return make


def test_the_preset_leads_to_the_usual_address_with_the_published_account(profile):
    profile(URL="az://c/in", PRESET="azurite")
    link = daypass.create_signed_url("daypass://p/k")
    assert link.url.partition("?")[0] == "http://127.0.0.1:10000/devstoreaccount1/c/in/k"
    options = daypass.config.load().profile("p").storage_options
    assert options.keys() == {"connection_string"}
    assert f"AccountKey={KEY};" in options["connection_string"]


def test_a_profile_on_azurite(key_bench, profile):
    """At another address than the usual one: the connection string takes the preset's place."""
    profile(
        URL=f"az://{key_bench.name}/in",
        PRESET="azurite",
        STORAGE_OPTIONS__CONNECTION_STRING=key_bench.server.connection_string,
        DEFAULTS__EXPIRES_IN="2m",
    )
    up = daypass.create_signed_url("daypass://p/a b.csv", method="PUT")
    assert key_bench.use(up, b"x,y\n").status_code == 201
    assert key_bench.read("in/a b.csv") == b"x,y\n"
    assert daypass.head_metadata("daypass://p/a b.csv").size == 4
    assert key_bench.use(daypass.create_signed_url("daypass://p/a b.csv")).content == b"x,y\n"
    fs, path = fsspec.url_to_fs("daypass://p")
    assert fs.find(path) == ["p/a b.csv"]
    assert fs.cat_file("p/a b.csv") == b"x,y\n"
