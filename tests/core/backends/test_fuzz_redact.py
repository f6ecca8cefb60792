"""Whatever stands around a signed URL in a text: its signature is masked, in little time."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass import redact
from daypass.base.escapes import layers
from tests.core.nasty import LONGEST, SECRET, budget, fuzz, nasty

TEXTS = nasty(
    *("X-Amz-Signature=", "sig=", "%73ig=", '"Signature":"', "authorization: ", "?", "Bearer "),
    *(
        "X-Amz-Signature: ",
        "sig = a1",
        "'sig': ['",
        '"name":"sig"',
        ',"value":"',
        "\\u0073ig",
        "&#61;",
        "&#x3d;",
    ),
    *("/l/", "/p/", "/l/AAAAAAAAAAAAAAAAAAAAAA", "%2Fl%2F", "\\/p\\/"),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "?token=",
        "client_secret",
        "--sse-c-key ",
    ),
    *(
        "\x1b[1m",
        "\\u001b[0m",
        "<b>",
        "</span>",
        "<!-- -->",
        "\u200b",
        "}\\PY{l+s}{",
        "\\%3D",
        "\\_",
    ),
    *("%0A", "%2C", "\\n", "\\x3d", "https://u:p@", "%40", "<input ", 'name="sig"\r\n\r\n'),
)
LINKS = st.sampled_from(
    [
        f"https://maps.s3.eu-west-1.amazonaws.com/a?X-Amz-Date=x&X-Amz-Signature={SECRET}",
        f"https://maps.blob.core.windows.net/maps/a?sv=2026-01-01&sig={SECRET}",
        f"https://storage.googleapis.com/maps/a?GoogleAccessId=a&Expires=1&Signature={SECRET}",
        f"https://maps.example/a?%53ignature={SECRET}&Key-Pair-Id=K",
        f"https://links.example/l/{SECRET[:22]}/a?as=json",
        f"https://links.example/team/p/{SECRET[:22]}",
    ]
)


@fuzz(200)
@given(TEXTS)
def test_any_text_is_read(text):
    with budget():
        assert isinstance(redact(text), str)


@pytest.mark.parametrize("name", ["sig:", "signature:", "access_token=", "client-secret:"])
def test_names_that_follow_each_other_cost_no_more(name):
    """Each was taken for the value of the one before, to the end of the text: sixteen seconds of "sig:"."""
    with budget():
        redact((name * LONGEST)[:LONGEST])


@pytest.mark.parametrize("apart", [" ", "\n", "\t"])
@fuzz(60)
@given(before=TEXTS, link=LINKS, after=TEXTS)
def test_a_signature_is_masked_whatever_stands_around_its_link(apart, before, link, after):
    with budget():
        masked = redact(f"{before[-32_000:]}{apart}{link}{apart}{after[:32_000]}")
    assert SECRET[:22] not in masked


#: Between the parts of a link, before any way to escape it.
STYLES = ["", "\x1b[0m\x1b[1m", "<wbr>", "</b><b>"]
ESCAPES = [
    quote,
    lambda text: quote(text, safe=""),
    lambda text: "".join(f"%{ord(sign):02X}" for sign in text),
    json.dumps,
    lambda text: json.dumps(text).replace("/", "\\/").replace("=", "\\u003d"),
    lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    html.escape,
    lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    repr,
    lambda text: repr(text.encode()),
]


@fuzz(200)
@given(LINKS, st.sampled_from(STYLES), st.lists(st.sampled_from(ESCAPES), max_size=4))
def test_a_signature_is_masked_however_its_link_is_styled_and_escaped(link, style, escapes):
    text = re.sub("[?&=/]", rf"\g<0>{style}", link)
    for escape in escapes:
        text = escape(text)[:LONGEST]
    with budget():
        masked = redact(text)
    assert SECRET[:22] not in masked + layers(masked)[-1].text
    assert redact(masked) == masked


@fuzz(200)
@given(TEXTS)
def test_masking_any_text_twice_changes_nothing(text):
    masked = redact(text)
    assert redact(masked) == masked
