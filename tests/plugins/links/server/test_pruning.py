"""What nobody asks for any more goes, and no event, no link and no use that is counted."""

from __future__ import annotations

from sqlalchemy import func, insert, select

from daypass_links.server.database import pruning
from daypass_links.server.database.changes import changed
from daypass_links.server.database.pruning import prune
from daypass_links.server.database.tables import (
    change,
    inbox_upload,
    link_use,
    session,
    sign_in_code,
    sign_in_state,
    upload,
    use_window,
)
from daypass_links.server.principals import codes, sessions

DAY = 86_400


def rows(engine, table):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_windows_go_a_day_after_their_end_and_uses_stay(server, monkeypatch):
    monkeypatch.setattr(pruning, "_AT_ONCE", 2)
    both, link = server.service.databases, server.link(max_uses=9)
    for last in range(5):
        assert server.use(link, peer=f"203.0.113.{last}").status_code == 307
    prune(both, int(server.clock()) + DAY)
    assert rows(both.events, use_window) == 5
    server.clock.now += DAY + 901
    assert server.use(link, peer="203.0.113.9").status_code == 307
    prune(both, int(server.clock()))
    assert (rows(both.events, use_window), rows(both.events, link_use)) == (1, 1)
    assert server.ask("GET", f"/v1/links/{link['link_id']}").json()["uses"] == 6
    assert server.events(link) == ["mint", *["use"] * 6]


def test_uploads_go_that_were_left_for_a_month(server):
    main, now = server.service.databases.main, int(server.clock())
    row = {"owner": "admin", "path": "s3://results/a", "store_id": "1", "size": 1, "part_size": 1}
    row |= {"options": {}}
    old = [{"id": "upl_1", "created_at": now - 31 * DAY}, {"id": "upl_2", "created_at": now - DAY}]
    link_id = server.link("daypass://maps/in/", inbox=True)["link_id"]
    sent = {name: row[name] for name in ("store_id", "size", "part_size", "options")}
    sent |= {"link_id": link_id, "key": "in/a", "is_complete": True}
    with main.begin() as connection:
        connection.execute(insert(upload), [row | one for one in old])
        connection.execute(insert(inbox_upload), [sent | one for one in old])
    prune(server.service.databases, now)
    with main.connect() as connection:
        for table in (upload, inbox_upload):
            assert [*connection.scalars(select(table.c.id))] == ["upl_2"]


def test_sessions_and_ways_to_sign_in_go_a_day_after_their_end(server):
    main, now = server.service.databases.main, int(server.clock())
    tables = (session, sign_in_code, sign_in_state)
    with main.begin() as connection:
        secret, ends_at = sessions.begin(connection, "admin", scopes=["admin"], now=now)
        codes.create(connection, "admin", ends_at - codes.LASTS)
        row = {"hash": b"1", "after": "/ui/links", "ends_at": ends_at}
        connection.execute(insert(sign_in_state), row)
    prune(server.service.databases, ends_at + DAY)
    assert [rows(main, table) for table in tables] == [1, 1, 1]
    with main.connect() as connection:
        assert sessions.find(connection, secret, ends_at) is None
    prune(server.service.databases, ends_at + DAY + 1)
    assert [rows(main, table) for table in tables] == [0, 0, 0]


def test_a_process_that_did_not_read_what_was_pruned_forgets_all(serving, monkeypatch):
    monkeypatch.setattr(pruning, "_CHANGES", 3)
    one, other = serving(), serving()
    link = one.link()
    assert other.use(link).status_code == 307
    one.ask("DELETE", f"/v1/links/{link['link_id']}")
    main = one.service.databases.main
    for number in range(5):
        with main.begin() as connection:
            changed(connection, f"lnk_{number}")
    prune(one.service.databases, int(one.clock()))
    assert rows(main, change) == 3
    assert other.use(link).status_code == 410
