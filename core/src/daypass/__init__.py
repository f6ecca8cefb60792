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
    from daypass.backends.outputs import mask_before_saving
    from daypass.backends.redaction import RedactingFilter, redact
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
    from daypass.hookspecs import BackendInfo, SigningEvent, hookimpl
    from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
    from daypass.hookspecs.explanations import Explanation
    from daypass.hookspecs.findings import Finding
    from daypass.hookspecs.found import FoundURL
    from daypass.hookspecs.part_limits import PartLimits
    from daypass.hookspecs.parts import UploadedPart, UploadSession
    from daypass.hookspecs.presets import Preset
    from daypass.hookspecs.verifications import RequestCheck, SentRequest, Verification
    from daypass.manifest.functions import (
        ahead_manifest,
        asign_manifest,
        head_manifest,
        sign_manifest,
    )
    from daypass.manifest.report import ManifestReport
    from daypass.model.batches import SignedURLBatch
    from daypass.model.callers import Caller
    from daypass.model.form_options import FormOptions
    from daypass.model.forms import FormRequest, UploadForm
    from daypass.model.inboxes import Inbox
    from daypass.model.links import SignedURL
    from daypass.model.locations import Location
    from daypass.model.metadata import ObjectMetadata
    from daypass.model.prefixes import SignedPrefix
    from daypass.model.requests import SignOptions, SignRequest
    from daypass.model.written import form_options, sign_options
    from daypass.objects import sign, sign_inplace
    from daypass.policy import Policy, Quota, Rehearsal, Rule, set_policy
    from daypass.reading.explain import explain
    from daypass.reading.verify import verify
    from daypass.sharing.async_functions import arequest_upload, ashare
    from daypass.sharing.functions import share
    from daypass.sharing.requests import request_upload
    from daypass.store import Store
    from daypass.store.async_functions import (
        acreate_multipart_upload,
        acreate_signed_prefix,
        acreate_signed_url,
        acreate_signed_urls,
        acreate_upload_form,
        ahead_metadata,
        ahead_metadata_many,
        aresume_multipart_upload,
    )
    from daypass.store.fresh import FreshLinks, fresh
    from daypass.store.functions import (
        create_signed_prefix,
        create_signed_url,
        create_signed_urls,
        head_metadata,
        head_metadata_many,
        rehearse,
    )
    from daypass.store.multipart import MultipartUpload
    from daypass.store.upload_functions import (
        create_multipart_upload,
        create_upload_form,
        resume_multipart_upload,
    )
    from daypass.transfer.functions import adownload, download
    from daypass.transfer.outcome import Transfer
    from daypass.transfer.upload_functions import aabort_upload, abort_upload, aupload, upload

__version__: str  # found on first use, as every name here

__all__ = [
    "AccessDeniedError",
    "AuditError",
    "AuditFile",
    "AuditLogger",
    "BackendConflictError",
    "BackendInfo",
    "BackendNotFoundError",
    "Caller",
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
    "FreshLinks",
    "Inbox",
    "InvalidExpiryError",
    "InvalidPathError",
    "InvalidRequestError",
    "Location",
    "ManifestReport",
    "MultipartUpload",
    "ObjectMetadata",
    "ObjectNotFoundError",
    "PartLimits",
    "PluginError",
    "Policy",
    "PolicyError",
    "Preset",
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
    "Transfer",
    "UnknownOptionError",
    "UnsupportedOptionError",
    "UploadForm",
    "UploadSession",
    "UploadedPart",
    "Verification",
    "aabort_upload",
    "abort_upload",
    "acreate_multipart_upload",
    "acreate_signed_prefix",
    "acreate_signed_url",
    "acreate_signed_urls",
    "acreate_upload_form",
    "add_audit",
    "adownload",
    "ahead_manifest",
    "ahead_metadata",
    "ahead_metadata_many",
    "arequest_upload",
    "aresume_multipart_upload",
    "ashare",
    "asign_manifest",
    "aupload",
    "create_multipart_upload",
    "create_signed_prefix",
    "create_signed_url",
    "create_signed_urls",
    "create_upload_form",
    "download",
    "explain",
    "form_options",
    "fresh",
    "head_manifest",
    "head_metadata",
    "head_metadata_many",
    "hookimpl",
    "mask_before_saving",
    "redact",
    "rehearse",
    "remove_audit",
    "request_upload",
    "resume_multipart_upload",
    "set_policy",
    "share",
    "sign",
    "sign_inplace",
    "sign_manifest",
    "sign_options",
    "upload",
    "verify",
]

_HOMES = {
    "audit": ("AuditFile", "AuditLogger", "add_audit", "remove_audit"),
    "backends.outputs": ("mask_before_saving",),
    "backends.redaction": ("RedactingFilter", "redact"),
    "hookspecs": ("BackendInfo", "SigningEvent", "hookimpl"),
    "hookspecs.cors_rules": ("CorsPlan", "CorsRule"),
    "hookspecs.explanations": ("Explanation",),
    "hookspecs.findings": ("Finding",),
    "hookspecs.found": ("FoundURL",),
    "hookspecs.part_limits": ("PartLimits",),
    "hookspecs.parts": ("UploadSession", "UploadedPart"),
    "hookspecs.presets": ("Preset",),
    "hookspecs.verifications": ("RequestCheck", "SentRequest", "Verification"),
    "manifest.functions": (
        "ahead_manifest",
        "asign_manifest",
        "head_manifest",
        "sign_manifest",
    ),
    "manifest.report": ("ManifestReport",),
    "model.batches": ("SignedURLBatch",),
    "model.callers": ("Caller",),
    "model.form_options": ("FormOptions",),
    "model.forms": ("FormRequest", "UploadForm"),
    "model.inboxes": ("Inbox",),
    "model.links": ("SignedURL",),
    "model.locations": ("Location",),
    "model.metadata": ("ObjectMetadata",),
    "model.prefixes": ("SignedPrefix",),
    "model.requests": ("SignOptions", "SignRequest"),
    "model.written": ("form_options", "sign_options"),
    "objects": ("sign", "sign_inplace"),
    "policy": ("Policy", "Quota", "Rehearsal", "Rule", "set_policy"),
    "reading.explain": ("explain",),
    "reading.verify": ("verify",),
    "sharing.async_functions": ("arequest_upload", "ashare"),
    "sharing.functions": ("share",),
    "sharing.requests": ("request_upload",),
    "store": ("Store",),
    "store.async_functions": (
        "acreate_multipart_upload",
        "acreate_signed_prefix",
        "acreate_signed_url",
        "acreate_signed_urls",
        "acreate_upload_form",
        "ahead_metadata",
        "ahead_metadata_many",
        "aresume_multipart_upload",
    ),
    "store.fresh": ("FreshLinks", "fresh"),
    "store.functions": (
        "create_signed_prefix",
        "create_signed_url",
        "create_signed_urls",
        "head_metadata",
        "head_metadata_many",
        "rehearse",
    ),
    "store.multipart": ("MultipartUpload",),
    "store.upload_functions": (
        "create_multipart_upload",
        "create_upload_form",
        "resume_multipart_upload",
    ),
    "transfer.functions": ("adownload", "download"),
    "transfer.outcome": ("Transfer",),
    "transfer.upload_functions": ("aabort_upload", "abort_upload", "aupload", "upload"),
}
#: What IPython looks for: ``%load_ext daypass``.
_OF_IPYTHON = ("load_ipython_extension", "unload_ipython_extension")


def __getattr__(name: str) -> Any:
    """Import a public name's module on first use, so that ``import daypass`` costs next to nothing."""
    if name == "__version__":
        home = "base.version"
    elif name in _OF_IPYTHON:
        home = "backends.outputs"
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
