"""A text without its escapes is what its readers make of it, and every character tells where it stood."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.base.escapes import Layer, layers, unstyled

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
        (r"x\?a\=b\&c\_d\%\#\-\.\*\+", "x?a=b&c_d%#-.*+"),
        (r"\PYZam{}a\PYZpc{}3Db\PYZhy{}\PYZqq{}", r"&a=b-\PYZqq{}"),
        (r"\u001b[1m\x1b[0m", "\x1b[1m\x1b[0m"),
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


@pytest.mark.parametrize(
    ("styled", "plain"),
    [
        ("\x1b[1ma\x1b[38;5;124mb\x1b[0m\x1b[K", "ab"),
        ('<span style="color: red">a</span>b<wbr>c<br>', "abc<br>"),
        ("<table><td>a</td><button>b</button><b/>", "<table><td>a</td><button>b</button>"),
        ("a<!-- -->b<!--c-->", "ab"),
        ("a\u200b\u00adb&shy;c&#8203;d\\u200be", "abcde"),
        (r"\PY{l+s+s2}{a}\PY{l+s+si}{b}", r"\PY{l+s+s2}{ab}"),
    ],
)
def test_what_only_changes_the_look_is_taken_away(styled, plain):
    assert unstyled(Layer(styled)).text == plain


def test_a_text_without_a_style_has_no_other():
    assert unstyled(Layer("a < b > c & d; <table> [0m")) is None


STYLED = st.lists(
    st.sampled_from(
        ["a", "\x1b[1m", "<b>", "<br>", "</span>", "&shy;", "\u200b", "%3D", "=", "&lt;i>"]
    )
)


@given(STYLED.map("".join), st.integers(0, 20), st.integers(1, 20))
def test_a_piece_without_styles_tells_where_its_letters_stood(text, begin, length):
    bare = unstyled(layers(text)[-1])
    if bare is None or begin >= len(bare.text):
        return
    end = min(begin + length, len(bare.text))
    pieces = bare.pieces(begin, end)
    assert all(a < b for a, b in pieces)
    assert [b for _, b in pieces[:-1]] < [a for a, _ in pieces[1:]] or len(pieces) == 1
    assert bare.origin(begin, end) == (pieces[0][0], pieces[-1][1])
    read = "".join(layers(text[a:b])[-1].text for a, b in pieces)
    assert read == bare.text[begin:end]
