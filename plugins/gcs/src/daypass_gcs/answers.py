"""What Cloud Storage's errors mean for a link, and what to do.

https://docs.cloud.google.com/storage/docs/xml-api/reference-status.
"""

from __future__ import annotations

from datetime import datetime

from daypass.base.messages import escaped
from daypass.base.times import span
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import ErrorBody
from daypass.toolkit.answers import answered, arrived_method, headers_to_send

_SAID = {
    "AccessDenied": "the service account that signed may not do this: a link can never do more than its signer; it needs storage.objects.get, .create or .delete on the bucket",
    "ExpiredToken": "the link had ended when the request arrived: sign a new one, or check the clock of the machine that signed",
    "InvalidSecurity": "the signature's parameters are malformed: the URL was changed on its way",
    "InvalidArgument": "a parameter has a value that Cloud Storage does not take",
    "MalformedSecurityHeader": "the request carried x-goog- headers that the link did not sign, or lacks one that it did",
    "ExcessHeaderValues": "a header was sent twice: send it once",
    "NoSuchKey": "the signature is right, and there is no such object: check the key, character by character",
    "NoSuchBucket": "there is no such bucket: check its name, and whether it is in the host or in the path",
    "SignatureDoesNotMatch": "the request that arrived is not the one that was signed, or it was signed with another key: verify names the piece",
    "InvalidAccessKeyId": "Cloud Storage knows no such HMAC key or service account: it was deleted or deactivated",
    "PreconditionFailed": "a condition was not met: with x-goog-if-generation-match: 0 the object exists already",
    "UserProjectMissing": "the bucket's requester pays: sign with requester_pays=True and a user_project",
    "EntityTooLarge": "the upload is larger than x-goog-content-length-range allows",
    "EntityTooSmall": "the upload is smaller than x-goog-content-length-range allows",
    "BadDigest": "the body that arrived is not the one that Content-MD5 was made of",
    "InvalidPolicyDocument": "the form does not meet its own policy, or the policy has ended",
    "AuthenticationRequired": "no signature was found: parameters of the URL were cut off",
    "AccountProblem": "billing of the project is closed, or it has another problem",
    "SlowDown": "the store asks for fewer requests: try again, more slowly",
    "InternalError": "the store failed: try again",
    "ServiceUnavailable": "the store is busy: try again",
}


def findings_of(error: ErrorBody, link: Explanation, now: datetime) -> list[Finding]:
    """Say what an error means for this link."""
    code = error.code
    said = _SAID.get(code)
    whole = f"{error.message} {error.details.get('Details', '')}"
    if code == "AccessDenied" and "expire" in whole.lower():
        said = _SAID["ExpiredToken"]
    findings = [answered(error, said or escaped(whole, 200))]
    if code == "SignatureDoesNotMatch":
        findings += [*arrived_method(error.details), *headers_to_send(link)]
    if link.expires_at is not None and link.expires_at > now and said == _SAID["ExpiredToken"]:
        why = f"by this machine's clock it has {span((link.expires_at - now).total_seconds())} left: one of the clocks is wrong"
        findings.append(Finding("warning", "clock-skew", why))
    return findings
