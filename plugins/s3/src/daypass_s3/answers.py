"""What S3's errors mean for a link, and what to do.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
"""

from __future__ import annotations

from datetime import datetime

from daypass.base.messages import escaped
from daypass.base.times import moment
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import ErrorBody
from daypass.toolkit.answers import (
    answered,
    arrived_method,
    clock_skew,
    ended_before,
    headers_to_send,
)

_SAID = {
    "InvalidAccessKeyId": "the store knows no such access key: it was deleted or deactivated, belongs to another store, or the session token is missing",
    "ExpiredToken": "the temporary credentials that signed it have ended, though the link's own end may be later: sign again with fresh ones",
    "InvalidToken": "the session token is malformed or belongs to other keys: sign with the three values of one set of credentials",
    "TokenRefreshRequired": "the temporary credentials must be refreshed: sign again",
    "NoSuchKey": "the signature is right, and there is no such object: check the key, character by character",
    "NoSuchBucket": "there is no such bucket: check its name, and whether it is in the host or in the path",
    "NoSuchVersion": "there is no such version of the object",
    "NoSuchUpload": "there is no such multipart upload: it was completed or aborted",
    "MethodNotAllowed": "the object (a delete marker, perhaps) does not allow this method",
    "PreconditionFailed": "a condition was not met: with If-None-Match: * the object exists already",
    "InvalidDigest": "Content-MD5 is no base64 of an MD5",
    "BadDigest": "the body that arrived is not the one that Content-MD5 or a checksum was made of",
    "XAmzContentSHA256Mismatch": "the body is not the one that x-amz-content-sha256 was made of",
    "EntityTooLarge": "the upload is larger than what is allowed",
    "EntityTooSmall": "the upload is smaller than what is allowed",
    "IncompleteBody": "fewer bytes arrived than Content-Length said",
    "MissingContentLength": "the request must say its Content-Length: do not upload in chunks",
    "SlowDown": "the store asks for fewer requests: try again, more slowly",
    "ServiceUnavailable": "the store is busy: try again",
    "InternalError": "the store failed: try again",
    "AccountProblem": "there is a problem with the account (billing, perhaps)",
    "AllAccessDisabled": "all access to this bucket has been disabled",
    "InvalidObjectState": "the object is archived: restore it first",
    "SignatureDoesNotMatch": "the request that arrived is not the one that was signed, or it was signed with another secret: verify names the piece",
    "InvalidRequest": "the store does not take such a request: where the message speaks of the authorization mechanism, sign with Version 4 (signature_version='s3v4')",
    "MalformedPOSTRequest": "the form is not well-formed: it must be multipart/form-data, with the file as the last field",
}


def findings_of(error: ErrorBody, link: Explanation, now: datetime) -> list[Finding]:
    """Say what an error means for this link."""
    code, details = error.code, error.details
    said = _SAID.get(code)
    if code == "AccessDenied":
        said = _denied(error.message)
    elif code == "RequestTimeTooSkewed":
        said = "the clock of the machine that signed differs from the store's by more than 15 minutes: set it by NTP"
    elif code in ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed") or (
        code == "AuthorizationQueryParametersError"
    ):
        said = _elsewhere(error)
    elif code == "IllegalLocationConstraintException":
        said = "the bucket is in another region than the host: sign for the bucket's region"
    findings = [answered(error, said)]
    if code == "SignatureDoesNotMatch":
        findings += _of_mismatch(details, link)
    findings += _of_clock(details, link, now)
    return findings


def _denied(message: str) -> str:
    lower = message.lower()
    if "expired" in lower:
        return "the link had ended when the request arrived: sign a new one, or check the clock of the machine that signed"
    if "not yet valid" in lower:
        return "the request arrived before the link's date: the clock of the machine that signed is ahead"
    if "headers present in the request which were not signed" in lower or "not signed" in lower:
        return "the request carried x-amz- headers that the link did not sign: leave them out, or sign them"
    if "access denied by policy" in lower or "invalid according to policy" in lower:
        return "the form does not meet its own policy: a field has another value, or the policy has ended"
    return (
        "the one who signed may not do this (or the object does not exist and they may not list): a link "
        "can never do more than its signer; bucket policies, KMS keys and block-public-access decide too"
    )


def _elsewhere(error: ErrorBody) -> str:
    region = error.details.get("Region")
    endpoint = error.details.get("Endpoint")
    if region:
        return f"it was signed for another region than the bucket's: sign for {escaped(region, 40)}"
    if endpoint:
        return f"the bucket answers at {escaped(endpoint, 100)}: sign for that host"
    return f"the signature's parameters are wrong: {escaped(error.message, 200)}"


def _of_mismatch(details: dict[str, str], link: Explanation) -> list[Finding]:
    """Read the canonical request that S3 returns with a mismatch: what arrived, in S3's eyes."""
    lines = details.get("CanonicalRequest", "").split("\n")
    findings = arrived_method(details)
    signed = set(link.headers or ())
    arrived = {}
    for line in lines[3:]:
        if not line:
            break
        name, _, value = line.partition(":")
        arrived[name] = value
    for name in sorted(signed & arrived.keys()):
        why = f"{name} arrived as {ascii(arrived[name])[:80]}: it must be the signed value"
        findings.append(Finding("note", "arrived-header", why))
    if not arrived:
        findings += headers_to_send(link)
    gone = sorted(signed - arrived.keys()) if arrived else []
    findings += [
        Finding("error", "header-missing", f"{name} is signed and did not arrive: send it")
        for name in gone
    ]
    if (
        (known := details.get("AWSAccessKeyId"))
        and link.credential_id
        and known != link.credential_id
    ):
        why = (
            "the store read another access key than the link names: the URL was changed on its way"
        )
        findings.append(Finding("error", "other-credential", why))
    return findings


def _of_clock(details: dict[str, str], link: Explanation, now: datetime) -> list[Finding]:
    """Compare the store's clock with ours and the link's."""
    server = moment(details.get("ServerTime"))
    if server is None:
        return []
    end = moment(details.get("Expires")) or link.expires_at
    return clock_skew(now, server) + ended_before(end, server)
