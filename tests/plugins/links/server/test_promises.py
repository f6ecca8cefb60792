"""What the service promises, each promise by its name; what only a fault shows is held in ``faults`` beside this."""

from __future__ import annotations

import base64
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from daypass.errors import AuditError
from daypass_links.server.database.tables import api_key, link
from daypass_links.server.events.verification import verify_events
from daypass_links.server.keyset import KeySet
from tests.plugins.links.written import events_in

LINK = "/v1/links"
DOCS = Path(__file__).parents[4] / "docs"
POLICY = """
[[policy.rules]]
name = "maps"
paths = ["s3://results/**"]
methods = ["GET", "HEAD"]
callers = {callers}
"""


def token_of(made):
    return made["url"].rstrip("/").rpartition("/")[2]


def test_a_token_has_128_bits_and_no_two_are_alike(server):
    tokens = {token_of(server.link()) for _ in range(20)}
    assert len(tokens) == 20
    assert {len(base64.urlsafe_b64decode(f"{token}==")) for token in tokens} == {16}


def test_a_stolen_database_opens_no_link_and_asks_nothing(server, tmp_path):
    made = server.link(label="team", note="n", filename="b.csv")
    server.use(made)
    server.service.events.durable("seen").result()
    with server.service.databases.main.connect() as connection:
        (hashed,) = connection.scalars(select(link.c.hash))
        (hashed_key,) = connection.scalars(select(api_key.c.hash))
    assert {len(hashed), len(hashed_key)} == {32}
    stolen = b"".join(file.read_bytes() for file in tmp_path.glob("*.db*"))
    assert made["link_id"].encode() in stolen
    for secret in (token_of(made), server.key, server.key.removeprefix("dpl_"), "made-up"):
        assert secret.encode() not in stolen
    assert b"X-Amz-Signature" not in stolen


def test_every_404_has_one_body(server):
    made = server.link()
    gone = [b"/l/" + text for text in (b"", b"a", b"A" * 22, b"A" * 23, b"%41" * 22, b"\xff" * 22)]
    gone += [f"/l/{token_of(made)}{more}".encode() for more in ("/", "/a", "a", "%00")]
    said = [server.raw("GET", path) for path in gone]
    assert said == [said[0]] * len(gone)
    assert said[0][0] == 404
    server.ask("DELETE", f"{LINK}/{made['link_id']}")
    assert server.use(made).status_code == 410  # of one that was there, its holder is told


def test_a_redirect_is_kept_by_nobody_and_tells_nobody_where_it_was_found(server):
    for limits in ({}, {"max_uses": 2}, {"ip_range": "203.0.113.9"}):
        answer = server.use(server.link(**limits))
        assert answer.status_code == 307
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_use_is_counted_on_the_disk_before_it_is_acknowledged(server, tmp_path):
    made = server.link(max_uses=2)
    for number in (1, 2):
        assert server.use(made, headers={"user-agent": f"reader/{number}"}).status_code == 307
        # Another program sees it, and the disk has been waited for.
        with closing(sqlite3.connect(tmp_path / "events.db")) as other:
            counted = "SELECT uses FROM link_use WHERE link_id = ?"
            assert other.execute(counted, (made["link_id"],)).fetchone() == (number,)
    for engine in (server.service.databases.main, server.service.databases.events):
        with engine.connect() as connection:
            assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL


def test_the_docs_state_the_whole_bound_of_a_revocation():
    told = (DOCS / "explanation" / "security-model.md").read_text()
    bound = told[told.index("**The whole bound of a revocation.**") :].partition("\n* ")[0]
    for part in ("after 1 second (5 where a notice", "`redirect_ttl`", "`max_age`"):
        assert part in bound


@pytest.mark.parametrize("way", ["one", "label", "all"])
def test_a_revocation_is_durable_before_it_is_acknowledged(serving, way):
    one, other = serving(), serving()
    made = one.link(label="x")
    assert other.use(made).status_code == 307  # and knows it from now on
    if way == "one":
        assert one.ask("DELETE", f"{LINK}/{made['link_id']}").status_code == 200
    else:
        which = {"label": "x"} if way == "label" else {"all": True}
        assert one.ask("POST", "/v1/revoke", json=which).json() == {"revoked": 1}
    assert one.use(made).status_code == 410
    assert other.use(made).status_code == 410, "another process still signs"
    assert serving().use(made).status_code == 410, "a new process signs again"


def test_another_process_learns_at_once_of_an_end_that_was_moved(serving):
    one, other = serving(), serving()
    made = one.link(expires_in=60)
    assert other.use(made).status_code == 307
    one.clock.now += 60
    assert other.use(made).status_code == 410
    one.ask("POST", f"{LINK}/{made['link_id']}/extend", json={"expires_in": "1h"})
    assert other.use(made).status_code == 307


def test_n_uses_have_n_winners_of_any_number_in_parallel_across_processes(serving):
    running = [serving(), serving()]
    made = running[0].link(max_uses=3)

    def follow(number):
        agent = {"user-agent": f"reader/{number}"}
        return running[number % 2].use(made, headers=agent).status_code

    with ThreadPoolExecutor(12) as readers:
        found = sorted(readers.map(follow, range(24)))
    assert found == [307] * 3 + [410] * 21
    running[0].clock.now -= 86_400  # a clock that is put back gives no use back
    assert follow(99) == 410
    assert running[1].ask("GET", f"{LINK}/{made['link_id']}").json()["uses"] == 3


def kinds_of(server, link):
    """Return what is on record of a link at this moment."""
    found = events_in(server.service.databases.events)
    return [one["kind"] for one in found if one["link_id"] == link["link_id"]]


def test_a_use_is_on_record_before_a_limited_link_leads_anywhere(server):
    made = server.link(max_uses=1)
    assert server.use(made).status_code == 307
    assert kinds_of(server, made) == ["mint", "use"]


def test_so_it_is_for_every_link_where_the_configuration_says_so(serving):
    server = serving('[audit]\nuse = "before"\n')
    made = server.link()
    assert server.use(made).status_code == 307
    assert kinds_of(server, made) == ["mint", "use"]


@pytest.mark.parametrize("limits", [{}, {"max_uses": 5}])
def test_without_a_record_there_is_no_redirect_and_no_link(serving, limits):
    server = serving('[audit]\nuse = "before"\n')
    made = server.link(**limits)
    assert server.use(made).status_code == 307
    with server.service.databases.events.begin() as connection:
        connection.execute(text("ALTER TABLE event_block RENAME TO away"))
    answer = server.use(made)
    assert (answer.status_code, answer.json()["code"]) == (503, "database-failed")
    assert "location" not in answer.headers
    answer = server.ask("POST", LINK, json={"path": "daypass://maps/a"})
    assert answer.status_code == 503
    assert server.ask("GET", "/readyz").status_code == 503
    assert server.ask("GET", "/healthz").status_code == 200
    with server.service.databases.events.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO event_block"))
    while server.ask("GET", "/readyz").status_code != 200:
        pass  # it tries again by itself
    assert server.use(made).status_code == 307


def test_a_database_that_is_down_is_a_503(server):
    made = server.link()
    with server.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE link RENAME TO away"))
    server.service.links.forget(None)
    for answer in (
        server.use(made),
        server.ask("GET", LINK),
        server.ask("POST", "/v1/revoke", json={"all": True}),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["code"]) == (503, "database-failed")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "192.0.2.7", "203.0.113.9"),  # nobody's proxy
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, 198.51.100.2", "198.51.100.2"),  # what the client wrote in front
        ("10.0.0.1", "192.0.2.7, 198.51.100.2, 10.9.9.9", "198.51.100.2"),  # a chain of proxies
        ("::ffff:10.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, unknown", ""),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_an_address_is_taken_from_declared_proxies_alone_the_right_most(
    serving, peer, forwarded, address
):
    server = serving('[server]\ntrusted_proxies = ["10.0.0.0/8"]\n')
    made = server.link()
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert server.use(made, peer=peer, headers=headers).status_code == 307
    server.service.events.durable("seen").result()
    items = server.ask("GET", f"{LINK}/{made['link_id']}/events").json()["items"]
    assert items[-1]["address"] == address


def test_a_refusal_is_on_record_with_the_address_that_a_proxy_says(serving):
    proxies = '[server]\ntrusted_proxies = ["10.0.0.0/8"]\n'
    made = serving(proxies).link()
    server = serving(f'{proxies}[[roots]]\nprofile = "maps"\npaths = ["other/**"]\n')
    answer = server.use(made, peer="10.0.0.1", headers={"x-forwarded-for": "192.0.2.7"})
    assert answer.status_code == 403
    server.service.events.durable("seen").result()
    items = server.ask("GET", f"{LINK}/{made['link_id']}/events").json()["items"]
    assert [one["address"] for one in items if one["kind"] == "refuse"] == ["192.0.2.7"]


@pytest.mark.parametrize("many", [False, True])
def test_no_link_is_there_whose_making_is_not_on_record(server, monkeypatch, many):
    def fail(*_, **__):
        msg = "the disk is full"
        raise AuditError(msg)

    monkeypatch.setattr(server.service.events, "_add", fail)
    asked = {"path": "daypass://maps/a.csv"}
    assert server.ask("POST", LINK, json=[asked] if many else asked).status_code == 503
    monkeypatch.undo()
    assert server.ask("GET", LINK).json()["items"] == []


def test_a_link_leads_on_while_threads_have_every_connection_of_the_database(serving):
    server, other = serving(), serving()
    made, revoked = server.link(), server.link()
    assert server.use(made).status_code == server.use(revoked).status_code == 307
    pool, held = server.service.databases.main.pool, []
    while pool.checkedout() < 15:
        held.append(pool.connect())
    other.ask("DELETE", f"{LINK}/{revoked['link_id']}")
    assert server.use(made).status_code == 307
    assert server.use(revoked).status_code == 410
    for one in held:
        one.close()


def test_only_a_declared_proxy_says_that_it_was_https(serving):
    server = serving(
        '[server]\ntrusted_proxies = ["10.0.0.0/8"]\npublic_url = "https://links.example"\n'
    )
    path = server.link(https_only=True)["url"].removeprefix("https://links.example")

    def used(peer, said, **more):
        headers = {"x-forwarded-proto": said}
        return server.ask("GET", path, peer=peer, headers=headers, **more).status_code

    assert used("10.0.0.1", "https") == 307
    assert used("203.0.113.9", "https") == 403
    assert used("10.0.0.1", "http", scheme="https") == 403


def test_host_and_forwarded_headers_decide_nothing(serving):
    server = serving('[server]\npublic_url = "https://links.example/share/"\n')
    lies = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "forwarded": "host=evil.example",
    }
    answer = server.ask("POST", LINK, json={"path": "daypass://maps/a"}, headers=lies)
    assert answer.json()["url"].startswith("https://links.example/share/l/")
    assert "evil" not in answer.text


def test_a_link_ends_with_its_makers_right_and_comes_back_with_it(serving):
    server = serving('[[roots]]\nprofile = "maps"\n' + POLICY.format(callers='["ann"]'))
    ann = server.new_key("ann")
    made = server.ask("POST", LINK, key=ann, json={"path": "daypass://maps/a"}).json()
    assert server.use(made).status_code == 307
    for callers, status in (('["bob"]', 403), ('["ann"]', 307)):
        server = serving('[[roots]]\nprofile = "maps"\n' + POLICY.format(callers=callers))
        server.clock.now += 1
        answer = server.use(made)
        assert answer.status_code == status
    assert server.events(made) == ["mint", "use", "refuse", "use"]


def test_a_policys_words_are_the_makers_and_not_the_holders(serving):
    server = serving(POLICY.format(callers='["admin"]'))
    made = server.link()
    server = serving(POLICY.format(callers='["bob"]'))
    answer = server.use(made)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused-by-policy")
    assert "bob" not in answer.text
    assert "s3://" not in answer.text
    refused = server.ask("POST", LINK, json={"path": "daypass://maps/a"})
    assert refused.status_code == 403
    assert "no rule of the policy allows" in refused.json()["detail"]


def test_who_leaves_a_group_takes_their_links_along(serving):
    server = serving('[[roots]]\nprofile = "maps"\ngroups = ["analysts"]\n')
    ann = server.new_key("ann", groups=["analysts"])
    made = server.ask("POST", LINK, key=ann, json={"path": "daypass://maps/a"}).json()
    assert server.use(made).status_code == 307
    server.new_key("ann", groups=["sales"])
    assert server.use(made).status_code == 403
    assert server.ask("POST", LINK, key=ann, json={"path": "daypass://maps/a"}).status_code == 403
    server.new_key("ann", groups=["analysts"])
    assert server.use(made).status_code == 307


OF_ANALYSTS = """
[[roots]]
profile = "maps"
[[policy.rules]]
name = "maps"
paths = ["s3://results/**"]
methods = ["GET", "HEAD"]
groups = ["analysts"]
"""


def test_rules_of_the_policy_may_name_groups_and_links_follow_them(serving):
    server = serving(OF_ANALYSTS)
    ann, bob = server.new_key("ann", groups=["analysts"]), server.new_key("bob")
    path = {"path": "daypass://maps/a"}
    assert server.ask("POST", LINK, key=bob, json=path).status_code == 403
    made = server.ask("POST", LINK, key=ann, json=path).json()
    assert server.use(made).status_code == 307
    server.new_key("ann", groups=["sales"])
    answer = server.use(made)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused-by-policy")
    assert server.ask("POST", LINK, key=ann, json=path).status_code == 403
    server.new_key("ann", groups=["analysts", "sales"])
    assert server.use(made).status_code == 307


ROOTS = """
[[roots]]
profile = "maps"
paths = ["public/**", "*.csv"]
methods = ["GET", "HEAD"]
[[roots]]
url = "s3://results/deep"
"""


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("daypass://maps/public/a/b", {}, 201),
        ("daypass://maps/a.csv", {}, 201),
        ("daypass://maps/a/b.csv", {}, 403),
        ("daypass://maps/public/", {"prefix": True}, 201),
        ("daypass://maps/", {"prefix": True}, 403),
        ("daypass://maps/a.csv", {"method": "PUT"}, 403),
        ("daypass://maps/public/../a", {}, 400),
        ("s3://results/a.csv", {}, 201),
        ("s3://results/a/b.csv", {}, 403),
        ("s3://results/deeper/a", {}, 403),
        ("s3://other/a", {}, 403),
    ],
)
def test_nothing_but_the_roots_is_shared(serving, path, more, status):
    server = serving(ROOTS)
    key = server.new_key("ann")
    answer = server.ask("POST", LINK, key=key, json={"path": path, **more})
    assert answer.status_code == status, answer.text


def test_without_roots_only_who_runs_the_service_shares(server):
    answer = server.ask("POST", LINK, key=server.new_key("ann"), json={"path": "daypass://maps/a"})
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    assert "[[roots]]" in answer.json()["detail"]


def test_an_event_that_was_promised_is_in_a_chain_that_verifies(serving, tmp_path):
    one, other = serving(), serving()
    made = one.link()
    for _ in range(60):
        one.use(made)
        other.use(made, method="HEAD")
    one.service.events.durable("seen").result()
    other.service.events.durable("seen").result()
    found = verify_events(one.service.databases.events, KeySet.read(tmp_path / "server.key"))
    assert (found.ok, found.faults, found.chains) == (True, (), 2)
    lines = events_in(one.service.databases.events)
    assert [line["kind"] for line in lines].count("use") == 60
    assert [line["kind"] for line in lines].count("head") == 60
    assert all(token_of(made) not in json.dumps(line) for line in lines)


def test_a_link_works_again_as_soon_as_what_its_store_needs_is_there(
    serving, configure, monkeypatch
):
    text = '[profiles.other]\nurl = "s3://other"\nstorage_options.key = "AK"\nstorage_options.secret = { env = "LATER" }\n'
    monkeypatch.setenv("LATER", "made-up")
    made = serving(text).link("daypass://other/a")
    server = serving(text)
    monkeypatch.delenv("LATER")
    answer = server.use(made)
    assert (answer.status_code, answer.json()["code"]) == (503, "no-credentials")
    assert "LATER" not in answer.text
    monkeypatch.setenv("LATER", "made-up")
    assert server.use(made).status_code == 307


def test_links_go_on_with_a_key_that_was_rotated(serving, tmp_path):
    file = tmp_path / "key"
    file.write_text("AKOLD")
    text = f'[profiles.other]\nurl = "s3://other"\nstorage_options.secret = "x"\nstorage_options.key = {{ file = "{file}" }}\n'
    server = serving(text)
    made = server.link("daypass://other/a")
    assert "AKOLD" in server.use(made).headers["location"]
    file.write_text("AKROTATED")
    assert "AKROTATED" in server.use(made).headers["location"]


def test_what_is_wrong_with_the_service_is_not_told_to_who_holds_a_link(serving):
    made = serving().link()
    answer = serving('[policy]\nrules = "secret-word"\n').use(made)
    assert (answer.status_code, answer.json()["code"]) == (500, "invalid-config")
    assert "config.toml" not in answer.text
    assert "secret-word" not in answer.text


def test_no_log_shows_a_token_or_a_key(server, caplog):
    caplog.set_level("DEBUG")
    caplog.set_level("CRITICAL", "httpx")  # the test's own client
    made = server.link(max_uses=1)
    server.use(made)
    server.use(made, peer="192.0.2.1")
    with server.service.databases.main.begin() as connection:
        connection.execute(text("ALTER TABLE link RENAME TO away"))
    server.service.links.forget(None)
    server.use(made)
    server.ask("GET", LINK)
    assert token_of(made) not in caplog.text
    assert server.key not in caplog.text
    assert token_of(made) not in repr(server.service.links.known)


def test_files_of_the_database_are_for_their_owner_alone(server, tmp_path):
    assert {file.stat().st_mode & 0o077 for file in tmp_path.glob("*.db*")} == {0}
    with sqlite3.connect(tmp_path / "links.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
