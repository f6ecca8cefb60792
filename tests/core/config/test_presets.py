"""Presets that distributions bring: found by name, imported when a profile names them, refused where two have a name."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace

import pytest

from daypass import PluginError, Preset, config
from daypass.backends.loading import registry

pytestmark = pytest.mark.isolated

GROUP = "daypass.presets"


def profile(preset, more=""):
    return f'[profiles.maps]\nurl = "shelf://maps"\npreset = "{preset}"\n{more}\n'


@pytest.fixture
def bring(monkeypatch):
    """Let a distribution bring a preset; its module has what is given."""
    claims = registry.claims(GROUP)
    for name in list(claims):
        monkeypatch.delitem(claims, name)

    def make(name, *distributions, **held):
        entries = []
        for distribution in distributions:
            module = ModuleType(f"{distribution}_presets")
            vars(module).update(held)
            monkeypatch.setitem(sys.modules, module.__name__, module)
            entry = EntryPoint(name, module.__name__, GROUP)
            dist = SimpleNamespace(name=distribution, version="2.0", requires=[])
            vars(entry).update(dist=dist)
            entries.append(entry)
        monkeypatch.setitem(claims, name, entries)

    return make


def shelf(**fields):
    return Preset(**{"protocols": ("shelf",), **fields})


def test_a_profile_has_what_a_brought_preset_says(places, bring):
    presets = {
        "acme": shelf(
            storage_options={"host": "acme.example.org", "port": 1},
            signer_options={"kind": "b"},
            lacks=("DELETE",),
        )
    }
    bring("acme", "shelves", PRESETS=presets)
    places.write(user=profile("acme", "storage_options.port = 2"))
    found = config.load().profile("maps")
    assert found.storage_options == {"host": "acme.example.org", "port": 2}
    assert (found.signer_options, found.lacks) == ({"kind": "b"}, {"DELETE"})


def test_what_no_profile_names_is_not_imported(places, bring, monkeypatch):
    bring("acme", "shelves", PRESETS={"acme": shelf()})
    monkeypatch.setitem(sys.modules, "shelves_presets", None)  # importing it fails
    places.write(
        user='[profiles.maps]\nurl = "s3://maps"\npreset = "wasabi"\nstorage_options.endpoint_url = "https://s3.example.org"'
    )
    assert config.load().profile("maps")


def test_a_misspelt_name_is_told_with_the_nearest_of_all(faults, bring):
    bring("acme", "shelves", PRESETS={"acme": shelf()})
    (fault,) = faults(user=profile("acne"))
    assert "no preset is named 'acne': did you mean acme?" in fault


def test_a_name_that_two_bring_is_refused_and_both_are_named(faults, bring):
    bring("acme", "shelves", "racks", PRESETS={"acme": shelf()})
    (fault,) = faults(user=profile("acme"))
    assert "the preset acme is brought by racks 2.0 and shelves 2.0: uninstall" in fault


def test_a_name_of_daypass_itself_is_refused_and_who_brings_it_is_named(faults, bring):
    bring("minio", "shelves", PRESETS={"minio": shelf()})
    (fault,) = faults(user=profile("minio"))
    assert "the preset minio is one of daypass itself, and shelves 2.0 brings another" in fault


@pytest.mark.parametrize("held", [{}, {"PRESETS": {}}, {"PRESETS": {"acme": {}}}, {"PRESETS": 1}])
def test_a_module_without_the_preset_is_told_with_its_distribution(faults, bring, held):
    bring("acme", "shelves", **held)
    (fault,) = faults(user=profile("acme"))
    assert "the module shelves_presets has no preset acme: write PRESETS =" in fault
    assert "shelves 2.0" in fault


def test_one_that_may_not_be_loaded_is_not(faults, bring, monkeypatch):
    monkeypatch.setenv("DAYPASS_PLUGINS", "others")
    bring("acme", "shelves", PRESETS={"acme": shelf()})
    (fault,) = faults(user=profile("acme"))
    assert "plugin shelves_presets of shelves 2.0 may not be loaded" in fault


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"protocols": "shelf"}, "protocols of Preset must be a tuple of text"),
        ({"lacks": ["DELETE"]}, "lacks of Preset must be a tuple of text"),
        ({"contradicts": (1,)}, "contradicts of Preset must be a tuple of text"),
        ({"storage_options": "hunter2"}, "storage_options of Preset must be a mapping of options"),
        ({"signer_options": ["hunter2"]}, "signer_options of Preset must be a mapping of options"),
        (
            {"endpoint": "https://{account}.x"},
            "endpoint of Preset must be text with {region} in it",
        ),
        (
            {"endpoint": 1},
            "endpoint of Preset must be text with {region} in it, or None, not of type int",
        ),
        ({"lack": ()}, "did you mean lacks?"),
    ],
)
def test_a_wrong_field_is_refused_by_name_and_without_its_options(wrong, why):
    with pytest.raises((PluginError, TypeError)) as caught:
        shelf(**wrong)
    assert why in str(caught.value)
    assert "hunter2" not in str(caught.value)
