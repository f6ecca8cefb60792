"""What is secret by its name, how it is shown without its value, and what may travel to another process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from os import PathLike, fspath
from typing import Any
from urllib.parse import quote

from daypass.errors import InvalidRequestError

__all__ = [
    "ENCRYPTION_KEY",
    "MASK",
    "OPAQUE_LINK",
    "Options",
    "check_portable",
    "hide",
    "is_secret",
    "mask_headers",
    "masked_headers",
]

MASK = "****"
#: A customer's own encryption key: x-amz-server-side-encryption-customer-key, x-goog-encryption-key, SSECustomerKey,
#: encryption_key; but no customer_key, which tables have.
ENCRYPTION_KEY = (
    r"(?:(?:customer|encryption)-?|(?:(?:sse|encryption)_customer|encryption)_)key"
    r"(?![-_]?(?:sha256|md5|id)|[a-z0-9])"
)
#: The token of a link that is secret by its path, as a links service makes it: 22 characters of base64url, which are
#: 128 bits. What goes on as a name does, or has a suffix, is a name.
OPAQUE_LINK = r"/[lp]/(?P<token>[A-Za-z0-9_-]{22})(?![_-]*[A-Za-z0-9]|\.[A-Za-z0-9])"


class Options(dict[str, Any]):
    """Options as a dictionary whose repr shows their names alone, for tracebacks that print local variables.

    >>> Options(key="AKEXAMPLE", anon=False)
    {'key': ****, 'anon': ****}
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the names."""
        return "{" + ", ".join(f"{name!r}: {MASK}" for name in self) + "}"


# Patterns are texts, which `re` compiles when they are asked for: no link needs them.
#: Words in the name of an option that holds a secret, in the spellings of all filesystems.
_TELLING_NAME = (
    r"(?i)(?:^|_)(?:key|secret|token|pass|passwd|password|passphrase|sas|credentials?"
    r"|connection_string|auth|authorization|cookies?|signature|pem)(?:$|_)"
)
#: Names that look like one and only say where a secret is, or which key a store shall use itself.
_REFERENCE_NAME = (
    r"(?i)_(?:file|files|path|dir|url|uri|env|id|name|email|version|type|expire_at|md5)$"
)
#: Values that are a secret whatever their name: user info or a signature in a URL, a key as text.
_TELLING_VALUE = (
    r"(?i)://[^/?#:]*:[^/?#@]*@|AccountKey=|SharedAccessSignature|[?&](?:sig|X-[A-Za-z]+-Signature|Signature)="
    r"|-----BEGIN"
)
#: gcsfs names its ways to find a credential by the option ``token``; a file is one of them.
_PROVIDERS = frozenset({"", "anon", "cloud", "google_default", "cache", "browser"})

#: Of a value that is masked in a text.
_SHORTEST = 8

_PLAIN = (str, int, float, bool, date, timedelta)


def check_portable(what: str, own: frozenset[str] = frozenset(), /, **groups: object) -> None:
    """Raise where options hold a secret, or an object that may.

    Args:
        what: the kind of object that was to travel, for the message.
        own: names of options that a backend declares secret.
        groups: options by the name under which a caller gives them.

    Raises:
        InvalidRequestError: naming the option and what to give in its place; never its value.

    """
    for group, options in groups.items():
        found = next(_secrets(options, "", own), None)
        if found is not None:
            msg = (
                f"a {what} cannot be pickled with a secret: {group} holds {found or 'an object'}. "
                "Name where the other process finds it (the environment, a profile, or a file of "
                "credentials), and pass no key, secret or token"
            )
            raise InvalidRequestError(msg, option=group)


def is_secret(name: str, value: object, own: frozenset[str] = frozenset()) -> bool:
    """Tell whether an option holds a secret in plain text, by its name or by what it looks like.

    Args:
        name: the option's name.
        value: what it holds.
        own: names of options that a backend declares secret, whatever they look like.

    """
    if name in own:
        return value is not None and not isinstance(value, bool)
    if _is_secret_name(name) and not _is_reference(value):
        return True
    return isinstance(value, (str, PathLike)) and bool(
        re.search(_TELLING_VALUE, str(fspath(value)))
    )


def _secrets(value: object, name: str, own: frozenset[str]) -> Iterator[str]:
    """Name the options that cannot travel."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            inner = f"{name}.{key}" if name else str(key)
            if (_is_secret_name(str(key)) and not _is_reference(item)) or (
                key in own and is_secret(key, item, own)
            ):
                yield inner
            else:
                yield from _secrets(item, inner, own)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _secrets(item, name, own)
    elif isinstance(value, (str, PathLike)):
        if re.search(_TELLING_VALUE, str(fspath(value))):
            yield name
    elif value is not None and not isinstance(value, _PLAIN):
        yield name


def _is_secret_name(name: str) -> bool:
    # One spelling: clientSecret and x-amz-...-customer-key are client_Secret and ..._customer_key.
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_")
    return bool(re.search(_TELLING_NAME, name)) and not re.search(_REFERENCE_NAME, name)


def _is_reference(value: Any) -> bool:
    """Tell a missing value, a switch, or the name of a provider or file from a secret."""
    if value is None or isinstance(value, (bool, PathLike)):
        return True
    return isinstance(value, str) and (value in _PROVIDERS or value.endswith((".json", ".pem")))


_TELLING_HEADER = f"(?i){ENCRYPTION_KEY}"


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers in which a customer's encryption key is masked."""
    return {
        name: MASK if re.search(_TELLING_HEADER, name) else value for name, value in headers.items()
    }


def mask_headers(headers: Mapping[str, str]) -> str:
    """Show headers, but not a customer's encryption key."""
    return repr(masked_headers(headers))


def hide(text: str, values: Iterable[str]) -> str:
    """Mask values wherever a text repeats them, as they stand and percent-encoded.

    Args:
        text: what somebody says of a request.
        values: what opens something, in the request; one of less than eight characters is a word of any text.

    """
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, MASK).replace(quote(value, safe=""), MASK)
    return text
