"""Which media types browsers run: HTML, XML of every kind, and what they would have to guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.policy.media_types import allows, is_run
from tests.each import each

RUN = [
    "text/html",
    "TEXT/HTML",
    "text/html;charset=utf-8",
    "text/html ; charset=utf-8",
    "application/xhtml+xml",
    "image/svg+xml",
    "image/SVG+XML; charset=utf-8",
    "text/xml",
    "application/xml",
    "application/rss+xml",
    "application/mathml+xml",
    "multipart/x-mixed-replace; boundary=a",
    "message/rfc822",
    "text/rdf",
    "application/xml-external-parsed-entity",
    "text/vnd.wap.wml",
]
#: https://fetch.spec.whatwg.org/#concept-header-extract-mime-type: of several the last counts, and what is none is guessed.
GUESSED = [
    "text/plain, text/html",
    "image/png,text/html",
    'text/plain; a=",text/html"',
    "text/plain;,text/html",
    "text",
    "/",
    "*/*",
    "unknown/unknown",
    "application/unknown",
    " text/plain",
    "text/plain;",
    "",
    None,
]
NOT_RUN = [
    "text/plain",
    "text/plain; charset=utf-8",
    'text/csv; header="present"',
    "image/png",
    "application/json",
    "application/pdf",
    "application/vnd.apache.parquet",
    "application/octet-stream",
    "video/mp4",
]


@each("text", RUN + GUESSED)
def test_what_a_browser_runs_or_guesses_is_known(text):
    assert is_run(text)


@pytest.mark.parametrize("text", NOT_RUN)
def test_data_is_not_run(text):
    assert not is_run(text)


@pytest.mark.parametrize("whole", [True, False])
@each("text", RUN + GUESSED)
def test_no_wildcard_stands_for_what_is_run_but_the_one_for_everything(text, whole):
    assert not allows(
        ["*", "text/*", "image/*", "**/*", "*/**", "application/*", "m*/*"], text, whole=whole
    )
    assert allows(["*/*"], text, whole=whole)


def test_a_type_that_is_run_is_written_out():
    assert allows(["image/svg+xml"], "image/svg+xml", whole=True)
    assert allows(["text/html*"], "text/html; charset=utf-8", whole=True)
    assert not allows(["image/svg*"], "image/svg+xml", whole=True)
    assert not allows(["text/html"], "text/html; charset=utf-8", whole=True)
    assert allows(["text/html"], "text/html; charset=utf-8", whole=False)


@given(st.text(max_size=30), st.lists(st.sampled_from(["text/*", "image/*", "*", "t*/*", "*/**"])))
def test_whatever_a_wildcard_allows_is_data(text, patterns):
    for whole in (True, False):
        if allows(patterns, text, whole=whole):
            assert not is_run(text)
