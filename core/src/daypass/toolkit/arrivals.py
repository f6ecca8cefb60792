"""What arrived, in the store's own eyes: the request that it would have signed, held against the link.

With a mismatch S3 and Cloud Storage return the canonical request. Where its host, path or query is not the
link's, something between has changed it: a proxy, nearly always.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from daypass.base.masking import mask
from daypass.base.messages import escaped
from daypass.base.urls import host_header
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded
from daypass.toolkit.answers import dropped, headers_to_send
from daypass.toolkit.v4 import Dialect
from daypass.toolkit.v4_links import encode_path

__all__ = ["arrived_findings"]

#: Method, path and query come before the headers.
_BEFORE_HEADERS = 3
#: So many names are shown.
_MOST = 5
_PROXY = "something on the way (a proxy, nearly always) has changed it"
_UNTOLD = Finding(
    "note",
    "arrived-untold",
    "the answer does not show what arrived: if verify, with the key, finds nothing wrong with the request as it is sent, "
    "something on the way (a proxy, nearly always) changes its host, its path, its query or a header",
)


def arrived_findings(found: FoundURL, link: Explanation, dialect: Dialect) -> list[Finding]:
    """Say how what arrived differs from a link; errors first, then what else is worth knowing.

    Args:
        found: the link, with the answer to it.
        link: what it says of itself.
        dialect: the words of its Version 4.

    """
    details: Mapping[str, str] = {} if found.error is None else found.error.details
    lines = details.get("CanonicalRequest", "").split("\n")
    if len(lines) <= _BEFORE_HEADERS:
        return [
            *_method(details.get("StringToSign", "").partition("\n")[0]),
            *headers_to_send(link),
            _UNTOLD,
        ]
    headers = _headers(lines[_BEFORE_HEADERS:])
    findings = [
        *_host(found, headers.get("host")),
        *_path(found, link, lines[1]),
        *_query(found, lines[2], dialect),
        *_signed_headers(link, headers),
    ]
    if not findings and found.fields is None:
        findings = [_as_it_stands(link)]
    return [*findings, *_method(lines[0]), *_values(link, headers)]


def _headers(lines: Iterable[str]) -> dict[str, str]:
    arrived: dict[str, str] = {}
    for line in lines:
        if not line:
            break
        name, _, value = line.partition(":")
        arrived[name] = value
    return arrived


def _host(found: FoundURL, arrived: str | None) -> list[Finding]:
    if not arrived or host_header(found.scheme, arrived) == found.host:
        return []
    why = (
        f"the request arrived with the host {escaped(arrived, 100)}, and the link is for {escaped(found.host, 100)}: "
        f"{_PROXY}: let it pass the header Host on as it is, or sign for the address that it passes on"
    )
    return [Finding("error", "arrived-host", why)]


def _path(found: FoundURL, link: Explanation, arrived: str) -> list[Finding]:
    sent, arrived = encode_path(found.path), encode_path(arrived)
    # Some write the bucket into it, though it is in the host.
    if arrived in (sent, encode_path(f"/{link.bucket}{found.path}")):
        return []
    shown = f"the request arrived with the path {escaped(arrived, 200)}, and the link has {escaped(sent, 200)}"
    if arrived == encode_path(sent.replace("%", "%25")):
        why = f"{shown}: it was percent-encoded twice on the way"
    elif sent.endswith(arrived):
        why = f"{shown}: {sent.removesuffix(arrived)!a} was taken off: {_PROXY}: let it pass the path on as it is"
    elif arrived.endswith(sent):
        why = f"{shown}: {arrived.removesuffix(sent)!a} was put before it: {_PROXY}: let it pass the path on as it is"
    else:
        why = f"{shown}: {_PROXY}, or the URL was changed before"
    return [Finding("error", "arrived-path", why)]


def _query(found: FoundURL, arrived: str, dialect: Dialect) -> list[Finding]:
    signature = f"{dialect.parameter}Signature"
    theirs = _pairs(pair.partition("=")[::2] for pair in arrived.split("&") if pair)
    ours = _pairs(pair for pair in found.query if decoded(pair[0]) != signature)
    if theirs == ours:
        return []
    added, gone = sorted(theirs.keys() - ours.keys()), sorted(ours.keys() - theirs.keys())
    changed = sorted(name for name in theirs.keys() & ours.keys() if theirs[name] != ours[name])
    if changed and all(decoded(theirs[name]) == ours[name] for name in changed):
        why = f"the query arrived encoded twice ({_listed(changed)}): {_PROXY}, or the client encoded a URL that was encoded already"
        return [Finding("error", "arrived-query", why)]
    told = [
        f"{_listed(names)} {what}"
        for names, what in ((added, "was added"), (gone, "is gone"), (changed, "has another value"))
        if names
    ]
    why = f"the query that arrived is not the link's: {', and '.join(told)}: {_PROXY}, or the URL was changed before"
    return [Finding("error", "arrived-query", why)]


def _pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {decoded(name): decoded(value) for name, value in pairs}


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(escaped(name, 60) for name in names[:_MOST]) + more


def _signed_headers(link: Explanation, arrived: Mapping[str, str]) -> list[Finding]:
    return [
        Finding(
            "error",
            "header-missing",
            f"{name} is signed and did not arrive: send it{dropped(name)}",
        )
        for name in sorted(link.headers or ())
        if not arrived.get(name)
    ]


def _values(link: Explanation, arrived: Mapping[str, str]) -> list[Finding]:
    return [
        Finding(
            "note",
            "arrived-header",
            f"{name} arrived as '{_value(name, arrived[name])}': it must be the signed value",
        )
        for name in sorted(link.headers or ())
        if arrived.get(name)
    ]


def _value(name: str, value: str) -> str:
    return escaped(mask(f"{name}:{value}").partition(":")[2], 80)


def _as_it_stands(link: Explanation) -> Finding:
    value = "a header has another value than the signed one, " if link.headers else ""
    why = (
        f"host, path and query arrived as the link has them: it was signed for another method, {value}or it was signed with "
        "another secret key, or the signature itself was changed: verify names which"
    )
    return Finding("error", "arrived-whole", why)


def _method(word: str) -> list[Finding]:
    """Name the method that arrived: the first line of what Version 4 and Version 2 sign."""
    if not word.isalpha():
        return []
    why = f"what arrived was a {word[:10]} request: the link must have been signed for {word[:10]}"
    return [Finding("note", "arrived-method", why)]
