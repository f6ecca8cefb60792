"""What Azure's errors mean for a shared access signature, and what to do.

https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes,
https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes.
"""

from __future__ import annotations

import re
from datetime import datetime

from daypass.base.messages import escaped
from daypass.base.times import moment, span
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import ErrorBody
from daypass.toolkit.answers import answered, clock_skew, ended_before

_SAID = {
    "AuthenticationFailed": "the signature does not fit the request, or the link is outside its time: see what else is found here",
    "AuthorizationFailure": "the account's firewall, private network or settings (shared key access) forbid it, whatever the signature says",
    "AuthorizationPermissionMismatch": "the signature is right and lacks the permission (sp) for this, or the identity behind its delegation key lacks the role",
    "AuthorizationProtocolMismatch": "it is signed for https only (spr): do not use http",
    "AuthorizationResourceTypeMismatch": "the account SAS is not for this kind of resource (srt)",
    "AuthorizationServiceMismatch": "the account SAS is not for this service (ss)",
    "AuthorizationSourceIPMismatch": "it is signed for other addresses (sip) than the one that the request came from",
    "InsufficientAccountPermissions": "the account SAS lacks the permission for this",
    "KeyBasedAuthenticationNotPermitted": "the account forbids links signed with its key: sign with a user delegation key",
    "PublicAccessNotPermitted": "the signature's parameters were cut off, and the account has no public access",
    "NoAuthenticationInformation": "no signature was found: parameters of the URL were cut off",
    "ResourceNotFound": "there is no such resource, or the signature's parameters were cut off",
    "BlobNotFound": "the signature is right, and there is no such blob: check its name, character by character",
    "ContainerNotFound": "there is no such container: check its name",
    "BlobAlreadyExists": "the blob exists, and the link may only create",
    "UnauthorizedBlobOverwrite": "the blob exists, and the link may create but not write",
    "MissingRequiredHeader": "a header is missing: an upload needs x-ms-blob-type: BlockBlob",
    "InvalidHeaderValue": "a header has a value that Azure does not take; x-ms-blob-type must be BlockBlob for an upload",
    "Md5Mismatch": "the body that arrived is not the one that Content-MD5 was made of",
    "ConditionNotMet": "a condition of the request was not met",
    "RequestBodyTooLarge": "one upload may have so many bytes and no more: upload in blocks",
    "ServerBusy": "the store is busy: try again, more slowly",
    "OperationTimedOut": "the store did not finish in time: try again",
    "InternalError": "the store failed: try again",
    "AccountIsDisabled": "the storage account is disabled",
    "InvalidUri": "the URL was changed on its way, or holds characters that are not encoded",
    "InvalidQueryParameterValue": "a parameter of the signature has a value that Azure does not take",
}


def findings_of(error: ErrorBody, link: Explanation, now: datetime) -> list[Finding]:
    """Say what an error means for this link."""
    code, detail = error.code, error.details.get("AuthenticationErrorDetail", "")
    said = _SAID.get(code) or escaped(error.message.partition("\n")[0], 200)
    findings = [answered(error, said)]
    lower = detail.lower()
    if "signature not valid in the specified time frame" in lower:
        why = "the store's clock says that the link is not within its time: it had ended, or it begins later than the clock that signed believed"
        findings.append(Finding("error", "outside-time", why))
    elif "signature did not match" in lower:
        why = "what arrived is not what was signed, or it was signed with another key (was the account's key rotated?): verify names the piece"
        findings.append(Finding("error", "signature-wrong", why))
    elif "key" in lower and "expir" in lower:
        why = "the user delegation key has ended: sign with a new one"
        findings.append(Finding("error", "key-ends", why))
    findings += _of_clock(error, link, now)
    return findings


def _of_clock(error: ErrorBody, link: Explanation, now: datetime) -> list[Finding]:
    """Compare the store's clock, which its message ends with, with ours."""
    match = re.search(r"Time:(\S{10,40})", error.message)
    server = moment(match[1]) if match else None
    if server is None:
        return []
    findings = clock_skew(now, server)
    if link.starts_at is not None and link.starts_at > server:
        why = f"by the store's clock the link began {span((link.starts_at - server).total_seconds())} later: sign with a start some minutes ago, or without one"
        findings.append(Finding("error", "began-later", why))
    return findings + ended_before(link.expires_at, server)
