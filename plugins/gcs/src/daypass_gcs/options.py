"""``signer_options`` of Cloud Storage, checked on creation and against each other."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import attrs

from daypass.base.times import utc_or_text
from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError
from daypass.toolkit.options import bound_origin, flag

__all__ = ["GCSOptions"]

_EMAIL = re.compile(r"[A-Za-z0-9._-]{1,128}@[A-Za-z0-9.-]{1,255}")
#: ``my-project``, ``example.com:my-project`` or a project's number.
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,62}")
_LOOPBACK = re.compile(r"(?ai)http://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?/?")


def check_project(value: str, option: str) -> str:
    """Return a project's ID or number, or raise: it stands in a query that is signed."""
    if not _PROJECT.fullmatch(value):
        msg = f"{option} must be a project's ID or number, not {ascii(value)[:60]}"
        raise InvalidRequestError(msg, option=option)
    return value


def _text(_: object, field: attrs.Attribute[Any], value: object) -> None:
    """Raise where a value is no plain word; it is not shown, since it may be a secret."""
    if value is None:
        return
    if not isinstance(value, str) or not value:
        msg = f"{field.name} must be text that is not empty"
        raise InvalidRequestError(msg, option=field.name)
    if not value.isascii() or not value.isprintable() or " " in value:
        msg = (
            f"{field.name} holds spaces, line breaks or non-ASCII characters: check how it was read"
        )
        raise InvalidRequestError(msg, option=field.name)


def _style(value: bool) -> bool:
    return flag(value, "virtual_hosted_style")


def _moment(value: datetime | str | None) -> datetime | None:
    return utc_or_text(value, "credentials_expire_at")


@attrs.frozen(kw_only=True)
class GCSOptions:
    """The ``signer_options`` of Cloud Storage."""

    #: Access ID of an HMAC key (``GOOG1E...``); with ``hmac_secret`` it is what signs.
    hmac_access_id: str | None = attrs.field(default=None, validator=_text)
    #: Secret of the HMAC key.
    hmac_secret: str | None = attrs.field(default=None, validator=_text, repr=False)
    #: The service account to sign as, where the credential does not say it or is another's.
    service_account_email: str | None = attrs.field(default=None, validator=_text)
    #: The project that pays for requests made with ``requester_pays=True``.
    user_project: str | None = attrs.field(default=None, validator=_text)
    #: Sign ``https://bucket.host/key`` instead of ``https://host/bucket/key``.
    virtual_hosted_style: bool = attrs.field(default=False, converter=_style)
    #: A host that leads to the bucket itself: ``media.example``, or with ``http://`` before it.
    bucket_bound_hostname: str | None = attrs.field(default=None, validator=_text)
    #: Where IAM's ``signBlob`` is asked, ``https://host``, for private endpoints.
    iam_endpoint: str | None = attrs.field(default=None, validator=_text)
    #: When the key ends (aware datetime or ISO 8601), where an expiry was set for it.
    credentials_expire_at: datetime | None = attrs.field(default=None, converter=_moment)

    def __attrs_post_init__(self) -> None:
        """Check the forms of the options, and the options against each other."""
        self._check_hmac()
        if self.service_account_email and not _EMAIL.fullmatch(self.service_account_email):
            msg = f"service_account_email must be name@project.iam.gserviceaccount.com, not {self.service_account_email[:60]!r}"
            raise InvalidRequestError(msg, option="service_account_email")
        if self.user_project is not None:
            check_project(self.user_project, "user_project")
        if self.bucket_bound_hostname is not None:
            self._check_bound()
        if self.iam_endpoint is not None:
            check_endpoint(self.iam_endpoint, "iam_endpoint")
            if not (
                self.iam_endpoint.lower().startswith("https:")
                or _LOOPBACK.fullmatch(self.iam_endpoint)
            ):
                msg = "iam_endpoint must be https://, since an access token is sent there (http:// for loopback only)"
                raise InvalidRequestError(msg, option="iam_endpoint")

    def _check_hmac(self) -> None:
        if (self.hmac_access_id is None) != (self.hmac_secret is None):
            option = "hmac_secret" if self.hmac_secret is None else "hmac_access_id"
            msg = "an HMAC key is an access ID and its secret: give hmac_access_id and hmac_secret together"
            raise InvalidRequestError(msg, option=option)
        if self.hmac_access_id is None:
            return
        if "/" in self.hmac_access_id:
            msg = "hmac_access_id holds a slash, which no access ID does: check how it was read"
            raise InvalidRequestError(msg, option="hmac_access_id")
        if self.service_account_email is not None:
            msg = (
                "an HMAC key has an account of its own: give it or service_account_email, not both"
            )
            raise InvalidRequestError(msg, option="service_account_email")

    def _check_bound(self) -> None:
        if self.virtual_hosted_style:
            msg = "a bucket-bound host names the bucket already: drop virtual_hosted_style"
            raise InvalidRequestError(msg, option="virtual_hosted_style")
        bound_origin(self.bucket_bound_hostname or "", "bucket_bound_hostname")
