"""IAM's ``signBlob``: a signature by a key that Google keeps, for one round trip each.

https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
"""

from __future__ import annotations

import json
import random
import time
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from email.utils import parsedate_to_datetime
from typing import Any

import attrs

from daypass.errors import CredentialsError, DaypassError, StoreError
from daypass.toolkit.deadlines import Deadline

#: Worth asking again: too many requests, and failures of the server.
_AGAIN = frozenset({429, 500, 502, 503, 504})
#: The first and the longest pause between two tries, in seconds, where the server names none.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 4.0
#: Google's answers are a few hundred bytes; an RSA-4096 signature is 512 bytes.
_LONGEST_SIGNATURE = 1024

_OK, _UNAUTHENTICATED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404


@attrs.frozen
class Blob:
    """What is asked of IAM, and how to authenticate."""

    url: str
    email: str
    #: Service accounts between the caller and the one that signs.
    delegates: tuple[str, ...]
    message: bytes = attrs.field(repr=False)

    @property
    def body(self) -> bytes:
        """The request's body."""
        asked: dict[str, Any] = {"payload": b64encode(self.message).decode()}
        if self.delegates:
            asked["delegates"] = [
                name if "/" in name else f"projects/-/serviceAccounts/{name}"
                for name in self.delegates
            ]
        return json.dumps(asked).encode()


def sign_blob(
    blob: Blob,
    *,
    request: Callable[..., Any],
    authorize: Callable[..., dict[str, str]],
    deadline: Deadline,
) -> bytes:
    """Ask until there is a signature, a clear refusal, or no time left.

    Args:
        blob: what to sign, and as whom.
        request: google-auth's transport, bounded by the deadline.
        authorize: returns the headers that authenticate; called with ``again=True`` after a refusal.
        deadline: when to give up.

    Raises:
        CredentialsError: if IAM refuses, with what to grant.
        DeadlineError: if it kept failing until the deadline.
        StoreError: if its answer makes no sense.

    """
    from google.auth.exceptions import TransportError

    renewed, pause, last = False, _FIRST_PAUSE, "nothing"
    headers = {"Content-Type": "application/json", **authorize(again=False)}
    while True:
        try:
            answer = request(url=blob.url, method="POST", body=blob.body, headers=headers)
        except TransportError:
            wait, last = _jitter(pause), "no answer"
        else:
            status = answer.status
            if status == _OK:
                return _signature(answer.data)
            if status == _UNAUTHENTICATED and not renewed:
                renewed = True
                headers.update(authorize(again=True))
                continue
            if status not in _AGAIN:
                raise refusal(status, answer.data, blob.email)
            wait, last = _wanted_pause(answer.headers) or _jitter(pause), f"HTTP {status}"
        # A try that begins in the last moment could not end in time.
        if wait >= deadline.left - deadline.one_try * 0.3:
            what = f"signBlob as {blob.email} (IAM's last answer: {last})"
            raise deadline.error(what)
        deadline.sleep(wait)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _jitter(pause: float) -> float:
    """Spread the tries of many clients that failed at once."""
    return pause * random.uniform(0.5, 1)  # noqa: S311 - nothing secret about it


def _wanted_pause(headers: Any) -> float | None:
    """Read Retry-After (RFC 9110 section 10.2.3): seconds, or a date."""
    value = headers.get("Retry-After") or headers.get("retry-after")
    if not value:
        return None
    if value.isdigit() and value.isascii():
        return max(float(value[:9]), 0.001)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.001)
    except (ValueError, OverflowError):
        return None


def _signature(data: bytes) -> bytes:
    try:
        signature = b64decode(json.loads(data)["signedBlob"], validate=True)
    except (ValueError, KeyError, TypeError, Base64Error):
        signature = b""
    if not 0 < len(signature) <= _LONGEST_SIGNATURE:
        msg = "IAM answered signBlob with something that is no signature: check iam_endpoint"
        raise StoreError(msg)
    return signature


def refusal(status: int, data: bytes, email: str) -> DaypassError:
    """Name the remedy for an answer that asking again will not change."""
    if status == _FORBIDDEN and _mentions(data, "SERVICE_DISABLED"):
        return CredentialsError(
            "the IAM Service Account Credentials API is disabled: enable iamcredentials.googleapis.com "
            "in the project, or sign with an HMAC key (hmac_access_id, hmac_secret)"
        )
    if status == _FORBIDDEN:
        return CredentialsError(
            f"IAM does not let this credential sign as {email}: grant it "
            f"roles/iam.serviceAccountTokenCreator on that service account (an account may need it "
            "on itself), or sign with an HMAC key (hmac_access_id, hmac_secret)"
        )
    if status == _NOT_FOUND:
        return CredentialsError(
            f"IAM knows no service account {email}: check signer_options service_account_email"
        )
    if status == _UNAUTHENTICATED:
        return CredentialsError(
            f"IAM does not accept the access token for signing as {email}: it has ended, or lacks "
            "the scope https://www.googleapis.com/auth/cloud-platform"
        )
    return StoreError(f"IAM refused signBlob as {email} with HTTP {status}")


def _mentions(data: bytes, reason: str) -> bool:
    """Look for Google's ErrorInfo; the text itself is never shown."""
    try:
        details: Iterable[Any] = json.loads(data)["error"].get("details", ())
        return any(detail.get("reason") == reason for detail in details)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
