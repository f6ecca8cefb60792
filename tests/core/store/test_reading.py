"""How an object is asked for: what its links are signed with reaches every reading of its metadata too."""

from __future__ import annotations

import asyncio
import io

import pytest

import daypass
import daypass.arrow
from daypass.arrow.rows import sign_rows
from daypass.errors import UnknownOptionError, UnsupportedOptionError
from daypass.transfer import downloads
from tests.core import fakes

PATH = "fake://bucket/k"
OWN = {"signature_version": "v8"}
ASKED = {"headers": {"x-own": "1"}, "requester_pays": True}


def get(path, tmp_path, **options):
    daypass.download(path, tmp_path / "down", **options)


def manifest(path, tmp_path, **options):
    target = tmp_path / "heads.csv"
    daypass.head_manifest(io.BytesIO(f"path\n{path}\n".encode()), target, source_format="csv", errors="raise", **options)  # fmt: skip


FACES = {
    "one": lambda path, _, **options: daypass.head_metadata(path, **options),
    "one, of async code": lambda path, _, **options: asyncio.run(
        daypass.ahead_metadata(path, **options)
    ),
    "many": lambda path, _, **options: daypass.head_metadata_many(
        [path], errors="raise", **options
    ),
    "many, of async code": lambda path, _, **options: asyncio.run(
        daypass.ahead_metadata_many([path], errors="raise", **options)
    ),
    "a table": lambda path, _, **options: daypass.arrow.head_metadata_many(
        [path], errors="raise", **options
    ),
    "a manifest": manifest,
    "a manifest's links": lambda path, _, **options: sign_rows([path], {}, options, with_head=True),
    "a download": get,
}
every_face = pytest.mark.parametrize("read", FACES.values(), ids=FACES)


@pytest.fixture(autouse=True)
def _no_store(monkeypatch):
    """Let every download bring the three bytes that the fake says an object has."""
    came = downloads.Arrived(size=3, md5="", etag=None, said_size=None, said_md5=None)
    monkeypatch.setattr(downloads, "fetch", lambda *_, **__: came)


def heads(module):
    return [location for location, request in module.seen if request is None]


@every_face
def test_options_of_the_backend_reach_the_reading(fake, read, tmp_path):
    read(PATH, tmp_path, signer_options=OWN)
    assert heads(fake)
    assert {location.options.signature_version for location, _ in fake.seen} == {"v8"}


@every_face
def test_what_a_link_is_asked_for_the_reading_is(fake, read, tmp_path):
    read(PATH, tmp_path, **ASKED)
    (location,) = heads(fake)
    assert location.reading.method == "HEAD"
    assert location.reading.headers == {"x-own": "1"}
    assert location.reading.requester_pays


@pytest.mark.parametrize("read", ["head_metadata", "ahead_metadata"])
def test_a_store_reads_as_it_is_asked(fake, read):
    found = getattr(daypass.Store("fake://bucket", signer_options=OWN), read)("k", **ASKED)
    if asyncio.iscoroutine(found):
        found = asyncio.run(found)
    (location,) = heads(fake)
    assert location.reading.headers == {"x-own": "1"}
    assert location.options.signature_version == "v8"


def test_nothing_is_asked_for_by_itself(fake):
    daypass.head_metadata(PATH)
    (location,) = heads(fake)
    assert location.reading == daypass.SignRequest(method="HEAD")


@every_face
def test_what_the_backend_has_not_is_refused(registry_of, read, tmp_path):
    module = fakes.backend(enforces=fakes.EVERY_CONDITION - {"headers"})
    registry_of({"fake": module})
    with pytest.raises(UnsupportedOptionError, match="fake cannot enforce headers") as caught:
        read(PATH, tmp_path, headers={"x-own": "1"})
    assert caught.value.option == "headers"
    assert heads(module) == []


def test_options_of_an_upload_are_none_of_a_reading(fake):
    with pytest.raises(UnknownOptionError, match="content_type"):
        daypass.head_metadata(PATH, content_type="text/csv")
    assert fake.seen == []


def test_options_of_another_signer_say_nothing_to_who_reads(registry_of, tmp_path):
    reader = fakes.backend(options_class=None)
    signer = fakes.backend(reads=False)
    registry_of({"fake": reader}, signers={"edge": signer})
    get(PATH, tmp_path, signer="edge", signer_options=OWN)
    sign_rows([PATH], {}, {"signer": "edge", "signer_options": OWN}, with_head=True)
    assert {location.options for location in heads(reader)} == {None}
    assert {location.options.signature_version for location, _ in signer.seen} == {"v8"}
