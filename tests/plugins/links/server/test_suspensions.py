"""What is unusual suspends a link or a caller, where the configuration says so, until an admin lifts it."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

import daypass
from daypass import config
from daypass.cli import exits
from daypass.cli.run import run
from daypass.errors import (
    ConfigError,
    CredentialsError,
    DeadlineError,
    QuotaError,
    RefusedError,
    StoreError,
)
from daypass_links.server import settings, suspensions
from daypass_links.server.alerts import watcher
from daypass_links.server.events.writer import Writer
from daypass_links.server.links import arrivals
from daypass_links.server.moments import told
from daypass_links.wire import error_of

#: A multiple of a minute, before the clock of these tests.
START = 1_796_000_040 - 60
ALERTS = """
[alerts]
window = "1m"
floor = 10
refusals = 5
suspend = ["mints", "uses"]

[[roots]]
profile = "maps"
"""
PATH = "daypass://maps/a.csv"


@pytest.fixture
def server(serving, monkeypatch):
    monkeypatch.setattr(watcher, "_PARTS", 0.01)  # these tests look themselves
    found = serving(ALERTS)
    found.clock.now = START + 62
    return found


def happened(server, kind, *, link=None, principal=None):
    """Write down that something happened often, and look."""
    writer = Writer(server.service.databases.events, clock=lambda: START + 0.5)
    for _ in range(11):
        writer.note(kind, link_id=link and link["link_id"], principal=principal)
    writer.close()
    server.service.alerts.look()
    server.service.events.durable("seen").result()


def suspend(server, kind, name):
    with server.service.databases.main.begin() as connection:
        suspensions.suspend(connection, kind, name, "uses", START)


def test_a_link_is_suspended_and_another_is_not(server):
    ann = server.new_key("ann")
    link, other = (
        server.ask("POST", "/v1/links", json={"path": PATH}, key=ann).json() for _ in "ab"
    )
    assert server.use(link).status_code == 307
    suspend(server, "link", link["link_id"])
    answer = server.use(link)
    assert (answer.status_code, answer.json()["code"]) == (403, "suspended")
    assert "ask who sent it" in answer.json()["detail"]
    assert server.use(other).status_code == 307
    listed = server.ask("GET", "/v1/links").json()["items"]
    assert {one["link_id"]: one["state"] for one in listed} == {
        link["link_id"]: "suspended",
        other["link_id"]: "alive",
    }
    assert len(server.ask("GET", "/v1/links?state=suspended").json()["items"]) == 1


def test_unusual_uses_suspend_a_link_and_whose_it_is_and_that_is_on_record(server):
    link = server.link(PATH)
    happened(server, "use", link=link)
    assert server.use(link).json()["code"] == "suspended"
    assert server.events(link)[-3:] == ["suspend", "alert", "hold"]
    items = server.ask("GET", "/v1/suspensions").json()["items"]
    told = [(one["link_id"], one["owner"], one["what"]) for one in items]
    assert told == [(None, "admin", "uses"), (link["link_id"], None, "uses")]
    happened_again = server.service.alerts._suspend
    assert not happened_again(watcher.Subject("uses", link_id=link["link_id"]))


def test_what_is_not_named_suspends_nothing(server):
    link = server.link(PATH)
    happened(server, "refuse", link=link)
    assert server.use(link).status_code == 307
    assert server.ask("GET", "/v1/suspensions").json()["items"] == []


def test_a_caller_who_is_suspended_makes_signs_and_extends_nothing(server):
    ann = server.new_key("ann")
    made = server.ask("POST", "/v1/links", json={"path": PATH}, key=ann).json()
    happened(server, "mint", principal="ann")
    address = f"/v1/links/{made['link_id']}"
    for path, body in (
        ("/v1/links", {"path": PATH}),
        ("/v1/sign", {"path": PATH}),
        ("/v1/forms", {"path": PATH}),
        (f"{address}/extend", {"expires_in": "1d"}),
    ):
        answer = server.ask("POST", path, json=body, key=ann)
        assert (answer.status_code, answer.json()["code"]) == (403, "suspended"), path
        said = f"you are suspended since {told(int(server.clock.now))} for unusually many mints"
        assert said in answer.json()["detail"]
        # As other refusals, of which commands end with 3.
        refused = error_of(answer.json(), "https://links.example.org")
        assert isinstance(refused, RefusedError)
        assert exits.code_of(refused) == 3
    assert server.use(made).json()["code"] == "suspended"
    assert server.link(PATH)["state"] == "alive"
    assert server.ask("GET", address, key=ann).json()["state"] == "suspended"
    assert server.ask("DELETE", address, key=ann).json()["state"] == "revoked"


@pytest.mark.parametrize("kind", ["link", "caller"])
def test_an_admin_lifts_it(server, kind):
    link, admin = server.link(PATH), server.new_key("eve", scopes=["admin"])
    name = link["link_id"] if kind == "link" else "admin"
    suspend(server, kind, name)
    assert server.use(link).status_code == 403
    which = {"link_id": name} if kind == "link" else {"owner": name}
    bob = server.new_key("bob", groups=()) if kind == "link" else server.key
    lift = lambda key=admin: server.ask("POST", "/v1/lift", json=which, key=key)  # noqa: E731 - said thrice
    assert lift(bob).status_code == 403
    assert lift().json() == {"lifted": True}
    assert lift().json() == {"lifted": False}
    assert server.use(link).status_code == 307
    assert server.ask("GET", "/v1/suspensions").json()["items"] == []
    if kind == "link":
        assert server.events(link) == ["mint", "hold", "lift", "use"]


@pytest.mark.parametrize("which", [{}, {"link_id": "lnk_1", "owner": "ann"}, {"all": True}])
def test_lifting_names_one_of_them(server, which):
    assert server.ask("POST", "/v1/lift", json=which).status_code == 400


def test_another_process_learns_of_it(server, serving):
    other = serving(ALERTS)
    link, eve = server.link(PATH), server.new_key("eve", scopes=["admin"])
    assert other.use(link).status_code == 307
    suspend(server, "caller", "admin")
    assert other.use(link).status_code == 403
    assert other.ask("POST", "/v1/links", json={"path": PATH}).status_code == 403
    server.ask("POST", "/v1/lift", json={"owner": "admin"}, key=eve)
    assert other.use(link).status_code == 307


@pytest.mark.parametrize("text", ["suspend = true", 'suspend = ["use"]'])
def test_what_suspends_is_a_list_of_words(configure, text):
    configure(f"[alerts]\n{text}\n")
    with pytest.raises(ConfigError, match="suspend"):
        settings.load()


@pytest.mark.parametrize("error", [CredentialsError("x"), StoreError("x"), DeadlineError("x")])
def test_an_outage_is_no_refusal_and_suspends_nobody(serving, monkeypatch, error):
    monkeypatch.setattr(watcher, "_PARTS", 0.01)
    server = serving(ALERTS.replace('"uses"', '"refusals"'))
    link = server.link(PATH)

    def away(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(daypass.Store, "create_signed_url", away)
        server.clock.now = START + 0.5
        assert {server.use(link).status_code for _ in range(6)} == {error.http_status}
    assert sorted(server.events(link)) == [*["fail"] * 6, "mint"]
    server.clock.now = START + 62
    assert server.service.alerts.look() == []
    assert server.use(link).status_code == 307


def test_what_is_suspended_or_over_a_quota_is_held_back_and_brings_nobody_down(server):
    link = server.link(PATH)
    suspend(server, "link", link["link_id"])
    server.clock.now = START + 0.5
    assert {server.use(link).status_code for _ in range(6)} == {403}
    page = f"/p/{link['url'].rpartition('/')[2]}"
    assert {server.ask("GET", page).status_code for _ in range(6)} == {403}
    assert sorted(server.events(link)) == [*["hold"] * 12, "mint"]
    server.clock.now = START + 62
    assert server.service.alerts.look() == []
    assert arrivals.kind_of(QuotaError("too many")) == "hold"


def test_a_database_that_is_locked_keeps_nobody_from_being_told_and_suspended_later(
    server, monkeypatch
):
    link, asked = server.link(PATH), []

    def locked(*said):
        asked.append(said)
        msg = "INSERT"
        raise OperationalError(msg, {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(watcher, "suspend", locked)
        happened(server, "use", link=link)
    assert len(asked) == 2
    assert server.use(link).status_code == 307
    assert server.events(link)[-2:] == ["alert", "use"]
    assert server.service.alerts.look() == []
    assert server.use(link).json()["code"] == "suspended"
    assert server.events(link)[-2:] == ["suspend", "hold"]


def test_a_window_that_could_not_be_counted_is_counted_at_the_next_look(server, monkeypatch):
    link = server.link(PATH)

    def locked(*_):
        msg = "SELECT"
        raise OperationalError(msg, {}, Exception("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(watcher, "unusual", locked)
        with pytest.raises(OperationalError):
            happened(server, "use", link=link)
    assert len(server.service.alerts.look()) == 2
    assert server.use(link).json()["code"] == "suspended"


def test_an_admin_who_is_suspended_lifts_nothing_and_makes_no_key(server):
    suspend(server, "caller", "admin")
    for path, body in (
        ("/v1/lift", {"owner": "admin"}),
        ("/v1/keys", {"principal": "other", "scopes": ["admin"]}),
    ):
        answer = server.ask("POST", path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "suspended"), path


def test_whoever_runs_the_service_lifts_it_on_its_machine(server, monkeypatch, capsys):
    link = server.link(PATH)
    url = server.service.databases.main.url
    monkeypatch.setenv("DAYPASS_SERVER__DATABASE", f"sqlite:///{url.database}")
    config._loaded.clear()
    suspend(server, "caller", "admin")
    suspend(server, "link", link["link_id"])
    assert server.use(link).status_code == 403
    assert run(["serve", "lift"]) == 2
    assert "say whose suspension to lift" in capsys.readouterr().err
    for which in (["--owner", "admin"], [link["link_id"]]):
        assert run(["serve", "lift", *which]) == 0
        assert capsys.readouterr().out == "lifted\n"
        assert run(["serve", "lift", *which]) == 1
        assert f"'{which[-1]}' is not suspended" in capsys.readouterr().err
    assert server.use(link).status_code == 307
    assert "lift" in server.events(link)


def test_nothing_is_lifted_where_there_is_no_database(configure, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DAYPASS_SERVER__DATABASE", f"sqlite:///{tmp_path / 'none.db'}")
    configure("")
    assert run(["serve", "lift", "lnk_1"]) == 2
    assert "DAYPASS_CONFIG" in capsys.readouterr().err
