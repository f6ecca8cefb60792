"""Traces tell how requests went, and nothing that opens anything."""

from __future__ import annotations

import sys

import attrs
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from daypass.errors import ConfigError
from daypass_links.server import traces
from daypass_links.server.app import application

#: The example of W3C Trace Context, section 3.2.2.
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def server(serving, exporter):
    found = serving()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return attrs.evolve(found, app=application(found.service, provider))


def spans(exporter):
    return [(one.name, dict(one.attributes)) for one in exporter.get_finished_spans()]


def test_a_request_is_a_span_of_its_method_route_and_status(server, exporter):
    made = server.link()
    server.use(made)
    server.ask("GET", f"/v1/links/{made['link_id']}")
    server.ask("GET", "/v1/nothing/secret-word")
    server.ask("BREW", "/l/none")
    names = ("http.request.method", "http.response.status_code", "http.route")
    told = [
        ("POST", 201, "/v1/links"),
        ("GET", 307, "/l/{token}"),
        ("GET", 200, "/v1/links/{link_id}"),
        ("GET", 404),
        ("_OTHER", 404, "/l/{token}"),
    ]
    assert spans(exporter) == [
        (" ".join([one[0], *one[2:]]), dict(zip(names, one, strict=False))) for one in told
    ]
    assert {one.kind for one in exporter.get_finished_spans()} == {SpanKind.SERVER}


def test_no_span_holds_what_opens_something(server, exporter, monkeypatch):
    made = server.link("daypass://maps/x/", prefix=True)
    where = server.use(made, "secret-key?signature=secret-word").headers["location"]
    bob = server.new_key("bob")
    server.ask("POST", "/v1/sign", json={"path": "daypass://maps/a.csv"})
    server.ask("GET", f"/auth/once/{'s' * 22}")

    def fail(*_, **__):
        raise ZeroDivisionError(where)

    monkeypatch.setattr("daypass.Store.create_signed_url", fail)
    assert server.use(made, "secret-key").status_code == 500
    said = "".join(one.to_json() for one in exporter.get_finished_spans())
    token = made["url"].rstrip("/").rpartition("/")[2]
    for secret in (token, server.key, bob, where, "X-Amz", "secret", "s" * 22, "maps"):
        assert secret not in said
    assert said.count('"status_code": "ERROR"') == 1


def test_the_api_goes_on_with_a_trace_and_a_link_begins_one(server, exporter):
    made = server.link()
    headers = {"traceparent": PARENT, "tracestate": "vendor=secret"}
    server.ask("GET", "/v1/links", headers=headers)
    server.use(made, headers=headers)
    of_api, of_link = exporter.get_finished_spans()[1:]
    assert format(of_api.context.trace_id, "032x") == PARENT.split("-")[1]
    assert format(of_api.parent.span_id, "016x") == PARENT.split("-")[2]
    assert not of_api.context.trace_state
    assert of_link.parent is None


def test_they_are_sent_by_otlp_when_the_process_ends(listener, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{listener.port}")
    provider = traces.provider()
    provider.get_tracer("daypass-links").start_span("GET /v1/links").end()
    provider.shutdown()
    assert listener.enough.wait(30)
    ((path, _, body),) = listener.heard
    assert path == "/v1/traces"
    assert b"GET /v1/links" in body
    assert b"daypass-links" in body


def test_without_the_extra_its_command_is_told(monkeypatch):
    monkeypatch.delitem(sys.modules, "daypass_links.server.traces.exporting", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(ConfigError, match=r"daypass-links\[otel\]"):
        traces.provider()
