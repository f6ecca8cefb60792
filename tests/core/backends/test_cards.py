"""What draws the cards of results is found when one is shown; without it a card is a plain table."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

import daypass
from daypass.backends import registry
from daypass.backends.cards import GROUP
from daypass.errors import BackendConflictError, PluginError
from tests.core.fakes import NOW

RESULTS = {
    "store": daypass.Store("memory://maps"),
    "metadata": daypass.ObjectMetadata(path="memory://maps/a", key="a", metadata={"by": "ann"}),
    "batch": daypass.SignedURLBatch([], [], ()),
    "prefix": daypass.SignedPrefix(
        url="https://maps.example/2026/",
        query="sig=SECRET",
        method="GET",
        headers={},
        expires_at=NOW,
        expires_because="requested",
        permits=frozenset({"GET"}),
        unenforced=frozenset({"ip_range"}),
        path="az://maps/2026/",
        backend="azure",
    ),
}


@pytest.fixture
def installed(monkeypatch):
    """Install what draws cards: modules by the names of their distributions."""

    def install(**functions):
        found = []
        for name, card in functions.items():
            monkeypatch.setitem(sys.modules, name, SimpleNamespace(card=card))
            found.append(EntryPoint("cards", name, GROUP))
        monkeypatch.setattr(registry, "claims", lambda _: {"cards": found})

    install()
    return install


@pytest.mark.parametrize("name", RESULTS)
def test_without_a_distribution_for_it_a_card_is_a_plain_table(installed, name):
    assert RESULTS[name]._repr_html_().startswith("<table>")


def test_a_plain_card_says_what_there_is_and_no_secret(installed):
    shown = {name: result._repr_html_() for name, result in RESULTS.items()}
    assert "memory://maps" in shown["store"]
    assert "by: ann" in shown["metadata"]
    assert "etag" not in shown["metadata"]
    assert "https://maps.example/2026/" in shown["prefix"]
    assert "ip_range" in shown["prefix"]
    assert "SECRET" not in shown["prefix"]


@pytest.mark.parametrize("name", RESULTS)
def test_an_installed_distribution_draws_the_card(installed, name):
    installed(acme=lambda result: f"<p>{type(result).__name__}</p>")
    assert RESULTS[name]._repr_html_() == f"<p>{type(RESULTS[name]).__name__}</p>"


def test_what_it_does_not_know_is_a_plain_table(installed):
    installed(acme=lambda result: None)
    assert RESULTS["store"]._repr_html_().startswith("<table>")


def test_what_may_not_be_loaded_draws_nothing(installed, monkeypatch):
    installed(acme=lambda result: "<p>drawn</p>")
    monkeypatch.setenv("DAYPASS_PLUGINS", "daypass-s3")
    assert RESULTS["store"]._repr_html_().startswith("<table>")


def test_of_two_that_draw_one_is_named(installed, monkeypatch):
    installed(acme=lambda result: "<p>acme</p>", other=lambda result: "<p>other</p>")
    with pytest.raises(BackendConflictError, match=r"claim the cards of results.*DAYPASS_CARDS="):
        RESULTS["store"]._repr_html_()
    monkeypatch.setenv("DAYPASS_CARDS", "other")
    assert RESULTS["store"]._repr_html_() == "<p>other</p>"


@pytest.mark.parametrize(
    "card", [None, lambda result: 5, lambda result: ""], ids=["none", "a number", "nothing"]
)
def test_what_draws_no_html_is_named(installed, card):
    installed(acme=card)
    with pytest.raises(PluginError, match="acme of acme has no function card that returns HTML"):
        RESULTS["store"]._repr_html_()
