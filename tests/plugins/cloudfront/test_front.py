"""The verifying server itself, held against what others signed, before it judges anything."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.plugins.cloudfront.vectors import CASES, JS, VECTORS
from tests.servers.cloudfront import RefusedError, Visit, verify


@cache
def public(file):
    return load_pem_private_key((VECTORS / file).read_bytes(), None).public_key()


def visit(url, epoch, **more):
    return Visit(url, datetime.fromtimestamp(epoch, UTC), **more)


EXACT = [case for case in CASES if case["replay"] == "exact" and "url" in case["expect"]]
SIGNED = [case for case in CASES if case["replay"] == "signature"]


@pytest.mark.parametrize("case", EXACT, ids=[case["id"] for case in EXACT])
def test_published_urls_are_accepted_until_their_end_and_when_touched_are_not(case):
    creds, url = case["req"]["creds"], case["expect"]["url"]
    keys = {creds["key_pair_id"]: public(creds["key_file"])}
    end = case["req"].get("expires_epoch", 1357034400)
    address = "10.52.176.9"
    if "images/image.jpg" in case["req"].get("policy", ""):
        # The Ruby test's policy names a stream of the RTMP kind, which no URL over http is.
        with pytest.raises(RefusedError, match="another resource"):
            verify(visit(url, end - 1, address=address), keys)
        return
    verify(visit(url, end - 1, address=address), keys)
    for touched, moment in [
        (url, end),
        (url.replace(f"Expires={end}", f"Expires={end + 1}"), end - 1),
        (url.replace(".com/", ".com/x").replace(".net/", ".net/x"), end - 1),
        (f"{url}&added=1", end - 1),
        (f"{url}&Hash-Algorithm=SHA256", end - 1),
        (f"{url}&Hash-Algorithm=MD5", end - 1),
        (url.partition("Signature=")[0], end - 1),
        (url.replace("Signature=", "Signature=A"), end - 1),
        (url.replace("Key-Pair-Id=", "Key-Pair-Id=x"), end - 1),
    ]:
        with pytest.raises(RefusedError):
            verify(visit(touched, moment), keys)


@pytest.mark.parametrize("case", SIGNED, ids=[case["id"] for case in SIGNED])
def test_published_signatures_of_custom_policies_are_accepted_by_their_own_words(case):
    request = case["req"]
    policy = json.loads(request["policy"])["Statement"][0]
    condition = policy["Condition"]
    text = base64.b64encode(request["policy"].encode()).decode()
    query = f"Policy={text.translate(str.maketrans('+=/', '-_~'))}"
    url = f"{request['url']}?{query}&Signature={case['expect']['signature']}&Key-Pair-Id=K"
    keys = {"K": public(request["creds"]["key_file"])}
    address = condition["IpAddress"]["AWS:SourceIp"].partition("/")[0]
    end = condition["DateLessThan"]["AWS:EpochTime"]
    good = visit(url, end - 1, address=address)
    verify(good, keys)
    start = condition.get("DateGreaterThan", {}).get("AWS:EpochTime", 0)
    before = datetime.fromtimestamp(start, UTC) - timedelta(seconds=1)
    wrong = [
        attrs.evolve(good, address="203.0.113.7"),
        attrs.evolve(good, now=datetime.fromtimestamp(end, UTC)),
        *([attrs.evolve(good, now=before)] if start else []),
        *([attrs.evolve(good, url=url.replace("http://", "ftp://"))]),
    ]
    for bad in wrong:
        with pytest.raises(RefusedError):
            verify(bad, keys)


@pytest.mark.parametrize("case", JS["cases"], ids=[case["id"] for case in JS["cases"]])
def test_what_the_javascript_sdk_signs_is_accepted_as_url_and_as_cookies(case):
    keys = {case["key_pair_id"]: public(case["key_file"])}
    moment = datetime.fromisoformat(JS["dateLessThan"]) - timedelta(seconds=1)
    by_url = Visit(case["url"], moment, address="192.0.2.7")
    cookies = {name: str(value) for name, value in case["cookies"].items()}
    by_cookies = Visit(case["url"].partition("?")[0], moment, "192.0.2.7", cookies)
    for good in (by_url, by_cookies):
        verify(good, keys)
        with pytest.raises(RefusedError):
            verify(attrs.evolve(good, now=moment + timedelta(seconds=1)), keys)
        if "ipAddress" in case:
            with pytest.raises(RefusedError, match="address"):
                verify(attrs.evolve(good, address="203.0.113.7"), keys)
        if "dateGreaterThan" in case:
            with pytest.raises(RefusedError, match="not yet"):
                verify(attrs.evolve(good, now=moment - timedelta(hours=2)), keys)
    with pytest.raises(RefusedError):
        verify(attrs.evolve(by_cookies, cookies={}), keys)


@pytest.mark.parametrize(
    ("resource", "url", "matches"),
    [
        ("https://d/a*", "https://d/a/b?c=1", True),
        ("https://d/a*", "https://d/b", False),
        ("https://d/a?", "https://d/ab", True),
        ("https://d/a?", "https://d/a", False),
        ("https://d/a.c", "https://d/abc", False),
        ("https://d/a", "https://d/ab", False),
        ("http*://d/a", "https://d/a", True),
    ],
)
def test_wildcards_match_as_the_guide_says(resource, url, matches):
    from tests.servers.cloudfront import _matches

    assert _matches(resource, url) is matches
