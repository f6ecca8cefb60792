"""``daypass://NAME/key`` wherever a path does, with what the profile says and the caller's word over it."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import daypass
from daypass import ConfigError, CredentialsError, InvalidRequestError, UnsupportedOptionError
from daypass.config import Profile
from tests.core import fakes
from tests.core.fakes import FakeSession

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MAPS = """
[profiles.maps]
url = "fake://atlas/2026"
public_endpoint = "https://maps.example"
signer_options.signature_version = "v8"
storage_options = { region = "here", secret = { env = "MAPS_SECRET" }, deep = { a = 1, b = 1 } }
[profiles.maps.defaults]
expires_in = { GET = "2h", PUT = "10m" }
response_cache_control = "private"
response_content_disposition = "inline"
"""


@pytest.fixture
def module(registry_of, places, monkeypatch):
    monkeypatch.setenv("MAPS_SECRET", "sw0rdfish")
    module = fakes.backend(grant=fakes.granting)
    shield = fakes.backend(
        lambda location, request: fakes.honest(location, request, backend="shield"),
        name="shield",
        reads=False,
    )
    registry_of({"fake": module}, signers={"shield": shield})
    places.write(user=MAPS)
    return module


@pytest.mark.isolated
def test_a_link_is_what_the_profile_says_and_names_the_real_path(module):
    link = daypass.create_signed_url("daypass://maps/a b//c?d#e", signing_time=NOW)
    location, request = module.seen[-1]
    assert link.path == "fake://atlas/2026/a b//c?d#e"
    assert link.url.startswith("https://maps.example/atlas/2026/a%20b//c%3Fd%23e?")
    assert link.expires_at == NOW + timedelta(hours=2)
    assert (request.response_cache_control, request.disposition) == ("private", "inline")
    assert location.options.signature_version == "v8"
    assert location.storage_options == {
        "region": "here",
        "secret": "sw0rdfish",
        "deep": {"a": 1, "b": 1},
    }
    assert location.profile == "maps"


def test_the_callers_word_wins(module):
    daypass.create_signed_url(
        "daypass://maps/a",
        expires_in="5m",
        response_cache_control="no-store",
        filename="a.tif",
        public_endpoint="https://other.example",
        storage_options={"region": "there", "deep": {"b": 2}},
        signer_options={"signature_version": "v7"},
    )
    location, request = module.seen[-1]
    assert (request.expires_in, request.response_cache_control) == (300, "no-store")
    assert request.disposition.startswith("attachment")
    assert location.public_endpoint == "https://other.example"
    assert location.options.signature_version == "v7"
    assert location.storage_options["region"] == "there"
    assert location.storage_options["deep"] == {"a": 1, "b": 2}


def test_an_end_takes_the_place_of_a_default_lifetime(module):
    end = NOW + timedelta(minutes=1)
    link = daypass.create_signed_url("daypass://maps/a", expires_at=end, signing_time=NOW)
    assert link.expires_at == end


@pytest.mark.parametrize(("method", "seconds"), [("PUT", 600), ("DELETE", 300), ("HEAD", 3600)])
def test_defaults_are_by_method_and_answers_are_those_of_downloads(module, method, seconds):
    daypass.create_signed_url("daypass://maps/a", method=method)
    request = module.seen[-1][1]
    assert request.expires_in == seconds
    assert (request.response_cache_control is None) is (method != "HEAD")


def test_links_asked_for_by_turns_have_each_their_own_defaults(module):
    store = daypass.Store("daypass://maps")
    asked = [{"method": "GET"}, {"method": "PUT"}, {"method": "GET", "expires_in": 30}] * 2
    ends = [store.create_signed_url("a", signing_time=NOW, **one).expires_at for one in asked]
    assert [(end - NOW).total_seconds() for end in ends] == [7200, 600, 30] * 2


@pytest.mark.parametrize(
    ("default", "seconds"),
    [('"2d"', 172_800), ('{ PUT = "10m", GET = "1h" }', 600), ('{ GET = "1h" }', 900)],
)
def test_a_form_lives_as_long_as_the_profile_gives_an_upload(registry_of, places, default, seconds):
    registry_of({"fake": fakes.backend(form=fakes.forming)})
    places.write(
        user=f"[profiles.in]\nurl = 'fake://inbox'\n[profiles.in.defaults]\nexpires_in = {default}"
    )
    end = NOW + timedelta(seconds=seconds)
    path, store = "daypass://in/a", daypass.Store("daypass://in")
    assert daypass.create_upload_form(path, signing_time=NOW).expires_at == end
    assert store.create_upload_form("a", signing_time=NOW).expires_at == end
    link = daypass.create_signed_url(path, method="PUT", signing_time=NOW)
    assert link.expires_at == end
    own = daypass.create_upload_form(path, signing_time=NOW, expires_in="1m")
    assert own.expires_at == NOW + timedelta(minutes=1)


def test_store_bulk_prefix_metadata_and_streams_take_such_a_path(module):
    store = daypass.Store("daypass://maps/europe", caller="me")
    assert store.create_signed_url("a").path == "fake://atlas/2026/europe/a"
    assert store.create_signed_urls(["a", "b"])[1].path == "fake://atlas/2026/europe/b"
    assert store.create_signed_prefix("x").path == "fake://atlas/2026/europe/x/"
    assert store.head_metadata("a").key == "2026/europe/a"
    assert (store.profile, daypass.Store("fake://atlas").profile) == ("maps", None)
    assert repr(store) == "Store('fake://atlas/2026/europe', backend='fake')"
    paths = ["daypass://maps/a", "fake://atlas/b", "daypass://maps/c//d ", "daypass://maps/é"]
    expected = ["2026/a", "b", "2026/c//d ", "2026/é"]
    batch = daypass.create_signed_urls(paths, signing_time=NOW)
    assert [link.path for link in batch] == [f"fake://atlas/{key}" for key in expected]
    assert [link.path for link in daypass.create_signed_urls(iter(paths))] == [
        link.path for link in batch
    ]
    assert [link.expires_at for link in batch][:2] == [
        NOW + timedelta(hours=2),
        NOW + timedelta(hours=1),
    ]
    assert daypass.create_signed_prefix("daypass://maps/x").path == "fake://atlas/2026/x/"
    assert daypass.create_signed_prefix("daypass://maps").path == "fake://atlas/2026/"
    assert daypass.head_metadata("daypass://maps/a").path == "fake://atlas/2026/a"
    assert [head.key for head in daypass.head_metadata_many(paths)] == expected


def test_an_upload_in_parts_has_the_profiles_defaults_and_is_resumed_by_its_name(
    registry_of, places, monkeypatch
):
    monkeypatch.setenv("MAPS_SECRET", "sw0rdfish")
    monkeypatch.setattr(fakes.FakeSession, "stored", {})
    registry_of({"fake": fakes.backend(session=fakes.FakeSession)})
    places.write(user=MAPS)
    upload = daypass.create_multipart_upload("daypass://maps/big//a", size=25, part_size=10)
    assert upload.path == "fake://atlas/2026/big//a"
    link = upload.part(1)
    assert link.expires_at - datetime.now(UTC) <= timedelta(minutes=10)
    saved = upload.to_dict()
    assert saved["path"] == "daypass://maps/big//a"
    again = daypass.resume_multipart_upload(**saved)
    assert (again.path, again.upload_id) == (upload.path, upload.upload_id)
    twin = pickle.loads(pickle.dumps(upload))
    assert twin.path == upload.path
    lacking(places, "create_multipart_upload")
    with pytest.raises(UnsupportedOptionError, match="lacks create_multipart_upload"):
        daypass.create_multipart_upload("daypass://maps/a", size=25)


@pytest.mark.parametrize("root", ["", "in", "in/", "in//"])
@pytest.mark.parametrize("key", ["a", "/a", "a/", "in/a", "//"])
def test_the_path_of_a_profile_leads_to_the_same_place_again(module, places, root, key):
    places.write(user=f'[profiles.p]\nurl = "fake://b/{root}"')
    for path in (f"daypass://p/{key}", "daypass://p"):
        store = daypass.Store(path)
        location = store.root.at("k")
        assert daypass.Store(store.root.path_of(location)).location.path == location.path


def test_many_are_the_very_links_of_single_calls(module):
    keys = ["a", "", "x/", "/y", "..b", "%2e", "c?d"]
    paths = [f"daypass://maps/{key}" for key in keys]
    for method in ("GET", "LIST"):
        batch = daypass.create_signed_urls(paths, method=method, signing_time=NOW, errors="collect")
        for row, path in enumerate(paths):
            try:
                single = daypass.create_signed_url(path, method=method, signing_time=NOW)
            except daypass.InvalidPathError as error:
                assert type(batch.errors[row]) is type(error)
            else:
                assert batch[row] == single


def test_a_listing_never_reaches_above_the_root(module):
    for path in ("daypass://maps", "daypass://maps/"):
        link = daypass.create_signed_url(path, method="LIST")
        assert link.path == "fake://atlas/2026/"
        (row,) = daypass.create_signed_urls([path], method="LIST")
        assert row.path == link.path
    with pytest.raises(daypass.InvalidPathError, match="names a bucket but no key"):
        daypass.create_signed_url("daypass://maps")


def test_policy_and_audit_see_the_real_path(registry_of, places, monkeypatch):
    monkeypatch.setenv("MAPS_SECRET", "x")
    events = []
    hooks = fakes.plugin(authorize=lambda event: events.append(event.path),
                         record=lambda event: events.append(event.path))  # fmt: skip
    registry_of({"fake": fakes.backend()}, plugins=[hooks])
    places.write(user=MAPS)
    daypass.create_signed_url("daypass://maps/a")
    assert events == ["fake://atlas/2026/a"] * 2


def test_an_unknown_profile_is_told_with_the_nearest(module):
    for call in (daypass.create_signed_url, daypass.head_metadata, daypass.Store):
        with pytest.raises(ConfigError, match="no profile is named 'map': did you mean maps"):
            call("daypass://map/a")
    with pytest.raises(ConfigError, match=r"row 1, .*: no profile is named"):
        daypass.create_signed_urls(["daypass://maps/a", "daypass://nap/a"])


def test_a_secret_that_is_missing_is_told_by_its_name(module, monkeypatch):
    monkeypatch.delenv("MAPS_SECRET")
    with pytest.raises(CredentialsError, match="MAPS_SECRET, which is not set"):
        daypass.create_signed_url("daypass://maps/a")


def test_what_has_changed_is_noticed_by_the_next_link(module, places, monkeypatch, tmp_path):
    def secret():
        daypass.create_signed_url("daypass://maps/a")
        return module.seen[-1][0].storage_options["secret"]

    assert secret() == "sw0rdfish"
    monkeypatch.setenv("MAPS_SECRET", "newer")
    assert secret() == "newer"
    (tmp_path / "s").write_text("filed\n")
    places.write(user=MAPS.replace('{ env = "MAPS_SECRET" }', f'{{ file = "{tmp_path / "s"}" }}'))
    assert secret() == "filed"
    (tmp_path / "s").write_text("filed anew\n")
    assert secret() == "filed anew"


def test_the_root_of_a_path_is_prepared_once(module):
    one, other = (daypass.store.prepared.root_for(f"daypass://maps/{key}", storage_options=None, fs=None)
                  for key in "ab")  # fmt: skip
    assert one[0] is other[0]
    assert (one[1], other[1]) == ("a", "b")


def test_a_store_travels_by_the_profiles_name(module, monkeypatch):
    store = daypass.Store(
        "daypass://maps/x", signer_options={"signature_version": "v7"}, caller="c"
    )
    data = pickle.dumps(store)
    assert b"sw0rdfish" not in data
    assert b"atlas" not in data
    monkeypatch.setenv("MAPS_SECRET", "of the other process")
    twin = pickle.loads(data)
    assert twin.location.storage_options["secret"] == "of the other process"
    assert twin.location.options.signature_version == "v7"
    assert (twin.location.path, twin.caller, twin.profile) == ("fake://atlas/2026/x", "c", "maps")
    with pytest.raises(InvalidRequestError, match="cannot be pickled with a secret"):
        pickle.dumps(daypass.Store("daypass://maps", storage_options={"secret": "x"}))


def test_a_filesystem_takes_the_place_of_the_profiles_options(module):
    class FakeFileSystem(MemoryFileSystem):
        protocol = "fake"

    fs = FakeFileSystem(skip_instance_cache=True)
    daypass.create_signed_url("daypass://maps/a", fs=fs)
    location = module.seen[-1][0]
    assert location.fs is fs
    assert location.storage_options == {}
    with pytest.raises(daypass.InvalidPathError, match="the path says fake:// but fs is"):
        daypass.create_signed_url("daypass://maps/a", fs=MemoryFileSystem())


def test_another_signer_takes_the_place_of_all_that_configures_signing(module, places):
    link = daypass.create_signed_url("daypass://maps/a", signer="shield")
    assert link.backend == "shield"
    places.write(
        user=MAPS.replace("[profiles.maps.defaults]", 'signer = "shield"\n[profiles.maps.defaults]')
    )
    store = daypass.Store("daypass://maps")
    assert (store.signer, store.location.options.signature_version) == ("shield", "v8")
    assert store.location.public_endpoint == "https://maps.example"
    assert store.head_metadata("a").key == "2026/a"


# What a store lacks.


def lacking(places, *names):
    lines = "".join(f"capabilities.{name} = false\n" for name in names)
    places.write(user=MAPS.replace("[profiles.maps.defaults]", f"{lines}[profiles.maps.defaults]"))


@pytest.mark.parametrize(
    ("name", "call", "option"),
    [
        ("LIST", lambda: daypass.create_signed_url("daypass://maps", method="LIST"), "method"),
        ("put", lambda: daypass.create_signed_url("daypass://maps/a", method="PUT"), "method"),
        ("create_signed_url", lambda: daypass.create_signed_url("daypass://maps/a"), None),
        ("create_signed_prefix", lambda: daypass.create_signed_prefix("daypass://maps/a"), None),
        ("head_metadata", lambda: daypass.head_metadata("daypass://maps/a"), None),
        ("version", lambda: daypass.create_signed_url("daypass://maps/a", version="3"), None),
        ("version", lambda: daypass.head_metadata("daypass://maps/a", version="3"), None),
        ("ip_range", lambda: daypass.create_signed_url("daypass://maps/a", ip_range="::1"), None),
        ("ip_range", lambda: daypass.create_signed_urls(["daypass://maps/a"], ip_range="::1"), None),
        (
            "content_type",
            lambda: daypass.create_signed_url("daypass://maps/a", method="PUT", content_type="a/b", strict=False),
            None,
        ),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_the_profiles_store_lacks_is_refused_by_name(module, places, name, call, option):
    call()
    lacking(places, name)
    before = len(module.seen)
    with pytest.raises(UnsupportedOptionError, match="the profile maps says that its store lacks") as caught:  # fmt: skip
        call()
    real = name.upper() if option == "method" else name
    assert f"lacks {real}: " in str(caught.value)
    assert caught.value.option == (option or name)
    assert len(module.seen) == before


def test_a_restriction_that_is_lacking_can_be_waived(module, places):
    lacking(places, "ip_range")
    link = daypass.create_signed_url("daypass://maps/a", ip_range="::1", strict=False)
    assert link.unenforced == {"ip_range"}
    assert module.seen[-1][1].ip_range is None


def test_a_default_that_the_store_lacks_is_refused_too(module, places):
    lacking(places, "response_cache_control")
    with pytest.raises(UnsupportedOptionError, match="lacks response_cache_control"):
        daypass.create_signed_url("daypass://maps/a")


def test_other_paths_of_the_same_store_lack_nothing(module, places):
    lacking(places, "LIST")
    daypass.create_signed_url("fake://atlas", method="LIST")


# As an fsspec protocol.


@pytest.fixture
def root(places):
    """A profile on fsspec's filesystem in memory."""
    mem, file = "memory://box/in", places.project.parent.as_uri()
    places.write(user=f'[profiles.mem]\nurl = "{mem}"\n[profiles.file]\nurl = "{file}"\n')
    forget()
    for name in ("a.csv", "b c#?.csv", "sub/d.csv", "sub/e/f.csv"):
        MemoryFileSystem().pipe_file(f"/box/in/{name}", name.encode())
    MemoryFileSystem().pipe_file("/box/outside.csv", b"")
    yield "daypass://mem"
    forget()


def forget():
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.mark.isolated
def test_open_reads_and_writes(root):
    with fsspec.open(f"{root}/b c#?.csv") as file:
        assert file.read() == b"b c#?.csv"
    with fsspec.open(f"{root}/new/x.txt", "w") as file:
        file.write("text")
    assert MemoryFileSystem().cat_file("/box/in/new/x.txt") == b"text"


def test_names_are_ours_in_all_that_lists(root):
    fs, path = fsspec.url_to_fs(root)
    assert path == "mem"
    assert sorted(fs.ls(path, detail=False)) == ["mem/a.csv", "mem/b c#?.csv", "mem/sub"]
    assert [fs.info(name)["name"] for name in fs.find(path)] == fs.find("daypass://mem/")
    assert fs.glob("daypass://mem/*.csv") == ["mem/a.csv", "mem/b c#?.csv"]
    assert fs.glob("daypass://mem/**/f.csv") == ["mem/sub/e/f.csv"]
    assert fs.find(path, detail=True)["mem/sub/d.csv"]["size"] == 9
    assert [place for place, _, _ in fs.walk("mem/sub")] == ["mem/sub", "mem/sub/e"]
    assert fs.unstrip_protocol("mem/a.csv") == "daypass://mem/a.csv"
    assert fs.ls("", detail=False) == ["file", "mem"]
    assert fs.info("")["type"] == "directory"
    assert len(fsspec.open_files(f"{root}/*.csv")) == 2


def test_the_other_operations_reach_the_store(root, tmp_path):
    fs = fsspec.filesystem("daypass")
    fs.pipe_file("mem/p", b"12345")
    assert fs.cat_file("daypass://mem/p", start=1, end=3) == b"23"
    assert fs.cat(["mem/p", "mem/a.csv"]) == {"mem/p": b"12345", "mem/a.csv": b"a.csv"}
    fs.copy("mem/p", "mem/q")
    fs.copy("mem/p", "file/q")
    assert (fs.size("mem/q"), fs.cat_file("file/q")) == (5, b"12345")
    fs.get("mem/q", str(tmp_path / "q"))
    fs.put(str(tmp_path / "q"), "mem/r")
    fs.mv("mem/r", "mem/s")
    assert (fs.exists("mem/r"), fs.exists("mem/s"), fs.isdir("mem/sub")) == (False, True, True)
    fs.rm("mem/sub", recursive=True)
    assert not fs.exists("mem/sub")
    fs.makedirs("mem/m/n")
    fs.invalidate_cache()
    fs.invalidate_cache("mem/m")
    assert fs.created("mem/s") is not None


def test_through_a_cache_of_fsspec(root):
    with fsspec.open(f"simplecache::{root}/a.csv") as file:
        assert file.read() == b"a.csv"
    assert daypass.head_metadata(f"simplecache::{root}/a.csv").size == 5


def test_a_misspelt_profile_is_an_error_and_not_a_missing_file(root):
    fs = fsspec.filesystem("daypass")
    for ask in (fs.exists, fs.info, fs.ls, fs.open):
        with pytest.raises(ConfigError, match="no profile is named 'men': did you mean mem"):
            ask("men/a.csv")


def test_a_local_root_is_not_left_upward(root):
    with pytest.raises(daypass.InvalidPathError, match="leave the root of the profile file"):
        fsspec.filesystem("daypass").cat_file("daypass://file/../../etc/passwd")


@pytest.fixture
def web(places):
    """Serve /secret/a and /maps/a by HTTP, and make a profile of /maps; what was asked for comes in the list."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = self.path.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the standard library's name

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            places.write(
                user=f"[profiles.web]\nurl = 'http://127.0.0.1:{server.server_port}/maps'\n"
            )
            yield asked
        finally:
            server.shutdown()
            thread.join()


LEAVING = ["../secret/a", "x/../../secret/a", "%2e%2E/secret/a", ".%2e/secret/a", ".\t./secret/a", "..?a", "..#a", "./a", ".."]  # fmt: skip


@pytest.mark.parametrize("key", LEAVING)
def test_no_root_is_left_upward_by_http_neither_in_reading_nor_for_metadata(web, key):
    fs = fsspec.filesystem("daypass")
    for read in (
        lambda: fs.cat_file(f"web/{key}"),
        lambda: fs.open(f"web/{key}"),
        lambda: daypass.head_metadata(f"daypass://web/{key}"),
        lambda: daypass.head_metadata_many([f"daypass://web/{key}"], errors="raise"),
        lambda: daypass.Store("daypass://web").head_metadata(key),
        lambda: daypass.Store(f"daypass://web/{key}").head_metadata(""),
    ):
        with pytest.raises(daypass.InvalidPathError):
            read()
    assert web == []


def test_a_key_below_a_root_of_http_is_read(web):
    assert fsspec.filesystem("daypass").cat_file("web/a..b/.c") == b"/maps/a..b/.c"


def test_its_filesystem_signs_and_is_taken_as_fs(module):
    fs = fsspec.filesystem("daypass", region="there", skip_instance_cache=True)
    assert fs.sign("maps/a", expiration=60).startswith("https://maps.example/atlas/2026/a?")
    assert module.seen[-1][1].expires_in == 60
    for path in ("maps/a", "daypass://maps/a"):
        assert daypass.create_signed_url(path, fs=fs).path == "fake://atlas/2026/a"
        assert module.seen[-1][0].storage_options["region"] == "there"


def test_a_profile_shows_its_name_and_root(module):
    profile = daypass.config.load().profile("maps")
    assert isinstance(profile, Profile)
    assert repr(profile) == "Profile('maps', url='fake://atlas/2026')"


def test_an_upload_in_parts_is_the_profiles(places, registry_of, monkeypatch):
    monkeypatch.setattr(FakeSession, "stored", {})
    registry_of({"fake": fakes.backend(session=FakeSession)})
    places.write(
        user="[profiles.maps]\nurl = 'fake://bucket/root'\n[profiles.maps.defaults]\nexpires_in = '7m'\n"
    )
    upload = daypass.create_multipart_upload("daypass://maps/a/b", size=25, part_size=10)
    assert upload.path == "fake://bucket/root/a/b"
    told = upload.to_dict()
    assert (told["path"], told["expires_in"]) == ("daypass://maps/a/b", 420)
    again = daypass.resume_multipart_upload(**told)
    assert again.path == upload.path
    assert pickle.loads(pickle.dumps(upload)).path == upload.path
    link = again.part(1)
    assert 400 < (link.expires_at - datetime.now(UTC)).total_seconds() <= 420


@pytest.mark.parametrize(
    ("lacks", "option"),
    [("create_multipart_upload", "create_multipart_upload"), ("content_type", "content_type")],
)
def test_what_a_profiles_store_lacks_is_no_part_of_an_upload(
    places, registry_of, monkeypatch, lacks, option
):
    monkeypatch.setattr(FakeSession, "stored", {})
    registry_of({"fake": fakes.backend(session=FakeSession)})
    places.write(
        user=f"[profiles.maps]\nurl = 'fake://bucket'\n[profiles.maps.capabilities]\n{lacks} = false\n"
    )
    with pytest.raises(daypass.UnsupportedOptionError) as caught:
        daypass.create_multipart_upload("daypass://maps/a", size=5, content_type="a/b")
    assert caught.value.option == option
    assert FakeSession.stored == {}


def test_a_size_that_a_profiles_store_cannot_bind_is_not_bound(places, registry_of, monkeypatch):
    monkeypatch.setattr(FakeSession, "stored", {})
    registry_of({"fake": fakes.backend(session=FakeSession)})
    places.write(
        user="[profiles.maps]\nurl = 'fake://bucket'\n[profiles.maps.capabilities]\ncontent_length = false\n"
    )
    daypass.create_multipart_upload("daypass://maps/a", size=5).part(1)
    assert FakeSession.stored["upload-1"][1].size is None
