"""Of two processes that come to the same at the same time one tells of it, on SQLite and on PostgreSQL, whatever comes between."""

from __future__ import annotations

from contextlib import ExitStack, closing

import attrs
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from daypass.errors import StoreError
from daypass_links.server import settings
from daypass_links.server.alerts import watcher
from daypass_links.server.alerts.rates import Subject, Unusual
from daypass_links.server.alerts.watcher import Watcher
from daypass_links.server.database.engine import opened
from daypass_links.server.database.tables import link, notice, principal
from daypass_links.server.events.writer import Writer
from daypass_links.server.notices import notifier
from daypass_links.server.notices.due import LEASE
from daypass_links.server.notices.notifier import Notifier
from daypass_links.server.run import prepared
from tests.plugins.links.server.conftest import Clock

DAY = 86_400
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOT_HEARD = StoreError("nobody hears")
LINKS = ["lnk_0", "lnk_1", "lnk_2"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def processes(request, tmp_path):
    """Return two sets of connections to the same databases, as two processes have them."""
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path / name}.db" for name in ("links", "events")]
    else:
        urls = [request.getfixturevalue("servers")("postgres").database()] * 2
    with ExitStack() as stack:
        found = [stack.enter_context(closing(opened(*urls))) for _ in range(2)]
        prepared(found[0], int(Clock()()))
        yield found


@attrs.define(eq=False)
class Notifiers:
    """Two of them, who write down in one list of what they tell."""

    one: Notifier
    other: Notifier
    clock: Clock
    told: list[str]


@pytest.fixture
def notifiers(processes):
    clock, told = Clock(), []
    _link(processes[0], int(clock()))
    said = settings.Notices(webhook="http://127.0.0.1:9/hook", webhook_secret=SECRET)
    with ExitStack() as stack:
        found = []
        for databases in processes:
            writer = stack.enter_context(closing(Writer(databases.events, clock=clock)))
            one = Notifier(databases, writer, said, "http://127.0.0.1", clock=clock)
            one._ways["webhook"] = lambda due: told.extend(one.link_id for one in due)
            found.append(stack.enter_context(closing(one)))
        clock.now += 4 * DAY
        yield Notifiers(*found, clock, told)


def _link(databases, now):
    """Make links that end in a week."""
    with databases.main.begin() as connection:
        connection.execute(insert(principal).values(name="ann", groups=[], heard_at=now))
        for link_id in LINKS:
            row = {
                **dict.fromkeys(("prefix", "https_only"), False),
                **{name: [] for name in ("methods", "unenforced")},
                **{name: {} for name in ("options", "headers")},
                "id": link_id,
                "hash": link_id.encode(),
                "owner": "ann",
                "path": "daypass://maps/a.csv",
                "created_at": now,
                "ends_at": now + 7 * DAY,
            }
            connection.execute(insert(link).values(row))


def _met(notifiers, monkeypatch):
    """Have the other look after the one has found what is due, and before it begins to send that."""
    due = notifiers.one._due

    def found(recipient):
        seen = due(recipient)
        notifiers.other.look()
        return seen

    monkeypatch.setattr(notifiers.one, "_due", found)


def test_who_begins_second_sends_nothing(notifiers, monkeypatch):
    _met(notifiers, monkeypatch)
    notifiers.one.look()
    assert sorted(notifiers.told) == LINKS


@pytest.mark.nightly
def test_who_begins_second_to_send_again_sends_nothing(notifiers, monkeypatch):
    def fail(_):
        raise NOT_HEARD

    with monkeypatch.context() as patch, capture_logs():
        patch.setitem(notifiers.one._ways, "webhook", fail)
        for _ in LINKS:
            notifiers.one.look()
    notifiers.clock.now += 60
    _met(notifiers, monkeypatch)
    notifiers.one.look()
    assert sorted(notifiers.told) == LINKS


@pytest.mark.nightly
def test_who_was_stopped_after_it_began_leaves_it_to_the_other(notifiers, monkeypatch):
    claim, begun = notifier.claim, []

    def begin(*said):
        begun.append(said)
        return claim(*said)

    def time():
        if begun:
            begun.clear()
            notifiers.clock.now += LEASE
            notifiers.other.look()
        return notifiers.clock()

    monkeypatch.setattr(notifiers.one, "_clock", time)
    with monkeypatch.context() as patch:
        patch.setattr(notifier, "claim", begin)
        notifiers.one.look()
    notifiers.clock.now += LEASE
    notifiers.other.look()
    assert sorted(notifiers.told) == LINKS


@pytest.mark.nightly
def test_who_fails_late_changes_nothing_of_what_another_has_begun(notifiers, monkeypatch):
    def fails_late(_):
        notifiers.clock.now += LEASE
        notifiers.other.look()
        raise NOT_HEARD

    def fails(due):
        assert due
        raise NOT_HEARD

    monkeypatch.setitem(notifiers.one._ways, "webhook", fails_late)
    monkeypatch.setitem(notifiers.other._ways, "webhook", fails)
    with capture_logs():
        notifiers.one.look()
    with notifiers.one._databases.main.connect() as connection:
        found = connection.scalars(select(notice.c.tries).where(notice.c.link_id == LINKS[0]))
        assert found.all() == [2]


@pytest.mark.nightly
@pytest.mark.parametrize("is_done", [False, True], ids=["not-done", "done"])
def test_an_answer_that_is_lost_makes_a_notice_late_and_never_two(
    notifiers, processes, monkeypatch, is_done
):
    dialect = processes[0].main.dialect
    commit = dialect.do_commit

    def lost(connection):
        if is_done:
            commit(connection)
        connection.dbapi_connection.close()
        raise dialect.dbapi.OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_commit", lost)
        with pytest.raises(OperationalError):
            notifiers.one.look()
    assert notifiers.told == []
    for _ in range(2):
        notifiers.one.look()
        notifiers.other.look()
        notifiers.clock.now += LEASE
    notifiers.one.look()
    assert sorted(notifiers.told) == LINKS


@pytest.mark.parametrize("windows", [0, pytest.param(1, marks=pytest.mark.nightly)])
def test_of_two_who_count_a_window_one_tells_of_it(processes, monkeypatch, windows):
    clock, told, alerts = Clock(), [], settings.Alerts(window="1m")
    monkeypatch.setattr(watcher, "_PARTS", 0.01)  # this test looks itself

    def counted(_, __, start, ___):
        return [Unusual(Subject("mints", principal=str(start)), 11, 0)]

    def counted_late(*said):
        """Have the other look meanwhile, and at later windows."""
        for _ in range(windows + 1):
            monkeypatch.setattr(watcher, "unusual", counted)
            told.extend(other.look())
            clock.now += 60
        return counted(*said)

    monkeypatch.setattr(watcher, "unusual", counted_late)
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(
                closing(
                    Watcher(
                        databases,
                        stack.enter_context(closing(Writer(databases.events, clock=clock))),
                        alerts,
                        None,
                        clock=clock,
                    )
                )
            )
            for databases in processes
        )
        with capture_logs():
            told += one.look()
    named = [one.subject.principal for one in told]
    assert len(named) == len(set(named)) == windows + 1
