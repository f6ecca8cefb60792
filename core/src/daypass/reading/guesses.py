"""Which single change explains a signature that does not fit: they are tried one after the other.

A signature tells nothing of what it was made of. But with the key at hand every guess can be proven, so nothing
that is named here is a guess. Guesses are made in the text that is signed, where the piece has its places there.

The URL is a stranger's, who may make it long: what guessing may cost is counted, in bytes to be signed, and
what is likelier is tried first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import chain

from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import decoded
from daypass.hookspecs.verifications import RequestCheck, SentRequest
from daypass.reading.changes import Piece, changes
from daypass.reading.texts import UNSIGNED, Signing, Text, text_around

__all__ = ["difference"]

#: What all guesses together may cost, in bytes that could be hashed meanwhile: six thousand guesses for an ordinary link.
_BUDGET = 8_000_000
#: What a guess within a text costs beside its own bytes, and one that builds a whole request.
_LEAST, _LEAST_WHOLE = 800, 5_000
#: And each parameter there, which is decoded, encoded and sorted.
_PAIR = 500
#: And to look for the places of a piece takes so many requests.
_PROBED = 4
#: How alike two signatures are where one is the other with some characters changed.
_ALIKE = 0.6
#: Findings that explain a wrong signature by themselves.
_EXPLAIN = frozenset({"header-missing", "date-mismatch", "incomplete"})


def difference(
    sent: SentRequest,
    explanation: Explanation,
    check: RequestCheck,
    signing: Signing,
    known: Iterable[Finding],
) -> list[Finding]:
    """Name the change that explains a wrong signature; with what is known already, if it does.

    Args:
        sent: the request, whose signature does not fit.
        explanation: what the URL says of itself.
        check: the backend's answer.
        signing: what is signed, and what tells whether a signature is right.
        known: what was found without the signature.

    """
    if finding := _of_signature(sent, check, signing):
        return [finding]
    if any(one.severity == "error" and one.code == "parameter-changed" for one in check.findings):
        return []  # the backend has found it already
    if sent.fields is not None:
        why = (
            "the signature is not that of the policy: it was made with another key, or the policy, the scope in the "
            "credential or the signature itself was changed"
        )
        return [Finding("error", "signature-wrong", why)]
    search = _Search(check, signing)
    for piece, values in search.in_order(changes(sent, explanation, check)):
        found = search.first(piece, values)
        if found is not None:
            return piece.findings(found)
        if search.left < 0:
            break
    if any(finding.severity == "error" and finding.code in _EXPLAIN for finding in known):
        return []
    why = (
        "the signature does not fit, and no single change explains it: it was made with another key, or more "
        "than one piece is not as it was signed, or the key (the path), a value or the signature itself is an entirely "
        f"other one; method, {'headers, ' if sent.headers else ''}host and parameters were tried"
    )
    if search.left < 0:
        why += ", as far as a fixed number of guesses goes"
    return [Finding("error", "signature-wrong", why)]


def _of_signature(sent: SentRequest, check: RequestCheck, signing: Signing) -> Finding | None:
    """Compare the signature with the right one: a changed request has an entirely other one."""
    given = sent.get(check.parameter)
    if check.right is None or given is None:
        return None
    right = check.right(signing.text(sent))
    if given.lower() == right.lower():
        return Finding(
            "error", "signature-changed", "the case of the signature's letters was changed"
        )
    if "%" in given and decoded(given) == right:
        why = "the signature is encoded twice (%252B for %2B): encode it once"
        return Finding("error", "encoded-twice", why)
    if len(given) < len(right) and given and right.startswith(given):
        why = f"the signature was cut off: {len(right) - len(given)} characters are missing at its end"
        return Finding("error", "signature-changed", why)
    if SequenceMatcher(None, given[: 4 * len(right)], right, autojunk=False).ratio() > _ALIKE:
        why = "some characters of the signature were changed: all else is as it was signed"
        return Finding("error", "signature-changed", why)
    return None


class _Search:
    """What is tried, and what that may still cost."""

    def __init__(self, check: RequestCheck, signing: Signing) -> None:
        self.left = _BUDGET
        self._signing = signing
        self._signature, self._cost = check.parameter, check.cost
        self._gaps: dict[Piece, Text | None] = {}

    def in_order(
        self, pieces: Iterable[tuple[Piece, Iterable[str]]]
    ) -> Iterator[tuple[Piece, Iterable[str]]]:
        """Yield first what is cheap to try: what needs whole requests, many times, is left for the end."""
        late = []
        for piece, others in pieces:
            values = iter(others)
            first = next(values, None)
            if first is None:
                continue
            values = chain((first,), values)
            gaps = self._found(piece, first) if piece.many else None
            if not piece.many or gaps is not None:
                yield piece, values
            else:
                late.append((piece, values))
        yield from sorted(late, key=lambda change: len(change[0].given or ""))

    def first(self, piece: Piece, values: Iterable[str]) -> str | None:
        """Return the first value that makes the signature fit, if one does while the budget lasts."""
        gaps = self._gaps.get(piece)
        if gaps is UNSIGNED:
            return None
        if gaps is not None:
            values = self._in_text(gaps, values)
        for value in values:
            if value == piece.given:
                continue
            guess = piece.request(value)
            if not self._pay(guess):
                return None
            if self._signing.fits(guess):
                return value
        return None

    def _in_text(self, gaps: Text, values: Iterable[str]) -> Iterator[str]:
        """Yield the values that seem to fit: a look at the whole request decides."""
        filled, signs, least = gaps.filled, self._signing.signs, _LEAST + self._cost
        for value in values:
            text = filled(value)
            self.left -= least + len(text)
            if self.left < 0:
                return
            if signs(text):
                yield value

    def _found(self, piece: Piece, value: str) -> Text | None:
        """Return the text with gaps for a piece; None where whole requests must be tried."""
        if piece not in self._gaps:
            affordable = self._pay(piece.request(value), _PROBED)
            gaps = (
                text_around(self._signing.text, piece.request, piece.given)
                if affordable
                else UNSIGNED
            )
            self._gaps[piece] = gaps
        return self._gaps[piece]

    def _pay(self, sent: SentRequest, times: int = 1) -> bool:
        """Tell whether a whole request may be tried, and count it; the signature itself is not signed."""
        query = sum(len(name) + len(value) for name, value in sent.query if name != self._signature)
        headers = sum(len(name) + len(value) for name, value in sent.headers.items())
        size = _LEAST_WHOLE + len(sent.path) + query + headers + _PAIR * len(sent.query)
        self.left -= times * size + self._cost
        return self.left >= 0
