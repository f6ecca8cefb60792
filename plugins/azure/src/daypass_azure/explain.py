"""What a shared access signature says of itself; a stranger wrote it.

Of an account: https://learn.microsoft.com/rest/api/storageservices/create-account-sas, of a service:
https://learn.microsoft.com/rest/api/storageservices/create-service-sas, with a user delegation key:
https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import attrs

from daypass.base.messages import escaped
from daypass.base.times import in_utc, moment
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass_azure.answers import findings_of
from daypass_azure.hosts import OTHER_SERVICE, Place, place_of

_SCOPES = {
    "b": "one blob",
    "bv": "one version of a blob",
    "bs": "one snapshot of a blob",
    "c": "the whole container",
    "d": "a directory and all below it",
    "f": "one file of a file share",
    "s": "a whole file share",
}
_WORDS = {
    "r": "read",
    "a": "append",
    "c": "create",
    "w": "write",
    "d": "delete",
    "x": "delete versions",
    "y": "delete for good",
    "l": "list",
    "t": "tags",
    "f": "find by tags",
    "m": "move",
    "e": "execute",
    "o": "set the owner",
    "p": "set permissions",
    "i": "set immutability",
    "u": "update",
    "v": "process",
}
#: What one link needs at most: one of these sets. Anything beyond is more than one purpose.
_PURPOSES = (set("r"), set("rl"), set("l"), set("cw"), set("acw"), set("d"), set("dx"), set("t"))
_METHODS = {"r": ("GET", "HEAD"), "c": ("PUT",), "w": ("PUT",), "a": ("PUT",), "d": ("DELETE",)}
_SERVICES = {"b": "blobs", "f": "files", "q": "queues", "t": "tables"}
_LEVELS = {"s": "the service", "c": "containers", "o": "objects"}
#: https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
_LONGEST_KEY = timedelta(days=7)


def explain(url: FoundURL) -> Explanation | None:
    """Tell which kind of shared access signature it is, and read it."""
    names = set(url.names())
    # Others have a parameter called sig too; Azure's goes with a version or an expiry.
    if url.fields is not None or "sig" not in names or not names & {"sv", "se", "si"}:
        return None
    place = place_of(url)
    findings: list[Finding] = []
    kind = _kind(url)
    end, start = _time(url, "se", findings), _time(url, "st", findings)
    signed_at = None
    if kind == "user delegation":
        signed_at, end = _of_delegation(url, end, findings)
    _check_whole(url, kind, findings)
    permits, because = _permits(url, kind)
    if place.account is None:
        why = "the host is none of Azure's own: it is taken for an account's own domain, which no signature covers"
        findings.append(Finding("note", "addressing", why))
    _check_breadth(url, kind, findings)
    if start is not None and end is not None and start >= end:
        findings.append(Finding("error", "bad-times", "its start (st) is not before its end (se)"))
    answer = Explanation(
        url=url.url,
        backend="azure",
        scheme=f"Azure {kind} SAS",
        path=_path(place, url),
        bucket=place.container,
        key=place.name,
        permits=permits,
        permits_because=because,
        credential_id=url.get("skoid"),
        signed_at=signed_at,
        starts_at=start,
        expires_at=end,
        headers=tuple(sorted({name.lower() for name in (url.get("srh") or "").split(",") if name})),
        conditions=_conditions(url, place),
        findings=findings,
        now=url.now,
    )
    if url.error is None:
        return answer
    return attrs.evolve(answer, findings=[*answer.findings, *findings_of(url, answer, url.error)])


def _kind(url: FoundURL) -> str:
    names = set(url.names())
    if names & {"skoid", "sktid", "ske"}:
        return "user delegation"
    return "account" if names & {"srt", "ss"} else "service"


def _path(place: Place, url: FoundURL) -> str | None:
    if place.container is None:
        return None
    name = place.name or (url.get("prefix") or "")
    return f"az://{place.container}" + (f"/{name}" if name else "")


def _time(url: FoundURL, field: str, findings: list[Finding]) -> datetime | None:
    text = url.get(field)
    found = moment(text)
    if text and found is None:
        why = f"{field} is no moment such as 2026-01-31T09:30:00Z"
        findings.append(Finding("error", "bad-date", why))
    return found


def _of_delegation(
    url: FoundURL, end: datetime | None, findings: list[Finding]
) -> tuple[datetime | None, datetime | None]:
    """Judge the times of the key; return its start and the end of the link, which is not after it."""
    begins, ends = _time(url, "skt", findings), _time(url, "ske", findings)
    if begins is not None and ends is not None and ends - begins > _LONGEST_KEY:
        why = "its delegation key (skt to ske) would live for more than the seven days that Azure allows"
        findings.append(Finding("error", "over-limit", why))
    if begins is not None and begins > url.now:
        why = f"its delegation key does not work before {in_utc(begins)}: check the clocks"
        findings.append(Finding("error", "not-yet-valid", why))
    missing = [name for name in ("skoid", "sktid", "skt", "ske", "sks", "skv") if not url.get(name)]
    if missing:
        why = f"the delegation key is not complete: {', '.join(missing)} missing or empty"
        findings.append(Finding("error", "incomplete", why))
    if ends is not None and (end is None or ends < end):
        why = f"its delegation key ends at {in_utc(ends)}, before the link's own end (se)"
        findings.append(Finding("warning", "key-ends", why))
        end = ends
    return begins, end


def _check_whole(url: FoundURL, kind: str, findings: list[Finding]) -> None:
    needed = {"account": ["sv", "ss", "srt", "sp", "se"], "service": ["sv", "sr"]}.get(
        kind, ["sv", "sr", "sp", "se"]
    )
    missing = [name for name in [*needed, "sig"] if not url.get(name)]
    if missing:
        why = f"the signature is not complete: {', '.join(missing)} missing or empty"
        findings.append(Finding("error", "incomplete", why))
    if kind == "service" and url.get("si"):
        why = (
            f"it leans on the container's stored access policy {escaped(url.get('si') or '', 64)}, which may hold its end "
            "and permissions, and by which it can be revoked"
        )
        findings.append(Finding("note", "stored-policy", why))
    elif kind == "service" and not (url.get("sp") and url.get("se")):
        why = "it says neither end and permissions (se, sp) nor a stored access policy (si)"
        findings.append(Finding("error", "incomplete", why))
    version = url.get("sv") or ""
    if version and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", version, re.ASCII):
        findings.append(Finding("error", "bad-version", "sv is no version such as 2026-04-06"))
    other = OTHER_SERVICE.fullmatch(url.hostname)
    if other is not None:
        why = f"it leads to the {other['service']} service, not to blobs"
        findings.append(Finding("note", "other-service", why))


def _permits(url: FoundURL, kind: str) -> tuple[frozenset[str] | None, str]:
    letters = url.get("sp")
    if not letters:
        return None, "its permissions are in the stored access policy, which only the store knows"
    methods = {method for letter in letters for method in _METHODS.get(letter, ())}
    levels = url.get("srt") or ""
    if kind == "account" and "o" not in levels:
        methods = set()
    wide = (url.get("sr") in ("c", "d")) or (kind == "account" and "c" in levels)
    if "l" in letters and wide:
        methods.add("LIST")
    words = ", ".join(_WORDS.get(letter, f"unknown {letter!a}") for letter in letters[:20])
    return frozenset(methods), f"sp={escaped(letters, 20)}: {words}"


def _check_breadth(url: FoundURL, kind: str, findings: list[Finding]) -> None:
    letters = set(url.get("sp") or "")
    if letters and not any(letters <= purpose for purpose in _PURPOSES):
        words = ", ".join(word for letter, word in _WORDS.items() if letter in letters)
        why = f"its permissions are broad: the holder may {words}; sign a link for each purpose"
        findings.append(Finding("warning", "over-broad", why))
    if kind == "account":
        services = ", ".join(w for s, w in _SERVICES.items() if s in (url.get("ss") or ""))
        levels = ", ".join(w for s, w in _LEVELS.items() if s in (url.get("srt") or ""))
        why = f"an account SAS opens {services or 'no service'} of the whole account, for {levels or 'nothing'}: prefer one for a blob"
        findings.append(Finding("warning", "wildcard", why))
    elif url.get("sr") in ("c", "d", "s"):
        why = f"it is for {_SCOPES[url.get('sr') or '']}, and not for one blob"
        findings.append(Finding("warning", "wildcard", why))
    if url.get("spr") != "https":
        why = "it works over plain http too: sign with https only (spr=https)"
        findings.append(Finding("warning", "http-allowed", why))


def _conditions(url: FoundURL, place: Place) -> dict[str, str]:
    names = {
        "sip": "addresses",
        "spr": "protocols",
        "si": "stored access policy",
        "ses": "encryption scope",
        "sdd": "directory depth",
        "sktid": "tenant",
        "sduoid": "only for the user",
        "saoid": "authorized user",
        "suoid": "checked user",
        "srq": "signed query parameters",
        "rscc": "response Cache-Control",
        "rscd": "response Content-Disposition",
        "rsce": "response Content-Encoding",
        "rscl": "response Content-Language",
        "rsct": "response Content-Type",
        "versionid": "version",
        "snapshot": "snapshot",
    }
    found = {"account": place.account or "", "signed for": _SCOPES.get(url.get("sr") or "", "")}
    found |= {word: escaped(url.get(name) or "", 200) for name, word in names.items()}
    return {name: value for name, value in found.items() if value}
