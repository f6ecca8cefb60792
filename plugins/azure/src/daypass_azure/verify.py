"""The signature of one very request to Azure, recomputed with a key that is at hand."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

import attrs

from daypass.base.messages import escaped
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.verifications import RequestCheck, SentRequest
from daypass.model.locations import Location
from daypass.toolkit.v4 import HmacKey
from daypass_azure.options import adlfs_options
from daypass_azure.strings import messages_of, sent_place

#: Where two texts may have been signed, they stand on both sides of this.
_BETWEEN = b"\0"
#: Uploads that need no x-ms-blob-type: https://learn.microsoft.com/rest/api/storageservices/put-blob
_NO_TYPE = frozenset(
    {"block", "blocklist", "appendblock", "page", "metadata", "properties", "tags"}
)

#: https://learn.microsoft.com/rest/api/storageservices/put-blob
_USUAL = {"x-ms-blob-type": ("BlockBlob", "AppendBlob", "PageBlob")}


def verify(location: Location, sent: SentRequest) -> RequestCheck:
    """Hold a request against Azure's rules and its signature."""
    check = RequestCheck(findings=_rules(sent), parameter="sig", usual=_USUAL)
    delegated = sent.get("skoid") is not None
    key, why = _key(location, sent, delegated=delegated)
    if key is None:
        return attrs.evolve(check, unchecked=why)
    account = _account(location, sent)
    if account is None:
        why = "the account's name is not in the host: give account_name in storage_options"
        return attrs.evolve(check, unchecked=why)
    messages = messages_of(sent, delegated=delegated)

    prepared, given = HmacKey(key), (sent.get("sig") or "").encode(errors="replace")

    def text(sent: SentRequest) -> bytes:
        return _BETWEEN.join(
            message(sent, account).encode(errors="replace").replace(_BETWEEN, b"?")
            for message in messages
        )

    def right(text: bytes) -> str:
        return b64encode(prepared.digest(text.partition(_BETWEEN)[0])).decode()

    def signs(text: bytes) -> bool:
        return any(
            hmac.compare_digest(b64encode(prepared.digest(one)), given)
            for one in text.split(_BETWEEN)
        )

    return attrs.evolve(check, text=text, right=right, signs=signs if len(messages) > 1 else None)


def _rules(sent: SentRequest) -> list[Finding]:
    findings: list[Finding] = []

    def wrong(code: str, why: str) -> None:
        findings.append(Finding("error", code, why))

    comp = sent.get("comp")
    if sent.method == "PUT" and comp not in _NO_TYPE and "x-ms-blob-type" not in sent.headers:
        wrong("header-missing", "x-ms-blob-type is what every upload needs: send BlockBlob")
    if sent.get("spr") == "https" and sent.scheme == "http":
        wrong("scheme", "you send it over http, and the link is for https only (spr)")
    letters = sent.get("sp") or ""
    if comp == "list" and letters and "l" not in letters:
        wrong("method", "you list, and the link does not allow it: its permissions (sp) lack l")
    if sent.method == "GET" and comp is None and "l" in letters and "r" not in letters:
        wrong("method", "you read, and the link does not allow it: its permissions (sp) lack r")
    if (sip := sent.get("sip")) is not None:
        why = f"it works only from the addresses {escaped(sip, 59)}, which cannot be checked here"
        findings.append(Finding("note", "addresses", why))
    return findings


def _key(location: Location, sent: SentRequest, *, delegated: bool) -> tuple[bytes | None, str]:
    """Return the key, or why there is none."""
    text = sent.key
    if text is None and delegated:
        return (
            None,
            "it is signed with a user delegation key, and the value of that key alone can check it",
        )
    text = text or _account_key(location)
    if text is None:
        return None, "no account key is at hand"
    try:
        return b64decode(text, validate=True), ""
    except (Base64Error, ValueError):
        return None, "the key is not base64: check how it was read"


def _account_key(location: Location) -> str | None:
    options = adlfs_options(location.storage_options)
    text = options.get("connection_string") or ""
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    for key in (options.get("account_key"), options.get("credential"), parts.get("AccountKey")):
        if isinstance(key, str) and key and "sig=" not in key:
            return key
    return None


def _account(location: Location, sent: SentRequest) -> str | None:
    named = sent_place(sent).account
    if named is None:
        found = adlfs_options(location.storage_options).get("account_name")
        named = found if isinstance(found, str) else None
    return named
