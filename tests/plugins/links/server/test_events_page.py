"""The page on events names what there is, and its program finds what was changed."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import daypass_links.server
from daypass_links.server.events.finding import KINDS
from daypass_links.server.languages.words import WORDS

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "links-events.md").read_text()
SOURCES = Path(daypass_links.server.__file__).parent.rglob("*.py")
_WRITTEN = re.compile(r'(?:\.note|\.durable|\._text)\(\s*"(\w+)"(?: if [^,]+ else "(\w+)")?')
#: What becomes of a request for a link, which no call names as it stands.
OF_REQUESTS = {"use", "head", "refuse", "hold", "fail"}


def test_every_kind_is_described_and_no_other():
    named = [kinds for path in SOURCES for kinds in _WRITTEN.findall(path.read_text())]
    written = {kind for kinds in named for kind in kinds if kind}
    described = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert set(described) - OF_REQUESTS == written - OF_REQUESTS
    assert set(described) >= OF_REQUESTS


def test_every_kind_that_is_described_can_be_looked_for_in_every_language():
    described = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert {*KINDS} == {*described}
    for words in WORDS.values():
        named = {name for name in words.texts if name.startswith("kind.")}
        assert named == {f"kind.{kind}" for kind in KINDS}


@pytest.fixture
def witnessed(server, tmp_path):
    """The events of a service that has made a link, led somewhere, refused, and ended."""
    link = server.link(max_uses=1)
    assert server.use(link).status_code == 307
    assert server.use(link, peer="203.0.113.10").status_code == 410
    server.ask("DELETE", f"/v1/links/{link['link_id']}")
    server.service.close()
    return tmp_path / "events.db"


def verify(database):
    program = re.search(r"```py\n(.*?)```", PAGE, re.DOTALL)[1]
    return subprocess.run(
        [sys.executable, "-c", program, str(database), str(database.with_name("server.key"))],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_verifies_what_a_service_has_written(witnessed):
    done = verify(witnessed)
    assert done.returncode == 0, done.stderr
    events, head = done.stdout.split()
    assert int(events) == 6  # opened, mint, use, refuse, revoke, closed
    assert re.fullmatch("(?!0{64})[0-9a-f]{64}", head)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE event_block SET lines = CAST(replace(CAST(lines AS TEXT), '203.0', '192.0') AS BLOB)",
            "was changed",
        ),
        ("DELETE FROM event_block WHERE CAST(lines AS TEXT) LIKE '%\"use\"%'", "AssertionError"),
        ("DELETE FROM event_block WHERE CAST(lines AS TEXT) LIKE '%\"closed\"%'", "saw another"),
        ("DELETE FROM event_block", "saw another"),
        ("UPDATE checkpoint SET body = replace(body, 'root', 'toor')", "InvalidSignature"),
        ("UPDATE checkpoint SET n = 2", "checkpoint 2"),
    ],
)
def test_the_program_finds_what_was_changed(witnessed, statement, said):
    with sqlite3.connect(witnessed) as database:
        database.execute(statement)
    database.close()
    done = verify(witnessed)
    assert done.returncode == 1
    assert said in done.stderr


def test_each_event_has_the_fields_that_are_described(server):
    grant = server.link("daypass://maps/x/", prefix=True)
    server.use(grant, "a")
    server.use(grant, "a", method="HEAD")
    server.service.events.durable("seen").result()
    answer = server.ask("GET", f"/v1/links/{grant['link_id']}/events").json()
    described = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*?) ?\|$", PAGE, re.MULTILINE))
    for one in answer["items"]:
        fields = set(re.findall(r"`(\w+)`", described[one["kind"]]))
        assert set(one) == fields | {"time", "kind", "link_id", "principal"}
