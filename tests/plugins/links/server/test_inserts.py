"""Rows that many wait for are written together, and each of them for itself where one cannot be."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from daypass_links.server.database.inserts import Inserts
from daypass_links.server.database.tables import MAIN, change


@pytest.fixture
def engine(engine):
    MAIN.create_all(engine)
    return engine


@pytest.fixture
def inserts(engine):
    made = Inserts(engine, change)
    yield made
    made.close()


def test_a_row_that_cannot_be_written_is_the_fault_of_no_other(engine, inserts):
    written = [inserts.add({"seq": seq, "link_id": "a"}) for seq in (1, 2, 1, 3)]
    failed = [type(one.exception(timeout=30)) for one in written]
    assert failed == [type(None), type(None), IntegrityError, type(None)]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(change)) == 3


def test_a_row_that_no_driver_takes_is_the_fault_of_no_other_and_the_thread_goes_on(inserts):
    written = [inserts.add({"seq": seq, "link_id": "a"}) for seq in (1, 2**70, 2)]
    failed = [one.exception(timeout=30) is None for one in written]
    assert failed == [True, False, True]
    assert inserts.add({"seq": 3, "link_id": "a"}).exception(timeout=30) is None


def test_those_that_come_while_others_are_written_are_written_together(engine, inserts):
    begun, all_are_there = [], threading.Event()

    def begin(_):
        begun.append(1)
        assert all_are_there.wait(30)

    event.listen(engine, "begin", begin)
    first = inserts.add({"seq": 1, "link_id": "a"})
    while not begun:
        time.sleep(0.001)
    others = [inserts.add({"seq": seq, "link_id": "a"}) for seq in range(2, 301)]
    all_are_there.set()
    for one in (first, *others):
        one.result(timeout=30)
    assert len(begun) == 2


def test_who_waits_for_a_database_that_fails_is_told(engine, inserts):
    MAIN.drop_all(engine)
    with pytest.raises(Exception, match="change") as found:
        inserts.add({"seq": 1, "link_id": "a"}).result(timeout=30)
    assert not isinstance(found.value, IntegrityError)
    assert isinstance(found.value, OperationalError) or "does not exist" in str(found.value)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_row_that_comes_as_the_service_ends_is_answered(inserts):
    waiting, closing = inserts._waiting, threading.Thread(target=inserts.close)

    class Slow:
        """Lets the service end between the look whether it does and the row."""

        get, empty = waiting.get, waiting.empty

        def put(self, one):
            if one is not None:
                closing.start()
                closing.join(0.2)
            waiting.put(one)

    inserts._waiting = Slow()
    written = inserts.add({"seq": 1, "link_id": "a"})
    assert written.exception(timeout=30) is None
    closing.join()
