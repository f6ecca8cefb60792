"""``explain``: ask the installed backends what a URL is, knowing none of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from daypass.backends.calls import Backend, read_by
from daypass.backends.loading import registry
from daypass.base.times import in_utc, span, utc
from daypass.base.tracebacks import discreet
from daypass.errors import InvalidRequestError
from daypass.hookspecs.error_body import ErrorBody
from daypass.hookspecs.explanations import Explanation
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass.model.headers import copy_header
from daypass.reading.answers import parse_error
from daypass.reading.parse import parse_form, parse_url
from daypass.toolkit.answers import own_words

__all__ = ["explain"]

_WEEK = 604_800


@discreet
def explain(
    url: str | Mapping[str, Any] | Any,
    *,
    error: str | bytes | None = None,
    now: datetime | None = None,
) -> Explanation:
    """Say what a signed URL says of itself: offline, without a key and without trusting it.

    >>> link = explain(
    ...     "https://maps.s3.eu-west-1.amazonaws.com/europe.tif?AWSAccessKeyId=AK"
    ...     "&Signature=x&Expires=1767225600",
    ...     now=datetime(2026, 1, 1, 3, tzinfo=UTC),
    ... )
    >>> link.path, link.ok
    ('s3://maps/europe.tif', False)
    >>> link.findings[0].message
    'it ended 3 hours ago: ask for a new link'

    Args:
        url: the URL as text, a link that daypass made, or a form: its fields as a mapping, or a
            mapping (or an object) with ``url`` and ``fields``.
        error: what was answered, where it refused: the body, with status line and headers in front where they
            are at hand, as ``curl -i`` saves them. It may be a store's XML or JSON, a proxy's page, or empty.
        now: the clock to judge by, aware; by default this machine's.

    Returns:
        An `Explanation`. Its ``backend`` is None for what no installed backend knows, and then a
        finding says so: garbage is no error.

    Raises:
        InvalidRequestError: for what is neither text nor a form, a naive ``now``, or an ``error`` that is no
            text or far too long.

    """
    clock = datetime.now(UTC) if now is None else utc(now, "now")
    return explain_found(read(url, clock, None if error is None else parse_error(error)))[1]


def read(url: Any, now: datetime, error: ErrorBody | None = None) -> FoundURL | Explanation:
    """Take apart what somebody found; what is no URL is explained at once.

    Raises:
        InvalidRequestError: for what is neither text nor a form.

    """
    place, fields = _parts(url)
    if fields is not None:
        return parse_form(place, fields, now, error)
    if not isinstance(place, str):
        msg = f"url must be the text of a URL, a signed link or a form's fields, not {type(url).__name__}"
        raise InvalidRequestError(msg, option="url")
    found = parse_url(place, now, error)
    if isinstance(found, FoundURL):
        return found
    return Explanation(url=place, backend=None, findings=(_UNKNOWN, *found), now=now)


def _parts(url: Any) -> tuple[Any, dict[str, str] | None]:
    """Return the text of a URL, and a form's fields, of whatever was given."""
    if isinstance(url, str):
        return url, None
    try:
        place, fields = _taken_apart(url)
        pairs = None if fields is None else dict(fields)
    except Exception:  # noqa: BLE001 - whatever a stranger's object raises
        return None, None
    if pairs is None:
        return place, None
    if not isinstance(place, str | None) or not all(
        isinstance(text, str) for pair in pairs.items() for text in pair
    ):
        msg = "a form's fields must be a mapping of text to text, and its url text"
        raise InvalidRequestError(msg, option="url")
    return place, pairs


def _taken_apart(url: Any) -> tuple[Any, Any]:
    if not isinstance(url, Mapping):
        return getattr(url, "url", None), getattr(url, "fields", None)
    inner = url.get("fields")
    return (url.get("url"), inner) if isinstance(inner, Mapping) else (None, url)


_UNKNOWN = Finding("error", "unknown", "not a signed URL I know")


def explain_found(found: FoundURL | Explanation) -> tuple[Backend | None, Explanation]:
    """Ask every installed backend; return who knows it, and what it says."""
    if isinstance(found, Explanation):
        return None, found
    answers: list[tuple[str, Backend, Explanation]] = []
    further: list[Finding] = list(found.findings)
    for protocol, backend in sorted(registry.installed().items()):
        answer = read_by(backend, found)
        if isinstance(answer, Explanation):
            answers.append((protocol, backend, answer))
        elif isinstance(answer, Finding):
            further.append(answer)
    if not answers:
        return None, _unknown(found, further)
    _, backend, answer = answers[0]
    if others := [other.info.name for _, other, _ in answers[1:]]:
        why = f"it holds the parameters of {', '.join(others)} too, and each store reads its own"
        further.append(Finding("warning", "ambiguous", why))
    further += _of_time(answer)
    further += _of_copies(answer)
    if answer.expires_at is None and answer.scheme is not None and not answer.findings:
        further.append(Finding("warning", "no-end", "the URL does not say when it ends"))
    if found.error is not None:
        further += own_words(found.error)
    if found.scheme == "http":
        why = "it leads to plain http: whoever is on the way can read the link and use it"
        further.append(Finding("warning", "http", why))
    return backend, attrs.evolve(answer, findings=(*answer.findings, *further))


def _unknown(found: FoundURL, further: list[Finding]) -> Explanation:
    names = sorted({one.info.name for one in registry.installed().values() if one.explain_url})
    why = f"it has no signature that an installed backend knows ({', '.join(names) or 'none'})"
    if found.error is not None:
        further += own_words(found.error)
    return Explanation(
        url=found.url,
        backend=None,
        findings=(_UNKNOWN, Finding("note", "installed", why), *further),
        now=found.now,
    )


def _of_copies(answer: Explanation) -> list[Finding]:
    """Say that a link makes a copy of an object, which its URL does not name."""
    if (name := copy_header(answer.headers or ())) is None:
        return []
    why = f"it makes a copy in place of an upload: its signed header {name} names the object that is copied, and no body is kept"
    return [Finding("note", "copy", why)]


def _of_time(answer: Explanation) -> list[Finding]:
    """Judge the end and the start; a V4 signature's own clock is its backend's to judge."""
    now, findings = answer.now, []
    if answer.expires_at is not None and answer.expires_at <= now:
        ago = span((now - answer.expires_at).total_seconds())
        findings.append(Finding("error", "expired", f"it ended {ago} ago: ask for a new link"))
    if answer.starts_at is not None and answer.starts_at > now:
        left = span((answer.starts_at - now).total_seconds())
        why = f"it does not work before {in_utc(answer.starts_at)}, in {left}"
        findings.append(Finding("error", "not-yet-valid", why))
    if answer.expires_at is not None and (answer.expires_at - now).total_seconds() > _WEEK:
        left = span((answer.expires_at - now).total_seconds())
        why = (
            f"it works for another {left}, and cannot be recalled on its own: prefer links of hours"
        )
        findings.append(Finding("warning", "long-lived", why))
    return findings
