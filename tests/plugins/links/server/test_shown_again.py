"""``show_again``: who made a link is shown its URL later; what the database holds opens nothing without the key file."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from daypass_links.server.database.tables import link as table
from daypass_links.server.keyset import KeySet

AGAIN = """[links]
show_again = true
[[roots]]
profile = "maps"
"""


@pytest.fixture
def server(serving):
    return serving(AGAIN)


def token(link):
    return link["url"].rstrip("/").rpartition("/")[2]


def kept(server):
    with server.service.databases.main.connect() as connection:
        return [*connection.scalars(select(table.c.sealed).order_by(table.c.n))]


def shown(server, link, **more):
    return server.ask("GET", f"/v1/links/{link['link_id']}", **more).json()


def test_lists_and_shows_have_the_url(server):
    made, grant = server.link(), server.link("daypass://maps/x/", prefix=True)
    assert shown(server, made)["url"] == made["url"]
    assert shown(server, grant)["url"] == grant["url"]
    listed = server.ask("GET", "/v1/links").json()["items"]
    assert [one["url"] for one in listed] == [grant["url"], made["url"]]
    assert server.use(shown(server, made)).status_code == 307


def test_without_it_no_token_is_kept_and_none_is_shown(serving):
    server = serving()
    assert "url" not in shown(server, server.link())
    assert kept(server) == [None]
    # Nor is one shown later, where it is switched on.
    later = serving(AGAIN)
    assert [one["url"] for one in later.ask("GET", "/v1/links").json()["items"]] == [None]


def test_no_token_is_shown_to_others_and_none_of_a_link_that_was_revoked(server):
    key = server.new_key("ann")
    link = server.link()
    assert server.ask("GET", f"/v1/links/{link['link_id']}", key=key).status_code == 404
    admin = server.new_key("root", scopes=["admin"])
    assert "url" not in shown(server, link, key=admin)
    server.ask("DELETE", f"/v1/links/{link['link_id']}")
    assert shown(server, link)["url"] is None
    assert kept(server) == [None]


def test_the_database_alone_gives_no_token(server):
    link = server.link()
    sealed = kept(server)[0]
    assert token(link).encode() not in sealed
    # With another key file, nobody opens it.
    file = server.service.settings.server.keys
    file.rename(file.with_name("elsewhere"))
    KeySet.made(file)
    assert shown(server, link)["url"] is None


def test_what_was_sealed_stays_readable_after_a_rotation(server):
    first = server.link()
    KeySet.rotate(server.service.settings.server.keys)
    second = server.link()
    assert [shown(server, one)["url"] for one in (first, second)] == [first["url"], second["url"]]
    kids = {bytes(one).partition(b":")[0] for one in kept(server)}
    assert len(kids) == 2


def test_a_token_that_was_moved_to_another_link_is_not_shown(server):
    one, other = server.link(), server.link()
    with server.service.databases.main.begin() as connection:
        move = (
            "update link set sealed = (select sealed from link where id = :one) where id = :other"
        )
        connection.execute(text(move), {"one": one["link_id"], "other": other["link_id"]})
    assert shown(server, other)["url"] is None


def test_a_key_is_shown_the_links_that_it_could_make(server):
    inside, outside = server.link("daypass://maps/x/a"), server.link("daypass://maps/y/a")
    reading = server.new_key("admin", scopes=["links:read"])
    assert "url" not in shown(server, inside, key=reading)
    for prefix in ("daypass://maps/x", "s3://results/x"):
        scopes = ["links:read", "links:write"]
        narrow = server.new_key("admin", scopes=scopes, prefixes=[prefix])
        listed = server.ask("GET", "/v1/links", key=narrow).json()["items"]
        assert {one["link_id"]: one.get("url") for one in listed} == {
            inside["link_id"]: inside["url"],
            outside["link_id"]: None,
        }, prefix
