"""On PostgreSQL people sign in, find their links page by page, and revoke them, as they do on SQLite."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.plugins.links.server.conftest import MAIL
from tests.plugins.links.server.pages.conftest import OIDC, come_back, leave, paths, started
from tests.servers.smtp import smtp_server

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server(servers, tmp_path_factory, provider):
    database = servers("postgres").database()
    text = OIDC.format(issuer=provider.url)
    with started(tmp_path_factory.mktemp("postgres"), text, database) as found:
        yield found


def test_a_sign_in_link_signs_in_once(person):
    code = person.code()
    person.see(f"/auth/once/{code}")
    assert person.send(f"/auth/once/{code}").status_code == 303
    person.see("/ui/me")
    assert person.send("/auth/sign-out").status_code == 303
    person.see("/ui/me", 303)
    person.see(f"/auth/once/{code}", 404)


def test_what_comes_back_from_a_provider_signs_in_once(person, provider):
    asked = leave(person)
    assert come_back(person, provider, asked, sub="alice").status_code == 303
    assert "alice" in person.see("/ui/me")
    person.cookies.delete("daypass-session")
    assert come_back(person, provider, asked, sub="alice").status_code == 403


@pytest.mark.nightly
def test_links_are_paged_found_and_revoked(person, server):
    for number in range(52):
        server.link(f"daypass://maps/50%_{number:02}", max_uses=1 if number == 3 else None)
    server.use(server.link("daypass://maps/50%_used", max_uses=1))
    server.link("daypass://maps/Äpfel")
    person.sign_in("admin", groups=["staff"])
    for order in ("newest", "ends", "path"):
        first = person.see(f"/ui/links?order={order}&state=alive&text=50%25_&whose=groups")
        rest = re.search(r'rel="next" href="([^"]+)"', first)[1]
        assert dict(parse_qsl(urlsplit(rest).query))["order"] == order
        second = person.see(rest)
        assert len({*paths(first), *paths(second)}) == 52
    assert paths(person.see("/ui/links?state=ended")) == ["daypass://maps/50%_used"]
    (link_id,) = re.findall(r'name="link" value="(lnk_\w+)"', person.see("/ui/links?text=%25_03"))
    person.send("/ui/links/revoke", link=link_id, sure="yes")
    assert paths(person.see("/ui/links?state=revoked")) == ["daypass://maps/50%_03"]
    assert paths(person.see("/ui/links?text=%C3%84pfel")) == ["daypass://maps/Äpfel"]
    text = person.see(f"/ui/links/{link_id}")
    assert "Revoked" in text


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore:'asyncio.iscoroutinefunction':DeprecationWarning")
def test_of_two_processes_one_tells_of_an_end(servers, tmp_path):
    database = servers("postgres").database()
    with smtp_server() as mails:
        text = MAIL.format(port=mails.port)
        with started(tmp_path, text, database) as one, started(tmp_path, text, database) as other:
            links = [one.link(f"daypass://maps/{number}", expires_in="7d") for number in range(3)]
            one.clock.now += 4 * 86_400
            other.clock.now = one.clock.now
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda one: one.service.notices.look(), (one, other)))
            one.service.notices.look()
            said = "".join(message.get_content() for message in mails.came)
            assert [said.count(link["link_id"]) for link in links] == [1, 1, 1]


@pytest.mark.nightly
def test_an_admin_finds_callers_and_events_and_verifies_all(person, server):
    server.new_key("zoe", groups=["staff"])
    link = server.link("daypass://maps/admin.csv")
    server.use(link)
    person.sign_in()
    assert "postgresql" in person.see("/ui/admin")
    assert "links:read, links:write, sign" in person.see("/ui/admin/callers?text=ZO")
    asked = f"link_id={link['link_id']}"
    text = person.see(f"/ui/admin/events?{asked}")
    assert re.findall(r'data-name="What">([^<]+)<', text) == ["Link used", "Link made"]
    assert "Link made" in person.see("/ui/admin/events?kind=mint&principal=admin")
    lines = person.send("/ui/admin/events/export", format="ndjson", link_id=link["link_id"])
    assert re.findall(r'"kind":"(\w+)"', lines.text) == ["mint", "use"]
    person.see("/ui/admin/checkpoints")
    text = person.send("/ui/admin/checkpoints").text
    assert "Every event is as it was written" in text
    assert "Nobody and nothing is suspended" in person.see("/ui/admin/alerts")
