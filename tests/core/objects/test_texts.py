"""Where paths stand in texts, by what HTML, XML and CommonMark say of values and links."""

from __future__ import annotations

import html
import time

import pytest

from daypass.objects.texts import sign_text


def signed_places(text):
    """Sign a text by a store that writes of each path which one it is."""
    return sign_text(text, ["s3"], lambda paths: [f"[{path[5:]}]" for path in paths])


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        # CommonMark 0.31: parentheses in pairs and escapes (6.3), spaces between angle brackets (6.3), definitions (4.7)
        ("[a](s3://m/a_(1)_b.tif)", "[a](<[m/a_(1)_b.tif]>)"),
        (r"[a](s3://m/a\(1.tif 't')", "[a](<[m/a(1.tif]> 't')"),
        ("![a](<s3://m/a b.tif> 't')", "![a](<[m/a b.tif]> 't')"),
        ("[a](<s3://m/a(1).tif>)", "[a](<[m/a(1).tif]>)"),
        ("[a]: <s3://m/a b.tif>\n", "[a]: <[m/a b.tif]>\n"),
        ("[a]: s3://m/a(1.tif\n", "[a]: <[m/a(1.tif]>\n"),
        ("[![i](s3://m/i)](s3://m/l)", "[![i]([m/i])]([m/l])"),
        # what is told, and HTML within
        ("[a](s3://m/a)\n```md\n[b](s3://m/b)\n```\n[c](s3://m/c)", "[a]([m/a])\n```md\n[b](s3://m/b)\n```\n[c]([m/c])"),
        ("~~~\n[b](s3://m/b)\n", "~~~\n[b](s3://m/b)\n"),
        ("`[a](s3://m/a)` ``[`](s3://m/b)`` [c](s3://m/c)", "`[a](s3://m/a)` ``[`](s3://m/b)`` [c]([m/c])"),
        ("one ` alone\n\n[c](s3://m/c) and another `", "one ` alone\n\n[c]([m/c]) and another `"),
        ("# T\n<img src='s3://m/a.png'> 2 < 3 [c](s3://m/c)", "# T\n<img src='[m/a.png]'> 2 < 3 [c]([m/c])"),
        ("<b>x</b> <script>u = '<i a=\"s3://m/b\">'</script> [c](s3://m/c)", "<b>x</b> <script>u = '<i a=\"s3://m/b\">'</script> [c]([m/c])"),
        (r"\`[a](s3://m/a)\` [b\](s3://m/b) \<i a=s3://m/c>", r"\`[a]([m/a])\` [b\](s3://m/b) \<i a=s3://m/c>"),
        ("2 <? 3 [c](s3://m/c)", "2 <? 3 [c]([m/c])"),
        ('<p align="center"><img src="s3://m/a">\n\n[b](s3://m/b)', '<p align="center"><img src="[m/a]">\n\n[b]([m/b])'),
    ],
)  # fmt: skip
def test_in_markdown_the_whole_path_is_signed_and_what_is_code_is_not(text, signed):
    assert signed_places(text) == signed


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        # HTML 13.1.2.3: values in either quotes, and in none; 4.8.4.2: srcset
        ("""<a href="s3://m/it's.tif">x</a>""", '<a href="[m/it\'s.tif]">x</a>'),
        ("""<a href='s3://m/a"b>c.tif'/>""", "<a href='[m/a\"b>c.tif]'/>"),
        ("<a href=s3://m/a.tif>x</a>", "<a href=[m/a.tif]>x</a>"),
        ("<b>s3://m/it's</b>", "<b>[m/it's]</b>"),
        ('<img srcset="s3://m/a.png 1x, s3://m/b,c.png 2x"/>', '<img srcset="[m/a.png] 1x, [m/b,c.png] 2x"/>'),
        ("<img srcset=s3://m/a.png>", "<img srcset=[m/a.png]>"),
        # what is told: programs, style sheets, comments, and words in quotes
        ('<script src="s3://m/a.js">u = "s3://m/b"; if (a <b) {}</script><i>s3://m/c</i>', '<script src="[m/a.js]">u = "s3://m/b"; if (a <b) {}</script><i>[m/c]</i>'),
        ('<style>a { background: url("s3://m/b") }</STYLE><i>s3://m/c</i>', '<style>a { background: url("s3://m/b") }</STYLE><i>[m/c]</i>'),
        ('<!-- <a href="s3://m/b"> --><a href="s3://m/c">', '<!-- <a href="s3://m/b"> --><a href="[m/c]">'),
        ('<p>say "s3://m/a" &gt; 1</p><i>s3://m/c</i>', '<p>say "s3://m/a" &gt; 1</p><i>[m/c]</i>'),
        ("<p title=it's>s3://m/a</p>", "<p title=it's>[m/a]</p>"),
    ],
)  # fmt: skip
def test_in_markup_the_whole_value_is_signed_and_no_other_word(text, signed):
    assert html.unescape(signed_places(text)) == html.unescape(signed)


@pytest.mark.parametrize("piece", ["<a ", '<a x="', "<a>s3://m/a   ", "> ", "](s3://m/(", "`", "`` ` ", "<!--", "[a]: <s3://m/", "<script>", "\n```", "<?"])  # fmt: skip
@pytest.mark.parametrize("ending", ["", ">"])
def test_no_text_takes_long(piece, ending):
    started = time.process_time()
    signed_places(f"<b>{piece * (200_000 // len(piece))}{ending}")
    assert time.process_time() - started < 2
