"""Whatever text a path is: a path or an error of ours, in little time, and no login is told."""

from __future__ import annotations

import pytest
from hypothesis import given

import daypass
from daypass.errors import DaypassError, InvalidPathError
from daypass.model.paths import check_key, parse_path, shown_path
from tests.core.nasty import SECRET, budget, fuzz, nasty, no_secret

WORDS = (
    "memory://",
    "daypass://",
    "s3a",
    "file:///",
    "arn:aws:s3:",
    "simplecache::",
    "accesspoint/",
)
PATHS = nasty(*WORDS)


@fuzz(200)
@given(PATHS)
def test_a_path_is_read_or_refused(text):
    with budget():
        for protocol in (None, "s3"):
            try:
                found = parse_path(text, protocol=protocol)
                check_key(found.key, max_bytes=1024, allow_dot_segments=False)
            except DaypassError as error:
                assert isinstance(error, ValueError)


@fuzz(200)
@given(nasty(*WORDS, longest=4_096))
def test_a_path_is_shown(text):
    with budget():
        assert isinstance(shown_path(text), str)


@fuzz(100)
@given(nasty(longest=2_000))
def test_no_login_of_a_path_is_told(text):
    path = f"s3://KEY:{SECRET}@bucket/{text}"
    with budget(), pytest.raises(InvalidPathError) as caught:
        daypass.create_signed_url(path, storage_options={"anon": False, "key": "a", "secret": "b"})
    no_secret(caught.value, caught.value.__cause__, caught.value.__context__)
