"""The application of one process: redirects in front, the API and the pages behind them."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.types import Scope

from daypass import __version__
from daypass_links.server import settings, traces
from daypass_links.server.api.answers import HANDLERS
from daypass_links.server.api.bodies import JSONRequest
from daypass_links.server.api.description import Described, as_json, as_page
from daypass_links.server.api.health import healthz, metrics, readyz
from daypass_links.server.api.keys import KeysController
from daypass_links.server.api.links import LinksController
from daypass_links.server.api.signing import SigningController
from daypass_links.server.api.suspensions import SuspensionsController
from daypass_links.server.api.uploads import UploadsController
from daypass_links.server.api.usage import UsageController
from daypass_links.server.inbox.routes import INBOX
from daypass_links.server.links.redirect import BEGINNING, redirect
from daypass_links.server.logs import log, log_as_json
from daypass_links.server.pages.astray import astray
from daypass_links.server.pages.friendly import as_shown
from daypass_links.server.pages.router import PAGES
from daypass_links.server.service import Service
from daypass_links.server.tokens import TOKEN

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

__all__ = ["application", "create"]

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]
#: Where a request says of which service it is.
_OF = "daypass.service"
#: The largest body of a request, in bytes.
_LARGEST = 1 << 20
#: A link, and what lies below it, with a slash at its end.
_FOLDER = re.compile(rb"/l/%b/(?:.*/)?" % TOKEN.pattern, re.DOTALL)
#: How often a process looks whether it is alone, and how long it may take to end then, in seconds.
_LOOK, _PATIENCE = 0.5, 10.0


def create() -> App:
    """Make the application that the configuration describes."""
    log_as_json()
    Thread(target=_end_with, args=(os.getppid(),), name="daypass-parent", daemon=True).start()
    shared = os.environ.get(settings.SHARED)
    service = Service.of(settings.load(), time.time, Path(shared) if shared else None)
    log.info("serving", url=service.settings.server.url, chain=service.events.chain)
    provider = traces.provider() if service.settings.server.traces else None
    return application(service, provider, together=True)


def _lists(scope: Mapping[str, Any]) -> bool:
    """Tell whether a path that ends in a slash is a folder of what may be a link, of which there is a page; as it was sent, since that is what both read."""
    return scope["method"] == "GET" and _FOLDER.fullmatch(scope["raw_path"]) is not None


def _without_body(scope: MutableMapping[str, Any], receive: Any, send: Any) -> tuple[Any, Any, Any]:
    """Have HEAD answered as GET is, but for the body: whoever looks whether an address is good asks so."""
    if scope["method"] != "HEAD":
        return scope, receive, send

    async def sent(message: MutableMapping[str, Any]) -> None:
        await send({**message, "body": b""} if "body" in message else message)

    return {**scope, "method": "GET"}, receive, sent


def _end_with(parent: int) -> None:
    """End this process when the one that has started it is gone, however: it would keep the port, and serve on unseen."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    os._exit(1)  # who was asked has not gone


def _service(scope: Scope) -> Service:
    """Return the service that a request is of."""
    service: Service = scope[_OF]  # type: ignore[literal-required]
    return service


#: The API and the pages, for whatever service: to make them takes longer than most of what is asked of them.
_API: Any = Litestar(
    [
        LinksController,
        KeysController,
        SigningController,
        SuspensionsController,
        UsageController,
        UploadsController,
        healthz,
        readyz,
        metrics,
        as_json,
        as_page,
        INBOX,
        PAGES,
    ],
    dependencies={"service": Provide(_service, sync_to_thread=False)},
    exception_handlers={**HANDLERS, HTTPException: astray(HANDLERS[HTTPException])},
    request_class=JSONRequest,
    logging_config=None,
    request_max_body_size=_LARGEST,
    # Its own pages would load scripts from elsewhere.
    openapi_config=OpenAPIConfig(
        title="daypass-links",
        version=__version__,
        use_handler_docstrings=True,
        render_plugins=[Described(path="/openapi.json")],
        path="/schema",
    ),
)


def application(
    service: Service, provider: TracerProvider | None = None, *, together: bool = False
) -> App:
    """Make the application around a service, which is closed when the application shuts down.

    Args:
        service: the service.
        provider: makes a trace of each request, if anybody does.
        together: send answers of links that were asked for together right after each other, as is best for a server of many.

    """
    links = redirect(service, as_shown, together=together)

    async def until_the_end(receive: Any, send: Any) -> None:
        """Close the service when the application shuts down, as ASGI tells it."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        service.close()
        if provider is not None:
            provider.shutdown()
        log.info("stopped", chain=service.events.chain)
        await send({"type": "lifespan.shutdown.complete"})

    def answered(scope: MutableMapping[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        """Answer links here, and leave the rest to the API."""
        if scope["type"] != "http":
            return until_the_end(receive, send)
        path: str = scope["path"]
        found: Awaitable[None]
        # Its end first, since every redirect is asked.
        if path.startswith(BEGINNING) and not (path.endswith("/") and _lists(scope)):
            found = links(scope, receive, send)
        else:
            scope[_OF] = service
            found = _API(*_without_body(scope, receive, send))
        return found

    if provider is None:
        return answered
    from daypass_links.server.traces.requests import traced

    return traced(answered, provider)
