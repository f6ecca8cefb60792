"""``signed::`` in fsspec: how objects are read through links, and what is said where that cannot be."""

from __future__ import annotations

import asyncio
import pickle
import re
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import attrs
import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import daypass
from daypass.errors import (
    DaypassError,
    DeadlineError,
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    SigningNotSupportedError,
    StoreError,
    UnknownOptionError,
)
from daypass.signed.filesystem import SignedFileSystem
from tests.core.fakes import SECRET, backend, honest
from tests.servers.serving import serving

DATA = bytes(range(256)) * 40
CHANGED = "Mon, 23 Nov 2026 12:00:00 GMT"


class Fake(MemoryFileSystem):
    """What the protocol of the paths is in fsspec."""

    protocol = "fake"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("fake:")).lstrip("/")


@attrs.define
class Origin:
    """A store that knows which links have ended: those with a number below ``alive``."""

    url: str = ""
    objects: dict = attrs.field(factory=lambda: {"/maps/a": DATA, "/maps/empty": b""})
    etag: str = '"v1"'
    alive: int = 0
    signed: int = 0
    #: Of each request its method, range, and the number of its link.
    asked: list = attrs.field(factory=list)
    faults: list = attrs.field(factory=list)
    ranges: bool = True
    tells: bool = True

    def sign(self, location, request):
        self.signed += 1
        located = attrs.evolve(location, public_endpoint=self.url)
        link = honest(located, request, permits=frozenset({"GET", *self.permits}))
        return attrs.evolve(link, url=f"{link.url}&number={self.signed}")

    permits: tuple = ()


class Handler(BaseHTTPRequestHandler):
    origin: Origin
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Keep quiet."""

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):  # noqa: PLR0911 - an answer for each case
        origin = self.origin
        path, _, query = self.path.partition("?")
        number = int(re.search(r"number=(\d+)", query)[1])
        wanted = self.headers.get("Range")
        origin.asked.append((self.command, wanted, number))
        if origin.faults:
            return self.answer(origin.faults.pop(0))
        if number <= origin.alive:
            return self.answer(
                403,
                b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
            )
        if path not in origin.objects:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        body = origin.objects[path]
        said = (
            {"ETag": origin.etag, "Last_Modified": CHANGED, "Content_Type": "image/tiff"}
            if origin.tells
            else {}
        )
        if self.command == "HEAD":
            return self.answer(200, body, **said)
        if wanted is None or not origin.ranges:
            return self.answer(200, body, **said)
        first, last = map(int, wanted.removeprefix("bytes=").split("-"))
        if first >= len(body):
            return self.answer(416, b"<Error/>", Content_Range=f"bytes */{len(body)}")
        part = body[first : last + 1]
        return self.answer(
            206, part, Content_Range=f"bytes {first}-{first + len(part) - 1}/{len(body)}", **said
        )

    do_HEAD = do_GET  # noqa: N815 - http.server's name


@pytest.fixture
def origin(registry_of):
    handler = type("Handler", (Handler,), {})
    fsspec.register_implementation("fake", Fake, clobber=True)
    with serving(handler) as port:
        handler.origin = origin = Origin(f"http://127.0.0.1:{port}")
        registry_of({"fake": backend(origin.sign)})
        yield origin


@pytest.fixture
def fs(origin):
    return SignedFileSystem("fake", skip_instance_cache=True)


def kept(fs):
    return fs._reader._kept._links


def test_a_chained_path_is_read_with_no_word_of_links(origin):
    with fsspec.open("signed::fake://maps/a") as file:
        assert file.read() == DATA
    assert origin.asked == [("GET", "bytes=0-0", 1), ("GET", f"bytes=0-{len(DATA) - 1}", 1)]


def test_a_part_of_a_file_is_one_request_once_its_size_is_known(fs, origin):
    assert fs.cat_file("maps/a", 300, 310) == DATA[300:310]
    assert fs.cat_file("signed::fake://maps/a", -10, None) == DATA[-10:]
    assert fs.cat_ranges(["maps/a"] * 3, [0, 5, 9], [2, 7, 9]) == [DATA[:2], DATA[5:7], b""]
    ranges = [wanted for _, wanted, _ in origin.asked]
    end = len(DATA)
    assert ranges[:3] == ["bytes=0-0", "bytes=300-309", f"bytes={end - 10}-{end - 1}"]
    assert sorted(ranges[3:]) == ["bytes=0-1", "bytes=5-6"]
    assert origin.signed == 1


def test_where_a_link_answers_head_the_size_is_asked_by_it(fs, origin):
    origin.permits = ("HEAD",)
    assert fs.size("maps/a") == len(DATA)
    assert origin.asked == [("HEAD", None, 1)]


def test_what_is_known_of_an_object_is_what_its_store_says(fs):
    changed = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert fs.info("maps/a") == {
        "name": "maps/a", "size": len(DATA), "type": "file", "ETag": "v1",
        "LastModified": changed, "content_type": "image/tiff",
    }  # fmt: skip
    assert fs.modified("maps/a") == changed
    assert fs.exists("maps/a")
    assert fs.isfile("maps/a")
    assert fs.ukey("maps/a") == fs.checksum("maps/a")
    assert "v1" in fs.ukey("maps/a")


def test_an_empty_object_is_read_too(fs):
    assert fs.size("maps/empty") == 0
    assert fs.cat("maps/empty") == b""
    known = fs.info("maps/empty")
    assert (known["ETag"], known["content_type"]) == ("v1", "image/tiff")
    assert fs.modified("maps/empty") == datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_nothing_there_is_a_file_that_was_not_found(fs):
    with pytest.raises(ObjectNotFoundError, match="there is no object fake://maps/gone"):
        fs.open("maps/gone")
    assert not fs.exists("maps/gone")


def test_a_link_is_signed_again_before_too_little_of_it_is_left(fs, origin):
    file = fs.open("maps/a", cache_type="none")
    file.read(10)
    left = datetime.now(UTC) + timedelta(seconds=59)
    path, link = next(iter(kept(fs).items()))
    kept(fs)[path] = attrs.evolve(link, expires_at=left)
    file.seek(9000)
    assert file.read(10) == DATA[9000:9010]
    assert [number for *_, number in origin.asked] == [1, 1, 2]


def test_a_link_that_is_refused_in_the_middle_is_signed_again(fs, origin):
    file = fs.open("maps/a", cache_type="none")
    assert file.read(10) == DATA[:10]
    origin.alive = 1
    file.seek(9000)
    assert file.read(10) == DATA[9000:9010]
    assert [number for *_, number in origin.asked] == [1, 1, 1, 2]


def test_a_new_link_that_is_refused_too_is_an_error_in_the_stores_words(fs, origin):
    origin.alive = 100
    with pytest.raises(StoreError, match=r"403 Forbidden .* Request has expired") as caught:
        fs.cat_file("maps/a", 0, 5)
    assert origin.signed == 1
    assert SECRET not in str(caught.value)


def test_an_error_says_when_the_link_had_ended_where_no_new_one_can_be_signed(
    fs, origin, monkeypatch
):
    fs.cat_file("maps/a", 0, 5)
    origin.alive = 1
    ended = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
    _path, link = next(iter(kept(fs).items()))
    old = attrs.evolve(link, expires_at=ended)
    monkeypatch.setattr(fs._reader._kept, "known", lambda _: old)  # as by a clock that is late

    def sign(_):
        msg = "the credentials have ended"
        raise daypass.CredentialsError(msg)

    monkeypatch.setattr(fs._reader._kept, "sign", sign)
    with pytest.raises(daypass.CredentialsError) as caught:
        fs.cat_file("maps/a", 5, 9)
    assert str(caught.value) == (
        f"the link to fake://maps/a expired at {ended:%Y-%m-%d %H:%M:%S} UTC, 20 minutes ago, "
        "and no new one could be signed: the credentials have ended"
    )


def test_a_failure_that_passes_is_tried_again(fs, origin, monkeypatch):
    monkeypatch.setattr("daypass.transfer.retries._FIRST_PAUSE", 0.01)
    origin.faults = [503]
    assert fs.cat_file("maps/a", 0, 5) == DATA[:5]


def test_a_store_that_takes_too_long_is_an_error_in_words(fs, monkeypatch):
    def late(_):
        msg = "the store did not answer within 30 s: ask again"
        raise DeadlineError(msg)

    monkeypatch.setattr(fs._reader, "find", late)
    with pytest.raises(StoreError, match="did not answer within 30 s"):  # fsspec's own has no words
        fs.info("maps/a")


def test_an_object_that_changes_while_it_is_read_is_an_error_and_can_be_opened_again(fs, origin):
    file = fs.open("maps/a", cache_type="none")
    file.read(10)
    origin.etag = '"v2"'
    file.seek(9000)
    with pytest.raises(StoreError, match="changed while it was read: open it again"):
        file.read(10)
    assert fs.open("maps/a").read() == DATA


@pytest.mark.parametrize("body", [b"other" * 3000, b"short", b""], ids=["longer", "shorter", "empty"])  # fmt: skip
@pytest.mark.parametrize("tells", [True, False], ids=["ETag", "no ETag"])
def test_a_file_goes_on_in_no_other_object_than_it_was_opened_on(fs, origin, body, tells):
    origin.tells = tells
    file = fs.open("maps/a", cache_type="none")
    assert file.read(10) == DATA[:10]
    origin.objects["/maps/a"] = body
    origin.etag = '"v2"'
    for _ in range(2):  # who tries once more is told once more
        file.seek(9000)
        with pytest.raises(StoreError, match="changed while it was read: open it again"):
            file.read(10)
    fs.invalidate_cache()
    fs.info("maps/a")  # what others find is not of this file
    with pytest.raises(StoreError, match="changed while it was read"):
        file.read(10)


def test_an_object_that_was_replaced_since_is_read_as_it_is_now(fs, origin, monkeypatch):
    assert fs.cat("maps/a") == DATA
    origin.objects["/maps/a"], origin.etag = b"new", '"v2"'
    assert fs.cat("maps/a") == b"new"
    origin.objects["/maps/a"], origin.etag = b"newer", '"v3"'
    monkeypatch.setattr("daypass.signed.filesystem._FRESH", -1)  # a while later
    assert fs.open("maps/a").read() == b"newer"
    assert fs.info("maps/a")["ETag"] == "v3"


def test_parts_that_are_read_one_after_the_other_are_of_one_object(fs, origin, monkeypatch):
    monkeypatch.setattr("daypass.signed.filesystem._FRESH", -1)
    assert fs.cat_file("maps/a", 0, 5) == DATA[:5]
    origin.objects["/maps/a"], origin.etag = DATA[::-1], '"v2"'
    with pytest.raises(StoreError, match="changed while it was read"):
        fs.cat_file("maps/a", 5, 10)


@pytest.mark.parametrize("kind", ["all", "none", "readahead", "bytes", "blockcache"])
def test_every_way_of_reading_ahead_reads_it(fs, kind):
    assert fs.open("maps/a", cache_type=kind).read() == DATA


def test_a_path_of_another_store_is_refused(fs, origin):
    for path in ("gs://maps/a", "signed::gs://maps/a", "other://maps/a"):
        for read in (fs.cat, fs.open, fs.info, fs.ls, fs.modified, fs.glob, fs.exists):
            with pytest.raises(InvalidPathError, match=r"path of \w+://, and this filesystem reads fake://"):  # fmt: skip
                read(path)
    assert origin.asked == []
    assert SignedFileSystem("s3")._strip_protocol("s3a://maps/a") == "maps/a"


def test_a_server_that_knows_no_ranges_is_read_as_well(fs, origin):
    origin.ranges = False
    assert fs.cat_file("maps/a", 9000, 9010) == DATA[9000:9010]


def test_a_store_that_does_not_say_when_an_object_was_changed_is_an_error(fs, origin):
    origin.tells = False
    with pytest.raises(StoreError, match="does not say when fake://maps/a was changed"):
        fs.modified("maps/a")


def test_what_was_found_is_forgotten_when_asked_to(fs, origin, monkeypatch):
    fs.info("maps/a")
    fs.invalidate_cache("maps/a")
    fs.info("maps/a")
    fs.invalidate_cache()
    fs.info("maps/a")
    assert len(origin.asked) == 3
    monkeypatch.setattr("daypass.signed.filesystem._MOST", 1)
    fs.info("maps/empty")
    assert len(fs._found) == 1


def test_what_a_listing_told_is_forgotten_when_asked_to(origin, monkeypatch):
    fake = Fake()
    fake.pipe({"/maps/a": DATA, "/maps/in/c": b"2"})
    try:
        fs = SignedFileSystem("fake", skip_instance_cache=True)
        for forget in (fs.invalidate_cache, lambda: fs.invalidate_cache("maps/a")):
            fs.ls("maps")
            asked = len(origin.asked)
            assert not fs.isdir("signed::fake://maps/a")
            assert len(origin.asked) == asked
            forget()
            fs._found.clear()
            assert not fs.isdir("maps/a")
            assert len(origin.asked) > asked
        monkeypatch.setattr("daypass.signed.filesystem._MOST_LISTED", 1)
        fs.ls("maps/in")
        assert fs._files == {"maps/in/c"}
    finally:
        fake.rm("/maps", recursive=True)


def test_folders_are_listed_by_the_stores_own_filesystem(origin):
    fake = Fake()
    fake.pipe({"/maps/a": DATA, "/maps/in/b": b"1", "/maps/in/c": b"2"})
    try:
        fs = SignedFileSystem("fake", skip_instance_cache=True)
        assert [one["name"] for one in fs.ls("maps")] == ["maps/a", "maps/in"]
        assert fs.find("maps") == ["maps/a", "maps/in/b", "maps/in/c"]
        assert fs.glob("maps/in/*") == ["maps/in/b", "maps/in/c"]
        assert fs.isdir("maps/in")
        assert fs.ls("maps/empty", detail=False) == ["maps/empty"]
        assert fs.find("maps/empty") == ["maps/empty"]
        assert fs.find("maps/nothing") == []
        origin.objects |= {"/maps/in/b": b"1", "/maps/in/c": b"2"}
        paths = [file.path for file in fsspec.open_files("signed::fake://maps/in/*")]
        assert paths == ["maps/in/b", "maps/in/c"]
    finally:
        fake.rm("/maps", recursive=True)


def test_who_may_read_and_not_list_is_told_of_objects_alone(origin, monkeypatch):
    def ls(self, path, **_):
        raise PermissionError(path)

    monkeypatch.setattr(Fake, "ls", ls)
    fs = SignedFileSystem("fake", skip_instance_cache=True)
    assert fs.exists("maps/a")
    assert not fs.exists("maps/gone")
    with pytest.raises(FileNotFoundError):
        fs.info("maps/gone")
    with pytest.raises(PermissionError, match="may not list fake://maps/gone/"):
        fs.ls("maps/gone")


def test_patterns_directly_below_a_bucket_are_listed(origin):
    fake = Fake()
    fake.pipe({"/maps/a": DATA, "/maps/b": b"0", "/maps/in/c": b"2"})
    try:
        fs = SignedFileSystem("fake", skip_instance_cache=True)
        assert fs.glob("maps/*") == ["maps/a", "maps/b", "maps/in"]
        assert fs.glob("maps/**") == Fake().glob("maps/**")
        assert fs.find("maps", withdirs=True) == [
            "maps",
            "maps/a",
            "maps/b",
            "maps/in",
            "maps/in/c",
        ]
        assert fs.isdir("maps")
        assert not origin.signed
        SignedFileSystem.clear_instance_cache()  # of an origin that is gone
        ours, theirs = (fsspec.open_files(f"{chain}fake://maps/*") for chain in ("signed::", ""))
        assert [file.path for file in ours] == [file.path for file in theirs]
        assert len(origin.asked) == 1  # of the folder: which are files the listing has told
    finally:
        fake.rm("/maps", recursive=True)


def test_an_empty_bucket_is_a_folder_with_nothing_in_it(fs):
    assert fs.info("maps") == {"name": "maps", "size": 0, "type": "directory"}
    assert fs.ls("maps") == fs.find("maps") == fs.glob("maps/*.pdf") == []


def test_a_file_is_copied_to_this_machine(fs, tmp_path):
    fs.get("maps/a", str(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == DATA


def test_it_can_be_awaited(origin):
    async def read():
        fs = SignedFileSystem("fake", asynchronous=True, skip_instance_cache=True)
        return await asyncio.gather(fs._cat_file("maps/a", 0, 5), fs._cat_file("maps/a", 5, 9))

    assert asyncio.run(read()) == [DATA[:5], DATA[5:9]]


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b"])
def test_nothing_is_written_through_it(fs, mode):
    with pytest.raises(SigningNotSupportedError, match=r"signed:: reads.* daypass\.upload"):
        fs.open("maps/a", mode)


@pytest.mark.parametrize(
    ("verb", "paths"),
    [
        ("pipe", ["maps/new", b"1"]),
        ("put", [__file__, "maps/new"]),
        ("rm", ["maps/a"]),
        ("copy", ["maps/a", "maps/new"]),
        ("mv", ["maps/a", "maps/new"]),
        ("mkdir", ["maps/new"]),
        ("makedirs", ["maps/new/in"]),
        ("rmdir", ["maps/in"]),
        ("touch", ["maps/new"]),
    ],
)
def test_what_would_change_something_is_refused_in_words(fs, verb, paths):
    with pytest.raises(SigningNotSupportedError, match=r"signed:: reads, and .* daypass\.upload"):
        getattr(fs, verb)(*paths)


@pytest.mark.parametrize(
    ("error", "options"),
    [
        (UnknownOptionError, {"expire_in": 5}),
        (InvalidRequestError, {"method": "PUT"}),
        (InvalidRequestError, {"min_life": "soon"}),
        (InvalidRequestError, {"target_protocol": None}),
    ],
)
def test_options_that_are_not_legal_are_refused_at_once(error, options):
    with pytest.raises(error):
        SignedFileSystem(**{"target_protocol": "fake", **options}, skip_instance_cache=True)


def test_paths_of_one_store_share_a_filesystem_and_name_themselves_whole(origin):
    one, other = (fsspec.open(f"signed::fake://maps/{key}") for key in ("a", "b"))
    assert one.fs is other.fs
    assert one.fs.unstrip_protocol("maps/a") == "signed::fake://maps/a"
    assert one.fs._strip_protocol(["signed://maps/a/", "fake://maps/b"]) == ["maps/a", "maps/b"]


def test_it_travels_with_an_open_file_and_without_links(fs):
    file = fs.open("maps/a")
    file.seek(300)
    sent = pickle.dumps(file)
    assert SECRET.encode() not in sent
    assert b"http" not in sent
    assert pickle.loads(sent).read(5) == DATA[300:305]


def test_the_options_of_the_paths_protocol_have_one_name_where_it_is_made_by_hand():
    with pytest.raises(
        UnknownOptionError, match=r"takes the options of fake:// as target_options="
    ):
        fsspec.filesystem("signed", target_protocol="fake", fake={"profile": "maps"})
    fs = SignedFileSystem("fake", target_options={"key": SECRET}, skip_instance_cache=True)
    with pytest.raises(InvalidRequestError, match="target_options holds key") as caught:
        pickle.dumps(fs)
    assert caught.value.option == "target_options"


@pytest.mark.parametrize("options", [{"target_options": {"secret": SECRET}}, {"signer_options": {"key": SECRET}},
                                     {"headers": {"x-key": SECRET}}], ids=lambda o: next(iter(o)))  # fmt: skip
@pytest.mark.parametrize("way", [pickle.dumps, lambda fs: fs.to_json()], ids=["pickle", "json"])
def test_a_secret_does_not_travel(options, way):
    fs = SignedFileSystem("fake", **options, skip_instance_cache=True)
    with pytest.raises(InvalidRequestError, match="a filesystem cannot be pickled with") as caught:
        way(fs)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(fs)


def test_its_errors_show_no_option_and_no_link(origin):
    fs = SignedFileSystem("fake", {"secret": SECRET}, skip_instance_cache=True)
    with pytest.raises(DaypassError) as caught:
        fs.info("maps/gone")
    frame, values = caught.value.__traceback__, []
    while frame:
        if (
            "daypass/signed" in frame.tb_frame.f_code.co_filename
            and "core/src" in frame.tb_frame.f_code.co_filename
        ):
            values += map(repr, frame.tb_frame.f_locals.values())
        frame = frame.tb_next
    assert all(SECRET not in value for value in values)
