"""Where traces go: by OTLP over HTTP, to what ``OTEL_EXPORTER_OTLP_ENDPOINT`` and its kin name."""

from __future__ import annotations

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

__all__ = ["exporting"]


def exporting() -> TracerProvider:
    """Return what makes traces, and sends them in a thread."""
    name = os.environ.get("OTEL_SERVICE_NAME", "daypass-links")
    found = TracerProvider(resource=Resource.create({"service.name": name}))
    found.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return found
