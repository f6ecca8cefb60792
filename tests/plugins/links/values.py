"""A link as a service tells it, for tests where none is there."""

from __future__ import annotations

KEY = "dpl_" + "k" * 32
TOKEN = "8w2Zk3NfQ0aYx7LmP4sT1A"
LINK = {
    "link_id": "lnk_1",
    "url": f"https://links.example/l/{TOKEN}",
    "path": "s3://results/a.csv",
    "state": "alive",
    "owner": "alice",
    "methods": ["GET"],
    "permits": ["GET", "HEAD"],
    "headers": {},
    "starts_at": None,
    "expires_at": "2099-01-01T00:00:00Z",
    "expires_because": "requested",
    "unenforced": [],
    "uses": 0,
    "max_uses": 1,
    "label": None,
    "note": None,
    "inbox": None,
    "created_at": "2026-11-30T10:00:00Z",
    "ip_range": None,
    "https_only": False,
    "referrers": None,
    "message": None,
    "preview": False,
    "has_password": False,
}
