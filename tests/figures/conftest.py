"""A store that verifies links, and what a plain GET of a link brings that ``share`` has returned."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import attrs
import pytest

import daypass
from daypass.demo.server import make_bucket


@attrs.frozen
class Brought:
    """What whoever has the link gets."""

    link: Any
    content_type: str
    body: bytes


@pytest.fixture(scope="session")
def place(servers: Callable[[str], Any]) -> tuple[str, dict[str, Any]]:
    """A bucket of a real server that verifies signatures, and the options of its owner."""
    server = servers("swift")
    name = f"b{uuid4().hex[:12]}"
    make_bucket(server, name)
    return f"s3://{name}", server.storage_options


@pytest.fixture
def shared(place: tuple[str, dict[str, Any]]) -> Callable[..., Brought]:
    """Share an object, and bring it as a stranger would."""
    bucket, options = place

    def share(thing: object, key: str, **said: Any) -> Brought:
        link = daypass.share(thing, f"{bucket}/{key}", storage_options=options, **said)
        with urllib.request.urlopen(link.url, timeout=60) as response:
            brought = Brought(link, response.headers["Content-Type"], response.read())
        assert link.size == len(brought.body)
        return brought

    return share
