"""A text without its escapes is what its readers make of it, and every character tells where it stood."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.base.escapes import layers

TEXT = "a=b&c;\"d'\\x/?#<>[]{}(),:@ \t\r\n"


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("plain", "plain"),
        (quote("=&/ '\"", safe=""), "=&/ '\""),
        (quote(quote(quote("=", safe=""), safe=""), safe=""), "="),
        (json.dumps('="\n')[1:-1].replace("=", "\\u003d"), '="\n'),
        (json.dumps(json.dumps('"'))[1:-1], '"""'),
        (html.escape("<&\"'>"), "<&\"'>"),
        (html.escape(html.escape("&")), "&"),
        ("&#61;&#061;&#x3D;&#x003d;&equals;", "====="),
        (repr(b"\r\n=")[2:-1], "\r\n="),
        (r"\x3d\\x3d%u003d", "==="),
        ("%5Cu0026amp%3Bx", "&x"),
        # Nothing that stands around names and values.
        ("%E9%00%", "%E9%00%"),
        ("&nothing;&#8364;", "&nothing;&#8364;"),
        (r"\u00e9\q", r"\u00e9\q"),
    ],
)
def test_escapes_are_taken_away(escaped, plain):
    assert layers(escaped)[-1].text == plain


def test_ways_to_escape_that_alternate_are_followed_so_far():
    ways = [lambda text: text.replace("&", "%26"), lambda text: text.replace("%", "&percnt;")]
    text = "="
    for way in [lambda text: quote(text, safe=""), lambda _: "&percnt;3D", *ways]:
        text = way(text)
    assert [layer.text for layer in layers(text)] == [
        "&percnt;26percnt;3D",
        "%26percnt;3D",
        "&percnt;3D",
        "%3D",
        "=",
    ]
    for way in ways * 20:
        text = way(text)
    assert len(layers(text)) == 9


PIECES = st.lists(
    st.sampled_from(
        ["%", "25", "3d", "%3D", "\\", "\\\\", "u003d", "n", "&", "amp;", "#61;", '"', "a"]
    )
)


@given(PIECES.map("".join))
def test_every_character_tells_where_it_stood(text):
    """The places of all follow each other without a gap, and what was not escaped is the very same there."""
    for layer in layers(text):
        end = 0
        for at, char in enumerate(layer.text):
            begin, stop = layer.origin(at, at + 1)
            assert begin == end < stop
            assert layer.is_escaped(at) == (stop - begin > 1)
            assert layer.is_escaped(at) or text[begin] == char
            end = stop
        assert end == len(text)
        if layer.text:
            assert layer.origin(0, len(layer.text)) == (0, len(text))


@given(st.text(alphabet=TEXT, max_size=30))
def test_percent_encoding_is_read_as_the_standard_library_does(text):
    encoded = quote(text, safe="")
    assert layers(encoded)[1:2] == [] or layers(encoded)[1].text == unquote(encoded)
