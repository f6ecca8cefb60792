"""A root whose profile says ``narrow``: each link is signed with a session for its key or its prefix alone."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.sts import sts

ROLE = "arn:aws:iam::123456789012:role/links"


@pytest.fixture
def running():
    with sts() as found:
        yield found


@pytest.fixture
def configuration(running):
    """Such a profile, and a root for it."""
    return f"""
[profiles.box]
url = "s3://results/2026"
storage_options = {{ key = "AKEXAMPLE", secret = "made-up", client_kwargs = {{ region_name = "eu-west-1" }} }}
signer_options = {{ narrow = {{ role_arn = "{ROLE}", endpoint_url = "{running.url}" }} }}
[[roots]]
profile = "box"
"""


@pytest.fixture
def narrowed(serving, configuration, running):
    """The service before a store with such a profile, and the STS that it asks."""
    return serving(configuration), running


def token_of(answer):
    return parse_qs(urlsplit(answer.headers["location"]).query)["X-Amz-Security-Token"][0]


def resources(running):
    return [json.loads(asked["Policy"])["Statement"][0]["Resource"] for asked in running.asked]


def test_a_link_that_is_warm_asks_sts_no_more(narrowed):
    server, running = narrowed
    link = server.link("daypass://box/a.csv")
    answers = [server.use(link, method=method) for method in ("GET", "GET", "HEAD")]
    assert [answer.status_code for answer in answers] == [307, 307, 307]
    assert {token_of(answer) for answer in answers} == {"token/of+session=1"}
    assert resources(running) == ["arn:aws:s3:::results/2026/a.csv"]
    assert running.asked[0]["RoleArn"] == ROLE


def test_all_below_a_prefix_is_read_with_one_session(narrowed):
    server, running = narrowed
    link = server.link("daypass://box/x.zarr/", prefix=True)
    tokens = {token_of(server.use(link, key)) for key in ("zarr.json", "c/0/0", "c/0/1")}
    assert tokens == {"token/of+session=1"}
    assert resources(running) == ["arn:aws:s3:::results/2026/x.zarr/*"]
    # Another link is no part of it.
    server.use(server.link("daypass://box/x.zarr/c/0/0"))
    assert resources(running)[1:] == ["arn:aws:s3:::results/2026/x.zarr/c/0/0"]


def test_a_process_that_has_no_session_yet_asks_for_its_own(serving, configuration, running):
    link = serving(configuration).link("daypass://box/x.zarr/", prefix=True)
    other = serving(configuration)
    # Off the event loop, which waits for nobody.
    assert {token_of(other.use(link, f"c/{n}")) for n in range(3)} == {"token/of+session=2"}
    assert len(running.asked) == 2


def test_what_a_link_may_write_is_a_session_of_its_own(narrowed):
    server, running = narrowed
    link = server.link("daypass://box/a.csv", methods=["GET", "PUT"])
    read, written = (token_of(server.use(link, method=method)) for method in ("GET", "PUT"))
    assert read != written
    assert sorted(
        json.loads(asked["Policy"])["Statement"][0]["Action"][0] for asked in running.asked
    ) == ["s3:GetObject", "s3:PutObject"]


def test_a_role_that_is_taken_away_makes_no_link(narrowed):
    server, running = narrowed
    running.refusal = ("AccessDenied", "User is not authorized to perform: sts:AssumeRole")
    answer = server.ask("POST", "/v1/links", json={"path": "daypass://box/a.csv"})
    assert answer.status_code == 503
    assert "STS answered AccessDenied: User is not authorized" in answer.json()["detail"]
