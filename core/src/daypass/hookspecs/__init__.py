"""The contract with plugins: its hooks, and the words that they are told in."""

from __future__ import annotations

from daypass.hookspecs.backend_info import BackendInfo
from daypass.hookspecs.events import SigningEvent
from daypass.hookspecs.hooks import (
    authorize,
    cors,
    create_multipart_upload,
    create_signed_prefix,
    create_signed_url,
    create_signed_urls,
    create_upload_form,
    describe_backend,
    explain_url,
    head_metadata,
    hookimpl,
    hookspec,
    record,
    verify_url,
)
from daypass.hookspecs.project_options import ProjectOptions

__all__ = [
    "BackendInfo",
    "ProjectOptions",
    "SigningEvent",
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
    "record",
    "verify_url",
]
