"""People sign in by a link that is good once, have a session, and end it."""

from __future__ import annotations

import time
from threading import Barrier, Thread

import pytest

from daypass import config
from daypass.cli.run import run
from daypass_links.server.pages.visitors import csrf_of
from daypass_links.server.principals import codes, sessions
from tests.plugins.links.server.pages.conftest import Person
from tests.plugins.links.written import events_in

START = "/ui/links"


def told(server):
    """Return what the events say of people who signed in."""
    server.service.events.durable("seen").result()
    return [one for one in events_in(server.service.databases.events) if one["kind"] == "login"]


def test_a_sign_in_link_shows_a_button_and_the_button_signs_in(person, server):
    code = person.code()
    assert "Sign in" in person.see(f"/auth/once/{code}")
    answer = person.send(f"/auth/once/{code}")
    assert (answer.status_code, answer.headers["location"]) == (303, START)
    assert "admin" in person.see("/ui/me")
    event = told(server)[-1]
    assert (event["principal"], event["by"]) == ("admin", "code")


def test_looking_at_a_sign_in_link_as_a_preview_does_uses_nothing_up(person):
    code = person.code()
    for _ in range(3):
        person.see(f"/auth/once/{code}")
        assert person.ask("HEAD", f"/auth/once/{code}").status_code in (200, 405)
    assert person.see(START, 303) == ""
    person.see(f"/auth/once/{code}")
    assert person.send(f"/auth/once/{code}").status_code == 303


def test_a_sign_in_link_is_good_once(person, server):
    code = person.code()
    other = Person(server)
    other.see(f"/auth/once/{code}")
    person.see(f"/auth/once/{code}")
    assert person.send(f"/auth/once/{code}").status_code == 303
    assert other.send(f"/auth/once/{code}").status_code == 404
    other.see(START, 303)
    assert "no longer" in other.see(f"/auth/once/{code}", 404)


def test_who_goes_back_to_a_sign_in_link_is_signed_in_still(person):
    code = person.code()
    person.see(f"/auth/once/{code}")
    assert person.send(f"/auth/once/{code}").status_code == 303
    session = person.cookies["daypass-session"]
    assert person.ask("GET", f"/auth/once/{code}").headers["location"] == START
    assert person.cookies["daypass-session"] == session


def test_of_many_who_use_a_sign_in_link_at_once_one_signs_in(person, server):
    code, winners, ready = person.code(), [], Barrier(8)

    def take():
        ready.wait()
        with server.service.databases.main.begin() as connection:
            winners.append(codes.take(connection, code, server.clock()))

    threads = [Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, winners)) == ["None"] * 7 + ["admin"]


def test_a_sign_in_link_is_good_for_fifteen_minutes(person, server):
    code = person.code()
    server.clock.now += 899
    person.see(f"/auth/once/{code}")
    server.clock.now += 1
    assert person.send(f"/auth/once/{code}").status_code == 404
    person.see(f"/auth/once/{code}", 404)


def test_the_databases_hold_neither_the_code_nor_what_the_cookie_holds(serving, tmp_path):
    server = serving()
    person = Person(server)
    code = person.code()
    person.see(f"/auth/once/{code}")
    before = person.cookies["daypass-before"]
    person.send(f"/auth/once/{code}")
    secrets = [code, before, person.cookies["daypass-session"]]
    server.service.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("*.db*"))
    assert not [secret for secret in secrets if secret.encode() in kept]


def test_signing_in_begins_a_session_that_nobody_knew_before(person, server):
    person.cookies.set("daypass-session", "planted-by-somebody-else", domain="links.example")
    code = person.code()
    person.see(f"/auth/once/{code}")
    person.send(f"/auth/once/{code}")
    first = person.cookies["daypass-session"]
    assert first != "planted-by-somebody-else"
    code = person.code()
    person.see(f"/auth/once/{code}")
    person.send(f"/auth/once/{code}")
    assert person.cookies["daypass-session"] != first
    old = Person(server)
    old.cookies.set("daypass-session", first, domain="links.example")
    old.see(START, 303)


def test_signing_out_ends_the_session_for_whoever_has_its_cookie(person, server):
    person.sign_in()
    copy = Person(server, cookies=person.cookies)
    person.see(START)
    copy.see(START)
    assert person.send("/auth/sign-out").headers["location"] == "/auth/sign-in"
    assert "daypass-session" not in person.cookies
    copy.see(START, 303)


def test_a_session_ends_after_twelve_hours(person, server):
    person.sign_in()
    server.clock.now += 12 * 3600 - 1
    person.see(START)
    server.clock.now += 1
    person.see(START, 303)


@pytest.mark.parametrize("csrf", ["", "x", "A" * 43])
def test_a_form_that_another_site_sends_does_nothing(person, csrf):
    code = person.code()
    person.see(f"/auth/once/{code}")
    assert person.send(f"/auth/once/{code}", csrf=csrf).status_code == 403
    person.see(START, 303)
    person.sign_in().see(START)
    assert person.send("/auth/sign-out", csrf=csrf).status_code == 403
    person.see(START)


def test_a_form_of_another_session_does_nothing(person, server):
    other = Person(server).sign_in("mallory")
    other.see(START)
    person.sign_in().see(START)
    assert person.send("/auth/sign-out", csrf=other.csrf).status_code == 403


def test_whoever_has_not_signed_in_is_led_there_and_back(person):
    assert person.ask("GET", "/ui/me?a=b").headers["location"] == (
        "/auth/sign-in?after=%2Fui%2Fme%3Fa%3Db"
    )
    person.sign_in()
    assert person.ask("GET", "/auth/sign-in?after=%2Fui%2Fme%3Fa%3Db").headers["location"] == (
        "/ui/me?a=b"
    )


@pytest.mark.parametrize(
    "query",
    [
        "text=two+words&state=alive&order=newest",
        "in=s3%3A%2F%2Fresults%2F~ann%2Fa%2Bb%2F",
        "text=it's*(here)!&x=a:b@c,d;e",
    ],
)
def test_whoever_signs_in_is_led_back_to_what_they_have_searched_for(person, query):
    asked = f"/ui/links?{query}"
    place = person.ask("GET", asked).headers["location"]
    assert person.sign_in().ask("GET", place).headers["location"] == asked


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/ui/\\x",
        "/ui/\r\nx: y",
        "javascript:1",
        "/l/x",
        "/ui/#x",
        "",
    ],
)
def test_nobody_is_led_to_another_place_after_signing_in(person, after):
    person.sign_in()
    answer = person.ask("GET", "/auth/sign-in", params={"after": after})
    assert answer.headers["location"] == START


def test_over_https_cookies_are_of_this_host_alone(serving):
    server = serving('[server]\npublic_url = "https://links.example"\n')
    person = Person(server, scheme="https")
    code = person.code()
    person.see(f"/auth/once/{code}")
    answer = person.send(f"/auth/once/{code}")
    said = [line for line in answer.headers.get_list("set-cookie") if "-session=" in line]
    (name, *words) = [part.strip().lower() for part in said[0].split(";")]
    assert name.startswith("__host-daypass-session=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(words)
    assert not [word for word in words if word.startswith("domain")]


def test_over_plain_http_cookies_are_for_no_script_and_no_other_site(person):
    code = person.code()
    person.see(f"/auth/once/{code}")
    answer = person.send(f"/auth/once/{code}")
    for line in answer.headers.get_list("set-cookie"):
        words = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= words
        assert "secure" not in words


def test_an_api_key_opens_no_page_and_a_session_no_api(person, server):
    headers = {"authorization": f"Bearer {server.key}"}
    assert person.ask("GET", START, headers=headers).status_code == 303
    person.sign_in()
    assert person.ask("GET", "/v1/links").status_code == 401
    secret = person.cookies["daypass-session"]
    headers = {"authorization": f"Bearer {secret}"}
    assert person.ask("GET", "/v1/links", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/once/none"])
def test_a_command_of_the_machine_is_told_to_whoever_runs_it_alone(person, path):
    text = person.see(path, status=200 if path.endswith("in") else 404)
    before, _, rest = text.partition("<details>")
    assert "If you run this service" in rest
    assert "daypass serve sign-in" in rest.partition("</details>")[0]
    assert "daypass" not in before[before.index("<h1>") :]


def test_a_guest_is_told_that_a_link_needs_no_signing_in(person):
    text = person.see("/auth/sign-in")
    assert text.index("open it as it came") < text.index("<details>")


def test_the_command_prints_a_link_that_signs_in(person, capsys):
    assert run(["serve", "sign-in"]) == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith("sign in: http://127.0.0.1:8321/auth/once/")
    path = link[link.index("/auth") :]
    # The command's clock is the machine's, which is before the service's.
    person.server.clock.now, now = time.time(), person.server.clock.now
    try:
        person.see(path)
        assert person.send(path).status_code == 303
        person.see(START)
    finally:
        person.server.clock.now = now


def test_the_command_says_what_to_do_where_there_is_no_database(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DAYPASS_SERVER__DATABASE", f"sqlite:///{tmp_path / 'links.db'}")
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("DAYPASS_CONFIG", str(tmp_path / "config.toml"))
    config._loaded.clear()
    assert run(["serve", "sign-in"]) == 2
    assert "run daypass serve" in capsys.readouterr().err
    assert not (tmp_path / "links.db").exists()
    config._loaded.clear()


def test_a_code_signs_nobody_in_who_has_no_cookie_of_ours(person):
    code = person.code()
    assert person.send(f"/auth/once/{code}", csrf=csrf_of("")).status_code == 403
    person.see(f"/auth/once/{code}")
    assert person.send(f"/auth/once/{code}").status_code == 303


def test_a_key_that_is_revoked_ends_what_was_signed_in_to_by_a_code(person, server):
    server.new_key("zoe")
    named = {"principal": "zoe", "scopes": ["links:read"]}
    key = server.ask("POST", "/v1/keys", json=named).json()["key_id"]
    code, left = person.code("zoe"), person.code("zoe")
    person.see(f"/auth/once/{code}")
    assert person.send(f"/auth/once/{code}").status_code == 303
    person.see(START)
    now = int(server.clock())
    with server.service.databases.main.begin() as connection:
        by_provider, _ = sessions.begin(connection, "zoe", scopes=None, now=now)
        others, _ = sessions.begin(connection, "admin", scopes=["admin"], now=now)
    assert server.ask("DELETE", f"/v1/keys/{key}").status_code == 204
    person.see(START, 303)
    person.see(f"/auth/once/{left}", 404)
    with server.service.databases.main.connect() as connection:
        assert all(sessions.find(connection, one, now) for one in (by_provider, others))
