"""What Azure's errors mean for a shared access signature, and what to do.

https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes,
https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes.
"""

from __future__ import annotations

import re
from datetime import datetime

import attrs

from daypass.base.messages import escaped
from daypass.base.times import moment, span
from daypass.hookspecs.error_body import ErrorBody
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass.toolkit.answers import answered, clock_skew, ended_before, fault_of_link
from daypass_azure.hosts import place_of
from daypass_azure.strings import strings_to_sign

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
    "ResourceNotFound": "there is no such resource, or the signature's parameters were cut off, or something on the way (a proxy) changed the path",
    "BlobNotFound": "the signature is right, and there is no such blob: check its name, character by character",
    "ContainerNotFound": "there is no such container: check its name",
    "BlobAlreadyExists": "the blob exists, and the link may only create",
    "UnauthorizedBlobOverwrite": "the blob exists, and the link may create but not write",
    "MissingRequiredHeader": "a header is missing: an upload needs x-ms-blob-type: BlockBlob",
    "InvalidHeaderValue": "a header has a value that Azure does not take; x-ms-blob-type must be BlockBlob for an upload",
    "Md5Mismatch": "the body that arrived is not the one that Content-MD5 was made of",
    "ConditionNotMet": "a condition of the request was not met",
    "InvalidRange": "the request asks for bytes (Range) that the blob does not have",
    "RequestBodyTooLarge": "one upload may have so many bytes and no more: upload in blocks",
    "ServerBusy": "the store is busy: try again, more slowly",
    "OperationTimedOut": "the store did not finish in time: try again",
    "InternalError": "the store failed: try again",
    "AccountIsDisabled": "the storage account is disabled",
    "InvalidUri": "the URL was changed on its way, or holds characters that are not encoded",
    "InvalidQueryParameterValue": "a parameter of the signature has a value that Azure does not take",
}


#: With these Azure refuses who asks, so that what the link says of itself counts.
_REFUSALS = frozenset(
    {"", "AuthenticationFailed", "AuthorizationFailure", "InvalidAuthenticationInfo"}
)
_REFUSED, _MISSING = (400, 401, 403), 404
_TO_SIGN = re.compile(r"(?is)string to sign used was (.{1,9999})")


def findings_of(url: FoundURL, link: Explanation, error: ErrorBody) -> list[Finding]:
    """Say what an answer means for this link.

    Args:
        url: the link.
        link: what it says of itself.
        error: the answer.

    """
    # An answer to HEAD has its code in a header alone.
    error = attrs.evolve(error, code=error.code or error.headers.get("x-ms-error-code", ""))
    server = _server(error)
    error = attrs.evolve(
        error, details={"ServerTime": server.isoformat() if server else "", **error.details}
    )
    url = attrs.evolve(url, error=error)
    detail = error.details.get("AuthenticationErrorDetail", "")
    further = _of_detail(detail, url)
    said = None
    if (
        error.kind in ("xml", "json", "empty")
        and error.code in _REFUSALS
        and error.status in (None, *_REFUSED)
    ):
        said = fault_of_link(url, link)
    said = said or next((one.message for one in further), None)
    if said is None and error.code == "AuthorizationFailure" and _is_of_signature(error):
        said = _SAID["AuthenticationFailed"]
    if said is None and not error.code and error.kind == "empty" and error.status == _MISSING:
        said = _SAID["BlobNotFound"]
    findings = [answered(error, said or _SAID.get(error.code)), *further]
    if server is None:
        return findings
    findings += clock_skew(url.now, server)
    if error.code not in _REFUSALS:
        return findings
    if link.starts_at is not None and link.starts_at > server:
        why = f"by the store's clock the link began {span((link.starts_at - server).total_seconds())} later: sign with a start some minutes ago, or without one"
        findings.append(Finding("error", "began-later", why))
    return findings + ended_before(link.expires_at, server)


def _is_of_signature(error: ErrorBody) -> bool:
    """Tell Azurite, which has this word for a wrong signature, from Azure, where it is the firewall's."""
    words = f"{error.message} {error.headers.get('server')}".lower()
    return "failed to authenticate" in words or "azurite" in words


def _of_detail(detail: str, url: FoundURL) -> list[Finding]:
    """Read what Azure says of the signature itself."""
    lower = detail.lower()
    if "not valid in the specified time frame" in lower:
        why = "the store's clock says that the link is not within its time: it had ended, or it begins later than the clock that signed believed"
        return [Finding("error", "outside-time", why)]
    if "signature did not match" in lower:
        return [Finding("error", "signature-wrong", _of_mismatch(detail, url))]
    if "not well formed" in lower:
        why = "a parameter of the signature is missing or malformed, or its version (sv) asks for other ones: the URL was cut or changed on its way"
        return [Finding("error", "malformed", why)]
    if "key" in lower and "expir" in lower:
        return [
            Finding("error", "key-ends", "the user delegation key has ended: sign with a new one")
        ]
    return []


def _of_mismatch(detail: str, url: FoundURL) -> str:
    """Hold the string that Azure signed against the one that the link is for."""
    changed = "what arrived is not what was signed, or it was signed with another key (was the account's key rotated?): verify names the piece"
    match, account = _TO_SIGN.search(detail), place_of(url).account
    if match is None or account is None:
        return changed
    theirs = match[1].strip().split("\n")
    for text in strings_to_sign(url, account):
        ours = text.strip().split("\n")
        if theirs == ours:
            return "all of the link arrived as it stands: it was signed with another key (was the account's key rotated?), or the signature itself was changed"
        named = (
            [line for line in theirs if line.startswith("/blob/")],
            [line for line in ours if line.startswith("/blob/")],
        )
        if all(named) and named[0] != named[1]:
            return (
                f"the request arrived for {escaped(named[0][0], 200)}, and the link is for {escaped(named[1][0], 200)}: something on "
                "the way (a proxy, nearly always) has changed it, or the URL was changed before"
            )
    return changed


def _server(error: ErrorBody) -> datetime | None:
    """Return the store's clock, which its message ends with."""
    match = re.search(r"Time:(\S{10,40})", error.message)
    return (moment(match[1]) if match else None) or error.answered_at
