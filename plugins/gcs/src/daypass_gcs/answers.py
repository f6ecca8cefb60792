"""What Cloud Storage's errors mean for a link, and what to do.

https://docs.cloud.google.com/storage/docs/xml-api/reference-status.
"""

from __future__ import annotations

from daypass.base.messages import escaped
from daypass.base.times import span
from daypass.hookspecs.error_body import ErrorBody
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass.toolkit.answers import answered, arrived_at, clock_skew, fault_of_link
from daypass.toolkit.arrivals import arrived_findings
from daypass.toolkit.v4 import GOOG4_RSA

_SAID = {
    "AccessDenied": "the service account that signed may not do this: a link can never do more than its signer; it needs storage.objects.get, .create or .delete on the bucket",
    "ExpiredToken": "the link had ended when the request arrived: sign a new one, or check the clock of the machine that signed",
    "RequestNotYetValid": "the request arrived before the link's date: the clock of the machine that signed is ahead",
    "InvalidSecurity": "the signature's parameters are malformed, or of a key that Cloud Storage does not know: the URL was changed on its way, or its key was deleted",
    "InvalidArgument": "a parameter has a value that Cloud Storage does not take",
    "MalformedSecurityHeader": "the request carried x-goog- headers that the link did not sign, or lacks one that it did",
    "ExcessHeaderValues": "the request carried x-goog- headers that the link did not sign, or a header twice: leave them out, or sign them",
    "NoSuchKey": "the signature is right, and there is no such object: check the key, character by character",
    "NoSuchBucket": "there is no such bucket: check its name, and whether it is in the host or in the path",
    "SignatureDoesNotMatch": "the request that arrived is not the one that was signed, or it was signed with another key: verify names the piece",
    "InvalidAccessKeyId": "Cloud Storage knows no such HMAC key or service account: it was deleted or deactivated",
    "PreconditionFailed": "a condition was not met: with x-goog-if-generation-match: 0 the object exists already",
    "UserProjectMissing": "the bucket's requester pays: sign with requester_pays=True and a user_project",
    "EntityTooLarge": "the upload is larger than x-goog-content-length-range allows",
    "EntityTooSmall": "the upload is smaller than x-goog-content-length-range allows",
    "InvalidRange": "the request asks for bytes (Range) that the object does not have",
    "ResourceIsEncryptedWithCustomerEncryptionKey": "the object is encrypted with a customer's key: send the same x-goog-encryption- headers, and sign them",
    "ResourceNotEncryptedWithCustomerEncryptionKey": "the object is not encrypted with a customer's key: leave out the x-goog-encryption- headers, and do not sign them",
    "BadDigest": "the body that arrived is not the one that Content-MD5 was made of",
    "InvalidPolicyDocument": "the form does not meet its own policy, or the policy has ended",
    "AuthenticationRequired": "no signature was found: parameters of the URL were cut off or changed on the way",
    "AccountProblem": "billing of the project is closed, or it has another problem",
    "SlowDown": "the store asks for fewer requests: try again, more slowly",
    "InternalError": "the store failed: try again",
    "ServiceUnavailable": "the store is busy: try again",
}
#: With these it refuses who asks, so that what the link says of itself counts.
_REFUSALS = frozenset(
    {"", "AccessDenied", "ExpiredToken", "RequestNotYetValid", "SignatureDoesNotMatch", "InvalidSecurity",
     "AuthenticationRequired", "InvalidArgument"}
)  # fmt: skip
_REFUSED, _MISSING = (400, 401, 403), 404


def findings_of(url: FoundURL, link: Explanation, error: ErrorBody) -> list[Finding]:
    """Say what an answer means for this link.

    Args:
        url: the link.
        link: what it says of itself.
        error: the answer.

    """
    arrived = (
        arrived_findings(url, link, GOOG4_RSA) if error.code == "SignatureDoesNotMatch" else []
    )
    said = None
    if error.kind in ("xml", "json", "empty") and error.code in _REFUSALS:
        if error.status in (None, *_REFUSED):
            said = fault_of_link(url, link)
        said = said or next((one.message for one in arrived if one.severity == "error"), None)
    said = said or _of_words(error) or _SAID.get(error.code)
    if said is None and error.kind == "empty" and error.status == _MISSING:
        said = _SAID["NoSuchKey"]
    findings = [answered(error, said), *arrived]
    if error.answered_at is not None:
        findings += clock_skew(url.now, arrived_at(error, url.now))
    elif (
        said == _SAID["ExpiredToken"] and link.expires_at is not None and link.expires_at > url.now
    ):
        left = span((link.expires_at - url.now).total_seconds())
        why = f"by this machine's clock it has {left} left: one of the clocks is wrong"
        findings.append(Finding("warning", "clock-skew", why))
    return findings


def _of_words(error: ErrorBody) -> str | None:
    """Say what its own words mean, where its code stands for many things."""
    words = f"{error.message} {error.details.get('Details', '')}".lower()
    if error.code in ("AccessDenied", "InvalidArgument", "ExpiredToken") and "expire" in words:
        return _SAID["ExpiredToken"]
    if parameter := error.details.get("ParameterName"):
        return f"the parameter {escaped(parameter, 60)} is missing, or has a value that Cloud Storage does not take: see its own words"
    if "anonymous caller" in words:
        return _SAID["AuthenticationRequired"]
    if error.code == "AccessDenied" and ("policy" in words or "form" in words):
        return _SAID["InvalidPolicyDocument"]
    return None
