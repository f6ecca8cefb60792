"""The story of the demo: what a link does, and four ways in which it is refused; and what installed packages go on to."""

from __future__ import annotations

import hashlib
import http.client
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import attrs

from daypass.backends.discovery import choose, load, may_load, source
from daypass.backends.loading import registry
from daypass.base.times import in_utc
from daypass.base.urls import mask_url
from daypass.demo.server import Server, ServerError, make_bucket
from daypass.errors import DaypassError, PluginError
from daypass.model.links import SignedURL
from daypass.store.functions import create_signed_url, head_metadata

__all__ = ["GROUP", "NEXT", "PATH", "Step", "go_on", "tell"]

#: The group of entry points: the name says what the story goes on to, the value is a module with a function ``tell``.
GROUP = "daypass.demos"

_BUCKET = "demo"
PATH = f"s3://{_BUCKET}/weather/oslo 2026.csv"
_BODY = b"day,degrees\nmonday,-3\ntuesday,-5\n"
_UPLOAD: dict[str, Any] = {
    "content_type": "text/csv",
    "content_md5": hashlib.md5(_BODY, usedforsecurity=False).digest(),
    "add_content_md5_metadata": True,
    "metadata": {"station": "blindern"},
}

#: What to try after the demo.
NEXT = (
    "daypass sign s3://your-bucket/your/key --expires-in 15m",
    "daypass put FILE s3://your-bucket/your/key",
    "daypass get s3://your-bucket/your/key FILE",
    "daypass plugins",
)


@attrs.frozen
class Step:
    """One step of the story, done."""

    title: str
    #: True where it went as it should.
    good: bool
    #: What was done and what came back; links are masked.
    lines: list[str]
    #: The HTTP status, where a link was used.
    status: int | None = None
    #: The store's own name for the error, where it gave one.
    code: str | None = None


@attrs.frozen
class _Answer:
    status: int
    code: str | None
    body: bytes = attrs.field(repr=False)

    def __str__(self) -> str:
        phrase = HTTPStatus(self.status).phrase
        return f"{self.status} {phrase}" + (f", {self.code}" if self.code else "")


def tell(server: Server) -> Iterator[Step]:
    """Do the steps one by one, and yield each when it is done.

    A step that fails is told as such and does not end the story. Nothing but ``server`` is
    talked to.
    """
    for title, act in _ACTS:
        try:
            step = act(server.storage_options) if act is not _bucket else _bucket(server)
        except (DaypassError, ServerError, OSError, http.client.HTTPException) as error:
            step = Step("", good=False, lines=[f"{type(error).__name__}: {error}"])
        yield attrs.evolve(step, title=title)


def go_on(server: Server) -> Iterator[Step]:
    """Do the steps of installed packages, after those of `tell`, whose object is at `PATH` by then.

    A package's function ``tell`` takes the server and yields steps. A package that may not be loaded tells nothing.

    Raises:
        BackendConflictError: if two packages go on under one name.
        PluginError: if a package's module is broken.

    """
    for name, claimants in sorted(registry.claims(GROUP).items()):
        entry = choose(name, claimants)
        if not may_load(entry):
            continue
        more = getattr(load(entry), "tell", None)
        if not callable(more):
            msg = f"plugin {entry.value} of {source(entry)} has no function tell that goes on with the demo: give its module one"
            raise PluginError(msg, plugin=entry.value)
        yield from more(server)


def _bucket(server: Server) -> Step:
    make_bucket(server, _BUCKET)
    return Step("", good=True, lines=[f"s3://{_BUCKET} at {server.endpoint}"])


def _upload(options: Mapping[str, Any]) -> Step:
    link = create_signed_url(
        PATH, method="PUT", expires_in="15m", storage_options=options, **_UPLOAD
    )
    answer = _use(link, body=_BODY)
    step = _step(link, answer, good=answer.status == HTTPStatus.OK)
    return attrs.evolve(step, lines=[*step.lines, f"headers signed: {', '.join(link.headers)}"])


def _read_metadata(options: Mapping[str, Any]) -> Step:
    found = head_metadata(PATH, storage_options=options)
    assert found is not None  # noqa: S101 - None only where missing_ok
    good = (
        found.size == len(_BODY)
        and found.content_type == "text/csv"
        and found.metadata.get("station") == "blindern"
        and found.content_md5 == found.metadata.get("md5chksum") is not None
    )
    lines = [
        f"{found.size} bytes, {found.content_type}, MD5 {found.content_md5}",
        f"metadata: {found.metadata}",
    ]
    return Step("", good=good, lines=lines)


def _download(options: Mapping[str, Any]) -> Step:
    link = create_signed_url(PATH, expires_in="15m", storage_options=options)
    answer = _use(link)
    step = _step(link, answer, good=answer.body == _BODY and answer.status == HTTPStatus.OK)
    return attrs.evolve(
        step,
        lines=[
            *step.lines,
            f"ends {in_utc(link.expires_at)}, {link.expires_because}",
        ],
    )


def _tamper(options: Mapping[str, Any]) -> Step:
    link = create_signed_url(PATH, expires_in="1m", storage_options=options)
    longer = attrs.evolve(link, url=link.url.replace("X-Amz-Expires=60&", "X-Amz-Expires=604800&"))
    answer = _use(longer)
    good = longer.url != link.url and _is_refusal(answer, "SignatureDoesNotMatch")
    return _step(longer, answer, good=good, note="its holder made a week of one minute")


def _other_method(options: Mapping[str, Any]) -> Step:
    link = create_signed_url(PATH, storage_options=options)
    answer = _use(link, method="DELETE")
    still_there = head_metadata(PATH, missing_ok=True, storage_options=options) is not None
    good = _is_refusal(answer, "SignatureDoesNotMatch") and still_there
    return _step(link, answer, good=good, method="DELETE", note="the object is still there")


def _missing_header(options: Mapping[str, Any]) -> Step:
    path = PATH + ".copy"
    link = create_signed_url(path, method="PUT", storage_options=options, **_UPLOAD)
    headers = {name: value for name, value in link.headers.items() if name != "Content-MD5"}
    answer = _use(link, body=_BODY, headers=headers)
    absent = head_metadata(path, missing_ok=True, storage_options=options) is None
    good = _is_refusal(answer, "AccessDenied", "SignatureDoesNotMatch") and absent
    return _step(link, answer, good=good, note="Content-MD5 was left out; nothing was stored")


def _expire(options: Mapping[str, Any]) -> Step:
    past = datetime.now(UTC) - timedelta(hours=2)
    link = create_signed_url(PATH, expires_in="1h", signing_time=past, storage_options=options)
    answer = _use(link)
    ended = f"it ended at {in_utc(link.expires_at)}"
    return _step(link, answer, good=_is_refusal(answer, "AccessDenied", "ExpiredToken"), note=ended)


_ACTS: tuple[tuple[str, Callable[..., Step]], ...] = (
    ("Create a bucket", _bucket),
    ("Upload through a signed PUT link", _upload),
    ("Read the object's metadata", _read_metadata),
    ("Download through a signed GET link", _download),
    ("Refused: a link that was tampered with", _tamper),
    ("Refused: a link used with another method", _other_method),
    ("Refused: an upload without a header it needs", _missing_header),
    ("Refused: a link that has expired", _expire),
)


def _step(
    link: SignedURL, answer: _Answer, *, good: bool, method: str | None = None, note: str = ""
) -> Step:
    lines = [f"{method or link.method} {mask_url(link.url)}", f"answer: {answer}"]
    if note and good:
        lines.append(note)
    return Step("", good=good, lines=lines, status=answer.status, code=answer.code)


def _is_refusal(answer: _Answer, *codes: str) -> bool:
    return answer.status == HTTPStatus.FORBIDDEN and answer.code in codes


def _use(
    link: SignedURL,
    *,
    method: str | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> _Answer:
    """Use a link on loopback: no proxy, no redirect, and the path as it stands."""
    place = urlsplit(link.url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    try:
        connection.request(
            method or link.method,
            f"{place.path}?{place.query}",
            body=body,
            headers=dict(link.headers if headers is None else headers),
        )
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    code = re.search(rb"<Code>(\w+)</Code>", content)
    return _Answer(response.status, code[1].decode() if code else None, content)
