"""Values that several tests try: legal and illegal options, odd keys, links to mask."""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

from tests.core.fakes import NOW, Disguise, Hostile, HostileMapping

ODD_KEYS = [
    "a b//c", "/leading", "trailing/", "//", "a+b", "%2F", "%2f%25", "#", "a?b=c#d", "*", "a*b?",
    "🎉", "e\u0301", "\u00e9", "K", "~", "'()!*", "a\\b", "a:b@c", "..a", "a..", "...", "%2e%2e/x",
    "a=b&c=d", "[1]{2}", '|^`<>"', "\u200d", "s3a:/x", "C:", "a;b,c$",
]  # fmt: skip


def is_path(key: str) -> bool:
    """Tell whether a key begins as a whole path, which a store refuses where it knows the protocol."""
    return re.match(r"[\w.+-]+://", key) is not None


class UPathish:
    """What daypass reads of a UPath."""

    protocol = "s3"

    def __init__(self, text: str, **options: object) -> None:
        self.text = text
        self.storage_options = options

    def __str__(self) -> str:
        return self.text


#: One URL of each kind, and the parts of it that may never be shown.
HEX = "95e6a13d43a1d1962e667f17397f2b80ac9bdd1669210d5e08e0135df9dff4e5"
BASE64 = "2m9M0eLB%2BqI0nUpkyTskKmHd0Ig%3D"
CLOUDFRONT = "Nql641NHEUkUaXQHZINK1FZ~SYeUSoBJMxjdgqrzIdzV2gyEXPDNv0pYdWJkflDKJ3xI_"
TOKEN = "IQoJb3JpZ2luX2VjE%2F%2F%2Ftoken%2Bwith%3D%3D"
URLS = {
    "S3 V4": (f"https://b.example/k?X-Amz-Date=1&X-Amz-Signature={HEX}", [HEX]),
    "S3 V4 with a token": (
        f"https://b.example/k?X-Amz-Security-Token={TOKEN}&X-Amz-Signature={HEX}&x=1",
        [TOKEN, HEX],
    ),
    "S3 V2": (f"https://b.example/k?AWSAccessKeyId=AK&Signature={BASE64}&Expires=14", [BASE64]),
    "GCS V4": (f"https://b.example/k?X-Goog-SignedHeaders=host&X-Goog-Signature={HEX}", [HEX]),
    "GCS V2": (f"https://b.example/k?GoogleAccessId=a%40b&Expires=1&Signature={BASE64}", [BASE64]),
    "Azure": (f"https://a.example/c/k?se=2026-11-02T09%3A00Z&sig={BASE64}&sp=r", [BASE64]),
    "CloudFront": (
        f"https://d.example/k?Expires=1&Signature={CLOUDFRONT}&Key-Pair-Id=K2",
        [CLOUDFRONT],
    ),
}
WRITTEN = {
    "bare": str,
    "in a sentence": lambda url: f"GET {url}, then (see <{url}>) 403.",
    "percent-encoded": lambda url: f"https://app.example/go?to={quote(url, safe='')}&x=1",
    "encoded twice": lambda url: quote(quote(url, safe=""), safe=""),
    "in JSON": lambda url: json.dumps({"url": url, "n": 1}),
    "in JSON, escaped": lambda url: (
        json.dumps({"url": url}).replace("&", "\\u0026").replace("=", "\\u003d")
    ),
    "in JSON within JSON": lambda url: json.dumps(json.dumps({"url": url}).replace("&", "\\u0026")),
    "in HTML": lambda url: f'<a href="{html.escape(url)}">x</a>',
    "in a dict": lambda url: repr({"url": url}),
    "in bytes": lambda url: repr(url.encode()),
    "in upper case": str.upper,
    "as a dict of parameters": lambda url: repr(
        dict(pair.split("=", 1) for pair in url.partition("?")[2].split("&"))
    ),
    "as pairs": lambda url: repr([tuple(pair) for pair in _pairs(url)]),
    "as lines of headers": lambda url: "\r\n".join(map(": ".join, _pairs(url))),
    "as settings": lambda url: "\n".join(map(" = ".join, _pairs(url))),
    "as cookies": lambda url: "; ".join(f'{name}="{value}"' for name, value in _pairs(url)),
    "in a HAR": lambda url: json.dumps([{"name": n, "value": v} for n, v in _pairs(url)]),
    "in a HAR, values first": lambda url: json.dumps(
        [{"value": v, "name": n} for n, v in _pairs(url)], separators=(",", ":")
    ),
}
#: What hides a name's own letters, so that no scanner of files looks for it.
HIDDEN = {
    "in HTML, every sign a reference": lambda url: re.sub(
        "[^A-Za-z0-9%]", lambda found: f"&#x{ord(found[0]):x};", url
    ),
    "every sign percent-encoded": lambda url: re.sub(
        "[^%]", lambda found: f"%{ord(found[0]):02x}", url
    ),
    "in JSON, every sign escaped": lambda url: "".join(f"\\u{ord(sign):04X}" for sign in url),
    "in HTML, every sign a number": lambda url: "".join(f"&#{ord(sign)};" for sign in url),
    "in a page within JSON within a URL": lambda url: quote(
        json.dumps({"page": html.escape(f'<a href="{url}">')}), safe=""
    ),
}


def _pairs(url: str) -> list[list[str]]:
    return [pair.split("=", 1) for pair in url.partition("?")[2].split("&")]


MD5 = hashlib.md5(b"x").digest()
MD5_TEXT = b64encode(MD5).decode()
SHA256 = hashlib.sha256(b"x").digest()
SHA256_TEXT = b64encode(SHA256).decode()


#: One legal value of each option, with what it needs beside it.
LEGAL = {
    "method": {"method": "DELETE"},
    "expires_in": {"expires_in": "15m"},
    "expires_at": {"expires_at": NOW + timedelta(hours=1)},
    "starts_at": {"starts_at": NOW},
    "content_type": {"method": "PUT", "content_type": "text/csv; charset=utf-8"},
    "content_md5": {"method": "PUT", "content_md5": MD5},
    "add_content_md5_metadata": {
        "method": "PUT",
        "content_md5": MD5_TEXT,
        "add_content_md5_metadata": True,
    },
    "content_length": {"method": "PUT", "content_length": 0},
    "max_bytes": {"method": "PUT", "max_bytes": 10},
    "if_absent": {"method": "PUT", "if_absent": True},
    "checksum_sha256": {"method": "PUT", "checksum_sha256": SHA256_TEXT},
    "metadata": {"method": "PUT", "metadata": {"colour": "red"}},
    "acl": {"method": "PUT", "acl": "public-read"},
    "storage_class": {"method": "PUT", "storage_class": "STANDARD_IA"},
    "tags": {"method": "PUT", "tags": {"Grösse": "a/b c"}},
    "copy_source": {"method": "PUT", "copy_source": "fake://bucket/a b"},
    "resumable": {"method": "PUT", "resumable": True},
    "kms_key": {"method": "PUT", "kms_key": "arn:aws:kms:eu-west-1:1:key/k"},
    "encryption_key": {"encryption_key": SHA256_TEXT},
    "requester_pays": {"requester_pays": True},
    "headers": {"headers": {"x-a": "1"}},
    "query": {"query": {"x-job": "a b/é"}},
    "filename": {"filename": "naïve.csv"},
    "inline": {"inline": True},
    "response_content_type": {"response_content_type": "text/csv"},
    "response_content_disposition": {"response_content_disposition": "inline"},
    "response_content_encoding": {"response_content_encoding": "gzip"},
    "response_content_language": {"response_content_language": "de"},
    "response_cache_control": {"response_cache_control": "no-store"},
    "response_expires": {"response_expires": NOW},
    "ip_range": {"ip_range": "192.0.2.0/24"},
    "https_only": {"https_only": True},
    "max_uses": {"max_uses": 1},
    "referrers": {"referrers": ["example.org", "*.example.org"]},
    "strict": {"strict": False},
    "on_short": {"on_short": "raise"},
    "allow_dot_segments": {"allow_dot_segments": True},
    "signing_time": {"signing_time": NOW},
    "stable_for": {"stable_for": "5m"},
    "delimiter": {"method": "LIST", "delimiter": "/"},
    "max_keys": {"method": "LIST", "max_keys": 100},
    "continuation_token": {
        "method": "LIST",
        "continuation_token": "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=",
    },
}


ODD = {
    "hostile": Hostile(),
    "hostile mapping": HostileMapping(),
    "object": object(),
    "bytes": b"\xff",
    "bytearray": bytearray(16),
    "writable memoryview": memoryview(bytearray(16)),
    "empty": "",
    "NUL": "a\0b",
    "line break": "a\r\nb",
    "surrogate": "\ud800",
    "disguise": Disguise("GET"),
    "long": "a" * 100_000,
    "huge": 10**5000,
    "minus huge": -(10**5000),
    "zero": 0,
    "true": True,
    "false": False,
    "none": None,
    "nan": float("nan"),
    "infinity": float("inf"),
    "decimal": Decimal("1.5"),
    "complex": 1j,
    "list": [],
    "recursive list": [[]],
    "dict": {},
    "dict of odd": {5: 10**5000},
    "set": {1},
    "naive": datetime(2026, 1, 1),
    "date": date(2026, 1, 1),
    "timedelta": timedelta(days=-1),
    "type": int,
    "exception": ValueError("x"),
}
ODD["recursive list"].append(ODD["recursive list"])
ODD["released memoryview"] = memoryview(b"x" * 16)
ODD["released memoryview"].release()
