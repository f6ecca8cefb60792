"""What S3's errors mean for a link, and what to do.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. Stores that speak S3 use the same codes for other
things: what the link itself says, and what the store says of what arrived, comes before what a code means.
"""

from __future__ import annotations

import re

from daypass.base.messages import escaped
from daypass.base.times import moment
from daypass.hookspecs.error_body import ErrorBody
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass.toolkit.answers import answered, arrived_at, clock_skew, ended_before, fault_of_link
from daypass.toolkit.arrivals import arrived_findings
from daypass.toolkit.v4 import AWS4

_ENDED = "the link had ended when the request arrived: sign a new one, or check the clock of the machine that signed"
_CLOCK = "the clock of the machine that signed differs from the store's by more than 15 minutes: set it by NTP"
_POLICY = "the form does not meet its own policy: a field has another value than the policy says, or the policy has ended"
_CUT = "parameters of the URL were cut off: where it is whole here, a shell that got it without quotes has cut it at its first &"
_ENCRYPTED = "the object is encrypted with a customer's key: send the same x-amz-server-side-encryption-customer- headers, and sign them"
_SAID = {
    "InvalidAccessKeyId": "the store knows no such access key: it was deleted or deactivated, belongs to another store, or the session token is missing",
    "ExpiredToken": "the temporary credentials that signed it have ended, though the link's own end may be later: sign again with fresh ones",
    "InvalidToken": "the session token is malformed or belongs to other keys: sign with the three values of one set of credentials",
    "TokenRefreshRequired": "the temporary credentials must be refreshed: sign again",
    "RequestTimeTooSkewed": _CLOCK,
    "NoSuchKey": "the signature is right, and there is no such object: check the key, character by character",
    "NoSuchBucket": "there is no such bucket: check its name, and whether it is in the host or in the path",
    "NoSuchVersion": "there is no such version of the object",
    "NoSuchUpload": "there is no such multipart upload: it was completed or aborted",
    "MethodNotAllowed": "the object (a delete marker, perhaps) does not allow this method",
    "PreconditionFailed": "a condition was not met: with If-None-Match: * the object exists already",
    "InvalidRange": "the request asks for bytes (Range) that the object does not have",
    "MissingAuthenticationToken": _CUT,
    "UnsupportedAlgorithm": _CUT,
    "NotImplemented": "the store does not have what a parameter or a header asks for",
    "InvalidDigest": "Content-MD5 is no base64 of an MD5",
    "BadDigest": "the body that arrived is not the one that Content-MD5 or a checksum was made of",
    "XAmzContentSHA256Mismatch": "the body is not the one that x-amz-content-sha256 was made of",
    "XAmzContentChecksumMismatch": "the body is not the one that the checksum was made of",
    "EntityTooLarge": "the upload is larger than what is allowed",
    "EntityTooSmall": "the upload is smaller than what is allowed",
    "IncompleteBody": "fewer bytes arrived than Content-Length said",
    "MissingContentLength": "the request must say its Content-Length: do not upload in chunks",
    "SlowDown": "the store asks for fewer requests: try again, more slowly",
    "ServiceUnavailable": "the store is busy: try again",
    "InternalError": "the store failed: try again",
    "AccessControlListNotSupported": "the bucket allows no ACLs: whoever owns it owns every object in it; sign without one",
    "AccountProblem": "there is a problem with the account (billing, perhaps)",
    "AllAccessDisabled": "all access to this bucket has been disabled",
    "InvalidObjectState": "the object is archived: restore it first",
    "IllegalLocationConstraintException": "the bucket is in another region than the host: sign for the bucket's region",
    "SignatureDoesNotMatch": "the request that arrived is not the one that was signed, or it was signed with another secret: verify names the piece",
    "MalformedPOSTRequest": "the form is not well-formed: it must be multipart/form-data, with the file as the last field",
}
#: By what a message says, in lower case; the first that is found. The same code stands for many things.
_SAID_BY_WORDS = {
    "query-string authentication": _CUT,
    "missing x-amz-": _CUT,
    "signature version 4": "the store takes such a request with Version 4 alone: sign with it (signature_version='s3v4')",
    "authorization mechanism": "the store takes Version 4 alone: sign with it (signature_version='s3v4')",
    "checksum": "the checksum in the request is malformed, of an algorithm that the store does not have, or not that of the body",
    "you specified did not match": "the body that arrived is not the one that Content-MD5 or a checksum was made of",
    "kms": "the object is encrypted with a key of KMS, which the one who signed may not use: grant kms:Decrypt to read, and kms:GenerateDataKey to write",
    "server side encryption": _ENCRYPTED,
    "server-side encryption": _ENCRYPTED,
    "encryption key": _ENCRYPTED,
    "difference between the request time": _CLOCK,
    "expired": _ENDED,
    "not yet valid": "the request arrived before the link's date: the clock of the machine that signed is ahead",
    "not valid yet": "the request arrived before the link's date: the clock of the machine that signed is ahead",
    "policy condition": _POLICY,
    "by policy": _POLICY,
    "to policy": _POLICY,
    "policy check": _POLICY,
    "signature": "the request that arrived is not the one that was signed, or it was signed with another secret: verify names the piece",
}
#: And where there is no error with a code: Swift's own words, in a page and in plain text.
_SAID_OF_SWIFT = {
    "malformed or otherwise incorrect": _CUT,
    "formpost": "the store has no forms of S3: what answered is Swift's FormPost; sign a PUT for each object instead",
}
#: With these the store refuses who asks, so that what the link says of itself counts.
_REFUSALS = frozenset(
    {
        "",
        "AccessDenied",
        "Forbidden",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "RequestExpired",
    }
)
_REFUSED, _MISSING = (400, 401, 403), 404
#: A HEAD in the wrong region has no more than this and a header.
_MOVED = (301, 307, 308, 400)
_MALFORMED = re.compile(r"(?i)credential.{0,40}mal-?formed|mal-?formed.{0,40}credential")
_ACTION = re.compile(r"not authorized to perform: ([A-Za-z0-9-]{1,40}:[A-Za-z0-9*]{1,80})")


def findings_of(url: FoundURL, link: Explanation, error: ErrorBody) -> list[Finding]:
    """Say what an answer means for this link.

    Args:
        url: the link.
        link: what it says of itself.
        error: the answer.

    """
    arrived = arrived_findings(url, link, AWS4) if error.code == "SignatureDoesNotMatch" else []
    arrived += _of_credential(error, link)
    said = None
    if error.kind in ("xml", "json", "empty") and error.code in _REFUSALS:
        if error.status in (None, *_REFUSED):
            said = fault_of_link(url, link)
        said = said or next((one.message for one in arrived if one.severity == "error"), None)
    said = said or _of_words(error, link) or _of_code(error, link)
    return [answered(error, said), *arrived, *_of_clock(error, link, url)]


def _of_words(error: ErrorBody, link: Explanation) -> str | None:
    """Say what a store's own words mean, where its code stands for many things."""
    words = error.message.lower()
    if error.code in _SAID:
        return None
    if error.kind in ("html", "text"):  # what else they say is nothing of the link
        return next((said for word, said in _SAID_OF_SWIFT.items() if word in words), None)
    if action := _ACTION.search(error.message):
        return f"the one who signed may not do this: grant {action[1]} to it, or sign with another credential"
    if "not signed" in words or "HeadersNotSigned" in error.details:
        return _of_headers(error, link)
    return next((said for word, said in _SAID_BY_WORDS.items() if word in words), None)


def _of_headers(error: ErrorBody, link: Explanation) -> str:
    """Tell a signed header that did not arrive from one that arrived and is not signed: stores say the same."""
    names = {
        name.strip().lower() for name in error.details.get("HeadersNotSigned", "").split(",")
    } - {""}
    signed = set(link.headers or ())
    if gone := sorted(names & signed):
        return (
            f"{', '.join(gone)[:200]} is signed and did not arrive: send it with the signed value"
        )
    if names:
        shown = escaped(", ".join(sorted(names)), 200)
        return f"the request carried {shown}, which the link did not sign: leave it out, or sign it"
    added = "the request carried x-amz- headers that the link did not sign: leave them out, or sign them"
    if not signed:
        return added
    return f"the signed headers did not arrive all ({', '.join(sorted(signed))[:200]}): send them; or {added}"


def _of_code(error: ErrorBody, link: Explanation) -> str | None:
    if error.code == "AccessDenied":
        return _denied(error)
    if said := _SAID.get(error.code):
        return said
    if "Redirect" in error.code or error.code.startswith("Authorization"):
        return (
            _elsewhere(error)
            or _of_malformed(error, link)
            or "the signature's parameters are wrong, or of another region than the bucket's"
        )
    if error.code == "InvalidArgument":
        return _of_argument(error)
    return _of_head(error)


def _of_head(error: ErrorBody) -> str | None:
    """Say what an answer without a body means."""
    if error.code or error.kind != "empty":
        return None
    if error.status == _MISSING:
        return "there is no such object or no such bucket, and an answer to HEAD does not say which: check both, character by character"
    return _elsewhere(error) if error.status in _MOVED else None


def _of_argument(error: ErrorBody) -> str:
    name = error.details.get("ArgumentName")
    what = escaped(name, 60) if name else "a parameter or a header"
    return (
        f"{what} has a value that the store does not take: it is the link's own, or the request added it (an Authorization header, "
        "perhaps), or something on the way (a proxy) has changed it"
    )


def _elsewhere(error: ErrorBody) -> str | None:
    """Name the region or the host that the bucket has, where the answer does."""
    region = error.details.get("Region") or error.headers.get("x-amz-bucket-region")
    if region:
        return f"it was signed for another region than the bucket's: sign for {escaped(region, 40)}"
    endpoint = error.details.get("Endpoint")
    return (
        f"the bucket answers at {escaped(endpoint, 100)}: sign for that host" if endpoint else None
    )


def _of_malformed(error: ErrorBody, link: Explanation) -> str | None:
    """Say that the query was changed on the way, where the store cannot read a credential that the link has in order."""
    in_order = link.credential_id and not any(one.severity == "error" for one in link.findings)
    if not in_order or not _MALFORMED.search(error.message):
        return None
    what = (
        "encoded the query twice"
        if "%2F" in error.message
        else "changed the query (encoded it twice, perhaps)"
    )
    return (
        f"the credential that arrived is not the link's, which is well-formed: something on the way (a proxy, nearly always) has {what}: "
        "let it pass the query on as it is"
    )


def _denied(error: ErrorBody) -> str:
    if not error.message:
        return (
            "the store gives no reason: the signature does not fit the request, parameters of the URL were cut off, the link has ended "
            "by the store's clock, or the one who signed may not do this: verify checks the signature with the key"
        )
    return (
        "the one who signed may not do this (or the object does not exist and they may not list): a link "
        "can never do more than its signer; bucket policies, KMS keys and block-public-access decide too; "
        "Swift answers so, too, where something on the way (a proxy) has changed the query"
    )


def _of_credential(error: ErrorBody, link: Explanation) -> list[Finding]:
    known = error.details.get("AWSAccessKeyId")
    if not known or not link.credential_id or known == link.credential_id:
        return []
    why = "the store read another access key than the link names: the URL was changed on its way"
    return [Finding("error", "other-credential", why)]


def _of_clock(error: ErrorBody, link: Explanation, url: FoundURL) -> list[Finding]:
    """Compare the store's clock with ours and the link's."""
    if error.answered_at is None:
        return []
    server = arrived_at(error, url.now)
    refused = error.code in _REFUSALS
    end = (moment(error.details.get("Expires")) if refused else None) or link.expires_at
    return clock_skew(url.now, server) + (ended_before(end, server) if refused else [])
