"""People sign in at an OpenID provider, and nothing that is not of their own sign-in signs anybody in."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from daypass.errors import ConfigError
from daypass_links.server import settings
from daypass_links.server.database.tables import principal
from daypass_links.server.principals import code_flow, issuer
from tests.plugins.links.server.pages.conftest import OIDC, Person, come_back, leave, started
from tests.plugins.links.server.provider import NOW, RSA, b64
from tests.plugins.links.written import events_in


@pytest.fixture(scope="module")
def server(tmp_path_factory, provider):
    with started(tmp_path_factory.mktemp("oidc"), OIDC.format(issuer=provider.url)) as found:
        yield found


@pytest.fixture(autouse=True)
def asked_anew(server, monkeypatch):
    """Keys are asked for again where a token does not fit, however lately they were."""
    monkeypatch.setattr(issuer, "_AGAIN", -1.0)
    server.clock.now = NOW + 0.5


def refused(person, answer):
    assert answer.status_code == 403, answer.text
    assert "Signing in did not work" in answer.text
    person.see("/ui/me", 303)
    return answer.text


def test_the_provider_is_asked_for_a_code_by_the_words_of_the_standards(person, provider):
    answer = person.ask("GET", "/auth/login")
    place = urlsplit(answer.headers["location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{provider.url}/authorize"
    asked = dict(parse_qsl(place.query, strict_parsing=True))
    assert asked.pop("state") != asked.pop("nonce")
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": "pages",
        "redirect_uri": "http://127.0.0.1:8321/auth/callback",
        "scope": "openid groups",
        "code_challenge_method": "S256",
    }


def test_who_comes_back_with_a_code_is_signed_in_and_where_they_wanted_to_be(
    person, provider, server
):
    asked = leave(person, after="/ui/me?a=b")
    answer = come_back(person, provider, asked, sub="alice", groups=["analysts"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/me?a=b")
    text = person.see("/ui/me")
    assert "alice" in text
    assert "analysts" in text
    assert "Make, extend and revoke links" in text
    assert "everybody" not in text
    form, authorization = provider.forms[-1]
    # RFC 7636, section 4.6; RFC 6749, section 2.3.1.
    assert b64(sha256(form["code_verifier"].encode()).digest()) == asked["code_challenge"]
    assert b64decode(authorization.removeprefix("Basic ")) == b"pages:made+up%3A+%2B+%26"
    assert (form["grant_type"], form["code"]) == ("authorization_code", "the-code")
    server.service.events.durable("seen").result()
    said = [one for one in events_in(server.service.databases.events) if one["kind"] == "login"]
    assert {"alice"} == {one["principal"] for one in said if one.get("by") == "provider"}


def test_a_provider_that_takes_the_secret_in_the_form_alone_gets_it_there(
    person, provider, monkeypatch
):
    methods = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    monkeypatch.setattr(provider, "document", {**provider.document, **methods})
    person.server.service.sign_in.issuer._fetched = -float("inf")
    assert come_back(person, provider, leave(person)).status_code == 303
    form, authorization = provider.forms[-1]
    assert (form["client_secret"], authorization) == ("made up: + &", None)
    person.server.service.sign_in.issuer._fetched = -float("inf")


def test_groups_that_the_token_leaves_out_are_asked_for(person, provider):
    provider.userinfo = {"sub": "carol", "groups": ["staff"], "aud": "nobody"}
    come_back(person, provider, leave(person), sub="carol", groups=None)
    assert "You are a member of staff." in person.see("/ui/me")
    provider.userinfo = {"sub": "somebody-else", "groups": ["staff"]}
    come_back(person, provider, leave(person), sub="dave", groups=None)
    assert "member" not in person.see("/ui/me")


@pytest.mark.parametrize(
    ("claims", "kept"),
    [
        ({"email": "frank@example.org", "email_verified": True}, "frank@example.org"),
        ({"email": "frank@example.org"}, None),
        ({"email": "frank@example.org", "email_verified": "true"}, None),
        ({"email": "frank@example.org\nBcc: x@y.z", "email_verified": True}, None),
    ],
)
def test_where_mail_reaches_somebody_is_what_the_provider_has_verified(
    serving, provider, claims, kept
):
    mail = '[notices]\nsmtp = "smtp://127.0.0.1"\nsender = "links@example.org"\n'
    server = serving(OIDC.format(issuer=provider.url) + mail)
    person, provider.userinfo = Person(server), {"sub": "frank", **claims}
    asked = leave(person)
    assert "email" not in asked["scope"]  # the provider publishes no such scope
    assert come_back(person, provider, asked, sub="frank").status_code == 303
    with server.service.databases.main.connect() as connection:
        found = connection.scalar(select(principal.c.email).where(principal.c.name == "frank"))
    assert found == kept


def test_where_mail_reaches_somebody_is_not_kept_where_none_is_sent(person, provider, server):
    verified = {"email": "grace@example.org", "email_verified": True}
    assert come_back(person, provider, leave(person), sub="grace", **verified).status_code == 303
    with server.service.databases.main.connect() as connection:
        found = connection.scalar(select(principal.c.email).where(principal.c.name == "grace"))
    assert found is None


def test_who_has_left_a_group_has_left_it_in_their_session(person, provider):
    come_back(person, provider, leave(person), sub="erin", groups=["staff"])
    assert "everybody" in person.see("/ui/me")
    other = Person(person.server)
    come_back(other, provider, leave(other), sub="erin", groups=[], iat=NOW + 1)
    assert "everybody" not in person.see("/ui/me")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "daypass"},
        {"aud": ["pages", "others"]},
        {"azp": "others"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": NOW - 61},
        {"nbf": NOW + 61},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_of_this_sign_in_signs_nobody_in(person, provider, claims):
    text = refused(person, come_back(person, provider, leave(person), **claims))
    assert "evil" not in text


def test_a_token_that_nobody_has_signed_signs_nobody_in(person, provider):
    asked = leave(person)
    claims = {"iss": provider.url, "aud": "pages", "sub": "alice", "exp": NOW + 300}
    body = b64(json.dumps({**claims, "nonce": asked["nonce"]}).encode())
    provider.tokens = {"id_token": f"{b64(json.dumps({'alg': 'none'}).encode())}.{body}."}
    refused(person, person.ask("GET", f"/auth/callback?code=c&state={asked['state']}"))


def test_a_key_that_was_rotated_away_signs_nobody_in(person, provider, monkeypatch):
    old = provider.keys[0]
    assert come_back(person, provider, leave(person)).status_code == 303
    monkeypatch.setattr(provider, "keys", [RSA("new")])
    assert (
        come_back(Person(person.server), provider, leave(person), key=RSA("new")).status_code == 403
    )
    assert come_back(person, provider, leave(person), key=provider.keys[0]).status_code == 303
    other = Person(person.server)
    refused(other, come_back(other, provider, leave(other), key=old))
    monkeypatch.undo()


def test_what_came_back_once_signs_nobody_in_again(person, provider):
    asked = leave(person)
    assert come_back(person, provider, asked).status_code == 303
    person.cookies.delete("daypass-session")
    refused(person, come_back(person, provider, asked))


def test_who_has_signed_in_in_another_tab_goes_on_in_this_one(person, provider):
    first, second = leave(person), leave(person)
    assert come_back(person, provider, first, sub="alice").status_code == 303
    session = person.cookies["daypass-session"]
    for asked in (second, first):
        assert come_back(person, provider, asked, sub="bob").headers["location"] == "/ui/links"
    assert person.cookies["daypass-session"] == session
    assert "alice" in person.see("/ui/me")


def test_what_another_browser_began_signs_nobody_in(person, provider):
    other = Person(person.server)
    asked = leave(other)
    refused(person, come_back(person, provider, asked))
    leave(person)
    refused(person, come_back(person, provider, asked))
    assert come_back(other, provider, asked).status_code == 303


def test_a_sign_in_that_took_too_long_or_was_refused_signs_nobody_in(person, provider, server):
    asked = leave(person)
    server.clock.now += 900
    refused(person, come_back(person, provider, asked))
    asked = leave(person)
    refused(person, person.ask("GET", f"/auth/callback?error=access_denied&state={asked['state']}"))
    refused(person, person.ask("GET", "/auth/callback"))


def test_an_answer_that_names_another_issuer_signs_nobody_in(person, provider):
    asked = leave(person)
    # RFC 9207, section 2.4.
    refused(person, come_back(person, provider, asked, more="&iss=https%3A%2F%2Fevil.example"))


def test_a_code_that_the_provider_does_not_take_signs_nobody_in(person, provider):
    asked = leave(person)
    provider.tokens = {"error": "invalid_grant"}
    refused(person, person.ask("GET", f"/auth/callback?code=c&state={asked['state']}"))


@pytest.mark.parametrize("after", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_led_to_another_place_by_the_way_back(person, provider, after):
    answer = come_back(person, provider, leave(person, after=after))
    assert answer.headers["location"] == "/ui/links"


def test_the_page_names_the_provider_and_leads_back_to_what_was_asked(person):
    text = person.see("/auth/sign-in?after=%2Fui%2Fme%3Fa%3Db")
    assert "Sign in with 127.0.0.1" in text
    assert "/auth/login?after=%2Fui%2Fme%3Fa%3Db" in text


def test_signing_out_leads_to_the_provider_too(person, provider):
    come_back(person, provider, leave(person))
    person.see("/ui/me")
    answer = person.send("/auth/sign-out")
    assert answer.status_code == 200
    place = answer.headers["refresh"].removeprefix("0; url=")
    assert place.startswith(f"{provider.url}/leave?")
    assert dict(parse_qsl(urlsplit(place).query)) == {
        "client_id": "pages",
        "post_logout_redirect_uri": "http://127.0.0.1:8321/auth/sign-in",
    }
    person.see("/ui/me", 303)


def test_who_came_by_a_link_is_not_led_to_the_provider(person):
    person.sign_in().see("/ui/me")
    assert person.send("/auth/sign-out").headers["location"] == "/auth/sign-in"


def test_a_provider_that_is_away_is_told_and_signs_nobody_in(server, provider, monkeypatch):
    flow = server.service.sign_in.issuer
    monkeypatch.setattr(flow, "_fetched", -float("inf"))
    monkeypatch.setattr(provider, "document", {"issuer": "https://evil.example"})
    person = Person(server)
    assert "another issuer" in person.see("/auth/login", 503)
    monkeypatch.setattr(flow, "_fetched", -float("inf"))


def test_without_a_client_nobody_is_led_to_a_provider(serving, provider):
    server = serving(f'[oidc]\nissuer = "{provider.url}"\naudience = "daypass"\n')
    person = Person(server)
    person.see("/auth/login", 404)
    person.see("/auth/callback", 404)
    assert "daypass serve sign-in" in person.see("/auth/sign-in")


def test_a_session_by_a_provider_that_is_configured_no_more_is_none(serving):
    person = Person(serving()).sign_in("alice", scopes=None)
    person.see("/ui/me", 303)


def test_a_secret_without_a_client_is_refused_and_no_settings_show_one(configure, provider):
    configure(OIDC.format(issuer=provider.url))
    assert "made up" not in repr(settings.load())
    configure(OIDC.format(issuer=provider.url).replace('client_id = "pages"', ""))
    with pytest.raises(ConfigError, match="client_secret"):
        settings.load()


def test_of_many_who_are_on_the_way_the_first_give_way(person, server, provider, monkeypatch):
    monkeypatch.setattr(code_flow, "_MOST", 2)
    others = [Person(server) for _ in range(2)]
    first, *rest = [(one, leave_later(one, server)) for one in (person, *others)]
    refused(first[0], come_back(first[0], provider, first[1], sub="alice"))
    for one, asked in rest:
        assert come_back(one, provider, asked, sub="alice").status_code == 303


def leave_later(person, server):
    server.clock.now += 1
    return leave(person)
