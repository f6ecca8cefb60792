"""What may have changed a link since it was signed: the pieces of a request, and what else may have stood there.

The change that breaks a link is nearly always one: another method, a header that a client sets by itself, a
parameter that a tracker appends. What is likelier comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from unicodedata import normalize
from urllib.parse import quote

import attrs

from daypass.base.media_types import KNOWN
from daypass.base.messages import escaped
from daypass.base.urls import encode, encode_key
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import decoded
from daypass.hookspecs.verifications import RequestCheck, SentRequest

__all__ = ["Piece", "changes", "near"]

_METHODS = ("GET", "PUT", "HEAD", "DELETE", "POST", "PATCH", "OPTIONS")
#: What is tried in the place of each character of a value.
_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/ +=%&"
#: And of a moment, or a number: no other character was there.
_OF_MOMENTS, _OF_NUMBERS = "0123456789TZ:-", "0123456789"
_is_moment = re.compile(r"[0-9TZ:-]+").fullmatch
_is_number = re.compile(r"[0-9]+").fullmatch
#: Longer values are not tried character by character: it would take seconds.
_LONGEST = 200
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


@attrs.frozen(eq=False)
class Piece:
    """One piece of the request, in the place of which another value may have been signed."""

    #: Returns the request with another value.
    request: Callable[[str], SentRequest]
    #: Says what it means that the value fits.
    findings: Callable[[str], list[Finding]]
    #: The value that is sent; None where none is.
    given: str | None = None
    #: Whether the values are so many that it pays to find the piece's places in the text.
    many: bool = False


#: A piece, and values to try there.
_Change = tuple[Piece, Iterable[str]]


def changes(sent: SentRequest, explanation: Explanation, check: RequestCheck) -> Iterator[_Change]:
    """Yield each piece with values to try; one piece may come again, with others.

    Args:
        sent: the request, whose signature does not fit.
        explanation: what the URL says of itself.
        check: the backend's answer.

    """
    signed = explanation.headers
    headers = ("content-type", "content-md5") if signed is None else signed
    names = [*dict.fromkeys((*headers, *sent.headers))][:_MOST_HEADERS]
    path, parameters = _path(sent), _parameters(sent, check)
    method, methods = _method(sent)
    fields = {name: _header(sent, name) for name in names}
    yield method, methods
    yield _added(sent, check)
    yield from _hosts(sent, check)
    for name, field in fields.items():
        if field.given is not None:
            yield _left_out(sent, name), ("",)
        yield field, _usual(name, sent, check)
    yield path, _rewritten(path.given or "")
    for piece in parameters:
        yield piece, _families(piece.given or "")
    # Whole alphabets come last: there the budget goes.
    for piece in parameters:
        yield piece, near(piece.given or "") if _is_moment(piece.given or "") else ()
    yield path, ("/" + rest for rest in near((path.given or "")[1:]))
    for other in methods:
        changed, said = method.request(other), method.findings(other)
        for name in headers[:_MOST_HEADERS]:
            if name in changed.headers:
                yield _also(said, _left_out(changed, name)), ("",)
            yield _also(said, _header(changed, name)), _usual(name, changed, check)
    for piece in parameters:
        yield piece, () if _is_moment(piece.given or "") else near(piece.given or "")
    for field in fields.values():
        yield field, near(field.given or "")


def _also(said: list[Finding], piece: Piece) -> Piece:
    return attrs.evolve(piece, findings=lambda value: [*said, *piece.findings(value)])


def _method(sent: SentRequest) -> tuple[Piece, list[str]]:
    piece = Piece(
        lambda method: attrs.evolve(sent, method=method),
        lambda method: [
            Finding("error", "method", f"you send {sent.method}, and {method} was signed")
        ],
    )
    return piece, [method for method in _METHODS if method != sent.method]


def _added(sent: SentRequest, check: RequestCheck) -> _Change:
    """Leave out all parameters that follow the signature, and each of them: what is added is added at the end."""
    query = sent.query
    places = {n for n, (name, _) in enumerate(query) if decoded(name) == check.parameter}
    ends = [(min(places) + 1, len(query))] if places else []
    parts = {
        f"{first}:{last}": (first, last)
        for first, last in (*ends, *((n, n + 1) for n in reversed(range(len(query)))))
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

    return Piece(without, findings), parts


def _header(sent: SentRequest, name: str) -> Piece:
    given = sent.headers.get(name)

    def findings(value: str) -> list[Finding]:
        signed = _shown(name, value)
        why = f"you send {name} {_shown(name, given or '')}, and {signed} was signed"
        if given is None:
            why = f"{name} {signed} was signed, and you do not send it"
            return [Finding("error", "header-missing", why)]
        return [Finding("error", "header-value", why)]

    return Piece(
        lambda value: attrs.evolve(sent, headers={**sent.headers, name: value}),
        findings,
        given=given,
        many=True,
    )


def _left_out(sent: SentRequest, name: str) -> Piece:
    """Return the header as a piece that was not there."""
    rest = {other: value for other, value in sent.headers.items() if other != name}
    why = f"you send {name} {_shown(name, sent.headers[name])}, and none was signed"
    return Piece(
        lambda _: attrs.evolve(sent, headers=rest),
        lambda _: [Finding("error", "header-value", why)],
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
            "multipart/form-data", "text/plain", *KNOWN.values(), "application/gzip", "image/jpg",
            *MimeTypes().types_map[True].values(),
        )
    )  # fmt: skip
    return tuple(
        f"{kind}{end}"
        for end in ("", "; charset=utf-8", ";charset=utf-8", "; charset=UTF-8", ";charset=UTF-8")
        for kind in plain
    )


def _hosts(sent: SentRequest, check: RequestCheck) -> Iterator[_Change]:
    name = re.sub(r":[0-9]+$", "", sent.host)
    host = Piece(
        lambda host: attrs.evolve(sent, host=host),
        lambda host: [
            Finding("error", "host", f"you send it to {sent.host}, and the host {host} was signed")
        ],
        given=sent.host,
    )
    yield host, dict.fromkeys((*check.hosts, name, f"{name}:443", f"{name}:80", f"{name}:9000"))
    scheme = Piece(
        lambda scheme: attrs.evolve(sent, scheme=scheme),
        lambda scheme: [
            Finding("error", "scheme", f"you send it over {sent.scheme}, and {scheme} was signed")
        ],
    )
    yield scheme, [{"http": "https", "https": "http"}[sent.scheme]]


def _path(sent: SentRequest) -> Piece:
    def findings(other: str) -> list[Finding]:
        why = f"the key was changed: it was signed for the path {ascii(other)[:200]}"
        return [Finding("error", "key", why)]

    return Piece(
        lambda other: attrs.evolve(sent, path=encode_key(other)),
        findings,
        given=decoded(sent.path),
        many=True,
    )


def _rewritten(path: str) -> Iterable[str]:
    """Undo what clients and proxies do to paths."""
    again = (
        re.sub(r"/{2,}", "/", path), path.replace(" ", "+"), path.replace("+", " "),
        normalize("NFC", path), normalize("NFD", path), decoded(path), quote(path, "/~"),
        path.rstrip("/"), path + "/", "/" + path, path.lower(), path.replace("\\", "/"),
    )  # fmt: skip
    return dict.fromkeys(other for other in again if other.startswith("/"))


def _parameters(sent: SentRequest, check: RequestCheck) -> list[Piece]:
    """Return the parameters but the signature, the shorter first: they have fewer neighbours."""
    return [
        _parameter(sent, place, decoded(name), decoded(value))
        for place, (name, value) in sorted(enumerate(sent.query), key=lambda one: len(one[1][1]))
        if decoded(name) != check.parameter
    ]


def _parameter(sent: SentRequest, place: int, name: str, value: str) -> Piece:
    query = sent.query

    def request(other: str) -> SentRequest:
        changed = (query[place][0], encode(other))
        return attrs.evolve(sent, query=(*query[:place], changed, *query[place + 1 :]))

    def findings(other: str) -> list[Finding]:
        shown = "" if _SECRET.search(name) else f": {ascii(other)[:120]} was signed"
        why = f"the parameter {escaped(name, 60)} was changed{shown}"
        return [Finding("error", "parameter-changed", why)]

    return Piece(
        request,
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
    """Yield every text that is one edit away: a character less, two swapped, in the other case, another, or more.

    >>> list(near("ab"))[:5]
    ['b', 'a', 'ba', 'Ab', 'aB']
    """
    if len(text) > _LONGEST:
        return
    size = len(text)
    characters = _CHARACTERS
    if _is_moment(text):
        characters = _OF_NUMBERS if _is_number(text) else _OF_MOMENTS
    for n in range(size):
        yield text[:n] + text[n + 1 :]
    for n in range(size - 1):
        yield text[:n] + text[n + 1] + text[n] + text[n + 2 :]
    if characters is _CHARACTERS:
        for n in range(size):
            yield text[:n] + text[n].swapcase() + text[n + 1 :]
    for n in range(size + 1):
        before, after, rest = text[:n], text[n:], text[n + 1 :]
        for char in characters:
            if after:
                yield f"{before}{char}{rest}"
            yield f"{before}{char}{after}"


def _shown(name: str, value: str) -> str:
    return "****" if _SECRET.search(name) else ascii(value)[:120]
