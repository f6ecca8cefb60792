"""daypass on Azure Blob Storage: the hooks. The SDK is imported inside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from daypass.errors import InvalidRequestError
from daypass.hookspecs import BackendInfo, ProjectOptions, hookimpl
from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
from daypass.hookspecs.part_limits import PartLimits
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.paths import ParsedPath
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import prepared
from daypass.toolkit.options import flag, matching
from daypass_azure.options import CREDENTIALS_IN_ENVIRONMENT
from daypass_azure.paths import account_of_host

if TYPE_CHECKING:
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.found import FoundURL
    from daypass.hookspecs.network import Network
    from daypass.hookspecs.parts import UploadSession
    from daypass.hookspecs.verifications import RequestCheck, SentRequest
    from daypass.model.batches import SignedURLBatch
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.prefixes import SignedPrefix
    from daypass_azure.signer import Signer

__all__ = ["AzureOptions"]

#: The most that a link can enforce. With an account key it is less: only a user delegation key signs
#: request headers (content_type, content_md5, content_length, metadata, storage_class,
#: tags, headers).
_ENFORCES = frozenset(
    {
        "starts_at",
        "content_type",
        "content_md5",
        "add_content_md5_metadata",
        "content_length",
        "if_absent",
        "metadata",
        "storage_class",
        "tags",
        "headers",
        "ip_range",
        "https_only",
        "filename",
        "inline",
        "response_content_type",
        "response_content_disposition",
        "response_content_encoding",
        "response_content_language",
        "response_cache_control",
        "signing_time",
        "stable_for",
        "delimiter",
        "max_keys",
        "continuation_token",
    }
)

#: https://learn.microsoft.com/rest/api/storageservices/understanding-block-blobs--append-blobs--and-page-blobs
#: A block may be of any size from one byte on.
PARTS = PartLimits(
    min_part_size=1, max_part_size=4000 << 20, max_parts=50_000, max_size=50_000 * (4000 << 20)
)

#: The first version with the string-to-sign that the SDK writes for an account key:
#: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
_OLDEST_VERSION = "2020-12-06"


def _policy(value: str | None) -> str | None:
    # https://learn.microsoft.com/rest/api/storageservices/define-stored-access-policy: 64 characters
    return matching(value, "stored_access_policy", r"[\x21-\x7e]{1,64}")


def _scope(value: str | None) -> str | None:
    # https://learn.microsoft.com/azure/storage/blobs/encryption-scope-manage: 3 to 63 characters
    return matching(value, "encryption_scope", r"[A-Za-z0-9-]{3,63}")


def _version(value: str | None) -> str | None:
    found = matching(value, "service_version", r"\d{4}-\d{2}-\d{2}")
    if found is not None and found < _OLDEST_VERSION:
        msg = (
            f"service_version must be {_OLDEST_VERSION} or later: older ones are signed differently"
        )
        raise InvalidRequestError(msg, option="service_version")
    return found


def _headers(value: bool | None) -> bool | None:
    return None if value is None else flag(value, "sign_headers")


def _namespace(value: bool) -> bool:
    return flag(value, "hierarchical_namespace")


@attrs.frozen(kw_only=True)
class AzureOptions:
    """The ``signer_options`` of Azure."""

    #: The name of one of the container's stored access policies, by which links can be revoked.
    #: It goes with an account key, and is read from the store once. It may not hold an expiry.
    stored_access_policy: str | None = attrs.field(default=None, converter=_policy)
    #: The encryption scope that uploads through the link are encrypted with.
    encryption_scope: str | None = attrs.field(default=None, converter=_scope)
    #: The service version that links are signed for, where a store knows none as new as the SDK's
    #: (Azure Stack Hub); it goes with an account key.
    service_version: str | None = attrs.field(default=None, converter=_version)
    #: Whether a user delegation key signs request headers. By default it does, except on an
    #: emulator's endpoint (``http://host/account``): Azurite does not know them.
    sign_headers: bool | None = attrs.field(default=None, converter=_headers)
    #: Whether the account has a hierarchical namespace (Data Lake Storage Gen2), so that a
    #: signature can be for a directory: LIST and prefixes need it for any part of a container.
    hierarchical_namespace: bool = attrs.field(default=False, converter=_namespace)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _leads_elsewhere(path: ParsedPath) -> bool:
    _, named, host = path.bucket.partition("@")
    return bool(named) and account_of_host(host.lower()) is None


_PROJECT_OPTIONS = ProjectOptions(
    plain=(
        *("account_name", "location_mode", "version_aware", "assume_container_exists"),
        *("blocksize", "max_concurrency", "default_cache_type", "default_fill_cache"),
        *("connection_timeout", "read_timeout", "socket_timeout", "timeout"),
        *("signer_options.stored_access_policy", "signer_options.encryption_scope"),
        *("signer_options.service_version", "signer_options.sign_headers"),
        "signer_options.hierarchical_namespace",
    ),
    hosts=("account_host", "public_endpoint"),
    secrets={
        **dict.fromkeys(("connection_string", "account_key", "sas_token", "credential"), _is_text),
        "anon": lambda value: value is True,
    },
    credentials=(
        *(("connection_string",), ("account_name", "account_key")),
        *(("account_name", "sas_token"), ("account_name", "credential"), ("account_name", "anon")),
    ),
    environment=CREDENTIALS_IN_ENVIRONMENT,
    leads_elsewhere=_leads_elsewhere,
)


def _network(location: Location) -> Network:
    from daypass_azure.trust import network_of

    return network_of(location)


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare what Azure links can do."""
    return BackendInfo(
        name="azure",
        methods=("GET", "PUT", "DELETE", "HEAD", "LIST"),
        enforces=_ENFORCES,
        versions=True,
        public_endpoint=True,
        prefixes=True,
        multipart=PARTS,
        options_class=AzureOptions,
        secret_query_keys=("sig",),
        project_options=_PROJECT_OPTIONS,
        network=_network,
        # https://learn.microsoft.com/en-us/rest/api/storageservices/put-page, lease-blob, copy-blob-from-url,
        # delete-blob, undelete-blob; put-blob, which makes blobs of three kinds
        operation_headers=(
            *("x-ms-blob-type", "x-ms-page-write", "x-ms-lease-action", "x-ms-requires-sync"),
            *("x-ms-delete-snapshots", "x-ms-delete-type-permanent", "x-ms-undelete-source"),
        ),
        option_headers={
            "x-ms-blob-content-type": "content_type",
            "x-ms-blob-content-md5": "content_md5",
        },
        version_in_path=r"\?versionid=.*",
        why_unenforced="only a user delegation key signs request headers, on Azure itself, and a listing is bound "
        "to a directory alone",
    )


@hookimpl
def create_signed_url(location: Location, request: SignRequest) -> SignedURL:
    """Sign by a template that the SDK has proven."""
    if request.method == "LIST":
        from daypass_azure.scopes import list_below

        return list_below(_signer(location), location, request)
    return _signer(location).sign(location, request)


@hookimpl
def create_signed_prefix(location: Location, request: SignRequest) -> SignedPrefix:
    """Sign for a container, or for a directory of an account that has them."""
    from daypass_azure.scopes import grant_below

    return grant_below(_signer(location), location, request)


@hookimpl
def create_multipart_upload(location: Location, request: SignRequest) -> UploadSession:
    """Put blocks through links, and commit their list with the filesystem's credential."""
    from daypass_azure.multipart import BlockUploadSession

    return BlockUploadSession.of(_signer(location), location, request)


@hookimpl
def create_signed_urls(
    location: Location, keys: Sequence[str], request: SignRequest
) -> SignedURLBatch:
    """Sign many blobs by one filled-in template."""
    return _signer(location).sign_many(location, keys, request)


def _signer(location: Location) -> Signer:
    return prepared(location, "azure", _make_signer)


def _make_signer(location: Location) -> Signer:
    from daypass_azure.signer import Signer

    return Signer(location)


@hookimpl
def explain_url(url: FoundURL) -> Explanation | None:
    """Read shared access signatures of the account, the service and a user delegation key."""
    from daypass_azure.explain import explain

    return explain(url)


@hookimpl
def verify_url(location: Location, sent: SentRequest) -> RequestCheck:
    """Recompute the signature with an account key or a user delegation key that is at hand."""
    from daypass_azure.verify import verify

    return verify(location, sent)


@hookimpl
def cors(location: Location, rule: CorsRule) -> CorsPlan:
    """Say a CORS rule in the words of Azure."""
    from daypass_azure.cors_rules import plan

    return plan(location, rule)


@hookimpl
def head_metadata(location: Location) -> ObjectMetadata:
    """Ask the store with HEAD."""
    from daypass_azure.metadata import head_metadata

    return head_metadata(location)
