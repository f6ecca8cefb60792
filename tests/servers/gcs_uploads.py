"""The XML API's multipart uploads: https://docs.cloud.google.com/storage/docs/multipart-uploads."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, unescape

from tests.servers.gcs_objects import Bucket, Stored, Upload, check_md5
from tests.servers.gcs_refusals import RefusedError

#: https://docs.cloud.google.com/storage/quotas#requests: of all parts but the last.
SMALLEST_PART = 5 << 20
_MOST_PARTS = 10_000


class Uploads:
    """The uploads in parts of one object."""

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
        check_md5(headers.get("content-md5"), body)
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
