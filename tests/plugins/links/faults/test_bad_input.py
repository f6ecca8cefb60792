"""Whatever is sent to the API, the answer is a named problem, and never that the service failed."""

from __future__ import annotations

import json

import pytest

POSTS = (
    "/v1/links",
    "/v1/links/lnk_none/extend",
    "/v1/revoke",
    "/v1/keys",
    "/v1/sign",
    "/v1/forms",
    "/v1/head",
    "/v1/explain",
)
DEEP = 200_000
#: What is no JSON (RFC 8259), or none that anybody needs.
NO_JSON = {
    "many arrays": b"[" * DEEP,
    "many objects": b'{"a":' * DEEP,
    "a deep field": b'{"path": ' + b"[" * DEEP,
    "a deep field that ends": b'{"path": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "no UTF-8": b'{"path": "\xff"}',
    "no text at all": b'"\xff"',
    "half a character": b'{"path": "\\ud800"}',
    "UTF-16": '{"path": "daypass://maps/a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no number": b'{"path": NaN}',
    "no end": b'{"max_uses": Infinity}',
    "too large a number": b'{"max_uses": 1e999}',
    "a form": b"path=daypass%3A%2F%2Fmaps%2Fa",
    "half of it": b'{"path": "daypass://ma',
    "two of them": b"{}{}",
    "nothing": b"",
    "a blank": b" ",
}


def refused(answer, *statuses):
    """Return what a problem says, which is told as RFC 9457 has it."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["type"] == f"urn:daypass:{said['code']}"
    assert said["title"]
    assert said["detail"]
    return said


@pytest.mark.parametrize("route", POSTS)
def test_what_is_no_json_is_a_named_problem(asked, route):
    for what, sent in NO_JSON.items():
        answer = asked.ask(
            "POST", route, content=sent, headers={"content-type": "application/json"}
        )
        assert refused(answer, 400)["code"] == "invalid-request", what


def test_a_problem_says_which_part_of_the_request_it_means(asked):
    def detail(method, path, **more):
        return refused(asked.ask(method, path, **more), 400)["detail"]

    assert detail("GET", "/v1/links?limit=0").startswith("limit: ")
    assert detail("POST", "/v1/keys", json={"principal": 1, "scopes": []}).startswith("principal: ")
    assert "body is missing" in detail("POST", "/v1/keys")
    assert "too many levels" in detail("POST", "/v1/keys", content=b"[" * DEEP)
    assert "no JSON" in detail("POST", "/v1/keys", content=b"{")


@pytest.mark.parametrize("route", POSTS)
def test_a_body_that_is_too_large_is_not_read_to_its_end(asked, route):
    largest = (16 << 20) if route == "/v1/sign" else (1 << 20)
    answer = asked.ask("POST", route, content=b" " * (largest + 1))
    assert refused(answer, 413)["code"] == "too-large"


OTHERS = [None, True, 0, -1, 2**63, 1.5, "", "\0", "\u202e", "a" * 70_000, [], [[]], {}, {"": 1}]
NAMES = """
path prefix method methods expires_in expires_at starts_at max_uses ip_range https_only referrers filename label note principal scopes
groups prefixes owner all url error version content_type
"""


def values_of_another_kind(asked, route, names, values):
    for name in names:
        for value in values:
            good = {"path": "daypass://maps/a", "principal": "ann", "scopes": ["sign"]}
            answer = asked.ask("POST", route, json={**good, name: value})
            if answer.status_code >= 300:
                refused(answer, 400, 403, 404, 422, 501)


def test_a_value_of_another_kind_is_a_named_problem(asked):
    values_of_another_kind(asked, "/v1/links", NAMES.split()[:8], [2**63, "\0", [[]]])
    values_of_another_kind(asked, "/v1/keys", ["principal", "scopes"], ["\0", "a" * 70_000, [[]]])


@pytest.mark.nightly
@pytest.mark.parametrize("route", POSTS)
def test_any_value_of_another_kind_is_a_named_problem(asked, route):
    values_of_another_kind(asked, route, NAMES.split(), OTHERS)


@pytest.mark.parametrize(
    "place",
    [
        *("nan chn_a 1", "inf chn_a 1", "1 chn_a -1", "1 chn_a 9223372036854775808", "1 chn_a x"),
        *("1 chn_a 1e3", "", "1", "1 chn_a 1 1", "\0 \0 \0", "1 chn_a " + "9" * 5000),
    ],
)
def test_a_place_in_the_events_that_is_none_is_refused(asked, place):
    made = asked.link()
    for where in (f"/v1/links/{made['link_id']}/events", "/v1/links"):
        said = refused(asked.ask("GET", where, params={"after": place}), 400)
        assert (said["code"], said["option"]) == ("invalid-request", "after")


@pytest.mark.parametrize(
    ("route", "sent", "name"),
    [
        ("/v1/links", b'{"path": "daypass://maps/a", "path": "daypass://maps/b"}', "path"),
        (
            "/v1/links",
            b'[{"path": "daypass://maps/a"}, {"max_uses": 5, "max_uses": 1}]',
            "max_uses",
        ),
        ("/v1/links", b'{"path": "daypass://maps/a", "\\u0070ath": "daypass://maps/b"}', "path"),
        ("/v1/keys", b'{"principal": "a", "scopes": ["admin"], "scopes": ["sign"]}', "scopes"),
        ("/v1/sign", b'{"path": "daypass://maps/a", "path": "daypass://maps/b"}', "path"),
        ("/v1/sign", b'[{"path": "daypass://maps/a", "a": {"b": 1, "b": 1}}]', "b"),
        ("/v1/revoke", b'{"label": "a", "label": "a"}', "label"),
    ],
)
def test_a_name_that_is_there_twice_is_refused_by_name(asked, route, sent, name):
    said = refused(asked.ask("POST", route, content=sent), 400)
    assert (said["code"], said["option"]) == ("invalid-request", name)
    assert said["detail"].startswith(f"'{name}' is there twice")


@pytest.mark.parametrize("route", POSTS)
def test_a_body_that_is_something_else_than_json_is_not_read(asked, route):
    good = b'{"path": "daypass://maps/a", "principal": "ann", "scopes": ["sign"], "expires_in": 60}'
    others = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"]
    others += ["application/msgpack", "nothing"]
    for said in others if route == "/v1/sign" else [*others, "application/x-ndjson"]:
        answer = asked.ask("POST", route, content=good, headers={"content-type": said})
        assert refused(answer, 415)["code"] == "unsupported-media-type", said
        assert "application/json" in answer.json()["detail"]
    for said in ("application/json", "Application/JSON; charset=utf-8"):
        answer = asked.ask("POST", route, content=good, headers={"content-type": said})
        assert answer.status_code != 415, said


def test_lines_that_are_no_json_are_refused_in_their_places(asked):
    lines = [
        b'{"path": "daypass://maps/a"}',
        b'{"path": "daypass://maps/a", "path": "daypass://maps/b"}',
        b"[" * DEEP,
        b'"\xff"',
        b"NaN",
        b'{"path": "daypass://maps/b"}',
    ]
    answer = asked.ask(
        "POST",
        "/v1/sign",
        content=b"\n".join(lines),
        headers={"content-type": "application/x-ndjson"},
    )
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [one.get("code") for one in found] == [None, *["invalid-request"] * 4, None]


@pytest.mark.parametrize(
    "authorization",
    [b"", b"Bearer", b"Bearer ", b"Basic eDp5", b"Bearer \xff\xfe", b"Bearer " + b"a" * 100_000],
)
def test_a_key_that_is_none_is_not_authenticated(asked, authorization):
    answer = asked.ask("GET", "/v1/links", headers={"authorization": authorization})
    assert refused(answer, 401)["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path",
    [
        *(b"/l/", b"/l/%00", b"/l/\xff", b"/l/..", b"/l//", b"/l/" + b"a" * 200_000),
        *(
            b"/l///",
            b"/l/../",
            b"/l/a/",
            b"/l//" + b"a" * 22 + b"/",
            b"/l/" + b"a" * 200_000 + b"/",
        ),
        *(b"/l/" + b"a" * 22, b"/l/" + b"a" * 22 + b"/", b"/l/" + b"a" * 21 + b"%61"),
    ],
)
def test_a_token_that_is_none_has_the_one_answer(asked, path):
    status, said = asked.raw("GET", path)
    assert (status, said["code"], said["detail"]) == (404, "unknown-link", "there is no such link")


@pytest.mark.parametrize(
    "key",
    [
        *(b"%00", b"%0d%0aSet-Cookie:a=b", b"%ff", b"%ed%a0%80", b"..", b"a/../b", b"a//b", b"%2f"),
        *(b"\\", b"%5c", b"a" * 1025, b"%" * 3000, b"a/" * 600, b"\xff"),
    ],
)
def test_a_key_that_no_store_has_is_refused_or_kept_whole(asked, key):
    made = asked.link("daypass://maps/x/", prefix=True)
    path = made["url"].removeprefix("http://127.0.0.1:8321").encode() + key
    status, said = asked.raw("GET", path)
    if status == 400:
        assert said["code"] == "invalid-path"
    else:
        assert key.startswith(b"%" * 3000), (
            status
        )  # a percent sign that begins no pair stands for itself
