"""Uploads in parts are on record before the store is asked for anything that lasts."""

from __future__ import annotations

import attrs
import pytest
from sqlalchemy import select

import daypass
from daypass.errors import AuditError
from daypass_links.server.database.tables import upload as table

PATH = "daypass://maps/a.bin"


@attrs.define
class Begun:
    """An upload of a store that does what it is told, and remembers that."""

    path: str = "s3://results/a.bin"
    upload_id: str = "1"
    size: int = 4
    part_size: int = 4
    part_count: int = 1
    unenforced: frozenset[str] = frozenset()
    asked: list[str] = attrs.field(factory=list)

    def complete(self, _):
        self.asked.append("complete")

    def abort(self):
        self.asked.append("abort")


@pytest.fixture
def begun(monkeypatch):
    found = Begun()
    monkeypatch.setattr(daypass.Store, "create_multipart_upload", lambda *_, **__: found)
    monkeypatch.setattr(daypass.Store, "resume_multipart_upload", lambda *_, **__: found)
    return found


def away(*_, **__):
    msg = "the events are away"
    raise AuditError(msg)


def kept(server):
    with server.service.databases.main.connect() as connection:
        return [*connection.scalars(select(table.c.id))]


def test_what_cannot_be_put_on_record_is_not_begun(server, begun, monkeypatch):
    monkeypatch.setattr(server.service.events, "durable", away)
    answer = server.ask("POST", "/v1/uploads", json={"path": PATH, "size": 4})
    assert answer.status_code == 503
    assert (begun.asked, kept(server)) == (["abort"], [])


@pytest.mark.parametrize(("method", "step"), [("POST", "/complete"), ("DELETE", "")])
def test_what_cannot_be_put_on_record_is_not_done(server, begun, monkeypatch, method, step):
    made = server.ask("POST", "/v1/uploads", json={"path": PATH, "size": 4}).json()["upload_id"]
    monkeypatch.setattr(server.service.events, "durable", away)
    answer = server.ask(method, f"/v1/uploads/{made}{step}", json={})
    assert answer.status_code == 503
    assert (begun.asked, kept(server)) == ([], [made])
