"""No backend installed, and a filesystem that nobody has heard of."""

from __future__ import annotations

import pytest
from fsspec import AbstractFileSystem
from fsspec.registry import _registry


@pytest.fixture
def _installed_nothing(registry_of):
    registry_of()


@pytest.fixture
def invented(monkeypatch):
    """Register a filesystem that nobody has heard of; its class takes ``answer``."""

    class Invented(AbstractFileSystem):
        protocol = "invented"
        asked: list = []  # noqa: RUF012 - shared with the test on purpose
        answer: object = {}

        def info(self, path, **options):
            self.asked.append(path)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    Invented.asked = []
    monkeypatch.setitem(_registry, "invented", Invented)
    return Invented
