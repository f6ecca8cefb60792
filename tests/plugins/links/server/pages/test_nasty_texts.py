"""Texts that a database does not keep, or that are none, in every field and every path of every page: each is answered in words, on both databases."""

from __future__ import annotations

import re

import pytest

from daypass_links.server.inbox.routes import INBOX
from daypass_links.server.pages.router import PAGES
from tests.plugins.links.server.pages.conftest import OIDC, started

pytestmark = pytest.mark.servers

ROUTES = {
    (method, route.path_format)
    for router in (PAGES, INBOX)
    for route in router.routes
    for handler in route.route_handlers
    for method in handler.http_methods
    if method != "OPTIONS" and "/static/" not in route.path_format
}
#: What each page is told, as it is right; a new one has its fields here.
FIELDS = {
    ("GET", "/auth/callback"): {"state": "x", "code": "x", "iss": ""},
    ("GET", "/auth/login"): {"after": "/ui/me"},
    ("GET", "/auth/sign-in"): {"after": "/ui/me"},
    ("GET", "/l/{token}"): {"after": "x"},
    ("GET", "/l/{token}/{rest}"): {"after": "x"},
    ("GET", "/p/sent"): {"key": "x"},
    ("GET", "/p/{token}"): {"after": "x"},
    ("GET", "/p/{token}/in/{rest}"): {"after": "x"},
    ("GET", "/p/{token}/s3/params"): {
        "filename": "a.csv",
        "type": "text/csv",
        "metadata[size]": "1",
    },
    ("GET", "/p/{token}/s3/multipart/{upload_id}"): {"key": "x"},
    ("DELETE", "/p/{token}/s3/multipart/{upload_id}"): {"key": "x"},
    ("GET", "/p/{token}/s3/multipart/{upload_id}/{number}"): {"key": "x"},
    ("GET", "/ui/admin/alerts"): {"after": "x", "done": "lifted"},
    ("GET", "/ui/admin/callers"): {"text": "x", "after": "x", "done": "revoked"},
    ("GET", "/ui/admin/events"): {
        "kind": "mint",
        "principal": "x",
        "link_id": "x",
        "since": "2026-01-01T00:00",
        "until": "2026-12-01T00:00",
        "after": "1.0 1 1",
    },
    ("GET", "/ui/admin/policy"): {
        "caller": "x",
        "groups": "x",
        "method": "GET",
        "path": "daypass://away/a.csv",
    },
    ("GET", "/ui/browse"): {"in": "daypass://away/", "after": "x"},
    ("GET", "/ui/links"): {
        "text": "x",
        "state": "alive",
        "whose": "all",
        "order": "path",
        "after": "x",
        "done": "revoked",
    },
    ("GET", "/ui/links/{link_id}"): {"use": "whole"},
    ("GET", "/ui/new"): {"path": "daypass://away/a.csv"},
    ("POST", "/p/{token}/form"): {"name": "a.csv"},
    ("POST", "/p/{token}/password"): {"password": "correct horse"},
    ("POST", "/ui/admin/alerts/lift"): {"kind": "link", "name": "x"},
    ("POST", "/ui/admin/callers"): {
        "principal": "x",
        "scopes": "links:read",
        "groups": "x",
        "prefixes": "daypass://away/",
        "days": "1",
    },
    ("POST", "/ui/admin/callers/revoke"): {"key_id": "x", "sure": "yes"},
    ("POST", "/ui/admin/events/export"): {
        "format": "csv",
        "kind": "mint",
        "principal": "x",
        "link_id": "x",
        "since": "2026-01-01T00:00",
        "until": "2026-12-01T00:00",
    },
    ("POST", "/ui/links/revoke"): {"link": "x", "sure": "yes"},
    ("POST", "/ui/links/{link_id}/extend"): {"expires_in": "86400"},
    ("POST", "/ui/new"): {
        "path": "daypass://away/a.csv",
        "methods": "GET",
        "expires_in": "86400",
        "expires_at": "2026-12-01T00:00",
        "starts_at": "2026-12-01T00:00",
        "max_uses": "2",
        "max_bytes": "2",
        "ip_range": "192.0.2.0/24",
        "referrers": "example.org",
        "content_types": "image/*",
        "filename": "a.csv",
        "label": "x",
        "note": "x",
        "message": "x",
        "password": "correct horse",
        "inbox": "",
        "sure": "yes",
    },
}
#: What has none; one that is told as JSON.
NONE = {
    *(
        "/",
        "/ui",
        "/auth",
        "/ui/me",
        "/ui/{rest}",
        "/auth/{rest}",
        "/p/{token}/{rest}",
        "/ui/admin",
    ),
    *(
        "/auth/once/{code}",
        "/auth/sign-out",
        "/p/{token}/picture",
        "/p/{token}/uploads/{upload_id}",
    ),
    *("/ui/admin/check", "/ui/admin/checkpoints"),
}
JSON = {
    "/p/{token}/uploads": '{"name": "%s", "size": 1, "type": "%s"}',
    "/p/{token}/uploads/{upload_id}/parts": '{"numbers": ["%s"]}',
    "/p/{token}/uploads/{upload_id}/complete": '{"sha256": "%s"}',
    "/p/{token}/s3/multipart": '{"filename": "%s", "type": "%s", "metadata": {"size": 1}}',
    "/p/{token}/s3/multipart/{upload_id}/complete": '{"parts": [{"PartNumber": 1, "ETag": "%s"}]}',
}
#: As an address has them, and JSON: NUL, half of a surrogate pair, which is no UTF-8; a byte that is none; numbers and moments beyond all columns.
NASTY = {
    "NUL": ("a%00b", r"a\u0000b"),
    "surrogate": ("%ED%A0%80", r"\ud800"),
    "no UTF-8": ("a%FFb", r"\udfff"),
    "number": ("9" * 60, "9" * 60),
    "minus": ("-1", "-1"),
    "moment": ("9999-12-31T23:59", "9999-12-31T23:59"),
    "first": ("0001-01-01T00:00", "0001-01-01T00:00"),
    "superscript": ("%C2%B2", "\u00b2"),
    "infinity": ("inf+inf+inf", "NaN"),
}
#: What a push tries; what is kept where is seen on PostgreSQL.
OFTEN = "NUL"
#: The service failed, or says that its database did.
_FAILED = (500, 503)
#: A store that nobody reaches: what it says is no matter here.
AWAY = """
[profiles.away]
url = "s3://away"
storage_options = { key = "AKEXAMPLE", secret = "made-up", endpoint_url = "http://127.0.0.1:9" }
"""


@pytest.fixture(
    scope="module", params=[pytest.param("SQLite", marks=pytest.mark.nightly), "PostgreSQL"]
)
def server(request, servers, tmp_path_factory, provider):
    database = servers("postgres").database() if request.param == "PostgreSQL" else None
    text = AWAY + OIDC.format(issuer=provider.url)
    with started(tmp_path_factory.mktemp("nasty"), text, database) as found:
        yield found


@pytest.fixture(scope="module")
def links(server):
    """Links of all kinds, each by what stands for it in addresses."""
    made = [
        server.link("daypass://away/a.csv"),
        server.link("daypass://away/a.csv", password="correct horse"),
        server.link("daypass://away/a/", prefix=True),
        server.link("daypass://away/in/", inbox=True),
    ]
    return [
        {"token": link["url"].rstrip("/").rpartition("/")[2], "link_id": link["link_id"]}
        for link in made
    ]


def filled(path, there, other="x"):
    return re.sub(r"\{(\w+)\}", lambda found: there.get(found[1], other), path)


def written(fields, nasty=None, text=""):
    """Write fields as an address has them, those that are named nasty."""
    said = {name: text if nasty in (name, "*") else value for name, value in fields.items()}
    return "&".join(f"{name}={value}" for name, value in said.items())


def test_every_page_says_what_it_is_told():
    told = {path for _, path in FIELDS} | {*JSON} | NONE
    assert {(method, path) for method, path in ROUTES if path not in told} == set()


@pytest.mark.parametrize(
    "nasty",
    [name if name == OFTEN else pytest.param(name, marks=pytest.mark.nightly) for name in NASTY],
)
def test_no_text_is_too_nasty_for_a_page(person, links, nasty):
    """In every part of a path; in every field alone, and in all."""
    text, in_json = NASTY[nasty]
    person.sign_in().see("/ui/me")
    csrf, failed = person.csrf, {}

    def ask(method, address, body="", kind="application/x-www-form-urlencoded"):
        more = {} if method == "GET" else {"content": body, "headers": {"content-type": kind}}
        answer = person.ask(method, address, **more)
        if answer.status_code in _FAILED:
            failed[method, address, body] = answer.status_code

    for method, path in sorted(ROUTES - {("POST", "/auth/sign-out")}):
        ask(method, filled(path, {}, text), f"csrf={csrf}")
        fields = FIELDS.get((method, path), {})
        for there in links if "{token}" in path else links[:1]:
            address = filled(path, there)
            if path in JSON:
                ask(method, address, JSON[path].replace("%s", in_json), "application/json")
            for name in (*fields, *("*" for _ in fields if len(fields) > 1)):
                said = written(fields, name, text)
                ask(method, f"{address}?{said}", f"{said}&csrf={csrf}")
    assert failed == {}
