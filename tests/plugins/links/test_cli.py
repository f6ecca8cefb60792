"""``daypass link`` and ``daypass links``, as they are typed; what a service makes of it, others test."""

from __future__ import annotations

import io
import json
import re

import click
import pytest

from daypass.cli.run import run
from daypass_links.answers import link_of
from daypass_links.client import Client
from tests.plugins.links.values import KEY, LINK, TOKEN
from tests.servers.canned import canned

pytestmark = pytest.mark.isolated


@pytest.fixture(autouse=True)
def service(monkeypatch):
    """A service that answers with one link."""
    answer = json.dumps({**LINK, "items": [LINK], "next": None, "revoked": 2}).encode()
    with canned({"Content-Type": "application/json"}, answer) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        monkeypatch.setenv("DAYPASS_LINKS_KEY", KEY)
        yield address


@pytest.mark.parametrize(
    "words",
    [
        ["s3://results/a.csv"],
        ["--label", "report", "s3://results/a.csv"],
        ["s3://results/a.csv", "--expires-in", "30d", "--https-only"],
    ],
)
def test_what_leaves_is_the_bare_url(capsys, words):
    assert run(["link", *words]) == 0
    assert capsys.readouterr().out == f"https://links.example/l/{TOKEN}\n"


def test_an_inbox_is_asked_for_with_what_it_takes(monkeypatch):
    asked = {}

    def create(_, path, **said):
        asked.update({name: value for name, value in said.items() if value})
        return link_of({**LINK, "path": path}, "")

    monkeypatch.setattr(Client, "create", create)
    words = ["--inbox", "--takes", "image/*", "--takes", "application/pdf", "--max-bytes", "2GB"]
    assert run(["link", "s3://team/in/", *words]) == 0
    assert asked == {
        "prefix": True,
        "inbox": True,
        "content_types": ("image/*", "application/pdf"),
        "max_bytes": 2_000_000_000,
    }


def test_what_an_inbox_takes_is_shown(capsys, monkeypatch):
    takes = {"max_bytes": 1000, "content_types": ["image/*"]}
    body = json.dumps({**LINK, "inbox": takes}).encode()
    with canned({"Content-Type": "application/json"}, body) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        assert run(["link", "show", "lnk_1"]) == 0
    out = capsys.readouterr().out
    assert "image/*" in out
    assert "of at most 1000 bytes" in out


def test_a_link_is_shown_without_its_url(capsys):
    assert run(["link", "show", "lnk_1"]) == 0
    out = capsys.readouterr().out
    assert "uses: 0 of 1" in out
    assert "requested" not in out  # who gave no lifetime has requested none
    assert TOKEN not in out


def test_what_a_link_is_bound_to_is_shown(capsys, monkeypatch):
    bound = {
        "ip_range": "192.0.2.0/24",
        "https_only": True,
        "referrers": ["example.org", "*.example.org"],
        "starts_at": "2098-01-01T00:00:00Z",
    }
    body = json.dumps({**LINK, **bound}).encode()
    with canned({"Content-Type": "application/json"}, body) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        assert run(["link", "show", "lnk_1", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert run(["link", "show", "lnk_1"]) == 0
    assert {name: told[name] for name in bound} == bound
    out = capsys.readouterr().out
    assert "from: 192.0.2.0/24" in out
    assert "by: https alone" in out
    assert "*.example.org" in out
    assert "begins: 2098-01-01" in out


def test_links_are_listed_a_line_for_each(capsys):
    assert run(["links", "--state", "alive"]) == 0
    out = capsys.readouterr().out
    assert out == "lnk_1\ts3://results/a.csv\talive\t2099-01-01T00:00:00Z\t0/1\talice\t\n"


def test_links_are_revoked_together(capsys):
    assert run(["link", "revoke", "--label", "report"]) == 0
    assert capsys.readouterr().out == "revoked: 2\n"


def test_a_link_is_revoked_by_its_url(capsys):
    assert run(["link", "revoke", LINK["url"]]) == 0
    assert run(["link", "revoke", LINK["url"].replace("/l/", "/p/")]) == 0
    assert capsys.readouterr().out == "revoked: 1\n" * 2


def test_what_is_suspended_is_listed_a_line_for_each(capsys, monkeypatch):
    link = {"link_id": "lnk_1", "owner": None, "what": "uses", "since": "2026-11-30T10:00:00Z"}
    items = [link, {**link, "link_id": None, "owner": "ann", "what": "mints"}]
    body = json.dumps({"items": items, "next": None}).encode()
    with canned({"Content-Type": "application/json"}, body) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        assert run(["links", "suspensions"]) == run(["links", "suspensions", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    since = "2026-11-30T10:00:00Z"
    assert lines[:2] == [f"lnk_1\t\tuses\t{since}", f"\tann\tmints\t{since}"]
    assert [json.loads(line) for line in lines[2:]] == items


def test_usage_is_listed_a_line_for_each_row(capsys, monkeypatch):
    row = {"day": "2026-11-30", "uses": 3, "last_used_at": "2026-11-30T10:00:00Z"}
    said = {"since": "2026-11-01", "until": "2026-11-30", "uses": 3, "items": [row]}
    with canned({"Content-Type": "application/json"}, json.dumps(said).encode()) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        assert run(["links", "usage", "--by", "day", "--label", "report"]) == 0
        assert run(["links", "usage", "--by", "day", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2026-11-30\t3\t2026-11-30T10:00:00Z"
    assert json.loads(lines[1]) == row


def test_usage_says_a_moment_on_a_terminal_as_ls_does(capsys, monkeypatch):
    row = {"day": "2026-11-30", "uses": 3, "last_used_at": "2026-11-30T10:00:00Z"}
    said = {"since": "2026-11-01", "until": "2026-11-30", "uses": 3, "items": [row]}
    monkeypatch.setattr("daypass_links.commands.links.on_terminal", lambda: True)
    with canned({"Content-Type": "application/json"}, json.dumps(said).encode()) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        assert run(["links", "usage", "--by", "day"]) == 0
        assert "2026-11-30 10:00:00" in capsys.readouterr().out
        assert run(["links", "usage", "--by", "day", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == row


@pytest.mark.parametrize("which", [["lnk_1"], ["--owner", "ann"]])
@pytest.mark.parametrize("lifted", [True, False])
def test_lifting_says_whether_there_was_a_suspension(capsys, monkeypatch, which, lifted):
    body = json.dumps({"lifted": lifted}).encode()
    with canned({"Content-Type": "application/json"}, body) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        assert run(["link", "lift", *which]) == (0 if lifted else 1)
    told = capsys.readouterr()
    assert told.out == ("lifted\n" if lifted else "")
    assert (f"{which[-1]!r} is not suspended" in told.err) is not lifted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument 'PATH'"),
        (["--bogus", "s3://a/b"], "No such option.*--bogus"),
        (
            ["revoke"],
            "say which links to revoke, in one way: LINK, --owner, --prefix, --label or --all",
        ),
        (["revoke", "lnk_1", "--all"], "in one way: LINK, --owner"),
        (["lift"], "say whose suspension to lift, in one way: ID or --owner"),
        (["extend", "lnk_1"], "--expires-in"),
        (["s3://a/b", "--method", "LIST", "--delimiter", "/"], "No such option.*--delimiter"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(capsys, words, said):
    assert run(["link", *words]) == 2
    assert re.search(said, capsys.readouterr().err)  # versions of click put it otherwise


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("DAYPASS_LINKS_URL", "set DAYPASS_LINKS_URL"),
        ("DAYPASS_LINKS_KEY", "set DAYPASS_LINKS_KEY"),
    ],
)
def test_what_is_missing_is_named_as_a_shell_sets_it(capsys, monkeypatch, variable, said):
    monkeypatch.delenv(variable)
    assert run(["links"]) != 0
    err = capsys.readouterr().err
    assert said in err
    assert ("--server" in err) == (variable == "DAYPASS_LINKS_URL")


def test_the_help_has_the_options_of_a_link_and_the_other_commands(capsys):
    assert run(["link", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--expires-in" in out
    assert "revoke" in out


@pytest.fixture
def asked(monkeypatch):
    """What the service is asked for."""
    found = []

    def create(self, path, **options):
        found.append(options)
        return link_of(LINK, "https://links.example")

    monkeypatch.setattr(Client, "create", create)
    return found


class Terminal(io.StringIO):
    """Where somebody types."""

    def isatty(self):
        return True


def test_a_password_comes_by_stdin_and_not_as_an_argument(asked, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\r\nmore\n"))
    assert run(["link", "s3://results/a.csv", "--password-stdin"]) == 0
    assert asked[0]["password"] == "correct horse"


def test_a_password_is_asked_for_without_being_shown(asked, monkeypatch):
    prompts = []

    def prompt(text, **how):
        prompts.append(how)
        return "correct horse"

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(["link", "s3://results/a.csv", "--password"]) == 0
    assert prompts == [{"hide_input": True, "confirmation_prompt": True, "err": True}]
    assert asked[0]["password"] == "correct horse"


@pytest.mark.parametrize("closed", [None, io.StringIO("")])
@pytest.mark.parametrize("words", [["--password"], ["--password-stdin"]])
def test_where_nobody_gives_a_password_no_link_is_made(asked, capsys, monkeypatch, closed, words):
    monkeypatch.setattr("sys.stdin", closed)
    assert run(["link", "s3://results/a.csv", *words]) == 2
    assert "stdin" in capsys.readouterr().err
    assert asked == []


def test_one_way_to_give_a_password_is_enough(capsys):
    assert run(["link", "s3://results/a.csv", "--password", "--password-stdin"]) == 2
    assert "not both" in capsys.readouterr().err


def test_the_address_of_a_page_is_printed_for_people(asked, capsys):
    assert run(["link", "s3://results/a.csv", "--page", "--message", "Hi", "--preview"]) == 0
    assert capsys.readouterr().out == f"https://links.example/p/{TOKEN}\n"
    assert (asked[0]["message"], asked[0]["preview"], asked[0]["password"]) == ("Hi", True, None)


@pytest.mark.parametrize("words", [[], ["--page"]])
def test_the_address_of_a_page_is_always_in_json(capsys, words):
    assert run(["link", "s3://results/a.csv", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out) == {
        **LINK,
        "page": f"https://links.example/p/{TOKEN}",
    }


def test_a_link_that_is_no_inbox_takes_no_types(capsys):
    assert run(["link", "s3://results/a/", "--takes", "image/*"]) == 2
    assert "--takes" in capsys.readouterr().err


def test_what_a_page_shows_is_told_on_the_card(capsys, monkeypatch):
    shown = {"message": "As promised.", "preview": True, "has_password": True}
    body = json.dumps({**LINK, **shown}).encode()
    with canned({"Content-Type": "application/json"}, body) as address:
        monkeypatch.setenv("DAYPASS_LINKS_URL", address)
        assert run(["link", "show", "lnk_1"]) == 0
    out = capsys.readouterr().out
    for words in ("message: As promised.", "asks for: a password", "shows: its beginning"):
        assert words in out
