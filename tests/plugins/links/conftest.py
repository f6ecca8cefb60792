"""What pages and links are tried with: a store with a bucket of one's own, and a browser."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.servers.chromium import chromium


@pytest.fixture(scope="session")
def local(servers):
    """LocalStack, as a store."""
    return servers("localstack")


@pytest.fixture(scope="module")
def bucket(local):
    """A bucket of its own for each module."""
    name = f"b{uuid4().hex[:12]}"
    local.client.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def browser():
    """A browser, as Playwright's ``Browser``."""
    with chromium() as found:
        yield found
