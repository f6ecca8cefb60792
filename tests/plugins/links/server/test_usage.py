"""How often links were used is added up per link, owner, path and day: one's own, and for an admin everybody's."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from daypass_links import Client, client
from tests.plugins.links.server.conftest import problem

USAGE = "/v1/usage"
DAY = 86_400


@pytest.fixture
def used(serving):
    """A service with uses of three days, the last of which is 2026-11-30."""
    server = serving()
    ann = server.new_key("ann", scopes=["links:read", "links:write", "admin"])
    body = {"path": "daypass://maps/x/", "prefix": True}
    of_ann = server.ask("POST", "/v1/links", key=ann, json=body).json()
    one, other = server.link(expires_in="80d", label="a"), server.link(expires_in="80d", max_uses=5)
    server.clock.now -= 40 * DAY
    server.use(one)
    server.clock.now += 39 * DAY
    for _ in range(2):
        server.use(one)
        server.use(of_ann, "a")
    server.clock.now += DAY
    server.use(one, method="HEAD")  # which is none
    server.use(other)
    return server, ann, one, other, of_ann


def added_up(server, by, **query):
    answer = server.ask("GET", USAGE, params={"by": by, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_usage_is_added_up_by_what_is_asked(used):
    server, _, one, other, of_ann = used
    late, last = "2026-11-29T00:53:20Z", "2026-11-30T00:53:20Z"
    rows = [
        {"link_id": one["link_id"], "path": "daypass://maps/a.csv", "owner": "admin", "uses": 2},
        {"link_id": of_ann["link_id"], "path": "daypass://maps/x/", "owner": "ann", "uses": 2},
        {"link_id": other["link_id"], "path": "daypass://maps/a.csv", "owner": "admin", "uses": 1},
    ]
    found = added_up(server, "link")
    assert (found["since"], found["until"], found["uses"]) == ("2026-11-01", "2026-11-30", 5)
    assert [row.pop("last_used_at") for row in found["items"]] == [late, late, last]
    assert sorted(found["items"], key=str) == sorted(rows, key=str)
    assert added_up(server, "owner")["items"] == [
        {"owner": "admin", "uses": 3, "last_used_at": last},
        {"owner": "ann", "uses": 2, "last_used_at": late},
    ]
    assert added_up(server, "path")["items"] == [
        {"path": "daypass://maps/a.csv", "uses": 3, "last_used_at": last},
        {"path": "daypass://maps/x/", "uses": 2, "last_used_at": late},
    ]
    assert added_up(server, "day")["items"] == [
        {"day": "2026-11-29", "uses": 4, "last_used_at": late},
        {"day": "2026-11-30", "uses": 1, "last_used_at": last},
    ]


def test_usage_is_that_of_some_days_links_and_rows(used):
    server, *_ = used
    assert [row["uses"] for row in added_up(server, "day", since="2026-10-01")["items"]] == [
        1,
        4,
        1,
    ]
    assert added_up(server, "day", since="2026-10-01", until="2026-10-31")["uses"] == 1
    assert added_up(server, "day", owner="ann")["uses"] == 2
    assert added_up(server, "day", prefix="daypass://maps/x")["uses"] == 2
    assert added_up(server, "day", label="a")["uses"] == 2
    assert [row["owner"] for row in added_up(server, "owner", limit=1)["items"]] == ["admin"]
    assert [row["day"] for row in added_up(server, "day", limit=1)["items"]] == ["2026-11-30"]


def test_who_is_no_admin_is_told_of_their_own_alone(used):
    server, *_ = used
    key = server.new_key("ann", scopes=["links:read"])
    found = server.ask("GET", USAGE, key=key, params={"by": "owner"}).json()
    assert [row["owner"] for row in found["items"]] == ["ann"]
    key = server.new_key("bob", scopes=["links:read"])
    assert server.ask("GET", USAGE, key=key, params={"by": "link"}).json()["items"] == []
    key = server.new_key("bob", scopes=["links:write"])
    problem(server.ask("GET", USAGE, key=key, params={"by": "link"}), 403, "refused")


@pytest.mark.parametrize(
    ("query", "option"),
    [
        ({}, None),
        ({"by": "month"}, "by"),
        ({"by": "day", "since": "yesterday"}, "since"),
        ({"by": "day", "until": "2026-13-01"}, "until"),
        ({"by": "day", "since": "2026-12-01"}, "since"),
        ({"by": "day", "limit": 0}, None),
    ],
)
def test_what_is_wrong_with_the_question_is_a_named_problem(server, query, option):
    said = problem(server.ask("GET", USAGE, params=query), 400, "invalid-request")
    assert said.get("option") == option


def test_the_client_reads_it(used, monkeypatch):
    server, *_ = used
    monkeypatch.setattr(
        client, "ask", lambda _, method, path, body, seconds: server.ask(method, path).json()
    )
    asked = Client("https://links.example", key=server.key)
    found = asked.usage("day", since=date(2026, 10, 1), limit=2)
    assert (found.since, found.until, found.uses) == (date(2026, 10, 1), date(2026, 11, 30), 6)
    assert [(row.day, row.uses) for row in found] == [(date(2026, 11, 29), 4), (found.until, 1)]
    assert found.items[1].last_used_at == datetime(2026, 11, 30, 0, 53, 20, tzinfo=UTC)
    assert [*found.items[1].to_dict()] == ["day", "uses", "last_used_at"]
    assert [row.owner for row in asked.usage("owner")] == ["admin", "ann"]
    assert asked.usage(label="a").uses == 2
