"""Whatever stands around a signed URL in a text: its signature is masked, in little time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass import redact
from tests.core.nasty import SECRET, budget, fuzz, nasty

TEXTS = nasty(
    "X-Amz-Signature=", "sig=", "%73ig=", '"Signature":"', "authorization: ", "?", "Bearer "
)
LINKS = st.sampled_from(
    [
        f"https://maps.s3.eu-west-1.amazonaws.com/a?X-Amz-Date=x&X-Amz-Signature={SECRET}",
        f"https://maps.blob.core.windows.net/maps/a?sv=2026-01-01&sig={SECRET}",
        f"https://storage.googleapis.com/maps/a?GoogleAccessId=a&Expires=1&Signature={SECRET}",
        f"https://maps.example/a?%53ignature={SECRET}&Key-Pair-Id=K",
    ]
)


@fuzz(200)
@given(TEXTS)
def test_any_text_is_read(text):
    with budget():
        assert isinstance(redact(text), str)


@pytest.mark.parametrize("apart", [" ", "\n", "\t"])
@fuzz(60)
@given(before=TEXTS, link=LINKS, after=TEXTS)
def test_a_signature_is_masked_whatever_stands_around_its_link(apart, before, link, after):
    with budget():
        masked = redact(f"{before[-32_000:]}{apart}{link}{apart}{after[:32_000]}")
    assert SECRET not in masked
