"""daypass on Google Cloud Storage: the hooks. Google's libraries are imported inside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from daypass.hookspecs import BackendInfo, ProjectOptions, hookimpl
from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
from daypass.hookspecs.part_limits import PartLimits
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import prepared
from daypass_gcs.options import GCSOptions

if TYPE_CHECKING:
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.found import FoundURL
    from daypass.hookspecs.network import Network
    from daypass.hookspecs.parts import UploadSession
    from daypass.hookspecs.verifications import RequestCheck, SentRequest
    from daypass.model.batches import SignedURLBatch
    from daypass.model.forms import FormRequest, UploadForm
    from daypass.model.metadata import ObjectMetadata
    from daypass_gcs.signer import Signer

__all__ = ["GCSOptions"]

#: Seconds: https://docs.cloud.google.com/storage/docs/access-control/signed-urls (X-Goog-Expires)
MAX_EXPIRES_IN = 604_800
#: Bytes of UTF-8: https://docs.cloud.google.com/storage/docs/objects#naming
MAX_KEY_BYTES = 1024
#: https://docs.cloud.google.com/storage/quotas#requests (XML API multipart uploads)
PARTS = PartLimits(min_part_size=5 << 20, max_part_size=5 << 30, max_parts=10_000, max_size=5 << 40)

#: ``response_cache_control`` and its like are missing: Cloud Storage overrides the type and the
#: disposition of an answer and nothing else
#: (https://docs.cloud.google.com/storage/docs/xml-api/reference-headers).
_ENFORCES = frozenset(
    {
        "content_type",
        "content_md5",
        "add_content_md5_metadata",
        "content_length",
        "max_bytes",
        "if_absent",
        "metadata",
        "acl",
        "storage_class",
        "copy_source",
        "resumable",
        "kms_key",
        "encryption_key",
        "requester_pays",
        "headers",
        "query",
        "filename",
        "inline",
        "response_content_type",
        "response_content_disposition",
        "signing_time",
        "stable_for",
        "delimiter",
        "max_keys",
        "continuation_token",
    }
)

#: ``storage_class`` is missing: no field of a form carries it
#: (https://docs.cloud.google.com/storage/docs/xml-api/post-object-forms).
_FORM_ENFORCES = frozenset(
    {
        "content_type",
        "content_type_prefix",
        "content_length",
        "min_bytes",
        "max_bytes",
        "metadata",
        "acl",
        "headers",
        "success_status",
        "success_redirect",
        "signing_time",
    }
)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


#: A token that is text may name a file of the user's, or one of gcsfs's ways to his login. An HMAC key signs
#: alone: what asks the store, asks with the token.
_PROJECT_OPTIONS = ProjectOptions(
    plain=(
        *("project", "requester_pays", "version_aware", "access", "timeout", "default_location"),
        *("default_block_size", "default_cache_type", "default_fill_cache"),
        *("signer_options.user_project", "signer_options.virtual_hosted_style"),
        "signer_options.credentials_expire_at",
    ),
    hosts=(
        *("endpoint_url", "public_endpoint", "signer_options.iam_endpoint"),
        "signer_options.bucket_bound_hostname",
    ),
    secrets={
        "token": lambda value: isinstance(value, Mapping) or value == "anon",
        "signer_options.hmac_access_id": _is_text,
        "signer_options.hmac_secret": _is_text,
    },
    credentials=(("token",),),
    leads_elsewhere=lambda _: False,
)


def _open_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    from daypass_gcs.credentials import open_options

    return open_options(options)


def _network(location: Location) -> Network:
    from daypass_gcs.network import network_of

    return network_of(location)


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare what Cloud Storage links can do."""
    return BackendInfo(
        name="gcs",
        methods=("GET", "PUT", "DELETE", "HEAD", "LIST"),
        enforces=_ENFORCES,
        max_expires_in=MAX_EXPIRES_IN,
        max_key_bytes=MAX_KEY_BYTES,
        versions=True,
        public_endpoint=True,
        multipart=PARTS,
        forms=True,
        form_enforces=_FORM_ENFORCES,
        options_class=GCSOptions,
        # https://docs.cloud.google.com/storage/docs/xml-api/reference-headers
        option_headers={
            "x-goog-content-length-range": "max_bytes",
            "x-goog-user-project": "requester_pays",
        },
        secret_query_keys=("X-Goog-Signature",),
        project_options=_PROJECT_OPTIONS,
        open_options=_open_options,
        network=_network,
        version_in_path=r"#[0-9]+$|[?&]generation=[0-9]+",
    )


@hookimpl
def create_signed_url(location: Location, request: SignRequest) -> SignedURL:
    """Sign with V4, by a template that is made once for each kind of request."""
    return _signer(location).sign(location, request)


@hookimpl
def create_signed_urls(
    location: Location, keys: Sequence[str], request: SignRequest
) -> SignedURLBatch:
    """Sign many keys by one filled-in template; several at a time where IAM signs."""
    return _signer(location).sign_many(location, keys, request)


@hookimpl
def create_multipart_upload(location: Location, request: SignRequest) -> UploadSession:
    """Carry out the XML API's multipart upload with signed URLs."""
    from daypass_gcs.multipart import session

    return session(location, request, _signer)


@hookimpl
def create_upload_form(location: Location, request: FormRequest) -> UploadForm:
    """Sign a POST policy."""
    from daypass_gcs.forms import make_form

    return make_form(_signer(location), location, request)


def _signer(location: Location) -> Signer:
    return prepared(location, "gcs", _make_signer)


def _make_signer(location: Location) -> Signer:
    from daypass_gcs.signer import Signer

    return Signer(location)


@hookimpl
def cors(location: Location, rule: CorsRule) -> CorsPlan:
    """Say a CORS rule in the words of Cloud Storage."""
    from daypass_gcs.cors_rules import plan

    return plan(location, rule)


@hookimpl
def head_metadata(location: Location) -> ObjectMetadata:
    """Ask the store for exactly the object, never a listing."""
    from daypass_gcs.metadata import head_metadata

    return head_metadata(location)


@hookimpl
def explain_url(url: FoundURL) -> Explanation | None:
    """Read Versions 4 and 2, in URLs and forms."""
    from daypass_gcs.explain import explain

    return explain(url)


@hookimpl
def verify_url(location: Location, sent: SentRequest) -> RequestCheck:
    """Check the signature with an HMAC key or a service account's RSA key that is at hand."""
    from daypass_gcs.verify import verify

    return verify(location, sent)
