"""A card says what there is to know of a result, shows itself, and is the same wherever it is shown."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass.errors import InvalidRequestError
from daypass_notebook import look, show
from tests.conftest import examples
from tests.plugins.notebook.made import RESULTS, SECRET, TOKEN, form, inbox, link, prefix

pytestmark = pytest.mark.isolated

every_result = pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)

#: What JupyterLab 4.6 leaves of an untrusted output, as far as cards use it (apputils, sanitizer.ts).
TAGS = {"div", "span", "table", "tbody", "tr", "th", "td", "br", "details", "summary", "pre", "img"}
ATTRIBUTES = {"style", "scope", "alt", "src"}
PROPERTIES = {
    *("background", "border", "border-collapse", "border-radius", "color", "cursor"),
    *(
        "font-family",
        "font-size",
        "font-weight",
        "line-height",
        "margin",
        "margin-right",
        "max-height",
    ),
    *("max-width", "overflow-wrap", "overflow-x", "padding", "table-layout", "text-align"),
    *("vertical-align", "white-space", "width"),
}


class Read(HTMLParser):
    """What a card is made of, and its words."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.open, self.words = set(), [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def words(result):
    return "\n".join(Read(result._repr_html_()).words)


@every_result
def test_a_result_shows_a_card_of_what_every_sanitiser_leaves(result):
    read = Read(result._repr_html_())
    assert read.open == []
    assert read.tags <= TAGS
    assert {name for name, _ in read.attributes} <= ATTRIBUTES
    styles = ";".join(value for name, value in read.attributes if name == "style")
    assert {rule.partition(":")[0] for rule in styles.split(";")} <= PROPERTIES
    assert "var(" not in styles
    assert "url(" not in styles


@every_result
def test_the_guard_leaves_what_shows_no_secret(result):
    for shown in (result._repr_html_(), show(result).text, repr(result)):
        assert daypass.redact(shown) == shown


@every_result
def test_a_card_holds_no_secret_in_html_or_text(result):
    for shown in (result._repr_html_(), show(result).html, show(result).text, repr(show(result))):
        assert SECRET not in shown
        assert TOKEN not in shown
        assert daypass.redact(shown) == shown


@every_result
def test_a_card_is_one_block_in_markdown(result):
    """As nbconvert and Quarto put it there: HTML ends at the first blank line (CommonMark 0.31, 4.6)."""
    assert not re.search(r"\n[ \t]*\n", result._repr_html_())


def test_code_keeps_its_blank_lines():
    assert "import pandas as pd\n<br>df = pd.read_csv(link.url)" in link()._repr_html_()


@every_result
def test_the_text_alone_holds_no_secret(result):
    """It is what VS Code shows of a notebook in a folder that it does not trust."""
    assert SECRET not in repr(result)
    assert TOKEN not in repr(result)


@every_result
def test_the_text_beside_a_card_says_its_rows(result):
    said = show(result)
    lines = [line.partition(": ")[2] or line.strip() for line in said.text.splitlines()[1:]]
    assert all(line in unescape("\n".join(Read(said.html).words)) for line in lines)


def test_a_card_shows_itself_to_who_never_imports_what_draws_it():
    code = """
import sys, daypass
store = daypass.Store("memory://maps")
assert not [name for name in sys.modules if name.startswith("daypass_notebook")]
assert store._repr_html_().startswith("<div style=")
heavy = {"IPython", "anywidget", "matplotlib", "numpy", "pandas", "polars", "pyarrow", "segno", "fsspec"}
assert not heavy.intersection(sys.modules) - {"fsspec"}, heavy.intersection(sys.modules)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_a_link_says_what_it_opens_until_when_and_who_sees_to_it():
    said = words(link(unenforced=frozenset({"ip_range"})))
    for expected in (
        *("GET", "europe.csv", "s3://maps/2026/europe.csv", "text/csv, by its name"),
        *("2099-05-04 12:30:00 UTC", "this end was asked for"),
        *("s3 permits GET, and nothing after the end", "ip_range: was asked for, and nobody sees"),
        "https://maps.s3.amazonaws.com/europe.csv?****",
    ):
        assert expected in said
    assert re.search(
        r"\d+ days .*after this card was drawn \(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\)", said
    )


def test_several_options_that_nobody_enforces_are_told_of_as_several():
    said = words(link(unenforced=frozenset({"ip_range", "max_uses"})))
    assert "ip_range, max_uses: were asked for, and nobody sees to them" in said


def test_a_link_that_ends_early_says_why():
    assert "the credential ends" in words(link(expires_because="the credential ends then"))


def test_an_ended_link_says_so():
    end = link().expires_at.replace(year=2026)
    said = words(link(expires_at=end))
    assert "ended" in said
    assert "before this card was drawn" in said
    assert "ended" not in words(link())


def test_an_upload_says_what_is_to_be_sent():
    said = words(
        link(method="PUT", headers={"Content-Type": "text/csv", "Content-Length": "12345"})
    )
    assert "12.3 kB (12,345 bytes)" in said
    assert "asks for exactly the headers Content-Type, Content-Length" in said


def test_a_link_of_a_service_says_that_it_can_be_taken_back():
    said = words(link(backend="links", url=f"https://links.example/l/{TOKEN}"))
    assert "the links service permits GET" in said
    assert "it can be taken back, extended and counted" in said
    assert "https://links.example/l/****" in said


def test_a_form_says_what_it_lets_in():
    said = words(form())
    for expected in ("upload form", "begins with image/", "1 byte to 2.0 GB (2,000,000,000 bytes)"):
        assert expected in said


@pytest.mark.parametrize("policy", ["", "!", "e30=", "eyJjb25kaXRpb25zIjogW1tdXX0="])
def test_a_form_whose_policy_cannot_be_read_says_no_size(policy):
    assert "size" not in words(form(fields={"key": "a", "policy": policy}))


def test_a_batch_lists_paths_and_errors():
    said = words(RESULTS["a batch"])
    for expected in ("2 links", "s3://maps/2026/asia.csv", "row 1: s3 has said no"):
        assert expected in said


def test_a_long_batch_lists_the_first_and_counts_the_others():
    like = attrs.evolve(link(), path="s3://maps/")
    batch = daypass.SignedURLBatch(["https://h/a"] * 1234, [f"{n}.csv" for n in range(1234)], like)
    said = words(batch)
    assert "1,234 links" in said
    assert "s3://maps/9.csv" in said
    assert "s3://maps/10.csv" not in said
    assert "and 1,224 more" in said


def test_metadata_say_what_the_store_says():
    said = words(RESULTS["metadata"])
    for expected in (
        "2.0 GB (2,000,000,000 bytes)",
        "2026-05-04 12:00:00 UTC",
        "station: blindern",
    ):
        assert expected in said
    assert "encryption" not in said


def test_a_verdict_says_why():
    said = words(RESULTS["a verification"])
    for expected in ("refused", "this request would be refused", "error: it ended"):
        assert expected in said


def test_what_is_no_result_has_no_card():
    with pytest.raises(InvalidRequestError, match="not of a str"):
        show("https://maps.example/?sig=x")


@pytest.mark.parametrize("named", ["a.zarr/", "data/", ""])
def test_a_grant_opens_all_below(named):
    said = words(prefix(path=f"az://maps/{named}"))
    assert f"az://maps/{named} and all that lies below" in said
    assert ("xr.open_zarr(grant.url" in said) is (named == "a.zarr/")


@examples(40)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_whatever_stands_in_a_path_is_text(name):
    result = link(path=f"s3://maps/<script>{name}")
    read = Read(result._repr_html_())
    assert read.tags <= TAGS
    assert read.open == []
    assert {key for key, _ in read.attributes} <= ATTRIBUTES


@pytest.mark.parametrize("turned", ["\u202e", "\u202d", "\u2066", "\u2069"])
def test_no_mark_turns_a_name_around(turned):
    result = link(path=f"s3://maps/invoice{turned}fdp.exe")
    for said in (result._repr_html_(), repr(show(result)), show(result).html):
        assert turned not in said
        assert f"invoice\\u{ord(turned):04x}fdp.exe" in said


def luminance(colour):
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("tone", look._TONES)
def test_a_badge_is_read_with_ease_on_any_page(tone):
    assert (1.0 + 0.05) / (luminance(look._TONES[tone]) + 0.05) >= 4.5


def test_the_card_of_an_inbox_says_what_it_takes_and_draws_its_page_when_asked():
    some = show(inbox(content_types=("image/*", "text/csv"), max_uses=20))
    assert "image/*, text/csv" in str(some)
    assert "at most 20" in str(some)
    assert "lnk_1" in str(show(inbox(link_id="lnk_1")))
    plain = show(inbox())
    assert "lnk" not in plain.text
    assert "up to 2.0 GB (2,000,000,000 bytes) a file" in plain.text
    assert "https://links.example/p/****" in plain.text
    assert "data:image/png" not in plain.html
    assert "data:image/png" in show(inbox(), qr=True).html
