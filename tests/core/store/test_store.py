"""Store and the functions: one behaviour, whatever they are given."""

from __future__ import annotations

import asyncio
import inspect
import threading
from datetime import UTC, datetime
from enum import Enum
from itertools import count
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import daypass
from daypass.errors import (
    BackendNotFoundError,
    DaypassError,
    InvalidExpiryError,
    InvalidPathError,
    InvalidRequestError,
    ObjectNotFoundError,
    UnknownOptionError,
)
from daypass.model.paths import parse_path
from daypass.model.requests import SignOptions, make_request
from tests.core.fakes import (
    NOW,
    SECRET,
    Disguise,
    Hostile,
    HostileMapping,
    backend,
    honest,
    plugin,
)
from tests.core.values import LEGAL, ODD
from tests.each import each

PATH = "fake://bucket/key"
OPTIONS = sorted(SignOptions.__annotations__)


def sign(path=PATH, **options):
    return daypass.create_signed_url(path, **{"signing_time": NOW, **options})


async def _call(function, *args, **options):
    return await function(*args, **options)


FACES = {
    "function": lambda key, **o: daypass.create_signed_url(f"fake://bucket/{key}", **o),
    "Store": lambda key, **o: daypass.Store("fake://bucket").create_signed_url(key, **o),
    "async function": lambda key, **o: asyncio.run(
        _call(daypass.acreate_signed_url, f"fake://bucket/{key}", **o)
    ),
    "async Store": lambda key, **o: asyncio.run(
        _call(daypass.Store("fake://bucket").acreate_signed_url, key, **o)
    ),
}


@pytest.mark.parametrize("face", FACES)
@each("name", OPTIONS)
def test_every_face_takes_every_option_and_gives_the_same_link(fake, face, name):
    options = {"signing_time": NOW, **LEGAL[name]}
    assert FACES["function"]("a//b c", **options) == FACES[face]("a//b c", **options)


@pytest.mark.parametrize("face", FACES)
def test_every_face_refuses_an_unknown_option_naming_the_nearest(fake, face):
    with pytest.raises(UnknownOptionError, match="did you mean expires_in"):
        FACES[face]("key", expire_in=60)
    assert fake.seen == []


@pytest.mark.parametrize("face", FACES)
def test_every_face_takes_a_version(fake, face):
    FACES[face]("key", version="v 1")
    assert fake.seen[0][0].version == "v 1"


@pytest.mark.parametrize(
    "read",
    [
        lambda **o: daypass.head_metadata(PATH, **o),
        lambda **o: daypass.Store("fake://bucket").head_metadata("key", **o),
        lambda **o: asyncio.run(_call(daypass.ahead_metadata, PATH, **o)),
        lambda **o: asyncio.run(_call(daypass.Store("fake://bucket").ahead_metadata, "key", **o)),
    ],
    ids=FACES,
)
def test_every_face_reads_metadata_and_knows_what_is_missing(registry_of, read):
    module = backend()
    registry_of({"fake": module})
    assert (read().path, (read(version="v1"), module.seen[-1][0].version)[1], read().size) == (PATH, "v1", 3)  # fmt: skip

    def missing(location):
        msg = "gone"
        raise ObjectNotFoundError(msg)

    registry_of({"fake": backend(head=missing)})
    assert read(missing_ok=True) is None
    with pytest.raises(FileNotFoundError):
        read()


@pytest.mark.parametrize("face", ["async function", "async Store"])
def test_the_async_faces_work_in_another_thread(registry_of, face):
    threads = []

    def slow(location, request):
        threads.append(threading.current_thread())
        return honest(location, request)

    registry_of({"fake": backend(slow)})
    FACES[face]("key")
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("name", ["create_signed_url", "head_metadata"])
def test_the_async_twins_of_a_store_have_the_same_arguments(name):
    plain = inspect.signature(getattr(daypass.Store, name)).parameters
    twin = inspect.signature(getattr(daypass.Store, f"a{name}")).parameters
    assert list(plain) == list(twin)


@each("kind", ODD)
@pytest.mark.parametrize("name", OPTIONS)
def test_any_object_given_to_any_option_works_or_is_a_daypass_error(fake, name, kind):
    try:
        link = sign(**{**LEGAL[name], name: ODD[kind]})
    except DaypassError as error:
        assert str(error).isprintable()
        return
    assert link.url.startswith(
        ("https://bucket.fake.example/key?", "https://bucket.fake.example/?prefix=key&")
    )


PLACES = [
    *("path", "storage_options", "fs", "public_endpoint", "signer", "signer_options", "version"),
    "caller",
]
ODDER = {
    **ODD,
    "filesystem-like": SimpleNamespace(protocol="fake"),
    "filesystem of no protocol": SimpleNamespace(protocol=()),
    "filesystem of odd protocols": SimpleNamespace(protocol=([],)),
    "filesystem of number": SimpleNamespace(protocol=(5,)),
    "filesystem class": MemoryFileSystem,
    "recursive dict": {},
    "odd keys": {5: 5, None: 5},
    "hostile key": MappingProxyType({(): Hostile()}),
    "hostile value": {"signature_version": Hostile()},
    "hostile option": {"a": Hostile()},
    "unhashable value": {"a": bytearray(5), "b": memoryview(bytearray(5)), "c": [{}]},
    "path-like": SimpleNamespace(storage_options=5),
}
ODDER["recursive dict"]["again"] = ODDER["recursive dict"]


@each("kind", ODDER)
@pytest.mark.parametrize("name", PLACES)
def test_any_object_given_to_any_argument_works_or_is_a_daypass_error(fake, name, kind):
    try:
        sign(**{name: ODDER[kind]})
    except DaypassError as error:
        assert str(error).isprintable()


@each("kind", ODDER)
@pytest.mark.parametrize(
    "name", ["url", *(name for name in PLACES if name not in ("path", "version"))]
)
def test_any_object_given_to_a_store_works_or_is_a_daypass_error(fake, name, kind):
    try:
        daypass.Store(**{"url": "fake://bucket", name: ODDER[kind]}).create_signed_url("key")
    except DaypassError as error:
        assert str(error).isprintable()


@each("kind", ODDER)
def test_any_object_given_as_key_or_version_works_or_is_a_daypass_error(fake, kind):
    store = daypass.Store("fake://bucket")
    for options in ({"key": ODDER[kind]}, {"key": "key", "version": ODDER[kind]}):
        for call in (store.create_signed_url, store.head_metadata):
            try:
                call(**options)
            except DaypassError as error:
                assert str(error).isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([*OPTIONS, *PLACES]),
    value=st.text() | st.binary() | st.integers() | st.floats() | st.lists(st.text())
    | st.dictionaries(st.text(), st.text()) | st.datetimes() | st.timedeltas(),
)  # fmt: skip
def test_any_value_given_to_anything_works_or_is_a_daypass_error(fake, name, value):
    try:
        sign(**{**LEGAL.get(name, {}), name: value})
    except DaypassError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize(
    ("expected", "root", "key"),
    [
        ("k", "fake://bucket", "k"),
        ("k", "fake://bucket/", "k"),
        ("/k", "fake://bucket", "/k"),
        ("root/k", "fake://bucket/root", "k"),
        ("root/k", "fake://bucket/root/", "k"),
        ("root//k", "fake://bucket/root/", "/k"),
        ("root//k", "fake://bucket/root//", "k"),
        ("a b/c#?d", "fake://bucket/a b", "c#?d"),
        ("root/a::b", "fake://bucket/root", "a::b"),
        ("root/http://other/k", "fake://bucket/root", "http://other/k"),
        ("arn:aws:s3/k", "fake://bucket", "arn:aws:s3/k"),
    ],
    ids=count(),
)
def test_a_key_below_a_root_is_joined_by_one_slash_and_nothing_else(fake, expected, root, key):
    link = daypass.Store(root).create_signed_url(key)
    assert expected == fake.seen[0][0].key
    assert f"fake://bucket/{expected}" == link.path


class Name(str, Enum):  # noqa: UP042 - the kind that formats as its name
    KEY = "real"


@pytest.mark.parametrize("key", [Name.KEY, Disguise("real")], ids=["enumeration", "subclass"])
@pytest.mark.parametrize("root", ["fake://bucket", "fake://bucket/root", "fake://bucket/root/"])
def test_a_key_in_disguise_is_signed_by_its_characters(fake, root, key):
    link = daypass.Store(root).create_signed_url(key)
    assert link.path.endswith("/real")
    assert link.url.partition("?")[0].endswith("/real")
    assert type(fake.seen[0][0].key) is str


@pytest.mark.parametrize("key", ["", "a/../b", "..", "\0", "\ud800", b"k", None, 5, Hostile()],
                         ids=count())  # fmt: skip
def test_a_store_refuses_the_keys_a_path_refuses(fake, key):
    with pytest.raises(InvalidPathError):
        daypass.Store("fake://bucket/root").create_signed_url(key)
    assert fake.seen == []


@pytest.mark.parametrize("root", ["fake://bucket", "fake://bucket/root", "fake://bucket/root/"])
@pytest.mark.parametrize("method", ["GET", "LIST"])
def test_many_keys_are_signed_or_refused_as_each_alone(fake, root, method):
    store = daypass.Store(root)
    keys = ["k", "", "/", "a//b", "..", Name.KEY, Disguise("a b"), b"k", None, 5, Hostile()]
    batch = store.create_signed_urls(keys, method=method, errors="collect", signing_time=NOW)
    for row, key in enumerate(keys):
        try:
            single = store.create_signed_url(key, method=method, signing_time=NOW)
        except InvalidPathError:
            assert type(batch.errors.get(row)) is InvalidPathError
        else:
            assert batch[row] == single


@pytest.mark.parametrize("version", ["", 5, b"v", True, "\0", "a\nb", "\ud800", Hostile()],
                         ids=count())  # fmt: skip
def test_a_version_is_text(fake, version):
    with pytest.raises(InvalidRequestError):
        sign(version=version)


def test_an_unknown_protocol_is_refused_as_the_store_is_made_or_used(registry_of):
    registry_of()
    with pytest.raises(BackendNotFoundError):
        daypass.Store("s3://bucket")


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, 1.0), ("1", 1), ((), [])])
def test_options_that_only_compare_equal_are_not_the_same(fake, one, other):
    sign(storage_options={"a": one})
    sign(storage_options={"a": other})
    assert [type(one), type(other)] == [
        type(location.storage_options["a"]) for location, _ in fake.seen
    ]


def test_the_environment_is_part_of_what_a_store_is_made_of(fake, monkeypatch):
    sign()
    monkeypatch.setenv("AWS_PROFILE", "other")
    sign()
    assert fake.seen[0][0].cache is not fake.seen[1][0].cache


def test_the_same_place_is_prepared_once(fake):
    for key in ("a", "b"):
        sign(f"fake://bucket/{key}", storage_options={"a": {"b": [1]}})
    assert fake.seen[0][0].cache is fake.seen[1][0].cache


#: Paths that begin alike and lie in different places, or whose bucket is not what stands before a slash.
NEIGHBOURS = (
    "fake://bucket/a", "fake://bucket//a", "fake://bucket/a/b", "fake://bucket-2/a", "fake://bucket/é",
    "fake://arn:aws:s3:eu:1:accesspoint//a", "fake://arn:aws:s3:eu:1:accesspoint/name/a",
    "fake://arn:aws:s3:eu:1:accesspoint/other/a", "memory://bucket/a", "memory://a", "file:///bucket/a",
    "simplecache::fake://bucket/a", "fake2://bucket/a", "fake://user:password@bucket/a",
)  # fmt: skip


def at_one_host():
    """Make a sound backend whose host is not the bucket, which need not be one."""

    def answer(location, request):
        url = f"https://x.example/{quote(location.key, safe='/~')}?signature=x"
        return honest(location, request, url=url)

    return backend(answer)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(st.sampled_from(NEIGHBOURS), min_size=2, max_size=12))
def test_whatever_was_signed_before_a_path_leads_to_its_own_place(registry_of, paths):
    module = at_one_host()
    registry_of(dict.fromkeys(("fake", "fake2", "memory", "file"), module))
    for path in paths:
        sign(path)
        place, parsed = module.seen[-1][0], parse_path(path)
        assert (place.protocol, place.bucket, place.key) == (
            parsed.protocol,
            parsed.bucket,
            parsed.key,
        )


@pytest.mark.parametrize("path", NEIGHBOURS)
def test_every_kind_of_path_is_prepared_once(registry_of, path):
    module = at_one_host()
    registry_of(dict.fromkeys(("fake", "fake2", "memory", "file"), module))
    for _ in range(2):
        sign(path)
    assert module.seen[0][0].cache is module.seen[1][0].cache


def test_one_hour_apart_in_autumn_is_one_hour_apart():
    """2:30 comes twice when the clocks go back; the two compare equal and are not."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    second = first.replace(fold=1)
    assert (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC) == make_request({"expires_at": first}).expires_at
    )
    assert (
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC) == make_request({"expires_at": second}).expires_at
    )


def test_true_is_no_duration_even_after_a_one(fake):
    sign(expires_in=1)
    with pytest.raises(InvalidExpiryError):
        sign(expires_in=True)


def test_a_link_made_in_many_threads_is_the_same(fake):
    links, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        links.extend(sign(f"fake://bucket/{n}") for n in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(links), len({link.url for link in links})) == (160, 20)


def test_who_asks_goes_with_the_store_or_the_call(registry_of):
    told = []

    def record(event):
        told.append(event.caller)

    registry_of({"fake": backend()}, [plugin(record=record)])
    daypass.Store("fake://bucket", caller="ann").create_signed_url("k")
    sign(caller="bob")
    sign()
    assert told == ["ann", "bob", None]


def test_no_view_of_a_store_shows_a_secret(fake):
    store = daypass.Store(
        "fake://bucket/root",
        storage_options={"secret": SECRET},
        signer_options={"signature_version": SECRET},
    )
    link = store.create_signed_url("key")
    for shown in (store, store.location, store.backend, link, fake.seen):
        assert SECRET not in repr(shown)
    assert repr(store) == "Store('fake://bucket/root', backend='fake')"


@pytest.mark.parametrize(
    "options",
    [
        {"storage_options": {"secret": SECRET}, "fs": 5},
        {"storage_options": {"secret": SECRET}, "method": "POST"},
        {"storage_options": SECRET},
        {"signer_options": {"signature-version": SECRET}},
        {"signer_options": SECRET},
        {"headers": {"authorization": SECRET}},
        {"headers": {"x-amz-security-token": SECRET}},
        {"headers": {"x-a": SECRET + "\n"}},
        {"headers": SECRET},
        {"public_endpoint": f"http://user:{SECRET}@host"},
        {"content_md5": SECRET, "method": "PUT"},
    ],
    ids=count(),
)
def test_no_refusal_shows_a_secret(fake, options):
    with pytest.raises(DaypassError) as caught:
        sign(**options)
    assert SECRET not in str(caught.value) + repr(caught.value) + str(vars(caught.value))


def test_options_that_cannot_be_read_are_refused(fake):
    for name in ("storage_options", "signer_options"):
        with pytest.raises(InvalidRequestError):
            sign(**{name: HostileMapping()})


def test_what_a_caller_does_to_the_options_afterwards_changes_no_store(fake):
    options = {"client_kwargs": {"region_name": "a", "names": ["a"]}}
    store = daypass.Store("fake://bucket", storage_options=options)
    options["client_kwargs"]["region_name"] = options["client_kwargs"]["names"][0] = "b"
    assert store.location.storage_options == {"client_kwargs": {"region_name": "a", "names": ["a"]}}


def test_a_store_that_is_kept_is_opened_with_the_options_that_it_is_kept_for(fake, monkeypatch):
    """The first call is refused before its store is opened; then its caller asks for another one."""
    options = {"client_kwargs": {"region_name": "a"}}
    with pytest.raises(DaypassError):
        daypass.create_signed_url("fake://bucket/..", storage_options=options)
    options["client_kwargs"]["region_name"] = "b"
    daypass.create_signed_url(
        "fake://bucket/k", storage_options={"client_kwargs": {"region_name": "a"}}
    )
    assert fake.seen[-1][0].storage_options == {"client_kwargs": {"region_name": "a"}}


@pytest.mark.parametrize("root", ["holiday", "a", "my-bucket", "europe.tif", "my_bucket.2026"])
def test_a_bare_word_is_no_root(root):
    """It would be a folder of this machine, where a bucket or a profile was meant."""
    with pytest.raises(InvalidPathError, match="names no protocol: write") as caught:
        daypass.Store(root)
    assert caught.value.option == "path"


@pytest.mark.parametrize(
    "root", ["holiday/", "a/b", "./holiday", "../a", "~", ".", "/", "C:\\data"]
)
def test_a_path_of_this_machine_is_a_root_still(root):
    assert daypass.Store(root).location.protocol == "file"


def test_with_a_filesystem_or_as_a_path_object_a_bare_word_is_a_root():
    assert daypass.Store("holiday", fs=MemoryFileSystem()).location.protocol == "memory"
    assert daypass.Store(Path("holiday")).location.key == "holiday"


@pytest.mark.parametrize(
    ("prefix", "within"), [("x.zarr", "2026/x.zarr/"), ("x.zarr/", "2026/x.zarr/"), ("", "2026/")]
)
def test_a_root_for_one_grant_tells_the_backend_and_shares_what_is_prepared(
    registry_of, prefix, within
):
    module = backend()
    registry_of({"fake": module})
    store = daypass.Store("fake://bucket/2026")
    store.create_signed_url("x.zarr/0")
    cache = store.location.cache
    store = store.within(prefix)
    store.create_signed_url("x.zarr/0")
    asked = [location for location, _ in module.seen]
    assert [location.within for location in asked] == [None, within]
    assert [location.key for location in asked] == ["2026/x.zarr/0"] * 2
    assert asked[1].cache is cache
