"""``daypass link`` and ``daypass links``, as they are typed; what a service makes of it, others test."""

from __future__ import annotations

import json

import pytest

from daypass.cli.run import run
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


def test_a_link_is_shown_without_its_url(capsys):
    assert run(["link", "show", "lnk_1"]) == 0
    out = capsys.readouterr().out
    assert "uses: 0 of 1" in out
    assert TOKEN not in out


def test_links_are_listed_a_line_for_each(capsys):
    assert run(["links", "--state", "alive"]) == 0
    out = capsys.readouterr().out
    assert out == "lnk_1\ts3://results/a.csv\talive\t2099-01-01T00:00:00Z\t0/1\talice\t\n"


def test_links_are_revoked_together(capsys):
    assert run(["link", "revoke", "--label", "report"]) == 0
    assert capsys.readouterr().out == "revoked: 2\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument 'PATH'"),
        (["--bogus", "s3://a/b"], "No such option '--bogus'"),
        (["revoke"], "say which links to revoke"),
        (["extend", "lnk_1"], "--expires-in"),
        (["s3://a/b", "--method", "LIST", "--delimiter", "/"], "No such option '--delimiter'"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(capsys, words, said):
    assert run(["link", *words]) == 2
    assert said in capsys.readouterr().err


def test_the_help_has_the_options_of_a_link_and_the_other_commands(capsys):
    assert run(["link", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--expires-in" in out
    assert "revoke" in out
