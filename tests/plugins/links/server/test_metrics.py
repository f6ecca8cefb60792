"""What a process says of itself: in numbers, in its log, and when it is told to stop."""

from __future__ import annotations

import json

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from daypass_links.server.logs import log_as_json


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
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
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


def test_numbers_name_nobody_and_nothing(server):
    made = server.link("daypass://maps/secret.csv", label="team")
    server.use(made)
    said = server.ask("GET", "/metrics").text
    for name in ("secret", "team", "admin", made["link_id"], made["url"].rpartition("/")[2]):
        assert name not in said


def test_what_fails_is_a_line_of_json_in_the_log_without_a_token(capsys, logged, server):
    made = server.link()
    with server.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE link RENAME TO away"))
    server.service.links.forget(None)
    assert server.use(made).status_code == 503
    server.ask("GET", "/v1/links")
    said = capsys.readouterr().err
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == [
        "a link could not be served",
        "the database failed",
    ]
    assert {line["level"] for line in lines} == {"error"}
    assert made["url"].rpartition("/")[2] not in said
    assert server.key not in said


def test_what_nobody_thought_of_is_a_problem_that_tells_nothing(logged, server, monkeypatch):
    made = server.link()

    def fail(*_, **__):
        msg = "secret-word"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr("daypass.Store.create_signed_url", fail)
    answer = server.use(made)
    assert (answer.status_code, answer.json()["code"]) == (500, "error")
    assert "secret-word" not in answer.text
