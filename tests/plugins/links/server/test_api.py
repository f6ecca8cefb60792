"""What the API takes and answers."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.plugins.links.server.conftest import problem

LINK = "/v1/links"


def test_a_link_is_told_with_its_url_once_and_shown_without(server):
    made = server.link(label="team", note="for Ann", expires_in="30d", max_uses=3)
    token = made.pop("url").rpartition("/")[2]
    assert len(token) == 22
    shown = server.ask("GET", f"{LINK}/{made['link_id']}")
    assert shown.json() == made
    assert token not in shown.text
    assert (made["expires_at"], made["expires_because"]) == ("2026-12-30T00:53:20Z", "requested")
    assert (made["owner"], made["state"], made["uses"]) == ("admin", "alive", 0)
    assert (made["label"], made["note"], made["max_uses"]) == ("team", "for Ann", 3)
    assert (made["permits"], made["unenforced"]) == (["GET", "HEAD"], [])


WRONG = {
    "no path": ({}, 400, "invalid-path", "path"),
    "no bucket": ({"path": "s3://"}, 400, "invalid-path", "path"),
    "two ways to say the methods": ({"method": "GET", "methods": ["GET"]}, 400, "invalid-request", "methods"),
    "a method that is none": ({"method": "LIST"}, 400, "invalid-request", "method"),
    "no methods": ({"methods": []}, 400, "invalid-request", "methods"),
    "a prefix that is text": ({"prefix": "yes"}, 400, "invalid-request", "prefix"),
    "two ends": ({"expires_in": 9, "expires_at": "2027-01-01T00:00Z"}, 400, "invalid-expiry", "expires_in"),
    "an end in the past": ({"expires_at": "2026-01-01T00:00Z"}, 400, "invalid-expiry", "expires_at"),
    "an end before the start": ({"expires_in": 9, "starts_at": "2026-12-01T00:00Z"}, 400, "invalid-expiry", "expires_at"),
    "more than a link may live": ({"expires_in": "91d"}, 400, "invalid-expiry", "expires_in"),
    "no time": ({"expires_in": 0}, 400, "invalid-expiry", "expires_in"),
    "no uses": ({"max_uses": 0}, 400, "invalid-request", "max_uses"),
    "an address that is none": ({"ip_range": "here"}, 400, "invalid-request", "ip_range"),
    "a page that is none": ({"referrers": ["https://a.example/"]}, 400, "invalid-request", "referrers"),
    "an unknown option": ({"file_name": "a"}, 400, "unknown-option", "file_name"),
    "a key that would be kept": ({"encryption_key": "AAAA"}, 422, "unsupported-option", "encryption_key"),
    "an upload that begins with a POST": ({"method": "PUT", "resumable": True}, 422, "unsupported-option", "resumable"),
    "https where links are http": ({"https_only": True}, 422, "unsupported-option", "https_only"),
    "a clock": ({"signing_time": "2026-12-01T00:00Z"}, 422, "unsupported-option", "signing_time"),
    "what the store cannot do": ({"method": "PUT", "max_bytes": 5}, 422, "unsupported-option", "max_bytes"),
    "what does not go together": ({"content_type": "text/csv"}, 400, "invalid-request", "content_type"),
    "a label of two lines": ({"label": "a\nb"}, 400, "invalid-request", "label"),
    "a note without end": ({"note": "a" * 2001}, 400, "invalid-request", "note"),
    "a dot segment": ({"path": "daypass://maps/../a"}, 400, "invalid-path", None),
    "an unknown profile": ({"path": "daypass://mops/a"}, 500, "invalid-config", None),
    "an unknown protocol": ({"path": "nothing://b/a"}, 501, "backend-not-found", None),
}  # fmt: skip


@pytest.mark.parametrize("why", WRONG)
def test_what_is_wrong_with_a_link_is_a_named_problem(server, why):
    asked, status, code, option = WRONG[why]
    body = {} if why == "no path" else {"path": "daypass://maps/a.csv", **asked}
    found = problem(server.ask("POST", LINK, json=body), status, code)
    assert found.get("option") == option or option is None
    assert server.ask("GET", LINK).json()["items"] == []


def test_a_lifetime_that_is_too_long_is_said_in_days(server):
    body = {"path": "daypass://maps/a.csv", "expires_in": "365d"}
    found = problem(server.ask("POST", LINK, json=body), 400, "invalid-expiry")
    assert "a link of 365 days is above the 90 days" in found["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"a"', b"\xff", b"{" * 100_000])
def test_what_is_no_object_of_json_is_a_problem(server, body):
    problem(server.ask("POST", LINK, content=body), 400, "invalid-request")


def test_a_body_that_is_too_large_is_not_read(server):
    problem(server.ask("POST", LINK, content=b" " * (1 << 21)), 413, "too-large")


def test_a_route_that_is_none_is_a_problem(server):
    problem(server.ask("GET", "/v1/nothing"), 404, "not-found")
    problem(server.ask("PUT", LINK), 405, "method-not-allowed")


# Many links.


def test_links_are_listed_newest_first_in_pages(server):
    ids = [server.link(label=label)["link_id"] for label in "abc"]
    first = server.ask("GET", f"{LINK}?limit=2").json()
    assert [one["link_id"] for one in first["items"]] == [ids[2], ids[1]]
    second = server.ask("GET", f"{LINK}?limit=2&after={first['next']}").json()
    assert ([one["link_id"] for one in second["items"]], second["next"]) == ([ids[0]], None)
    problem(server.ask("GET", f"{LINK}?after=lnk_none"), 400, "invalid-request")
    problem(server.ask("GET", f"{LINK}?limit=0"), 400, "invalid-request")


def test_links_are_found_by_what_they_are(server):
    a = server.link("daypass://maps/A/1", label="x")
    b = server.link("daypass://maps/a/1", expires_in=60, max_uses=1)
    c = server.link("daypass://maps/a%_/1", starts_at="2026-12-01T00:00Z")
    server.use(b)
    server.ask("DELETE", f"{LINK}/{a['link_id']}")

    def found(query):
        items = server.ask("GET", f"{LINK}?{query}").json()["items"]
        return [one["link_id"] for one in items]

    assert found("label=x") == [a["link_id"]]
    assert found("prefix=daypass://maps/a/") == [b["link_id"]]
    assert found("prefix=daypass://maps/a%25_") == [c["link_id"]]
    assert found("owner=admin&limit=1") == [c["link_id"]]
    assert found("owner=ann") == []
    assert found("state=revoked") == [a["link_id"]]
    assert found("state=used_up") == [b["link_id"]]
    assert found("state=not_yet") == [c["link_id"]]
    assert found("state=alive") == []
    problem(server.ask("GET", f"{LINK}?state=dead"), 400, "invalid-request")


def test_extending_counts_from_now(server):
    link = server.link(expires_in=60)
    server.clock.now += 100
    assert server.use(link).status_code == 410
    answer = server.ask("POST", f"{LINK}/{link['link_id']}/extend", json={"expires_in": "1h"})
    assert (answer.status_code, answer.json()["expires_at"]) == (200, "2026-11-30T01:55:00Z")
    assert server.use(link).status_code == 307
    for body, code in (({"expires_in": "91d"}, "invalid-expiry"), ({}, "invalid-request")):
        answer = server.ask("POST", f"{LINK}/{link['link_id']}/extend", json=body)
        problem(answer, 400, code)


def test_what_happened_to_a_link_is_told_in_order(server):
    link = server.link(ip_range="192.0.2.0/24")
    server.clock.now += 1
    server.use(link, peer="192.0.2.7")
    server.clock.now += 1
    server.use(link)
    server.clock.now += 1
    server.ask("DELETE", f"{LINK}/{link['link_id']}")
    assert server.events(link) == ["mint", "use", "refuse", "revoke"]
    address = f"{LINK}/{link['link_id']}/events?limit=3"
    page = server.ask("GET", address).json()
    use, refusal = page["items"][1:]
    assert (use["principal"], use["address"], use["time"]) == (
        None,
        "192.0.2.7",
        "2026-11-30T00:53:21.500000Z",
    )
    assert (refusal["why"], refusal["address"]) == ("address", "203.0.113.9")
    rest = server.ask("GET", address, params={"after": page["next"], "limit": 3}).json()
    assert [one["kind"] for one in rest["items"]] == ["revoke"]
    problem(server.ask("GET", f"{address}&after=x"), 400, "invalid-request")


# Taken back.


def test_a_link_that_is_taken_back_is_gone_for_good(server):
    link = server.link()
    assert server.use(link).status_code == 307
    for _ in range(2):
        answer = server.ask("DELETE", f"{LINK}/{link['link_id']}")
        assert (answer.status_code, answer.json()["state"]) == (200, "revoked")
    problem(server.use(link), 410, "revoked")
    answer = server.ask("POST", f"{LINK}/{link['link_id']}/extend", json={"expires_in": "1h"})
    problem(answer, 400, "invalid-request")
    problem(server.ask("DELETE", f"{LINK}/lnk_none"), 404, "object-not-found")


@pytest.mark.parametrize(
    ("which", "revoked"),
    [
        ({"label": "x"}, {0}),
        ({"owner": "ann"}, {2}),
        ({"all": True}, {0, 1, 2}),
        ({"label": "X"}, set()),
        ({"prefix": "daypass://maps/b"}, {1, 2}),
        ({"prefix": "daypass://maps/b/c"}, {1, 2}),
        ({"prefix": "daypass://maps/b/"}, {1, 2}),
        ({"prefix": "daypass://ma"}, set()),
        ({"prefix": "daypass://maps/B"}, set()),
    ],
)
def test_many_links_are_taken_back_at_once(server, which, revoked):
    ann = server.new_key("ann", scopes=["admin"])
    body = {"path": "daypass://maps/b/c"}
    links = [server.link("daypass://maps/a", label="x"), server.link("daypass://maps/b/c")]
    links.append(server.ask("POST", LINK, key=ann, json=body).json())
    assert [server.use(link).status_code for link in links] == [307] * 3
    answer = server.ask("POST", "/v1/revoke", json=which)
    assert answer.json() == {"revoked": len(revoked)}
    found = {number for number, link in enumerate(links) if server.use(link).status_code == 410}
    assert found == revoked


@pytest.mark.parametrize(
    "which",
    [
        {},
        {"all": False},
        {"label": ""},
        {"label": "x", "all": True},
        {"all": "yes"},
        {"labels": "x"},
    ],
)
def test_what_to_take_back_is_said_in_one_way(server, which):
    link = server.link(label="x")
    problem(server.ask("POST", "/v1/revoke", json=which), 400, "invalid-request")
    assert server.use(link).status_code == 307


# Who asks.


@pytest.mark.parametrize("key", ["", "x", "dpl_" + "A" * 43, "é"])
def test_who_has_no_key_asks_nothing(server, key):
    answer = server.ask("GET", LINK, headers={"authorization": f"Bearer {key}".encode()})
    problem(answer, 401, "unauthenticated")
    said = 'Bearer error="invalid_token"' if key else "Bearer"  # RFC 6750, section 3.1
    assert answer.headers["www-authenticate"] == said
    assert key == "" or key not in answer.text


def test_a_key_is_for_its_scopes(serving):
    server = serving('[[roots]]\nprofile = "maps"\n')
    reads = server.new_key("ann", scopes=["links:read"])
    writes = server.new_key("ann", scopes=["links:write"])
    assert server.ask("GET", LINK, key=reads).status_code == 200
    body = {"path": "daypass://maps/a"}
    said = problem(server.ask("POST", LINK, key=reads, json=body), 403, "refused")["detail"]
    assert "links:write" in said
    assert server.ask("POST", LINK, key=writes, json=body).status_code == 201
    problem(server.ask("GET", LINK, key=writes), 403, "refused")
    problem(server.ask("GET", "/v1/keys", key=writes), 403, "refused")


def test_a_key_is_for_the_paths_below_its_prefixes(serving):
    server = serving('[[roots]]\nprofile = "maps"\n')
    key = server.new_key("ann", prefixes=["daypass://maps/a"])
    for path, status in (("a/b", 201), ("a", 201), ("ab", 403), ("b", 403)):
        answer = server.ask("POST", LINK, key=key, json={"path": f"daypass://maps/{path}"})
        assert answer.status_code == status
    answer = server.ask("POST", LINK, key=key, json={"path": "daypass://maps/", "prefix": True})
    problem(answer, 403, "refused")


def test_a_key_ends_and_is_revoked(server):
    key = server.new_key("ann", expires_in="1h")
    assert server.ask("GET", LINK, key=key).status_code == 200
    server.clock.now += 3600
    problem(server.ask("GET", LINK, key=key), 401, "unauthenticated")
    key = server.new_key("ann")
    listed = server.ask("GET", "/v1/keys").json()["items"]
    assert sorted(one["principal"] for one in listed) == ["admin", "ann", "ann"]
    assert key not in str(listed)
    (key_id,) = [
        one["key_id"] for one in listed if one["principal"] == "ann" and one["expires_at"] is None
    ]
    assert key_id.startswith("key_")
    assert server.ask("DELETE", f"/v1/keys/{key_id}").status_code == 204
    problem(server.ask("GET", LINK, key=key), 401, "unauthenticated")
    problem(server.ask("DELETE", "/v1/keys/key_none"), 404, "object-not-found")


def test_whoever_has_the_url_alone_names_a_link_by_what_is_kept_of_its_token(server):
    made = server.link(label="a")
    other = server.link()
    place = f"{LINK}/sha256:{sha256(made['url'].rpartition('/')[2].encode()).hexdigest()}"
    assert server.ask("GET", place).json()["link_id"] == made["link_id"]
    body = {"expires_in": "30d"}
    assert server.ask("POST", f"{place}/extend", json=body).json()["link_id"] == made["link_id"]
    problem(server.ask("DELETE", place, key=server.new_key("ann")), 404, "object-not-found")
    assert server.ask("DELETE", place).json()["state"] == "revoked"
    assert (server.use(made).status_code, server.use(other).status_code) == (410, 307)
    kinds = [one["kind"] for one in server.ask("GET", f"{place}/events").json()["items"]]
    assert kinds == server.events(made) == ["mint", "extend", "revoke"]
    for wrong in ("", "0", "zz", "00" * 32):
        problem(server.ask("GET", f"{LINK}/sha256:{wrong}"), 404, "object-not-found")


@pytest.mark.parametrize(
    "asked",
    [
        {"scopes": ["links:read"]},
        {"principal": "a", "scopes": []},
        {"principal": "a", "scopes": ["all"]},
        {"principal": "", "scopes": ["sign"]},
        {"principal": "a\nb", "scopes": ["sign"]},
        {"principal": "a", "scopes": ["sign"], "groups": [""]},
        {"principal": "a", "scopes": ["sign"], "expires_in": -1},
        {"principal": "a", "scopes": ["sign"], "prefixes": ["s3://"]},
        {"principal": "a", "scopes": ["sign"], "admin": True},
    ],
)
def test_a_key_that_cannot_be_is_a_problem(server, asked):
    answer = server.ask("POST", "/v1/keys", json=asked)
    assert answer.status_code == 400
    assert answer.json()["code"].startswith("invalid-")


def test_others_links_are_not_there(server):
    link = server.link()
    ann = server.new_key("ann")
    assert server.ask("GET", LINK, key=ann).json()["items"] == []
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/events"),
        ("POST", "/extend"),
    ):
        body = {"json": {"expires_in": 9}} if method == "POST" else {}
        answer = server.ask(method, f"{LINK}/{link['link_id']}{path}", key=ann, **body)
        problem(answer, 404, "object-not-found")
    answer = server.ask("POST", "/v1/revoke", key=ann, json={"all": True})
    assert answer.json() == {"revoked": 0}
    assert server.use(link).status_code == 307


def test_it_says_that_it_lives_and_is_ready(server):
    assert server.ask("GET", "/healthz").json() == {"status": "ok"}
    assert server.ask("GET", "/readyz").json() == {"status": "ok"}


def test_what_holds_a_secret_is_kept_by_no_cache(server):
    link = server.ask("POST", "/v1/links", json={"path": "daypass://maps/a.csv"})
    key = server.ask("POST", "/v1/keys", json={"principal": "ann", "scopes": ["sign"]})
    shown = server.ask("GET", f"/v1/links/{link.json()['link_id']}")
    for answer in (link, key, shown, server.ask("GET", "/v1/links")):
        assert answer.headers["cache-control"] == "no-store"


def test_what_the_servers_files_are_named_and_hold_is_told_to_its_log_alone(
    serving, configure, tmp_path, capsys
):
    server = serving()
    configure("[[policy.quotas]]\nlinks = 4\n")
    for path in ("daypass://mops/a", "daypass://maps/a"):
        told = server.ask("POST", "/v1/links", json={"path": path})
        assert (told.status_code, told.json()["code"]) == (500, "invalid-config")
        assert str(tmp_path) not in told.text
        assert "maps" not in told.text
        assert "as it is configured: its log says why" in told.json()["detail"]
    assert f"{tmp_path}/config.toml" in capsys.readouterr().out
