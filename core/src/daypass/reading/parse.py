"""A URL that somebody found, or a form, taken apart without trusting a single character of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import unquote

import attrs

from daypass.base.messages import escaped
from daypass.base.urls import host_header
from daypass.hookspecs.error_body import ErrorBody
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL, decoded

__all__ = ["parse_form", "parse_url"]

#: Characters. Stores refuse far shorter requests: S3 takes 8 KiB, Azure 16 KiB.
_LONGEST = 65_536
#: Of the query: daypass signs at most 200 of a caller's own beside some twenty of its own, and frameworks read a thousand
#: (Django's DATA_UPLOAD_MAX_NUMBER_FIELDS, PHP's max_input_vars, Tomcat's maxParameterCount).
_MOST_PARAMETERS = 1_000
_URL = re.compile(r"(?ai)(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?", re.DOTALL)
#: What RFC 3986 lets stand in a URL, and the percent sign.
_PLAIN = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TWICE = re.compile(r"%25(?=[0-9A-Fa-f]{2})")
_SIGNED = re.compile(r"(?:^|&)(?:[A-Za-z-]*[Ss]ignature|sig)=")
_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_LAST_PORT = 65_535
_QUOTES = ("\"'", "''", "<>", '""', "``", "()")


def _no_findings() -> list[Finding]:
    return []


def parse_url(
    text: str, now: datetime, error: ErrorBody | None = None
) -> FoundURL | tuple[Finding, ...]:
    """Take a URL apart; where it is none, return what is wrong with it."""
    findings = _no_findings()
    text = _cleaned(str.__str__(text), findings)
    if len(text) > _LONGEST:
        why = (
            f"the text has {len(text)} characters, and no store reads a URL of more than {_LONGEST}"
        )
        return (*findings, Finding("error", "too-long", why))
    match = _URL.fullmatch(text)
    if match is None:
        return (
            *findings,
            Finding("error", "not-a-url", "this is no URL: it must begin with https:// or http://"),
        )
    scheme, authority, path, query, fragment = match.groups()
    scheme = scheme.lower()
    host = _host(scheme, authority, findings)
    if fragment:
        findings.append(
            Finding(
                "error",
                "fragment",
                "the URL holds a # and clients never send what follows it: a # in a key is written %23",
            )
        )
    query = _encoded_once(query or "", findings)
    parts = [pair.partition("=") for pair in query.split("&") if pair]
    if len(parts) > _MOST_PARAMETERS:
        why = f"the query has {len(parts)} parameters, and no link has more than {_MOST_PARAMETERS}: leave out what was added to it"
        return (*findings, Finding("error", "too-long", why))
    pairs = tuple((name, value) for name, _, value in parts)
    _check_characters(text, pairs, findings)
    return FoundURL(
        url=text,
        scheme=scheme,
        host=host,
        path=path or "/",
        query=pairs,
        now=now,
        error=error,
        findings=tuple(findings),
    )


def parse_form(
    url: str | None, fields: Mapping[str, str], now: datetime, error: ErrorBody | None = None
) -> FoundURL:
    """Take a form's fields, and the URL that it is posted to where it is known."""
    place = parse_url(url, now, error) if url else None
    if not isinstance(place, FoundURL):
        place = FoundURL(url="", scheme="", host="", path="/", now=now, error=error)
    return attrs.evolve(place, fields=dict(fields))


def _cleaned(text: str, findings: list[Finding]) -> str:
    """Undo what mail programs, documents and shells do to URLs, and say so."""
    text = text.strip()
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip()
    repairs: list[tuple[str, str, Callable[[str], str], bool]] = [
        (
            "html-escaped",
            "the URL is HTML-escaped: write & where it has &amp;",
            lambda text: text.replace("&amp;", "&"),
            "&amp;" in text,
        ),
        (
            "json-escaped",
            r"the URL is still escaped as in JSON: write & where it has \u0026",
            lambda text: re.sub(
                r"\\u00([0-7][0-9A-Fa-f])", lambda match: chr(int(match[1], 16)), text
            ).replace("\\/", "/"),
            "\\u00" in text or ":\\/\\/" in text,
        ),
        (
            "encoded-whole",
            "the whole URL is percent-encoded, as where one URL is a parameter of another: decode it once",
            unquote,
            re.match(r"(?ai)https?%3A%2F%2F", text) is not None,
        ),
        (
            "broken-up",
            "the URL holds line breaks, as after copying from a mail or a terminal: join it",
            lambda text: "".join(map(str.strip, text.splitlines())),
            len(text.splitlines()) > 1,
        ),
        (
            "not-encoded",
            "the URL holds spaces, which clients encode in different ways or cut off: write %20",
            lambda text: text.replace(" ", "%20"),
            " " in "".join(map(str.strip, text.splitlines())),
        ),
    ]
    for code, why, repair, found in repairs:
        if found:
            text = repair(text)
            findings.append(Finding("error", code, why))
    return text


def _encoded_once(query: str, findings: list[Finding]) -> str:
    """Undo a second encoding of a signed query: all that is encoded there is encoded twice."""
    escapes = query.count("%")
    if not escapes or len(_TWICE.findall(query)) != escapes or not _SIGNED.search(query):
        return query
    why = "the query is encoded twice (%252F for %2F), as by a client that encodes a URL that was encoded already: encode it once"
    findings.append(Finding("error", "encoded-twice", why))
    return query.replace("%25", "%")


def _host(scheme: str, authority: str, findings: list[Finding]) -> str:
    _, at, host = authority.rpartition("@")
    if at:
        findings.append(
            Finding(
                "error",
                "userinfo",
                "there is a login before the host: what looks like the host in front of the @ is not where this leads",
            )
        )
    host = host_header(scheme, host)
    match = _HOST.fullmatch(host)
    if "\\" in authority or match is None or int(match["port"] or 1) > _LAST_PORT:
        findings.append(
            Finding("error", "bad-host", "the host is empty or holds what no host name can")
        )
        host = escaped(host)
    return host


def _check_characters(
    text: str, pairs: tuple[tuple[str, str], ...], findings: list[Finding]
) -> None:
    if not _PLAIN.fullmatch(text):
        findings.append(
            Finding(
                "error",
                "not-encoded",
                "the URL holds characters that must be percent-encoded (RFC 3986), and clients encode them in different ways",
            )
        )
    if _BAD_ESCAPE.search(text):
        findings.append(
            Finding(
                "error",
                "bad-escape",
                "a % is not followed by two hex digits: write %25 for a percent sign",
            )
        )
    seen: set[str] = set()
    twice: set[str] = set()
    for name, _ in pairs:
        lower = decoded(name).lower()
        (twice if lower in seen else seen).add(lower)
    if twice:
        names = ", ".join(escaped(name, 40) for name in sorted(twice)[:3])
        findings.append(
            Finding(
                "error",
                "duplicate-parameter",
                f"given more than once: {names}; stores refuse it, or take the first or the last",
            )
        )
