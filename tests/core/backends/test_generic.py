"""Every other fsspec filesystem gives metadata, whatever dialect its ``info()`` speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import fsspec
import pytest
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

import daypass
from daypass.errors import (
    AccessDeniedError,
    BackendNotFoundError,
    DeadlineError,
    InvalidPathError,
    ObjectNotFoundError,
    StoreError,
)
from tests.core.fakes import SECRET

pytestmark = pytest.mark.usefixtures("_installed_nothing")


MD5 = "ndTkYSaMgDT1yFZOFVxnpg=="


@pytest.fixture
def memory():
    fs = MemoryFileSystem()
    fs.store.clear()
    yield fs
    fs.store.clear()


@pytest.mark.isolated
def test_metadata_of_a_local_file_is_what_the_filesystem_knows(tmp_path):
    file = tmp_path / "a b#é.csv"
    file.write_bytes(b"12345")
    for path in (
        file,
        str(file),
        f"file://{file}",
        f"local://{file}",
        f"simplecache::file://{file}",
    ):
        metadata = daypass.head_metadata(path)
        assert metadata.size == 5
        assert timedelta(minutes=5) > datetime.now(UTC) - metadata.last_modified
        assert metadata.last_modified.tzinfo == UTC
        assert str(file) == metadata.key


def test_a_relative_path_is_read_from_the_current_directory(tmp_path, monkeypatch):
    (tmp_path / "x.csv").write_bytes(b"123")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert daypass.head_metadata("../x.csv").size == 3


@pytest.mark.isolated
@pytest.mark.parametrize("path", ["memory://a/b.csv", "memory:///a/b.csv"])
def test_metadata_of_an_object_in_memory(memory, path):
    memory.pipe_file("/a/b.csv", b"1234")
    metadata = daypass.head_metadata(path)
    assert metadata.size == 4
    assert path == metadata.path


@pytest.mark.parametrize("path", ["memory://nothing", "/no/such/file", "no-such-file"])
def test_a_missing_object_is_an_error_or_none_as_the_caller_likes(memory, path):
    with pytest.raises(FileNotFoundError) as caught:
        daypass.head_metadata(path)
    assert isinstance(caught.value, ObjectNotFoundError)
    assert daypass.head_metadata(path, missing_ok=True) is None


def test_below_a_file_there_is_nothing(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert daypass.head_metadata(tmp_path / "file" / "x", missing_ok=True) is None


def test_a_directory_is_no_object(tmp_path, memory):
    memory.pipe_file("/a/b.csv", b"")
    for path in (tmp_path, f"{tmp_path}/", "memory://a", "memory://a/"):
        assert daypass.head_metadata(path, missing_ok=True) is None


def test_metadata_is_read_anew_each_time(memory):
    memory.pipe_file("/k", b"1")
    assert daypass.head_metadata("memory://k").size == 1
    memory.pipe_file("/k", b"22")
    assert daypass.head_metadata("memory://k").size == 2
    memory.rm("/k")
    assert daypass.head_metadata("memory://k", missing_ok=True) is None


def test_a_given_filesystem_is_asked_even_through_a_cache(memory, tmp_path):
    memory.pipe_file("/a/k", b"123")
    cached = fsspec.filesystem("simplecache", fs=memory, cache_storage=str(tmp_path))
    for fs in (memory, cached):
        assert daypass.head_metadata("a/k", fs=fs).size == 3
        assert daypass.head_metadata("memory://a/k", fs=fs).size == 3


def test_a_path_of_another_protocol_than_the_filesystems_is_refused(memory):
    with pytest.raises(InvalidPathError, match="memory"):
        daypass.head_metadata("file:///x", fs=memory)
    with pytest.raises(InvalidPathError):
        daypass.head_metadata("memory://x", fs=LocalFileSystem())


INFO = {
    "size": 5,
    "ETag": '"abc"',
    "LastModified": datetime(2026, 1, 1),
    "ContentType": "text/csv",
    "content_encoding": "gzip",
    "md5Hash": MD5,
    "generation": 17,
    "storageClass": "COLD",
    "metadata": {"Colour": 5},
    "type": "file",
}


def test_the_dialects_of_info_become_one(invented):
    invented.answer = INFO
    assert daypass.head_metadata("invented://bucket/k/x") == daypass.ObjectMetadata(
        path="invented://bucket/k/x",
        key="k/x",
        size=5,
        etag="abc",
        last_modified=datetime(2026, 1, 1, tzinfo=UTC),
        content_type="text/csv",
        content_encoding="gzip",
        content_md5=MD5,
        version="17",
        storage_class="COLD",
        metadata={"colour": "5"},
    )
    assert invented.asked == ["bucket/k/x"]


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), 1_767_225_600),
        (datetime(2026, 1, 1, tzinfo=UTC), 1_767_225_600.0),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T02:00:00+02:00"),
        (None, "Thursday"),
        (None, object),
        (None, None),
    ],
)
def test_every_way_to_write_a_moment_is_read(invented, expected, value):
    invented.answer = {"mtime": value}
    assert expected == daypass.head_metadata("invented://b/k").last_modified


@pytest.mark.parametrize(
    ("expected", "value"),
    [(MD5, MD5), (MD5, bytes.fromhex("9dd4e461268c8034f5c8564e155c67a6")), (None, "nonsense"),
     (None, "9dd4e461268c8034f5c8564e155c67a6"), (None, 5), (None, b"short")],
    ids=["base64", "raw", "nonsense", "hex", "number", "short"],
)  # fmt: skip
def test_an_md5_is_base64_of_16_bytes_or_not_given(invented, expected, value):
    invented.answer = {"content_md5": value}
    assert expected == daypass.head_metadata("invented://b/k").content_md5


def test_an_etag_is_never_taken_for_an_md5(invented):
    invented.answer = {"ETag": "9dd4e461268c8034f5c8564e155c67a6"}
    assert daypass.head_metadata("invented://b/k").content_md5 is None


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        (ObjectNotFoundError, FileNotFoundError(SECRET)),
        (ObjectNotFoundError, NotADirectoryError(SECRET)),
        (AccessDeniedError, PermissionError(SECRET)),
        (DeadlineError, TimeoutError(SECRET)),
        (StoreError, OSError(SECRET)),
        (StoreError, KeyError(SECRET)),
        (StoreError, RecursionError(SECRET)),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_what_a_filesystem_raises_becomes_a_daypass_error(invented, expected, error):
    invented.answer = error
    with pytest.raises(expected) as caught:
        daypass.head_metadata("invented://b/k")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [None, [], "x", {"mtime": 1e30}, {"mtime": float("nan")}, {"mtime": 10**400},
     {"metadata": ["a"]}, {"metadata": "a"}, {"size": "many"}],
    ids=range(9),
)  # fmt: skip
def test_any_info_gives_metadata_or_a_daypass_error(invented, answer):
    invented.answer = answer
    try:
        metadata = daypass.head_metadata("invented://b/k")
    except daypass.DaypassError:
        return
    assert isinstance(metadata.metadata, dict)
    assert metadata.size is None or isinstance(metadata.size, int)


@pytest.mark.isolated
def test_a_filesystem_whose_package_is_missing_is_named():
    with pytest.raises(BackendNotFoundError, match="paramiko"):
        daypass.head_metadata("sftp://localhost/x")


class Hosted(AbstractFileSystem):
    """A filesystem whose URLs name host and account, as those of SFTP and FTP do."""

    protocol = "hosted"
    asked: list = []  # noqa: RUF012 - shared with the test on purpose

    def __init__(self, host, username=None, password=None, **options):
        super().__init__(**options)
        self.login = (host, username, password)

    @classmethod
    def _strip_protocol(cls, path):
        return fsspec.utils.infer_storage_options(path)["path"]

    @staticmethod
    def _get_kwargs_from_urls(path):
        options = fsspec.utils.infer_storage_options(path)
        return {n: options[n] for n in ("host", "username", "password") if n in options}

    def info(self, path, **options):
        self.asked.append((*self.login, path))
        if path == "/missing":
            raise FileNotFoundError(path)
        return {"size": 7}


@pytest.fixture
def hosted(monkeypatch):
    monkeypatch.setitem(_registry, "hosted", Hosted)
    Hosted.asked = []
    return Hosted


def test_host_and_account_of_a_url_reach_the_filesystem(hosted):
    assert daypass.head_metadata("hosted://ann:hunter2@host/a/b").size == 7
    assert hosted.asked == [("host", "ann", "hunter2", "/a/b")]


def test_a_password_in_a_url_is_never_shown(hosted):
    path = f"hosted://ann:{SECRET}@host"
    metadata = daypass.head_metadata(f"{path}/a")
    assert SECRET not in repr(metadata)
    assert SECRET not in repr(daypass.Store(path))
    with pytest.raises(ObjectNotFoundError) as caught:
        daypass.head_metadata(f"{path}/missing")
    assert SECRET not in str(caught.value)


def test_no_key_leaves_the_root_of_a_store_of_files(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "secret.csv").write_text("a")
    store = daypass.Store(f"file://{tmp_path}/open")
    with pytest.raises(InvalidPathError, match="could leave the root of the store file"):
        store.head_metadata("../secret.csv", missing_ok=True)
