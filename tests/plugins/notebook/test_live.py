"""A live card sends a URL to who clicks, and holds none."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest

from daypass.errors import InvalidRequestError, StoreError
from daypass_notebook.live import live
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
    "a link of a service": lambda: live(of_service(), client=Client()),
}


@pytest.mark.parametrize("name", WIDGETS)
def test_no_trait_holds_a_secret_before_or_after_a_click(name, monkeypatch):
    widget = WIDGETS[name]()
    for what in ("copy", "upload", "extend", "revoke"):
        asked(widget, monkeypatch, ask=what, name="a.csv", by="7d")
        state = json.dumps({key: str(value) for key, value in widget.get_state().items()})
        assert SECRET not in state
        assert TOKEN not in state
        assert SECRET not in repr(widget)


def test_a_page_takes_the_files_that_are_sent_to_an_inbox():
    assert live(inbox()).shown["can"] == ["copy"]


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


def test_without_the_extra_its_name_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "daypass_notebook.live")
    with pytest.raises(ImportError, match=r"pip install 'daypass-notebook\[live\]'"):
        importlib.import_module("daypass_notebook.live")


@pytest.mark.parametrize(
    ("thing", "client"), [("https://h/", None), (of_service(url=None), None), (link(), Client())],
    ids=["a text", "a link that is not known whole", "a client without a link of its own"],
)  # fmt: skip
def test_what_is_no_link_has_no_live_card(thing, client):
    with pytest.raises(InvalidRequestError):
        live(thing, client=client)
