"""A span for each request: its method, the pattern of its path, and the status of the answer.

Nothing else of it is told: a path may hold the token of a link, a query anything, and a header a key. What the service makes, a URL or a key, is in no span either.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from daypass import __version__
from daypass_links.server.links.redirect import BEGINNING
from daypass_links.server.methods import method_of

__all__ = ["traced"]

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]
#: From here on it is the service's fault, or the store's.
_FAILED = 500


def traced(app: App, provider: TracerProvider) -> App:
    """Return an application that does the same, and makes a span of each request.

    Args:
        app: the application.
        provider: makes them, and sends them where they go.

    """
    tracer = provider.get_tracer("daypass-links", __version__)

    async def answered(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        is_link = scope["path"].startswith(BEGINNING)
        method = method_of(scope["method"])
        with tracer.start_as_current_span(
            method,
            # Who follows a link is a stranger, and begins no trace of ours.
            context=Context() if is_link else _parent(scope),
            kind=SpanKind.SERVER,
            record_exception=False,  # its words may hold anything
            set_status_on_exception=False,
        ) as span:

            async def told(message: Mapping[str, Any]) -> None:
                """Look at the status on its way."""
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= _FAILED:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            span.set_attribute("http.request.method", method)
            await app(scope, receive, told)
            # Litestar says which of its routes it was; of a path that is none it says nothing.
            route = f"{BEGINNING}{{token}}" if is_link else scope.get("path_template")
            if route:
                span.set_attribute("http.route", route)
                span.update_name(f"{method} {route}")

    return answered


def _parent(scope: Mapping[str, Any]) -> Context:
    """Return the trace that a request is a part of, as its ``traceparent`` says (W3C Trace Context)."""
    said = {name: value for name, value in scope["headers"] if name == b"traceparent"}
    text = {name.decode(): value.decode("latin-1") for name, value in said.items()}
    return TraceContextTextMapPropagator().extract(text, Context())
