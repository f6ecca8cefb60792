from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.errors import InvalidPathError, InvalidRequestError
from daypass_redis.address import Address, split_url
from daypass_redis.names import directory_of, prefix_of

pytestmark = pytest.mark.isolated


@pytest.mark.parametrize(
    ("url", "address", "key"),
    [
        ("redis://localhost/0/a", ("localhost", 6379, 0), "a"),
        ("redis://localhost:6380/15/a", ("localhost", 6380, 15), "a"),
        ("redis://Cache.Example/0/A", ("cache.example", 6379, 0), "A"),
        ("redis://[::1]:6380/0/a", ("::1", 6380, 0), "a"),
        ("redis://localhost/0", ("localhost", 6379, 0), ""),
        ("redis://localhost/0/", ("localhost", 6379, 0), ""),
        ("redis://localhost/0//a//b/", ("localhost", 6379, 0), "/a//b/"),
        ("redis://localhost/0/a\nb@c:d?e#f%2F", ("localhost", 6379, 0), "a\nb@c:d?e#f%2F"),
    ],
)
def test_url_names_server_database_and_key(url, address, key):
    assert split_url(url) == (Address("redis", *address), key)


@pytest.mark.parametrize("text", ["", "a/b", "/0/a", "http://localhost/0/a", "redis:/a"])
def test_other_text_is_no_url(text):
    assert split_url(text) is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis:///0/a",
        "redis://localhost",
        "redis://localhost/",
        "redis://localhost/key",
        "redis://localhost/-1/a",
        "redis://localhost/01/a",
        "redis://localhost/0x1/a",
        "redis://localhost/٣/a",
        "redis://localhost/99999999999/a",
        "redis://localhost:/0/a",
        "redis://localhost:0/0/a",
        "redis://localhost:65536/0/a",
        "redis://localhost:port/0/a",
        "redis://local host/0/a",
        "redis://evil\\.example/0/a",
        "redis://[::1/0/a",
        "redis://münchen.example/0/a",
        f"redis://{'a' * 64}.example/0/a",
    ],
)
def test_url_that_names_no_place_is_refused(url):
    with pytest.raises(InvalidPathError, match="host"):
        split_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:opensesame@localhost/0/a",
        "redis://:opensesame@localhost:6379/0/a",
        "redis://user@localhost/0/opensesame",
        "redis://user:open/opensesame@localhost/0/a",  # a slash in the password
        "redis://user:opensesame/x@localhost/0/a",
    ],
)
def test_login_in_the_url_is_refused_and_not_repeated(url):
    with pytest.raises(InvalidPathError) as caught:
        split_url(url)
    assert "opensesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "port", "db"),
    [
        ("a/b", 6379, 0),
        ("user@a", 6379, 0),
        (None, 6379, 0),
        ("a", True, 0),
        ("a", 1.5, 0),
        ("a", "six", 0),
        ("a", 6379, -1),
        ("a", 6379, None),
    ],
)
def test_place_that_cannot_be_is_refused(host, port, db):
    with pytest.raises(InvalidRequestError):
        Address("redis", host, port, db)


def test_place_may_be_given_as_text():
    assert Address("redis", "a", "6380", "1") == Address("redis", "a", 6380, 1)


def test_ipv6_address_is_written_in_brackets():
    assert str(Address("rediss", "::1", 6379, 0)) == "rediss://[::1]:6379/0"


@given(st.text("ab/").map(lambda text: text + "/"))
def test_directory_names_its_prefix(prefix):
    assert prefix_of(directory_of(prefix)) == prefix
