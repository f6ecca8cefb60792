"""What a process says of itself: in numbers, in its log, and when it is told to stop."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import urllib.request

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from daypass.errors import AuditError
from daypass_links.server import metrics
from daypass_links.server.api import answers
from daypass_links.server.logs import Burst, log_as_json, reason
from daypass_links.server.metrics import Metrics
from tests.servers.links import links_service


@pytest.fixture
def logged():
    """Log as a process of the service does."""
    log_as_json()
    yield
    structlog.reset_defaults()


def numbers(server):
    answer = server.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(value for name, value in sample.labels.items() if name != "process")): (
            sample.value
        )
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.labels["process"] == server.service.events.chain
    }


def test_prometheus_reads_what_was_done(server):
    made = server.link(ip_range="203.0.113.0/24")
    server.use(made)
    server.use(made, method="HEAD")
    server.use(made, peer="192.0.2.1")
    server.ask("GET", "/l/none")
    server.service.events.durable("seen").result()
    found = numbers(server)
    for kind in ("mint", "use", "head", "refuse"):
        assert found["daypass_links_events_total", kind] == 1
    assert found["daypass_links_answers_total", "GET", "307"] == 1
    assert found["daypass_links_answers_total", "HEAD", "307"] == 1
    assert found["daypass_links_answers_total", "GET", "403"] == 1
    assert found["daypass_links_answers_total", "GET", "404"] == 1
    assert found["daypass_links_answer_seconds_count",] == 4
    assert found["daypass_links_answer_seconds_bucket", "+Inf"] == 4
    assert found["daypass_links_known",] == 1
    assert (found["daypass_links_events_waiting",], found["daypass_links_events_failing",]) == (
        0,
        0,
    )


def test_methods_that_somebody_makes_up_are_counted_as_one(server):
    path = server.link()["url"].removeprefix("http://127.0.0.1:8321").encode()
    for number in range(3):
        assert server.raw(f"MADEUP{number}", path)[0] == 405
    counted = [key for key in numbers(server) if key[0] == "daypass_links_answers_total"]
    assert counted == [("daypass_links_answers_total", "_OTHER", "405")]


def test_whichever_process_is_asked_tells_the_numbers_of_all(serving, tmp_path, monkeypatch):
    monkeypatch.setattr(metrics, "_EVERY", 0.01)
    shared = tmp_path / "shared"
    shared.mkdir()
    killed = shared / f"chn_killed{metrics._SUFFIX}"
    killed.write_text('daypass_links_known{process="killed"} 1.0\n')
    os.utime(killed, (0, 0))
    services = [serving().service for _ in range(2)]
    running = [Metrics(one.events, one.links, lambda: True, shared) for one in services]
    counted = dict(zip((one.events.chain for one in services), (3, 5), strict=True))
    for one, count in zip(running, counted.values(), strict=True):
        for _ in range(count):
            one.answered("GET", 307, 0.002)
    end = time.monotonic() + 30
    for one in running:
        said, found = "", {}
        while found != {"answers_total": counted, "answer_seconds_count": counted}:
            assert time.monotonic() < end, said
            said = one.text().decode()
            found = {"answers_total": {}, "answer_seconds_count": {}}
            for family in text_string_to_metric_families(said):
                for sample in family.samples:
                    of = found.get(sample.name.removeprefix("daypass_links_"), {})
                    of[sample.labels["process"]] = sample.value
        assert said.count("# TYPE daypass_links_answers_total counter") == 1
        assert "killed" not in said
    running[0].close()
    while services[0].events.chain in running[1].text().decode():
        assert time.monotonic() < end
    running[1].close()


def test_numbers_name_nobody_and_nothing(server):
    made = server.link("daypass://maps/secret.csv", label="team")
    server.use(made)
    said = server.ask("GET", "/metrics").text
    for name in ("secret", "team", "admin", made["link_id"], made["url"].rpartition("/")[2]):
        assert name not in said


def test_what_fails_is_a_line_of_json_in_the_log_without_a_token(
    capsys, logged, server, monkeypatch
):
    monkeypatch.setattr(answers, "_FAILED", Burst("the database failed, and the API answers 503"))
    made = server.link()
    with server.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE link RENAME TO away"))
    server.service.links.forget(None)
    for _ in range(20):
        assert server.use(made).status_code == 503
    server.ask("GET", "/v1/links")
    token = made["url"].rpartition("/")[2]
    said = capsys.readouterr().err
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == [
        "links cannot be served, and answer 503",  # once, and not for each request
        "the database failed, and the API answers 503",
    ]
    assert "no such table: link" in lines[0]["error"]  # in the database's own words
    assert {line["level"] for line in lines} == {"error"}
    assert token not in said
    assert server.key not in said


def test_a_burst_is_told_of_once_and_then_with_how_many_there_were(monkeypatch):
    said = Burst("links cannot be served")
    times = iter([100.0, 100.1, 109.9, 110.0])
    monkeypatch.setattr("daypass_links.server.logs.time.monotonic", lambda: next(times))
    failed = OperationalError("select 1", {"token": "secret"}, sqlite3.OperationalError("disk I/O"))
    with structlog.testing.capture_logs() as lines:
        for _ in range(4):
            said.tell(failed)
    assert [(line["before"], line["error"]) for line in lines] == [
        (0, "OperationalError: disk I/O"),
        (2, "OperationalError: disk I/O"),
    ]


def test_what_may_hold_a_value_is_told_by_its_kind_alone():
    error = IntegrityError("insert", {}, sqlite3.IntegrityError("Key (hash)=(secret) is there"))
    assert reason(error) == "IntegrityError"
    assert reason(AuditError("the event use cannot be written down")).startswith("AuditError: the ")


def test_where_events_cannot_be_written_the_log_says_why_once_and_when_they_can_again(server):
    writer = server.service.events
    events = server.service.databases.events
    with structlog.testing.capture_logs() as lines:
        with events.begin() as connection:
            connection.execute(text("ALTER TABLE event_block RENAME TO away"))
        for _ in range(5):
            with pytest.raises(AuditError):
                writer.durable("use").result(timeout=30)
        with events.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO event_block"))
        while writer.failure is not None:
            time.sleep(0.01)
    assert [line["event"] for line in lines] == [
        "events cannot be written, and links answer 503",
        "events can be written again",
    ]
    assert "no such table: event_block" in lines[0]["error"]


def test_what_nobody_thought_of_is_a_problem_that_tells_nothing(logged, server, monkeypatch):
    made = server.link()

    def fail(*_, **__):
        msg = "secret-word"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr("daypass.Store.create_signed_url", fail)
    answer = server.use(made)
    assert (answer.status_code, answer.json()["code"]) == (500, "error")
    assert "secret-word" not in answer.text


@pytest.mark.nightly
def test_a_scrape_of_a_service_of_two_processes_has_both():
    with links_service("[server]\nworkers = 2\n") as service:
        end = time.monotonic() + 60
        processes = set()
        while len(processes) < 2:
            assert time.monotonic() < end
            with urllib.request.urlopen(f"{service.address}/metrics", timeout=10) as answer:
                said = answer.read().decode()
            for family in text_string_to_metric_families(said):
                processes |= {sample.labels["process"] for sample in family.samples}
