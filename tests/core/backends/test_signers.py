"""A signer signs for paths of any protocol; everything else stays with the path's own backend."""

from __future__ import annotations

import asyncio
import pickle
import sys

import attrs
import pytest

import daypass
from daypass.backends import Registry
from daypass.backends.loading import KNOWN_SIGNERS
from daypass.cli import plugins
from daypass.errors import (
    BackendConflictError,
    BackendNotFoundError,
    DaypassError,
    InvalidRequestError,
    PluginError,
    UnknownOptionError,
    UnsupportedOptionError,
)
from tests.core import fakes
from tests.core.fakes import Disguise, Hostile, backend, entry, honest, plugin

KEYWORDS = {"signer": "cdn", "signer_options": {"domain": "cdn.example"}}


@attrs.frozen(kw_only=True)
class CDNOptions:
    domain: str = "none.example"
    origin_path: str = ""


def at_the_edge(location, request, **changes):
    """Answer as a sound signer does: its host, and the key without the prefix it stands for."""
    key = location.key.removeprefix(location.options.origin_path)
    url = f"https://{location.options.domain}/{key}?signature={fakes.SECRET}"
    return honest(location, request, **{"url": url, "backend": "cdn", **changes})


def signer(sign=at_the_edge, **info):
    declared = {
        "name": "cdn",
        "methods": ("GET", "PUT"),
        "enforces": ("signing_time", "ip_range"),
        "options_class": CDNOptions,
        "prefix_option": "origin_path",
        "max_key_bytes": None,
        "max_expires_in": None,
        "versions": False,
        "public_endpoint": False,
        **info,
    }
    return backend(sign, reads=False, **declared)


@pytest.fixture
def reader():
    return backend()


@pytest.fixture
def cdn(registry_of, reader):
    module = signer()
    registry_of({"fake": reader}, signers={"cdn": module})
    return module


def test_a_signer_signs_in_place_of_the_paths_backend(cdn, reader):
    link = daypass.create_signed_url("fake://bucket/key", **KEYWORDS)
    assert link.url.startswith("https://cdn.example/key?")
    assert (link.backend, link.path) == ("cdn", "fake://bucket/key")
    assert reader.seen == []


def test_metadata_is_read_by_the_paths_own_backend_with_its_own_options(cdn, reader):
    store = daypass.Store("fake://bucket", **KEYWORDS)
    assert store.head_metadata("key").size == 3
    (location, _), *more = reader.seen
    assert (location.key, type(location.options), more) == ("key", fakes.FakeOptions, [])
    assert store.head_metadata("key", version="7").key == "key"
    assert cdn.seen == []


def test_a_signer_needs_no_backend_of_the_paths_protocol_to_sign(registry_of):
    registry_of(signers={"cdn": signer()})
    store = daypass.Store("s3://bucket", **KEYWORDS)
    assert store.create_signed_url("key").backend == "cdn"
    with pytest.raises(BackendNotFoundError, match="pip install daypass-s3"):
        store.head_metadata("key")


def test_every_face_takes_a_signer(cdn):
    path = "fake://bucket/key"
    expected = daypass.create_signed_url(path, expires_at=END, **KEYWORDS).url
    (of_many,) = daypass.create_signed_urls([path], expires_at=END, **KEYWORDS)
    store = daypass.Store("fake://bucket", **KEYWORDS)
    (of_store,) = store.create_signed_urls(["key"], expires_at=END)
    assert {of_many.url, of_store.url} == {expected}
    assert "cdn" in repr(store)


END = fakes.NOW.replace(year=2030)


@pytest.mark.parametrize("face", [daypass.create_signed_prefix, daypass.acreate_signed_prefix])
def test_prefixes_are_granted_by_the_signer(registry_of, face):
    def grant(location, request):
        link = at_the_edge(location, request)
        return fakes.granting(location, request, url=link.url.partition("?")[0], backend="cdn")

    registry_of({"fake": backend()}, signers={"cdn": signer(grant=grant)})
    found = face("fake://bucket/maps", **KEYWORDS)
    if asyncio.iscoroutine(found):
        found = asyncio.run(found)
    assert (found.url, found.backend) == ("https://cdn.example/maps/", "cdn")


def test_what_the_signer_declares_holds_and_not_what_the_backend_declares(cdn):
    for option, value in {"content_md5": b"0" * 16, "max_bytes": 5}.items():
        with pytest.raises(UnsupportedOptionError) as caught:
            daypass.create_signed_url("fake://b/k", method="PUT", **{option: value}, **KEYWORDS)
        assert (caught.value.option, caught.value.backend) == (option, "cdn")
    with pytest.raises(UnsupportedOptionError, match="version"):
        daypass.create_signed_url("fake://b/k", version="1", **KEYWORDS)
    with pytest.raises(UnsupportedOptionError, match="public_endpoint"):
        daypass.create_signed_url("fake://b/k", public_endpoint="https://x.example", **KEYWORDS)
    assert daypass.create_signed_url("fake://b/" + "k" * 2000, expires_in="9d", **KEYWORDS)


def test_a_signer_is_named_where_it_can_enforce_what_another_cannot(registry_of):
    registry_of({"fake": backend(enforces=())}, signers={"cdn": signer()})
    with pytest.raises(UnsupportedOptionError, match="cdn can") as caught:
        daypass.create_signed_url("fake://bucket/key", ip_range="192.0.2.7")
    assert caught.value.alternatives == ("cdn",)


def test_policy_and_audit_see_the_signer_as_the_backend(registry_of, reader):
    events = []
    watcher = plugin(
        authorize=lambda event: events.append(("authorize", event)),
        record=lambda event: events.append(("record", event)),
    )
    registry_of({"fake": reader}, plugins=(watcher,), signers={"cdn": signer()})
    daypass.create_signed_url("fake://bucket/key", caller="ann", **KEYWORDS)
    assert [(hook, event.backend, event.path, event.caller) for hook, event in events] == [
        ("authorize", "cdn", "fake://bucket/key", "ann"),
        ("record", "cdn", "fake://bucket/key", "ann"),
    ]


def test_a_prefix_that_the_signers_host_stands_for_is_left_out_of_the_url(cdn):
    options = {"domain": "cdn.example", "origin_path": "public/"}
    link = daypass.create_signed_url(
        "fake://bucket/public/a/key", signer="cdn", signer_options=options
    )
    assert link.url.startswith("https://cdn.example/a/key?")


def test_a_key_without_a_prefix_that_no_option_is_declared_to_hold_is_a_fault(registry_of, reader):
    registry_of({"fake": reader}, signers={"cdn": signer(prefix_option=None)})
    options = {"origin_path": "public/"}
    with pytest.raises(PluginError, match="does not end in the key"):
        daypass.create_signed_url("fake://b/public/a", signer="cdn", signer_options=options)


@pytest.mark.parametrize("origin_path", ["pub", 5, None], ids=ascii)
def test_another_key_than_the_one_asked_for_is_still_a_fault(registry_of, origin_path):
    def sign(location, request):
        return at_the_edge(
            attrs.evolve(location, options=CDNOptions(domain="cdn.example")).at("other"), request
        )

    registry_of({"fake": backend()}, signers={"cdn": signer(sign)})
    options = {"origin_path": origin_path}
    with pytest.raises(PluginError, match="does not end in the key"):
        daypass.create_signed_url("fake://b/public/key", signer="cdn", signer_options=options)


def test_stores_with_and_without_a_signer_are_two(cdn, reader):
    daypass.create_signed_url("fake://bucket/key")
    daypass.create_signed_url("fake://bucket/key", **KEYWORDS)
    daypass.create_signed_url("fake://bucket/key")
    assert (len(cdn.seen), len(reader.seen)) == (1, 2)


def test_a_store_travels_with_its_signer(cdn):
    store = pickle.loads(pickle.dumps(daypass.Store("fake://bucket/maps", **KEYWORDS)))
    assert (store.signer, store.backend.info.name) == ("cdn", "cdn")
    assert store.location.options == CDNOptions(domain="cdn.example")


def test_misspelt_signer_options_are_refused_naming_the_nearest(cdn):
    with pytest.raises(UnknownOptionError, match=r"signer option of cdn .* did you mean domain"):
        daypass.Store("fake://bucket", signer="cdn", signer_options={"domian": "x"})


@pytest.mark.parametrize(("name", "distribution"), KNOWN_SIGNERS.items())
def test_a_known_signer_that_is_not_installed_names_what_to_install(name, distribution):
    with pytest.raises(BackendNotFoundError, match=f"pip install {distribution}"):
        Registry(fakes.finder()).signer(name)


@pytest.mark.parametrize("name", ["cloudfrnt", "cnd", "", "x" * 10_000, "fake", "s3"])
def test_an_unknown_signer_is_refused_naming_those_there_are(cdn, name):
    with pytest.raises(BackendNotFoundError, match="no signer is named") as caught:
        daypass.create_signed_url("fake://bucket/key", signer=name)
    assert "cdn" in str(caught.value) or "cloudfront" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "name", [5, b"cdn", ["cdn"], Hostile(), True], ids=lambda name: type(name).__name__
)
def test_a_signer_that_is_no_text_is_refused(cdn, name):
    with pytest.raises(InvalidRequestError) as caught:
        daypass.Store("fake://bucket", signer=name)
    assert caught.value.option == "signer"
    with pytest.raises(DaypassError):
        daypass.create_signed_url("fake://bucket/key", signer=name)


def test_a_signer_is_its_text_and_not_what_it_writes(cdn):
    assert daypass.Store("fake://bucket", signer=Disguise("cdn")).backend.info.name == "cdn"


def test_two_claimants_of_one_name_are_both_named_with_the_setting_that_chooses(monkeypatch):
    points = []
    for name in ("daypass-b", "daypass-a"):
        module = f"fake_signer_{name[-1]}"
        monkeypatch.setitem(sys.modules, module, signer(name=name))
        points.append(entry("cdn", module, "daypass.signers", name))

    def find(*, group):
        return [point for point in points if point.group == group]

    with pytest.raises(BackendConflictError, match="DAYPASS_SIGNER_CDN=") as caught:
        Registry(find).signer("cdn")
    assert caught.value.claimants == ("daypass-a", "daypass-b")
    monkeypatch.setenv("DAYPASS_SIGNER_CDN", "daypass-b")
    assert Registry(find).signer("cdn").info.name == "daypass-b"


def test_nothing_of_a_signer_is_imported_before_it_is_asked_for(registry_of):
    registry = registry_of({"fake": backend()})
    registry.claims("daypass.signers")["cdn"] = [entry("cdn", "no_such_module", "daypass.signers")]
    daypass.create_signed_url("fake://bucket/key")
    with pytest.raises(PluginError, match="no_such_module"):
        daypass.create_signed_url("fake://bucket/key", signer="cdn")
    daypass.create_signed_url("fake://bucket/key")  # and breaks nobody else


@pytest.mark.parametrize(
    ("module", "fault"),
    [
        (backend(), "head_metadata is not one of"),
        (backend(None, reads=False), "implements no create_signed_url, which every signer must"),
        (plugin(), "implements no"),
    ],
)
def test_a_module_that_is_no_signer_is_refused(registry_of, module, fault):
    registry_of({"fake": backend()}, signers={"cdn": module})
    with pytest.raises(PluginError, match=fault):
        daypass.Store("fake://bucket", signer="cdn")


def test_signers_are_listed_on_the_command_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "fake_cdn", signer())
    registry = Registry(fakes.finder(signers={"cdn": "fake_cdn", "bad": "no_such_module"}))
    monkeypatch.setattr(plugins, "registry", registry)
    found = {record["name"]: record for record in plugins.signers()}
    assert (found["cdn"]["kind"], found["cdn"]["state"]) == ("signer", "ok")
    assert found["cdn"]["signer_options"] == ["domain", "origin_path"]
    assert found["bad"]["state"] == "broken"
    assert found["cloudfront"]["reason"] == "pip install daypass-cloudfront"
