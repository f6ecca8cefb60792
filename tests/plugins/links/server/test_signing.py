"""daypass's functions over HTTP: for callers who hold no credentials of a store."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from daypass_links.server.api import signing
from tests.plugins.links.written import events_in

SIGN = "/v1/sign"
PATH = {"path": "daypass://maps/a.csv"}
ROOTS = '[[roots]]\nprofile = "maps"\npaths = ["*.csv"]\n'


def kinds(server):
    return [one["kind"] for one in events_in(server.service.databases.events)]


def test_one_url_is_signed_with_all_that_its_holder_must_know(server):
    asked = {**PATH, "method": "PUT", "content_type": "text/csv", "expires_in": "5m"}
    answer = server.ask("POST", SIGN, json=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert parse_qs(urlsplit(found["url"]).query)["X-Amz-Expires"] == ["300"]
    assert found["headers"] == {"Content-Type": "text/csv"}
    assert (found["method"], found["permits"]) == ("PUT", ["PUT"])
    assert found["curl"].startswith("curl ")
    assert found["expires_because"] == "requested"
    assert kinds(server)[-2:] == ["sign", "signed"]
    assert answer.headers["cache-control"] == "no-store"


def test_of_an_array_each_row_is_a_url_or_a_problem_in_its_place(serving):
    server = serving(ROOTS)
    key = server.new_key("ann")
    rows = [PATH, {"path": "daypass://maps/b.txt"}, {**PATH, "methot": "GET"}, 3, PATH]
    found = server.ask("POST", SIGN, key=key, json=rows).json()
    assert [row.get("code") for row in found] == [
        None,
        "refused",
        "unknown-option",
        "invalid-request",
        None,
    ]
    answer = server.ask("POST", SIGN, key=key, json=[PATH] * 1001)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_a_stream_is_answered_line_by_line(server):
    lines = [json.dumps(PATH), "", "{", json.dumps({**PATH, "expires_in": "8d"}), json.dumps(PATH)]
    answer = server.ask(
        "POST",
        SIGN,
        content="\n".join(lines).encode(),
        headers={"content-type": "application/x-ndjson"},
    )
    assert answer.headers["content-type"] == "application/x-ndjson"
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [row.get("code") for row in found] == [None, "invalid-request", "invalid-expiry", None]
    more = "\n".join([json.dumps(PATH)] * 1100).encode()
    answer = server.ask(
        "POST", SIGN, content=more, headers={"content-type": "application/x-ndjson"}
    )
    assert len(answer.text.splitlines()) == 1100


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 400, "invalid-path"),
        ({**PATH, "signing_time": "2026-12-01T00:00Z"}, 422, "unsupported-option"),
        ({**PATH, "method": "PUT", "copy_source": "s3://other/a"}, 422, "unsupported-option"),
        ({"path": "daypass://maps/../a.csv"}, 400, "invalid-path"),
        ({**PATH, "expires_in": "8d"}, 400, "invalid-expiry"),
    ],
)
def test_what_cannot_be_signed_is_a_problem(server, asked, status, code):
    answer = server.ask("POST", SIGN, json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "sign" not in kinds(server)


@pytest.mark.parametrize("path", ["sign", "forms", "head", "explain"])
def test_it_takes_a_key_for_it(server, path):
    answer = server.ask(
        "POST",
        f"/v1/{path}",
        key=server.new_key("a", scopes=["links:read"]),
        json={"url": "x", **PATH} if path == "explain" else PATH,
    )
    assert answer.status_code in (400, 403)
    assert answer.json()["code"] in ("refused", "invalid-request")


def test_a_form_is_signed(server):
    answer = server.ask("POST", "/v1/forms", json={**PATH, "max_bytes": 1000})
    assert answer.status_code == 200, answer.text
    assert answer.json()["fields"]["key"] == "a.csv"


def test_a_url_is_explained(server):
    url = server.ask("POST", SIGN, json=PATH).json()["url"]
    found = server.ask("POST", "/v1/explain", json={"url": url}).json()
    assert found["path"] == "s3://results/a.csv"
    assert parse_qs(urlsplit(url).query)["X-Amz-Signature"][0] not in json.dumps(found)


# By a token of an OpenID provider.


def test_bearers_of_a_providers_tokens_ask_with_its_groups(serving, provider):
    text = f'[oidc]\nissuer = "{provider.url}"\naudience = "daypass"\n'
    text += '[[roots]]\nprofile = "maps"\ngroups = ["analysts"]\n'
    server = serving(text)
    made = server.ask("POST", "/v1/links", key=provider.token(), json=PATH)
    assert made.status_code == 201, made.text
    assert made.json()["owner"] == "alice"
    assert server.use(made.json()).status_code == 307
    assert server.ask("GET", "/v1/keys", key=provider.token()).status_code == 403
    # Who has left the group takes their links along, as soon as the provider says so.
    left = server.ask("POST", "/v1/links", key=provider.token(groups=["sales"]), json=PATH)
    assert left.status_code == 403
    assert server.use(made.json()).status_code == 403
    for wrong in (provider.token(aud="other"), provider.token(exp=1), "dpl_x", "x"):
        assert server.ask("GET", "/v1/links", key=wrong).status_code == 401


def test_the_lines_of_a_key_that_is_revoked_meanwhile_are_refused(server, monkeypatch):
    named = {"principal": "ann", "scopes": ["admin"]}
    made = server.ask("POST", "/v1/keys", json=named).json()
    sign = signing._signed

    def signed(*said, **more):
        found = sign(*said, **more)
        assert server.ask("DELETE", f"/v1/keys/{made['key_id']}").status_code == 204
        return found

    monkeypatch.setattr(signing, "_signed", signed)
    monkeypatch.setattr(signing, "_AT_ONCE", 2)
    answer = server.ask(
        "POST",
        SIGN,
        key=made["key"],
        content="\n".join([json.dumps(PATH)] * 5).encode(),
        headers={"content-type": "application/x-ndjson"},
    )
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [row.get("status") for row in found] == [None, None, 401, 401, 401]
