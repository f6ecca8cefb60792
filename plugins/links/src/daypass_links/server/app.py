"""The application of one process: redirects in front, the API behind them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from daypass import __version__
from daypass_links.server import settings
from daypass_links.server.api.answers import HANDLERS
from daypass_links.server.api.description import as_json, as_page
from daypass_links.server.api.health import healthz, metrics, readyz
from daypass_links.server.api.keys import KeysController
from daypass_links.server.api.links import LinksController
from daypass_links.server.api.signing import SigningController
from daypass_links.server.links.redirect import BEGINNING, redirect
from daypass_links.server.logs import log, log_as_json
from daypass_links.server.service import Service

__all__ = ["application", "create"]

App = Callable[[Mapping[str, Any], Any, Any], Awaitable[None]]
#: The largest body of a request, in bytes.
_LARGEST = 1 << 20
#: How often a process looks whether it is alone, and how long it may take to end then, in seconds.
_LOOK, _PATIENCE = 0.5, 10.0


def create() -> App:
    """Make the application that the configuration describes."""
    log_as_json()
    Thread(target=_end_with, args=(os.getppid(),), name="daypass-parent", daemon=True).start()
    service = Service.of(settings.load(), time.time)
    log.info("serving", url=service.settings.server.url, chain=service.events.chain)
    return application(service)


def _end_with(parent: int) -> None:
    """End this process when the one that has started it is gone, however: it would keep the port, and serve on unseen."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    os._exit(1)  # who was asked has not gone


def application(service: Service) -> App:
    """Make the application around a service, which is closed when the application shuts down."""

    @asynccontextmanager
    async def open_until_the_end(_: Litestar) -> AsyncIterator[None]:
        """Close the service when the application shuts down."""
        try:
            yield
        finally:
            service.close()
            log.info("stopped", chain=service.events.chain)

    api: Any = Litestar(
        [
            LinksController,
            KeysController,
            SigningController,
            healthz,
            readyz,
            metrics,
            as_json,
            as_page,
        ],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        lifespan=[open_until_the_end],
        logging_config=None,
        request_max_body_size=_LARGEST,
        # Its own pages would load scripts from elsewhere.
        openapi_config=OpenAPIConfig(
            title="daypass-links",
            version=__version__,
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            path="/schema",
        ),
    )
    links = redirect(service)

    async def answered(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Answer links here, and leave the rest to the API."""
        if scope["type"] == "http" and scope["path"].startswith(BEGINNING):
            await links(scope, receive, send)
        else:
            await api(scope, receive, send)

    return answered
