"""What comes back: ``SignedURL`` and ``ObjectMetadata``. Neither knows how it was made."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from daypass.errors import UnsupportedOptionError

__all__ = ["REQUESTED", "ObjectMetadata", "SignedURL"]

#: ``SignedURL.expires_because`` of a link that lives as long as was asked.
REQUESTED = "requested"


def mask_url(url: str) -> str:
    """Show where a URL leads without what makes it work.

    >>> mask_url("https://b.example/k?X-Amz-Signature=1234")
    'https://b.example/k?****'
    """
    place, query, _ = url.partition("?")
    return place + query + ("****" if query else "")


def _mask_repr(url: str) -> str:
    return repr(mask_url(url))


#: A customer's own encryption key: x-amz-server-side-encryption-customer-key, x-goog-encryption-key.
_SECRET_HEADER = re.compile(r"(?:customer|encryption)-key(?!-sha256|-md5|-id)", re.IGNORECASE)


def mask_headers(headers: Mapping[str, str]) -> str:
    """Show headers, but not a customer's encryption key."""
    return repr(
        {name: "****" if _SECRET_HEADER.search(name) else value for name, value in headers.items()}
    )


def html_card(rows: Mapping[str, Iterable[str]]) -> str:
    """Render a card for notebooks: names, and the lines of each."""
    cells = "".join(
        f'<tr><th style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{"<br>".join(map(html.escape, lines))}</td></tr>'
        for name, lines in rows.items()
    )
    return f"<table>{cells}</table>"


def link_card(rows: Mapping[str, str], unenforced: frozenset[str]) -> str:
    """Render the card of a link or a form, which says what is not enforced."""
    lines = {name: [text] for name, text in rows.items()}
    if unenforced:
        lines["not enforced"] = [", ".join(sorted(unenforced))]
    return html_card(lines)


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


@attrs.frozen
class SignedURL:
    """A temporary URL, with all that its holder must know. ``str()`` and ``url`` give the secret.

    Its repr masks the query, so that a notebook or a log does not hand out access.
    """

    #: The URL itself: whoever holds it can use it until it ends.
    url: str = attrs.field(repr=_mask_repr)
    #: The method it was made for: the HTTP method to use, except that LIST is a GET.
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

    def __str__(self) -> str:
        """Return the URL itself."""
        return self.url

    def cookies(self) -> dict[str, str]:
        """Return the signed cookies that open what the link opens, by name; send them to the URL's host.

        They are as secret as the link: their repr is masked, and their values are not.

        Raises:
            UnsupportedOptionError: with ``option="cookies"`` where the backend has no such cookies.

        """
        return make_cookies(self.cookie_maker, self.url.partition("?")[2], self.backend)

    @property
    def http_method(self) -> str:
        """The HTTP method to use: ``GET`` for a LIST link, otherwise ``method``."""
        return "GET" if self.method == "LIST" else self.method

    def curl(self, file: str | None = None) -> str:
        """Return a shell command that uses the link, with every header it needs.

        Args:
            file: what to upload or where to save; by default the last part of the key. A listing
                is printed unless a file is named.

        """
        words = ["curl", "--fail"]
        place = urlsplit(self.url)
        name = file or _file_name(unquote(place.path.rpartition("/")[2]))
        if "/." in place.path:
            words.append("--path-as-is")
        if set("[]{}").intersection(place.netloc + (name if self.method == "PUT" else "")):
            words.append("--globoff")
        if self.method == "HEAD":
            words.append("--head")
        elif self.method == "GET":
            words += ["--output", name]
        elif self.method == "PUT":
            words += ["--upload-file", name]
        elif self.method == "LIST":
            words += ["--output", name] if file else []
        else:
            words += ["--request", self.method]
        for header, value in self.headers.items():
            if header.lower() == "content-length":
                continue  # curl sends the file's own size, and a wrong one fails the signature
            words += ["--header", f"{header}: {value}" if value else f"{header};"]
        return shlex.join([*words, self.url])

    def _repr_html_(self) -> str:
        """Render a card for notebooks, signature masked."""
        rows = {
            "link": f"{self.method} {mask_url(self.url)}",
            "ends": f"{self.expires_at:%Y-%m-%d %H:%M:%S} UTC ({self.expires_because})",
            "headers to send": ", ".join(self.headers) or "none",
        }
        return link_card(rows, self.unenforced)


def _file_name(name: str) -> str:
    """Return a name that curl takes for a file: - and . are its standard input, -x an option."""
    if name in ("", ".", ".."):
        return "object"
    return f"./{name}" if name.startswith("-") else name


def _checksums(value: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    return dict(value)


@attrs.frozen(kw_only=True)
class ObjectMetadata:
    """What a store says of one object; ``None`` where it does not say."""

    #: The path it was asked for.
    path: str
    #: The key, exactly as stored.
    key: str
    #: Size in bytes.
    size: int | None = None
    #: Entity tag, without quotes. It is not an MD5.
    etag: str | None = None
    #: Time of the last change (aware, UTC).
    last_modified: datetime | None = None
    #: When this object (or this version of it) was made (aware, UTC).
    created: datetime | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    content_disposition: str | None = None
    cache_control: str | None = None
    #: MD5 in base64, from the store or from the metadata ``md5chksum``; never from an ETag.
    content_md5: str | None = None
    #: Checksums by algorithm (``"sha256"``, ``"crc32c"``, ...), in base64 as the store keeps them.
    checksums: dict[str, str] = attrs.field(factory=dict, converter=_checksums)
    version: str | None = None
    #: Which change of its metadata this version is at, where the store counts them.
    metageneration: str | None = None
    storage_class: str | None = None
    encryption: str | None = None
    #: ``"available"``, ``"leased"``, ...: whether somebody holds the object, where a store has leases.
    lease_state: str | None = None
    #: ``"success"``, ``"pending"``, ...: how the copy went that made the object, where one did.
    copy_status: str | None = None
    #: When the store will remove the object by itself (aware, UTC).
    expires_at: datetime | None = None
    #: User metadata, names in lower case.
    metadata: dict[str, str] = attrs.field(factory=dict, converter=_checksums)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: text, numbers and dicts; moments as ISO 8601."""
        return attrs.asdict(
            self,
            value_serializer=lambda _self, _field, value: (
                value.isoformat() if isinstance(value, datetime) else value
            ),
        )
