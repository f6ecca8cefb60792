"""The signer where nothing is installed but it, core and what they declare; a service is not there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

import daypass
from daypass.errors import (
    CredentialsError,
    InvalidRequestError,
    ObjectNotFoundError,
    PolicyError,
    StoreError,
    UnsupportedOptionError,
)
from daypass_links import Client
from tests.plugins.links.values import KEY, LINK, TOKEN
from tests.servers.canned import canned

pytestmark = pytest.mark.isolated


@pytest.fixture
def answering():
    """Return a function that makes a client of a service with one answer."""
    with ExitStack() as running:

        def answer(body, status=200, kind="application/json", **headers):
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            server = canned({"Content-Type": kind, **headers}, text, status)
            return Client(running.enter_context(server), key=KEY)

        yield answer


def test_a_link_is_read_and_its_url_is_not_shown(answering):
    link = answering(LINK).show("lnk_1")
    assert link.url.endswith(TOKEN)
    assert link.permits == {"GET", "HEAD"}
    assert TOKEN not in repr(link)
    assert TOKEN not in json.dumps(link.to_dict())
    assert link.to_dict(reveal=True) == LINK


@pytest.mark.parametrize(
    ("answer", "missing"),
    [
        ({**LINK, "uses": "many"}, "a Link that is whole"),
        ({**LINK, "permits": "GET"}, "a Link that is whole"),
        ({**LINK, "expires_at": "soon"}, "a Link that is whole"),
        ({**LINK, "headers": {"a": 1}}, "a Link that is whole"),
        ({name: LINK[name] for name in LINK if name != "state"}, "a Link that is whole"),
        ([LINK], "an object"),
        (None, "an object"),
    ],
)
def test_an_answer_that_is_no_link_is_an_error(answering, answer, missing):
    with pytest.raises(StoreError, match=f"without {missing}") as raised:
        answering(answer).show("lnk_1")
    assert TOKEN not in str(raised.value)


def test_an_answer_may_say_more_than_is_known(answering):
    assert answering({**LINK, "colour": "red"}).show("lnk_1").link_id == "lnk_1"


@pytest.mark.parametrize(
    ("status", "problem", "kind"),
    [
        (403, {"code": "refused-by-policy", "detail": "no rule allows it"}, PolicyError),
        (
            422,
            {"code": "unsupported-option", "detail": "no", "option": "acl"},
            UnsupportedOptionError,
        ),
        (400, {"code": "invalid-request", "detail": "wrong"}, InvalidRequestError),
        (401, {"title": "Unauthorized", "detail": "unknown key"}, CredentialsError),
        (404, {"title": "Not Found", "detail": "no such link"}, ObjectNotFoundError),
        (503, {"title": "Service Unavailable", "detail": "no database"}, StoreError),
        (500, {"code": "never-heard-of", "detail": "odd"}, StoreError),
    ],
)
def test_a_problem_becomes_the_error_that_it_names(answering, status, problem, kind):
    with pytest.raises(kind, match=problem["detail"]) as raised:
        answering(problem, status, "application/problem+json").show("lnk_1")
    assert type(raised.value) is kind
    if "option" in problem:
        assert raised.value.option == problem["option"]


def test_a_page_of_something_else_is_no_link_service(answering):
    with pytest.raises(StoreError, match="check the address"):
        answering(b"<html>log in</html>", 403, "text/html").show("lnk_1")
    with pytest.raises(StoreError, match="is it a links service"):
        answering(b"<html>welcome</html>", 200, "text/html").show("lnk_1")


def test_the_key_follows_no_redirect(answering):
    with canned({}, json.dumps(LINK).encode()) as elsewhere, pytest.raises(StoreError, match="307"):
        answering(b"", 307, Location=elsewhere).show("lnk_1")


def test_a_service_that_nobody_runs_is_said_to_be_unreachable():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and nobody listens
        client = Client(f"http://127.0.0.1:{bound.getsockname()[1]}", key=KEY)
        with pytest.raises(StoreError, match="cannot be reached: the connection was refused") as r:
            client.show("lnk_1")
    assert KEY not in repr(r.value)


def test_pages_are_walked(answering):
    assert [one.link_id for one in answering({"items": [LINK], "next": None}).all()] == ["lnk_1"]
    with pytest.raises(StoreError, match="a list of items"):
        answering({"links": []}).list()


@pytest.mark.parametrize("which", [{}, {"owner": "a", "label": "b"}, {"all": False}])
def test_what_is_revoked_is_said_in_one_way(answering, which):
    with pytest.raises(InvalidRequestError, match="in one way"):
        answering({"revoked": 3}).revoke(**which)


def test_without_an_address_or_a_key_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("DAYPASS_LINKS_URL", raising=False)
    monkeypatch.delenv("DAYPASS_LINKS_KEY", raising=False)
    with pytest.raises(InvalidRequestError, match="DAYPASS_LINKS_URL"):
        Client(key=KEY)
    with pytest.raises(CredentialsError, match="DAYPASS_LINKS_KEY"):
        Client("https://links.example")
    with pytest.raises(InvalidRequestError, match="key must be text of the form") as raised:
        Client("https://links.example", key="AKIDSECRET")
    assert "AKIDSECRET" not in str(raised.value)


def test_the_environment_says_what_options_do_not(monkeypatch, answering):
    client = answering(LINK)
    monkeypatch.setenv("DAYPASS_LINKS_URL", repr(client)[8:-2])
    monkeypatch.setenv("DAYPASS_LINKS_KEY", KEY)
    assert Client().show("lnk_1").link_id == "lnk_1"


def test_a_link_is_explained_as_what_it_is():
    said = daypass.explain(f"https://links.example/l/{TOKEN}?X-Amz-Signature=0")
    assert said.backend == "links"
    assert "the service alone knows" in " ".join(map(str, said.findings))


def test_the_signer_needs_nothing_of_the_service():
    script = (
        "import sys, daypass_links, daypass_links.client, daypass_links.signer, daypass_links.explain;"
        "print([name for name in ('litestar', 'sqlalchemy', 'msgspec', 'granian', 'alembic', 'fsspec') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert found == "[]\n"
