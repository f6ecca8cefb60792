"""Cloud Storage as a stranger meets it: an XML API in memory that verifies V4 signatures.

No emulator does. It shares no code with daypass, and `verify` is proven on Google's published
vectors (tests/plugins/gcs/test_front.py) before it judges anything. A corner of the JSON API, good
enough for gcsfs, reads the same objects.

Rules: https://docs.cloud.google.com/storage/docs/authentication/signatures and
https://docs.cloud.google.com/storage/docs/xml-api/reference-headers.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

import attrs
import google_crc32c
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.servers.gcs_post import RefusedFormError, parse_form, verify_form
from tests.servers.gcs_sessions import RefusedRangeError, Said, Sessions
from tests.servers.serving import serving

LONGEST = 604_800
#: How far ahead of the server a signer's clock may run.
SKEW = timedelta(minutes=15)
_PARAMETERS = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")


class RefusedError(Exception):
    """An answer that is no success, with Cloud Storage's status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


#: Tells whether a signature in hex is the one of a message, signed on a date (YYYYMMDD).
Verifier = Callable[[bytes, str, str], bool]


def hmac_verifier(secret: str) -> Verifier:
    """Verify GOOG4-HMAC-SHA256 with an HMAC key's secret."""

    def check(message: bytes, signature: str, date: str) -> bool:
        key = b"GOOG4" + secret.encode()
        for part in (date, "auto", "storage", "goog4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(hmac.new(key, message, hashlib.sha256).hexdigest(), signature)

    return check


@cache
def rsa_verifier(private_key: str) -> Verifier:
    """Verify GOOG4-RSA-SHA256 with the public half of a private key in PEM, read once."""
    public: Any = serialization.load_pem_private_key(private_key.encode(), None).public_key()

    def check(message: bytes, signature: str, date: str) -> bool:
        try:
            public.verify(bytes.fromhex(signature), message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    return check


def _pairs(query: str) -> list[tuple[str, str]]:
    found = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return [(unquote(name), unquote(value)) for name, value in found]


def verify(
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    keys: Mapping[tuple[str, str], Verifier],
    now: datetime,
) -> None:
    """Raise `RefusedError` unless a request carries a good signature in its query.

    Args:
        method: the HTTP method.
        target: path and query, as they arrived.
        headers: names in lower case.
        keys: verifiers by algorithm and access ID or e-mail.
        now: the server's clock.

    """
    path, _, query = target.partition("?")
    pairs = _pairs(query)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedError(400, "InvalidQueryParameterValue")
    missing = [name for name in _PARAMETERS if f"X-Goog-{name}" not in found]
    if missing:
        raise RefusedError(403, "AccessDenied")
    algorithm, credential, date, expires, signed, signature = (
        found[f"X-Goog-{name}"] for name in _PARAMETERS
    )
    name, _, scope = credential.partition("/")
    if scope != f"{date[:8]}/auto/storage/goog4_request":
        raise RefusedError(400, "AuthenticationRequired")
    _check_time(date, expires, now)
    names = signed.split(";")
    _check_headers(names, headers)
    canonical = "\n".join(
        [
            method,
            quote(unquote(path), safe="/~"),
            "&".join(
                sorted(
                    f"{quote(key, safe='~')}={quote(value, safe='~')}"
                    for key, value in pairs
                    if key != "X-Goog-Signature"
                )
            ),
            *(f"{key}:{' '.join(headers[key].split())}" for key in names),
            "",
            signed,
            headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    message = f"{algorithm}\n{date}\n{scope}\n{digest}".encode()
    check = keys.get((algorithm, name))
    if check is None:
        raise RefusedError(403, "InvalidSecurity")
    if not check(message, signature, date[:8]):
        raise RefusedError(403, "SignatureDoesNotMatch")


def _check_time(date: str, expires: str, now: datetime) -> None:
    if not re.fullmatch(r"\d{8}T\d{6}Z", date) or not re.fullmatch(r"\d{1,7}", expires):
        raise RefusedError(400, "InvalidArgument")
    begin = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not 0 < int(expires) <= LONGEST:
        raise RefusedError(400, "InvalidArgument")
    if now + SKEW < begin:
        raise RefusedError(403, "RequestNotYetValid")
    if now >= begin + timedelta(seconds=int(expires)):
        raise RefusedError(400, "ExpiredToken")


def _check_headers(names: list[str], headers: Mapping[str, str]) -> None:
    if names != sorted(set(names)) or "host" not in names or not set(names) <= set(headers):
        raise RefusedError(403, "SignatureDoesNotMatch")
    extra = {name for name in headers if name.startswith(("x-goog-", "x-amz-"))} - set(names)
    if extra:
        raise RefusedError(400, "ExcessHeaderValues")


@attrs.frozen
class Stored:
    """One generation of an object."""

    body: bytes
    headers: dict[str, str]
    generation: int
    moment: datetime
    #: True of an object that was uploaded in parts: it has no MD5.
    in_parts: bool = False


@attrs.define
class Upload:
    """An upload in parts."""

    key: str
    headers: dict[str, str]
    parts: dict[int, bytes] = attrs.field(factory=dict)


class Bucket:
    """Objects and their generations, with the conditions of an upload."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Stored]] = {}
        self.requester_pays = False
        #: Uploads in parts that are neither completed nor aborted, by their ids.
        self.uploads: dict[str, Upload] = {}
        #: How many parts a list holds at most.
        self.page = 1000
        self.cors: list[dict[str, Any]] = []
        self._generation = 1_700_000_000_000_000
        self._lock = threading.Lock()

    def get(self, key: str, generation: str | None) -> Stored:
        versions = self.objects.get(key, [])
        for stored in reversed(versions):
            if generation in (None, str(stored.generation)):
                return stored
        raise RefusedError(404, "NoSuchKey")

    def put(
        self, key: str, body: bytes, headers: Mapping[str, str], *, in_parts: bool = False
    ) -> Stored:
        with self._lock:
            present = self.objects.get(key)
            wanted = headers.get("x-goog-if-generation-match")
            if wanted is not None and wanted != str(present[-1].generation if present else 0):
                raise RefusedError(412, "PreconditionFailed")
            _check_range(headers.get("x-goog-content-length-range"), len(body))
            _check_md5(headers.get("content-md5"), body)
            self._generation += 1
            kept = {
                name: value
                for name, value in headers.items()
                if name.startswith(("x-goog-", "content-", "cache-"))
            }
            stored = Stored(body, kept, self._generation, datetime.now(UTC), in_parts)
            self.objects.setdefault(key, []).append(stored)
            return stored

    def delete(self, key: str, generation: str | None) -> None:
        stored = self.get(key, generation)
        versions = self.objects[key]
        versions.remove(stored)
        if not versions:
            del self.objects[key]


#: https://docs.cloud.google.com/storage/quotas#requests: of all parts but the last.
SMALLEST_PART = 5 << 20
_MOST_PARTS = 10_000


class Uploads:
    """The XML API's multipart uploads: https://docs.cloud.google.com/storage/docs/multipart-uploads."""

    def __init__(self, bucket: Bucket, name: str, key: str) -> None:
        self._bucket = bucket
        self._name = name
        self._key = key

    def begin(self, headers: Mapping[str, str]) -> str:
        if wrong := [name for name in headers if name.startswith(("x-goog-if-", "if-"))]:
            raise RefusedError(400, f"preconditions do not go with uploads in parts: {wrong[0]}")
        upload_id = secrets.token_urlsafe(24) + "/+="
        self._bucket.uploads[upload_id] = Upload(self._key, dict(headers))
        return _answered("InitiateMultipartUploadResult", self._place() | {"UploadId": upload_id})

    def _place(self) -> dict[str, str]:
        return {"Bucket": self._name, "Key": self._key}

    def _find(self, upload_id: str) -> Upload:
        upload = self._bucket.uploads.get(upload_id)
        if upload is None or upload.key != self._key:
            raise RefusedError(404, "NoSuchUpload")
        return upload

    def part(self, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]) -> str:
        """Keep a part and return its ETag."""
        upload = self._find(query["uploadId"])
        number = query["partNumber"]
        if not number.isdigit() or not 1 <= int(number) <= _MOST_PARTS:
            raise RefusedError(400, "InvalidArgument")
        secret = upload.headers.get("x-goog-encryption-key")
        if headers.get("x-goog-encryption-key") != secret:
            raise RefusedError(400, "CustomerEncryptionKeyIsIncorrect")
        _check_md5(headers.get("content-md5"), body)
        upload.parts[int(number)] = body
        return _part_etag(body)

    def list(self, query: Mapping[str, str]) -> str:
        upload = self._find(query["uploadId"])
        after = int(query.get("part-number-marker", "0"))
        most = self._bucket.page
        numbers = sorted(number for number in upload.parts if number > after)
        parts = [
            "<Part>"
            f"<PartNumber>{number}</PartNumber><ETag>{escape(_part_etag(upload.parts[number]))}</ETag>"
            f"<Size>{len(upload.parts[number])}</Size></Part>"
            for number in numbers[:most]
        ]
        truncated = str(len(numbers) > most).lower()
        return _answered("ListPartsResult", self._place() | {"IsTruncated": truncated}, parts)

    def complete(
        self, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> tuple[str, Stored]:
        upload = self._find(query["uploadId"])
        if wrong := [name for name in headers if name.startswith(("x-goog-if-", "if-"))]:
            raise RefusedError(400, f"preconditions do not go with uploads in parts: {wrong[0]}")
        listed = re.findall(
            r"<Part><PartNumber>(\d+)</PartNumber><ETag>([^<]+)</ETag></Part>", body.decode()
        )
        if not listed or [int(n) for n, _ in listed] != sorted({int(n) for n, _ in listed}):
            raise RefusedError(400, "InvalidPartOrder")
        pieces = []
        for position, (number, etag) in enumerate(listed):
            piece = upload.parts.get(int(number))
            if piece is None or unescape(etag) != _part_etag(piece):
                raise RefusedError(400, "InvalidPart")
            if len(piece) < SMALLEST_PART and position + 1 < len(listed):
                raise RefusedError(400, "EntityTooSmall")
            pieces.append(piece)
        stored = self._bucket.put(self._key, b"".join(pieces), upload.headers, in_parts=True)
        del self._bucket.uploads[query["uploadId"]]
        etag = f'"{stored.generation:x}"'  # of such objects it is no MD5
        return _answered("CompleteMultipartUploadResult", self._place() | {"ETag": etag}), stored

    def abort(self, query: Mapping[str, str]) -> None:
        self._find(query["uploadId"])
        del self._bucket.uploads[query["uploadId"]]


def _part_etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def _answered(name: str, fields: Mapping[str, str], more: Iterable[str] = ()) -> str:
    text = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items())
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<{name} xmlns='{namespace}'>{text}{''.join(more)}</{name}>"


def _check_range(text: str | None, size: int) -> None:
    if text is None:
        return
    smallest, _, largest = text.partition(",")
    if not smallest.isdigit() or not largest.isdigit():
        raise RefusedError(400, "InvalidArgument")
    if size < int(smallest):
        raise RefusedError(400, "EntityTooSmall")
    if size > int(largest):
        raise RefusedError(400, "EntityTooLarge")


def _check_md5(text: str | None, body: bytes) -> None:
    if text is not None and text != _md5(body):
        raise RefusedError(400, "BadDigest")


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


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
        session = dict(_pairs(self.path.partition("?")[2])).get("upload_id")
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

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = do_PATCH = _handle  # noqa: N815 - http.server's names

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
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
        query = dict(_pairs(split.query))
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

    def _json_api(self, body: bytes) -> None:  # noqa: PLR0911 - each answer is a case of its own
        if self.front.faults:
            status = self.front.faults.pop(0)
            return self._json({"error": {"code": status, "message": "injected"}}, status)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.front.tokens and token not in self.front.tokens:
            status = 403 if token else 401
            return self._json({"error": {"code": status, "message": "no"}}, status)
        split = urlsplit(self.path)
        query = dict(_pairs(split.query))
        whole = re.fullmatch(r"/storage/v1/b/([^/]+)", split.path)
        if whole is not None and unquote(whole[1]) in self.front.buckets:
            return self._bucket_record(self.front.buckets[unquote(whole[1])], body)
        match = re.fullmatch(r"/storage/v1/b/([^/]+)/o/([^/]+)", split.path)
        if match is None or unquote(match[1]) not in self.front.buckets:
            return self._json({"error": {"code": 404, "message": "notFound"}}, 404)
        bucket, key = self.front.buckets[unquote(match[1])], unquote(match[2])
        if bucket.requester_pays and "userProject" not in query:
            message = "Bucket is requester pays bucket but no user project provided."
            return self._json({"error": {"code": 400, "message": message}}, 400)
        try:
            stored = bucket.get(key, query.get("generation"))
        except RefusedError as error:
            return self._json(
                {"error": {"code": error.status, "message": error.code}}, error.status
            )
        record = _record(unquote(match[1]), key, stored)
        # https://docs.cloud.google.com/storage/docs/request-preconditions: ETags, in the JSON API too
        if self.headers.get("If-Match") not in (None, f'"{record["etag"]}"'):
            return self._json({"error": {"code": 412, "message": "conditionNotMet"}}, 412)
        return self._json(record)

    def _bucket_record(self, bucket: Bucket, body: bytes) -> None:
        if self.command == "PATCH":
            bucket.cors = json.loads(body)["cors"]
        return self._json(
            {"kind": "storage#bucket", **({"cors": bucket.cors} if bucket.cors else {})}
        )

    def _json(self, value: Any, status: int = 200) -> None:
        self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _lower(message: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in message.items()}


def _record(bucket: str, key: str, stored: Stored) -> dict[str, Any]:
    """Describe an object: https://docs.cloud.google.com/storage/docs/json_api/v1/objects."""
    moment = stored.moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    meta = "x-goog-meta-"
    record = {
        "kind": "storage#object",
        "name": key,
        "bucket": bucket,
        "generation": str(stored.generation),
        "metageneration": "1",
        "contentType": stored.headers.get("content-type"),
        "contentEncoding": stored.headers.get("content-encoding"),
        "cacheControl": stored.headers.get("cache-control"),
        "storageClass": stored.headers.get("x-goog-storage-class", "STANDARD"),
        "kmsKeyName": stored.headers.get("x-goog-encryption-kms-key-name"),
        "size": str(len(stored.body)),
        "md5Hash": None if stored.in_parts else _md5(stored.body),
        "crc32c": _crc32c(stored.body),
        "etag": "CJDB" + base64.b64encode(str(stored.generation).encode()).decode(),
        "timeCreated": moment,
        "updated": moment,
        "metadata": {
            name.removeprefix(meta): value
            for name, value in stored.headers.items()
            if name.startswith(meta)
        },
    }
    return {name: value for name, value in record.items() if value}


def _crc32c(body: bytes) -> str:
    return base64.b64encode(google_crc32c.value(body).to_bytes(4)).decode()


@contextlib.contextmanager
def gcs_front() -> Iterator[Front]:
    """Run a front on a free port of 127.0.0.1."""
    handler: Any = type("Handler", (_Handler,), {})
    with serving(handler) as port:
        handler.front = front = Front(port)
        yield front
