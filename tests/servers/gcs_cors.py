"""Which pages a bucket lets send, and see what is answered: https://docs.cloud.google.com/storage/docs/cross-origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def cors_headers(
    rules: Iterable[Mapping[str, Any]], asked: Mapping[str, str], method: str
) -> dict[str, str]:
    """Return the headers by which a browser lets a page go on; none where no rule is for it.

    Args:
        rules: those of the bucket, as the JSON API has them.
        asked: headers of the request, names in lower case.
        method: of the request, or of the one that it is asked about.

    """
    origin = asked.get("origin", "")
    wanted = asked.get("access-control-request-headers", "").lower()
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    for rule in rules:
        known = [name.lower() for name in rule.get("responseHeader", ())]
        if {origin, "*"} & {*rule["origin"]} and method in rule["method"] and names <= {*known}:
            return {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": ", ".join(rule["method"]),
                "Access-Control-Allow-Headers": ", ".join(known),
                "Vary": "Origin",
            }
    return {}
