"""daypass-links: the hooks of a signer whose links lead through a service of your own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from daypass.base.lazily import given_by
from daypass.hookspecs import BackendInfo, ProjectOptions, hookimpl
from daypass.model.batches import SignedURLBatch
from daypass.model.inboxes import Inbox
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.options import CONDITIONS
from daypass.model.prefixes import SignedPrefix
from daypass.model.requests import SignRequest
from daypass_links.options import LinksOptions
from daypass_links.wire import NEVER

if TYPE_CHECKING:
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.found import FoundURL
    from daypass_links.answers import Link, LinkEvent, Page, Suspension, Upload, Usage, UsageRow
    from daypass_links.client import AsyncClient, Client

__all__ = [
    "AsyncClient",
    "Client",
    "Link",
    "LinkEvent",
    "LinksOptions",
    "Page",
    "Suspension",
    "Upload",
    "Usage",
    "UsageRow",
]

__getattr__ = given_by(
    __name__,
    {
        "AsyncClient": "client",
        "Client": "client",
        "Link": "answers",
        "LinkEvent": "answers",
        "Page": "answers",
        "Suspension": "answers",
        "Upload": "answers",
        "Usage": "answers",
        "UsageRow": "answers",
    },
)

#: The API key must come from the very file that says which service it is sent to.
_PROJECT_OPTIONS = ProjectOptions(
    hosts=("signer_options.server",),
    secrets={"signer_options.key": lambda key: isinstance(key, str)},
    credentials=(("signer_options.key",),),
    leads_elsewhere=lambda _: False,
)


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare what the service enforces itself, and what it passes on to the store, which may refuse."""
    return BackendInfo(
        name="links",
        methods=("GET", "HEAD", "PUT", "DELETE"),
        enforces=CONDITIONS - NEVER,
        prefixes=True,
        opaque_links=True,
        options_class=LinksOptions,
        project_options=_PROJECT_OPTIONS,
    )


@hookimpl
def create_signed_url(location: Location, request: SignRequest) -> SignedURL:
    """Have the service make a link for one object."""
    from daypass_links.signer import sign

    return sign(location, request)


@hookimpl
def create_signed_urls(
    location: Location, keys: Sequence[str], request: SignRequest
) -> SignedURLBatch:
    """Have the service make links for many objects, with few requests."""
    from daypass_links.signer import sign_many

    return sign_many(location, keys, request)


@hookimpl
def create_signed_prefix(location: Location, request: SignRequest) -> SignedPrefix:
    """Have the service make a link for everything below a prefix."""
    from daypass_links.signer import grant

    return grant(location, request)


@hookimpl
def request_upload(location: Location, request: SignRequest) -> Inbox:
    """Have the service make an inbox, to which people send files from its page."""
    from daypass_links.signer import inbox

    return inbox(location, request)


@hookimpl
def explain_url(url: FoundURL) -> Explanation | None:
    """Recognise a link of a service by its path."""
    from daypass_links.explain import explain

    return explain(url)
