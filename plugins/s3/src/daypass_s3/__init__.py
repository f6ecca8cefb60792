"""daypass on S3 and every store that speaks it: the hooks. The SDK is imported inside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import attrs

from daypass.base.messages import shown
from daypass.base.times import utc_or_text
from daypass.errors import InvalidRequestError
from daypass.hookspecs import BackendInfo, ProjectOptions, hookimpl
from daypass.hookspecs.part_limits import PartLimits
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import prepared
from daypass.toolkit.options import bound_origin, one_of

if TYPE_CHECKING:
    from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.found import FoundURL
    from daypass.hookspecs.network import Network
    from daypass.hookspecs.parts import UploadSession
    from daypass.hookspecs.verifications import RequestCheck, SentRequest
    from daypass.model.batches import SignedURLBatch
    from daypass.model.forms import FormRequest, UploadForm
    from daypass.model.metadata import ObjectMetadata
    from daypass_s3.narrow import Narrow
    from daypass_s3.signer import Signer

__all__ = ["S3Options"]

#: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-Expires)
MAX_EXPIRES_IN = 604_800
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES = 1024
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PARTS = PartLimits(
    min_part_size=5 << 20, max_part_size=5 << 30, max_parts=10_000, max_size=10_000 * (5 << 30)
)

_ENFORCES = frozenset(
    {
        "content_type",
        "content_md5",
        "add_content_md5_metadata",
        "content_length",
        "if_absent",
        "checksum_sha256",
        "metadata",
        "acl",
        "storage_class",
        "tags",
        "copy_source",
        "kms_key",
        "encryption_key",
        "requester_pays",
        "headers",
        "query",
        "filename",
        "inline",
        "response_content_type",
        "response_content_disposition",
        "response_content_encoding",
        "response_content_language",
        "response_cache_control",
        "response_expires",
        "signing_time",
        "stable_for",
        "delimiter",
        "max_keys",
        "continuation_token",
    }
)


#: ``content_md5`` is missing: stores that speak S3 do not all check the field Content-MD5, and
#: ``checksum_sha256`` says more.
_FORM_ENFORCES = frozenset(
    {
        "content_type",
        "content_type_prefix",
        "checksum_sha256",
        "content_length",
        "min_bytes",
        "max_bytes",
        "metadata",
        "acl",
        "storage_class",
        "tags",
        "kms_key",
        "encryption_key",
        "headers",
        "success_status",
        "success_redirect",
        "signing_time",
    }
)


def _signature_version(value: str) -> str:
    return one_of(value, "signature_version", "s3v4", "s3")


def _told(value: bool | None) -> bool | None:
    if value is not None and not isinstance(value, bool):
        msg = f"refuses_unsigned_headers is True or False, or left out, not {shown(value)}"
        raise InvalidRequestError(msg, option="refuses_unsigned_headers")
    return value


def _bound(value: str | None) -> str | None:
    return None if value is None else bound_origin(value, "bucket_bound_hostname")


def _narrow(value: Any) -> Narrow | None:
    if value is None:
        return None
    from daypass_s3.narrow import narrow_of

    return narrow_of(value)


def _moment(value: datetime | str | None) -> datetime | None:
    return utc_or_text(value, "credentials_expire_at")


@attrs.frozen(kw_only=True)
class S3Options:
    """The ``signer_options`` of S3."""

    #: ``"s3v4"``, or ``"s3"`` (legacy Signature Version 2) for stores that know nothing newer.
    signature_version: Literal["s3v4", "s3"] = attrs.field(
        default="s3v4", converter=_signature_version
    )
    #: When a bare session token ends, where only the caller knows: an aware datetime or ISO 8601.
    credentials_expire_at: datetime | None = attrs.field(default=None, converter=_moment)
    #: Whether the store refuses ``x-amz-*`` headers that a link does not sign; None where nobody has tried: then
    #: Amazon's own hosts do, and of all others it is not believed.
    refuses_unsigned_headers: bool | None = attrs.field(default=None, converter=_told)
    #: A host that leads to the bucket itself: ``media.example``, or with ``http://`` before it; kept with its scheme.
    bucket_bound_hostname: str | None = attrs.field(default=None, converter=_bound)
    #: The role whose sessions sign, each for the key or the prefix of one link and nothing else:
    #: ``{"role_arn": "arn:aws:iam::123456789012:role/links"}``, and the rest of `Narrow`; None to sign with the filesystem's own keys.
    narrow: Narrow | None = attrs.field(default=None, converter=_narrow)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


_KEYS = ("client_kwargs.aws_access_key_id", "client_kwargs.aws_secret_access_key")
#: All that s3fs and botocore take and that is not here reads the user's own files, as ``profile`` does, or may.
_PROJECT_OPTIONS = ProjectOptions(
    plain=(
        *("client_kwargs.region_name", "requester_pays", "cache_regions", "version_aware"),
        *("max_concurrency", "default_block_size", "default_cache_type", "default_fill_cache"),
        *("config_kwargs.s3", "config_kwargs.max_pool_connections", "config_kwargs.retries"),
        *("config_kwargs.connect_timeout", "config_kwargs.read_timeout"),
        *("config_kwargs.request_checksum_calculation",),
        *("config_kwargs.response_checksum_validation",),
        *("config_kwargs.use_dualstack_endpoint", "config_kwargs.use_fips_endpoint"),
        "signer_options.credentials_expire_at",
    ),
    hosts=(
        *("endpoint_url", "client_kwargs.endpoint_url", "use_ssl", "client_kwargs.use_ssl"),
        *("client_kwargs.verify", "config_kwargs.proxies", "config_kwargs.signature_version"),
        *("public_endpoint", "signer_options.signature_version"),
        "signer_options.refuses_unsigned_headers",
        "signer_options.bucket_bound_hostname",
    ),
    secrets={
        **dict.fromkeys(("key", "secret", "token", "username", "password", *_KEYS), _is_text),
        "client_kwargs.aws_session_token": _is_text,
        "anon": lambda value: value is True,
    },
    credentials=(("key", "secret"), ("username", "password"), _KEYS, ("anon",)),
    leads_elsewhere=lambda _: False,
)


def _open_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    from daypass_s3.redirects import open_options

    return open_options(options)


def _network(location: Location) -> Network:
    from daypass_s3.network import network_of

    return network_of(location)


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare what S3 links can do."""
    return BackendInfo(
        name="s3",
        methods=("GET", "PUT", "DELETE", "HEAD", "LIST"),
        enforces=_ENFORCES,
        max_expires_in=MAX_EXPIRES_IN,
        max_key_bytes=MAX_KEY_BYTES,
        versions=True,
        public_endpoint=True,
        multipart=PARTS,
        forms=True,
        form_enforces=_FORM_ENFORCES,
        options_class=S3Options,
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-append.html
        operation_headers=("x-amz-write-offset-bytes",),
        project_options=_PROJECT_OPTIONS,
        open_options=_open_options,
        network=_network,
        version_in_path=r"\?versionId=.*",
        why_unenforced="a store other than Amazon's may take an unsigned x-amz-copy-source, which puts a copy in place of the "
        "upload; where it refuses that too, say signer_options refuses_unsigned_headers=True",
        secret_query_keys=(
            "X-Amz-Signature",
            "X-Amz-Security-Token",
            "Signature",
            "x-amz-security-token",
        ),
    )


@hookimpl
def create_signed_url(location: Location, request: SignRequest) -> SignedURL:
    """Sign by a template that the SDK has proven."""
    return prepared(location, "s3", _make_signer).sign(location, request)


@hookimpl
def create_signed_urls(
    location: Location, keys: Sequence[str], request: SignRequest
) -> SignedURLBatch:
    """Sign many keys by one filled-in template."""
    return _signer(location).sign_many(location, keys, request)


@hookimpl
def create_multipart_upload(location: Location, request: SignRequest) -> UploadSession:
    """Carry out S3's multipart upload with signed URLs."""
    from daypass_s3.multipart import session

    return session(location, request, _signer)


@hookimpl
def create_upload_form(location: Location, request: FormRequest) -> UploadForm:
    """Sign a POST policy."""
    from daypass_s3.forms import make_form

    return make_form(_signer(location), location, request)


def _signer(location: Location) -> Signer:
    return prepared(location, "s3", _make_signer)


def _make_signer(location: Location) -> Signer:
    from daypass_s3.signer import Signer

    return Signer(location)


@hookimpl
def cors(location: Location, rule: CorsRule) -> CorsPlan:
    """Say a CORS rule in the words of S3."""
    from daypass_s3.cors_rules import plan

    return plan(location, rule)


@hookimpl
def head_metadata(location: Location) -> ObjectMetadata:
    """Ask the store with HEAD."""
    from daypass_s3.metadata import head_metadata

    return head_metadata(location)


@hookimpl
def explain_url(url: FoundURL) -> Explanation | None:
    """Read Versions 4 and 2, in URLs and forms."""
    from daypass_s3.explain import explain

    return explain(url)


@hookimpl
def verify_url(location: Location, sent: SentRequest) -> RequestCheck:
    """Recompute the signature with a secret key that is at hand."""
    from daypass_s3.verify import verify

    return verify(location, sent)
