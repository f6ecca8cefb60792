"""What a link does when somebody follows it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

import daypass
from daypass_links.server.app import application
from daypass_links.server.events.writer import Writer

ANY = "/l/AAAAAAAAAAAAAAAAAAAAAA"


def signed(answer):
    """Return where a redirect leads to and for how long, after a look at what it must be."""
    assert answer.status_code == 307, answer.text
    found = urlsplit(answer.headers["location"])
    return found.netloc + found.path, int(parse_qs(found.query)["X-Amz-Expires"][0])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_leads_to_a_url_signed_now_for_the_method_asked(server, method):
    link = server.link()
    answer = server.use(link, method=method)
    assert signed(answer) == ("results.s3.eu-west-1.amazonaws.com/a.csv", 60)
    assert not answer.content
    other = {"GET": "HEAD", "HEAD": "GET"}[method]
    assert server.use(link, method=other).headers["location"] != answer.headers["location"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_links_that_write_lead_there_with_the_method_and_its_body(server, method):
    link = server.link(method=method)
    assert signed(server.use(link, method=method))[0].endswith("/a.csv")
    answer = server.use(link)
    assert (answer.status_code, answer.headers["allow"]) == (405, f"{method}, OPTIONS")
    assert answer.json()["code"] == "method-not-allowed"


def test_a_link_for_several_methods_asks_for_each_what_goes_with_it(server):
    link = server.link(methods=["GET", "PUT"], filename="b.csv", content_type="text/csv")
    assert link["permits"] == ["GET", "HEAD", "PUT"]
    assert link["headers"] == {"Content-Type": "text/csv"}
    got = server.use(link).headers["location"]
    put = server.use(link, method="PUT").headers["location"]
    assert "response-content-disposition" in got
    assert "content-type" in put
    assert "response-content-disposition" not in put


def test_the_end_of_what_it_leads_to_is_never_behind_that_of_the_link(server):
    link = server.link(expires_in=90)
    assert [signed(server.use(link))[1] for _ in range(2)] == [60, 60]
    server.clock.now = 1_796_000_000 + 30
    assert signed(server.use(link))[1] == 60
    server.clock.now = 1_796_000_000 + 80
    assert signed(server.use(link))[1] == 10
    server.clock.now = 1_796_000_000 + 89.9
    assert signed(server.use(link))[1] == 1
    server.clock.now = 1_796_000_000 + 90
    answer = server.use(link)
    assert (answer.status_code, answer.json()["code"]) == (410, "ended")


def test_however_often_it_was_followed_the_policy_is_asked_each_time(server):
    link = server.link()
    assert [server.use(link).status_code for _ in range(3)] == [307] * 3
    none = daypass.Policy(rules=[])
    daypass.set_policy(none)
    try:
        assert server.use(link).json()["code"] == "refused-by-policy"
    finally:
        daypass.set_policy(None, replacing=none)
    assert server.use(link).status_code == 307


def test_before_its_start_a_link_is_refused(server):
    link = server.link(starts_at="2026-11-30T00:53:30Z")
    assert link["state"] == "alive" or link["state"] == "not_yet"
    answer = server.use(link)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-yet")
    server.clock.now = 1_796_000_010
    assert server.use(link).status_code == 307


@pytest.mark.parametrize(
    "path",
    [ANY, "/l/", "/l/a", f"{ANY}AA", f"{ANY}/a", "/l/%41AAAAAAAAAAAAAAAAAAAAA", f"{ANY[:-1]}é"],
)
def test_what_is_no_link_has_one_answer(server, path):
    answer = server.ask("GET", path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.content == server.ask("GET", ANY).content


def test_a_link_for_one_object_has_nothing_below_it(server):
    assert server.use(server.link(), "/b").status_code == 404


def test_keys_below_a_prefix_are_decoded_once(server):
    link = server.link("daypass://maps/x.zarr", prefix=True)
    assert link["path"] == "daypass://maps/x.zarr/"
    assert link["url"].endswith("/")
    host = "results.s3.eu-west-1.amazonaws.com/x.zarr"
    assert signed(server.use(link, "c/0/0"))[0] == f"{host}/c/0/0"
    assert signed(server.use(link, "a%20b%252e"))[0] == f"{host}/a%20b%252e"
    assert signed(server.use(link, "a+b"))[0] == f"{host}/a%2Bb"


@pytest.mark.parametrize(
    "key",
    [
        "../a",
        "a/..",
        "a/./b",
        "a//b",
        "%2e%2e/a",
        ".%2E/a",
        "a%2fb",
        "a%5Cb",
        "a\\b",
        "%ff",
        "a%00b",
        "a%0Ab",
    ],
)
def test_keys_on_which_clients_and_stores_differ_are_refused(server, key):
    link = server.link("daypass://maps/x.zarr", prefix=True)
    # httpx would take dots out: the path is sent as it stands.
    token = link["url"].rstrip("/").rpartition("/")[2]
    answer = server.raw("GET", f"/l/{token}/{key}".encode())
    assert answer[0] == 400
    assert answer[1]["code"] == "invalid-path"


@pytest.mark.parametrize("accept", ["*/*", "text/html,*/*;q=0.8"])
def test_a_prefix_itself_is_no_object_and_leads_to_its_list(server, accept):
    link = server.link("daypass://maps/x.zarr", prefix=True, max_uses=1)
    place = f"/l/{link['url'].rstrip('/').rpartition('/')[2]}"
    headers = {"accept": accept}
    for method in ("GET", "HEAD"):
        answer = server.ask(method, f"{place}?after=a", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (308, f"{place}/?after=a")
    answer = server.ask("HEAD", f"{place}/", headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, OPTIONS")
    assert server.ask("PUT", place).status_code == 404
    assert server.events(link) == ["mint"]


def test_a_prefix_itself_leads_nobody_on_whom_the_link_is_not_for(server):
    elsewhere = server.link("daypass://maps/x.zarr", prefix=True, ip_range="192.0.2.0/24")
    taken_back = server.link("daypass://maps/x.zarr", prefix=True)
    server.ask("DELETE", f"/v1/links/{taken_back['link_id']}")
    answers = [
        server.ask("GET", one["url"].removeprefix("https://links.example").rstrip("/"))
        for one in (elsewhere, taken_back)
    ]
    assert [one.json()["code"] for one in answers] == ["address", "revoked"]


def test_what_a_redirect_says_besides_where_it_leads(server):
    headers = server.use(server.link()).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["access-control-allow-origin"] == "*"


def test_browsers_may_keep_a_redirect_where_nothing_binds_the_link(serving):
    server = serving('[links]\nmax_age = "30s"\n')
    assert server.use(server.link()).headers["cache-control"] == "private, max-age=30"
    for bound in ({"max_uses": 2}, {"ip_range": "203.0.113.0/24"}):
        assert server.use(server.link(**bound)).headers["cache-control"] == "no-store"


def test_scripts_of_other_origins_ask_for_the_url_itself(server):
    link = server.link(method="PUT", content_type="text/csv")
    answer = server.use(link, "?as=json", "PUT")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    found = answer.json()
    assert found["url"].startswith("https://results.s3.eu-west-1.amazonaws.com/a.csv?")
    assert (found["method"], found["headers"]) == ("PUT", {"Content-Type": "text/csv"})


def test_markers_that_clients_need_in_the_query_mean_nothing(server):
    answer = server.use(server.link(), "?X-Amz-Signature=x&as=")
    assert "X-Amz-Signature=x&" not in answer.headers["location"]
    assert signed(answer)[1] == 60


def test_a_preflight_is_answered_whatever_the_token(server):
    answer = server.ask(
        "OPTIONS",
        ANY,
        headers={"origin": "https://a.example", "access-control-request-headers": "content-type"},
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == "content-type"
    assert "PUT" in answer.headers["access-control-allow-methods"]


# Whom a link is for.


@pytest.mark.parametrize(
    ("ip_range", "peer", "works"),
    [
        ("192.0.2.0/24", "192.0.2.7", True),
        ("192.0.2.0/24", "192.0.3.7", False),
        ("192.0.2.4-192.0.2.9", "192.0.2.9", True),
        ("192.0.2.4-192.0.2.9", "192.0.2.10", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "192.0.2.7", False),
        ("192.0.2.7", "testclient", False),
    ],
)
def test_a_link_for_an_address_is_for_no_other(server, ip_range, peer, works):
    link = server.link(ip_range=ip_range)
    answer = server.use(link, peer=peer)
    assert answer.status_code == (307 if works else 403)
    assert works or answer.json()["code"] == "address"


def test_a_link_for_https_alone_is_refused_over_http(serving):
    server = serving('[server]\npublic_url = "https://links.example"\n')
    path = server.link(https_only=True)["url"].removeprefix("https://links.example")
    assert server.ask("GET", path).json()["code"] == "https-only"
    assert server.ask("GET", path, scheme="https").status_code == 307
    forged = server.ask("GET", path, headers={"x-forwarded-proto": "https"})
    assert forged.status_code == 403


@pytest.mark.parametrize(
    ("page", "works"),
    [
        ("https://maps.example.org/a?b", True),
        ("https://a.b.maps.example.net/", True),
        ("https://maps.example.net/", False),
        ("https://maps.example.org.evil.example/", False),
        ("https://evil.example/?maps.example.org", False),
        ("https://maps.example.org@evil.example/", False),
        ("", False),
    ],
)
def test_a_link_for_some_pages_is_refused_to_others(server, page, works):
    link = server.link(referrers=["maps.example.org", "*.maps.example.net"])
    answer = server.use(link, headers={"referer": page} if page else {})
    assert answer.status_code == (307 if works else 403)
    assert works or answer.json()["code"] == "referrer"


# How often.


def reader(number):
    return {"headers": {"user-agent": f"reader/{number}"}}


def test_a_use_is_a_clients_first_request_of_fifteen_minutes(server):
    link = server.link(max_uses=2)
    for _ in range(3):
        assert server.use(link, **reader(1)).status_code == 307
    server.clock.now += 899
    assert server.use(link, **reader(1)).status_code == 307
    assert server.ask("GET", f"/v1/links/{link['link_id']}").json()["uses"] == 1
    server.clock.now += 1
    assert server.use(link, **reader(1)).status_code == 307
    answer = server.use(link, **reader(2))
    assert (answer.status_code, answer.json()["code"]) == (410, "used-up")
    assert server.use(link, **reader(1)).status_code == 307
    shown = server.ask("GET", f"/v1/links/{link['link_id']}").json()
    assert (shown["uses"], shown["state"]) == (2, "used_up")


def test_a_client_is_an_address_of_ipv6_its_64_and_a_user_agent(server):
    link = server.link(max_uses=1)
    assert server.use(link, peer="2001:db8:1:2::1").status_code == 307
    assert server.use(link, peer="2001:db8:1:2:ffff::9").status_code == 307
    assert server.use(link, peer="2001:db8:1:3::1").status_code == 410


def test_head_never_uses_a_link_up_and_works_while_a_use_is_left(server):
    link = server.link(max_uses=1)
    for number in range(3):
        assert server.use(link, method="HEAD", **reader(number)).status_code == 307
    assert server.use(link, **reader(5)).status_code == 307
    assert server.use(link, method="HEAD", **reader(5)).status_code == 307
    assert server.use(link, method="HEAD", **reader(6)).status_code == 410


def test_a_link_that_is_used_up_is_not_signed_again_and_takes_no_quota(serving):
    server = serving(
        "[[policy.rules]]\nname = 'read'\npaths = ['s3://results/**']\nmethods = ['GET', 'HEAD']\n"
        "per_caller = { urls_per_minute = 4 }\n"
    )
    link = server.link(max_uses=1)  # signs twice, to learn what GET and HEAD need
    statuses = [server.use(link, **reader(number)).status_code for number in range(4)]
    assert statuses == [307, 410, 410, 410]


def test_head_waits_for_nobody_who_writes(server):
    link = server.link(max_uses=1)
    assert server.use(link, **reader(1)).status_code == 307
    server.service.events.durable("seen").result()
    with server.service.databases.events.begin():
        assert server.use(link, method="HEAD", **reader(2)).status_code == 410


def test_uses_are_counted_while_every_thread_of_the_api_waits_for_a_store(server):
    link, over = server.link(max_uses=1), threading.Event()

    async def follow():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as threads:
            loop.set_default_executor(threads)
            waiting = loop.run_in_executor(None, over.wait)
            transport = httpx.ASGITransport(server.app, client=("203.0.113.9", 4711))
            async with httpx.AsyncClient(transport=transport) as http:
                try:
                    return await asyncio.wait_for(http.get(link["url"]), 10)
                finally:
                    over.set()
                    await waiting

    assert asyncio.run(follow()).status_code == 307


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"user-agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
        {"user-agent": "facebookexternalhit/1.1"},
        {"user-agent": "WhatsApp/2.23.20.0"},
        {"user-agent": "TelegramBot (like TwitterBot)"},
        {"user-agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"},
    ],
)
def test_previews_and_prefetches_never_use_a_link_up(server, headers):
    link = server.link(max_uses=1)
    answer = server.use(link, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "preview")
    assert server.use(link).status_code == 307
    assert server.use(server.link(), headers=headers).status_code == 307


@pytest.mark.parametrize("together", [True, False])
def test_a_server_is_given_answers_to_what_came_together_right_after_each_other(
    server, monkeypatch, together
):
    path = urlsplit(server.link()["url"]).path
    app, seen, note_text = application(server.service, together=together), [], Writer.note_text

    def noted(*said):
        seen.append("noted")
        note_text(*said)

    async def send(message):
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    async def ask():
        scope = {"method": "GET", "query_string": b"", "headers": [], "scheme": "http"}
        place = {"type": "http", "path": path, "raw_path": path.encode(), "client": None}
        await asyncio.gather(*[app(scope | place, None, send) for _ in range(3)])

    monkeypatch.setattr(Writer, "note_text", noted)
    asyncio.run(ask())
    assert seen == (["noted"] * 3 + [307] * 3 if together else ["noted", 307] * 3)
