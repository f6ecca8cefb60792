"""daypass on Amazon CloudFront: the hooks of a signer. ``cryptography`` is imported inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.hookspecs import BackendInfo, ProjectOptions, hookimpl
from daypass.model.links import SignedURL
from daypass.model.locations import Location
from daypass.model.requests import SignRequest
from daypass.toolkit.engine import prepared
from daypass_cloudfront.options import CloudFrontOptions

if TYPE_CHECKING:
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.found import FoundURL
    from daypass.hookspecs.verifications import RequestCheck, SentRequest
    from daypass.model.prefixes import SignedPrefix
    from daypass_cloudfront.signer import Signer

__all__ = ["CloudFrontOptions"]


#: Nothing is signed but with the key that the options hold: as text, and no path of the user's key.
_PROJECT_OPTIONS = ProjectOptions(
    plain=(
        *("signer_options.key_pair_id", "signer_options.hash_algorithm"),
        "signer_options.allowed_methods",
    ),
    hosts=("signer_options.domain", "signer_options.origin_path"),
    secrets={
        "signer_options.private_key": lambda key: isinstance(key, str) and "-----BEGIN" in key
    },
    credentials=(("signer_options.private_key",),),
    leads_elsewhere=lambda _: False,
)


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare what CloudFront links can do; which methods, the distribution decides."""
    return BackendInfo(
        name="cloudfront",
        methods=("GET", "HEAD", "PUT", "DELETE"),
        enforces=("starts_at", "ip_range", "https_only", "query", "signing_time", "stable_for"),
        prefixes=True,
        options_class=CloudFrontOptions,
        prefix_option="origin_path",
        secret_query_keys=("Signature",),
        project_options=_PROJECT_OPTIONS,
    )


@hookimpl
def create_signed_url(location: Location, request: SignRequest) -> SignedURL:
    """Sign a canned policy for one object, or a custom one where it takes more than an end."""
    return _signer(location).sign(location, request)


@hookimpl
def create_signed_prefix(location: Location, request: SignRequest) -> SignedPrefix:
    """Sign one custom policy with a wildcard for everything below a prefix."""
    return _signer(location).grant(location, request)


def _signer(location: Location) -> Signer:
    return prepared(location, "cloudfront", _make_signer)


def _make_signer(location: Location) -> Signer:
    from daypass_cloudfront.signer import Signer

    return Signer(location.options)


@hookimpl
def explain_url(url: FoundURL) -> Explanation | None:
    """Read canned and custom policies."""
    from daypass_cloudfront.explain import explain

    return explain(url)


@hookimpl
def verify_url(location: Location, sent: SentRequest) -> RequestCheck:
    """Check the signature with a key pair's public or private half that is at hand."""
    from daypass_cloudfront.verify import verify

    return verify(location, sent)
