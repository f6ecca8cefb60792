"""What the value of an option must be: each check returns it in the form that a request keeps, or raises."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime
from operator import index

from daypass.base.messages import brief, shown, shown_count
from daypass.base.times import Duration, seconds, utc
from daypass.errors import DaypassError, InvalidRequestError
from daypass.model.headers import (
    check_headers,
    check_metadata,
    check_text,
    folded,
    makes_another_request,
    option_of,
    pairs_of,
    said_by_option,
)
from daypass.model.paths import parse_path

__all__ = [
    "REACTIONS",
    "choice",
    "copied",
    "count",
    "duration",
    "filename",
    "flag",
    "headers",
    "is_owned",
    "md5",
    "metadata",
    "moment",
    "query",
    "reaction",
    "redirect",
    "secret_key",
    "sha256",
    "status",
    "tags",
    "text",
    "word",
]


def digest(value: str | bytes | None, option: str, size: int, name: str) -> str | None:
    """Return a digest in base64, or raise naming the base64 that was meant."""
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _raw_digest(value, option, size, name)
    if not isinstance(value, str):
        msg = f"{option} must be bytes or base64 text, not {type(value).__name__}"
        raise InvalidRequestError(msg, option=option)
    value = str.__str__(value)  # an exact str: a subclass may write itself in its own way
    if len(value) == 2 * size and " " not in value:
        try:
            right = b64encode(bytes.fromhex(value)).decode()
        except ValueError:
            pass
        else:
            msg = f"{option} is a hex digest, but HTTP wants base64: use {right!r}"
            raise InvalidRequestError(msg, option=option)
    try:
        raw = b64decode(value, validate=True)
    except (Base64Error, ValueError):
        raw = b""
    if len(raw) != size or b64encode(raw).decode() != value:
        msg = f"{option} must be the base64 of the {size} bytes of a {name}, or the raw bytes"
        raise InvalidRequestError(msg, option=option)
    return value


def _raw_digest(value: bytes | bytearray | memoryview, option: str, size: int, name: str) -> str:
    try:
        raw = bytes(value)
    except ValueError:  # a memoryview that has been released
        raw = b""
    if len(raw) == size:
        return b64encode(raw).decode()
    msg = f"{option} must be the {size} raw bytes of a {name} or their base64, not {len(raw)} bytes"
    raise InvalidRequestError(msg, option=option)


def md5(value: str | bytes | None, option: str) -> str | None:
    """Return an MD5 in base64."""
    return digest(value, option, 16, "MD5")


def sha256(value: str | bytes | None, option: str) -> str | None:
    """Return a SHA-256 in base64."""
    return digest(value, option, 32, "SHA-256")


def secret_key(value: str | bytes | None, option: str) -> str | None:
    """Return a key of 32 bytes in base64; no message shows it."""
    if value is None:
        return None
    raw = value
    if isinstance(value, str):
        try:
            raw = b64decode(str.__str__(value).encode("ascii"), validate=True)
        except (Base64Error, ValueError):
            raw = b""
    if not isinstance(raw, bytes) or len(raw) != 32:  # noqa: PLR2004 - AES-256
        msg = f"{option} must be a key of 32 bytes, as bytes or in base64"
        raise InvalidRequestError(msg, option=option)
    return b64encode(raw).decode()


def count(value: int | None, option: str) -> int | None:
    """Return a number of bytes."""
    if value is None:
        return None
    try:
        number = -1 if isinstance(value, bool) else index(value)
    except Exception:  # noqa: BLE001 - whatever a stranger's __index__ raises
        number = -1
    if not 0 <= number < 2**63:
        msg = f"{option} must be a number of bytes from 0 to 2**63-1"
        raise InvalidRequestError(msg, option=option)
    return number


#: The most keys that a page of S3 or Google Cloud Storage has; more is asked for in vain.
#: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
_LONGEST_PAGE = 1000


def page(value: int | None, option: str) -> int | None:
    """Return a number of keys that one page of a listing can have."""
    if value is None or (type(value) is int and 0 < value <= _LONGEST_PAGE):
        return value
    msg = f"{option} must be a number of keys from 1 to {_LONGEST_PAGE}, which is the most that a page has, not {shown_count(value)}"
    raise InvalidRequestError(msg, option=option)


def parameter(value: str | None, option: str) -> str | None:
    """Return text that can travel in a query, which encodes it."""
    if value is None:
        return None
    if not isinstance(value, str):
        msg = f"{option} must be text, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    value = str.__str__(value)
    if not value or re.search(_BREAKING, value):
        msg = f"{option} must be text with no line breaks and no control characters: leave it out where there is none"
        raise InvalidRequestError(msg, option=option)
    return value


def flag(value: bool, option: str) -> bool:
    """Return a true or false that is nothing else; None would pass for a False nobody said."""
    if not isinstance(value, bool):
        msg = f"{option} must be True or False, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return value


def choice(value: bool | None, option: str) -> bool | None:
    """Return a true or false, or None where the caller does not say."""
    return None if value is None else flag(value, option)


def text(value: str | None, option: str) -> str | None:
    """Return text that can travel in a header."""
    if value is None:
        return None
    value = check_text(value, option)
    if not value:
        msg = f"{option} is empty: leave it out instead"
        raise InvalidRequestError(msg, option=option)
    return value


def beginning(value: str | None, option: str) -> str | None:
    """Return text that the value of a header is to begin with; empty, it is the beginning of any."""
    return value if value == "" else text(value, option)


def word(value: str, option: str) -> str:
    """Return one of the words that `SignRequest` compares with its own."""
    if not isinstance(value, str):
        msg = f"{option} must be text, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return str.__str__(value)


#: What can happen where a link would end early.
REACTIONS = ("warn", "raise")


def reaction(value: str, option: str) -> str:
    """Return what happens where a link would end early."""
    value = word(value, option)
    if value not in REACTIONS:
        msg = f"{option} must be 'warn' or 'raise', not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return value


def filename(value: str | None, option: str) -> str | None:
    """Return the name to save under; `attachment` judges its characters."""
    return None if value is None else word(value, option)


def copied(value: str | None, option: str) -> str | None:
    """Return the path of one object, as it was written."""
    if value is None:
        return None
    path = word(value, option)
    try:
        found = parse_path(path)
    except DaypassError:  # whose text is of the path of the link itself
        found = None
    if found is None or not found.bucket or not found.key or "@" in found.bucket:
        msg = f"{option} must be the path of one object, with its protocol and without a login, such as s3://bucket/key, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    if "?versionid=" in found.key.lower():
        msg = f"{option} names a key as it is stored, and a copy is of the newest version: leave ?versionId= out"
        raise InvalidRequestError(msg, option=option)
    return str(found)


def moment(value: datetime | None, option: str) -> datetime | None:
    """Return an aware datetime in UTC."""
    return None if value is None else utc(value, option)


def duration(value: Duration | None, option: str) -> int | None:
    """Return whole seconds."""
    return None if value is None else seconds(value, option)


#: An http(s) URL without user info and fragment, in the characters of RFC 3986.
_REDIRECT = (
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?][!$%&-;=?@A-Z_a-z~]*)?"
)
#: What stores answer a successful form with.
_STATUSES = (200, 201, 204)


def redirect(value: str | None, option: str) -> str | None:
    """Return where a browser goes after an upload."""
    value = text(value, option)
    if value is not None and not re.fullmatch(_REDIRECT, value):
        msg = f"{option} must be an http(s) URL without user info and fragment, percent-encoded, not {shown(value)}"
        raise InvalidRequestError(msg, option=option)
    return value


def status(value: int | None, option: str) -> int | None:
    """Return the status that a successful form is answered with."""
    if value is not None and (type(value) is not int or value not in _STATUSES):
        found = value if type(value) is int and abs(value) < 10**9 else shown(value)
        msg = f"{option} must be 200, 201 or 204, which stores can answer with, not {found}"
        raise InvalidRequestError(msg, option=option)
    return value


def headers(value: Mapping[str, str] | None, option: str) -> dict[str, str] | None:
    """Return a checked copy of the headers; none at all ask for nothing."""
    return None if value is None else check_headers(value, option) or None


#: Of an object's tags: how many, and how long a name and a value, in characters; and what they are made of
#: beside letters and digits. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
_MOST_TAGS, _LONGEST_TAG, _LONGEST_TAG_VALUE = 10, 128, 256
_IN_TAGS = " +-=._:/@"


def tags(value: Mapping[str, str] | None, option: str) -> dict[str, str] | None:
    """Return a checked copy of an object's tags; none at all ask for nothing."""
    if value is None:
        return None
    found = _texts(value, option)
    if len(found) > _MOST_TAGS:
        msg = f"{option}: an object has {_MOST_TAGS} tags at most, not {len(found)}"
        raise InvalidRequestError(msg, option=option)
    for name, text in found.items():
        if not 0 < len(name) <= _LONGEST_TAG or len(text) > _LONGEST_TAG_VALUE:
            msg = f"{option}: a name has 1 to {_LONGEST_TAG} characters and a value {_LONGEST_TAG_VALUE} at most, unlike {shown(name)}"
            raise InvalidRequestError(msg, option=option)
        if name.lower().startswith("aws:"):
            msg = f"{option}: names that begin with aws: are the store's own: call {shown(name)} otherwise"
            raise InvalidRequestError(msg, option=option)
        if not all(char.isalnum() or char in _IN_TAGS for char in name + text):
            msg = f"{option}: names and values are made of letters, digits, spaces and {' '.join(_IN_TAGS.strip())}, unlike {shown(name)}"
            raise InvalidRequestError(msg, option=option)
    return found or None


#: Query parameters that are no caller's own, in lower case: those of signatures, those that options say, and
#: those by which a store does something else. Sources: the names that botocore's model of S3 has,
#: https://docs.cloud.google.com/storage/docs/xml-api/reference-headers,
#: https://docs.ceph.com/en/latest/radosgw/s3/objectops/ (append), and the parameters that CloudFront takes out of a URL:
#: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html,
#: the routes of MinIO's cmd/api-router.go (lambdaArn, events, metadata, replication-...), those that Alibaba's, Huawei's
#: and Tencent's stores process an object by (x-oss-process, x-image-process, ci-process), the credential that Google's
#: APIs take from a query (access_token), and the operations that others name by a parameter: Alibaba's symlink
#: (https://www.alibabacloud.com/help/en/oss/developer-reference/putsymlink), Huawei's modify, rename and truncate
#: (https://support.huaweicloud.com/api-obs/obs_04_0093.html), Azure's comp and restype
#: (https://learn.microsoft.com/en-us/rest/api/storageservices/blob-service-rest-api), Swift's multipart-manifest and
#: signed links (https://docs.openstack.org/api-ref/object-store/), copy, and Alibaba's other subresources of an object (security-token,
#: link, asyncFetch; CanonicalizedResource in https://www.alibabacloud.com/help/en/oss/developer-reference/include-signatures-in-the-authorization-header)
#: with Baidu's fetch. All with dashes in place of underscores; what makes another request as a header does so here too.
_OWNED = (
    r"x-(?:amz|cos|goog|minio|obs|oss)-.*|x-image-.*|ci-process|rgwx-.*|response-.*|x-id|access-token|awsaccesskeyid|googleaccessid|accesskeyid|signature|expires"
    r"|policy(?:status)?|key-pair-id|hash-algorithm"
    r"|abac|accelerate|acl|action|analytics|annotation(?:name|-prefix)?|append|asyncfetch|attributes|billing|bucket-region|comp|compose|copy"
    r"|continuation-token|cors|customplacementconfig|defaultobjectacl|delete|delimiter|encoding-type"
    r"|encryption(?:config)?|events|fetch(?:-owner)?|generation(?:-marker)?|intelligent-tiering|inventory|(?:key-)?marker|lambdaarn|legal-hold"
    r"|lifecycle|link|list-type|location|logging|max-(?:annotation-results|buckets|directory-buckets|keys|parts|uploads)|maxitems"
    r"|metadata(?:annotationtable|configuration|inventorytable|journaltable|table)?|metrics|modify|multipart-manifest|notification"
    r"|object(?:info|-lock|meta)|ownershipcontrols|part-?number(?:-marker)?|position|prefix|publicaccessblock"
    r"|rename(?:object)?|replication(?:-.*)?|requestpayment|restore|restype|retention|security-token|select(?:-type)?|session|start-after"
    r"|status|storageclass|symlink|tagging|temp-url-.*|torrent|truncate|upload-?id(?:-marker)?|uploads|username|userproject"
    r"|version-?id(?:-marker)?|versioning|versions|website(?:config)?"
)
#: Parameters that shape an answer, and are named as the options that say them.
_RESPONSE = r"response-(?:content-(?:type|disposition|encoding|language)|cache-control|expires)"
#: What ends a line, or is half a character.
_BREAKING = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
#: RFC 3986, unreserved: a name that no client and no proxy writes in another way.
_PARAMETER = r"[A-Za-z0-9._~-]{1,128}"


def is_owned(name: str) -> bool:
    """Tell whether a query parameter is no caller's own.

    Args:
        name: in lower case, with dashes in place of underscores.

    """
    return re.fullmatch(_OWNED, name) is not None or makes_another_request(name)


def query(value: Mapping[str, str] | None, option: str) -> dict[str, str] | None:
    """Return a checked copy of the caller's own query parameters; none at all ask for nothing."""
    if value is None:
        return None
    found = _texts(value, option)
    for name, text in found.items():
        if not re.fullmatch(_PARAMETER, name):
            msg = f"{option}: the name of a parameter is made of letters, digits and ._~-, unlike {shown(name)}"
            raise InvalidRequestError(msg, option=option)
        lower = folded(name)
        if is_owned(lower):
            own = lower.replace("-", "_") if re.fullmatch(_RESPONSE, lower) else option_of(lower)
            if own is not None:
                raise said_by_option(name, own, option)
            msg = f"{option}: {name} belongs to signatures, to another option or to the store itself: name a parameter of your own, such as x-{name[:20]}"
            raise InvalidRequestError(msg, option=option)
        if re.search(_BREAKING, text):
            msg = f"{option}: the value of {brief(name)} may hold no line breaks and no control characters"
            raise InvalidRequestError(msg, option=option)
    return found or None


def _texts(value: Mapping[str, str], option: str) -> dict[str, str]:
    """Return a copy of a mapping of text to text."""
    found = {}
    for name, text in pairs_of(value, option):
        if not isinstance(name, str) or not isinstance(text, str):
            msg = f"{option} must be a mapping of names to text: {shown(name)} is not, or its value"
            raise InvalidRequestError(msg, option=option)
        found[str.__str__(name)] = str.__str__(text)
    return found


def metadata(value: Mapping[str, str] | None, option: str) -> dict[str, str] | None:
    """Return a checked copy of the metadata; none at all asks for nothing."""
    return None if value is None else check_metadata(value, option) or None
