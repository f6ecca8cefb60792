"""What pages and links are tried with: a browser."""

from __future__ import annotations

import pytest

from tests.servers.chromium import chromium


@pytest.fixture(scope="module")
def browser():
    """A browser, as Playwright's ``Browser``."""
    with chromium() as found:
        yield found
