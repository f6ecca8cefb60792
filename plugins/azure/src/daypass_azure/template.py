"""Templates of shared access signatures: the SDK's own string-to-sign, with places for what varies."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from typing import Protocol, Self
from urllib.parse import quote

import attrs

from daypass.base.urls import encode_keys
from daypass.toolkit.v4 import SENTINEL as _SENTINEL
from daypass.toolkit.v4 import HmacKey

#: Every class of character that an encoder can treat in its own way. Without the backslash, which
#: newer SDKs turn into a slash and which `paths.check_name` refuses.
SENTINEL = _SENTINEL.replace("\\", "")

#: Stands for a blob's name while a template is learned. The SDK encodes no character of a mark.
_KEY = "~k~"
_MARK = re.compile(r"(~[0-9k]+~)")


class Oracle(Protocol):
    """Asks the SDK for its string-to-sign and its token."""

    def __call__(self, name: str, /, *, values: Mapping[str, str]) -> tuple[str, str]:
        """Ask for one blob, with values by field."""


@attrs.frozen
class Prepared:
    """All of a link that is the same for every blob: made for one end and one set of values."""

    #: The URL up to the blob's name.
    _before: str
    _head: str
    _tail: str
    #: ``?...&sig=``.
    _query: str = attrs.field(repr=False)
    _hmac: HmacKey = attrs.field(repr=False)

    def url(self, name: str) -> str:
        """Return the signed URL of one blob."""
        digest = bytes.fromhex(self._hmac.hex(f"{self._head}{name}{self._tail}".encode()))
        signature = b2a_base64(digest, newline=False).decode()
        signature = signature.replace("+", "%2B").replace("=", "%3D")
        return f"{self._before}{quote(name, '/~')}{self._query}{signature}"

    def urls(self, names: Sequence[str]) -> list[str | None]:
        """Return the signed URLs of many blobs: the bytes of `url`, without its calls per blob."""
        before, query, tail = self._before, self._query, self._tail
        inner, outer = self._hmac.states(self._head.encode())
        copy_inner, copy_outer = inner.copy, outer.copy
        digests: list[bytes] = []
        add = digests.append
        for name in names:
            message = copy_inner()
            message.update((name + tail).encode())
            signature = copy_outer()
            signature.update(message.digest())
            add(signature.digest())
        # A line for each: what base64 needs encoded is then encoded once for all of them.
        lines = b"".join(map(b2a_base64, digests)).decode()
        signatures = lines.replace("+", "%2B").replace("=", "%3D").splitlines()
        return [
            f"{before}{path}{query}{signature}"
            for path, signature in zip(encode_keys(names), signatures, strict=True)
        ]


@attrs.frozen
class Template:
    """One kind of signature, taken apart at its varying fields."""

    #: Text and the names of fields by turns.
    _to_sign: tuple[str, ...] = attrs.field(repr=False)
    _token: tuple[str, ...] = attrs.field(repr=False)
    _hmac: HmacKey = attrs.field(repr=False)

    @classmethod
    def learn(
        cls, names: tuple[str, ...], oracle: Oracle, hmac: HmacKey, *, named: bool = True
    ) -> Self | None:
        """Take the SDK's answer apart; None unless the template then equals the SDK in every byte.

        Args:
            names: the fields that vary.
            oracle: asks the SDK.
            hmac: the key that the SDK signs with.
            named: whether a blob or a directory is named in what is signed, as none is for a
                container.

        """
        marks = {name: f"~{index}~" for index, name in enumerate(names)}
        to_sign, token = oracle(_KEY, values=marks)
        body, found, _ = token.partition("&sig=")
        fields = {mark: name for name, mark in marks.items()}
        template = cls(_split(to_sign, fields), _split(body + found, fields), hmac)
        # The proof is on other values than it was learned from: none of them encodes to itself.
        odd = {name: f"{index} {SENTINEL}" for index, name in enumerate(names)}
        name = SENTINEL if named else ""
        to_sign, token = oracle(name, values=odd)
        if template._to_sign.count(_KEY) != named or not found:
            return None
        prepared = template.prepare("", odd)
        if f"{prepared._head}{name}{prepared._tail}" != to_sign:  # noqa: SLF001
            return None
        again = prepared.url(name).removeprefix(quote(name, "/~") + "?")
        return template if again.removeprefix(_place(odd)) == token else None

    def prepare(self, before: str, values: Mapping[str, str]) -> Prepared:
        """Fill in all but the blob's name.

        Args:
            before: the URL up to the blob's name.
            values: the varying fields' values, not encoded.

        """
        head, _, tail = _fill(self._to_sign, values).partition(_KEY_PLACE)
        token = _fill(self._token, {name: quote(value) for name, value in values.items()})
        return Prepared(before, head, tail, f"?{_place(values)}{token}", self._hmac)


#: No option can hold a line break, so this stands for nothing else in a string to sign.
_KEY_PLACE = "\n\0\n"


def _place(values: Mapping[str, str]) -> str:
    """Return the query parameter that names a version or a snapshot, which the SDK leaves out."""
    for name in ("versionid", "snapshot"):
        if name in values:
            return f"{name}={quote(values[name])}&"
    return ""


def _split(text: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    parts = _MARK.split(text)
    return tuple(fields.get(part, part) if index % 2 else part for index, part in enumerate(parts))


def _fill(parts: tuple[str, ...], values: Mapping[str, str]) -> str:
    return "".join(
        [
            part if index % 2 == 0 else _KEY_PLACE if part == _KEY else values[part]
            for index, part in enumerate(parts)
        ]
    )
