"""Every other fsspec filesystem signs only where it can sign itself, and says why where it cannot."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

import daypass
from daypass.errors import (
    BackendNotFoundError,
    ObjectNotFoundError,
    PluginError,
    ShortLivedURLError,
    ShortLivedURLWarning,
    SigningNotSupportedError,
    UnsupportedOptionError,
)
from tests.core.fakes import NOW, SECRET
from tests.each import each

pytestmark = pytest.mark.usefixtures("_installed_nothing")


@pytest.fixture
def signing(invented):
    """Make the invented filesystem override ``sign()``."""

    def sign(self, path, expiration=100, **options):
        self.asked.append((path, expiration, options))
        end = int(time.time()) + expiration
        return f"https://invented.example/{quote(path)}?Expires={end}&Signature={SECRET}"

    invented.sign = sign
    return invented


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("file:///tmp/x", "local file"),
        ("local:///tmp/x", "local file"),
        ("/tmp/x", "local file"),
        ("../x.csv", "local file"),
        ("./x.csv", "local file"),
        ("memory://x", "in memory"),
        ("http://localhost/x", "HTTP URL"),
        ("https://localhost/x", "HTTPS URL"),
        ("sftp://localhost/x", "SFTP"),
        ("ssh://localhost/x", "SSH"),
        ("ftp://localhost/x", "FTP"),
        ("simplecache::memory://x", "in memory"),
    ],
)
@each("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_protocol_without_links_says_why_and_what_to_do(path, why, method):
    with pytest.raises(
        NotImplementedError, match=rf"cannot sign URLs: .*{why}.*[;,] \w+"
    ) as caught:
        daypass.create_signed_url(path, method=method)
    assert isinstance(caught.value, SigningNotSupportedError)


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("bucket/key", "s3://bucket/key"),
        ("s3:/maps/a", "s3://maps/a"),
        ("gs:maps/a", "gs://maps/a"),
        ("file://bucket/key", "s3://bucket/key"),
        ("b" * 5000, "s3://bucket/key"),
    ],
)
def test_a_path_without_a_protocol_says_how_it_was_read_and_what_to_write(path, right):
    said = rf"names no protocol of a store, so it was read as a local file: .*as in {right}"
    for function in (daypass.create_signed_url, daypass.create_upload_form):
        with pytest.raises(SigningNotSupportedError, match=said) as caught:
            function(path)
        assert len(str(caught.value)) < 300
    if len(path) < 100:
        with pytest.raises(ObjectNotFoundError, match=said):
            daypass.head_metadata(path)


def test_among_many_paths_the_one_without_a_protocol_is_named():
    paths = ["memory://a", "nope", "nor/this"]
    errors = daypass.create_signed_urls(paths, errors="collect").errors
    assert str(errors[1]).startswith("'nope' names no protocol")
    assert str(errors[2]).startswith("'nor/this' names no protocol")
    with pytest.raises(SigningNotSupportedError, match="row 0, 'nope': 'nope' names") as caught:
        daypass.create_signed_urls(paths[1:])
    assert caught.value.row == 0


@pytest.mark.parametrize("path", [r"C:\data\x.csv", "d:/data/x.csv", r"\\server\share\x.csv"])
def test_a_path_of_windows_is_a_local_file_and_its_drive_no_protocol(path):
    with pytest.raises(SigningNotSupportedError, match="a local file has no server") as caught:
        daypass.create_signed_url(path)
    assert "://" not in str(caught.value)


@pytest.mark.parametrize("path", ["/tmp/x", "memory://x", "http://localhost/x"])
@pytest.mark.parametrize(
    "options",
    [{"filename": "a"}, {"method": "PUT", "if_absent": True}, {"version": "1"}, {"expires_in": "30d"},
     {"public_endpoint": "http://localhost"}, {"signing_time": NOW}],
    ids=["filename", "if_absent", "version", "expires_in", "public_endpoint", "signing_time"],
)  # fmt: skip
def test_a_protocol_without_links_says_so_whatever_else_is_asked(path, options):
    with pytest.raises(SigningNotSupportedError):
        daypass.create_signed_url(path, **options)


@pytest.mark.parametrize("chain", ["zip://a.txt::memory://k.zip", "zip://a::file:///k.zip",
                                   "simplecache::zip://a::memory://k.zip"])  # fmt: skip
def test_a_member_of_an_archive_has_no_link(chain):
    with pytest.raises(SigningNotSupportedError, match="sign the file itself"):
        daypass.create_signed_url(chain)


def test_a_filesystem_without_sign_is_named(invented):
    with pytest.raises(SigningNotSupportedError, match="Invented has no sign"):
        daypass.create_signed_url("invented://bucket/key")


@pytest.mark.isolated
def test_a_filesystem_that_overrides_sign_signs_a_get(signing):
    link = daypass.create_signed_url("invented://bucket/a b//c+d#e", expires_in="15m")
    assert signing.asked == [("bucket/a b//c+d#e", 900, {})]
    assert link.url.partition("?")[0] == "https://invented.example/bucket/a%20b//c%2Bd%23e"
    assert ("GET", frozenset({"GET"}), "generic") == (link.method, link.permits, link.backend)
    assert link.expires_because == "requested"


def always(url):
    """Return a sign() that does not heed the lifetime."""
    return lambda self, path, expiration=100, **options: url


def test_a_sign_that_does_not_heed_the_lifetime_ends_when_its_url_says(signing):
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
    signing.sign = always(f"https://h.example/key?Expires={end.timestamp():.0f}&Signature=x")
    with pytest.warns(ShortLivedURLWarning, match=r"own sign\(\) ends it then"):
        link = daypass.create_signed_url("invented://bucket/key", expires_in="7d")
    assert link.expires_at == end
    assert link.expires_because != "requested"
    with pytest.raises(UnsupportedOptionError, match="does not sign for so short") as caught:
        daypass.create_signed_url("invented://bucket/key", expires_in="5m")
    assert caught.value.option == "expires_in"


def test_a_sign_whose_url_does_not_say_when_it_ends_is_told_as_unknown(signing):
    signing.sign = always("https://h.example/key?sig=x")
    with pytest.warns(ShortLivedURLWarning, match="the URL does not say when it ends"):
        link = daypass.create_signed_url("invented://bucket/key", expires_in="7d")
    assert link.expires_because.startswith("requested, but the URL does not say")
    with pytest.raises(ShortLivedURLError):
        daypass.create_signed_url("invented://bucket/key", expires_in="7d", on_short="raise")


def test_an_end_that_has_passed_is_no_link(signing):
    signing.sign = always("https://h.example/key?Expires=1000000000&Signature=x")
    with pytest.raises(PluginError, match="an end that is not after the signing time"):
        daypass.create_signed_url("invented://bucket/key")


def test_a_share_link_says_why_it_is_none(signing):
    signing.sign = always("https://share.example/s/9f8e7d?dl=1")
    with pytest.raises(PluginError, match=r"nothing shows which object it opens.*opaque_links"):
        daypass.create_signed_url("invented://bucket/key")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
def test_a_filesystems_own_sign_knows_get_alone(signing, method):
    with pytest.raises(UnsupportedOptionError) as caught:
        daypass.create_signed_url("invented://bucket/key", method=method)
    assert (caught.value.option, caught.value.alternatives) == ("method", ("GET",))
    assert signing.asked == []


@pytest.mark.parametrize(
    "options",
    [{"filename": "a"}, {"headers": {"x-a": "1"}}, {"ip_range": "192.0.2.1"}, {"signing_time": NOW},
     {"response_content_type": "a/b"}, {"stable_for": 60}, {"requester_pays": True}],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_a_filesystems_own_sign_knows_no_conditions(signing, options):
    with pytest.raises(UnsupportedOptionError) as caught:
        daypass.create_signed_url("invented://bucket/key", **options)
    assert next(iter(options)) == caught.value.option
    assert signing.asked == []


@pytest.mark.parametrize(
    "url", ["https://h/other?sig=1", "https://u:p@h/bucket/key", "gopher://h/bucket/key", 5,
            "https://h/bucket/key\r\n"],
)  # fmt: skip
def test_a_filesystems_own_url_is_judged_too(signing, url):
    signing.sign = lambda self, path, expiration, **options: url
    with pytest.raises(PluginError):
        daypass.create_signed_url("invented://bucket/key")


def test_a_filesystem_that_cannot_sign_after_all_is_a_daypass_error(signing):
    def sign(self, path, expiration, **options):
        raise NotImplementedError(SECRET)

    signing.sign = sign
    with pytest.raises(SigningNotSupportedError) as caught:
        daypass.create_signed_url("invented://bucket/key")
    assert SECRET not in str(caught.value)


@pytest.mark.isolated
@pytest.mark.parametrize("protocol", ["s3", "gs", "abfs", "redis"])
def test_a_protocol_that_another_distribution_owns_is_never_signed_here(protocol):
    with pytest.raises(BackendNotFoundError, match="pip install daypass-"):
        daypass.create_signed_url(f"{protocol}://bucket/key")


def test_a_sign_that_gives_nothing_cannot_sign(signing):
    """Several filesystems override sign() with a body of ``pass``."""
    signing.sign = lambda self, path, expiration=100, **options: None
    with pytest.raises(SigningNotSupportedError, match="gives none"):
        daypass.create_signed_url("invented://bucket/key")


def test_a_sign_that_fails_is_named_with_its_filesystem(signing):
    def sign(self, path, expiration=100, **options):
        raise RuntimeError(SECRET)

    signing.sign = sign
    with pytest.raises(PluginError, match=r"Invented failed to sign with RuntimeError") as caught:
        daypass.create_signed_url("invented://bucket/key")
    assert SECRET not in str(caught.value)
