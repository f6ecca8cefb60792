"""A store that several plugins are tried with, and a bucket of one's own in it."""

from __future__ import annotations

from uuid import uuid4

import pytest


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
