"""What is secret, how headers are shown without it, and what may travel to another process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from os import PathLike, fspath
from typing import Any

from daypass.errors import InvalidRequestError

__all__ = [
    "MASK",
    "Options",
    "check_portable",
    "is_secret",
    "mask",
    "mask_headers",
    "masked_headers",
    "pattern_of",
]

#: Masked whatever is installed: a link of a store whose backend is not here is a secret too.
_ALWAYS = ("signature", "security-token")
#: A customer's own encryption key: x-amz-server-side-encryption-customer-key, x-goog-encryption-key, SSECustomerKey.
_ENCRYPTION_KEY = r"(?:customer|encryption)-?key(?!-?(?:sha256|md5|id)|[a-z0-9])"
#: Where a name that may be part of another word begins: no word before it but an encoded & or ?.
_BEGINS = "(?:(?<![a-z0-9])|(?<=26)|(?<=3F))"
#: How an equals sign, and what ends a value, look in a URL, in one that is a parameter of another
#: (once, or several times), and in JSON.
_EQUALS = r"=|%(?:25){0,4}3D|\\{1,4}u003d"
_AMPERSAND = r"%(?:25){0,4}(?:26|3B|22|27|20|0A|0D|5C)"
_QUOTE = r"\\{0,4}[\"']"
#: In JSON and in Python's dicts: a name in quotes, and a value in quotes, or several in brackets.
_QUOTED = rf"{_QUOTE}\s{{0,9}}[:,]\s{{0,9}}(?P<bracket>[\[(]\s{{0,9}})?b?{_QUOTE}"
#: An end of line, in bytes that were printed too.
_LINE = r"(?:\r?\n|(?:\\{1,4}r)?\\{1,4}n)"
#: What is left of the headers of a field in a body of multipart/form-data, after its name.
_FIELD = rf"[\"'](?:;[^\r\n\\]{{0,200}})?(?:{_LINE}[a-z-]{{1,40}}:[^\r\n\\]{{0,200}}){{0,4}}{_LINE}{_LINE}"
_VALUE = rf"(?:(?!{_AMPERSAND})(?:[A-Za-z0-9%+=_~.:-]|\\{{0,4}}/))+"
#: Further values in the same brackets.
_OTHERS = rf"(?(bracket)(?:{_QUOTE}\s{{0,9}},\s{{0,9}}b?{_QUOTE}{_VALUE}){{0,99}})"
#: Schemes of Authorization whose credential is secret; V4's holds a signature, which is masked as any.
_SCHEME = r"(?:basic|bearer|digest|negotiate|oauth|token|sharedkey(?:lite)?|aws|goog1)\s{1,9}"
#: In XML, where S3 repeats the signature of a request that it refuses (SignatureProvided).
_ELEMENT = r"(?:Provided)?>"
_LINE_OF = r"\s{0,9}:\s{0,9}"
_HEADER = (
    rf"(?P<header>(?:security-token|{_ENCRYPTION_KEY}){_LINE_OF}"
    rf"|authorization(?:{_LINE_OF}|{_QUOTE}\s{{0,9}}[:,]\s{{0,9}}b?{_QUOTE}){_SCHEME})"
)
MASK = "****"
#: A login in front of a URL's host. The password may hold slashes, as AWS's often do; a port is none.
_LOGIN = re.compile(
    r"""(?<=://)(?:[^\s/?#@"'<>]{1,512}|[^\s/?#@"'<>:]{1,256}:(?![0-9]{1,5}/)[^\s?#@"'<>]{1,512})@"""
)
#: A field of an HTML form, and in it what it is named and what it holds.
_INPUT = re.compile(r"<input\b[^<>]{0,9999}>", re.IGNORECASE)
_NAMED = re.compile(r"""\bname\s{0,9}=\s{0,9}["']?([^\s"'<>]{1,256})""", re.IGNORECASE)
_HOLDS = re.compile(r"""(\bvalue\s{0,9}=\s{0,9})("[^"]*"|'[^']*'|[^\s"'<>]+)""", re.IGNORECASE)


def pattern_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the values of parameters of these names, and of those that are always secret."""
    always = "|".join(map(_spelt, _ALWAYS))
    words = "|".join(map(_spelt, sorted({"sig", *names})))
    named = rf"(?P<name>{always}|{_ENCRYPTION_KEY}|{_BEGINS}(?:{words}))"
    return re.compile(
        rf"(?i)(?:{_HEADER}|{named}(?P<sign>{_EQUALS}|{_QUOTED}|{_FIELD}|{_ELEMENT})){_VALUE}{_OTHERS}"
    )


def _spelt(name: str) -> str:
    """Return a pattern of a name, any letter of which may be percent-encoded, also several times."""
    return "".join(
        f"(?:{re.escape(letter)}|%(?:25){{0,4}}(?:{ord(letter.lower()):02x}|{ord(letter.upper()):02x}))"
        for letter in name
    )


@cache  # made when it is needed first: it takes longer than signing a link
def _usual() -> re.Pattern[str]:
    """Return what is masked without asking any backend."""
    return pattern_of(())


def mask(text: str, secrets: re.Pattern[str] | None = None) -> str:
    """Return a text in which the values that a pattern finds are masked, and logins in front of a URL's host.

    >>> mask("https://me:pw@b.example/k?X-Amz-Signature=ab12&x=1")
    'https://****@b.example/k?X-Amz-Signature=****&x=1'
    """
    secrets = secrets or _usual()

    def field(match: re.Match[str]) -> str:
        name = _NAMED.search(match[0])
        if name is None or not secrets.search(f"{name[1]}=x"):
            return match[0]
        return _HOLDS.sub(rf'\1"{MASK}"', match[0])

    text = secrets.sub(_masked, text)
    if "<" in text:
        text = _INPUT.sub(field, text)
    return _LOGIN.sub(MASK + "@", text)


def _masked(match: re.Match[str]) -> str:
    return (match["header"] or match["name"] + match["sign"]) + MASK


class Options(dict[str, Any]):
    """Options as a dictionary whose repr shows their names alone, for tracebacks that print local variables.

    >>> Options(key="AKEXAMPLE", anon=False)
    {'key': ****, 'anon': ****}
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the names."""
        return "{" + ", ".join(f"{name!r}: {MASK}" for name in self) + "}"


#: Words in the name of an option that holds a secret, in the spellings of all filesystems.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:key|secret|token|pass|passwd|password|passphrase|sas|credentials?"
    r"|connection_string|auth|authorization|cookies?|signature|pem)(?:$|_)",
    re.IGNORECASE,
)
#: Names that look like one and only say where a secret is, or which key a store shall use itself.
_REFERENCE_NAME = re.compile(
    r"_(?:file|files|path|dir|url|uri|env|id|name|email|version|type|expire_at|md5)$", re.IGNORECASE
)
#: Values that are a secret whatever their name: user info or a signature in a URL, a key as text.
_SECRET_VALUE = re.compile(
    r"://[^/?#]*:[^/?#]*@|AccountKey=|SharedAccessSignature|[?&](?:sig|X-[A-Za-z]+-Signature|Signature)="
    r"|-----BEGIN",
    re.IGNORECASE,
)
#: gcsfs names its ways to find a credential by the option ``token``; a file is one of them.
_PROVIDERS = frozenset({"", "anon", "cloud", "google_default", "cache", "browser"})

_PLAIN = (str, int, float, bool, date, timedelta)


def check_portable(what: str, **groups: object) -> None:
    """Raise where options hold a secret, or an object that may.

    Args:
        what: the kind of object that was to travel, for the message.
        groups: options by the name under which a caller gives them.

    Raises:
        InvalidRequestError: naming the option and what to give in its place; never its value.

    """
    for group, options in groups.items():
        found = next(_secrets(options, ""), None)
        if found is not None:
            msg = (
                f"a {what} cannot be pickled with a secret: {group} holds {found or 'an object'}. "
                "Name where the other process finds it (the environment, a profile, or a file of "
                "credentials), and pass no key, secret or token"
            )
            raise InvalidRequestError(msg, option=group)


def is_secret(name: str, value: object) -> bool:
    """Tell whether an option holds a secret in plain text, by its name or by what it looks like."""
    if _is_secret_name(name) and not _is_reference(value):
        return True
    return isinstance(value, (str, PathLike)) and bool(_SECRET_VALUE.search(str(fspath(value))))


def _secrets(value: object, name: str) -> Iterator[str]:
    """Name the options that cannot travel."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            inner = f"{name}.{key}" if name else str(key)
            if _is_secret_name(str(key)) and not _is_reference(item):
                yield inner
            else:
                yield from _secrets(item, inner)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _secrets(item, name)
    elif isinstance(value, (str, PathLike)):
        if _SECRET_VALUE.search(str(fspath(value))):
            yield name
    elif value is not None and not isinstance(value, _PLAIN):
        yield name


def _is_secret_name(name: str) -> bool:
    # One spelling: clientSecret and x-amz-...-customer-key are client_Secret and ..._customer_key.
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_")
    return bool(_SECRET_NAME.search(name)) and not _REFERENCE_NAME.search(name)


def _is_reference(value: Any) -> bool:
    """Tell a missing value, a switch, or the name of a provider or file from a secret."""
    if value is None or isinstance(value, (bool, PathLike)):
        return True
    return isinstance(value, str) and (value in _PROVIDERS or value.endswith((".json", ".pem")))


_SECRET_HEADER = re.compile(_ENCRYPTION_KEY, re.IGNORECASE)


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers in which a customer's encryption key is masked."""
    return {name: MASK if _SECRET_HEADER.search(name) else value for name, value in headers.items()}


def mask_headers(headers: Mapping[str, str]) -> str:
    """Show headers, but not a customer's encryption key."""
    return repr(masked_headers(headers))
