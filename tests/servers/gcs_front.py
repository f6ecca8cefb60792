"""Cloud Storage as a stranger meets it: an XML API in memory that verifies V4 signatures.

No emulator does. What is said here is how requests are told apart; what each means is said beside: signatures in
`gcs_signatures`, pages that may send in `gcs_cors`, forms in `gcs_post`, objects in `gcs_objects`, uploads in `gcs_uploads` and `gcs_sessions`, and in
`gcs_json` a corner of the JSON API.

Rules: https://docs.cloud.google.com/storage/docs/xml-api/reference-headers.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from tests.servers.gcs_cors import cors_headers
from tests.servers.gcs_json import json_answer
from tests.servers.gcs_objects import Bucket, Stored
from tests.servers.gcs_post import RefusedFormError, parse_form, verify_form
from tests.servers.gcs_refusals import RefusedError
from tests.servers.gcs_sessions import RefusedRangeError, Said, Sessions
from tests.servers.gcs_signatures import Verifier, pairs_of, verify
from tests.servers.gcs_uploads import Uploads
from tests.servers.serving import serving


class Front:
    """A running front: its keys, buckets and clock are there to be changed by a test."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.keys: dict[tuple[str, str], Verifier] = {}
        self.buckets: dict[str, Bucket] = {}
        #: Hosts that lead to one bucket.
        self.bound: dict[str, str] = {}
        #: What is added to the clock.
        self.ahead = timedelta()
        #: Access tokens that the JSON API takes; none means that anybody may read.
        self.tokens: set[str] = set()
        #: Statuses to answer the next requests of the JSON API with, whatever they ask.
        self.faults: list[int] = []
        #: Uploads that go on where they stopped.
        self.sessions = Sessions()
        #: Method and path of all that was asked.
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def name_of(self, bucket: Bucket) -> str:
        return next(name for name, known in self.buckets.items() if known is bucket)

    def place(self, host: str, path: str) -> tuple[Bucket, str]:
        """Return bucket and key, in whichever of the three styles they are named; no key, the bucket."""
        name = host.rpartition(":")[0] or host
        rest = unquote(path).removeprefix("/")
        if name in self.bound:
            bucket, key = self.bound[name], rest
        elif name.endswith(".localhost"):
            bucket, key = name.removesuffix(".localhost"), rest
        else:
            bucket, _, key = rest.partition("/")
        if bucket not in self.buckets:
            raise RefusedError(404, "NoSuchBucket")
        return self.buckets[bucket], key


class _Handler(BaseHTTPRequestHandler):
    front: Front
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets

    def log_message(self, *_: object) -> None:
        """Keep quiet: request lines hold signatures."""

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        session = dict(pairs_of(self.path.partition("?")[2])).get("upload_id")
        if session is not None:
            self.front.asked.append((self.command, self.path.partition("?")[0]))
            return self._session(session, length)
        body = self.rfile.read(length)
        if len(body) < length:  # its client is gone
            self.close_connection = True
            return None
        self.front.asked.append((self.command, self.path.partition("?")[0]))
        try:
            if self.path.startswith("/storage/v1/b/"):
                self._json_api(body)
            elif "multipart/form-data" in (self.headers.get("Content-Type") or ""):
                self._form(body)
            else:
                self._xml_api(body)
        except (RefusedError, RefusedFormError) as error:
            text = f"<?xml version='1.0'?><Error><Code>{error.code}</Code></Error>"
            self._answer(error.status, text.encode(), {"Content-Type": "application/xml"})

    def do_OPTIONS(self) -> None:
        """Tell a browser which request of a page it may send: signatures come with that one."""
        self._answer(200, b"", {})

    def _lets_pages(self) -> dict[str, str]:
        asked = _lower(self.headers)
        if "origin" not in asked:
            return {}
        try:
            bucket, _ = self.front.place(asked["host"], urlsplit(self.path).path)
        except RefusedError:
            return {}
        about = asked.get("access-control-request-method", self.command)
        return cors_headers(bucket.cors, asked, about)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = do_PATCH = _handle  # noqa: N815 - http.server's names

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**self._lets_pages(), **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _session(self, name: str, length: int) -> None:
        """Take what is brought to a session: who has its address needs no signature."""
        sessions, headers = self.front.sessions, _lower(self.headers)
        if self.command == "DELETE":
            return self._say(sessions.delete(name))
        limit = sessions.breaks.pop(0) if length and sessions.breaks else None
        body = self.rfile.read(length if limit is None else min(limit, length))
        if sessions.faults:
            return self._say(Said(sessions.faults.pop(0), code="injected"))
        broken = len(body) < length
        try:
            said = sessions.put(name, headers, body, broken=broken)
        except RefusedError as error:
            said = Said(error.status, code=error.code)
        except RefusedRangeError:
            said = Said(400, code="InvalidArgument")
        if broken:
            sessions.when_broken()
            self.close_connection = True
            return None
        return self._say(said)

    def _say(self, said: Said) -> None:
        text = f"<?xml version='1.0'?><Error><Code>{said.code}</Code></Error>" if said.code else ""
        self._answer(said.status, text.encode(), said.headers)

    def _start(self, bucket: Bucket, key: str, headers: Mapping[str, str], body: bytes) -> None:
        if body or headers["x-goog-resumable"] != "start":
            raise RefusedError(400, "InvalidArgument")
        name = self.front.sessions.start(
            headers, lambda body, headers: bucket.put(key, body, headers).generation
        )
        place = f"http://{headers['host']}{self.path}&upload_id={name}"
        self._answer(201, b"", {"Location": place, "X-GUploader-UploadID": name})

    def _form(self, body: bytes) -> None:
        headers = _lower(self.headers)
        fields, filename, file = parse_form(headers.get("content-type", ""), body)
        bucket, rest = self.front.place(headers["host"], self.path)
        if rest:
            raise RefusedError(405, "MethodNotAllowed")
        name = next(name for name, known in self.front.buckets.items() if known is bucket)
        clock = self.front.now
        verify_form(fields, bucket=name, size=len(file), keys=self.front.keys, now=clock)
        kept = {name.lower(): value for name, value in fields.items()}
        key = fields["key"].replace("${filename}", filename)
        stored = bucket.put(key, file, kept)
        target = fields.get("success_action_redirect")
        if target is not None:
            return self._answer(303, b"", {"Location": target})
        status = int(fields.get("success_action_status", "204"))
        return self._answer(status, b"", {"x-goog-generation": str(stored.generation)})

    def _xml_api(self, body: bytes) -> None:
        headers = _lower(self.headers)
        verify(self.command, self.path, headers, keys=self.front.keys, now=self.front.now)
        split = urlsplit(self.path)
        query = dict(pairs_of(split.query))
        bucket, key = self.front.place(headers["host"], split.path)
        if bucket.requester_pays and "userProject" not in query:
            raise RefusedError(400, "UserProjectMissing")
        generation = query.get("generation")
        if not key:
            self._bucket(bucket, query)
        elif "uploads" in query or "uploadId" in query:
            self._upload(Uploads(bucket, self.front.name_of(bucket), key), query, body, headers)
        elif self.command == "PUT":
            if (source := headers.get("x-goog-copy-source")) is not None:
                body, headers = self._copied(source, body)
            stored = bucket.put(key, body, headers)
            self._answer(200, b"", {"x-goog-generation": str(stored.generation)})
        elif self.command == "POST" and "x-goog-resumable" in headers:
            self._start(bucket, key, headers, body)
        elif self.command == "DELETE":
            bucket.delete(key, generation)
            self._answer(204, b"", {})
        elif self.command in ("GET", "HEAD"):
            self._get(bucket.get(key, generation), query)
        else:
            raise RefusedError(405, "MethodNotAllowed")

    def _copied(self, source: str, body: bytes) -> tuple[bytes, dict[str, str]]:
        """Return what a copy has from its source (https://docs.cloud.google.com/storage/docs/xml-api/put-object-copy)."""
        if body:
            raise RefusedError(400, "InvalidArgument")
        name, _, key = unquote(source.removeprefix("/")).partition("/")
        if name not in self.front.buckets:
            raise RefusedError(404, "NoSuchBucket")
        found = self.front.buckets[name].get(key, None)
        return found.body, found.headers

    def _upload(
        self, uploads: Uploads, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> None:
        xml = {"Content-Type": "application/xml; charset=UTF-8"}
        if self.command == "POST" and "uploads" in query:
            self._answer(200, uploads.begin(headers).encode(), xml)
        elif self.command == "PUT" and "partNumber" in query:
            self._answer(200, b"", {"ETag": uploads.part(query, body, headers)})
        elif self.command == "GET":
            self._answer(200, uploads.list(query).encode(), xml)
        elif self.command == "POST":
            text, stored = uploads.complete(query, body, headers)
            more = {"x-goog-generation": str(stored.generation)}
            self._answer(200, text.encode(), xml | more)
        elif self.command == "DELETE":
            uploads.abort(query)
            self._answer(204, b"", {})
        else:
            raise RefusedError(405, "MethodNotAllowed")

    def _bucket(self, bucket: Bucket, query: Mapping[str, str]) -> None:
        if self.command != "GET":
            raise RefusedError(400, "InvalidArgument")
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        entries: dict[str, str] = {}
        for key in sorted(key for key in bucket.objects if key.startswith(prefix)):
            folder, found_one, _ = (
                key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            )
            if delimiter and found_one:
                name = prefix + folder + delimiter
                entries[name] = f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
            else:
                entries[key] = f"<Contents><Key>{escape(key)}</Key></Contents>"
        found = ""
        if query.get("list-type") == "2":
            # A token is opaque, and here the last entry of the page before.
            last, most = query.get("continuation-token", ""), int(query.get("max-keys", "1000"))
            names = [name for name in entries if name > last]
            if names[most:]:
                token = escape(names[most - 1])
                found = f"<NextContinuationToken>{token}</NextContinuationToken>"
            entries = {name: entries[name] for name in names[:most]}
        elif query.keys() & {"max-keys", "continuation-token"}:
            raise RefusedError(400, "InvalidArgument")
        found += "".join(entries.values())
        body = (
            "<?xml version='1.0' encoding='UTF-8'?>"
            "<ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>"
            f"<Prefix>{escape(prefix)}</Prefix>{found}</ListBucketResult>"
        )
        self._answer(200, body.encode(), {"Content-Type": "application/xml; charset=UTF-8"})

    def _get(self, stored: Stored, query: Mapping[str, str]) -> None:
        secret = stored.headers.get("x-goog-encryption-key")
        if secret is not None and self.headers.get("x-goog-encryption-key") != secret:
            raise RefusedError(400, "ResourceIsEncryptedWithCustomerEncryptionKey")
        headers = {
            name: value
            for name, value in stored.headers.items()
            if name.startswith("x-goog-meta-") or name == "content-type"
        }
        for name in ("content-type", "content-disposition"):
            if f"response-{name}" in query:
                headers[name] = query[f"response-{name}"]
        headers["x-goog-generation"] = str(stored.generation)
        self._answer(200, stored.body, headers)

    def _json_api(self, body: bytes) -> None:
        status, answer = 200, None
        try:
            self._admit()
            headers = _lower(self.headers)
            answer = json_answer(self.front.buckets, self.command, self.path, headers, body)
        except RefusedError as error:
            status = error.status
            answer = {"error": {"code": status, "message": error.code}}
        self._answer(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _admit(self) -> None:
        if self.front.faults:
            raise RefusedError(self.front.faults.pop(0), "injected")
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.front.tokens and token not in self.front.tokens:
            raise RefusedError(403 if token else 401, "no")


def _lower(message: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items()}


@contextlib.contextmanager
def gcs_front() -> Iterator[Front]:
    """Run a front on a free port of 127.0.0.1."""
    handler: Any = type("Handler", (_Handler,), {})
    with serving(handler) as port:
        handler.front = front = Front(port)
        yield front
