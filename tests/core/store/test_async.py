"""The async face: each function has the keywords of its twin, gives the same, and leaves the event loop alone."""

from __future__ import annotations

import asyncio
import inspect
import threading

import pytest

import daypass
from daypass.errors import InvalidPathError, ObjectNotFoundError, UnknownOptionError
from daypass.model.metadata import ObjectMetadata
from tests.core.fakes import NOW, backend

TWINS = sorted(
    name for name in daypass.__all__ if name.startswith("a") and name[1:] in daypass.__all__
)
METHODS = sorted(
    name
    for name in vars(daypass.Store)
    if name.startswith("a") and hasattr(daypass.Store, name[1:])
)
KEYS = ["a", "b/c", "a"]
PATHS = [f"fake://bucket/{key}" for key in KEYS]


def parameters(function):
    """Name what comes by its place, and all keywords, those of an unpacked dictionary too."""
    given = inspect.signature(function).parameters.values()
    names = {one.name for one in given if one.kind is one.KEYWORD_ONLY}
    spread = function.__annotations__.get("options", "").removeprefix("Unpack[").rstrip("]")
    if spread:
        names |= getattr(inspect.getmodule(function), spread).__annotations__.keys()
    return [one.name for one in given if one.kind is one.POSITIONAL_OR_KEYWORD], names


def test_every_function_that_asks_a_store_or_signs_has_a_twin():
    made = {
        name for name in daypass.__all__ if name.startswith(("create_", "resume_", "head_metadata"))
    }
    assert {f"a{name}" for name in made} == set(METHODS)
    # What moves files is no method: it takes a link as well as a path. Nor is a whole manifest a store's.
    files = {"upload", "download", "abort_upload", "sign_manifest", "head_manifest"}
    files |= {"share", "request_upload"}
    assert {f"a{name}" for name in made | files} == set(TWINS)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_has_the_keywords_of_its_function(name):
    twin, function = getattr(daypass, name), getattr(daypass, name[1:])
    assert inspect.iscoroutinefunction(twin)
    assert parameters(twin) == parameters(function)


@pytest.mark.parametrize("name", METHODS)
def test_a_twin_has_the_keywords_of_its_method(name):
    twin, method = getattr(daypass.Store, name), getattr(daypass.Store, name[1:])
    assert inspect.iscoroutinefunction(twin)
    assert parameters(twin) == parameters(method)


SIGN = {
    "function": lambda rows, **o: asyncio.run(
        daypass.acreate_signed_urls([f"fake://bucket/{row}" for row in rows], **o)
    ),
    "Store": lambda rows, **o: asyncio.run(
        daypass.Store("fake://bucket").acreate_signed_urls(rows, **o)
    ),
}


@pytest.mark.parametrize("sign", SIGN.values(), ids=SIGN)
@pytest.mark.parametrize("rows", [list, iter])
def test_many_links_are_those_of_the_twin(fake, sign, rows):
    expected = daypass.create_signed_urls(PATHS, signing_time=NOW, expires_in=60)
    batch = sign(rows(KEYS), signing_time=NOW, expires_in=60)
    assert isinstance(batch, daypass.SignedURLBatch)
    assert list(batch) == list(expected)


@pytest.mark.parametrize("sign", SIGN.values(), ids=SIGN)
def test_the_errors_of_many_links_are_raised_or_collected(fake, sign):
    rows = ["a", "b/../c"]
    with pytest.raises(InvalidPathError) as caught:
        sign(rows)
    assert caught.value.row == 1
    batch = sign(rows, errors="collect")
    assert list(batch.errors) == [1]
    with pytest.raises(UnknownOptionError, match="did you mean expires_in"):
        sign(rows, expire_in=60)


def test_one_text_is_not_many_rows(fake):
    with pytest.raises(InvalidPathError):
        asyncio.run(daypass.acreate_signed_urls("fake://bucket/k"))
    with pytest.raises(InvalidPathError):
        asyncio.run(daypass.ahead_metadata_many("fake://bucket/k"))


def test_an_iterator_is_read_in_a_thread(fake):
    seen = []

    def paths():
        seen.append(threading.current_thread())
        yield from PATHS

    asyncio.run(daypass.acreate_signed_urls(paths()))
    asyncio.run(daypass.ahead_metadata_many(paths()))
    assert len(seen) == 2
    assert threading.main_thread() not in seen


@pytest.fixture
def shelf(registry_of):
    """A store without the object ``b/c``."""

    def missing(location):
        if location.key == "b/c":
            msg = "gone"
            raise ObjectNotFoundError(msg)
        return ObjectMetadata(path=location.path, key=location.key, size=3)

    module = backend(head=missing)
    registry_of({"fake": module})
    return module


HEADS = {
    "Store": lambda rows, **o: daypass.Store("fake://bucket").head_metadata_many(rows, **o),
    "async Store": lambda rows, **o: asyncio.run(
        daypass.Store("fake://bucket").ahead_metadata_many(rows, **o)
    ),
    "async function": lambda rows, **o: asyncio.run(
        daypass.ahead_metadata_many([f"fake://bucket/{row}" for row in rows], **o)
    ),
}


@pytest.mark.parametrize("read", HEADS.values(), ids=HEADS)
def test_many_heads_are_those_of_the_function(shelf, read):
    expected = daypass.head_metadata_many(PATHS)
    found = read(KEYS)
    assert [type(head) for head in found] == [ObjectMetadata, ObjectNotFoundError, ObjectMetadata]
    assert (found[0], found[2]) == (expected[0], expected[2])
    with pytest.raises(ObjectNotFoundError) as caught:
        read(KEYS, errors="raise")
    assert caught.value.row == 1


@pytest.mark.parametrize("read", HEADS.values(), ids=HEADS)
def test_many_heads_have_a_version_each_and_a_bound(shelf, read):
    read(["a", "d"], version=["v1", None], concurrency=1)
    assert [location.version for location, _ in shelf.seen] == ["v1", None]


def test_keys_of_a_store_are_below_its_root(shelf):
    heads = daypass.Store("fake://bucket/in").head_metadata_many(iter(["a", "d"]))
    assert not isinstance(heads, list)
    assert [head.path for head in heads] == ["fake://bucket/in/a", "fake://bucket/in/d"]
