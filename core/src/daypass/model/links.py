"""``SignedURL``: a temporary URL, with all that its holder must know. It does not know how it was made."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from daypass.base.secrets import MASK, mask_headers, masked_headers
from daypass.base.times import in_utc, rfc3339
from daypass.base.tracebacks import discreet
from daypass.base.urls import mask_url, masked_repr, token_of
from daypass.errors import SigningNotSupportedError, UnsupportedOptionError
from daypass.model.cards import link_card
from daypass.model.headers import copy_header, of_session, starts_session

__all__ = ["AGAIN", "REQUESTED", "SIZE", "SignedURL", "make_cookies"]

#: ``SignedURL.expires_because`` of a link that lives as long as was asked.
REQUESTED = "requested"


#: Under which name a link keeps, in its ``__dict__``, who signs it once more, and what was asked. It is no field: what is
#: held there of the store shall be in no repr, no comparison and no pickle.
AGAIN = "_again"
#: Under which a link holds the size of what `share` wrote before it was signed.
SIZE = "_size"
#: Finds the address of a session in the headers of an answer.
_LOCATION = "tr -d '\\r' | sed -n 's/^[Ll]ocation: *//p'"


class _Cookies(dict[str, str]):
    """Cookies by name. Their values are as secret as a link, so that no repr shows one."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, "****"))


def make_cookies(
    maker: Callable[[str], dict[str, str]] | None, query: str, backend: str
) -> dict[str, str]:
    """Return the cookies that open what a query opens, where a backend has such cookies."""
    if maker is None:
        msg = f"{backend} has no signed cookies: send the URL, or serve the store through what has them, such as CloudFront"
        raise UnsupportedOptionError(
            msg, option="cookies", backend=backend, alternatives=["cloudfront"]
        )
    return _Cookies(maker(query))


@attrs.frozen(slots=False)  # whose __init__ takes two thirds of the time: a link waits for it
class SignedURL:
    """A temporary URL, with all that its holder must know. ``str()`` and ``url`` give the secret.

    Its repr masks the query, so that a notebook or a log does not hand out access.
    """

    #: The URL itself: whoever holds it can use it until it ends.
    url: str = attrs.field(repr=masked_repr)
    #: The method it was made for: the HTTP method to use, except that LIST is a GET, and a resumable PUT begins with a POST.
    method: str
    #: Exactly the headers that the client must send.
    headers: dict[str, str] = attrs.field(repr=mask_headers, hash=False)
    #: When it really ends (aware, UTC): the earlier of request and credential.
    expires_at: datetime
    #: ``"requested"``, or a sentence on why the link ends or may end earlier.
    expires_because: str
    #: The methods that the link really allows.
    permits: frozenset[str]
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str]
    #: The path it was made for.
    path: str
    #: The backend that made it.
    backend: str
    #: Makes signed cookies of the query, where the backend has them.
    cookie_maker: Callable[[str], dict[str, str]] | None = attrs.field(
        default=None, repr=False, eq=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels in a pickle or a copy: the link, and not the store behind it."""
        return {name: value for name, value in self.__dict__.items() if name != AGAIN}

    def __str__(self) -> str:
        """Return the URL itself."""
        return self.url

    def to_dict(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return plain values for JSON: sets as sorted lists, moments as ISO 8601 in UTC.

        Args:
            reveal: give the URL and the headers whole; without it, what opens something is masked.

        """
        return {
            "url": self.url if reveal else mask_url(self.url),
            "method": self.method,
            "headers": dict(self.headers) if reveal else masked_headers(self.headers),
            "expires_at": rfc3339(self.expires_at),
            "expires_because": self.expires_because,
            "permits": sorted(self.permits),
            "unenforced": sorted(self.unenforced),
            "path": self.path,
            "backend": self.backend,
            "http_method": self.http_method,
        }

    def cookies(self) -> dict[str, str]:
        """Return the signed cookies that open what the link opens, by name; send them to the URL's host.

        They are as secret as the link: their repr is masked, and their values are not.

        Raises:
            UnsupportedOptionError: with ``option="cookies"`` where the backend has no such cookies.

        """
        return make_cookies(self.cookie_maker, self.url.partition("?")[2], self.backend)

    @property
    def size(self) -> int | None:
        """The size in bytes of what `share` wrote before it made the link; None of any other link, which nobody has asked the store about."""
        size: int | None = self.__dict__.get(SIZE)
        return size

    @property
    def lifetime(self) -> timedelta:
        """How long the link can still be used, from now to `expires_at`; zero once it has ended, never less."""
        return max(timedelta(0), self.expires_at - datetime.now(UTC))

    @discreet
    def refresh(self) -> SignedURL:
        """Sign the same request again, now, and return the new link; this one stays as it is.

        The policies in force are asked and the audit told, as for every link. A lifetime begins anew; an end given
        as ``expires_at`` stays that end.

        >>> import daypass
        >>> link = daypass.create_signed_url(
        ...     "s3://maps/europe.tif", expires_in="15m", storage_options={"key": "AK", "secret": "SK"}
        ... )
        >>> link.refresh().expires_at >= link.expires_at
        True

        Raises:
            SigningNotSupportedError: for a link that does not know its store: one of a batch, one that was
                copied, unpickled or put together.
            DaypassError: what signing it raises.

        """
        again: tuple[Any, ...] | None = self.__dict__.get(AGAIN)
        if again is None:
            msg = f"the link for {self.path} does not know the store that made it, as one that create_signed_url made in this process does: sign its path again, or let daypass.fresh do it"
            raise SigningNotSupportedError(msg)
        sign, *asked = again
        link: SignedURL = sign(*asked)
        return link

    @property
    def http_method(self) -> str:
        """The HTTP method to use: ``GET`` for a LIST link, ``POST`` for a resumable one, otherwise ``method``."""
        if self.method == "LIST":
            return "GET"
        return "POST" if starts_session(self.headers) else self.method

    def curl(self, file: str | None = None) -> str:
        """Return a shell command that uses the link, with every header it needs.

        Args:
            file: what to upload or where to save; by default the last part of the key. A listing
                is printed unless a file is named, and a copy uploads none. Of a resumable link the file goes
                to the session in one request, by the tools of a POSIX shell.

        """
        words = ["curl", "--fail"]
        place = urlsplit(self.url)
        name = file or _file_name(self)
        if "/." in place.path:
            words.append("--path-as-is")
        if set("[]{}").intersection(place.netloc + (name if self.method == "PUT" else "")):
            words.append("--globoff")
        if self.method == "HEAD":
            words.append("--head")
        elif self.method == "GET":
            words += ["--output", name]
        elif copy_header(self.headers):
            words += ["--request", self.method, "--header", "Content-Length: 0"]
        elif starts_session(self.headers):
            return _curl_of_session(words, name, self)
        elif self.method == "PUT":
            words += _sending(name, place.path, self.headers)
        elif self.method == "LIST":
            words += ["--output", name] if file else []
        else:
            words += ["--request", self.method]
        return shlex.join([*words, *_header_words(self.headers), self.url])

    def _repr_html_(self) -> str:
        """Render a card for notebooks, signature masked."""
        rows = {
            "link": f"{'POST' if starts_session(self.headers) else self.method} {mask_url(self.url)}",
            "ends": f"{in_utc(self.expires_at)} ({self.expires_because})",
            "headers to send": ", ".join(self.headers) or "none",
        }
        return link_card(self, rows, self.unenforced)


def _header_words(headers: dict[str, str]) -> list[str]:
    """Return the words by which curl sends headers."""
    words: list[str] = []
    for header, value in headers.items():
        if header.lower() == "content-length":
            continue  # curl sends the file's own size, and a wrong one fails the signature
        words += ["--header", f"{header}: {value}" if value else f"{header};"]
    return words


def _curl_of_session(words: list[str], name: str, link: SignedURL) -> str:
    """Return a command that starts a session, and one around it that sends the file to what is answered."""
    start = ["--silent", "--show-error", "--dump-header", "-", "--output", "/dev/null"]
    start += ["--request", "POST", "--header", "Content-Length: 0", *_header_words(link.headers)]
    kept = of_session(link.headers)
    sending = [*words, *_sending(name, urlsplit(link.url).path, kept), *_header_words(kept)]
    return f'{shlex.join(sending)} "$({shlex.join([*words, *start, link.url])} | {_LOCATION})"'


def _sending(name: str, path: str, headers: dict[str, str]) -> list[str]:
    """Return the words by which curl sends a file."""
    if not path.endswith("/"):
        return ["--upload-file", name]
    # To such a URL --upload-file adds the file's name, and --data-binary has a type of its own.
    words = ["--request", "PUT", "--data-binary", f"@{name}"]
    if "content-type" not in {header.lower() for header in headers}:
        words += ["--header", "Content-Type:"]
    return words


def _file_name(link: SignedURL) -> str:
    """Return a name that curl takes for a file: - and . are its standard input, -x an option."""
    name = unquote(urlsplit(link.url).path.rpartition("/")[2])
    if name == token_of(link.url):  # a secret, and no name
        name = link.path.rpartition("/")[2]
    if name in ("", ".", "..", MASK):
        return "object"
    return f"./{name}" if name.startswith("-") else name
