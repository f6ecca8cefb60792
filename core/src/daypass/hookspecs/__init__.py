"""The contract with plugins: its hooks, and the words that they are told in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.base.lazily import given_by
from daypass.hookspecs.backend_info import BackendInfo
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
    request_upload,
    share_object,
    sign_object,
    verify_url,
)
from daypass.hookspecs.project_options import ProjectOptions

if TYPE_CHECKING:
    from daypass.hookspecs.events import SigningEvent

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
    "request_upload",
    "share_object",
    "sign_object",
    "verify_url",
]

__getattr__ = given_by(__name__, {"SigningEvent": "events"})
