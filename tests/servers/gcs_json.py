"""A corner of Cloud Storage's JSON API, good enough for gcsfs: it reads the objects that the XML API keeps.

Rules: https://docs.cloud.google.com/storage/docs/json_api/v1/objects.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import google_crc32c

from tests.servers.gcs_objects import Bucket, Stored, md5_of
from tests.servers.gcs_refusals import RefusedError
from tests.servers.gcs_signatures import pairs_of


def json_answer(
    buckets: Mapping[str, Bucket],
    command: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Any:
    """Return what is answered to a request; `RefusedError` says what goes wrong.

    Args:
        buckets: by their names.
        command: the HTTP method.
        target: path and query, as they arrived.
        headers: names in lower case.
        body: what was sent.

    """
    split = urlsplit(target)
    query = dict(pairs_of(split.query))
    match = re.fullmatch(r"/storage/v1/b/([^/]+)(?:/o/([^/]+))?", split.path)
    if match is None or unquote(match[1]) not in buckets:
        raise RefusedError(404, "notFound")
    bucket = buckets[unquote(match[1])]
    if match[2] is None:
        return _bucket_record(bucket, command, body)
    if bucket.requester_pays and "userProject" not in query:
        raise RefusedError(400, "Bucket is requester pays bucket but no user project provided.")
    key = unquote(match[2])
    record = _record(unquote(match[1]), key, bucket.get(key, query.get("generation")))
    # https://docs.cloud.google.com/storage/docs/request-preconditions: ETags, in the JSON API too
    if headers.get("if-match") not in (None, f'"{record["etag"]}"'):
        raise RefusedError(412, "conditionNotMet")
    return record


def _bucket_record(bucket: Bucket, command: str, body: bytes) -> dict[str, Any]:
    if command == "PATCH":
        bucket.cors = json.loads(body)["cors"]
    return {"kind": "storage#bucket", **({"cors": bucket.cors} if bucket.cors else {})}


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
        "md5Hash": None if stored.in_parts else md5_of(stored.body),
        "crc32c": crc32c_of(stored.body),
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


def crc32c_of(body: bytes) -> str:
    """Return the CRC-32C of an object, as the JSON API writes it."""
    return base64.b64encode(google_crc32c.value(body).to_bytes(4)).decode()
