"""What a store is opened with: options of signers and filesystems, from wherever they come, and what is kept of them."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import attrs
import fsspec
import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.memory import MemoryFileSystem

import daypass
from daypass.errors import (
    DaypassError,
    InvalidPathError,
    InvalidRequestError,
    PluginError,
    UnknownOptionError,
)
from tests.core.fakes import (
    NOW,
    FakeOptions,
    Hostile,
    backend,
)
from tests.core.values import UPathish

PATH = "fake://bucket/key"


def sign(path=PATH, **options):
    return daypass.create_signed_url(path, **{"signing_time": NOW, **options})


def test_signer_options_are_structured_by_the_backends_class(fake):
    sign(signer_options={"signature_version": "v8"})
    assert FakeOptions(signature_version="v8") == fake.seen[0][0].options


def test_unknown_signer_options_are_refused_naming_the_nearest(fake):
    with pytest.raises(UnknownOptionError, match="did you mean signature_version"):
        sign(signer_options={"signature-version": "v8"})


def test_a_backend_without_signer_options_says_there_are_none(registry_of):
    registry_of({"fake": backend(options_class=None)})
    with pytest.raises(UnknownOptionError, match="none"):
        sign(signer_options={"signature_version": "v8"})


@attrs.frozen(kw_only=True)
class Strict:
    needed: int = attrs.field(converter=int)


@pytest.mark.parametrize(
    "given_options", [{}, {"needed": "x"}, {"needed": None}, {"needed": Hostile()}]
)
def test_signer_options_the_class_refuses_are_a_daypass_error(registry_of, given_options):
    registry_of({"fake": backend(options_class=Strict)})
    with pytest.raises(DaypassError):
        sign(signer_options=given_options)


def test_an_options_class_that_is_none_of_attrs_is_the_plugins_fault(registry_of):
    registry_of({"fake": backend(options_class=dict)})
    with pytest.raises(DaypassError):
        sign(signer_options={"a": 1})


@pytest.mark.parametrize("options_class", [None, Strict])
def test_a_prefix_option_that_names_no_option_is_the_plugins_fault(registry_of, options_class):
    registry_of({"fake": backend(options_class=options_class, prefix_option="prefix")})
    with pytest.raises(PluginError, match="prefix_option='prefix' names no field"):
        sign()


def test_storage_options_reach_the_backend_untouched(fake):
    options = {"key": "k", "client_kwargs": {"a": [1]}}
    sign(storage_options=options)
    assert options == fake.seen[0][0].storage_options


def test_options_nested_under_the_protocol_are_the_inner_filesystems(fake):
    daypass.create_signed_url(
        f"simplecache::{PATH}", storage_options={"fake": {"key": "k"}, "simplecache": {}}
    )
    assert fake.seen[0][0].storage_options == {"key": "k"}


def test_the_options_of_a_path_object_are_used_and_may_not_contradict_the_callers(fake):
    path = UPathish(PATH, a=1, b=1)
    sign(path, storage_options={"b": 1, "c": 3})
    assert fake.seen[0][0].storage_options == {"a": 1, "b": 1, "c": 3}
    with pytest.raises(InvalidPathError, match="contradicts"):
        sign(path, storage_options={"b": 2})


def test_a_store_keeps_its_backend_whatever_is_loaded_after_it(registry_of):
    first, second = backend(), backend()
    registry_of({"one": first, "two": second})
    daypass.create_signed_url("one://bucket/key", signing_time=NOW)
    daypass.create_signed_url("two://bucket/key", signing_time=NOW)
    daypass.create_signed_url("one://bucket/key", signing_time=NOW)
    assert (len(first.seen), len(second.seen)) == (2, 1)


def test_credentials_are_given_once(fake):
    with pytest.raises(InvalidRequestError, match="not both"):
        sign(fs=SimpleNamespace(protocol="fake"), storage_options={})


def test_a_given_filesystem_is_the_locations_own(fake):
    fs = SimpleNamespace(protocol=("other", "fake"))
    sign(fs=fs)
    assert fs is fake.seen[0][0].fs
    assert fake.seen[0][0].has_fs


def test_a_filesystem_rooted_elsewhere_is_refused():
    with pytest.raises(InvalidRequestError, match="DirFileSystem"):
        daypass.head_metadata("x", fs=DirFileSystem("/a", fs=MemoryFileSystem()))


def test_a_caching_filesystem_is_looked_through(tmp_path):
    fs = fsspec.filesystem("simplecache", fs=MemoryFileSystem(), cache_storage=str(tmp_path))
    assert isinstance(daypass.Store("memory://", fs=fs).location.fs, MemoryFileSystem)


def test_the_filesystem_is_opened_once_and_only_when_asked_for(registry_of, monkeypatch):
    opened = []

    class Counting(MemoryFileSystem):
        def __init__(self, *args, **options):
            opened.append(1)
            super().__init__(*args, **options)

    monkeypatch.setattr(fsspec, "get_filesystem_class", lambda protocol: Counting)
    module = backend()
    registry_of({"fake": module})
    store = daypass.Store("fake://bucket")
    store.create_signed_url("a")
    assert opened == []
    assert store.location.fs is store.location.at("b").fs
    assert opened == [1]


def test_the_callers_dicts_are_never_changed(fake):
    given_options = {
        "storage_options": {"key": "k", "client_kwargs": {"a": [1]}},
        "signer_options": {"signature_version": "v8"},
        "headers": {"X-A": "1"},
    }
    before = copy.deepcopy(given_options)
    sign(**given_options)
    daypass.Store(
        "fake://bucket", **{n: o for n, o in given_options.items() if n != "headers"}
    ).create_signed_url("k", headers=given_options["headers"])
    assert before == given_options


@pytest.mark.parametrize("name", ["storage_options", "signer_options"])
def test_options_changed_since_the_last_call_count(fake, name):
    options = {"signature_version": "v1"}
    sign(**{name: options})
    options["signature_version"] = "v2"
    sign(**{name: options})
    first, second = (location for location, _ in fake.seen)
    assert first.cache is not second.cache
    shown = second.options if name == "signer_options" else dict(second.storage_options)
    assert "v2" in str(shown)


def test_nested_options_changed_since_the_last_call_count(fake):
    options = {"client_kwargs": {"region": "a"}}
    sign(storage_options=options)
    options["client_kwargs"]["region"] = "b"
    sign(storage_options=options)
    assert fake.seen[0][0].cache is not fake.seen[1][0].cache
