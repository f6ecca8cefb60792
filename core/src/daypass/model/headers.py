"""What may stand in a request header that a link signs (RFC 9110), and what a caller may never set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from daypass.base.messages import brief, shown
from daypass.errors import InvalidRequestError

__all__ = [
    "INVISIBLE",
    "another_request",
    "attachment",
    "belongs_to_signature",
    "check_headers",
    "check_metadata",
    "check_text",
    "check_token",
    "copy_header",
    "folded",
    "kin_of",
    "makes_another_request",
    "of_session",
    "option_of",
    "pairs_of",
    "said_by_option",
    "starts_session",
]

#: RFC 9110 section 5.6.2: the characters of a header's name.
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
#: Printable ASCII. Tabs are legal in RFC 9110, but clients fold them and the signature dies.
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
# What follows are texts, which `re` compiles when they are asked for: hardly a link needs them.
#: What could split a header or a line, or make a name read as another (joiners and spaces are fine).
INVISIBLE = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"

#: What goes into one value, and into all headers, the metadata or the query together, in characters of names and values: as much as
#: the largest metadata that a store is known to take, 24 KiB of StorageGRID. Others take less: of a whole request GCS 16 KB
#: (https://docs.cloud.google.com/storage/docs/metadata), Ceph 16,000 bytes and CloudFront 32,768; of metadata Azure 8 KiB and S3 2 KB
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
_MOST_CHARACTERS = 24_576
#: A file's name has 255 bytes at most in nearly every filesystem; each may be three characters of a header.
_LONGEST_FILENAME = 1_024
#: How many they are: Apache's LimitRequestFields and Envoy's max_headers_count are 100, unless they are set.
_MOST_NAMES = 200

#: Set by the signer, by the client or by the connection: never by the caller.
_FORBIDDEN = frozenset(
    {
        "authorization",
        "baggage",
        "connection",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
#: The parameters and headers of AWS and Google V4 signatures, vendors' session tokens, and Azure's dates and versions.
_SIGNATURE = (
    r"x-(?:amz|goog)-(?:algorithm|credential|date|expires|signedheaders|signature"
    r"|content-sha256|decoded-content-length|trailer)|(?:x-[a-z0-9]+-)?security-token|x-amz-s3session-token"
    r"|x-ms-(?:date|version)"
)
#: By these a request does something else than its method says, or with another object, whether they stand in a header or
#: in the query: copies, moves, renames and fetches, the start of a resumable session, what passes over a retention, what the
#: store calls or makes of an upload, and another method or path. Vendors spell them alike (x-amz-,
#: x-goog-, x-ms-, x-oss-, x-cos-, x-qs-, x-bce-, ...); what only one has, its backend names in ``BackendInfo.operation_headers``. Swift's,
#: which Ceph serves too, are of no vendor: https://docs.openstack.org/api-ref/object-store/ (X-Copy-From, Destination,
#: X-Object-Manifest, X-Symlink-Target), nor are Alibaba's callback (https://www.alibabacloud.com/help/en/oss/developer-reference/callback)
#: and Tencent's Pic-Operations, which writes further objects (https://www.tencentcloud.com/document/product/1045/33695). A link in
#: place of an object is Alibaba's x-oss-symlink-target
#: (https://www.alibabacloud.com/help/en/oss/developer-reference/putsymlink); a part in place of the whole is
#: Content-Range (RFC 9110, 14.5); Rails takes the method from a parameter _method (Rack::MethodOverride).
_OPERATION = (
    r"x-[a-z0-9]+-(?:(?:copy|rename|move|fetch|source)-.*|[a-z-]+-directive|bypass-.*|resumable|symlink-target|process)"
    r"|(?:x-[a-z0-9]+-)?callback(?:-.*)?|pic-operations"
    r"|(?:x?-)?(?:http-)?method(?:-.*)?|x-original-.*|x-rewrite-.*|x-forwarded-.*"
    r"|x-copy-from(?:-.*)?|destination(?:-account)?|x-object-manifest|x-symlink-target(?:-.*)?|content-range"
)
#: Headers that an option says, so that no two places can disagree: a policy holds the option, and a profile says
#: that its store lacks it. What only one provider has, its backend names in ``BackendInfo.option_headers``.
_OWN_OPTION = {
    "content-type": "content_type",
    "content-md5": "content_md5",
    "content-length": "content_length",
    "if-none-match": "if_absent",
    "x-ms-access-tier": "storage_class",
    "x-ms-tags": "tags",
}
#: The same in the spelling of vendors (x-amz-, x-goog-, x-ms-, x-oss-, x-cos-, x-object-, ...); a group has the
#: option's name.
_OWN_OPTION_OF_VENDORS = (
    r"x-[a-z0-9]+-(?:(?P<metadata>meta-.*)|(?P<acl>(?:object-)?acl)|(?P<tags>tagging)"
    r"|(?P<storage_class>storage-class)|(?P<checksum_sha256>checksum-sha256)"
    r"|(?P<requester_pays>request-payer)|(?P<copy_source>copy-source)|(?P<resumable>resumable))"
)


#: By these a request brings the key that its object is encrypted with; the store keeps none.
_OWN_KEY = r"x-[a-z0-9]+-encryption-(?:algorithm|key|key-sha256)"
#: What asks for another request after all, by its option.
_ASKED_FOR = {
    "copy_source": ", and ask for a copy by copy_source=",
    "resumable": ", and ask for the start of a session by resumable=",
}

#: Headers that have no option of their own and do what one does: a store that lacks the option lacks them too.
_KIN = r"x-[a-z0-9]+-(?:(?P<acl>grant-.*)|(?P<checksum_sha256>(?:sdk-)?checksum-.*))"


def folded(name: str) -> str:
    """Return a header's name as a server may read it: in lower case, and with dashes in place of underscores.

    Behind CGI and all that has its names, such as WSGI, nobody can tell the two apart (RFC 3875, 4.1.18).

    >>> folded("X_Amz-Copy_Source")
    'x-amz-copy-source'
    """
    return name.lower().replace("_", "-")


def check_text(value: str, option: str, *, what: str = "value") -> str:
    """Return a header value, or raise where it could not travel as it stands."""
    if not isinstance(value, str):
        msg = f"{option}: a {what} must be text, not {type(value).__name__}"
        raise InvalidRequestError(msg, option=option)
    value = str.__str__(value)  # an exact str: a subclass may write itself in its own way
    if not _PRINTABLE.fullmatch(value):
        msg = (
            f"{option}: a {what} may hold printable ASCII only (no line breaks, control or "
            "non-ASCII characters): encode it, for example with urllib.parse.quote"
        )
        raise InvalidRequestError(msg, option=option)
    if len(value) > _MOST_CHARACTERS:
        msg = f"{option}: a {what} has {_MOST_CHARACTERS:,} characters at most, not {len(value):,}: no store takes more"
        raise InvalidRequestError(msg, option=option)
    if value != value.strip(" "):
        msg = f"{option}: a {what} may not begin or end with a space: HTTP clients strip it"
        raise InvalidRequestError(msg, option=option)
    return value


def check_token(value: str, option: str, *, what: str = "header name") -> str:
    """Return a header's name, or raise where it is no RFC 9110 token."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        msg = f"{option}: {shown(value)} is not a {what}: letters, digits and !#$%&'*+-.^_`|~ only"
        raise InvalidRequestError(msg, option=option)
    return str.__str__(value)


def check_headers(headers: Mapping[str, str], option: str = "headers") -> dict[str, str]:
    """Copy the further headers to sign, or raise where one is not the caller's to set."""
    copy: dict[str, str] = {}
    seen: set[str] = set()
    for given, value in pairs_of(headers, option):
        name = check_token(given, option)
        lower = folded(name)
        if lower in seen:
            msg = f"{option}: {brief(name)} is given twice"
            raise InvalidRequestError(msg, option=option)
        if lower in _FORBIDDEN or re.fullmatch(_SIGNATURE, lower):
            msg = f"{option}: {brief(name)} belongs to the signature or the connection and cannot be set"
            raise InvalidRequestError(msg, option=option)
        if makes_another_request(lower):
            raise another_request(name, option)
        if (own := option_of(lower)) is not None:
            raise said_by_option(name, own, option)
        seen.add(lower)
        copy[name] = check_text(value, option, what=f"value of {brief(name)}")
    return copy


def makes_another_request(name: str) -> bool:
    """Tell whether a header or a parameter makes another request of the one that is asked for, on whatever store.

    Args:
        name: as `folded` gives it.

    """
    return re.fullmatch(_OPERATION, name) is not None


def another_request(name: str, option: str = "headers") -> InvalidRequestError:
    """Make the error for a header that makes another request of the one that is asked for."""
    instead = _ASKED_FOR.get(option_of(name) or "", "")
    msg = f"{option}: {brief(name)} would make another request of it (a copy, another object or another method), and a link permits what its method says on its own object: leave it out{instead}"
    return InvalidRequestError(msg, option=option)


def belongs_to_signature(name: str) -> bool:
    """Tell whether a header, or a field of a form, is one of a signature's own.

    Args:
        name: in lower case.

    """
    return re.fullmatch(_SIGNATURE, name) is not None


def option_of(name: str) -> str | None:
    """Return the option that says a header, on whatever store; None where none does.

    >>> option_of("x-amz-acl"), option_of("x-goog-meta-by"), option_of("cache-control")
    ('acl', 'metadata', None)

    Args:
        name: in any case.

    """
    name = folded(name)
    if own := _OWN_OPTION.get(name):
        return own
    found = re.fullmatch(_OWN_OPTION_OF_VENDORS, name)
    return None if found is None else found.lastgroup


def copy_header(names: Iterable[str]) -> str | None:
    """Return which of some headers names the source of a copy, on whatever store; None where none does."""
    return next((name for name in names if option_of(name) == "copy_source"), None)


def starts_session(names: Iterable[str]) -> bool:
    """Tell whether some headers start a session, to which the bytes of an upload go afterwards."""
    return any(option_of(name) == "resumable" for name in names)


def of_session(headers: Mapping[str, str]) -> dict[str, str]:
    """Return, of the headers that start a session, those that every request to it needs: a customer's own key.

    >>> of_session({"x-goog-resumable": "start", "x-goog-encryption-algorithm": "AES256"})
    {'x-goog-encryption-algorithm': 'AES256'}
    """
    return {name: value for name, value in headers.items() if re.fullmatch(_OWN_KEY, folded(name))}


def kin_of(name: str) -> str | None:
    """Return the option that a header does the same as, or says; None where none does.

    >>> kin_of("x-amz-grant-read"), kin_of("x-amz-checksum-crc32"), kin_of("x-amz-acl")
    ('acl', 'checksum_sha256', 'acl')

    Args:
        name: in any case.

    """
    found = re.fullmatch(_KIN, folded(name))
    return option_of(name) if found is None else found.lastgroup


def said_by_option(name: str, own: str, option: str = "headers") -> InvalidRequestError:
    """Make the error for a header that has an option of its own."""
    msg = f"{option}: {brief(name)} has an option of its own, use {own}="
    return InvalidRequestError(msg, option=option)


def check_metadata(metadata: Mapping[str, str], option: str = "metadata") -> dict[str, str]:
    """Copy user metadata with lower-case names (stores fold them), or raise."""
    copy: dict[str, str] = {}
    for given, value in pairs_of(metadata, option):
        name = check_token(given, option, what="metadata name")
        lower = name.lower()
        if lower in copy:
            msg = f"{option}: {brief(name)} is given twice; names do not differ by case"
            raise InvalidRequestError(msg, option=option)
        copy[lower] = check_text(value, option, what=f"value of {brief(name)}")
    return copy


def pairs_of(value: object, option: str) -> list[tuple[Any, Any]]:
    """Return what a mapping holds, or raise where it is none, cannot be read, or holds more than any store takes."""
    if not isinstance(value, Mapping):
        msg = f"{option} must be a mapping of names to text, not {type(value).__name__}"
        raise InvalidRequestError(msg, option=option)
    try:
        pairs = [(name, item) for name, item in islice(value.items(), _MOST_NAMES + 1)]
    except Exception as error:
        msg = f"{option} is a {type(value).__name__} that cannot be read"
        raise InvalidRequestError(msg, option=option) from error
    size = sum(str.__len__(text) for pair in pairs for text in pair if isinstance(text, str))
    if len(pairs) > _MOST_NAMES or size > _MOST_CHARACTERS:
        msg = f"{option}: at most {_MOST_NAMES} names, and {_MOST_CHARACTERS:,} characters of names and values together: no store takes more, so leave some out"
        raise InvalidRequestError(msg, option=option)
    return pairs


def attachment(filename: str | None, *, inline: bool) -> str:
    """Build a Content-Disposition (RFC 6266, RFC 8187) that every browser reads.

    >>> print(attachment("naïve.csv", inline=False))
    attachment; filename="na_ve.csv"; filename*=UTF-8''na%C3%AFve.csv
    """
    kind = "inline" if inline else "attachment"
    if filename is None:
        return kind
    if not filename:
        msg = "filename is empty: leave it out instead"
        raise InvalidRequestError(msg, option="filename")
    if len(filename) > _LONGEST_FILENAME:
        msg = f"filename has {_LONGEST_FILENAME:,} characters at most, not {len(filename):,}"
        raise InvalidRequestError(msg, option="filename")
    if "/" in filename or "\\" in filename:
        msg = "filename is the name to save under and holds no / or \\: give the last part only"
        raise InvalidRequestError(msg, option="filename")
    if re.search(INVISIBLE, filename):
        msg = "filename may hold no control characters, line breaks or changes of writing direction"
        raise InvalidRequestError(msg, option="filename")
    fallback = re.sub(r'[^\x20-\x7e]|["%]', "_", filename)
    header = f'{kind}; filename="{fallback}"'
    if fallback != filename:
        # RFC 8187 attr-char: what quote leaves bare by default is all allowed there.
        header += f"; filename*=UTF-8''{quote(filename, safe='')}"
    return header
