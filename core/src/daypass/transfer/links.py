"""What bytes go through where a link alone is given: one that daypass made, or the bare URL of any."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from daypass.base.messages import shown
from daypass.base.secrets import hide
from daypass.base.urls import is_of_a_service, mask_url
from daypass.errors import InvalidRequestError, StoreError
from daypass.model.forms import UploadForm, masked_fields
from daypass.model.headers import check_text, check_token, copy_header, pairs_of
from daypass.model.links import SignedURL
from daypass.model.requests import SignOptions

__all__ = ["WHY", "check_alone", "check_method", "check_url", "is_link", "link_of", "pointed"]

#: Where a refusal is looked into; the command has words of its own.
WHY = "daypass.explain says what the link permits, and daypass.verify which piece of a request differs"
#: Answers that refuse what was sent through a link, and not the object that it leads to.
_REFUSALS = frozenset({400, 401, 403, 405, 410, 411})

#: A URL is used as it stands, so all that could end a line, or be read in two ways, is refused.
_URL = re.compile(r"https?://[\x21-\x7e]+", re.ASCII | re.IGNORECASE)
#: RFC 1035, 2.3.4: Python looks up no name with a longer label, or an empty one.
_LABEL = re.compile(r"[^.]{1,63}")


def is_link(given: object) -> bool:
    """Tell a link from a path."""
    if isinstance(given, str):
        return given[:8].lower().startswith(("http://", "https://"))
    return isinstance(given, (SignedURL, UploadForm))


@contextmanager
def pointed(link: object) -> Iterator[None]:
    """Say of a link that a store refuses what the store says, and how to find out why."""
    try:
        yield
    except StoreError as error:
        if error.status not in _REFUSALS:
            raise
        words = error.store_message
        if words and isinstance(link, UploadForm):
            shown = masked_fields(link.fields)
            words = hide(words, (v for n, v in link.fields.items() if shown[n] != v))
        said = f", in its own words: {words}" if words else ""
        # What a link of a service says of itself is nothing: the service has said why.
        url = str(getattr(link, "url", link))
        why = "" if is_of_a_service(url) else f"; {WHY}"
        msg = f"{error}{said}{why}"
        raise StoreError(
            msg, status=error.status, store_code=error.store_code, store_message=words
        ) from None


def check_alone(options: Mapping[str, Any]) -> None:
    """Raise where an option of signing is given together with a link, which is signed already.

    Raises:
        InvalidRequestError: naming it.

    """
    for name, value in options.items():
        if value is not None and value is not False and name != "headers":
            msg = f"{name} goes with a path, and a link is given, which permits what it permits: leave it out"
            raise InvalidRequestError(msg, option=name)


def check_method(options: SignOptions, method: str) -> None:
    """Raise where keywords ask for another method than a transfer has; take it out of them.

    Raises:
        InvalidRequestError: naming the method that it has.

    """
    given = options.get("method", method)
    if given is not None and str(given).upper() != method:
        msg = f"this sends {method} and nothing else: leave method out"
        raise InvalidRequestError(msg, option="method")
    options.pop("method", None)


def link_of(
    given: object, method: Literal["GET", "PUT"], headers: Mapping[str, str] | None
) -> SignedURL:
    """Return the link to use, with exactly the headers that it wants.

    Args:
        given: a `SignedURL`, which a caller may have put together from JSON, or a URL as text.
        method: what it is used for.
        headers: those that a bare URL wants, which does not say.

    Raises:
        InvalidRequestError: if it is for something else, or is no URL that can be used.

    """
    if isinstance(given, SignedURL):
        if headers:
            msg = "headers go with a bare URL: a SignedURL names its own, and only those are sent"
            raise InvalidRequestError(msg, option="headers")
        if given.method != method:
            msg = f"the link to {given.path} is for {given.method}, and this needs one for {method}"
            raise InvalidRequestError(msg, option="link")
        check_url(given.url)
        _check_no_copy(_check_headers(given.headers), method)
        return given
    if not isinstance(given, str):
        msg = f"a link is a SignedURL or the text of a URL, not {shown(given)}"
        raise InvalidRequestError(msg, option="link")
    url = str.__str__(given)  # an exact str: a subclass may write itself in its own way
    check_url(url)
    sent = {} if headers is None else _check_headers(headers)
    _check_no_copy(sent, method)
    return SignedURL(
        url=url,
        method=method,
        headers=sent,
        expires_at=datetime.max.replace(tzinfo=UTC),
        expires_because="a bare URL does not say when it ends",
        permits=frozenset({method}),
        unenforced=frozenset(),
        path=mask_url(url),
        backend="",
    )


def _check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers that can be sent: what raises for others shows their values."""
    return {
        check_token(name, "headers"): check_text(value, "headers")
        for name, value in pairs_of(headers, "headers")
    }


def _check_no_copy(headers: Mapping[str, str], method: str) -> None:
    """Raise for a link that copies an object: its store would take no byte of a file, and call it done."""
    if method == "PUT" and copy_header(headers):
        msg = "the link makes a copy of an object, and takes no file: send it with its headers and an empty body"
        raise InvalidRequestError(msg, option="link")


def check_url(url: str) -> None:
    """Raise where a URL cannot be used as it stands, or leads to anything but a server of HTTP.

    Raises:
        InvalidRequestError: which never shows it.

    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
        sound = bool(
            _URL.fullmatch(url) and all(map(_LABEL.fullmatch, host.split("."))) and parts.port != 0
        )
    except (TypeError, ValueError):
        sound = False
    if not sound:
        msg = "the link is no URL as a store gives it: http(s)://host/..., percent-encoded, without spaces"
        raise InvalidRequestError(msg, option="link")
    if "@" in parts.netloc:
        msg = "the link holds a login in front of its host, which is never sent: a signed URL needs none"
        raise InvalidRequestError(msg, option="link")
