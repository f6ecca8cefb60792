"""daypass turns any fsspec-style path into a temporary, least-privilege URL, and tells the truth about it.

>>> import daypass
>>> link = daypass.create_signed_url(
...     "s3://maps/europe.tif", expires_in="15m", storage_options={"key": "AK", "secret": "SK"}
... )
>>> print(link.method, link.expires_because)
GET requested
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daypass.audit import AuditFile, AuditLogger, add_audit, remove_audit
    from daypass.batches import SignedURLBatch
    from daypass.errors import (
        AccessDeniedError,
        AuditError,
        BackendConflictError,
        BackendNotFoundError,
        ConfigError,
        CredentialsError,
        DaypassError,
        DeadlineError,
        InvalidExpiryError,
        InvalidPathError,
        InvalidRequestError,
        ObjectNotFoundError,
        PluginError,
        PolicyError,
        QuotaError,
        RefusedError,
        ShortLivedURLError,
        ShortLivedURLWarning,
        SigningNotSupportedError,
        StoreError,
        UnknownOptionError,
        UnsupportedOptionError,
    )
    from daypass.functions import (
        acreate_signed_prefix,
        acreate_signed_url,
        ahead_metadata,
        create_signed_prefix,
        create_signed_url,
        create_signed_urls,
        head_metadata,
        head_metadata_many,
        rehearse,
    )
    from daypass.hookspecs import BackendInfo, SigningEvent, hookimpl
    from daypass.locations import Location
    from daypass.policy import Policy, Quota, Rehearsal, Rule, set_policy
    from daypass.prefixes import SignedPrefix
    from daypass.reading.explaining import explain
    from daypass.reading.explanations import Explanation, RequestCheck, Verification
    from daypass.reading.findings import Finding
    from daypass.reading.found import FoundURL, SentRequest
    from daypass.reading.verifying import verify
    from daypass.redaction import RedactingFilter, redact
    from daypass.requests import SignOptions, SignRequest
    from daypass.results import ObjectMetadata, SignedURL
    from daypass.store import Store
    from daypass.uploads.cors import CorsPlan, CorsRule
    from daypass.uploads.formrequests import FormOptions, FormRequest
    from daypass.uploads.forms import UploadForm
    from daypass.uploads.functions import (
        acreate_multipart_upload,
        acreate_upload_form,
        aresume_multipart_upload,
        create_multipart_upload,
        create_upload_form,
        resume_multipart_upload,
    )
    from daypass.uploads.multipart import MultipartUpload
    from daypass.uploads.parts import PartLimits, UploadedPart, UploadSession

__version__: str  # found on first use, as every name here

__all__ = [
    "AccessDeniedError",
    "AuditError",
    "AuditFile",
    "AuditLogger",
    "BackendConflictError",
    "BackendInfo",
    "BackendNotFoundError",
    "ConfigError",
    "CorsPlan",
    "CorsRule",
    "CredentialsError",
    "DaypassError",
    "DeadlineError",
    "Explanation",
    "Finding",
    "FormOptions",
    "FormRequest",
    "FoundURL",
    "InvalidExpiryError",
    "InvalidPathError",
    "InvalidRequestError",
    "Location",
    "MultipartUpload",
    "ObjectMetadata",
    "ObjectNotFoundError",
    "PartLimits",
    "PluginError",
    "Policy",
    "PolicyError",
    "Quota",
    "QuotaError",
    "RedactingFilter",
    "RefusedError",
    "Rehearsal",
    "RequestCheck",
    "Rule",
    "SentRequest",
    "ShortLivedURLError",
    "ShortLivedURLWarning",
    "SignOptions",
    "SignRequest",
    "SignedPrefix",
    "SignedURL",
    "SignedURLBatch",
    "SigningEvent",
    "SigningNotSupportedError",
    "Store",
    "StoreError",
    "UnknownOptionError",
    "UnsupportedOptionError",
    "UploadForm",
    "UploadSession",
    "UploadedPart",
    "Verification",
    "acreate_multipart_upload",
    "acreate_signed_prefix",
    "acreate_signed_url",
    "acreate_upload_form",
    "add_audit",
    "ahead_metadata",
    "aresume_multipart_upload",
    "create_multipart_upload",
    "create_signed_prefix",
    "create_signed_url",
    "create_signed_urls",
    "create_upload_form",
    "explain",
    "head_metadata",
    "head_metadata_many",
    "hookimpl",
    "redact",
    "rehearse",
    "remove_audit",
    "resume_multipart_upload",
    "set_policy",
    "verify",
]

_HOMES = {
    "audit": ("AuditFile", "AuditLogger", "add_audit", "remove_audit"),
    "batches": ("SignedURLBatch",),
    "reading.explaining": ("explain",),
    "reading.explanations": ("Explanation", "RequestCheck", "Verification"),
    "reading.findings": ("Finding",),
    "reading.found": ("FoundURL", "SentRequest"),
    "uploads.cors": ("CorsPlan", "CorsRule"),
    "uploads.formrequests": ("FormOptions", "FormRequest"),
    "uploads.forms": ("UploadForm",),
    "hookspecs": ("BackendInfo", "SigningEvent", "hookimpl"),
    "locations": ("Location",),
    "uploads.functions": (
        "acreate_multipart_upload",
        "acreate_upload_form",
        "aresume_multipart_upload",
        "create_multipart_upload",
        "create_upload_form",
        "resume_multipart_upload",
    ),
    "uploads.multipart": ("MultipartUpload",),
    "uploads.parts": ("PartLimits", "UploadSession", "UploadedPart"),
    "policy": ("Policy", "Quota", "Rehearsal", "Rule", "set_policy"),
    "prefixes": ("SignedPrefix",),
    "redaction": ("RedactingFilter", "redact"),
    "requests": ("SignOptions", "SignRequest"),
    "results": ("ObjectMetadata", "SignedURL"),
    "store": ("Store",),
    "reading.verifying": ("verify",),
    "functions": (
        "acreate_signed_prefix",
        "acreate_signed_url",
        "ahead_metadata",
        "create_signed_prefix",
        "create_signed_url",
        "create_signed_urls",
        "head_metadata",
        "head_metadata_many",
        "rehearse",
    ),
}


def __getattr__(name: str) -> Any:
    """Import a public name's module on first use, so that ``import daypass`` costs next to nothing."""
    if name == "__version__":
        home = "version"
    elif name in __all__:
        home = next((module for module, names in _HOMES.items() if name in names), "errors")
    else:
        msg = f"module 'daypass' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f"daypass.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
