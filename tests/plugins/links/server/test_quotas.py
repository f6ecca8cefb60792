"""Quotas of the policy hold for all processes that count in one Redis."""

from __future__ import annotations

import itertools
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from daypass.policy import Counted, Excess, Quota, Reserved
from daypass.toolkit.deadlines import at_once
from daypass_links.server.check import check
from daypass_links.server.quotas import NoShareError, redis_counter
from daypass_links.server.quotas import counter as module
from tests.plugins.links.server.conftest import POLICY, PROFILES
from tests.servers.links import links_service
from tests.servers.redis import redis_server

pytestmark = pytest.mark.servers
_numbers = itertools.count()


@pytest.fixture(scope="module")
def redis():
    with redis_server("requirepass secret-word") as found:
        yield f"redis://:secret-word@127.0.0.1:{found.port}"


@pytest.fixture
def both(redis):
    """Two that count in one Redis, as two processes would."""
    found = [redis_counter(redis) for _ in range(2)]
    yield found
    for one in found:
        one.close()


def quota(**limits):
    return [Counted("rule 'read'", f"rule {next(_numbers)}", Quota(**limits))]


def take(counter, asked, count=1, lifetime=600.0):
    return counter.reserve(asked, time.time() + lifetime, count)


@pytest.mark.parametrize("name", ["urls_per_minute", "live_links"])
@pytest.mark.parametrize("limit", [7, 300])
def test_never_more_are_counted_than_there_may_be(both, name, limit):
    asked = quota(**{name: limit})

    def some(number):
        return sum(isinstance(take(both[number % 2], asked), Reserved) for _ in range(50))

    with ThreadPoolExecutor(8) as threads:
        taken = sum(threads.map(some, range(8)))
    # Of a large one, each of the two may hold back a share.
    held = 2 * (limit // 100 - 1) if limit >= 200 else 0
    assert limit - held <= taken <= limit


def test_a_refusal_says_what_is_left_and_when_to_ask_again(both):
    one, other = both
    asked = quota(urls_per_minute=5)
    take(one, asked, 3)
    found = take(other, asked, 3)
    assert isinstance(found, Excess)
    assert (found.quota, found.limit, found.whose, found.left) == (
        *("urls_per_minute", 5, "rule 'read'", 2),
    )
    assert 58 <= found.retry_after <= 61
    assert take(other, asked, 6).retry_after is None
    assert isinstance(take(other, asked, 2), Reserved)


def test_one_quota_without_room_has_the_others_untouched(both):
    one, _ = both
    free, full = quota(urls_per_minute=2), quota(live_links=0)
    for asked in ([*free, *full], [*full, *free]):
        assert take(one, asked).quota == "live_links"
    assert isinstance(take(one, free, 2), Reserved)


def test_links_live_until_they_end_or_did_not_leave(both):
    one, other = both
    asked = quota(live_links=2)
    assert isinstance(take(one, asked, lifetime=600), Reserved)
    kept = take(other, asked, lifetime=1)
    assert take(one, asked).retry_after <= 3
    other.release(kept)
    assert isinstance(take(one, asked, lifetime=1), Reserved)
    full = take(other, asked)
    assert isinstance(full, Excess)
    time.sleep(full.retry_after)
    assert isinstance(take(other, asked), Reserved)


def test_a_minute_is_over_when_it_is_over(both, monkeypatch):
    monkeypatch.setattr(module, "MINUTE", 1)
    one, other = both
    asked = quota(urls_per_minute=1)
    assert isinstance(take(one, asked), Reserved)
    found = take(other, asked)
    if isinstance(found, Excess):  # the second was not just over
        time.sleep(found.retry_after)
        assert isinstance(take(other, asked), Reserved)


def test_a_share_of_a_large_quota_is_used_without_asking(both, monkeypatch):
    monkeypatch.setattr(module, "_SPAN", 600)
    one, other = both
    asked = quota(urls_per_minute=10_000, live_links=10_000)
    take(one, quota(urls_per_minute=1))  # Redis has the script by then
    before = calls(one)
    for _ in range(200):
        assert isinstance(take(one, asked, lifetime=60), Reserved)
    assert calls(one) - before == 2
    assert isinstance(take(other, asked, 9_800), Reserved)
    assert isinstance(take(other, asked, 101), Excess)


def test_an_event_loop_uses_a_share_and_waits_for_nobody(both, monkeypatch):
    monkeypatch.setattr(module, "_SPAN", 600)
    one, _ = both
    asked = quota(urls_per_minute=1000, live_links=1000)
    with at_once, pytest.raises(NoShareError):
        take(one, asked, lifetime=60)
    take(one, asked, lifetime=60)
    with at_once:
        one.release(take(one, asked, lifetime=60))
        assert one._lock.acquire(timeout=30)
        try:
            with pytest.raises(NoShareError):
                take(one, asked, lifetime=60)
        finally:
            one._lock.release()


def test_what_is_left_of_a_share_is_given_back(both, monkeypatch):
    monkeypatch.setattr(module, "_SPAN", 0.001)
    one, other = both
    asked = quota(urls_per_minute=1000, live_links=1000)
    for _ in range(3):
        take(one, asked, lifetime=60)
        time.sleep(0.002)
    assert isinstance(take(one, asked, 10, lifetime=60), Reserved)  # just what it needs
    assert isinstance(take(other, asked, 987), Reserved)
    assert isinstance(take(other, asked), Excess)


def calls(counter):
    stats = counter._redis.info("commandstats")
    return stats.get("cmdstat_evalsha", {}).get("calls", 0)


def test_nothing_stays_in_redis_when_all_is_over(both):
    one, _ = both
    (asked,) = quota(live_links=5)
    take(one, [asked], lifetime=600)
    keys = [key for key in one._redis.scan_iter() if asked.key.encode() in key]
    assert len(keys) == 2
    assert {600 <= one._redis.ttl(key) <= 603 for key in keys} == {True}


def test_no_redis_is_an_error_that_shows_no_password_and_asks_once_a_second(monkeypatch):
    monkeypatch.setattr(module, "_PAUSE", 60)
    with redis_server("requirepass secret-word") as found:
        counter = redis_counter(f"redis://:hunter2@127.0.0.1:{found.port}")
        with pytest.raises(module.QuotaUnavailableError, match="AuthenticationError") as raised:
            counter.ping()
    for said in ("ConnectionError", "cannot be asked: try"):
        with pytest.raises(module.QuotaUnavailableError, match=said) as raised:
            take(counter, quota(live_links=1))
        assert "hunter2" not in str(raised.value)
        assert raised.value.http_status == 503
    counter.close()


def test_a_redis_that_does_not_answer_is_asked_once_and_not_for_long():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        counter = redis_counter(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(module.QuotaUnavailableError, match="TimeoutError"):
            take(counter, quota(live_links=1))
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
        counter.close()


def test_a_redirect_beyond_a_quota_is_429_and_without_redis_503(serving):
    with redis_server() as found:
        server = serving(f'[server]\nredis = "redis://127.0.0.1:{found.port}"\n{POLICY % 4}')
        made = server.link()  # signs twice, to learn what GET and HEAD need
        assert [server.use(made).status_code for _ in range(2)] == [307, 307]
        refused = server.use(made)
        assert refused.status_code == 429
        again = refused.headers["retry-after"]
        said = f"the link was used too often for now: try again in {again} s"
        assert refused.json()["detail"] == said
    answer = server.use(made)
    assert answer.json()["detail"].endswith("how often links are used: try again")
    assert (answer.status_code, answer.json()["code"]) == (503, "quota-unavailable")
    assert answer.headers["retry-after"] == "1"
    assert server.ask("POST", "/v1/links", json={"path": "daypass://maps/a.csv"}).status_code == 503


@pytest.mark.nightly
def test_two_processes_together_allow_what_one_may(redis):
    said = f'[server]\nworkers = 2\nredis = "{redis}/1"\n{PROFILES}{POLICY % 22}'
    with links_service(said) as service:
        made = service.client.create("daypass://maps/a.csv")
        address = urlsplit(made.url)

        def follow(_):
            with closing(HTTPConnection(address.hostname, address.port)) as connection:
                connection.request("GET", address.path)
                return connection.getresponse().status

        with ThreadPoolExecutor(8) as readers:
            assert sorted(readers.map(follow, range(50))) == [307] * 20 + [429] * 30


def quotas_found(configure, text):
    configure(text)
    return next(one.wrong for one in check() if one.what == "quotas")


def test_check_says_by_name_that_each_process_counts_for_itself(configure, tmp_path, redis):
    server = f'[server]\ndatabase = "sqlite:///{tmp_path}/links.db"\n'
    two = f"{server}workers = 2\n"
    assert "each counts quotas" in quotas_found(configure, two + POLICY % 4)
    assert quotas_found(configure, server + POLICY % 4) is None
    assert quotas_found(configure, two) is None
    assert quotas_found(configure, f'{two}redis = "{redis}"\n{POLICY % 4}') is None
    wrong = quotas_found(configure, f'{two}redis = "redis://:hunter2@127.0.0.1:1"\n')
    assert "Redis cannot be asked" in wrong
    assert "hunter2" not in wrong


@pytest.mark.parametrize(
    "url", ["http://:hunter2@h", "redis://:hunter2@h:port", "redis://:hunter2@h/?socket_timeout=x"]
)
def test_what_is_no_address_of_a_redis_is_named_and_not_shown(configure, tmp_path, url):
    configure(f'[server]\ndatabase = "sqlite:///{tmp_path}/links.db"\nredis = "{url}"\n')
    (wrong,) = [one.wrong for one in check() if one.wrong]
    assert "redis" in wrong
    assert "hunter2" not in wrong
