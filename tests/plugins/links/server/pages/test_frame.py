"""What all pages have in common: the policy they are under, their languages, and what is shown where there is none."""

from __future__ import annotations

import inspect
import re
import string

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from daypass_links.server import moments
from daypass_links.server.languages.words import WORDS
from daypass_links.server.logs import log_as_json
from daypass_links.server.notices import texts
from daypass_links.server.pages import rendering
from daypass_links.server.principals import sessions
from tests.plugins.links.server.pages.conftest import Person

PAGES = ["/auth/sign-in", "/auth/once/none", "/ui/me", "/ui/nothing"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_lets_nothing_run_that_is_not_ours(person, path):
    if path.startswith("/ui"):
        person.sign_in()
    answer = person.ask("GET", path)
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<style|<script(?![^>]* src=\"/ui/static/)| style=| on\w+=", answer.text)


def test_the_files_of_the_pages_may_be_kept_since_their_address_tells_their_version(person):
    text = person.see("/auth/sign-in")
    for path, kind in (
        (re.search(r'icon" href="(/ui/static/[^"]+)"', text)[1], "image/svg+xml"),
        (re.search(r'stylesheet" href="(/ui/static/[^"]+)"', text)[1], "text/css"),
        (re.search(r'src="(/ui/static/[^"]+)"', text)[1], "text/javascript"),
    ):
        answer = person.ask("GET", path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    person.see("/ui/static/x/none.css", 404)
    person.see("/ui/static/x/..%2Flanguage.py", 404)


def test_all_languages_say_the_same_texts_and_fill_in_the_same_values():
    def holes(words):
        return {
            name: {field for _, field, _, _ in string.Formatter().parse(text) if field}
            for name, text in words.texts.items()
        }

    first, *others = WORDS.values()
    assert others
    for words in others:
        assert holes(words) == holes(first)
        assert not [name for name, text in words.texts.items() if not text]


def test_every_text_is_said_somewhere():
    templates = rendering._TEMPLATES
    names = templates.list_templates()
    text = "".join(templates.loader.get_source(templates, name)[0] for name in names)
    text += "".join(inspect.getsource(module) for module in (moments, texts))
    said = {
        name
        for name in re.findall(r'"(\w+\.\w+)"', text)
        if not name.endswith((".html", ".css", ".js"))
    }
    # A script says the words of its own section, by their second half; of states it puts the name together.
    script = rendering.FILES["upload.js"].decode()
    names = {name.partition(".")[2] for name in WORDS["en"].texts if name.startswith("upload.")}
    told = {name for name in names if re.search(rf'["\s]{name}["(:]', script)}
    assert names == told | {name for name in names if name.startswith("state_")}
    states = set(re.findall(r'this\.to\("(\w+)"|state = "(\w+)"', script))
    assert {f"state_{one or other}" for one, other in states} <= names
    said |= {f"upload.{name}" for name in names}
    # What a state, an event or a right is called, say, is put together where it is said.
    begun = tuple(re.findall(r'["\'](\w+\.\w*)["\'] [~+]|, "(\w+\.\w*_)"\)', text))
    begun = tuple(one for pair in begun for one in pair if one)
    assert {name for name in WORDS["en"].texts if not name.startswith(begun)} == {
        name for name in said if not name.startswith(begun)
    }


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, fr", "de"),
        ("en;q=0.4, de;q=0.9", "de"),
        ("fr, *;q=0.1", "en"),
        ("de;q=0", "en"),
        ("de;q=x, ;;,", "en"),
        ("DE", "de"),
    ],
)
def test_a_page_is_in_the_language_that_its_reader_knows_best(server, accepted, language):
    person = Person(server, language=accepted)
    text = person.see("/auth/sign-in")
    assert f'<html lang="{language}">' in text
    assert person.answer.headers["content-language"] == language
    assert "accept-language" in person.answer.headers["vary"]


def test_moments_are_told_in_utc_and_to_programs(person):
    person.sign_in()
    assert re.search(
        r'<time datetime="20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ">20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC</time>',
        person.see("/ui/me"),
    )


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_a_name_that_is_html_is_shown_and_not_run(person, name):
    person.sign_in(name, groups=[name])
    assert person.ask("GET", "/ui/me").text.count(name) == 0
    assert name in person.see("/ui/me")


def test_what_is_not_there_is_a_page(person):
    assert "There is nothing here" in person.see("/ui/none", 404)
    assert "There is nothing here" in person.see("/auth/none", 404)
    assert person.ask("GET", "/").headers["location"] == "/ui/links"
    assert person.ask("DELETE", "/ui/me").status_code == 405


@pytest.mark.parametrize("path", ["/p", "/p/", "/l"])
def test_a_link_whose_token_was_cut_off_is_told_so(person, path):
    answer = person.ask("GET", path, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "Its address may have been cut off on the way" in answer.text
    assert person.ask("GET", path).json()["code"] == "not-found"


def test_a_browser_that_asks_for_what_is_not_there_is_shown_a_page(person):
    answer = person.ask("GET", "/none", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_a_database_that_fails_is_a_page_without_its_words(person, monkeypatch):
    def fail(*_):
        statement = "SELECT secret"
        raise OperationalError(statement, {}, Exception("made-up"))

    person.sign_in()
    monkeypatch.setattr(sessions, "find", fail)
    text = person.see("/ui/me", 503)
    assert "The service failed" in text
    assert "SELECT" not in text
    assert "made-up" not in text


def test_a_page_that_fails_is_a_page_and_a_line_in_the_log_without_codes(
    person, monkeypatch, capsys
):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("daypass_links.server.principals.codes.is_good", fail)
    log_as_json()
    assert "The service failed" in person.see("/auth/once/secret-code", 500)
    structlog.reset_defaults()
    said = capsys.readouterr()
    assert "ZeroDivisionError" in said.err
    assert "secret-code" not in said.err + said.out
