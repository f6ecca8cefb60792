"""How often a link was used is known without counting what is written down of it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

from alembic import command
from sqlalchemy import Engine, column, event, insert, text
from sqlalchemy import table as table_of

from daypass_links.server.database import schema
from daypass_links.server.database.tables import link as table
from daypass_links.server.events import used as module
from daypass_links.server.events.used import DayOfUse, use_by_day, used
from daypass_links.server.events.writer import Writer


def brought_to(engine: Engine, revision: str) -> None:
    """Bring a database of events to a revision."""
    config = schema._config("events")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def counted(engine: Engine) -> dict[str, int]:
    """Return the uses of every link."""
    with engine.connect() as connection:
        found = used(connection, ["lnk_1", "lnk_2", "lnk_3"])
    return {link_id: one.uses for link_id, one in found.items()}


#: The last second of a day in UTC, and the days around its end.
LAST = int(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp())
DAY, NEXT = date(2026, 11, 30), date(2026, 12, 1)


def test_uses_that_several_processes_write_are_counted_once_each(engine):
    brought_to(engine, "head")
    writers = [Writer(engine), Writer(engine)]
    for number in range(120):
        writers[number % 2].note("use", link_id="lnk_1", method="GET")
        writers[number % 2].note("head", link_id="lnk_1", method="HEAD")
    writers[0].note("use", link_id="lnk_2", method="GET")
    for writer in writers:
        writer.close()
    assert counted(engine) == {"lnk_1": 120, "lnk_2": 1}


def test_uses_whose_commit_was_not_answered_are_counted_once(engine):
    brought_to(engine, "head")
    failures = [1]

    @event.listens_for(engine, "commit")
    def commit(connection):
        if failures and connection.exec_driver_sql("SELECT count(*) FROM use_day").scalar():
            failures.clear()
            connection.connection.commit()
            raise ConnectionError

    writer = Writer(engine)
    writer.note("use", link_id="lnk_1", method="GET")
    while failures or writer.waiting:
        time.sleep(0.001)
    writer.close()
    assert counted(engine) == {"lnk_1": 1}


def test_what_was_written_before_is_counted_once_when_the_database_is_upgraded(engine):
    brought_to(engine, "0003")
    kinds = ["use", "head", "use", "refuse", "use"]
    rows = [
        {"chain": "chn_a", "seq": n, "kind": kind, "link_id": "lnk_3", "line": b"{}\n"}
        | {"time": LAST + 0.9 if n == 1 else LAST + n}
        for n, kind in enumerate(kinds, 1)
    ]
    with engine.begin() as connection:
        places = table_of("event", *map(column, ("time", *rows[1])))
        connection.execute(insert(places), [*rows, {**rows[0], "chain": "chn_b"}])
        connection.execute(text("UPDATE event SET link_id = NULL WHERE seq = 5"))
    brought_to(engine, "head")
    with engine.connect() as connection:
        days = connection.execute(
            text("SELECT link_id, day, uses, last_at FROM use_day ORDER BY day, chain")
        )
        found = [(row.link_id, str(row.day), row.uses, row.last_at) for row in days]
    assert found == [
        ("lnk_3", "2026-11-30", 1, LAST),
        ("lnk_3", "2026-11-30", 1, LAST),
        ("lnk_3", "2026-12-01", 1, LAST + 3),
    ]


def test_uses_are_told_by_the_day_in_utc_of_whichever_links_are_meant(server, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 1)  # so that there is more than one page
    one, other = server.link("daypass://maps/a.csv"), server.link("daypass://maps/b/c.csv")
    for moment, link in (
        (LAST - 60, one),
        (LAST, one),
        (LAST + 1, one),
        (LAST + 1, other),
        (LAST + 7, other),
    ):
        server.clock.now = moment + 0.9
        assert server.use(link).status_code == 307
    server.service.events.durable("seen").result()
    databases = server.service.databases
    of_one = [
        DayOfUse(one["link_id"], DAY, 2, LAST),
        DayOfUse(one["link_id"], NEXT, 1, LAST + 1),
    ]
    of_other = [DayOfUse(other["link_id"], NEXT, 2, LAST + 7)]
    assert [*use_by_day(databases, since=DAY, until=NEXT)] == [*of_one, *of_other]
    assert [*use_by_day(databases, since=NEXT, until=NEXT)] == [of_one[1], *of_other]
    below = table.c.path.startswith("daypass://maps/b/", autoescape=True)
    assert [*use_by_day(databases, below, table.c.owner == "admin", since=DAY, until=NEXT)] == (
        of_other
    )
    assert [*use_by_day(databases, table.c.owner == "ann", since=DAY, until=NEXT)] == []
