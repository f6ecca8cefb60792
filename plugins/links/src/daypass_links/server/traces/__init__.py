"""Traces of requests, by OpenTelemetry, where the configuration asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

__all__ = ["provider"]


def provider() -> TracerProvider:
    """Return what makes traces and sends them to where the variables of OpenTelemetry say.

    Raises:
        ConfigError: if OpenTelemetry is not installed.

    """
    try:
        from daypass_links.server.traces.exporting import exporting
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "opentelemetry":
            raise
        msg = "traces of [server] needs OpenTelemetry: pip install 'daypass-links[otel]'"
        raise ConfigError(msg, key="server.traces") from None
    return exporting()
