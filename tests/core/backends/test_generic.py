"""Every other fsspec filesystem gives metadata; it signs only where it can sign itself."""

from __future__ import annotations

import http.server
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import fsspec
import pytest
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

import daypass
from daypass.backends.generic import normalise
from daypass.errors import (
    AccessDeniedError,
    BackendNotFoundError,
    DeadlineError,
    InvalidPathError,
    ObjectNotFoundError,
    PluginError,
    ShortLivedURLError,
    ShortLivedURLWarning,
    SigningNotSupportedError,
    StoreError,
    UnsupportedOptionError,
)
from tests.core.fakes import NOW, SECRET

MD5 = "ndTkYSaMgDT1yFZOFVxnpg=="


@pytest.fixture(autouse=True)
def _installed_nothing(registry_of):
    registry_of()


@pytest.fixture
def memory():
    fs = MemoryFileSystem()
    fs.store.clear()
    yield fs
    fs.store.clear()


@pytest.fixture
def invented(monkeypatch):
    """Register a filesystem that nobody has heard of; its class takes ``answer``."""

    class Invented(AbstractFileSystem):
        protocol = "invented"
        asked: list = []  # noqa: RUF012 - shared with the test on purpose
        answer: object = {}

        def info(self, path, **options):
            self.asked.append(path)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    Invented.asked = []
    monkeypatch.setitem(_registry, "invented", Invented)
    return Invented


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
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
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


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.server.seen.append(self.path)
        found = "missing" not in self.path
        self.send_response(200 if found else 404)
        if found:
            self.send_header("Content-Length", "11")
            self.send_header("Content-Type", "text/csv")
            self.send_header("ETag", '"e"')
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - the name http.server asks for

    def log_message(self, *_args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as made:
        made.seen = []
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.mark.parametrize("key", ["a/b.csv", "a%20b.csv?x=1&y=2", "dir/"])
def test_metadata_over_http_is_asked_for_at_exactly_that_url(server, key):
    metadata = daypass.head_metadata(f"http://127.0.0.1:{server.server_port}/{key}")
    assert (metadata.size, metadata.content_type, metadata.etag) == (11, "text/csv", "e")
    assert {f"/{key}"} == set(server.seen)


def test_a_missing_page_is_a_missing_object(server):
    url = f"http://127.0.0.1:{server.server_port}/missing?X-Amz-Signature={SECRET}"
    assert daypass.head_metadata(url, missing_ok=True) is None
    with pytest.raises(ObjectNotFoundError) as caught:
        daypass.head_metadata(url)
    assert SECRET not in str(caught.value)


def test_a_server_that_is_not_there_is_a_daypass_error(server):
    started = time.monotonic()
    with pytest.raises(daypass.DaypassError):
        daypass.head_metadata("http://127.0.0.1:1/x")
    assert time.monotonic() - started < 10


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


def test_the_key_of_an_http_url_holds_no_query():
    store = daypass.Store("https://host.example")
    found = normalise(store.root.at("a/b.csv?X-Amz-Signature=planted&x=1"), {"size": 3})
    assert (found.key, found.path) == ("a/b.csv", "https://host.example/a/b.csv?****")
    assert "planted" not in f"{found!r} {found.to_dict()}"
    assert normalise(store.root.at("a/b.csv"), {}).key == "a/b.csv"


ODD = ["../secret.csv", "a/../../secret.csv", "..", "%2e%2e/secret.csv", ".%2E/secret.csv", "./../secret.csv"]  # fmt: skip


@pytest.mark.parametrize("key", ODD)
def test_no_key_leaves_the_root_of_a_store_over_http(server, key):
    """By aiohttp dot segments leave a URL, encoded ones too, so that another object was described."""
    store = daypass.Store(f"http://127.0.0.1:{server.server_port}/open")
    with pytest.raises(InvalidPathError, match="could leave the root of the store http") as caught:
        store.head_metadata(key)
    assert caught.value.option == "path"
    (found,) = store.head_metadata_many([key])
    assert isinstance(found, InvalidPathError)
    assert server.seen == []
    assert store.head_metadata("a.csv").size == 11
    assert set(server.seen) == {"/open/a.csv"}


def test_no_key_leaves_the_root_of_a_store_of_files(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "secret.csv").write_text("a")
    store = daypass.Store(f"file://{tmp_path}/open")
    with pytest.raises(InvalidPathError, match="could leave the root of the store file"):
        store.head_metadata("../secret.csv", missing_ok=True)
