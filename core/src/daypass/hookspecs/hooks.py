"""The whole contract between core and plugins.

A backend is a module that implements `create_signed_url` (if it can sign), `head_metadata` and
`describe_backend`, registered under its protocols in the entry-point group ``daypass.backends``.
A signer is one in the group ``daypass.signers``, without `head_metadata`: it signs paths of any
protocol for callers who name it.
A plugin in the group ``daypass.plugins`` implements `authorize`, `record` or both. A module in the group
``daypass.objects`` implements `sign_object`, `share_object` or both for what the library makes whose package its entry point is named by. Hooks are plain
functions with exactly these arguments: no defaults, no ``async``, no wrappers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from daypass.hookspecs.backend_info import BackendInfo

if TYPE_CHECKING:
    from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
    from daypass.hookspecs.events import SigningEvent
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.found import FoundURL
    from daypass.hookspecs.parts import UploadSession
    from daypass.hookspecs.signings import Signing
    from daypass.hookspecs.verifications import RequestCheck, SentRequest
    from daypass.model.batches import SignedURLBatch
    from daypass.model.forms import FormRequest, UploadForm
    from daypass.model.inboxes import Inbox
    from daypass.model.links import SignedURL
    from daypass.model.locations import Location
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.prefixes import SignedPrefix
    from daypass.model.requests import SignRequest

__all__ = [
    "authorize",
    "cors",
    "create_multipart_upload",
    "create_signed_prefix",
    "create_signed_url",
    "create_signed_urls",
    "create_upload_form",
    "describe_backend",
    "explain_url",
    "head_metadata",
    "hookimpl",
    "hookspec",
    "request_upload",
    "share_object",
    "sign_object",
    "verify_url",
]

hookspec = pluggy.HookspecMarker("daypass")
hookimpl = pluggy.HookimplMarker("daypass")


@hookspec(firstresult=True)
def create_signed_url(location: Location, request: SignRequest) -> SignedURL:
    """Sign one URL.

    ``request`` arrives resolved: ``signing_time``, ``expires_in`` and ``expires_at`` are set, whole
    seconds, and it asks for nothing outside `BackendInfo`. Use ``request.signing_time`` as the
    only clock. No network unless the credential needs it, and then within ``location.deadline``, by `Deadline.run` or after
    `check_may_wait` (`daypass.toolkit.deadlines`), so that an event loop need not wait.
    For the method LIST ``location.key`` is a prefix, perhaps empty, and the URL's query carries it
    as ``prefix``.

    Example::

        @hookimpl
        def create_signed_url(location, request):
            url = my_store.sign(location.key, until=request.expires_at)
            return SignedURL(
                url=url, method=request.method, headers={}, expires_at=request.expires_at,
                expires_because="requested", permits=frozenset({request.method}),
                unenforced=frozenset(), path=location.path, backend="my-store",
            )

    Raises:
        UnsupportedOptionError: for what this very credential cannot enforce.
        CredentialsError: when there is nothing to sign with.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def create_signed_urls(
    location: Location, keys: Sequence[str], request: SignRequest
) -> SignedURLBatch:
    """Sign many keys below one root with one request; optional, for backends that gain by it.

    ``location`` is the root, ``keys`` are whole keys and checked, ``request`` arrives resolved, as
    for `create_signed_url`. Every URL must be the very one that `create_signed_url` would make.
    LIST never comes here: listings are asked for one by one.

    Example::

        @hookimpl
        def create_signed_urls(location, keys, request):
            like = create_signed_url(location.at(keys[0]), request)
            return SignedURLBatch(
                [my_store.sign(key, until=request.expires_at) for key in keys],
                keys,
                attrs.evolve(like, url="", path=location.at("").path),
            )

    Raises:
        UnsupportedOptionError: for what this very credential cannot enforce.
        CredentialsError: when there is nothing to sign with.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def create_signed_prefix(location: Location, request: SignRequest) -> SignedPrefix:
    """Grant a method on everything below a prefix; optional, and declared as `BackendInfo.prefixes`.

    ``location.key`` is the prefix: empty for the whole bucket, otherwise it ends in a slash.
    ``request`` arrives resolved, as for `create_signed_url`. Never grant more than what lies below
    the prefix: refuse a prefix that the store cannot bind.

    Example::

        @hookimpl
        def create_signed_prefix(location, request):
            return SignedPrefix(
                url=my_store.url(location.key), query=my_store.grant(location.key, request.expires_at),
                method=request.method, headers={}, expires_at=request.expires_at,
                expires_because="requested", permits=frozenset({request.method}),
                unenforced=frozenset(), path=location.path, backend="my-store",
            )

    Raises:
        UnsupportedOptionError: for a prefix or an option that this very credential cannot bind.
        CredentialsError: when there is nothing to sign with.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def create_multipart_upload(location: Location, request: SignRequest) -> UploadSession:
    """Return what carries out an upload in parts; optional, and declared as `BackendInfo.multipart`.

    ``request`` is a PUT that describes the object and asks for nothing outside `BackendInfo`; it is
    not resolved, since each part's link has a clock reading of its own. Nothing is sent yet: the
    session's ``begin`` does that. It holds no state: with the upload's id, another one goes on. Where
    a store has no such thing as beginning or aborting, the session makes up an id, and ``abort`` does
    nothing.

    Example::

        @hookimpl
        def create_multipart_upload(location, request):
            return MyUploadSession(my_store, location, request)

    Raises:
        UnsupportedOptionError: for what the store cannot carry out on an upload in parts.
        CredentialsError: when there is nothing to sign with.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def create_upload_form(location: Location, request: FormRequest) -> UploadForm:
    """Sign one upload form (POST policy V4); optional, and declared as `BackendInfo.forms`.

    ``request`` arrives resolved, as for `create_signed_url`, and asks for nothing outside
    `BackendInfo.form_enforces`. Where ``location.key`` ends in ``${filename}``, the sender may name
    any key that begins with what stands before it. The field ``policy`` is a POST policy, and every
    other field but the signature has a condition in it.

    Example::

        @hookimpl
        def create_upload_form(location, request):
            policy = my_store.policy(location.key, request.size_range, until=request.expires_at)
            return UploadForm(
                url=my_store.url(location.bucket),
                fields={"key": location.key, "policy": policy, "signature": my_store.sign(policy)},
                starts_with=starts_with_of(request, location.key), expires_at=request.expires_at,
                expires_because=REQUESTED, unenforced=frozenset(), path=location.path,
                backend="my-store",
            )

    Raises:
        UnsupportedOptionError: with ``option="form"`` where this very store has no forms.
        CredentialsError: when there is nothing to sign with.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def request_upload(location: Location, request: SignRequest) -> Inbox:
    """Make a page by which people send files below a prefix; optional, for services that have such pages.

    `daypass.request_upload` asks it for a folder in place of a form or a grant. ``location.key`` is a prefix, as for
    `create_signed_prefix`, and ``request`` arrives resolved: a PUT, whose ``max_bytes`` is of each file and whose
    ``max_uses`` is their number. ``location.content_types`` are the media types to be taken, such as ``image/*``; empty for any. See to
    each, or refuse. The URL ends in a token that is masked where it is shown, as that of a grant without a query does.
    ``link_id`` is what you know the page by, where that is something else: it is shown.

    Example::

        @hookimpl
        def request_upload(location, request):
            limits = {"max_bytes": request.max_bytes, "max_uses": request.max_uses}
            limits["content_types"] = location.content_types
            return Inbox(
                url=my_service.page(location.full_path, until=request.expires_at, **limits),
                expires_at=request.expires_at, expires_because="requested",
                unenforced=frozenset(), path=location.path, backend="my-service", **limits,
            )

    Raises:
        UnsupportedOptionError: for what the service does not see to.
        CredentialsError: when there is nobody to ask as.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def cors(location: Location, rule: CorsRule) -> CorsPlan:
    """Say a CORS rule in the provider's words; optional, for stores that browsers can reach.

    Nothing is sent: the plan's ``read`` and ``write`` do that when they are called, each within
    ``location.deadline``. Add the headers that uploads by your links need to ``rule.headers``.

    Example::

        @hookimpl
        def cors(location, rule):
            return CorsPlan(
                rule={"origins": list(rule.origins), "methods": list(rule.methods)},
                owner=f"bucket {location.bucket}", document=list,
                command=f"my-store cors set {location.bucket} FILE",
                read=lambda: my_store.cors(location.bucket),
                write=lambda rules: my_store.set_cors(location.bucket, rules),
            )

    Raises:
        UnsupportedOptionError: with ``option="cors"`` where this very store has no CORS rules.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def head_metadata(location: Location) -> ObjectMetadata:
    """Read the metadata of exactly this object, from the store and never from a listing's cache.

    ``location.reading`` is a request for HEAD, not resolved: send the ``headers`` that it holds, and
    what else of `BackendInfo.enforces` it asks for, as your link for HEAD would. A store may refuse
    without.

    Example::

        @hookimpl
        def head_metadata(location):
            headers = location.reading.headers
            answer = my_store.head(location.key, headers, timeout=location.deadline)
            return ObjectMetadata(path=location.path, key=location.key, size=answer.size)

    Raises:
        ObjectNotFoundError: if there is no such object.
        AccessDeniedError: if the credential may not read it.
        DeadlineError: if the store did not answer in time.

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def explain_url(url: FoundURL) -> Explanation | None:
    """Say what a signed URL (or a form) says of itself, or None if it is not this provider's.

    Optional. Without network, without an SDK and without a key: all that is known is the text, and
    it comes from a stranger. Nothing in it may make the hook raise; what is wrong with it is a
    `Finding`. Whether it has expired is judged for you. ``url.now`` is the only clock. Where
    ``url.error`` holds a store's answer, say what it means.

    Example::

        @hookimpl
        def explain_url(url):
            if url.get("my-signature") is None:
                return None
            return Explanation(
                url=url.url, backend="my-store", scheme="my signature", now=url.now,
                key=url.key, expires_at=my_store.end_of(url.get("until")),
            )

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def verify_url(location: Location, sent: SentRequest) -> RequestCheck:
    """Hold one very request against the provider's rules and its signature; optional.

    ``location`` carries the caller's options, in which the key may be (a signer's are None where the
    caller gave none); without network, so that a
    key that others keep counts as not at hand. Method, headers and time are judged for you by what
    `explain_url` said.

    Example::

        @hookimpl
        def verify_url(location, sent):
            secret = sent.key or location.storage_options.get("secret")
            if secret is None:
                return RequestCheck(unchecked="no secret was given")
            return RequestCheck(
                text=lambda sent: f"{sent.method} {sent.path}".encode(),
                right=lambda text: my_store.signature(text, secret),
                parameter="signature",
            )

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def describe_backend() -> BackendInfo:
    """Declare name, methods, options and limits. Called once, without network.

    Example::

        @hookimpl
        def describe_backend():
            return BackendInfo(name="my-store", methods={"GET"}, max_expires_in=3600)

    """
    raise NotImplementedError


@hookspec(firstresult=True)
def sign_object(thing: Any, signing: Signing) -> Any:
    """Return an object with signed URLs in the place of its paths, for `daypass.sign`.

    A copy, or the object itself where ``signing.in_place`` is true; never None, and NotImplemented for a type that it does not know. The entry point of the module, in the
    group ``daypass.objects``, is named by the package of the object's class, or of a class above it.

    Example::

        @hookimpl
        def sign_object(thing, signing):
            thing = thing if signing.in_place else thing.copy()
            thing.sources = signing.urls(thing.sources)
            return thing

    """
    raise NotImplementedError


@hookspec
def authorize(event: SigningEvent) -> None:
    """Raise to refuse: the URL is then never made. To return anything but None is an error.

    Example::

        @hookimpl
        def authorize(event):
            if event.method == "DELETE":
                raise PermissionError("no DELETE links here")

    """


@hookspec
def record(event: SigningEvent) -> None:
    """Record a URL before it leaves. Raise, or return anything but None, and it does not leave.

    Refusals of the policy, of a quota and of ``authorize`` plugins are recorded too, with
    ``event.decision == "refused"`` and ``event.reason``.

    Example::

        @hookimpl
        def record(event):
            log.info("%s %s until %s", event.method, event.path, event.expires_at)

    """


@hookspec(firstresult=True)
def share_object(thing: object, file: Path) -> bool | None:
    """Write an object to a file for `daypass.share`, in the format that the file's suffix says.

    The entry point of the module, in the group ``daypass.objects``, is named by the package of the object's class, or of a class above it. Nothing is at ``file`` yet; a folder may be made there, whose files are then shared by one grant.
    True says that it is written; None that the type or the suffix is not known.

    Example::

        @hookimpl
        def share_object(thing, file):
            if file.suffix != ".geojson":
                return None
            thing.to_file(file, driver="GeoJSON")
            return True

    """
    raise NotImplementedError
