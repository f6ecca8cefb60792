"""The description of the API is true: what is made by it, and what goes against it, is answered as it says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from daypass_links.server import suspensions
from tests.conftest import examples
from tests.plugins.links.faults.conftest import running_for_long

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CONFIGURATION = """
[profiles.maps]
url = "s3://results"
storage_options = {{ key = "AKEXAMPLE", secret = "made-up", endpoint_url = "{store}" }}
[[roots]]
profile = "maps"
"""
#: Values that are legal where the schema says no more than that they are text, so that some requests come further.
PATHS = st.one_of(
    st.sampled_from(
        ["daypass://maps/a.csv", "daypass://maps/a/", "s3://results/a", "s3://other/a"]
    ),
    st.text().map(lambda key: f"daypass://maps/{key}"),
    st.text(),
)


class Empty(BaseHTTPRequestHandler):
    """A store that has nothing."""

    def do_GET(self):
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - as the standard library calls them

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service before a store that has nothing."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as store:
        thread = threading.Thread(target=store.serve_forever, args=(0.01,))
        thread.start()
        text = CONFIGURATION.format(store=f"http://127.0.0.1:{store.server_port}")
        with running_for_long(tmp_path_factory.mktemp("described"), text) as found:
            yield found
        store.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def description(service):
    return service.ask("GET", "/openapi.json").json()


@pytest.fixture(scope="module")
def operations(description):
    """Whatever can be asked, as schemathesis reads it."""
    schema = schemathesis.openapi.from_dict(description)
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


def follow(case, service):
    """Send a case, as the first key if it brings none, and hold the answer against the description."""
    sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
    sent.pop("cookies", None)
    path = sent.pop("url").removeprefix("http://127.0.0.1")
    if "data" in sent:
        data = sent.pop("data")
        sent["content"] = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    headers = dict(sent.pop("headers"))
    headers["authorization"] = f"Bearer {service.key}"
    try:
        answer = service.ask(sent.pop("method"), path, headers=headers, **sent)
    except (httpx.InvalidURL, UnicodeEncodeError):
        return None  # nothing that a client of HTTP could send
    assert answer.status_code != 500, answer.text
    case.validate_response(answer, checks=CHECKS, headers=headers)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    return answer


def test_both_addresses_tell_the_same(service, description):
    assert service.ask("GET", "/schema/openapi.json").json() == description


def test_each_operation_names_its_problems_and_who_may_ask(description):
    problem = {"$ref": "#/components/schemas/Problem"}
    for path, methods in description["paths"].items():
        for operation in methods.values():
            told = operation["responses"]["default"]["content"]["application/problem+json"]
            assert told["schema"] == problem
            assert (operation.get("security") is not None) == path.startswith("/v1/")
    codes = description["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert {"invalid-request", "unauthenticated", "refused-by-policy", "database-failed"} <= {
        *codes
    }


def test_every_route_that_answers_something_says_what(description):
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            for status, told in operation["responses"].items():
                if status.startswith("2") and status != "204":
                    (schema, *_) = [one["schema"] for one in told["content"].values()]
                    assert schema not in ({}, {"additionalProperties": {}, "type": "object"}), (
                        method,
                        path,
                    )


def test_what_is_answered_when_all_is_well_is_described_to_the_letter(operations, service):
    def ask(label, body=None, query=None, **path):
        case = operations[label].Case(path_parameters=path, query=query or {})
        if body is not None:
            case.body, case.media_type = body, "application/json"
        answer = follow(case, service)
        assert answer.status_code < 300, answer.text
        return json.loads(answer.text or "null")

    limits = {"max_uses": 3, "ip_range": "192.0.2.0/24", "label": "a", "referrers": ["example.org"]}
    path = {"path": "daypass://maps/a.csv"}
    made = [ask("POST /v1/links", {**path, **more}) for more in ({}, limits)]
    many = ask("POST /v1/links", [path, {}, {**path, "label": "a"}])
    assert [one.get("code") for one in many] == [None, "invalid-path", None]
    service.use(made[0])
    place = {"link_id": made[0]["link_id"]}
    ask("GET /v1/links/{link_id}", **place)
    ask("POST /v1/links/{link_id}/extend", {"expires_in": "1h"}, **place)
    assert len(ask("GET /v1/links/{link_id}/events", query={"limit": 2}, **place)["items"]) == 2
    assert len(ask("GET /v1/links", query={"limit": 2})["items"]) == 2
    for by in ("link", "owner", "path", "day"):
        assert len(ask("GET /v1/usage", query={"by": by})["items"]) == 1
    ask("DELETE /v1/links/{link_id}", **place)
    assert ask("POST /v1/revoke", {"label": "a"})["revoked"] >= 1
    with service.service.databases.main.begin() as connection:
        suspensions.suspend(connection, "link", made[0]["link_id"], "uses", 1)
    assert len(ask("GET /v1/suspensions")["items"]) == 1
    assert ask("POST /v1/lift", place)["lifted"]
    ask("POST /v1/sign", path)
    ask("POST /v1/sign", [path, {}])
    ask("POST /v1/forms", {"path": "daypass://maps/new"})
    ask("POST /v1/explain", {"url": service.use(ask("POST /v1/links", path)).headers["location"]})
    key = ask("POST /v1/keys", {"principal": "ann", "scopes": ["sign"], "expires_in": "1d"})
    assert len(ask("GET /v1/keys")["items"]) >= 2
    ask("DELETE /v1/keys/{key_id}", key_id=key["key_id"])
    for label in ("GET /healthz", "GET /readyz"):
        ask(label)


def tried(operations, service, number):
    """Try each operation with so many requests that are by its schema, and as many that go against it."""
    return {
        (label, status // 100)
        for label, operation in operations.items()
        for mode in modes(operation)
        for status in statuses(operation.as_strategy(generation_mode=mode), service, number)
    }


def modes(operation):
    """Return what can be sent: nothing goes against a schema of what takes nothing."""
    takes = [*operation.iter_parameters(), *operation.body]
    return schemathesis.GenerationMode if takes else [schemathesis.GenerationMode.POSITIVE]


def statuses(cases, service, number):
    """Send requests of a kind, and return how they were answered."""
    seen = set()

    @trials(examples(number), suppress_health_check=[*HealthCheck], database=None)
    @given(st.data())
    def one(data):
        case = data.draw(cases)
        if isinstance(case.body, dict) and isinstance(case.body.get("path"), str):
            case.body["path"] = data.draw(PATHS)
        answer = follow(case, service)
        if answer is not None:
            seen.add(answer.status_code)

    one()
    return seen


def test_what_is_asked_by_the_description_and_against_it_is_answered_by_it(operations, service):
    seen = tried(operations, service, 2)
    assert {label for label, _ in seen} == {*operations}


@pytest.mark.nightly
@pytest.mark.parametrize("share", range(4))  # which processes try at the same time
def test_so_it_is_for_much_that_is_asked(operations, service, share):
    some = dict([*operations.items()][share::4])
    seen = tried(some, service, 40)
    assert {label for label, _ in seen} == {*some}
