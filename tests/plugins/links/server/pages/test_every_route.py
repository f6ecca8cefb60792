"""What holds of every page that there is, and of those that come: the routes are those of the router."""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import cycle, islice
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from daypass_links.server.database.tables import MAIN, session
from daypass_links.server.pages.router import PAGES
from daypass_links.server.tokens import digest
from tests.plugins.links.server.pages.conftest import OIDC, Person, started

EVIL = "https://evil.example/"
ROUTES = sorted(
    (method, route.path_format)
    for route in PAGES.routes
    for handler in route.route_handlers
    for method in handler.http_methods
    if method != "OPTIONS"
)
#: Below /l/ programs are answered.
SEEN = [
    path
    for method, path in ROUTES
    if method == "GET" and "/static/" not in path and not path.startswith("/l/")
]
SENT = [(method, path) for method, path in ROUTES if method != "GET"]
#: For whoever has not signed in: the way in, and what a holder sees.
OPEN = re.compile(r"/auth|/auth/.*|/[lp]/.*|/ui/static/.*|/|/ui|/ui/\{rest\}")
#: A push asks as somebody who has signed in, whom every page answers.
WHO = [
    pytest.param(True, id="signed in"),
    pytest.param(False, id="not signed in", marks=pytest.mark.nightly),
]
#: Other sites, as browsers read addresses.
ELSEWHERE = (EVIL, "//evil.example/", "/\\evil.example/", "/ui/\t//evil.example")
#: Where somebody might be led on to.
WHERE_TO = ("after", "next", "url", "return_to", "redirect_uri", "path", "link")


@pytest.fixture(scope="module")
def server(tmp_path_factory, provider):
    text = f'{OIDC.format(issuer=provider.url)}[server]\npublic_url = "https://links.example"\n'
    with started(tmp_path_factory.mktemp("routes"), text) as found:
        yield found


@pytest.fixture(scope="module")
def link(server):
    return server.link("daypass://maps/of-a-route.csv")


@pytest.fixture
def person(server):
    return Person(server, scheme="https")


def at(path, link, person):
    """Return an address of a route: of something that is there."""
    there = {"link_id": link["link_id"], "code": person.code() if "{code}" in path else ""}
    return re.sub(r"\{(\w+)\}", lambda found: there.get(found[1], "x"), path)


def kept(server):
    """Return what the main database holds, but for who is on the way to sign in."""
    with server.service.databases.main.connect() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table))))
            for name, table in MAIN.tables.items()
            if not name.startswith("sign_in_")
        }


@contextmanager
def unchanged(server):
    before = kept(server)
    yield
    assert kept(server) == before


#: What a browser asks for.
WANTED = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_there_are_routes():
    assert len(SEEN) > 5
    assert len(SENT) > 3


@pytest.mark.parametrize("path", SEEN)
@pytest.mark.parametrize("signed_in", WHO)
def test_no_page_is_framed_loads_from_elsewhere_or_tells_others_its_address(
    person, link, path, signed_in
):
    if signed_in:
        person.sign_in()
    headers = person.ask("GET", at(path, link, person)).headers
    policy = dict(
        (*part.split(maxsplit=1), "")[:2] for part in headers["content-security-policy"].split(";")
    )
    assert policy["frame-ancestors"] == "'none'"
    assert policy["default-src"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "no-store" in headers["cache-control"]


@pytest.mark.parametrize("path", SEEN)
def test_who_asks_for_no_more_than_the_headers_gets_those_of_the_page(person, link, path):
    person.sign_in()
    place = "/auth/once/none" if "{code}" in path else at(path, link, person)
    whole, answer = person.ask("GET", place), person.ask("HEAD", place)
    assert answer.status_code == whole.status_code
    assert answer.content == b""
    for name in ("content-type", "content-security-policy", "cache-control", "referrer-policy"):
        assert answer.headers.get(name) == whole.headers.get(name), name


@pytest.mark.parametrize("path", sorted({path for _, path in SENT}))
def test_where_a_form_was_sent_there_is_a_page_for_who_opens_it_again(person, link, path):
    """By the address bar, which keeps it, or from where it was written down."""
    person.sign_in()
    place = at(path, link, person)
    answer = person.ask("GET", place, headers=WANTED)
    if path not in SEEN:
        assert answer.status_code == 303
        assert place.startswith(f"{answer.headers['location']}/")
    while answer.status_code == 303:
        answer = person.ask("GET", answer.headers["location"], headers=WANTED)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.status_code == (404 if path.startswith("/p/") else 200)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_what_is_not_for_everybody_leads_to_signing_in(person, server, link, method, path):
    if OPEN.fullmatch(path):
        return
    with unchanged(server):
        answer = person.ask(method, at(path, link, person), data={"csrf": "x"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/auth/sign-in")
    assert answer.text == ""


@pytest.mark.parametrize("path", SEEN)
def test_to_look_at_a_page_changes_nothing(person, server, link, path):
    """Or a form of another site would, whose GET brings the cookie along."""
    person.sign_in()
    with unchanged(server):
        person.ask("GET", f"{at(path, link, person)}?sure=yes&link={link['link_id']}&csrf=x")


@pytest.mark.parametrize(("method", "path"), SENT)
@pytest.mark.parametrize(
    "csrf",
    ["another's", *(pytest.param(csrf, marks=pytest.mark.nightly) for csrf in (None, "", "x"))],
)
def test_a_form_of_another_site_is_refused_and_changes_nothing(
    person, server, link, method, path, csrf
):
    other = Person(server, scheme="https").sign_in("mallory")
    other.see("/ui/me")
    person.sign_in()
    form = {"link": link["link_id"], "sure": "yes", "expires_in": "86400", "path": "s3://b/k"}
    if csrf is not None:
        form["csrf"] = other.csrf if csrf == "another's" else csrf
    address = at(path, link, person)
    with unchanged(server):
        for sent in ({"data": form}, {"json": form}, {"params": form}):
            answer = person.ask(method, address, headers={"origin": EVIL}, **sent)
            assert 400 <= answer.status_code < 500, sent


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("signed_in", WHO)
@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.nightly) for n in (1, 2, 3))]
)
def test_nobody_is_led_to_another_site(person, provider, link, method, path, signed_in, first):
    if signed_in:
        person.sign_in().see("/ui/me")
    csrf = {"csrf": person.csrf} if signed_in else {}
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example", "referer": EVIL}
    places = islice(cycle(ELSEWHERE), first, None)
    asked = dict(zip(WHERE_TO, places, strict=False))
    answer = person.ask(
        method,
        at(path, link, person),
        params=asked,
        headers=headers,
        **({} if method == "GET" else {"data": {**asked, **csrf}}),
    )
    for name in ("location", "refresh"):
        led = urlsplit(answer.headers.get(name, "").removeprefix("0; url="))
        ours = led.path.startswith("/") or not led.path
        assert (led.netloc == "" and ours) or led.geturl().startswith(f"{provider.url}/")
    assert not re.search(r'(?:href|action|src)="(?:https?:)?[/\\]{2}(?!127)', answer.text)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_session_is_one_that_somebody_else_has_chosen(person, server, link, method, path):
    planted = "planted-by-somebody-else"
    for kind in ("session", "before"):
        person.cookies.set(f"__Host-daypass-{kind}", planted, domain="links.example")
    answer = person.ask(method, at(path, link, person), data={"csrf": "x"})
    said = "\n".join(answer.headers.get_list("set-cookie"))
    assert f"daypass-session={planted}" not in said
    assert f"daypass-session={planted}" not in answer.text
    with server.service.databases.main.connect() as connection:
        hashes = connection.scalars(select(session.c.hash)).all()
    assert digest(planted.encode()) not in hashes


@pytest.mark.nightly
@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("signed_in", WHO)
def test_every_cookie_is_of_this_host_alone_and_for_no_script(
    person, link, method, path, signed_in
):
    if signed_in:
        person.sign_in().see("/ui/me")
    form = {"csrf": person.csrf} if signed_in else {}
    answer = person.ask(method, at(path, link, person), data=form if method != "GET" else None)
    for line in answer.headers.get_list("set-cookie"):
        name, *words = [part.strip().lower() for part in line.split(";")]
        assert name.startswith("__host-")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {*words}
        assert not [word for word in words if word.startswith("domain")]
