"""The pictures of pages are taken from the service itself, and each is shown and told in words."""

from __future__ import annotations

import re
import runpy
import shutil
import struct
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet
from tests.servers.install import MissingServerError

ROOT = Path(__file__).parents[2]
PICTURES = runpy.run_path(str(ROOT / "docs" / "pictures.py"))
PAGES = PICTURES["PAGES"]


def test_every_picture_is_shown_once_and_no_other():
    texts = "".join(path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md"))
    shown = re.findall(r"<!-- screenshot: (\S+) -->", texts)
    assert sorted(shown) == sorted(page.name for page in PAGES)


def test_every_picture_is_told_in_a_sentence_to_whoever_does_not_see_it():
    for page in PAGES:
        assert re.fullmatch(r"[A-Z][^\"<>]+\.", page.alt)


def test_without_a_browser_it_is_said_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MissingServerError, match="tox -e servers"):
        PICTURES["take"](tmp_path)


@pytest.mark.servers
@pytest.mark.nightly
def test_each_page_has_a_picture_in_light_and_in_dark(tmp_path):
    PICTURES["take"](tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made.keys() == {
        f"{page.name}-{mode}.png" for page in PAGES for mode in ("light", "dark")
    }
    for page in PAGES:
        light, dark = (made[f"{page.name}-{mode}.png"] for mode in ("light", "dark"))
        # Of PNG: the size is in its first chunk.
        assert struct.unpack(">II", light[16:24]) == struct.unpack(">II", dark[16:24])
        assert light != dark


@pytest.mark.servers
@pytest.mark.nightly
def test_what_is_made_up_for_the_pictures_was_written_down_by_the_service():
    with PICTURES["site"]() as site:
        used = site.service.client.usage(by="day", label="rivers")
        engine = create_engine(f"sqlite:///{site.database.with_name('events.db')}")
        found = verify_events(engine, KeySet.read(site.key_file))
        engine.dispose()
    assert (found.ok, found.faults) == (True, ())
    assert len(used.items) > 15
