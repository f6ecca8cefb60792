"""Bearers of a provider's tokens ask the API beside API keys, and their links follow what the provider says of them."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from daypass.errors import ConfigError
from daypass_links.server import settings
from daypass_links.server.principals.issuer import InvalidTokenError, Issuer
from tests.plugins.links.server.conftest import problem
from tests.plugins.links.server.provider import NOW, RSA
from tests.plugins.links.written import events_in

LINK = "/v1/links"
OIDC = """
[oidc]
issuer = "{issuer}"
audience = "daypass"
{more}
[[roots]]
profile = "maps"
groups = ["analysts"]
"""
INVALID = 'Bearer error="invalid_token"'
PATH = {"path": "daypass://maps/a.csv"}


@pytest.fixture
def told(serving, provider):
    """A service that takes the provider's tokens."""

    def serve(more=""):
        return serving(OIDC.format(issuer=provider.url, more=more))

    return serve


def events_of(server, kind):
    server.service.events.durable("seen").result()
    found = events_in(server.service.databases.events)
    return [one for one in found if one["kind"] == kind]


def test_a_bearer_makes_links_that_are_theirs(told, provider):
    server = told()
    token = provider.token(iat=NOW)
    made = server.ask("POST", LINK, key=token, json=PATH)
    assert (made.status_code, made.json()["owner"]) == (201, "alice")
    assert server.use(made.json()).status_code == 307
    listed = server.ask("GET", LINK, key=token).json()["items"]
    assert [one["link_id"] for one in listed] == [made.json()["link_id"]]
    other = provider.token(sub="bob", iat=NOW)
    assert server.ask("GET", LINK, key=other).json()["items"] == []


def test_a_bearer_asks_what_the_configuration_says(told, provider):
    server = told('scopes = ["links:read"]')
    token = provider.token()
    assert server.ask("GET", LINK, key=token).status_code == 200
    said = problem(server.ask("POST", LINK, key=token, json=PATH), 403, "refused")["detail"]
    assert "links:write" in said
    problem(server.ask("GET", "/v1/keys", key=token), 403, "refused")


def test_members_of_an_admin_group_are_an_admin_as_long_as_they_are_members(told, provider):
    server = told('admin_groups = ["staff"]')
    token = provider.token(groups=["staff"], iat=NOW)
    assert server.ask("GET", "/v1/keys", key=token).status_code == 200
    assert (
        server.ask("GET", "/v1/keys", key=provider.token(groups=[], iat=NOW + 1)).status_code == 403
    )
    # What an older token says is not so any more.
    assert server.ask("GET", "/v1/keys", key=token).status_code == 403


def test_links_follow_the_groups_that_the_newest_token_says(told, provider):
    server = told()
    old = provider.token(iat=NOW - 20)
    made = server.ask("POST", LINK, key=old, json=PATH).json()
    assert server.use(made).status_code == 307
    server.ask("GET", LINK, key=provider.token(groups=["sales"], iat=NOW - 10))
    assert server.use(made).status_code == 403
    # One that somebody still has from before gives nothing back.
    assert server.ask("POST", LINK, key=old, json=PATH).status_code == 403
    assert server.use(made).status_code == 403
    server.ask("GET", LINK, key=provider.token(iat=NOW))
    assert server.use(made).status_code == 307


def test_an_admins_word_on_groups_is_news_like_a_tokens(told, provider):
    server = told()
    made = server.ask("POST", LINK, key=provider.token(iat=NOW - 1), json=PATH).json()
    server.new_key("alice", groups=["sales"])
    assert server.use(made).status_code == 403
    server.ask("GET", LINK, key=provider.token(iat=NOW - 1))
    assert server.use(made).status_code == 403
    server.clock.now += 10
    server.ask("GET", LINK, key=provider.token(iat=NOW + 1))
    assert server.use(made).status_code == 307


def test_another_process_learns_of_groups(told, provider):
    one, two = told(), told()
    made = one.ask("POST", LINK, key=provider.token(iat=NOW - 1), json=PATH).json()
    assert two.use(made).status_code == 307
    one.ask("GET", LINK, key=provider.token(groups=[], iat=NOW))
    assert two.use(made).status_code == 403


def test_who_comes_and_whose_groups_change_is_on_record_once(told, provider):
    server = told()
    for groups, issued in ((["b", "a"], 1), (["a", "b"], 2), (["a"], 3), (["a"], 3)):
        server.ask("GET", LINK, key=provider.token(groups=groups, iat=NOW - 10 + issued))
    said = [(one["principal"], one["groups"]) for one in events_of(server, "login")]
    assert said == [("alice", ["a", "b"]), ("alice", ["a"])]


@pytest.mark.parametrize("claims", [{"aud": "another"}, {"exp": NOW - 61}, {"iat": NOW + 120}])
def test_a_token_that_is_not_valid_is_told_so_and_nothing_of_it_is_shown(
    told, provider, claims, caplog
):
    caplog.set_level("DEBUG")
    caplog.set_level("CRITICAL", "httpx")  # the test's own client
    server = told()
    token = provider.token(**claims)
    answer = server.ask("GET", LINK, key=token)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == INVALID
    assert events_of(server, "login") == []
    lines = json.dumps(events_in(server.service.databases.events))
    for part in token.split("."):
        for text in (answer.text, str(answer.headers), caplog.text, lines):
            assert part not in text


def test_nothing_of_a_token_that_is_valid_is_in_events_or_logs(told, provider, caplog):
    caplog.set_level("DEBUG")
    caplog.set_level("CRITICAL", "httpx")
    server = told()
    token = provider.token(iat=NOW)
    server.use(server.ask("POST", LINK, key=token, json=PATH).json())
    server.service.events.durable("seen").result()
    lines = json.dumps(events_in(server.service.databases.events))
    for part in token.split("."):
        assert part not in caplog.text
        assert part not in lines


def test_where_no_provider_is_configured_no_token_is_taken(server, provider):
    answer = server.ask("GET", LINK, key=provider.token())
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == INVALID


def test_an_api_key_is_taken_where_the_provider_is_down(told, provider):
    provider.document = {"jwks_uri": None}
    server = told()
    assert server.ask("GET", LINK).status_code == 200
    problem(server.ask("GET", LINK, key=provider.token()), 503, "provider-failed")


def test_a_provider_that_failed_is_not_asked_again_at_once(told, provider):
    provider.document = {"jwks_uri": None}
    server = told()
    for _ in range(5):
        problem(server.ask("GET", LINK, key=provider.token()), 503, "provider-failed")
    assert provider.asked == 1


def test_waiting_for_the_provider_keeps_nobody_else_waiting(told, provider):
    server = told()
    provider.answers.clear()

    async def asked():
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://links") as client:
            bearer = {"authorization": f"Bearer {provider.token()}"}
            waits = asyncio.create_task(client.get(LINK, headers=bearer))
            assert await asyncio.to_thread(provider.reached.wait, 30)
            lives = await client.get("/healthz")
            assert not waits.done()
            provider.answers.set()
            return lives.status_code, (await waits).status_code

    assert asyncio.run(asked()) == (200, 200)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "a\nb"},
        {"sub": "a" * 1025},
        {"groups": [""]},
        {"groups": ["a\nb"]},
        {"groups": [f"group {n}" for n in range(1001)]},
        {"iat": "yesterday"},
        {"iat": float("nan")},
    ],
    ids=[
        "a name of two lines",
        "a long name",
        "no group",
        "two lines",
        "many",
        "text",
        "no number",
    ],
)
def test_what_core_takes_for_no_caller_is_none(provider, claims):
    issuer = Issuer(provider.url, "daypass", clock=lambda: NOW)
    with pytest.raises(InvalidTokenError):
        issuer.bearer(provider.token(**claims))


def test_a_token_with_a_kind_of_its_own_is_known_by_another_claim(told, provider):
    server = told('principal_claim = "email"\ngroups_claim = "roles"')
    token = provider.token(email="ann@example.org", roles=["analysts"], groups=None)
    made = server.ask("POST", LINK, key=token, json=PATH).json()
    assert made["owner"] == "ann@example.org"
    problem(server.ask("GET", LINK, key=provider.token(RSA("one"))), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('issuer = "https://id.example"', "audience"),
        ('audience = "daypass"', "issuer"),
        ('issuer = "https://id.example"\naudience = "a"\nscopes = ["link:read"]', "links:read"),
        ('issuer = "https://id.example"\naudience = "a"\nscope = []', "scopes"),
    ],
)
def test_what_is_wrong_with_the_section_is_named(configure, text, said):
    configure(f"[oidc]\n{text}\n")
    with pytest.raises(ConfigError, match=said):
        settings.load()


@pytest.mark.servers
def test_tokens_of_a_provider_that_is_not_ours_are_taken(serving, servers):
    """As authlib makes them; the clock is the world's, since the provider's is."""
    provider = servers("openid")
    server = serving(OIDC.format(issuer=provider.url, more=""))
    server.clock.now = time.time()
    token = provider.token("ann", "daypass", groups=["analysts"])
    made = server.ask("POST", LINK, key=token, json=PATH)
    assert (made.status_code, made.json()["owner"]) == (201, "ann")
    assert server.use(made.json()).status_code == 307
    server.ask("GET", LINK, key=provider.token("ann", "daypass", groups=[]))
    assert server.use(made.json()).status_code == 403
    another = provider.token("ann", "another", groups=["analysts"])
    problem(server.ask("GET", LINK, key=another), 401, "unauthenticated")
