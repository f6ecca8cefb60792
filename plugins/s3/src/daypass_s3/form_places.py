"""Where the forms of a bucket go, and how one is signed: learnt from the SDK's own, and proven once against it."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from daypass.errors import InvalidRequestError, SigningNotSupportedError
from daypass.toolkit.post_policy import encode_policy
from daypass.toolkit.v4 import AWS4, SENTINEL, signing_key
from daypass_s3.credentials import Keys
from daypass_s3.oracle import Oracle
from daypass_s3.own_links import check_alive
from daypass_s3.shape import PLAIN


@attrs.frozen
class FormPlace:
    """Where the forms of a bucket go, as the SDK says it."""

    url: str
    region: str
    #: Fields that the filesystem's own settings add, such as encryption.
    fixed: dict[str, str] = attrs.field(repr=False)


def learn_place(oracle: Oracle, bucket: str) -> FormPlace:
    """Ask the SDK for one form, and prove that its signature can be recomputed.

    Raises:
        SigningNotSupportedError: if it cannot.
        InvalidRequestError: if the SDK names the global host for a bucket of another region.

    """
    link = oracle.sign(bucket, "k", "PUT", PLAIN, 60)
    check_alive(link.url, bucket)
    asked = {"acl": "private", "x-amz-meta-a": SENTINEL}
    conditions = [*({name: value} for name, value in asked.items()), ["content-length-range", 0, 1]]
    url, fields = oracle.sign_form(bucket, SENTINEL, asked, conditions)
    _, _, region, service, _ = fields["x-amz-credential"].rsplit("/", 4)
    again = signed(
        {**asked, "key": SENTINEL},
        [*conditions, {"bucket": bucket}, {"key": SENTINEL}],
        oracle.keys,
        region,
        date=fields["x-amz-date"],
        expiration=json.loads(b64decode(fields["policy"]))["expiration"],
    )
    if service != "s3" or again.keys() != fields.keys() or not _same(again, fields):
        msg = "the SDK's upload form for this bucket could not be recomputed, so none is made: sign a PUT instead"
        raise SigningNotSupportedError(msg)
    host = urlsplit(url).netloc
    if region != "us-east-1" and f".{host}".endswith(".s3.amazonaws.com"):
        # The global host redirects to the region's, and no browser sends a form again.
        msg = (
            f"with these settings the AWS SDK sends forms for {region} to the global host: set "
            "config_kwargs s3 addressing_style to 'virtual', or name the endpoint"
        )
        raise InvalidRequestError(msg, option="config_kwargs")
    fixed = {
        name: value for name, value in link.headers.items() if name.lower() not in ("host", "date")
    }
    return FormPlace(url, region, fixed)


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(
        hmac.compare_digest(value.encode(), other[name].encode()) for name, value in one.items()
    )


def signed(
    fields: Mapping[str, str],
    conditions: list[Any],
    keys: Keys,
    region: str,
    *,
    date: str,
    expiration: str,
) -> dict[str, str]:
    """Return the fields with a policy and its signature, in the SDK's order."""
    own = {
        "x-amz-algorithm": AWS4.algorithm,
        "x-amz-credential": f"{keys.access_key}/{date[:8]}/{region}/s3/{AWS4.terminator}",
        "x-amz-date": date,
    }
    if keys.token is not None:
        own["x-amz-security-token"] = keys.token
    conditions = [*conditions, *({name: value} for name, value in own.items())]
    policy = encode_policy({"expiration": expiration, "conditions": conditions})
    key = signing_key(AWS4, keys.secret, date[:8], region, "s3")
    return {**fields, **own, "policy": policy, "x-amz-signature": key.hex(policy.encode())}
