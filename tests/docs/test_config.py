"""The reference of the configuration names the keys, capabilities and presets that the code has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import attrs
import pytest

from daypass.config import tables
from daypass.config.presets import PRESETS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "config.md").read_text()
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])


def rows(section):
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in SECTIONS[section].splitlines()
        if line.startswith("| `")
    ]


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("`[profiles.NAME]`", tables.ProfileTable),
        ("`[profiles.NAME.defaults]`", tables.Defaults),
    ],
)
def test_every_key_is_described_in_its_order(section, kind):
    assert [row[0].strip("`") for row in rows(section)] == [f.name for f in attrs.fields(kind)]


def test_every_capability_is_named():
    section = SECTIONS["`[profiles.NAME.capabilities]`"]
    listed = "".join(re.findall(r"^(?:\* |  ).*\n", section, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", listed)) == tables.capabilities()


@pytest.mark.parametrize("row", rows("Presets"), ids=lambda row: row[0].strip("`"))
def test_a_preset_is_described_as_it_is(row):
    name, given, sets, lacks = row
    preset = PRESETS[name.strip("`")]
    assert set(re.findall(r"`(\w+)`", lacks)) == set(preset.lacks)
    assert ("endpoint_url" in given) is (preset.example is not None)
    assert ("region_name" in given) is (preset.endpoint is not None)
    region = preset.storage_options.get("client_kwargs", {}).get("region_name")
    assert region is None or f"`{region}`" in sets
    endpoint = preset.storage_options.get("endpoint_url")
    assert endpoint is None or f"`{endpoint}`" in sets


def test_every_preset_is_described():
    assert [row[0].strip("`") for row in rows("Presets")] == list(PRESETS)
    guide = (DOCS / "how-to" / "profiles.md").read_text()
    assert all(f"`{name}`" in guide for name in PRESETS)


def test_every_toml_in_the_guide_is_toml():
    guide = (DOCS / "how-to" / "profiles.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        tomllib.loads(block)
