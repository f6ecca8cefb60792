"""``FormOptions``: the keywords of every upload form, which who makes links alone does not pay for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict

from daypass.base.times import Duration

__all__ = ["FormOptions"]


class FormOptions(TypedDict, total=False):
    """The keywords of every ``create_upload_form``: the fields of `FormRequest`, one for one."""

    expires_in: Duration | None
    expires_at: datetime | None
    content_type: str | None
    content_type_prefix: str | None
    content_md5: str | bytes | None
    checksum_sha256: str | bytes | None
    content_length: int | None
    min_bytes: int | None
    max_bytes: int | None
    if_absent: bool
    metadata: Mapping[str, str] | None
    acl: str | None
    storage_class: str | None
    tags: Mapping[str, str] | None
    kms_key: str | None
    encryption_key: str | bytes | None
    headers: Mapping[str, str] | None
    success_status: int | None
    success_redirect: str | None
    strict: bool
    on_short: Literal["warn", "raise"]
    allow_dot_segments: bool
    signing_time: datetime | None
