"""A live card sends a URL to who clicks, and holds none."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest

import daypass_notebook
from daypass.errors import InvalidRequestError, StoreError
from daypass_notebook.widget import live
from tests.plugins.notebook.made import END, SECRET, TOKEN, URLS, form, inbox, link, prefix


def of_service(**changes):
    values = {
        "link_id": "lnk_1",
        "url": URLS["links"],
        "path": "s3://maps/a.csv",
        "methods": frozenset({"GET"}),
        "expires_at": END,
    }
    return SimpleNamespace(**{**values, **changes})


class Client:
    def extend(self, link_id, expires_in):
        assert (link_id, expires_in) == ("lnk_1", "7d")
        return of_service(expires_at=END + timedelta(days=7), url=None)  # it tells it once

    def revoke(self, link_id):
        msg = f"no: {URLS['S3']}"
        raise StoreError(msg)


def asked(widget, monkeypatch, **message):
    sent = []
    monkeypatch.setattr(widget, "send", sent.append)
    widget._heard(widget, message, [])
    return sent


WIDGETS = {
    "a link": lambda: live(link()),
    "an upload": lambda: live(link(method="PUT", headers={"x-key": SECRET})),
    "a grant": lambda: live(prefix()),
    "a form": lambda: live(form()),
    "an inbox": lambda: live(inbox()),
    "an upload of a service": lambda: live(
        of_service(methods={"PUT"}, headers={}), client=Client()
    ),
    "a link of a service": lambda: live(of_service(), client=Client()),
}


@pytest.mark.parametrize("name", WIDGETS)
def test_no_trait_holds_a_secret_before_or_after_a_click(name, monkeypatch):
    widget = WIDGETS[name]()
    for what in ("copy", "upload", "extend", "revoke"):
        asked(widget, monkeypatch, ask=what, name="a.csv", by="7d")
        state = json.dumps({key: str(value) for key, value in widget.get_state().items()})
        for kept in (state, json.dumps(widget._repr_mimebundle_()), repr(widget)):
            assert SECRET not in kept
            assert TOKEN not in kept


def test_a_page_takes_the_files_that_are_sent_to_an_inbox():
    assert live(inbox()).shown["can"] == ["copy"]


def test_what_shows_no_widgets_shows_the_card_that_does_nothing():
    shown = live(link())._repr_mimebundle_()[0]
    assert shown["text/html"] == link()._repr_html_()
    assert shown["text/plain"].splitlines()[0] == "[GET] europe.csv"
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "text/html" not in live(of_service(), client=Client())._repr_mimebundle_()[0]


@pytest.mark.parametrize(
    ("shown", "takes"),
    [
        (form(), "many"),
        (form(path="s3://team/a.png"), "one"),
        (prefix(method="PUT", permits=frozenset({"PUT"})), "many"),
        (prefix(), ""),
        (link(method="PUT"), "one"),
        (link(), ""),
        (inbox(), ""),
        (of_service(methods={"PUT"}, headers={}), "one"),
        (of_service(methods={"GET", "PUT"}, headers={}), ""),
    ],
    ids=["a folder's form", "a form", "a grant", "one to read", "an upload", "a link", "an inbox", "a service's upload", "both"],
)  # fmt: skip
def test_so_many_files_go_to_what_is_shown(shown, takes):
    widget = live(shown)
    assert widget.shown["takes"] == takes
    assert ("upload" in widget.shown["can"]) is bool(takes)


def test_a_service_is_asked_where_a_file_goes(monkeypatch):
    widget = live(of_service(methods={"PUT"}, headers={"a": "b"}))
    (sent,) = asked(widget, monkeypatch, ask="upload", id="1", name="x")
    address = {"method": "PUT", "url": URLS["links"], "headers": {"a": "b"}, "asks": True}
    assert sent == {"answer": "upload", "id": "1", **address}
    (sent,) = asked(live(link(method="PUT")), monkeypatch, ask="upload", id="1", name="x")
    assert sent["asks"] is False


def test_a_click_gets_the_url(monkeypatch):
    sent = asked(live(link()), monkeypatch, ask="copy", id="1")
    assert sent == [{"answer": "copy", "id": "1", "url": URLS["S3"]}]


def test_a_file_gets_its_place(monkeypatch):
    widget = live(prefix(method="PUT", permits=frozenset({"PUT"})))
    (sent,) = asked(widget, monkeypatch, ask="upload", id="1", name="a b.csv")
    assert sent["url"].startswith("https://acme.blob.core.windows.net/maps/cube.zarr/a%20b.csv?")
    (sent,) = asked(live(form()), monkeypatch, ask="upload", id="1", name="a.png")
    assert sent["fields"]["Content-Type"] == "image/png"


def test_what_goes_wrong_is_said_without_a_secret(monkeypatch):
    widget = live(of_service(), client=Client())
    asked(widget, monkeypatch, ask="revoke")
    assert widget.said.startswith("no: https://maps.s3.amazonaws.com")
    assert SECRET not in widget.said


def test_an_extended_link_ends_later(monkeypatch):
    widget = live(of_service(), client=Client())
    before = widget.shown["ends"]
    asked(widget, monkeypatch, ask="extend", by="7d")
    assert widget.shown["ends"] - before == 7 * 86_400_000
    (sent,) = asked(widget, monkeypatch, ask="copy")
    assert sent["url"] == URLS["links"]


def test_no_name_that_the_package_gives_out_is_one_of_its_modules_too():
    """To import the module would put it in the name's place."""
    modules = {module.name for module in pkgutil.iter_modules(daypass_notebook.__path__)}
    assert modules.isdisjoint(daypass_notebook.__all__)


def test_without_the_extra_its_name_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "daypass_notebook.widget")
    with pytest.raises(ImportError, match=r"pip install 'daypass-notebook\[live\]'"):
        importlib.import_module("daypass_notebook.widget")


@pytest.mark.parametrize(
    ("thing", "client"), [("https://h/", None), (of_service(url=None), None), (link(), Client()), (inbox(), Client())],
    ids=["a text", "a link that is not known whole", "a client without a link of its own", "an inbox whose service said no ID"],
)  # fmt: skip
def test_what_is_no_link_has_no_live_card(thing, client):
    with pytest.raises(InvalidRequestError):
        live(thing, client=client)
