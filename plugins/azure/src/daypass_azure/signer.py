"""The signing engine: the SDK signs once for each kind of request, its template every URL after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from azure.core.exceptions import AzureError

from daypass.base.urls import encode_key
from daypass.errors import InvalidRequestError, SigningNotSupportedError, UnsupportedOptionError
from daypass.model.batches import SignedURLBatch
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import Begun, Latest, Templates
from daypass_azure.account import Account, account_of
from daypass_azure.keys import Key, keys_of
from daypass_azure.oracle import consult_sdk
from daypass_azure.paths import account_of_host, check_name, check_names
from daypass_azure.shape import Outline, Rules, Shape, block_shape_of, moment, shape_of
from daypass_azure.stored_policies import read_policy
from daypass_azure.template import SENTINEL, Prepared, Template

#: A link that may read answers GET and HEAD alike.
_PERMITS = {
    "GET": frozenset({"GET", "HEAD"}),
    "HEAD": frozenset({"GET", "HEAD"}),
    "PUT": frozenset({"PUT"}),
    "DELETE": frozenset({"DELETE"}),
    "LIST": frozenset({"LIST"}),
}

#: Conditions that are met by the link's end alone.
_CLOCK = frozenset({"signing_time", "stable_for"})

KEY_ENDS = "the user delegation key it is signed with ends first"


class Signer:
    """Signs for one container with one filesystem's settings."""

    def __init__(self, location: Location) -> None:
        account = account_of(location)
        self._account = account
        self._keys = keys_of(account)
        #: A URL up to the blob's name.
        self.before = _before(location, account)
        options = location.options
        #: Whether the account has directories that a signature can be for.
        self.directories: bool = options.hierarchical_namespace
        delegated = account.kind == "token"
        if delegated:
            for name in ("stored_access_policy", "service_version"):
                if getattr(options, name) is not None:
                    msg = f"{name} goes with an account key, and the filesystem holds a Microsoft Entra credential: Azure knows no such links"
                    raise UnsupportedOptionError(msg, option=name, backend="azure")
        signs_headers = options.sign_headers
        if signs_headers is None:
            signs_headers = not account.is_emulator
        policy = None
        if options.stored_access_policy is not None:
            policy = read_policy(location, account, options.stored_access_policy)
        self._rules = Rules(
            https=self.before.lower().startswith("https:"),
            signs_headers=delegated and signs_headers,
            policy=policy,
            encryption_scope=options.encryption_scope,
            read_only=account.is_secondary,
        )
        self._version = options.service_version
        self._plain: dict[Any, Shape] = {}
        self._templates: Templates[Template] = Templates()
        self._latest: Latest[Begun] = Latest()
        self._learnt_for: Key | None = None

    def sign(self, location: Location, request: SignRequest) -> SignedURL:
        """Sign one URL; ``request`` is resolved."""
        check_name(location.key)
        key = self._keys.key(location, request.signing_time, request.expires_at)  # type: ignore[arg-type] # resolved
        begun = self._latest.of(location, request, key, self.begin)
        return begun.link(location.key, location.path)

    def sign_many(
        self, location: Location, names: Sequence[str], request: SignRequest
    ) -> SignedURLBatch:
        """Sign the URLs of many blobs in the container; ``request`` is resolved."""
        check_names(names)
        return self.begin(location, request).links(names, location)

    def sign_block(self, location: Location, request: SignRequest, block: str) -> SignedURL:
        """Sign the PUT of one block; ``request`` is resolved.

        Args:
            location: of the blob.
            request: what binds this block.
            block: its id in base64.

        """
        check_name(location.key)
        begun = self.begin(location, request, shape=block_shape_of(request, self._rules))
        place, _, token = begun.filled.url(location.key).partition("?")
        url = f"{place}?comp=block&blockid={quote(block, safe='')}&{token}"
        return begun.of_url(url, location.path)

    @property
    def encryption_scope(self) -> str | None:
        """The scope that uploads are encrypted with, where one was chosen."""
        return self._rules.encryption_scope

    def begin(
        self,
        location: Location,
        request: SignRequest,
        directory: str | None = None,
        shape: Shape | None = None,
    ) -> Begun:
        """Do what is the same for every blob.

        Args:
            location: of the blob, or of any in the container.
            request: what is asked, resolved.
            directory: sign for a directory and not for a blob; for the container where empty.
            shape: the request in Azure's words, where it is another than that of its method.

        """
        start: datetime = request.signing_time  # type: ignore[assignment] # resolved
        end: datetime = request.expires_at  # type: ignore[assignment] # resolved
        if shape is None:
            shape = self._shape(request, location.version)
        if directory is not None:
            shape = shape.of_directory(directory)
        key = self._keys.key(location, start, end)
        because = REQUESTED
        if key.expires_at is not None and key.expires_at < end:
            end, because = key.expires_at, KEY_ENDS
        filled = self._templates.filled((key, end, shape), self._prepare, shape, key, end)
        method = request.method
        return Begun(
            filled,
            method,
            dict(shape.headers),  # the shape is kept, and the link is its holder's
            end,
            because,
            _PERMITS[method],
            shape.unenforced,
            "azure",
        )

    def _shape(self, request: SignRequest, version: str | None) -> Shape:
        """Return the request's shape, kept where nothing but the method tells requests apart."""
        if version is not None or not request.conditions <= _CLOCK:
            return shape_of(request, version, self._rules)
        kind = (request.method, request.https_only)
        shape = self._plain.get(kind)
        if shape is None:
            shape = self._plain[kind] = shape_of(request, None, self._rules)
        return shape

    def _prepare(self, shape: Shape, key: Key, end: datetime) -> Prepared:
        template = self._templates.of((shape.outline, key), self._learn, shape.outline, key)
        return template.prepare(self.before, {"se": moment(end), **shape.values})

    def _learn(self, outline: Outline, key: Key) -> Template:
        if self._learnt_for is not key:
            self._templates.forget()  # those of a key that has been replaced
            self._learnt_for = key
        oracle = partial(
            consult_sdk,
            self._account.name,
            self._account.place.container,
            key=key,
            outline=outline,
            version=self._version,
        )
        try:
            template = Template.learn(
                ("se", *outline.names), oracle, key.hmac, named=outline.scope != "c"
            )
        except (AzureError, ValueError, TypeError, KeyError) as error:
            msg = f"the Azure SDK does not sign this kind of request ({type(error).__name__}): leave out {', '.join(outline.names) or 'nothing'}"
            raise SigningNotSupportedError(msg) from None
        if template is None:
            msg = (
                "the signature of the installed azure-storage-blob could not be recomputed for this "
                "kind of request, so it is not signed: install a version that daypass-azure names"
            )
            raise SigningNotSupportedError(msg)
        return template


def _before(location: Location, account: Account) -> str:
    """Return a URL up to the blob's name, as the SDK writes it or below the public endpoint."""
    container = account.place.container
    url: str = account.client.get_blob_client(container, SENTINEL).url.partition("?")[0]
    before = f"{account.endpoint}/{quote(container)}/"
    if url != before + encode_key(SENTINEL):
        msg = "the installed azure-storage-blob writes URLs in a form that daypass does not know"
        raise SigningNotSupportedError(msg)
    if location.public_endpoint is None:
        return before
    public = location.public_endpoint
    origin, path = public, ""
    match = public.partition("://")[2].partition("/")
    if match[1]:
        path = "/" + match[2].strip("/")
        origin = public[: len(public) - len(match[1] + match[2])]
    elif account.is_emulator:
        # An emulator's account is part of its endpoint, whatever its host is called outside.
        path = "/" + account.endpoint.partition("://")[2].partition("/")[2]
    host = match[0].partition(":")[0].lower()
    if path.strip("/") and account_of_host(host) is not None:
        msg = f"public_endpoint holds a path, and links at {host} begin with the container, which the path says: leave it out"
        raise InvalidRequestError(msg, option="public_endpoint")
    if ".." in path or "//" in path:
        msg = "public_endpoint holds a path with '..' or '//'"
        raise InvalidRequestError(msg, option="public_endpoint")
    return f"{origin}{path.rstrip('/')}/{quote(container)}/"
