"""The page on the API says what the service answers."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from daypass_links.server.api.keys import NewKey
from daypass_links.server.suspensions import LINK, suspend
from daypass_links.wire import SCOPES

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "links-api.md").read_text()
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])


def first_cells(section):
    """Return what stands as code in the first column of a section's tables."""
    rows = re.findall(r"^\| (`.*?) \|", SECTIONS[section], re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def problems(section):
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", SECTIONS[section], re.MULTILINE)
    return {(int(status), code) for status, codes in rows for code in re.findall("`(.*?)`", codes)}


def test_every_route_is_described_and_no_other(server):
    described = server.ask("GET", "/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, each in described.items() for method in each}
    assert set(first_cells("Routes")) == routes


def test_every_scope_is_described():
    assert sorted(first_cells("Who asks")) == sorted(SCOPES)


#: Without it no link is for https alone.
PUBLIC = '[server]\npublic_url = "https://links.example"\n'


def test_every_field_of_a_link_is_described(serving):
    server = serving(PUBLIC)
    told = server.link()
    fields = first_cells("A link")
    assert set(fields[fields.index("link_id") :]) == set(told)
    asked = set(fields[: fields.index("link_id")])
    values = {"path": "daypass://maps/x/", "prefix": True, "methods": ["GET", "PUT"]}
    values |= {"expires_in": "9d", "starts_at": "2026-11-30T00:53:30Z", "max_uses": 3}
    values |= {"ip_range": "192.0.2.0/24", "https_only": True, "referrers": ["example.org"]}
    values |= {"label": "a", "note": "b", "message": "c"}
    assert asked == {
        *values,
        "preview",
        "method",
        "expires_at",
        "password",
        "inbox",
        "content_types",
    }
    made = server.link(**values)
    kept = ("max_uses", "ip_range", "label", "note", "message")
    assert {name: made[name] for name in kept} == {name: values[name] for name in kept}


def test_every_field_of_a_key_is_described(server):
    assert first_cells("Keys") == list(NewKey.__struct_fields__)
    made = server.ask("POST", "/v1/keys", json={"principal": "ann", "scopes": ["sign"]}).json()
    listed = server.ask("GET", "/v1/keys").json()["items"][0]
    said = re.findall(r"`(\w+)`", SECTIONS["Keys"].partition("It answers")[2])
    assert said == [*made, *listed]


@pytest.fixture
def answers(serving):
    """What a link answers that leads nowhere, by the word for why."""
    rule = (
        PUBLIC
        + '[[policy.rules]]\nname = "all"\npaths = ["s3://results/{}"]\nmethods = ["GET", "HEAD", "PUT"]\n'
    )
    server = serving(rule.format("**"))

    def made(path="daypass://maps/a.csv", **asked):
        link = server.link(path, **asked)
        return {**link, "url": urlsplit(link["url"]).path}

    link, revoked, ended = made(), made(), made(expires_in=1)
    server.ask("DELETE", f"/v1/links/{revoked['link_id']}")
    suspended = made()
    with server.service.databases.main.begin() as connection:
        suspend(connection, LINK, suspended["link_id"], "uses", 0)
    once, prefix = made(max_uses=1), made("daypass://maps/x/", prefix=True)
    later = made(starts_at="2026-12-01T00:00:00Z")
    bound = [made(https_only=True), made(ip_range="192.0.2.1")]
    bound.append(made(referrers=["example.org"]))
    inbox = made("daypass://maps/in/", inbox=True)["url"].replace("/p/", "/l/")
    server.clock.now += 2
    chat = {"headers": {"user-agent": "Slackbot-LinkExpanding 1.0"}}
    found = [server.ask("GET", f"/l/{'A' * 22}"), server.use(revoked), server.use(ended)]
    found += [server.use(once, **chat), server.use(once), server.use(once, peer="203.0.113.10")]
    found += [server.use(later), *map(server.use, bound), server.use(link, method="PUT")]
    found += [server.use(prefix, "a//b"), server.use(suspended), server.ask("PUT", f"{inbox}/a")]
    found.append(server.use(made(password="correct horse")))
    found.append(server.use(made(max_uses=1), headers={"sec-fetch-mode": "navigate"}))
    with server.service.databases.events.begin() as connection:
        connection.execute(text("ALTER TABLE link_use RENAME TO elsewhere"))
    found.append(server.use(once, peer="203.0.113.11"))
    refused = serving(rule.format("other/**"))
    found.append(refused.use(link))
    return {(one.status_code, one.json()["code"]) for one in found if one.status_code != 307}


def test_what_leads_nowhere_is_described(answers):
    # No quota is used up here, no store lists, and the word of a root's refusal is that of any.
    others = {(429, "quota-exceeded"), (503, "quota-unavailable"), (403, "refused")}
    others.add((403, "unlisted"))
    assert problems("Use a link") == answers | others


def test_problems_of_the_service_itself_are_described(server):
    large = {"content": b" " * (2 << 20), "headers": {"content-type": "application/json"}}
    found = [server.ask("GET", "/v1/links", key="none"), server.ask("GET", "/v1/nothing")]
    found += [server.ask("PATCH", "/v1/links"), server.ask("POST", "/v1/links", **large)]
    form = {"path": "s3://results/a.csv"}
    found.append(server.ask("POST", "/v1/links", data=form))
    with server.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE api_key RENAME TO elsewhere"))
    found.append(server.ask("GET", "/v1/links"))
    told = {(one.status_code, one.json()["code"]) for one in found}
    assert problems("Problems") == told | {(500, "error")}
