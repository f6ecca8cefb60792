"""Results of every class, with secrets of every kind in them; none of which anything may show."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import attrs

import daypass
from daypass.hookspecs.findings import Finding
from daypass.model.links import SignedURL

SECRET = "Pl4ntedS3cretPl4ntedS3cret"
TOKEN = "8w2-aB_dEfGhIjKlMnOpQg"
#: Far off, so that no card of theirs is of an ended link.
END = datetime(2099, 5, 4, 12, 30, tzinfo=UTC)

#: What each kind of link ends in.
URLS = {
    "S3": f"https://maps.s3.amazonaws.com/europe.csv?X-Amz-Credential=AKIDEXAMPLE&X-Amz-Security-Token={SECRET}&X-Amz-Signature={SECRET}",
    "Azure": f"https://acme.blob.core.windows.net/maps/europe.csv?se=2099-05-04T12%3A30%3A00Z&sp=r&sig={SECRET}%3D",
    "GCS": f"https://storage.googleapis.com/maps/europe.csv?X-Goog-Date=20260504T120000Z&X-Goog-Signature={SECRET}",
    "CloudFront": f"https://d111111abcdef8.cloudfront.net/europe.csv?Policy=eyJTdGF0ZW1lbnQiOltdfQ__&Signature={SECRET}&Key-Pair-Id=K1",
    "links": f"https://links.example/l/{TOKEN}",
}


def link(**changes) -> SignedURL:
    values = {
        "url": URLS["S3"],
        "method": "GET",
        "headers": {},
        "expires_at": END,
        "expires_because": "requested",
        "permits": frozenset({"GET"}),
        "unenforced": frozenset(),
        "path": "s3://maps/2026/europe.csv",
        "backend": "s3",
    }
    return SignedURL(**{**values, **changes})


def prefix(**changes) -> daypass.SignedPrefix:
    values = {
        "url": "https://acme.blob.core.windows.net/maps/cube.zarr/",
        "query": f"sp=r&sig={SECRET}",
        "method": "GET",
        "headers": {},
        "expires_at": END,
        "expires_because": "requested",
        "permits": frozenset({"GET", "HEAD"}),
        "unenforced": frozenset(),
        "path": "az://maps/cube.zarr/",
        "backend": "azure",
    }
    return daypass.SignedPrefix(**{**values, **changes})


#: A policy that lets 1 to 2,000,000,000 bytes in: {"conditions": [["content-length-range", 1, 2000000000]]}
POLICY = "eyJjb25kaXRpb25zIjogW1siY29udGVudC1sZW5ndGgtcmFuZ2UiLCAxLCAyMDAwMDAwMDAwXV19"


def form(**changes) -> daypass.UploadForm:
    values = {
        "url": "https://team.s3.amazonaws.com/",
        "fields": {
            "key": "inbox/${filename}",
            "policy": POLICY,
            "x-amz-security-token": SECRET,
            "x-amz-signature": SECRET,
        },
        "starts_with": {"key": "inbox/", "Content-Type": "image/"},
        "expires_at": END,
        "expires_because": "requested",
        "unenforced": frozenset(),
        "path": "s3://team/inbox/${filename}",
        "backend": "s3",
    }
    return daypass.UploadForm(**{**values, **changes})


def inbox(**changes) -> daypass.Inbox:
    values = {
        "url": f"https://links.example/p/{TOKEN}",
        "max_bytes": 2_000_000_000,
        "expires_at": END,
        "expires_because": "requested",
        "unenforced": frozenset(),
        "path": "s3://team/inbox/",
        "backend": "links",
    }
    return daypass.Inbox(**{**values, **changes})


def explanation(**changes) -> daypass.Explanation:
    values = {
        "url": URLS["S3"],
        "backend": "s3",
        "scheme": "AWS Signature Version 4",
        "path": "s3://maps/europe.csv",
        "credential_id": "AKIDEXAMPLEEXAMPLE",
        "expires_at": END,
        "now": END - timedelta(days=1),
    }
    return daypass.Explanation(**{**values, **changes})


RESULTS = {
    **{f"a link of {kind}": link(url=url) for kind, url in URLS.items()},
    "an upload": link(
        method="PUT",
        headers={"Content-Type": "text/csv", "x-amz-server-side-encryption-customer-key": SECRET},
        permits=frozenset({"PUT"}),
        unenforced=frozenset({"ip_range"}),
    ),
    "a deletion": link(method="DELETE", permits=frozenset({"DELETE"})),
    "a batch": daypass.SignedURLBatch(
        [URLS["S3"], None],
        ["europe.csv", "asia.csv"],
        attrs.evolve(link(), path="s3://maps/2026/"),
        errors={1: daypass.StoreError("s3 has said no")},
    ),
    "an empty batch": daypass.SignedURLBatch([], [], ()),
    "a prefix": prefix(),
    "a form": form(),
    "an inbox": inbox(),
    "metadata": daypass.ObjectMetadata(
        path="s3://maps/2026/europe.csv",
        key="2026/europe.csv",
        size=2_000_000_000,
        etag="abc",
        last_modified=datetime(2026, 5, 4, 12, tzinfo=UTC),
        content_type="text/csv",
        checksums={"sha256": "x" * 44},
        metadata={"station": "blindern"},
    ),
    "a store": daypass.Store("memory://maps", caller="team/ann"),
    "an explanation": explanation(),
    "of no signed URL": explanation(
        backend=None, scheme=None, findings=[Finding("error", "unknown", "nobody knows it")]
    ),
    "a verification": daypass.Verification(
        ok=False,
        signature="wrong",
        findings=[Finding("error", "expired", "it ended")],
        explanation=explanation(),
    ),
}


def bare(html):
    """Return HTML without what may be written in two ways: quotes as entities, and the end of a style."""
    return re.sub(r"\s+|;", "", unescape(html))
