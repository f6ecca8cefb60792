"""A store that checks what a link signs and nothing else, as Ceph RGW does, and copies where it is told to.

Swift and LocalStack refuse headers that are not signed, so neither can show what they would do. In memory, and by
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html; it shares no code with daypass.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import attrs

from tests.servers.serving import serving

SECRET = "made-up"


@attrs.frozen
class Lenient:
    endpoint: str
    #: Bodies and types by path, such as ``/bucket/key``.
    objects: dict[str, tuple[bytes, str | None]]

    @property
    def storage_options(self):
        return {
            "key": "AKIDEXAMPLE",
            "secret": SECRET,
            "endpoint_url": self.endpoint,
            "client_kwargs": {"region_name": "us-east-1"},
            "config_kwargs": {"proxies": {}, "s3": {"addressing_style": "path"}},
        }


def _is_signed(method, target, headers):
    """Tell whether the query holds the signature of this method, place and these headers."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    signature = query.pop("X-Amz-Signature", "")
    names = query["X-Amz-SignedHeaders"].split(";")
    encoded = sorted((quote(n, "~"), quote(v, "~")) for n, v in query.items())
    canonical = "\n".join(
        [
            method,
            parts.path,
            "&".join(f"{name}={value}" for name, value in encoded),
            *(f"{name}:{headers.get(name, '')}" for name in names),
            "",
            ";".join(names),
            "UNSIGNED-PAYLOAD",
        ]
    )
    scope = query["X-Amz-Credential"].split("/", 1)[1]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join([query["X-Amz-Algorithm"], query["X-Amz-Date"], scope, digest])
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature)


@contextlib.contextmanager
def lenient() -> Iterator[Lenient]:
    """Serve for as long as the block lasts."""
    objects: dict[str, tuple[bytes, str | None]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            place = unquote(urlsplit(self.path).path)
            source = self.headers.get("x-amz-copy-source")
            md5 = self.headers.get("Content-MD5")
            if not _is_signed("PUT", self.path, self.headers):
                return self.send(403)
            if source is not None:
                objects[place] = objects["/" + unquote(source).lstrip("/")]
                return self.send(200)
            if self.headers.get("If-None-Match") == "*" and place in objects:
                return self.send(412)
            if md5 and md5 != base64.b64encode(hashlib.md5(body).digest()).decode():
                return self.send(400)
            objects[place] = (body, self.headers.get("Content-Type"))
            return self.send(200)

        def send(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with serving(Handler) as port:
        yield Lenient(f"http://127.0.0.1:{port}", objects)
