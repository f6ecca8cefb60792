"""What share writes has the same media type on every machine, whatever its own files and its Python know."""

from __future__ import annotations

import mimetypes

import pytest

from daypass.base.media_types import guessed
from daypass.sharing.formats import WRITERS

#: Each that share writes into one object.
SUFFIXES = sorted({suffix for known in WRITERS.values() for suffix in known} - {".zarr"})


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_it_hangs_on_nothing_that_this_machine_knows(monkeypatch, suffix):
    name = f"s3://maps/q3{suffix}"
    here = guessed(name)
    monkeypatch.setattr(mimetypes, "guess_type", lambda name: ("application/x-of-a-registry", None))
    kind, packed = here
    assert guessed(name) == guessed(name.upper()) == here
    assert "/" in kind
    assert packed is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_where_python_itself_knows_it_it_is_the_same(suffix):
    # Without this machine's files.
    own = mimetypes.MimeTypes().guess_type(f"q3{suffix}")[0]
    assert own in {None, guessed(f"q3{suffix}")[0]}
