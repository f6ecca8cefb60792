"""Paths of every kind are taken apart without changing a character of the key."""

from __future__ import annotations

from itertools import count
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.base.process import Once
from daypass.base.urls import check_endpoint
from daypass.errors import (
    DaypassError,
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
)
from daypass.model.locations import Location
from daypass.model.paths import check_key, parse_path, shown_path
from tests.core.fakes import SECRET, Disguise, Hostile
from tests.core.values import ODD_KEYS, UPathish
from tests.each import each

ACCESS_POINT = "arn:aws:s3:us-west-2:123456789012:accesspoint/mine"
OUTPOST = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/mine"


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (("s3", "bucket", "key"), "s3://bucket/key"),
        (("s3", "bucket", ""), "s3://bucket"),
        (("s3", "bucket", ""), "s3://bucket/"),
        (("s3", "bucket", "/"), "s3://bucket//"),
        (("s3", "bucket", "k"), "simplecache::s3://bucket/k"),
        (("s3", "bucket", "k"), "filecache::blockcache::s3://bucket/k"),
        (("s3", "bucket", "a::b"), "s3://bucket/a::b"),
        (("s3", ACCESS_POINT, "a/b"), f"s3://{ACCESS_POINT}/a/b"),
        (("s3", ACCESS_POINT, ""), f"s3://{ACCESS_POINT}"),
        (("s3", OUTPOST, "k"), f"s3://{OUTPOST}/k"),
        (("my-fs+x.y_z", "b", "k"), "my-fs+x.y_z://b/k"),
        (("file", "", "/tmp/a"), "file:///tmp/a"),
        (("file", "", "/tmp/a"), "/tmp/a"),
        (("file", "", "a/b c#?"), "a/b c#?"),
        (("file", "", "C:\\a"), "C:\\a"),
        (("local", "", "/a"), "local:///a"),
        (("memory", "", "a/b"), "memory://a/b"),
        (("file", "", "/tmp/a"), Path("/tmp/a")),
        (("file", "", "tmp/a"), PurePosixPath("tmp/a")),
        (("s3", "b", "k//x"), UPathish("s3://b/k//x")),
        (("s3", "b", "k"), Disguise("s3://b/k")),
    ],
    ids=count(),
)
def test_a_path_has_protocol_bucket_and_key(expected, path):
    parsed = parse_path(path)
    parts = (parsed.protocol, parsed.bucket, parsed.key)
    assert expected == parts
    assert {str} == {type(part) for part in parts}


@each("key", ODD_KEYS)
def test_a_key_is_exactly_what_followed_the_bucket(key):
    assert key == parse_path(f"s3://bucket/{key}").key
    assert f"s3://bucket/{key}" == str(parse_path(f"s3://bucket/{key}"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
def test_any_key_is_kept_or_the_path_refused_as_a_chain(key):
    try:
        assert key == parse_path(f"s3://bucket/{key}").key
    except SigningNotSupportedError:
        assert "::" in key


@given(st.text() | st.binary() | st.integers() | st.none() | st.floats() | st.lists(st.text()))
def test_anything_given_as_path_is_parsed_or_a_daypass_error(path):
    try:
        parsed = parse_path(path)
    except (InvalidPathError, SigningNotSupportedError) as error:
        assert str(error).isprintable()
        return
    assert str(parsed).endswith(parsed.key)


@pytest.mark.parametrize(
    "path",
    ["", "s3://", "s3:///key", "s3://b/a\0b", "s3://b/a\nb", "s3://b/\x7f", "s3://b/\x85",
     "s3://b/\u2028", "s3://b/\ud800", "\ud800", b"s3://b/k", 5, None, [], object(), Hostile(),
     UPathish(5), UPathish("s3://b/\0"), SimpleNamespace(storage_options=5),
     SimpleNamespace(storage_options=[("a", "b")])],
    ids=count(),
)  # fmt: skip
def test_a_path_that_names_nothing_signable_is_refused(path):
    with pytest.raises(InvalidPathError) as caught:
        parse_path(path)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).isprintable()


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"/tmp/a"


class BrokenPath:
    def __fspath__(self) -> str:
        msg = "hostile"
        raise KeyError(msg)


@pytest.mark.parametrize("path", [BytesPath(), BrokenPath()])
def test_a_path_object_that_cannot_say_its_text_is_refused(path):
    with pytest.raises(InvalidPathError):
        parse_path(path)


@pytest.mark.parametrize(
    "path",
    ["zip://a.txt::s3://b/k.zip", "tar::s3://b/k", "zip::file:///a.zip", "reference::s3://b/k",
     "simplecache::zip://a::s3://b/k", "dir::s3://b/k"],
)  # fmt: skip
def test_a_chain_that_reads_inside_a_file_has_no_url(path):
    with pytest.raises(SigningNotSupportedError, match="sign the file itself"):
        parse_path(path)


def test_a_path_object_brings_its_storage_options_and_hides_them():
    parsed = parse_path(UPathish("s3://b/k", secret=SECRET))
    assert parsed.storage_options == {"secret": SECRET}
    assert SECRET not in repr(parsed) + str(parsed)


@pytest.mark.parametrize(
    ("expected", "text"),
    [(("s3", "b", "k/x"), "b/k/x"), (("s3", "b", "k"), "s3://b/k"), (("gs", "b", "k"), "gs://b/k")],
)
def test_a_given_filesystem_names_the_protocol_of_a_path_that_names_none(expected, text):
    parsed = parse_path(text, protocol="s3")
    assert expected == (parsed.protocol, parsed.bucket, parsed.key)


@pytest.mark.parametrize("key", [".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "/.."])
def test_a_dot_segment_is_signed_only_where_the_caller_insists(key):
    with pytest.raises(InvalidPathError, match="allow_dot_segments=True"):
        check_key(key, max_bytes=None, allow_dot_segments=False)
    check_key(key, max_bytes=None, allow_dot_segments=True)


@each("key", ODD_KEYS)
def test_odd_keys_are_legal(key):
    check_key(key, max_bytes=1024, allow_dot_segments=False)


@pytest.mark.parametrize("key", ["", "a\0", "\ud800", "a\r\nb", "\x9f"])
@pytest.mark.parametrize("dots", [True, False])
def test_a_key_no_url_should_carry_is_refused(key, dots):
    with pytest.raises(InvalidPathError):
        check_key(key, max_bytes=None, allow_dot_segments=dots)


@pytest.mark.parametrize("character", ["a", "é", "€", "🎉"])
def test_a_key_is_measured_in_bytes_of_utf_8(character):
    size = len(character.encode())
    exact = character * (1024 // size) + "x" * (1024 % size)
    check_key(exact, max_bytes=1024, allow_dot_segments=False)
    with pytest.raises(InvalidPathError, match="1025 bytes"):
        check_key(exact + "x", max_bytes=1024, allow_dot_segments=False)


@pytest.mark.parametrize(
    "url",
    ["http://localhost:9000", "https://cdn.example", "http://[::1]:1",
     "http://10.0.0.1:65535", "https://a_b.example/"],
)  # fmt: skip
def test_an_endpoint_is_http_or_https_with_a_host(url):
    assert url == check_endpoint(url, "public_endpoint")


def test_of_an_endpoint_scheme_and_host_are_in_lower_case():
    found = check_endpoint("HTTPS://CDN.example/Base/path", "public_endpoint")
    assert found == "https://cdn.example/Base/path"


@each("url", ["", "localhost:9000", "//host", "ftp://host", "s3://host", "javascript:alert(1)", "http://",
     "http:///x", "http://user:pass@host", "http://user@host", "http://host@evil", "http://host:0",
     "http://host:65536", "http://host:99999", "http://host:", "http://host:x", "http://host:-1",
     "http://host:\u0669", "http\u017f://host", "http://h\u00f6st", "http://host?q", "http://host#f",
     "http://host/?a=b", "http://ho st", "http://host\\@evil", "http:\\\\host", "http://host\n",
     "http://host\r\nX: y", "http://\0", "http://host/\ud800", "http://[::1", "http://host/a b",
     "http://..", "http://a..b", "http://.a",
     b"http://host", 5, None, [], object(), Hostile()])  # fmt: skip
def test_any_other_endpoint_is_refused(url):
    with pytest.raises(InvalidRequestError) as caught:
        check_endpoint(url, "public_endpoint")
    assert caught.value.option == "public_endpoint"
    assert str(caught.value).isprintable()


def test_a_text_that_does_not_show_itself_is_read_as_text():
    class Odd(str):
        __slots__ = ()

        def __str__(self):
            raise KeyError

        __repr__ = __str__

    assert type(check_endpoint(Odd("http://host"), "public_endpoint")) is str
    with pytest.raises(InvalidRequestError):
        check_endpoint(Odd("host"), "public_endpoint")


@pytest.mark.parametrize(
    "url", [f"http://user:{SECRET}@host", f"http://h/?token={SECRET}", f"http://h/#{SECRET}"]
)
def test_a_refused_endpoint_never_shows_its_secrets(url):
    with pytest.raises(InvalidRequestError) as caught:
        check_endpoint(url, "public_endpoint")
    assert SECRET not in str(caught.value)


def _location(**changes) -> Location:
    values = {
        "protocol": "s3",
        "bucket": "b",
        "key": "k",
        "storage_options": {"secret": SECRET},
        "options": SECRET,
        "public_endpoint": None,
        "cache": {"x": SECRET},
        "open": lambda: SECRET,
    }
    return Location(**{**values, **changes})


def test_a_location_hides_all_that_could_hold_a_credential():
    assert SECRET not in repr(_location()) + str(_location())


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("s3://b/k", {}),
        ("s3://b//k/", {"key": "/k/"}),
        ("file:///tmp/x", {"protocol": "file", "bucket": "", "key": "/tmp/x"}),
        ("memory://x", {"protocol": "memory", "bucket": "", "key": "x"}),
    ],
)
def test_a_location_writes_its_path(expected, changes):
    assert expected == _location(**changes).path


@pytest.mark.parametrize(
    ("protocol", "bucket", "key"),
    [
        ("http", f"user:{SECRET}@host", "k"),
        ("sftp", f"user:{SECRET}@host", "k"),
        ("https", "host", f"k?X-Amz-Signature={SECRET}"),
    ],
)
def test_a_locations_path_never_shows_a_password_or_a_signature(protocol, bucket, key):
    """Its path is in messages, results and audit records."""
    location = _location(protocol=protocol, bucket=bucket, key=key)
    assert SECRET not in repr(location)
    assert SECRET not in location.path


def test_locations_below_one_store_share_filesystem_and_cache():
    opened = []
    location = _location(open=Once(lambda: opened.append("once") or object()))
    other = location.at("other", "v1")
    assert location.fs is other.fs
    assert opened == ["once"]
    assert location.cache is other.cache
    assert (
        other.key,
        other.version,
        location.key,
        location.version,
    ) == ("other", "v1", "k", None)


def test_the_version_is_not_inherited_by_another_key():
    assert _location(version="v1").at("other").version is None


@given(st.text() | st.binary() | st.none(), st.booleans(), st.integers(1, 2000))
def test_any_key_is_judged_with_a_daypass_error(key, dots, limit):
    if not isinstance(key, str):
        return
    try:
        check_key(key, max_bytes=limit, allow_dot_segments=dots)
    except DaypassError:
        return
    assert 0 < len(key.encode()) <= limit


@pytest.mark.parametrize(
    "host", ["a" * 64, ".".join(["a" * 63] * 4), "a." * 128, "e.x" + ".y" * 2500], ids=range(4)
)
@pytest.mark.parametrize("option", ["public_endpoint", "domain"])
def test_a_host_longer_than_any_dns_name_is_refused(host, option):
    with pytest.raises(
        InvalidRequestError, match=f"{option} must name a host of at most 253"
    ) as caught:
        check_endpoint(f"https://{host}:9000/x", option)
    assert caught.value.option == option
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "host", ["a" * 63, ".".join(["a" * 63] * 3 + ["a" * 61]), "a." * 126 + "a."]
)
def test_the_longest_hosts_are_taken(host):
    assert check_endpoint(f"https://{host}", "domain")


def test_the_error_of_a_lone_surrogate_holds_no_other_with_the_path():
    with pytest.raises(InvalidPathError) as caught:
        parse_path("s3://KEY:s3cr3t@bucket/\ud800")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://" + ":" * 1_000_000, "http://" + ":" * 1_000_000),
        (":" * 1_000_000, ":" * 1_000_000),
        ("http://u:" + ":" * 1_000_000 + "@h", "http://****@h"),
    ],
    ids=["colons", "nothing else", "a password"],
)
def test_a_text_of_colons_is_shown_as_soon_as_any(text, expected):
    """Looking for an @ behind each of them takes the better part of a day."""
    assert shown_path(text) == expected
