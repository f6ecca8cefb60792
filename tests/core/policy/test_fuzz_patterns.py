"""Whatever a pattern is, and whatever it is held against: an answer, or an error of ours, in little time."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import InvalidRequestError
from daypass.policy.patterns import path_pattern, text_pattern
from tests.core.nasty import budget, fuzz, nasty

WORDS = ("**/", "/**", "**a", "*a", "?a", "a*", "\\*", "s3://maps/", "team/")
#: A pattern is the operator's own text; what is held against it is a stranger's.
TOKENS = st.sampled_from(["*", "**", "?", "a", "b", "/", "**/", "/**"])
PATTERNS = nasty(*WORDS, longest=256) | st.lists(TOKENS, max_size=24).map("".join)
#: A caller has 1,024 characters at most, and a key as many bytes in nearly every store.
LONGEST = 2_048
LONG = st.builds(
    lambda part, end: part * (LONGEST // len(part)) + end,
    st.sampled_from(["a", "ab", "a/", "/"]),
    st.sampled_from(["", "b", "/", "!"]),
)
TEXTS = nasty("a", "ab", "team/", "maps/", longest=LONGEST) | LONG


@fuzz(200)
@given(PATTERNS, TEXTS, st.sampled_from([text_pattern, path_pattern]))
def test_a_pattern_is_held_against_any_text(pattern, text, read):
    prefix = "s3://" if read is path_pattern and not pattern.startswith("s3://") else ""
    with budget():
        try:
            made = read(prefix + pattern, "callers")
        except InvalidRequestError:
            return
        made.matches(text)
        made.covers(text)
        made.touches(text)


@fuzz(200)
@given(TEXTS)
def test_a_pattern_without_wildcards_matches_itself_alone(text):
    plain = re.sub(r"([*?\\])", r"\\\1", text)
    with budget():
        try:
            made = text_pattern(plain, "callers")
        except InvalidRequestError:
            return
        assert made.matches(text)
        assert not made.matches(text + "x")
