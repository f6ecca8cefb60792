"""The contract, held by the backend of every other filesystem: local files, and memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from daypass import Store
from daypass.testing import BackendConformance

pytestmark = pytest.mark.isolated


class TestLocalFiles(BackendConformance):
    protocol = "file"

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(tmp_path.as_uri())


class TestMemory(BackendConformance):
    protocol = "memory"

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        MemoryFileSystem.store.clear()
        yield Store("memory://root")
        MemoryFileSystem.store.clear()
