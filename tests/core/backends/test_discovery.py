"""Which plugins may be loaded, which fit this daypass, and what is said of those that do not."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoints
from types import SimpleNamespace

import pytest

import daypass
from daypass.backends import Registry, discovery
from daypass.errors import BackendConflictError, PluginError
from tests.core.fakes import backend, entry, honest, plugin

# A version above every one of daypass.
LATER = "999"


def _brought(name, value, group, distribution, version="2.0", requires=()):
    made = entry(name, value, group)
    dist = SimpleNamespace(name=distribution, version=version, requires=list(requires))
    vars(made).update(dist=dist)
    return made


@pytest.fixture
def registry(monkeypatch, use_registry):
    """Make a registry of entry points, whose modules can be imported."""
    monkeypatch.setitem(sys.modules, "daypass_shelf", backend(name="shelf"))
    monkeypatch.setitem(sys.modules, "acme.policy", plugin(authorize=lambda event: None))

    def make(*entries):
        return use_registry(Registry(lambda *, group: [e for e in entries if e.group == group]))

    return make


SHELF = ("shelf", "daypass_shelf", "daypass.backends", "daypass-shelf")
POLICY = ("policy", "acme.policy", "daypass.plugins", "acme-policy")


def test_the_installed_distributions_are_read_once(monkeypatch):
    asked = []

    def read():
        asked.append(None)
        return EntryPoints([_brought(*SHELF), _brought(*POLICY), _brought("x", "x", "other", "x")])

    monkeypatch.setattr(discovery, "distributions_with_ours", lambda: None)
    monkeypatch.setattr(discovery, "entry_points", read)
    find = discovery.finder()
    assert not asked
    found = {group: [entry.name for entry in find(group=group)] for group in discovery.GROUPS}
    assert found == {
        "daypass.backends": ["shelf"],
        "daypass.signers": [],
        "daypass.plugins": ["policy"],
        "daypass.commands": [],
        "daypass.presets": [],
        "daypass.sections": [],
        "daypass.audits": [],
        "daypass.demos": [],
        "daypass.cards": [],
        "daypass.objects": [],
    }
    assert len(asked) == 1


@pytest.mark.parametrize(
    "listed", ["daypass-shelf", "daypass_shelf", "Daypass.Shelf", " other , daypass-shelf ,"]
)
def test_what_is_listed_is_loaded_by_distribution_or_module(registry, monkeypatch, listed):
    monkeypatch.setenv("DAYPASS_PLUGINS", listed)
    assert registry(_brought(*SHELF)).backend("shelf").info.name == "shelf"


def test_a_module_is_listed_by_its_exact_name(registry, monkeypatch):
    """The spellings of a distribution's name are one name; those of a module are not."""
    found = registry(_brought(*POLICY[:3], "acme"))
    monkeypatch.setenv("DAYPASS_PLUGINS", "acme.policy")
    found.load_plugin(_brought(*POLICY[:3], "acme"))
    monkeypatch.setenv("DAYPASS_PLUGINS", "acme-policy")
    with pytest.raises(PluginError):
        found.load_plugin(_brought(*POLICY[:3], "acme"))


@pytest.mark.parametrize("listed", ["", "daypass-s3", "shelf", "daypass-shelf2"])
def test_what_is_not_listed_is_refused_by_name_and_never_imported(registry, monkeypatch, listed):
    monkeypatch.setenv("DAYPASS_PLUGINS", listed)
    found = registry(_brought("shelf", "no_such_module", "daypass.backends", "daypass-shelf"))
    with pytest.raises(PluginError, match=r"no_such_module of daypass-shelf 2.0") as caught:
        found.backend("shelf")
    assert "add daypass-shelf to DAYPASS_PLUGINS" in str(caught.value)
    assert caught.value.plugin == "no_such_module"


def test_core_needs_no_entry_on_the_list(registry, monkeypatch):
    monkeypatch.setenv("DAYPASS_PLUGINS", "")
    assert registry().backend("memory").info.name == "generic"


def test_without_the_list_everything_is_loaded(registry):
    assert registry(_brought(*SHELF)).backend("shelf").info.name == "shelf"


def test_an_installed_policy_that_is_not_listed_stops_signing(registry, monkeypatch):
    """Passing it over would be a way around it."""
    monkeypatch.setenv("DAYPASS_PLUGINS", "daypass-shelf")
    registry(_brought(*SHELF), _brought(*POLICY))
    for _ in range(2):
        with pytest.raises(
            PluginError, match=r"acme\.policy of acme-policy 2\.0 may not be loaded"
        ):
            daypass.create_signed_url("shelf://box/key")


def test_a_listed_plugin_that_is_not_installed_stops_signing(registry, monkeypatch):
    """It may be the policy that would have refused."""
    monkeypatch.setenv("DAYPASS_PLUGINS", "daypass-shelf, acme-policy")
    registry(_brought(*SHELF))
    for _ in range(2):
        with pytest.raises(PluginError, match=r"lists acme-policy.*install it, or take it off"):
            daypass.create_signed_url("shelf://box/key")


def test_with_all_listed_and_installed_links_are_signed(registry, monkeypatch):
    monkeypatch.setenv("DAYPASS_PLUGINS", "daypass-shelf,acme-policy")
    asked = []
    policy = plugin(authorize=lambda event: asked.append(event.path))
    monkeypatch.setitem(sys.modules, "acme.policy", policy)
    sign = backend(lambda where, request: honest(where, request, backend="shelf"), name="shelf")
    monkeypatch.setitem(sys.modules, "daypass_shelf", sign)
    registry(_brought(*SHELF), _brought(*POLICY))
    daypass.create_signed_url("shelf://box/key")
    assert asked == ["shelf://box/key"]


def test_the_list_settles_a_conflict(registry, monkeypatch):
    two = [_brought(*SHELF), _brought("shelf", "other", "daypass.backends", "other-shelf")]
    with pytest.raises(BackendConflictError, match="daypass-shelf and other-shelf both claim"):
        registry(*two).backend("shelf")
    monkeypatch.setenv("DAYPASS_PLUGINS", "daypass-shelf")
    assert registry(*two).backend("shelf").plugin == "daypass_shelf"


@pytest.mark.isolated
@pytest.mark.parametrize(
    "requirement",
    [
        f"daypass>={LATER}",
        "daypass<0.0.1",
        f"daypass>=0.0.1,!={daypass.__version__}",
        f"Daypass[arrow] >= {LATER}",
        f"daypass~={LATER}.0; python_version >= '3'",
    ],
)
def test_a_plugin_made_for_another_daypass_is_refused_with_the_remedy(registry, requirement):
    found = registry(_brought(*SHELF, requires=["attrs>=24", requirement]))
    with pytest.raises(PluginError) as caught:
        found.backend("shelf")
    said = str(caught.value)
    assert "daypass_shelf of daypass-shelf 2.0 was made for daypass" in said
    assert f"this is daypass {daypass.__version__}: upgrade daypass-shelf" in said


@pytest.mark.parametrize(
    "requirement",
    [
        "daypass",
        "daypass>=0",
        f"daypass>={daypass.__version__}",
        f"daypass=={daypass.__version__}",
        f"daypass<{LATER},>=0.0.1",
        f"daypass-s3>={LATER}",
        f"daypass>={LATER}; python_version < '3'",
        f"daypass>={LATER}; extra == 'future'",
    ],
)
def test_a_plugin_whose_requirement_is_met_is_loaded(registry, requirement):
    found = registry(_brought(*SHELF, requires=[requirement]))
    assert found.backend("shelf").info.name == "shelf"


def test_a_broken_plugin_is_named_with_distribution_versions_and_remedy(registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "daypass_shelf", plugin(create_signed_urll=lambda x: None))
    with pytest.raises(PluginError) as caught:
        registry(_brought(*SHELF)).backend("shelf")
    said = str(caught.value)
    assert f"it comes from daypass-shelf 2.0, and this is daypass {daypass.__version__}" in said
    assert "mend it if it is yours, or else upgrade or remove it" in said
    assert caught.value.plugin == "daypass_shelf"


def test_an_entry_point_that_names_more_than_a_module_is_refused_with_the_remedy(registry):
    shelf = _brought("shelf", "daypass_shelf:plugin", "daypass.backends", "daypass-shelf")
    with pytest.raises(PluginError, match="write daypass_shelf, without :plugin"):
        registry(shelf).backend("shelf")


def test_a_misspelt_protocol_is_that_of_an_installed_backend(registry, monkeypatch):
    found = registry(
        _brought("cupboard", "daypass_cupboard", "daypass.backends", "daypass-cupboard")
    )
    monkeypatch.setattr("daypass.backends.loading.registry", found)
    with pytest.raises(daypass.BackendNotFoundError, match=r"did you mean cupboard\?"):
        daypass.Store("cupbord://box").create_signed_url("key")
