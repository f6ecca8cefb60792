"""When a URL ends that a filesystem signed by itself: what its query says, where it says so in a known way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from daypass.toolkit.v4_links import v4_moment

__all__ = ["said_end"]

#: The signatures of Version 4 and their likes, by the word in their parameters' names. ``x-oss-``:
#: https://www.alibabacloud.com/help/en/oss/developer-reference/add-signatures-to-urls
_DATE = re.compile(r"x-([a-z]+)-date")
#: Parameters with a moment in seconds since 1970, and the signature that they stand beside. ``Expires``:
#: https://obs-community.obs.cn-north-1.myhuaweicloud.com/sign/query_signature.html, and the older ones of S3, OSS
#: and Google alike; ``e``: https://developer.qiniu.com/kodo/1202/download-token.
_EPOCHS = {"expires": "signature", "e": "token"}


def said_end(url: str) -> datetime | None:
    """Return when a signed URL ends by its own words (aware, UTC); None where it does not say so.

    >>> said_end("https://b.example/k?AccessKeyId=AK&Expires=1767225600&Signature=x")
    datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    pairs = parse_qsl(url.partition("?")[2].partition("#")[0])
    query = {name.lower(): value for name, value in pairs}
    for name, value in query.items():
        family = _DATE.fullmatch(name)
        if family and f"x-{family[1]}-signature" in query:
            begin, lifetime = v4_moment(value), _whole(query.get(f"x-{family[1]}-expires"))
            return None if begin is None or lifetime is None else _after(begin, lifetime)
    for name, signature in _EPOCHS.items():
        if name in query and signature in query:
            return _moment(_whole(query[name]))
    if "q-signature" in query:  # https://www.tencentcloud.com/document/product/436/7778
        return _moment(_whole(query.get("q-sign-time", "").partition(";")[2]))
    if "sig" in query and "se" in query:
        # https://learn.microsoft.com/rest/api/storageservices/create-service-sas
        return _iso(query["se"])
    return None


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,12}", text) else None


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else _after(datetime.fromtimestamp(0, UTC), seconds)


def _after(begin: datetime, seconds: int) -> datetime | None:
    try:
        return begin + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
