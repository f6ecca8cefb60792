"""Protocols find their plugins; a broken plugin breaks its own protocol and is named."""

from __future__ import annotations

import importlib
import itertools
import subprocess
import sys
import textwrap
import threading
from itertools import count
from types import ModuleType

import pytest

import daypass
from daypass.backends import Registry
from daypass.backends.loading import KNOWN
from daypass.errors import (
    BackendConflictError,
    BackendNotFoundError,
    DaypassError,
    PluginError,
)
from daypass.hookspecs import BackendInfo, hookimpl
from tests.core.fakes import EVERY_CONDITION, NOW, backend, entry, finder, plugin

_numbers = itertools.count()


@pytest.fixture
def install(monkeypatch):
    """Make a fake module importable and return its name."""

    def add(module: object) -> str:
        name = f"fake_module_{next(_numbers)}"
        monkeypatch.setitem(sys.modules, name, module)
        return name

    return add


def test_a_backend_is_found_by_its_protocol_and_loaded_once(install):
    name = install(backend())
    registry = Registry(finder({"fake": name, "fakes": name}))
    assert registry.backend("fake") is registry.backend("fake")
    assert ("fake", name) == (registry.backend("fakes").info.name, registry.backend("fake").plugin)


@pytest.mark.parametrize(("protocol", "distribution"), KNOWN.items())
def test_a_known_protocol_without_its_plugin_names_what_to_install(protocol, distribution):
    with pytest.raises(BackendNotFoundError, match=f"pip install {distribution}") as caught:
        Registry(finder()).backend(protocol)
    assert protocol == caught.value.protocol
    assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize("protocol", ["file", "memory", "anything", ""])
def test_every_other_protocol_is_served_by_the_generic_backend(protocol):
    assert Registry(finder()).backend(protocol).info.name == "generic"


def test_an_unknown_protocol_is_refused_naming_the_nearest(registry_of):
    registry_of()
    with pytest.raises(BackendNotFoundError, match="did you mean") as caught:
        daypass.head_metadata("memroy://x/y")
    assert caught.value.protocol == "memroy"


def _two(install, *distributions: str) -> Registry:
    points = [
        entry("fake", install(backend(name=name)), "daypass.backends", name)
        for name in distributions
    ]
    return Registry(lambda *, group: [point for point in points if point.group == group])


def test_two_claimants_of_one_protocol_are_both_named_with_the_setting_that_chooses(install):
    with pytest.raises(BackendConflictError, match="DAYPASS_BACKEND_FAKE=") as caught:
        _two(install, "daypass-b", "daypass-a").backend("fake")
    assert caught.value.claimants == ("daypass-a", "daypass-b")
    assert "daypass-a and daypass-b" in str(caught.value)


def test_a_setting_chooses_between_two_claimants(install, monkeypatch):
    monkeypatch.setenv("DAYPASS_BACKEND_FAKE", "daypass-b")
    assert _two(install, "daypass-a", "daypass-b").backend("fake").info.name == "daypass-b"


def test_a_setting_that_names_nobody_chooses_nobody(install, monkeypatch):
    monkeypatch.setenv("DAYPASS_BACKEND_FAKE", "daypass-c")
    with pytest.raises(BackendConflictError):
        _two(install, "daypass-a", "daypass-b").backend("fake")


@pytest.mark.parametrize("second", ["daypass-a", "daypass_a", "Daypass.A"])
def test_one_distribution_listed_twice_is_one_claimant(install, second):
    """As an editable install beside a wheel is; distribution names are alike by PEP 503."""
    _two(install, "daypass-a", second).backend("fake")


def _module(**hooks: object) -> ModuleType:
    module = backend()
    for name, hook in hooks.items():
        setattr(module, name, hook)
    return module


def _fresh(kind: str):
    """Make a function of a kind; hookimpl marks the function itself, so each use needs its own."""

    async def coroutine(location, request):
        """Never awaited by anybody."""

    async def async_generator(location, request):
        yield

    def generator(location, request):
        yield

    return locals()[kind]


def _default(location, request=None):
    """Its default would outrank the caller."""


BROKEN = {
    "misspelt hook": {"create_signed_urll": hookimpl(lambda location, request: None)},
    "hook of another kind": {"authorize": hookimpl(lambda event: None)},
    "default": {"create_signed_url": hookimpl(_default)},
    "unknown argument": {"create_signed_url": hookimpl(lambda location, request, extra: None)},
    "any argument": {"create_signed_url": hookimpl(lambda **options: None)},
    "any positional": {"create_signed_url": hookimpl(lambda *args: None)},
    "keyword-only": {"head_metadata": hookimpl(lambda *, location: None)},
    "async": {"create_signed_url": hookimpl(_fresh("coroutine"))},
    "async generator": {"create_signed_url": hookimpl(_fresh("async_generator"))},
    "generator": {"create_signed_url": hookimpl(_fresh("generator"))},
    "wrapper": {"create_signed_url": hookimpl(wrapper=True)(_fresh("generator"))},
    "old wrapper": {"create_signed_url": hookimpl(hookwrapper=True)(_fresh("generator"))},
    "no head_metadata": {"head_metadata": None},
    "no describe_backend": {"describe_backend": None},
    "describes nothing": {"describe_backend": hookimpl(lambda: None)},
    "describes a dict": {"describe_backend": hookimpl(lambda: {"name": "x"})},
    "describes with an error": {"describe_backend": hookimpl(lambda: 1 / 0)},
    "describes wrongly": {"describe_backend": hookimpl(lambda: BackendInfo(name="x", methods=5))},
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_plugin_that_breaks_the_contract_is_named(install, kind):
    name = install(_module(**BROKEN[kind]))
    with pytest.raises(PluginError, match=name) as caught:
        Registry(finder({"fake": name})).backend("fake")
    assert name == caught.value.plugin


def test_a_misspelt_hook_names_the_nearest(install):
    name = install(_module(create_singed_url=hookimpl(lambda location, request: None)))
    with pytest.raises(
        PluginError, match=r"create_singed_url is none: did you mean create_signed_url\?"
    ):
        Registry(finder({"fake": name})).backend("fake")


@pytest.mark.parametrize(
    ("hook", "function"),
    [
        ("create_signed_url", lambda location, request: None),
        ("create_upload_form", lambda location, request: None),
        ("cors", lambda location: None),
        ("describe_backend", lambda: None),
    ],
)
def test_a_function_like_a_hook_without_its_mark_is_refused(install, hook, function):
    with pytest.raises(PluginError, match=f"{hook} .* no @hookimpl above it"):
        Registry(finder({"fake": install(_module(**{hook: function}))})).backend("fake")


@pytest.mark.parametrize("hook", ["authorize", "record"])
def test_a_policy_or_audit_without_its_mark_is_refused_and_not_passed_over(hook):
    module = ModuleType("unmarked")
    setattr(module, hook, lambda event: None)
    with pytest.raises(PluginError, match=f"plugin unmarked: {hook} .* mark it"):
        Registry(finder()).register_plugin(module, "unmarked")


def test_a_hook_that_must_be_there_and_is_unmarked_is_named(install):
    name = install(_module(head_metadata=lambda other: None))
    with pytest.raises(PluginError, match=r"no head_metadata.*: put @hookimpl above the function"):
        Registry(finder({"fake": name})).backend("fake")


def test_helpers_with_the_name_of_a_hook_and_other_arguments_are_left_alone(install):
    name = install(_module(explain_url=len, cors=lambda a, b: None, verify_url=max))
    assert Registry(finder({"fake": name})).backend("fake").explain_url is None


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"methods": "GET"}, "methods of BackendInfo must be a set of text, .* not 'GET'"),
        ({"methods": {"get"}}, r"no method is named 'get': did you mean GET\?"),
        ({"methods": {5}}, "methods of BackendInfo must be a set of text"),
        ({"methods": 5}, "methods of BackendInfo must be a set of text, .* not of type int"),
        ({"enforces": {"content_tpye"}}, r"'content_tpye': did you mean content_type\?"),
        ({"enforces": {"method"}}, "no option that a backend enforces is named 'method'"),
        ({"form_enforces": {"min_byte"}}, r"'min_byte': did you mean min_bytes\?"),
        ({"secret_query_keys": "sig"}, "secret_query_keys of BackendInfo must be a set of text"),
        ({"secret_storage_options": "pin"}, "secret_storage_options of BackendInfo must be a set"),
        ({"option_headers": ["x-a"]}, "option_headers of BackendInfo must be a mapping of headers"),
        ({"option_headers": {"x-a": "alc"}}, r"'alc': did you mean acl\?"),
        ({"option_headers": {5: "acl"}}, "option_headers of BackendInfo must be a set of text"),
        ({"max_expires_in": "1h"}, "max_expires_in of BackendInfo must be .* seconds .* not '1h'"),
        ({"max_expires_in": True}, "max_expires_in"),
        ({"max_key_bytes": -1}, "max_key_bytes of BackendInfo must be .* bytes above 0.* not -1"),
        ({"max_key_bytes": -(10**5000)}, "max_key_bytes"),
        ({"versions": 1}, "versions of BackendInfo must be True or False, not 1"),
        ({"name": ""}, "name of BackendInfo must be text that is not empty"),
        ({"why_not": None}, "why_not of BackendInfo must be text, not of type NoneType"),
        ({"prefix_option": ""}, "prefix_option of BackendInfo must be text that is not empty"),
        ({"multipart": {}}, "multipart of BackendInfo must be a PartLimits or None"),
        ({"version_in_path": "("}, "version_in_path of BackendInfo must be a regular expression"),
    ],
)
def test_what_a_backend_declares_wrongly_is_named_with_what_would_be_right(install, declared, said):
    module = _module(describe_backend=hookimpl(lambda: BackendInfo(**{"name": "x", **declared})))
    name = install(module)
    with pytest.raises(PluginError, match=f"backend {name}: .*{said}") as caught:
        Registry(finder({"fake": name})).backend("fake")
    assert name == caught.value.plugin


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_breaks_its_own_protocol_only(install, kind):
    broken, sound = install(_module(**BROKEN[kind])), install(backend())
    registry = Registry(finder({"broken": broken, "fake": sound}))
    for _ in range(2):
        with pytest.raises(DaypassError):
            registry.backend("broken")
        assert registry.backend("fake").info.name == "fake"
    assert registry.enforcers("content_md5") == ["fake"]


@pytest.mark.parametrize("hook", ["authorize", "record"])
@pytest.mark.parametrize(
    "implementation",
    [
        hookimpl(wrapper=True)(_fresh("generator")),
        hookimpl(hookwrapper=True)(_fresh("generator")),
        hookimpl(_fresh("coroutine")),
    ],
    ids=count(),
)
def test_policy_and_audit_cannot_be_wrapped(hook, implementation):
    module = ModuleType("wrapping")
    setattr(module, hook, implementation)
    with pytest.raises(PluginError, match=hook):
        Registry(finder()).register_plugin(module, "wrapping")


class ProxyThatRaises:
    """What flask.request is outside a request."""

    def __getattr__(self, name: str) -> object:
        msg = "Working outside of request context"
        raise RuntimeError(msg)


def test_what_else_stands_in_a_plugins_module_is_left_alone(install):
    name = install(_module(request=ProxyThatRaises(), other=object(), number=5))
    assert Registry(finder({"fake": name})).backend("fake").info.name == "fake"


def test_one_module_under_two_names_is_no_crash(install):
    module = backend()
    registry = Registry(finder({"a": install(module), "b": install(module)}))
    assert registry.backend("a").info == registry.backend("b").info


def test_another_module_under_the_same_name_is_no_crash():
    registry = Registry(finder())
    registry.register_plugin(plugin(record=lambda event: None), "audit")
    with pytest.raises(DaypassError, match="audit"):
        registry.register_plugin(plugin(record=lambda event: None), "audit")


def test_a_module_with_the_name_of_a_hook_is_refused_before_it_takes_its_place(install, tmp_path):
    module = backend()
    module.__path__ = [str(tmp_path)]
    name = install(module)
    assert Registry(finder({"fake": name})).backend("fake")
    (tmp_path / "cors.py").touch()
    importlib.invalidate_caches()
    with pytest.raises(PluginError, match="its module cors has the name of a hook"):
        Registry(finder({"fake": name})).backend("fake")


def test_a_backend_loaded_later_is_never_asked_in_place_of_an_earlier_one(registry_of):
    first, second = backend(), backend(name="second")
    registry = registry_of({"fake": first, "other": second})
    store = daypass.Store("fake://bucket")
    daypass.create_signed_url("fake://bucket/key")
    registry.backend("other")
    registry.backend("memory")
    assert store.create_signed_url("key").backend == "fake"
    assert daypass.create_signed_url("fake://bucket/key").backend == "fake"
    assert store.head_metadata("key").size == 3
    assert daypass.head_metadata("fake://bucket/key").size == 3
    assert second.seen == []


def test_reading_local_metadata_changes_nothing_for_other_backends(registry_of, tmp_path):
    registry_of({"fake": backend()})
    (tmp_path / "f").write_bytes(b"abc")
    before = daypass.create_signed_url("fake://bucket/key", signing_time=NOW)
    daypass.head_metadata(tmp_path / "f")
    assert before == daypass.create_signed_url("fake://bucket/key", signing_time=NOW)


def test_from_many_threads_a_backend_is_loaded_once(install):
    described = []

    def describe():
        described.append(1)
        return BackendInfo(name="fake", methods={"GET"})

    registry = Registry(finder({"fake": install(backend(describe=describe))}))
    barrier, found = threading.Barrier(8), []

    def load():
        barrier.wait()
        found.append(registry.backend("fake"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert described == [1]
    assert len({id(one) for one in found}) == 1


def test_enforcers_are_those_installed_that_enforce_an_option(install):
    weak = install(backend(name="weak", enforces=EVERY_CONDITION - {"if_absent"}))
    registry = Registry(finder({"a": install(backend()), "b": weak, "c": "no_such_module"}))
    assert registry.enforcers("if_absent") == ["fake"]
    assert registry.enforcers("content_md5") == ["fake", "weak"]


GOOD = """
from daypass import BackendInfo, ObjectMetadata, hookimpl

@hookimpl
def describe_backend():
    return BackendInfo(name="real", methods={"GET"})

@hookimpl
def head_metadata(location):
    return ObjectMetadata(path=location.path, key=location.key, size=42)
"""


def _distribute(
    site, name: str, module: str, source: str, *protocols: str, group="daypass.backends"
):
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{protocol} = {module}\n" for protocol in protocols)
    (info / "entry_points.txt").write_text(f"[{group}]\n{lines}")
    (site / f"{module}.py").write_text(source)


def _run(site, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": str(site), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_installed_distribution_is_found_and_imported_only_when_asked_for(tmp_path):
    _distribute(tmp_path, "daypass-real", "daypass_real", GOOD, "real", "reals")
    output = _run(
        tmp_path,
        """
        import sys, daypass
        from daypass.backends import registry
        print(sorted(p for p in registry.claims() if p.startswith("real")), "daypass_real" in sys.modules)
        print(daypass.head_metadata("real://b/k").size, daypass.head_metadata("reals://b/k").size)
        """,
    )
    assert output == "['real', 'reals'] False\n42 42"


@pytest.mark.parametrize(
    "source",
    [
        "import no_such_module_at_all",
        "1/0",
        "def (",
        "raise SystemExit(3)",
        "raise ImportError('x')",
    ],
    ids=["missing SDK", "error", "syntax", "exit", "import error"],
)
def test_a_distribution_that_fails_to_import_breaks_its_own_protocol_only(tmp_path, source):
    _distribute(tmp_path, "daypass-bad", "daypass_bad", source, "bad")
    _distribute(tmp_path, "daypass-real", "daypass_real", GOOD, "real")
    output = _run(
        tmp_path,
        """
        import daypass
        for _ in range(2):
            try:
                daypass.head_metadata("bad://b/k")
            except daypass.PluginError as error:
                print("daypass-bad" in str(error), error.plugin)
            print(daypass.head_metadata("real://b/k").size)
        """,
    )
    assert output == "True daypass_bad\n42\nTrue daypass_bad\n42"


def test_two_installed_distributions_that_claim_one_protocol_are_named(tmp_path):
    _distribute(tmp_path / "a", "daypass-one", "daypass_one", GOOD, "real")
    _distribute(tmp_path / "a", "daypass-two", "daypass_two", GOOD, "real")
    output = _run(
        tmp_path / "a",
        """
        import os, daypass
        try:
            daypass.head_metadata("real://b/k")
        except daypass.BackendConflictError as error:
            print(*error.claimants)
        os.environ["DAYPASS_BACKEND_REAL"] = "daypass-two"
        print(daypass.head_metadata("real://b/k").size)
        """,
    )
    assert output == "daypass-one daypass-two\n42"


def test_an_installed_policy_plugin_is_asked(tmp_path):
    policy = "from daypass import hookimpl\n@hookimpl\ndef authorize(event):\n    raise PermissionError\n"
    _distribute(tmp_path, "acme-policy", "acme_policy", policy, "acme", group="daypass.plugins")
    signs = (
        GOOD + "\n@hookimpl\ndef create_signed_url(location, request):\n    raise AssertionError\n"
    )
    _distribute(tmp_path, "acme-store", "acme_store", signs, "acme")
    output = _run(
        tmp_path,
        """
        import daypass
        try:
            daypass.create_signed_url("acme://bucket/k")
        except daypass.RefusedError as error:
            print(type(error.__cause__).__name__)
        """,
    )
    assert output == "PermissionError"
