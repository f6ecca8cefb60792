"""When a URL ends by its own words: those of each provider's documentation, and of nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from daypass.backends.ends import said_end

END = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Date=20251231T230000Z&X-Amz-Expires=3600&X-Amz-Signature=x",
        "X-Goog-Date=20251231T230000Z&X-Goog-Expires=3600&X-Goog-Signature=x",
        "X-Tos-Date=20251231T230000Z&X-Tos-Expires=3600&X-Tos-Signature=x",
        "x-oss-signature=x&x-oss-expires=86400&x-oss-date=20251231T000000Z",
        "AWSAccessKeyId=AK&Expires=1767225600&Signature=x",
        "OSSAccessKeyId=AK&Expires=1767225600&Signature=x",
        "AccessKeyId=AK&Expires=1767225600&Signature=x",
        "Expires=1767225600&Signature=x&Key-Pair-Id=K",
        "e=1767225600&token=AK:x",
        "q-sign-time=1767222000%3B1767225600&q-signature=x",
        "sv=2026-02-06&se=2026-01-01T00%3A00%3A00Z&sig=x",
        "se=2026-01-01&sig=x",
    ],
)
def test_each_providers_word_for_the_end_is_read(query):
    assert said_end(f"https://b.example/k?{query}") == END


@pytest.mark.parametrize(
    "query",
    [
        "", "sig=x", "Expires=1767225600", "se=2026-01-01", "e=1767225600", "se=soon&sig=x",
        "X-Amz-Date=20251231T230000Z&X-Amz-Signature=x", "Expires=never&Signature=x",
        "X-Amz-Date=yesterday&X-Amz-Expires=3600&X-Amz-Signature=x",
        "Expires=999999999999&Signature=x", "q-sign-time=1;&q-signature=x", "q-signature=x",
        "X-Amz-Date=99991231T235959Z&X-Amz-Expires=604800&X-Amz-Signature=x",
        "Expires=%F0%9F&Signature=x", "se=0001-01-01T00:00:00%2B14:00&sig=x",
    ],
)  # fmt: skip
def test_what_says_nothing_is_no_end(query):
    assert said_end(f"https://b.example/k?{query}") is None
