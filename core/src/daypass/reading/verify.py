"""``verify``: would this very request pass, and if not, which piece of it differs."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from daypass.backends.calls import Backend, call
from daypass.backends.loading import registry
from daypass.base.masking import mask
from daypass.base.times import utc
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded
from daypass.hookspecs.verifications import RequestCheck, SentRequest, Verification
from daypass.model.headers import check_token, copy_header, pairs_of
from daypass.model.links import SignedURL
from daypass.model.paths import PROFILES, ParsedPath
from daypass.reading.answers import parse_error
from daypass.reading.explain import explain_found, read
from daypass.reading.guesses import difference
from daypass.reading.texts import Signing
from daypass.store.root import Root
from daypass.toolkit.bodies import body_findings, md5_base64

if TYPE_CHECKING:
    from daypass.model.forms import UploadForm

__all__ = ["HOW", "verify"]

_SURROGATE = re.compile("[\ud800-\udfff]")
#: Codes of what is wrong with one header, the surest first.
_OF_HEADERS = ("body", "header-value", "header-missing", "header-unsigned")
_WORD = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
#: What to do where there is no key; the command has words of its own.
HOW = "give storage_options, signer_options, profile or key"
#: Codes of what an answer says.
_ANSWERS = ("store-", "arrived-")
#: What HTTP itself lets headers say of a body; backends know those of their providers.
_OF_BODIES = {"content-length": lambda body: str(len(body)), "content-md5": md5_base64}


@discreet
def verify(
    url: str | SignedURL | UploadForm | Mapping[str, Any],
    *,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    key: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    signer_options: Mapping[str, Any] | None = None,
    error: str | bytes | None = None,
    now: datetime | None = None,
    profile: str | None = None,
) -> Verification:
    """Tell whether this very request would pass, and if not, which piece of it differs.

    >>> options = {"key": "AK", "secret": "SK"}
    >>> from daypass import create_signed_url
    >>> link = create_signed_url(
    ...     "s3://maps/a.csv", method="PUT", content_type="text/plain", storage_options=options
    ... )
    >>> answer = verify(
    ...     link, headers={"Content-Type": "text/csv"}, storage_options=options
    ... )
    >>> print(answer.ok, answer.findings[0].message)
    False you send content-type 'text/csv', and 'text/plain' was signed

    The signature is recomputed where a key is at hand: ``key``, or the credentials that
    ``storage_options``, ``signer_options``, a profile and the environment name. Nobody is contacted, so
    credentials that others keep (a role's, IAM's) are not at hand. Where the signature does not
    fit, changes are tried one at a time until one explains it.

    Args:
        url: the URL, or a link that daypass made; or a form, as `explain` takes it, with all fields that are to be sent
            (`UploadForm.fields_with` adds those that it leaves to the sender): it is held against its policy.
        method: the HTTP method to be sent; without it a link's own, or GET, and POST for a form.
        headers: the headers to be sent; without them a link's own.
        body: what is to be uploaded, to hold it against signed hashes and sizes; of a form the file.
        key: what to check the signature with: a secret key, an account key or the value of a user
            delegation key (base64), an RSA or elliptic public key, certificate or private key (PEM).
        storage_options: fsspec's options, for their credentials.
        signer_options: options of the signing backend, for its keys.
        error: what was answered to this very request, as `explain` takes it.
        now: the clock to judge by, aware; by default this machine's.
        profile: the name of the profile whose options name the credentials, with the others laid over it.

    Returns:
        A `Verification`: its ``ok`` is None where nothing speaks against the request, but the
        signature could not be checked.

    Raises:
        InvalidRequestError: for arguments of the wrong kind.
        DaypassError: another of the tree in `daypass.errors`, for options that are not legal.

    """
    clock = datetime.now(UTC) if now is None else utc(now, "now")
    if isinstance(url, SignedURL):
        method = url.http_method if method is None else method
        headers = url.headers if headers is None else headers
        url = url.url
    found = read(url, clock, None if error is None else parse_error(error))
    backend, explanation = explain_found(found)
    usual = "POST" if isinstance(found, FoundURL) and found.fields is not None else "GET"
    request = _sent(found, method or usual, headers or {}, body, key)
    # What the request itself says is surer than what an answer to it does, and stands before it.
    told = [one for one in explanation.findings if one.severity == "error"]
    errors = [one for one in told if not one.code.startswith(_ANSWERS)]
    answers = [one for one in explanation.findings if one.code.startswith(_ANSWERS)]
    if backend is None or request is None:
        return Verification(
            ok=False, signature="unchecked", findings=[*errors, *answers], explanation=explanation
        )
    errors += _of_method(request, explanation)
    errors += _of_headers(request, explanation)
    errors += _of_copies(request)
    errors += body_findings(request, _OF_BODIES)
    place = {"storage_options": storage_options, "signer_options": signer_options}
    check = _check(backend, explanation, request, profile, place)
    judged = _judged(request, explanation, check, [*errors, *check.findings])
    return attrs.evolve(
        judged,
        ok=False if answers else judged.ok,
        findings=_one_of_each([*judged.findings, *answers], request, explanation),
    )


def _one_of_each(
    findings: Sequence[Finding], request: SentRequest, explanation: Explanation
) -> list[Finding]:
    """Say of each header one thing that is wrong, the surest: whatever else is follows from it."""
    names = {*request.headers, *(explanation.headers or ())}
    surest: dict[str, Finding] = {}
    for code in reversed(_OF_HEADERS):
        for one in findings:  # of two alike the last, which the signature proves
            about = _about(one, names) if one.code == code else None
            if about is not None:
                surest[about] = one
    return [
        one
        for one in findings
        if one.code not in _OF_HEADERS
        or (about := _about(one, names)) is None
        or surest[about] is one
    ]


def _about(finding: Finding, names: Collection[str]) -> str | None:
    """Return the header that a finding names."""
    words = _WORD.findall(finding.message)
    return next((word for word in words if word in names), None)


def _judged(
    request: SentRequest, explanation: Explanation, check: RequestCheck, findings: list[Finding]
) -> Verification:
    signing = _signing(request, check)
    right = None if signing is None else signing.fits(request)
    if signing is None:
        why = f"the signature was not checked: {check.unchecked or 'no key is at hand'}"
        findings.append(Finding("note", "unchecked", why))
    elif not right:
        findings += difference(request, explanation, check, signing, findings)
    refused = any(finding.severity == "error" for finding in findings)
    words: dict[bool | None, Any] = {None: "unchecked", True: "right", False: "wrong"}
    return Verification(
        ok=False if refused else right,
        signature=words[right],
        findings=findings,
        explanation=explanation,
    )


def _signing(request: SentRequest, check: RequestCheck) -> Signing | None:
    """Return how the backend signs; None without a key."""
    if check.text is None:
        return None
    if check.signs is not None:
        return Signing(check.text, check.signs)
    if check.right is None:
        return None
    right, given = check.right, (request.get(check.parameter) or "").encode(errors="replace")
    return Signing(
        check.text,
        lambda text: given != b"" and hmac.compare_digest(right(text).encode(), given),
    )


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers to be sent, by their names in lower case.

    Raises:
        InvalidRequestError: for what no client sends, and more than any store takes.

    """
    sent: dict[str, str] = {}
    for name, value in pairs_of(headers, "headers"):
        check_token(name, "headers")
        if not isinstance(value, str):
            msg = f"headers: the value of {name} must be text, not {type(value).__name__}"
            raise InvalidRequestError(msg, option="headers")
        if _SURROGATE.search(value):
            msg = f"headers: the value of {name} holds a lone surrogate, which is not Unicode text"
            raise InvalidRequestError(msg, option="headers")
        sent[name.lower()] = " ".join(value.split())
    return sent


def _sent(
    found: FoundURL | Explanation,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: str | None,
) -> SentRequest | None:
    check_token(method, "method", what="method")
    sent = _headers(headers)
    if body is not None and not isinstance(body, (bytes, bytearray)):
        msg = f"body must be bytes, not {type(body).__name__}"
        raise InvalidRequestError(msg, option="body")
    if key is not None and not (isinstance(key, str) and key):
        msg = "key must be text that is not empty: a secret, or a key in PEM"
        raise InvalidRequestError(msg, option="key")
    if key is not None and _SURROGATE.search(key):
        msg = "key holds a lone surrogate, which no secret can: was a file decoded wrongly?"
        raise InvalidRequestError(msg, option="key")
    if not isinstance(found, FoundURL) or _SURROGATE.search(
        "".join((found.url, *(found.fields or {}).values()))
    ):
        return None  # there is nothing that could be sent
    if (
        body is not None
        and found.fields is None
        and "chunked" not in sent.get("transfer-encoding", "").lower()
    ):
        sent.setdefault("content-length", str(len(body)))  # every client sends it
    return SentRequest(
        method=method.upper(),
        scheme=found.scheme,
        host=sent.pop("host", found.host).lower(),
        path=found.path,
        query=found.query,
        headers=sent,
        body=None if body is None else bytes(body),
        key=key,
        now=found.now,
        fields=found.fields,
    )


def _of_method(request: SentRequest, explanation: Explanation) -> list[Finding]:
    allowed = explanation.permits
    if (
        allowed is None
        or request.method in allowed
        or (request.method == "GET" and "LIST" in allowed)
    ):
        return []
    said = ", ".join(sorted(allowed)) or "no method that daypass knows"
    return [Finding("error", "method", f"you send {request.method}, and the link allows {said}")]


def _of_headers(request: SentRequest, explanation: Explanation) -> list[Finding]:
    return [
        Finding("error", "header-missing", f"{name} is signed, and you do not send it")
        for name in explanation.headers or ()
        if name not in request.headers
    ]


def _of_copies(request: SentRequest) -> list[Finding]:
    """Say of which object a request makes a copy."""
    if (name := copy_header(request.headers)) is None:
        return []
    source = ascii(mask(decoded(request.headers[name])))[:200]
    return [Finding("note", "copy", f"it makes a copy of {source}, and keeps no body")]


def _check(
    backend: Backend,
    explanation: Explanation,
    request: SentRequest,
    profile: str | None,
    place: Mapping[str, Any],
) -> RequestCheck:
    if backend.info.opaque_links and backend.verify_url is None:
        why = "a link of a service has none, and the service decides at each use: head_metadata (daypass head URL) asks it"
        return RequestCheck(unchecked=why)
    if backend.verify_url is None:
        return RequestCheck(unchecked=f"{backend.info.name} does not check signatures")
    if profile is not None:
        root = Root.of(ParsedPath(PROFILES, _name(profile), ""), **place)
        if root.backend.info.name != backend.info.name:
            why = f"the profile {profile} is of {root.backend.info.name}, and the link of {backend.info.name}"
            return RequestCheck(unchecked=why)
    else:
        protocol, signer = registry.names_of(backend)
        path = ParsedPath(protocol, explanation.bucket or "", explanation.key or "")
        if place["signer_options"] is None:
            signer = None  # which may need options, and gets none
        root = Root.of(path, signer=signer, **place)
    check = call(backend, "verify_url", RequestCheck, location=root.location, sent=request)
    if check.text is None:
        return attrs.evolve(check, unchecked=f"{check.unchecked or 'no key is at hand'}; {HOW}")
    return check


def _name(profile: object) -> str:
    if not isinstance(profile, str) or not profile or "/" in profile:
        msg = "profile must be the name of a profile, as the configuration has it"
        raise InvalidRequestError(msg, option="profile")
    return profile
