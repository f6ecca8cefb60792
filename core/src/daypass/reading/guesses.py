"""Which single change explains a signature that does not fit: they are tried one after the other.

A signature tells nothing of what it was made of. But the change that breaks a link is nearly always
one: another method, a header that a client sets by itself, a parameter that a tracker appends. With
the key at hand every guess can be proven, so nothing that is named here is a guess.

The URL is a stranger's, who may make it long: what guessing may cost is counted, in bytes to be signed, and
what is likelier is tried first. Where a backend tells which text it signs, a guess is made in that text alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from functools import cache
from itertools import chain
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import attrs

from daypass.base.messages import escaped
from daypass.base.urls import encode, encode_key
from daypass.hookspecs.explanations import Explanation, RequestCheck
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import SentRequest, decoded
from daypass.reading.texts import UNSIGNED, Text, text_around

__all__ = ["difference"]

_METHODS = ("GET", "PUT", "HEAD", "DELETE", "POST", "PATCH", "OPTIONS")
#: What is tried in the place of each character of a value.
_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/ +=%&"
#: And of a number or a moment: no other character was there.
_OF_MOMENTS = "0123456789TZ:-"
_is_moment = re.compile(r"[0-9TZ:-]+").fullmatch
#: Longer values are not tried character by character: it would take seconds.
_LONGEST = 200
#: What all guesses together may hold, in bytes: some five thousand guesses for an ordinary link.
_BUDGET = 3_300_000
#: What a guess within a text costs at least, and one that builds a whole request.
_LEAST, _LEAST_WHOLE = 128, 256
#: And each parameter, which is encoded and sorted.
_PAIR = 32
#: So many guesses within a text are as dear as one that builds a whole request.
_WHOLE = 2
#: And to look for the places of a piece takes so many requests.
_PROBED = 4
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
#: Longer numbers are moments.
_LONGEST_LIFETIME = 8
#: So many names of parameters are shown at most.
_MOST_SHOWN = 10
#: Names of headers and parameters whose values are not shown.
_SECRET = re.compile(
    r"(?i)token|secret|signature|credential|authorization|cookie|customer-key|encryption-key"
)
#: How alike two signatures are where one is the other with some characters changed.
_ALIKE = 0.6


@attrs.frozen
class _Change:
    """One piece of the request, and other values for it."""

    #: Returns the request with another value.
    request: Callable[[str], SentRequest]
    values: Iterable[str]
    #: Says what it means that the value fits.
    findings: Callable[[str], list[Finding]]
    #: The value that is sent; None where none is.
    given: str | None = None
    #: Whether the values are so many that it pays to find the piece's places in the text.
    many: bool = False
    #: Those places, where they were found.
    gaps: Text | None = None


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
    budget = _Budget(check)
    for change in _in_order(_changes(sent, explanation, check), check, budget):
        found = _first(change, check, fits, budget)
        if found is not None:
            return change.findings(found)
        if budget.left < 0:
            break
    if any(finding.severity == "error" and finding.code in _EXPLAIN for finding in known):
        return []
    why = (
        "the signature does not fit, and no single change explains it: it was made with another key, or more "
        "than one piece is not as it was signed, or the key (the path), a value or the signature itself is an entirely "
        f"other one; method, {'headers, ' if sent.headers else ''}host and parameters were tried"
    )
    if budget.left < 0:
        why += ", as far as a fixed number of guesses goes"
    return [Finding("error", "signature-wrong", why)]


class _Budget:
    """What guessing may still cost."""

    def __init__(self, check: RequestCheck) -> None:
        self.left = _BUDGET
        self._signature, self._cost = check.parameter, check.cost
        self._times = 1 if check.signs is None else _WHOLE

    def text(self, size: int) -> bool:
        """Tell whether a text may be tried, and count it."""
        self.left -= _LEAST + self._cost + size
        return self.left >= 0

    def request(self, sent: SentRequest, times: int = 1) -> bool:
        """Tell whether a whole request may be; the signature itself is not signed."""
        query = sum(len(name) + len(value) for name, value in sent.query if name != self._signature)
        headers = sum(len(name) + len(value) for name, value in sent.headers.items())
        size = _LEAST_WHOLE + len(sent.path) + query + headers + _PAIR * len(sent.query)
        self.left -= times * self._times * size + self._cost
        return self.left >= 0


def _in_order(
    changes: Iterable[_Change], check: RequestCheck, budget: _Budget
) -> Iterator[_Change]:
    """Yield first what is cheap to try: what needs whole requests, many times, is left for the end."""
    late = []
    for change in changes:
        values = iter(change.values)
        first = next(values, None)
        if first is None:
            continue
        whole = attrs.evolve(change, values=chain((first,), values))
        if not change.many or check.text is None or check.signs is None:
            yield whole
        elif budget.request(change.request(first), times=_PROBED):
            gaps = text_around(check.text, change.request, change.given)
            if gaps is None:
                late.append(whole)
            elif gaps is not UNSIGNED:
                yield attrs.evolve(whole, gaps=gaps)
    yield from sorted(late, key=lambda change: len(change.given or ""))


def _first(
    change: _Change, check: RequestCheck, fits: Callable[[SentRequest], bool], budget: _Budget
) -> str | None:
    """Return the first value that makes the signature fit, if one does while the budget lasts."""
    for value in change.values:
        if value == change.given:
            continue
        if change.gaps is not None and check.signs is not None:
            text = change.gaps.filled(value)
            if not budget.text(len(text)):
                return None
            if not check.signs(text):
                continue
        guess = change.request(value)
        if not budget.request(guess):
            return None
        if fits(guess):
            return value
    return None


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


def _changes(sent: SentRequest, explanation: Explanation, check: RequestCheck) -> Iterator[_Change]:
    signed = explanation.headers
    headers = ("content-type", "content-md5") if signed is None else signed
    yield _method(sent)
    yield _added(sent, check)
    yield from _hosts(sent, check)
    names = [*dict.fromkeys((*headers, *sent.headers))][:_MOST_HEADERS]
    for name in names:
        yield from _header(sent, name, _usual(name, sent, check))
    yield _path(sent, _rewritten)
    yield from _values(sent, check, _families)
    # Whole alphabets come last: there the budget goes.
    yield from _values(sent, check, lambda value: near(value) if _is_moment(value) else ())
    yield _path(sent, near)
    methods = _method(sent)
    for method in methods.values:
        other, said = methods.request(method), methods.findings(method)
        for name in headers[:_MOST_HEADERS]:
            for change in _header(other, name, _usual(name, sent, check)):
                yield attrs.evolve(change, findings=_both(said, change.findings))
    yield from _values(sent, check, lambda value: () if _is_moment(value) else near(value))
    for name in names:
        yield from _header(sent, name, near(sent.headers.get(name, "")))


def _both(said: list[Finding], findings: Callable[[str], list[Finding]]) -> Any:
    return lambda value: [*said, *findings(value)]


def _method(sent: SentRequest) -> _Change:
    return _Change(
        lambda method: attrs.evolve(sent, method=method),
        [method for method in _METHODS if method != sent.method],
        lambda method: [
            Finding("error", "method", f"you send {sent.method}, and {method} was signed")
        ],
    )


def _added(sent: SentRequest, check: RequestCheck) -> _Change:
    """Leave out each parameter, and all that follow the signature."""
    query = sent.query
    places = {n for n, (name, _) in enumerate(query) if decoded(name) == check.parameter}
    ends = [(min(places) + 1, len(query))] if places else []
    parts = {
        f"{first}:{last}": (first, last)
        for first, last in (*((n, n + 1) for n in range(len(query))), *ends)
        if first < last and first not in places
    }

    def without(part: str) -> SentRequest:
        first, last = parts[part]
        return attrs.evolve(sent, query=query[:first] + query[last:])

    def findings(part: str) -> list[Finding]:
        first, last = parts[part]
        names = ", ".join(
            escaped(decoded(name), 40) or "=" for name, _ in query[first:last][:_MOST_SHOWN]
        )
        why = f"added after it was signed: the parameter {names}"
        return [Finding("error", "parameter-added", why)]

    return _Change(without, parts, findings)


def _header(sent: SentRequest, name: str, values: Iterable[str]) -> Iterator[_Change]:
    """Try other values of one header, none at all among them."""
    given = sent.headers.get(name)
    rest = {other: value for other, value in sent.headers.items() if other != name}
    said = "you do not send it" if given is None else f"you send {name} {_shown(name, given)}"

    def findings(value: str) -> list[Finding]:
        signed = _shown(name, value)
        why = f"{said}, and {signed} was signed"
        if given is None:
            why = f"{name} {signed} was signed, and {said}"
        return [Finding("error", "header-value", why)]

    if given is not None:
        none = [Finding("error", "header-value", f"{said}, and none was signed")]
        yield _Change(lambda _: attrs.evolve(sent, headers=rest), ("",), lambda _: none)
    yield _Change(
        lambda value: attrs.evolve(sent, headers={**rest, name: value}),
        values,
        findings,
        given=given,
        many=True,
    )


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


def _hosts(sent: SentRequest, check: RequestCheck) -> Iterator[_Change]:
    name = re.sub(r":[0-9]+$", "", sent.host)
    yield _Change(
        lambda host: attrs.evolve(sent, host=host),
        dict.fromkeys((*check.hosts, name, f"{name}:443", f"{name}:80", f"{name}:9000")),
        lambda host: [
            Finding("error", "host", f"you send it to {sent.host}, and the host {host} was signed")
        ],
        given=sent.host,
    )
    yield _Change(
        lambda scheme: attrs.evolve(sent, scheme=scheme),
        [{"http": "https", "https": "http"}[sent.scheme]],
        lambda scheme: [
            Finding("error", "scheme", f"you send it over {sent.scheme}, and {scheme} was signed")
        ],
    )


def _path(sent: SentRequest, others: Callable[[str], Iterable[str]]) -> _Change:
    path = decoded(sent.path)

    def findings(other: str) -> list[Finding]:
        why = f"the key was changed: it was signed for the path {ascii(other)[:200]}"
        return [Finding("error", "key", why)]

    return _Change(
        lambda other: attrs.evolve(sent, path=encode_key(other)),
        (other for other in others(path) if other.startswith("/")),
        findings,
        given=path,
        many=True,
    )


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
) -> Iterator[_Change]:
    # The shorter first: they have fewer neighbours.
    for place, (raw, encoded) in sorted(enumerate(sent.query), key=lambda one: len(one[1][1])):
        name, value = decoded(raw), decoded(encoded)
        if name != check.parameter:
            yield _value(sent, place, name, value, others(value))


def _value(sent: SentRequest, place: int, name: str, value: str, others: Iterable[str]) -> _Change:
    query = sent.query
    before, raw, after = query[:place], query[place][0], query[place + 1 :]

    def findings(other: str) -> list[Finding]:
        shown = "" if _SECRET.search(name) else f": {ascii(other)[:120]} was signed"
        why = f"the parameter {escaped(name, 60)} was changed{shown}"
        return [Finding("error", "parameter-changed", why)]

    return _Change(
        lambda other: attrs.evolve(sent, query=(*before, (raw, encode(other)), *after)),
        others,
        findings,
        given=value,
        many=True,
    )


def _families(value: str) -> Iterable[str]:
    """Fields are lists of letters or numbers of seconds: whole families of each are soon tried."""
    if value.isdecimal():
        return _LIFETIMES if len(value) <= _LONGEST_LIFETIME else ()
    return _letters(value)


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
