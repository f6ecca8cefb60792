"""What is no key, at every door that takes keys: a whole path, and a version in the filesystem's own writing."""

from __future__ import annotations

import fsspec
import pytest

import daypass
from daypass import InvalidPathError, InvalidRequestError
from tests.core import fakes
from tests.each import each

DOORS = {
    "link": lambda store, key: store.create_signed_url(key),
    "listing": lambda store, key: store.create_signed_url(key, method="LIST"),
    "many": lambda store, key: store.create_signed_urls(["a", key]),
    "a stream": lambda store, key: list(store.create_signed_urls(iter(["a", key]))),
    "rows of their own": lambda store, key: store.create_signed_urls(
        ["a", key], method="PUT", content_length=[1, 2]
    ),
    "prefix": lambda store, key: store.create_signed_prefix(key),
    "form": lambda store, key: store.create_upload_form(key),
    "parts": lambda store, key: store.create_multipart_upload(key, size=25, part_size=10),
    "resumed parts": lambda store, key: store.resume_multipart_upload(
        key, "upload-1", size=25, part_size=10
    ),
    "metadata": lambda store, key: store.head_metadata(key),
    "many metadata": lambda store, key: store.head_metadata_many(["a", key], errors="raise"),
}


def able(**info):
    return fakes.backend(
        grant=fakes.granting, session=fakes.FakeSession, form=fakes.forming, **info
    )


@pytest.fixture
def fake(registry_of):
    """A backend that has every door."""
    registry_of({"fake": able()})


@pytest.fixture
def aware(registry_of):
    """A backend whose filesystem reads versions in paths."""
    registry_of({"fake": able(version_in_path=r"\?v=.*")})


def store(root="fake://maps", **options):
    return daypass.Store(root, **options)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("root", ["fake://maps", "fake://maps/in", "fake://maps/in/"])
@each("key", ["fake://maps/a", "s3://maps/a", "daypass://maps/a"])
def test_a_whole_path_is_no_key(fake, door, root, key):
    """The link would be one for an object with the path for its name, and lead to nothing."""
    with pytest.raises(InvalidPathError, match="is a whole path: a key is what follows") as caught:
        DOORS[door](store(root), key)
    assert caught.value.option == "key"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "key", ["http://site.example/page", "crawl/s3://maps/a", "://", "a b://c", "urn:x://y"]
)
def test_keys_that_hold_a_url_are_keys(fake, door, key):
    """An archive of the web names its objects so."""
    DOORS[door](store(), key)


@pytest.mark.parametrize("door", DOORS)
def test_a_version_in_a_path_is_no_part_of_a_key(aware, door):
    """Where the filesystem would read it as one, who signs it with the key makes a link that leads to nothing."""
    with pytest.raises(InvalidPathError, match=r"\?v=7.* say it as version=") as caught:
        DOORS[door](store(storage_options={"version_aware": True}), "a?v=7")
    assert caught.value.option == "version"
    DOORS[door](store(), "a?v=7")


def test_a_filesystem_that_is_given_says_whether_it_reads_versions(aware):
    fs = fsspec.filesystem("memory", skip_instance_cache=True)
    fs.protocol = "fake"
    store(fs=fs).create_signed_url("a?v=7")
    fs.version_aware = True
    with pytest.raises(InvalidPathError, match="version="):
        store(fs=fs).create_signed_url("a?v=7")


def test_fsspecs_own_configuration_says_so_too(aware, monkeypatch):
    monkeypatch.setitem(fsspec.config.conf, "fake", {"version_aware": True})
    with pytest.raises(InvalidPathError, match="version="):
        daypass.create_signed_url("fake://maps/a?v=7")


def test_a_bad_key_among_many_is_one_row_s_fault(aware):
    batch = store(storage_options={"version_aware": True}).create_signed_urls(
        ["a", "fake://maps/b", "c?v=1", "d"], errors="collect"
    )
    assert sorted(batch.errors) == [1, 2]
    assert [link is not None for link in batch.urls] == [True, False, False, True]


PER_ROW = ("version", "content_md5", "content_length", "checksum_sha256", "copy_source")


@pytest.mark.parametrize("value", ["fake://maps/b", b"ab", 7])
@pytest.mark.parametrize("name", PER_ROW)
def test_one_value_is_no_column(aware, name, value):
    with pytest.raises(InvalidRequestError, match="is a column, an iterable") as caught:
        store().create_signed_urls(["a", "b"], method="PUT", errors="collect", **{name: value})
    assert caught.value.option == name


def test_one_version_is_no_column_of_heads(aware):
    with pytest.raises(InvalidRequestError, match="is a column, an iterable"):
        store().head_metadata_many(["a", "b"], version="v7", errors="collect")
