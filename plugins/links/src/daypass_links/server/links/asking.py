"""Who asks for a link, as far as links look at it, and whom one is not for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import attrs

from daypass_links.server.links.addresses import is_one_of, is_within
from daypass_links.server.links.resolve import Ready
from daypass_links.server.settings import Network

__all__ = ["Asker", "is_from", "kept_out"]

#: Who asks so that a person sees a picture of what is behind a link, and not for the person.
_PREVIEWS = re.compile(
    rb"bot\b|facebookexternalhit|WhatsApp|Slack-ImgProxy|SkypeUriPreview|Iframely|Embedly|vkShare"
    rb"|BingPreview|Google-PageRenderer|Microsoft Office|ms-office|TelegramBot|preview",
    re.IGNORECASE,
)


@attrs.define
class Asker:
    """What headers say of who asks, as far as links look at it."""

    agent: bytes = b""
    referrer: bytes = b""
    forwarded: list[str] = attrs.field(factory=list)
    scheme: bytes = b""
    cookies: bytes = b""
    is_preview: bool = False
    #: Whether a browser shows what is answered, and where it comes from.
    navigates: bool = False
    site: bytes = b""

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> Asker:
        """Read the headers of a request, whose names are in small letters."""
        found = cls()
        for name, value in headers:
            if name == b"user-agent":
                found.agent = value
                found.is_preview = found.is_preview or _PREVIEWS.search(value) is not None
            elif name == b"referer":
                found.referrer = value
            elif name == b"x-forwarded-for":
                found.forwarded.append(value.decode("latin-1"))
            elif name == b"x-forwarded-proto":
                found.scheme = value.rpartition(b",")[2].strip().lower()
            elif name == b"cookie":  # of which HTTP/2 has several
                found.cookies = b"; ".join(one for one in (found.cookies, value) if one)
            elif name == b"sec-fetch-mode":
                found.navigates = value == b"navigate"
            elif name == b"sec-fetch-site":
                found.site = value
            elif name in (b"sec-purpose", b"purpose", b"x-moz"):
                found.is_preview = found.is_preview or b"prefetch" in value or b"preview" in value
        return found

    @property
    def has_not_been_asked(self) -> bool:
        """Whether a person opens a link elsewhere than on its page, which says what will be used up."""
        return self.navigates and self.site != b"same-origin"

    def is_https(self, scheme: str, peer: str, proxies: tuple[Network, ...]) -> bool:
        """Tell whether the request came by https: as a proxy says that is believed, or else as it came here."""
        of_proxy = self.scheme if is_one_of(peer, proxies) else b""
        return (of_proxy or scheme.encode()) == b"https"


def kept_out(link: Ready, now: float, address: str, *, is_https: bool) -> tuple[str, str] | None:
    """Return why a link is for nobody who asks from there, or not now, as a word and in words."""
    if link.starts_at is not None and now < link.starts_at:
        return "not-yet", "the link does not work yet"
    if link.https_only and not is_https:
        return "https-only", "the link is for https alone"
    if link.ip_range is not None and not is_within(address, link.ip_range):
        return "address", "the link is not for your address"
    return None


def is_from(referrer: bytes, hosts: Iterable[str]) -> bool:
    """Tell whether a page is of one of some hosts; ``*.example.org`` is whatever is below it."""
    try:
        host = (urlsplit(referrer.decode("ascii")).hostname or "").lower()
    except ValueError:
        return False
    return any(
        host.endswith(known[1:]) if known.startswith("*.") else host == known for known in hosts
    )
