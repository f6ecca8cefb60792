"""A backend that uploads in parts, with nothing stored."""

from __future__ import annotations

import pytest

from tests.core import fakes
from tests.core.fakes import FakeSession


@pytest.fixture
def nothing_stored(monkeypatch):
    monkeypatch.setattr(FakeSession, "stored", {})


@pytest.fixture
def uploader(registry_of):
    module = fakes.backend(session=FakeSession)
    registry_of({"fake": module})
    return module
