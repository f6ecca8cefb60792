"""A body is held against the headers that say what it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from daypass.hookspecs.verifications import SentRequest
from daypass.toolkit.bodies import body_findings, md5_base64, sha256_base64, sha256_hex

#: By `openssl dgst` of b"hello".
MD5 = "XUFAKrxLKna5cZ2REBfFkg=="
SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
SHA256_BASE64 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="


def found(said, fact, body=b"hello"):
    sent = SentRequest(
        method="PUT",
        scheme="https",
        host="h",
        path="/k",
        query=(),
        headers={} if said is None else {"x-hash": said},
        body=body,
        key=None,
        now=datetime.now(UTC),
    )
    return [finding.code for finding in body_findings(sent, {"x-hash": fact})]


@pytest.mark.parametrize(
    ("fact", "right"), [(md5_base64, MD5), (sha256_hex, SHA256), (sha256_base64, SHA256_BASE64)]
)
def test_a_header_that_tells_the_truth_is_no_finding_and_another_is_one(fact, right):
    assert found(right, fact) == []
    assert found(right, fact, b"hullo") == ["body"]
    assert found("00", fact) == ["body"]


@pytest.mark.parametrize("said", [None, "UNSIGNED-PAYLOAD"])
def test_a_header_that_says_nothing_of_the_body_is_no_finding(said):
    assert found(said, sha256_hex) == []


def test_without_a_body_nothing_is_found():
    assert found("00", sha256_hex, None) == []
