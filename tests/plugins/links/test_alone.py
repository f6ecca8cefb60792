"""The signer where nothing is installed but it, core and what they declare; a service is not there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256

import pytest

import daypass
from daypass.errors import (
    CredentialsError,
    DeadlineError,
    InvalidRequestError,
    ObjectNotFoundError,
    PolicyError,
    StoreError,
    UnsupportedOptionError,
)
from daypass.toolkit.deadlines import Deadline
from daypass_links import Client, client
from daypass_links.exchange import ask
from daypass_links.options import Service
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
        ({**LINK, "referrers": "example.org"}, "a Link that is whole"),
        ({name: LINK[name] for name in LINK if name != "state"}, "a Link that is whole"),
        ([LINK], "an object"),
        (None, "an object"),
    ],
)
def test_an_answer_that_is_no_link_is_an_error(answering, answer, missing):
    with pytest.raises(StoreError, match=f"without {missing}") as raised:
        answering(answer).show("lnk_1")
    assert TOKEN not in str(raised.value)


PART = {
    "number": 1,
    "url": "https://results.s3.amazonaws.com/a.bin?X-Amz-Signature=abc",
    "method": "PUT",
    "headers": {},
    "expires_at": "2099-01-01T00:00:00Z",
    "expires_because": "requested",
    "permits": ["PUT"],
    "unenforced": [],
    "path": "s3://results/a.bin",
    "backend": "s3",
}


def test_the_links_of_parts_are_read_by_their_numbers(answering):
    found = answering({"parts": [PART]}).sign_parts("upl_1", [1])
    assert (found[1].url, found[1].http_method) == (PART["url"], "PUT")
    for wrong in ({"parts": [{**PART, "url": 3}]}, {"parts": 3}, {}):
        with pytest.raises(StoreError, match="is it a links service"):
            answering(wrong).sign_parts("upl_1", [1])


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


@pytest.mark.parametrize(
    "given", [TOKEN, f"/l/{TOKEN}", f"https://links.example/{TOKEN}", "", None]
)
def test_what_is_neither_a_link_s_id_nor_its_url_is_sent_nowhere(given):
    client = Client("http://127.0.0.1:9", key=KEY)
    for refused in (
        lambda: client.show(given),
        lambda: client.extend(given, "1d"),
        lambda: client.events(given),
        *([] if given is None else [lambda: client.revoke(given)]),
    ):
        with pytest.raises(InvalidRequestError, match=r"by its ID, lnk_.*daypass links") as raised:
            refused()
        assert TOKEN not in str(raised.value)
    if given is not None:
        with pytest.raises(InvalidRequestError, match=r"ID, lnk_.*daypass links suspensions"):
            client.lift(given)


@pytest.mark.parametrize("below", ["", "/", "/a/l/b", f"/l/{'k' * 22}", "?as=json", "#a"])
def test_of_a_url_a_digest_is_sent_and_no_token(monkeypatch, below):
    sent = []
    monkeypatch.setattr(client, "ask", lambda *asked, seconds: sent.append(asked) or LINK)
    asked = Client("https://links.example", key=KEY)
    asked.show(LINK["url"] + below)
    assert asked.revoke(f"http://127.0.0.1/below/l/{TOKEN}{below}") == 1
    asked.extend(f"https://links.example/p/{TOKEN}{below}", 60)  # the address of its page
    path = f"/v1/links/sha256:{sha256(TOKEN.encode()).hexdigest()}"
    places = [("GET", path), ("DELETE", path), ("POST", f"{path}/extend")]
    assert [(method, place) for _, method, place, *_ in sent] == places


def test_what_is_suspended_is_read(answering):
    one = {"link_id": "lnk_1", "owner": None, "what": "uses", "since": "2026-11-30T10:00:00Z"}
    (found,) = answering({"items": [one], "next": None}).suspensions()
    assert (found.link_id, found.owner, found.what) == ("lnk_1", None, "uses")
    assert found.since == datetime(2026, 11, 30, 10, tzinfo=UTC)


def test_a_key_that_the_service_does_not_know_is_named_by_where_it_is_set(answering):
    problem = {"title": "Unauthorized", "detail": "this is no API key"}
    with pytest.raises(CredentialsError, match="DAYPASS_LINKS_KEY"):
        answering(problem, 401, "application/problem+json").show("lnk_1")


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


def test_the_check_of_a_link_says_that_it_has_no_signature_and_whom_to_ask():
    said = daypass.verify(f"https://links.example/l/{TOKEN}")
    (why,) = [one.message for one in said.findings if one.code == "unchecked"]
    assert "a link of a service has none" in why
    assert "daypass head URL" in why
    verdict = "the URL says nothing of it: the service that it leads to decides at each use"
    assert (said.ok, said.rows()["verdict"]) == (None, [verdict])


def test_the_signer_needs_nothing_of_the_service():
    script = (
        "import sys, daypass_links, daypass_links.client, daypass_links.signer, daypass_links.explain;"
        "print([name for name in ('litestar', 'sqlalchemy', 'msgspec', 'granian', 'alembic', 'fsspec') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert found == "[]\n"


def test_a_socket_that_sees_first_that_time_is_over_says_so_too(monkeypatch):
    """Whichever of the two is the quicker, it is the deadline that has passed."""
    monkeypatch.setattr(Deadline, "run", lambda _, ask, __: ask())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = Service(address=f"http://127.0.0.1:{silent.getsockname()[1]}", key=KEY)
        with pytest.raises(DeadlineError):
            ask(service, "GET", "/v1/links", seconds=0.1)
