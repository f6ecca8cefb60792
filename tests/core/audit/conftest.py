"""An audit in force for one test, and a verifier that shares no code with it."""

from __future__ import annotations

import hashlib
import json

import pytest

from daypass.audit import in_force as force
from daypass.hookspecs import SigningEvent
from tests.core.conftest import fake, registry_of
from tests.core.fakes import NOW
from tests.core.policy.conftest import clock, in_force, ticks

__all__ = ["clock", "fake", "in_force", "registry_of", "ticks"]


@pytest.fixture(autouse=True)
def _nothing_in_force(monkeypatch):
    monkeypatch.setattr(force, "_application", [])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


def event(**changes):
    """Make an event of a link that was allowed."""
    return SigningEvent(
        **{
            "action": "create_signed_url",
            "caller": "ann",
            "backend": "fake",
            "path": "fake://bucket/key",
            "version": None,
            "method": "GET",
            "signing_time": NOW,
            "expires_at": NOW,
            "conditions": frozenset({"filename", "acl"}),
            "expires_because": "requested",
            "url_sha256": "ab" * 32,
            **changes,
        }
    )


def lines_of(path):
    """Read an audit as the reference describes it, and check its chain by its words alone."""
    found, before = [], "0" * 64
    for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        line = json.loads(raw)
        body, mark, rest = raw.partition(b',"hash":"')
        assert mark
        assert rest == line["hash"].encode() + b'"}'
        assert hashlib.sha256(body).hexdigest() == line["hash"]
        assert (line["seq"], line["prev"]) == (number, before)
        before = line["hash"]
        found.append(line)
    return found
