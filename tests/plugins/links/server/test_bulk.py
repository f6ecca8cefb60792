"""Many links by one request: each is made as one alone, or is a problem in its place."""

from __future__ import annotations

import pytest

import daypass
from daypass.errors import RefusedError
from daypass_links import Client

PATH = {"path": "daypass://maps/a.csv"}
ROOTS = '[[roots]]\nprofile = "maps"\npaths = ["*.csv"]\n'


def test_of_an_array_each_is_a_link_or_a_problem_in_its_place(serving):
    server = serving(ROOTS)
    rows = [
        PATH,
        {"path": "daypass://maps/b.txt"},
        {**PATH, "methot": "GET"},
        3,
        {**PATH, "max_uses": 1},
    ]
    answer = server.ask("POST", "/v1/links", json=rows)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert [row.get("code") for row in found] == [
        None,
        "refused",
        "unknown-option",
        "invalid-request",
        None,
    ]
    assert server.use(found[0]).status_code == 307
    listed = server.ask("GET", "/v1/links").json()["items"]
    assert {one["link_id"] for one in listed} == {found[0]["link_id"], found[4]["link_id"]}
    assert server.events(found[4]) == ["mint"]
    assert server.ask("POST", "/v1/links", json=[3]).json()[0]["status"] == 400


def test_more_than_are_taken_are_none(server):
    answer = server.ask("POST", "/v1/links", json=[PATH] * 1001)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")
    assert server.ask("GET", "/v1/links").json()["items"] == []


def test_it_takes_a_key_for_it_and_something_that_is_asked(server):
    key = server.new_key("ann", scopes=["links:read"])
    assert server.ask("POST", "/v1/links", key=key, json=[PATH]).status_code == 403
    assert server.ask("POST", "/v1/links", json="a").status_code == 400


def test_the_signer_asks_for_many_at_once(process, kit):
    store = daypass.Store(f"s3://{kit[1]}", signer="links", signer_options=process.signer_options)
    keys = [f"in/{number}.csv" for number in range(250)]
    links = store.create_signed_urls(keys, expires_in="3d", method="PUT", content_type="text/csv")
    assert [link.path for link in links] == [f"s3://{kit[1]}/{key}" for key in keys]
    assert len({link.url for link in links}) == 250
    one = store.create_signed_url(keys[0], expires_in="3d", method="PUT", content_type="text/csv")
    assert links[0].headers == one.headers == {"Content-Type": "text/csv"}
    assert links[0].permits == one.permits


def test_who_made_a_link_by_the_signer_takes_it_back_by_its_url(process, kit):
    store = daypass.Store(f"s3://{kit[1]}", signer="links", signer_options=process.signer_options)
    client = Client(**process.signer_options)
    for url in (
        store.create_signed_url("in/a.csv", expires_in="3d").url,
        store.create_signed_prefix("in/x/", expires_in="3d").url_for("a/b.csv"),
    ):
        assert client.show(url).state == "alive"
        assert client.revoke(url) == 1
        assert client.show(url).state == "revoked"


def test_a_row_that_is_refused_is_named(process, kit):
    store = daypass.Store(f"s3://{kit[1]}", signer="links", signer_options=process.signer_options)
    keys = ["in/a", "out/b", "in/c", "out/d"]
    links = store.create_signed_urls(keys, errors="collect")
    assert {row: type(error) for row, error in links.errors.items()} == {
        1: RefusedError,
        3: RefusedError,
    }
    assert links[0].url != links[2].url
    with pytest.raises(RefusedError) as raised:
        store.create_signed_urls(keys)
    assert raised.value.row == 1
