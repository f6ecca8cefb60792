"""The glob syntax means what a naive reading of its two sentences means, at any length."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daypass.errors import InvalidRequestError
from daypass.policy.patterns import path_pattern, text_pattern

#: Few characters, so that patterns and texts meet.
TEXTS = st.text("ab/", max_size=9)
PARTS = st.sampled_from(["a", "b", "/", "?", "*", "**", r"\*", r"\?", "\\\\", "."])


@st.composite
def patterns(draw):
    parts = draw(st.lists(PARTS, min_size=1, max_size=8))
    return [part for n, part in enumerate(parts) if not (n and part[0] == parts[n - 1][0] == "*")]


def naive(parts, text):
    """Match by trying everything: the sentences of the documentation, and nothing else."""
    if not parts:
        return not text
    part, rest = parts[0], parts[1:]
    if part == "**":
        return any(naive(rest, text[cut:]) for cut in range(len(text) + 1))
    if part == "*":
        return any(naive(rest, text[cut:]) for cut in range(len(text) + 1) if "/" not in text[:cut])
    if not text:
        return False
    if part == "?":
        return text[0] != "/" and naive(rest, text[1:])
    return text[0] == part[-1] and naive(rest, text[1:])


@given(parts=patterns(), text=TEXTS)
@example(parts=["**", "a", "*", "b"], text="a/ab")
@example(parts=["**", "/", "a", "*", "/", "b", "**", "a"], text="/aa/aa/ba")
@example(parts=["*", "a", "*", "a", "b"], text="aaab")
@example(parts=["**", "a", "?", "b", "*", "b"], text="aabab/b")
def test_a_pattern_matches_what_a_naive_reading_matches(parts, text):
    assert text_pattern("".join(parts), "paths").matches(text) is naive(parts, text)


@given(parts=patterns(), prefix=TEXTS, more=TEXTS)
def test_what_covers_a_prefix_matches_all_that_begins_with_it(parts, prefix, more):
    pattern = text_pattern("".join(parts), "paths")
    if pattern.covers(prefix):
        assert naive(parts, prefix + more)


@given(parts=patterns(), prefix=TEXTS, more=TEXTS)
def test_what_does_not_touch_a_prefix_matches_nothing_that_begins_with_it(parts, prefix, more):
    pattern = text_pattern("".join(parts), "paths")
    if not pattern.touches(prefix):
        assert not naive(parts, prefix + more)


def test_what_ends_in_two_stars_covers_what_it_matches():
    pattern = text_pattern("maps/2026/**", "paths")
    assert pattern.covers("maps/2026/")
    assert pattern.covers("maps/2026/a")
    assert not pattern.covers("maps/2026")
    assert not text_pattern("maps/*", "paths").covers("maps/a")


def test_no_text_makes_matching_slow():
    """Each of these takes a backtracking matcher longer than the age of the universe."""
    pattern = text_pattern("**a" * 40 + "b", "paths")
    assert not pattern.matches("a" * 1024)
    assert not text_pattern("*a" * 40 + "b", "paths").matches("a" * 1024)
    assert not text_pattern("**/*a*a*a*a*a*a/**b", "paths").matches("/aaaaaaaaaaaa" * 80)


@pytest.mark.parametrize("text", ["**a*b**", "**a*b", "**?a*b", "**a*a*a*b**", "**ab*c/**d*e"])
def test_matching_takes_time_as_the_text_is_long(text):
    """A search that begins again at each letter takes more than a minute for these, and this none."""
    pattern = text_pattern(text, "callers")
    assert not pattern.matches("a" * 200_000)
    assert not pattern.matches("ac" * 100_000)


@pytest.mark.parametrize(
    "key", ["a%2Fb", "A", "a//b", "a/../b", "é", "e\u0301", "a?b", "a*b", "a[b]", "a\\b"]
)
def test_every_other_character_stands_for_itself(key):
    escaped = key.replace("\\", "\\\\").replace("*", r"\*").replace("?", r"\?")
    pattern = path_pattern(f"s3://maps/{escaped}", "paths")
    assert pattern.matches(f"maps/{key}")
    others = {"a/b", "a%2fb", "a", "b", "\u00e9", "e\u0301", "aXb", "ab"} - {key}
    assert not any(pattern.matches(f"maps/{other}") for other in others)


@pytest.mark.parametrize("text", ["", "***", "a***b", "a\\", 5, None, b"a"])
def test_what_is_no_pattern_is_refused(text):
    with pytest.raises(InvalidRequestError):
        text_pattern(text, "paths")


@pytest.mark.parametrize(
    "text", ["maps/**", "s3:/maps", "s3://", "*", "://x", "S3://maps/**", "/etc/**"]
)
def test_a_pattern_for_paths_names_its_protocol(text):
    with pytest.raises(InvalidRequestError, match="protocol"):
        path_pattern(text, "paths")
