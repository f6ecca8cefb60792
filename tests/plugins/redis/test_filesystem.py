from __future__ import annotations

import pickle

import fsspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import daypass
from daypass.errors import InvalidPathError, ObjectNotFoundError, StoreError
from daypass_redis import listing
from daypass_redis.filesystem import RedisFileSystem
from tests.each import each
from tests.servers.redis import tls_front

pytestmark = pytest.mark.servers

#: Every key that Redis can hold and Python's text can say.
KEYS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


def test_plain_fsspec_finds_it(server, client):
    with fsspec.open(f"{server.url}/0/a/b", "wb") as file:
        file.write(b"hello")
    assert client.get("a/b") == b"hello"
    with fsspec.open(f"{server.url}/0/a/b") as file:
        assert file.read() == b"hello"
    with fsspec.open(f"{server.url}/0/a/b", "rt") as file:
        assert file.read() == "hello"
    fs, path = fsspec.url_to_fs(f"{server.url}/0/a/b")
    assert (type(fs), path, fs.unstrip_protocol(path)) == (
        RedisFileSystem,
        "a/b",
        f"{server.url}/0/a/b",
    )


def test_plain_fsspec_opens_many(server, client):
    client.mset({"a": b"1", "b": b"2"})
    with fsspec.open_files([f"{server.url}/0/a", f"{server.url}/0/b"]) as files:
        assert [file.read() for file in files] == [b"1", b"2"]


def test_plain_fsspec_strips_lists_and_keys(server, fs):
    assert fs._strip_protocol([f"{server.url}/0/a", "b/"]) == ["a", "b/"]
    assert fs._get_kwargs_from_urls("a/b") == fs._get_kwargs_from_urls("a//b") == {}


def test_url_of_a_server_alone_names_host_and_port(server, fs):
    place = {"host": "127.0.0.1", "port": server.port}
    assert fs._get_kwargs_from_urls(server.url) == place
    assert fs._get_kwargs_from_urls(f"{server.url}/2") == {**place, "db": 2}
    found = daypass.Store(f"{server.url}/0").location.fs
    assert found.settings == fs.settings


def test_plain_fsspec_uses_tls(server, client, tmp_path):
    with tls_front(server, tmp_path) as (port, ca):
        url = f"rediss://127.0.0.1:{port}/0/a"
        with fsspec.open(url, "wb", ssl_ca_certs=str(ca)) as file:
            file.write(b"hello")
    assert client.get("a") == b"hello"


@given(KEYS)
@example("/")
@example("a/")
@example("//a//")
@example("a*b?[c]^\\d-")
@example("a::b")
@example("redis://localhost/0/a")
@example("\x00\n")
def test_key_round_trip(server, key):
    fs = fsspec.filesystem("redis", host=server.host, port=server.port)
    path = f"{server.url}/0/{key}"
    with server.client() as client:
        client.flushall()
        fs.pipe_file(path, b"12345")
        assert client.keys() == [key.encode()]
        assert fs.cat_file(path) == b"12345"
        info = fs.info(path)
        assert (info["name"], info["size"], info["type"]) == (key, 5, "file")
        assert fs.find("") == [key]
        # What a listing names can be used as it is, and is no second time taken for a URL.
        (name,) = fs.find("")
        with fs.open(name) as file:
            assert file.read() == b"12345"
        assert fs.unstrip_protocol(name) == path
        fs.rm(name)
        assert client.dbsize() == 0


@given(st.lists(st.text("ab/", min_size=1, max_size=6), unique=True))
def test_every_key_is_reached_by_ls_from_the_root(server, keys):
    fs = fsspec.filesystem("redis", host=server.host, port=server.port)
    with server.client() as client:
        client.flushall()
        if keys:
            client.mset(dict.fromkeys(keys, b""))
    reached, todo, seen = set(), [""], set()
    while todo:
        directory = todo.pop()
        assert directory not in seen
        seen.add(directory)
        for entry in fs.ls(directory):
            if entry["type"] == "directory":
                todo.append(entry["name"])
            else:
                reached.add(entry["name"])
    assert reached == set(keys)
    assert set(fs.find("", withdirs=True)) == reached | (seen - {""})


def test_path_of_another_place_is_refused(server, fs):
    for url in (
        f"{server.url}/1/a",
        "redis://elsewhere.example/0/a",
        f"rediss{server.url[5:]}/0/a",
    ):
        for call in (fs.cat_file, fs.info, fs.ls, fs.find, fs.rm, fs.open):
            with pytest.raises(InvalidPathError, match="is connected to"):
                call(url)


def test_path_without_key_is_refused(server, fs):
    for path in ("", f"{server.url}/0", f"{server.url}/0/"):
        for call in (fs.cat_file, fs.open, fs.rm, fs.rm_file, lambda key: fs.pipe_file(key, b"")):
            with pytest.raises(InvalidPathError, match="no key"):
                call(path)


def test_lone_surrogate_is_refused(fs):
    with pytest.raises(InvalidPathError, match="surrogate"):
        fs.cat_file("a\ud800")
    with pytest.raises(InvalidPathError, match="surrogate"):
        fs.ls("a\ud800")


SLICES = [None, 0, 1, 3, 5, 6, 100, 2**70, -1, -3, -5, -6, -100]


@pytest.mark.parametrize("start", SLICES)
@each("end", SLICES)
def test_part_is_a_slice(client, fs, start, end):
    client.set("a", b"01234")
    assert fs.cat_file("a", start=start, end=end) == b"01234"[start:end]


@pytest.mark.parametrize(("start", "end"), [(None, None), (0, 1), (-1, None), (3, 1), (0, 0)])
def test_missing_key_has_no_parts(fs, start, end):
    with pytest.raises(ObjectNotFoundError, match="does not exist"):
        fs.cat_file("a", start=start, end=end)


@pytest.mark.parametrize(("start", "end"), [(None, None), (0, 1), (-1, None), (3, 1)])
def test_other_type_has_no_parts(client, fs, start, end):
    client.hset("a", "f", "v")
    with pytest.raises(StoreError):
        fs.cat_file("a", start=start, end=end)


def test_file_is_read_by_ranges(client, fs):
    client.set("a", bytes(range(256)) * 64)
    with fs.open("a", block_size=100, cache_type="bytes") as file:
        assert file.size == 16_384
        file.seek(-3, 2)
        assert file.read() == bytes([253, 254, 255])
        file.seek(255)
        assert file.read(2) == bytes([255, 0])


def test_file_appears_whole_when_it_is_closed(client, fs):
    client.set("a", b"old")
    with fs.open("a", "wb", block_size=4) as file:
        file.write(b"0123456789")
        file.write(b"abc")
        assert client.get("a") == b"old"
    assert client.get("a") == b"0123456789abc"


def test_empty_file_is_written(client, fs):
    with fs.open("a", "wb"):
        pass
    assert client.get("a") == b""
    assert fs.cat_file("a") == b""


def test_transaction_writes_at_its_end(client, fs):
    with fs.transaction:
        with fs.open("a", "wb") as file:
            file.write(b"1")
        assert not client.exists("a")
    assert client.get("a") == b"1"


def test_transaction_that_fails_writes_nothing(client, fs):
    with pytest.raises(ZeroDivisionError), fs.transaction:  # noqa: PT012
        with fs.open("a", "wb") as file:
            file.write(b"1")
        raise ZeroDivisionError
    assert not client.exists("a")


@pytest.mark.parametrize("mode", ["ab", "r+b"])
def test_other_modes_are_refused(fs, mode):
    with pytest.raises(NotImplementedError, match="rb, wb or xb"):
        fs.open("a", mode)


def test_missing_file_is_not_opened(fs):
    with pytest.raises(FileNotFoundError):
        fs.open("a")


@pytest.mark.parametrize("value", [b"v", bytearray(b"v"), memoryview(b"v")])
def test_value_is_bytes(client, fs, value):
    fs.pipe_file("a", value)
    assert client.get("a") == b"v"


@pytest.mark.parametrize("value", ["v", 1, None])
def test_value_that_is_no_bytes_is_refused(client, fs, value):
    with pytest.raises(TypeError):
        fs.pipe_file("a", value)
    assert not client.exists("a")


def test_write_replaces_type_and_time_to_live(client, fs):
    client.hset("a", "f", "v")
    client.expire("a", 100)
    fs.pipe_file("a", b"1")
    assert (client.get("a"), client.ttl("a")) == (b"1", -1)


def test_create_does_not_replace(client, fs):
    fs.pipe_file("a", b"1", mode="create")
    with pytest.raises(FileExistsError):
        fs.pipe_file("a", b"2", mode="create")
    file = fs.open("a", "xb")
    file.write(b"3")
    with pytest.raises(FileExistsError):
        file.close()
    assert client.get("a") == b"1"


@pytest.fixture
def tree(client, fs):
    client.mset(dict.fromkeys(["a", "a/b", "a/c/d", "a/c/e/f", "ab", "a?/b", "x/"], b"123"))
    client.rpush("a/list", 1)
    return fs


def test_ls_gives_one_level(tree):
    assert tree.ls("", detail=False) == ["a", "a?", "ab", "x"]
    assert tree.ls("a", detail=False) == tree.ls("a/", detail=False) == ["a/b", "a/c", "a/list"]
    assert tree.ls("a") == [
        {"name": "a/b", "size": 3, "type": "file", "redis_type": "string"},
        {"name": "a/c", "size": 0, "type": "directory"},
        {"name": "a/list", "size": None, "type": "other", "redis_type": "list"},
    ]


def test_ls_takes_no_pattern(tree):
    assert tree.ls("a?", detail=False) == ["a?/b"]
    assert tree.exists("a?")
    assert not tree.exists("*")


def test_ls_of_a_key_is_the_key(tree):
    assert tree.ls("ab", detail=False) == ["ab"]


def test_ls_of_nothing_is_not_found(tree):
    with pytest.raises(FileNotFoundError):
        tree.ls("nothing")


def test_empty_database_lists_nothing(fs):
    assert fs.ls("") == fs.find("") == []
    assert fs.info("")["type"] == "directory"


def test_info_tells_files_from_directories(tree):
    assert tree.info("a/b")["type"] == "file"
    assert tree.info("a/c") == {"name": "a/c", "size": 0, "type": "directory"}
    assert tree.info("a/list")["type"] == "other"
    assert tree.isfile("ab")
    assert tree.isdir("a/c/")
    with pytest.raises(FileNotFoundError):
        tree.info("nothing")


def test_info_does_not_change_while_a_key_grows_old(client, fs):
    client.set("a", b"1", px=100_000)
    assert fs.info("a") == fs.info("a")
    assert fs.checksum("a") == fs.checksum("a")


def test_find_goes_as_deep_as_told(tree):
    assert tree.find("a") == ["a/b", "a/c/d", "a/c/e/f", "a/list"]
    assert tree.find("a", maxdepth=2) == ["a/b", "a/c/d", "a/list"]
    assert tree.find("a", maxdepth=1, withdirs=True) == ["a", "a/b", "a/c", "a/list"]
    assert tree.find("ab") == ["ab"]
    assert tree.find("ab", detail=True)["ab"]["size"] == 3
    assert tree.find("nothing") == []
    with pytest.raises(ValueError, match="maxdepth"):
        tree.find("a", maxdepth=0)


def test_glob_walk_and_du_work(tree):
    assert tree.glob("a/*/*") == ["a/c/d", "a/c/e"]
    assert [root for root, _, _ in tree.walk("a")] == ["a", "a/c", "a/c/e"]
    assert tree.du("a/c") == 6


def test_rm_takes_a_key_and_no_pattern(client, tree):
    with pytest.raises(FileNotFoundError):
        tree.rm("a*")
    tree.rm("a")
    assert not client.exists("a")
    assert client.exists("a/b", "ab", "a?/b") == 3


def test_rm_takes_what_is_below(client, tree):
    tree.rm("a", recursive=True)
    assert sorted(client.keys()) == [b"a?/b", b"ab", b"x/"]
    tree.rm(["ab", "x"], recursive=True)
    assert client.keys() == [b"a?/b"]
    with pytest.raises(FileNotFoundError):
        tree.rm("a", recursive=True)
    tree.rm("", recursive=True)
    assert client.dbsize() == 0


def test_rm_goes_as_deep_as_told(client, tree):
    tree.rm("a", recursive=True, maxdepth=1)
    assert sorted(client.keys("a/*")) == [b"a/c/d", b"a/c/e/f"]


def test_large_database_is_listed_and_emptied_in_batches(client, fs):
    client.mset({f"d/{number:05}": b"x" for number in range(2500)})
    assert len(fs.ls("d")) == 2500
    fs.rm("d", recursive=True)
    assert client.dbsize() == 0


def test_key_that_went_during_the_listing_is_left_out(client, fs, monkeypatch):
    client.set("a", b"1")
    monkeypatch.setattr(listing, "scan", lambda *_: iter(["a", "gone", "a"]))
    assert fs.ls("", detail=False) == ["a"]


def test_key_that_is_not_utf8_is_listed_and_read_by_that_name(client, fs):
    client.set(b"a/\xff", b"1")
    (name,) = fs.ls("a", detail=False)
    assert fs.cat_file(name) == b"1"
    fs.rm(name)
    assert client.dbsize() == 0


def test_empty_key_is_not_listed(client, fs):
    client.set(b"", b"1")
    assert fs.ls("") == fs.find("") == []


def test_exists_asks_every_time(client, fs):
    assert not fs.exists("a/b")
    client.set("a/b", b"1")
    assert fs.exists("a/b")
    assert fs.exists("a")


def test_filesystem_and_names_can_be_pickled(client, fs):
    client.set("redis://x/0/a", b"1")
    (name,) = fs.find("")
    twin, same = pickle.loads(pickle.dumps((fs, name)))
    assert twin.cat_file(same) == b"1"


def test_message_stays_on_one_line(fs):
    with pytest.raises(FileNotFoundError, match=r"/0/a\\nb\\udcff does not exist"):
        fs.cat_file("a\nb\udcff")


def test_files_come_and_go_by_fsspecs_own_methods(client, fs, tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"2")
    fs.put(str(tmp_path), "up", recursive=True)
    assert sorted(client.keys()) == [b"up/a", b"up/b"]
    assert fs.cat("up/a") == b"1"
    assert fs.cat("up/*") == {"up/a": b"1", "up/b": b"2"}
    fs.get("up", str(tmp_path / "down"), recursive=True)
    assert (tmp_path / "down" / "b").read_bytes() == b"2"
    fs.pipe({"c": b"3", "d": b"4"})
    assert fs.cat(["c", "d"]) == {"c": b"3", "d": b"4"}
    assert fs.cat_ranges(["c", "d"], 0, 1) == [b"3", b"4"]
    fs.touch("e")
    assert fs.size("e") == 0


def test_no_link_can_be_signed(fs):
    with pytest.raises(NotImplementedError):
        fs.sign("a")
