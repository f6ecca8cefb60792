"""CORS rules of a bucket of Cloud Storage: https://docs.cloud.google.com/storage/docs/cross-origin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
from daypass.model.locations import Location
from daypass_gcs.metadata import call_api
from daypass_gcs.places import check_bucket

#: What an upload by one of our links may have to send; it knows no wildcards but for all.
_HEADERS = (
    "Content-Type",
    "Content-MD5",
    "ETag",
    "x-goog-acl",
    "x-goog-content-length-range",
    "x-goog-if-generation-match",
    "x-goog-storage-class",
)
#: Of a bucket: its rules, and what says that it is one.
_FIELDS = "kind,cors"


def plan(location: Location, rule: CorsRule) -> CorsPlan:
    """Say a rule in Google's words (https://docs.cloud.google.com/storage/docs/json_api/v1/buckets)."""
    check_bucket(location.bucket)

    def read() -> list[dict[str, Any]]:
        answer = call_api(location, "bucket", "GET", "b/{}", location.bucket, fields=_FIELDS)
        return list(answer.get("cors", []))

    def write(rules: Sequence[dict[str, Any]]) -> None:
        change = {"cors": list(rules)}
        place = ("b/{}", location.bucket)
        call_api(location, "bucket", "PATCH", *place, fields=_FIELDS, json=change)

    return CorsPlan(
        rule={
            "origin": list(rule.origins),
            "method": list(rule.methods),
            "responseHeader": [*_HEADERS, *rule.headers],
            "maxAgeSeconds": rule.max_age,
        },
        owner=f"bucket {location.bucket}",
        document=list,
        command=f"gcloud storage buckets update gs://{location.bucket} --cors-file=FILE",
        read=read,
        write=write,
    )
