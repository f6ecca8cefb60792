"""The policies that CloudFront verifies, and how they travel in a query or in cookies.

Canned and custom policies:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime
from typing import Any

import attrs

from daypass_cloudfront.keys import Key

__all__ = ["OWN", "PolicyStatement", "cookies_of", "encode"]

#: The parameters that CloudFront takes out of a URL before it compares it with a policy.
OWN = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"})
#: Base64's characters that a query cannot hold, as CloudFront spells them.
_IN_QUERIES = str.maketrans("+=/", "-_~")


@attrs.frozen
class PolicyStatement:
    """One statement: which URL, until when, and perhaps from when and for whom."""

    #: The URL; a ``*`` or ``?`` in it is a wildcard, so that a key's own must be encoded.
    resource: str
    end: datetime
    start: datetime | None = None
    #: Addresses in CIDR notation.
    addresses: str | None = None

    @property
    def is_custom(self) -> bool:
        """True where the policy must travel along: the store cannot tell it from URL and end."""
        return "*" in self.resource or self.start is not None or self.addresses is not None

    @property
    def text(self) -> str:
        """The policy to the letter: CloudFront rebuilds a canned one itself, so its order counts."""
        condition: dict[str, Any] = {"DateLessThan": {"AWS:EpochTime": _epoch(self.end)}}
        if self.addresses is not None:
            condition["IpAddress"] = {"AWS:SourceIp": self.addresses}
        if self.start is not None:
            condition["DateGreaterThan"] = {"AWS:EpochTime": _epoch(self.start)}
        statement = {"Resource": self.resource, "Condition": condition}
        return json.dumps({"Statement": [statement]}, separators=(",", ":"))

    def query(self, key: Key) -> str:
        """Return the query that opens the resource."""
        policy = self.text.encode()
        what = f"Policy={encode(policy)}" if self.is_custom else f"Expires={_epoch(self.end)}"
        said = "&Hash-Algorithm=SHA256" if key.hash_algorithm == "SHA256" else ""
        return f"{what}&Signature={encode(key.sign(policy))}&Key-Pair-Id={key.pair_id}{said}"


def cookies_of(query: str) -> dict[str, str]:
    """Return the cookies that open what a query opens: the same names and values.

    >>> cookies_of("Expires=1451606400&Signature=s&Key-Pair-Id=K1")["CloudFront-Expires"]
    '1451606400'
    """
    pairs = (pair.partition("=") for pair in query.split("&"))
    return {f"CloudFront-{name}": value for name, _, value in pairs if name in OWN}


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def encode(data: bytes) -> str:
    """Encode bytes as CloudFront wants them in a query."""
    return b64encode(data).decode().translate(_IN_QUERIES)
