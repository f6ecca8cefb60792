"""Which single change explains a signature that does not fit: they are tried one after the other.

A signature tells nothing of what it was made of. But the change that breaks a link is nearly always
one: another method, a header that a client sets by itself, a parameter that a tracker appends. With
the key at hand every guess can be proven, so nothing that is named here is a guess.

The URL is a stranger's, who may make it long: what guessing may cost is counted, in bytes to be signed, and
what is likelier is tried first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from functools import cache
from unicodedata import normalize
from urllib.parse import quote

import attrs

from daypass.base.urls import encode
from daypass.hookspecs.explanations import Explanation, RequestCheck
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import SentRequest, decoded

__all__ = ["difference"]

_METHODS = ("GET", "PUT", "HEAD", "DELETE", "POST", "PATCH", "OPTIONS")
#: What is tried in the place of each character of a value.
_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/ +=%&"
#: And of a number or a moment: no other character was there.
_OF_MOMENTS = "0123456789TZ:-"
_is_moment = re.compile(r"[0-9TZ:-]+").fullmatch
#: Longer values are not tried character by character: it would take seconds.
_LONGEST = 200
#: What all guesses together may hold, in bytes: some six thousand guesses for an ordinary link.
_BUDGET = 3_500_000
#: What a guess costs at least.
_LEAST = 256
#: Of further headers no value is guessed.
_MOST_HEADERS = 64
_LIFETIMES = tuple(
    str(seconds)
    for seconds in sorted(
        {
            *range(60, 7200, 60),
            *range(3600, 172_800, 3600),
            *range(86_400, 604_801, 86_400),
            *(1, 5, 10, 15, 30, 45, 90, 100, 1000, 10_000, 100_000),
        }
    )
)
#: So many names of parameters are shown at most.
_MOST_SHOWN = 10
#: Names of headers and parameters whose values are not shown.
_SECRET = re.compile(
    r"(?i)token|secret|signature|credential|authorization|cookie|customer-key|encryption-key"
)
#: How alike two signatures are where one is the other with some characters changed.
_ALIKE = 0.6

Guess = tuple[list[Finding], SentRequest]


def difference(
    sent: SentRequest,
    explanation: Explanation,
    check: RequestCheck,
    fits: Callable[[SentRequest], bool],
    known: Iterable[Finding],
) -> list[Finding]:
    """Name the change that explains a wrong signature; with what is known already, if it does.

    Args:
        sent: the request, whose signature does not fit.
        explanation: what the URL says of itself.
        check: the backend's answer.
        fits: tells whether a request's signature fits.
        known: what was found without the signature.

    """
    if finding := _of_signature(sent, check):
        return [finding]
    if any(one.severity == "error" and one.code == "parameter-changed" for one in check.findings):
        return []  # the backend has found it already
    left = _BUDGET
    for findings, guess in _guesses(sent, explanation, check):
        left -= _cost(guess, check.parameter)
        if left < 0:
            break
        if fits(guess):
            return findings
    if any(finding.severity == "error" and finding.code in _EXPLAIN for finding in known):
        return []
    why = (
        "the signature does not fit, and no single change explains it: it was made with another key, or more "
        "than one piece is not as it was signed, or the key (the path), a value or the signature itself is an entirely "
        f"other one; method, {'headers, ' if sent.headers else ''}host and parameters were tried"
    )
    if left < 0:
        why += ", as far as a fixed number of guesses goes"
    return [Finding("error", "signature-wrong", why)]


def _cost(sent: SentRequest, signature: str) -> int:
    """Return how many bytes are signed, or nearly: the signature itself is none of them."""
    query = sum(len(name) + len(value) for name, value in sent.query if name != signature)
    headers = sum(len(name) + len(value) for name, value in sent.headers.items())
    return _LEAST + len(sent.path) + query + headers


#: Findings that explain a wrong signature by themselves.
_EXPLAIN = frozenset({"header-missing", "date-mismatch", "incomplete"})


def _of_signature(sent: SentRequest, check: RequestCheck) -> Finding | None:
    """Compare the signature with the right one: a changed request has an entirely other one."""
    given = sent.get(check.parameter)
    if check.right is None or given is None:
        return None
    right = check.right(sent)
    if given.lower() == right.lower():
        return Finding(
            "error", "signature-changed", "the case of the signature's letters was changed"
        )
    if len(given) < len(right) and given and right.startswith(given):
        why = f"the signature was cut off: {len(right) - len(given)} characters are missing at its end"
        return Finding("error", "signature-changed", why)
    if SequenceMatcher(None, given[: 4 * len(right)], right, autojunk=False).ratio() > _ALIKE:
        why = "some characters of the signature were changed: all else is as it was signed"
        return Finding("error", "signature-changed", why)
    return None


def _guesses(sent: SentRequest, explanation: Explanation, check: RequestCheck) -> Iterator[Guess]:
    signed = explanation.headers
    headers = ("content-type", "content-md5") if signed is None else signed
    yield from _methods(sent)
    yield from _added(sent, check)
    yield from _hosts(sent, check)
    names = [*dict.fromkeys((*headers, *sent.headers))][:_MOST_HEADERS]
    for name in names:
        yield from _header(sent, name, _usual(name, sent, check))
    yield from _paths(sent, _rewritten)
    yield from _values(sent, check, _families)
    for method_findings, guess in _methods(sent):
        for name in headers[:_MOST_HEADERS]:
            for findings, both in _header(guess, name, _usual(name, sent, check)):
                yield [*method_findings, *findings], both
    # Whole alphabets come last: there the budget goes.
    yield from _values(sent, check, lambda value: near(value) if _is_moment(value) else ())
    yield from _paths(sent, near)
    yield from _values(sent, check, lambda value: () if _is_moment(value) else near(value))
    for name in names:
        yield from _header(sent, name, near(sent.headers.get(name, "")))


def _methods(sent: SentRequest) -> Iterator[Guess]:
    for method in _METHODS:
        if method != sent.method:
            why = f"you send {sent.method}, and {method} was signed"
            yield [Finding("error", "method", why)], attrs.evolve(sent, method=method)


def _added(sent: SentRequest, check: RequestCheck) -> Iterator[Guess]:
    """Leave out each parameter, and all that follow the signature."""
    query = sent.query
    places = {n for n, (name, _) in enumerate(query) if decoded(name) == check.parameter}
    ends = [(min(places) + 1, len(query))] if places else []
    for first, last in [*((n, n + 1) for n in range(len(query))), *ends]:
        names = ", ".join(
            ascii(decoded(name))[1:-1][:40] for name, _ in query[first:last][:_MOST_SHOWN]
        )
        if first < last and first not in places:
            why = f"added after it was signed: the parameter {names}"
            rest = query[:first] + query[last:]
            yield [Finding("error", "parameter-added", why)], attrs.evolve(sent, query=rest)


def _header(sent: SentRequest, name: str, values: Iterable[str]) -> Iterator[Guess]:
    """Try other values of one header, none at all among them."""
    given = sent.headers.get(name)
    rest = {other: value for other, value in sent.headers.items() if other != name}
    said = "you do not send it" if given is None else f"you send {name} {_shown(name, given)}"
    if given is not None:
        why = f"{said}, and none was signed"
        yield [Finding("error", "header-value", why)], attrs.evolve(sent, headers=rest)
    for value in values:
        if value != given:
            signed = _shown(name, value)
            why = f"{said}, and {signed} was signed"
            if given is None:
                why = f"{name} {signed} was signed, and {said}"
            guess = attrs.evolve(sent, headers={**rest, name: value})
            yield [Finding("error", "header-value", why)], guess


def _usual(name: str, sent: SentRequest, check: RequestCheck) -> Iterable[str]:
    if name == "content-type":
        return _media_types()
    if name == "content-length" and sent.body is not None:
        return (str(len(sent.body)),)
    usual = {
        "if-none-match": ("*",),
        "content-encoding": ("gzip", "br", "zstd", "identity", "aws-chunked"),
        "cache-control": ("no-store", "no-cache", "private", "public", "max-age=3600"),
    }
    return usual.get(name) or check.usual.get(name, ())


@cache
def _media_types() -> tuple[str, ...]:
    # Not of this machine's files: they name thousands more, on which the budget would be spent.
    from mimetypes import MimeTypes

    plain = dict.fromkeys(
        (
            "application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded",
            "multipart/form-data", "text/plain", "text/csv", "application/json",
            "application/vnd.apache.parquet", "application/gzip", "image/jpg", *MimeTypes().types_map[True].values(),
        )
    )  # fmt: skip
    return tuple(
        f"{kind}{end}"
        for end in ("", "; charset=utf-8", ";charset=utf-8", "; charset=UTF-8", ";charset=UTF-8")
        for kind in plain
    )


def _hosts(sent: SentRequest, check: RequestCheck) -> Iterator[Guess]:
    name = re.sub(r":[0-9]+$", "", sent.host)
    for host in dict.fromkeys((*check.hosts, name, f"{name}:443", f"{name}:80", f"{name}:9000")):
        if host != sent.host:
            why = f"you send it to {sent.host}, and the host {host} was signed"
            yield [Finding("error", "host", why)], attrs.evolve(sent, host=host)
    other = {"http": "https", "https": "http"}[sent.scheme]
    why = f"you send it over {sent.scheme}, and {other} was signed"
    yield [Finding("error", "scheme", why)], attrs.evolve(sent, scheme=other)


def _paths(sent: SentRequest, others: Callable[[str], Iterable[str]]) -> Iterator[Guess]:
    path = decoded(sent.path)
    for other in others(path):
        if other != path and other.startswith("/"):
            why = f"the key was changed: it was signed for the path {ascii(other)[:200]}"
            guess = attrs.evolve(sent, path=quote(other, "/~"))
            yield [Finding("error", "key", why)], guess


def _rewritten(path: str) -> Iterable[str]:
    """Undo what clients and proxies do to paths."""
    again = (
        re.sub(r"/{2,}", "/", path), path.replace(" ", "+"), path.replace("+", " "),
        normalize("NFC", path), normalize("NFD", path), decoded(path), quote(path, "/~"),
        path.rstrip("/"), path + "/", "/" + path, path.lower(), path.replace("\\", "/"),
    )  # fmt: skip
    return dict.fromkeys(again)


def _values(
    sent: SentRequest, check: RequestCheck, others: Callable[[str], Iterable[str]]
) -> Iterator[Guess]:
    for place, (raw, encoded) in enumerate(sent.query):
        name, value = decoded(raw), decoded(encoded)
        if name == check.parameter:
            continue
        for other in others(value):
            if other != value:
                shown = "" if _SECRET.search(name) else f": {ascii(other)[:120]} was signed"
                why = f"the parameter {ascii(name)[1:-1][:60]} was changed{shown}"
                pair = (raw, encode(other))
                query = (*sent.query[:place], pair, *sent.query[place + 1 :])
                yield (
                    [Finding("error", "parameter-changed", why)],
                    attrs.evolve(sent, query=query),
                )


def _families(value: str) -> Iterable[str]:
    """Fields are lists of letters or numbers of seconds: whole families of each are soon tried."""
    return _LIFETIMES if value.isdecimal() else _letters(value)


def _letters(value: str) -> Iterator[str]:
    """Yield what is left of a short list of letters, such as permissions, when some are taken out."""
    if value.isalpha() and 1 < len(value) <= 10:  # noqa: PLR2004 - 2**10 subsets
        for mask in range(1, 2 ** len(value) - 1):
            yield "".join(letter for n, letter in enumerate(value) if mask >> n & 1)


def near(text: str) -> Iterator[str]:
    """Yield every text that is one edit away: a character less, more, another, or two swapped.

    >>> list(near("ab"))[:3]
    ['b', 'a', 'ba']
    """
    if len(text) > _LONGEST:
        return
    size = len(text)
    characters = _OF_MOMENTS if text and _is_moment(text) else _CHARACTERS
    for n in range(size):
        yield text[:n] + text[n + 1 :]
    for n in range(size - 1):
        yield text[:n] + text[n + 1] + text[n] + text[n + 2 :]
    for n in range(size + 1):
        for char in characters:
            if n < size:
                yield text[:n] + char + text[n + 1 :]
            yield text[:n] + char + text[n:]


def _shown(name: str, value: str) -> str:
    return "****" if _SECRET.search(name) else ascii(value)[:120]
