"""What Azure signs of a link, by the version that it names.

https://learn.microsoft.com/rest/api/storageservices/create-service-sas,
https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas and
https://learn.microsoft.com/rest/api/storageservices/create-account-sas.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from daypass.hookspecs.found import FoundURL, decoded
from daypass.hookspecs.verifications import SentRequest
from daypass_azure.hosts import Place, place_of

#: The first versions that sign an encryption scope, a resource and a snapshot's time; a delegated
#: user; and request headers.
_SCOPED, _TYPED, _USER, _HEADERS = "2020-12-06", "2018-11-09", "2025-07-05", "2026-02-06"
_OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
_KEY = ("skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid")

Message = Callable[[SentRequest, str], str]


def messages_of(sent: SentRequest, *, delegated: bool) -> list[Message]:
    """Return the strings to sign of the link's version, the documented one first."""
    version = sent.get("sv") or ""
    if sent.get("srt") is not None or sent.get("ss") is not None:
        return [_of_account]
    if not delegated:
        return [partial(_of_service, version=version)]
    # When headers came to be signed, SDKs say otherwise than the documentation: both are right.
    headers = [version >= _HEADERS, version < _HEADERS]
    return [partial(_of_delegation, version=version, with_headers=signed) for signed in headers]


def _values(sent: SentRequest, names: tuple[str, ...]) -> list[str]:
    return [sent.get(name) or "" for name in names]


def _of_account(sent: SentRequest, account: str) -> str:
    names = ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv")
    scope = ("ses",) if (sent.get("sv") or "") >= _SCOPED else ()
    return "\n".join([account, *_values(sent, (*names, *scope)), ""])


def _resource(sent: SentRequest, account: str) -> str:
    place = sent_place(sent)
    scope = sent.get("sr") or ""
    path = f"/blob/{account}/{place.container or ''}"
    if scope == "c":
        return path
    name = place.name
    if scope == "d":
        depth = sent.get("sdd") or ""
        name = "/".join(name.split("/")[: int(depth)]) if depth.isdecimal() else name
    return f"{path}/{name}"


def _typed(sent: SentRequest, version: str) -> list[str]:
    """Return the fields from the version on, as the version has them."""
    found = _values(sent, ("sip", "spr", "sv"))
    if version >= _TYPED:
        found += [sent.get("sr") or "", sent.get("snapshot") or sent.get("versionid") or ""]
    return found + (_values(sent, ("ses",)) if version >= _SCOPED else [])


def _of_service(sent: SentRequest, account: str, version: str) -> str:
    lines = [
        *_values(sent, ("sp", "st", "se")),
        _resource(sent, account),
        sent.get("si") or "",
        *_typed(sent, version),
        *_values(sent, _OVERRIDES),
    ]
    return "\n".join(lines)


def _of_delegation(sent: SentRequest, account: str, version: str, *, with_headers: bool) -> str:
    lines = [
        *_values(sent, ("sp", "st", "se")),
        _resource(sent, account),
        *_values(sent, _KEY),
        *(_values(sent, ("skdutid", "sduoid")) if version >= _USER else []),
        *_typed(sent, version),
        *(_signed_parts(sent) if with_headers else []),
        *_values(sent, _OVERRIDES),
    ]
    return "\n".join(lines)


def _signed_parts(sent: SentRequest) -> list[str]:
    """Return signed request headers and query parameters, as the SDK joins them."""
    headers = [name for name in (sent.get("srh") or "").split(",") if name]
    names = [name for name in (sent.get("srq") or "").split(",") if name]
    first = "".join(f"{n}:{sent.headers.get(decoded(n).lower(), '')}\n" for n in headers)
    second = "".join(f"\n{n}:{sent.get(decoded(n)) or ''}" for n in names)
    return [first, second]


def strings_to_sign(url: FoundURL, account: str) -> list[str]:
    """Return what a link's signature may be made of, as far as the URL says it: without request headers."""
    sent = SentRequest(
        method="GET", scheme=url.scheme, host=url.host, path=url.path, query=url.query, now=url.now
    )
    delegated = url.get("skoid") is not None
    return [message(sent, account) for message in messages_of(sent, delegated=delegated)]


def sent_place(sent: SentRequest) -> Place:
    """Return where a request leads."""
    return place_of(
        FoundURL(
            url="",
            scheme=sent.scheme,
            host=sent.host,
            path=sent.path,
            query=sent.query,
            now=sent.now,
        )
    )
