"""Fixtures of the core's tests: registries that know nothing but fakes."""

from __future__ import annotations

import sys
from collections import OrderedDict
from types import ModuleType

import pytest

from daypass.backends import Registry, objects, redaction
from daypass.gate import authorize, check, parties
from daypass.store import prepared, root
from tests.core import fakes


@pytest.fixture
def use_registry(monkeypatch):
    """Put a registry in the place of the process's own, wherever it is known."""

    def use(registry):
        for home in (objects, redaction, authorize, check, parties, root):
            monkeypatch.setattr(home, "registry", registry)
        monkeypatch.setattr(prepared, "_roots", OrderedDict())
        return registry

    return use


@pytest.fixture
def registry_of(monkeypatch, use_registry):
    """Make a registry of fake modules and put it in the place of the process's own."""

    def make(backends=None, plugins=(), signers=None):
        names = {}
        for protocol, module in (backends or {}).items():
            names[protocol] = f"fake_backend_{protocol}"
            monkeypatch.setitem(sys.modules, names[protocol], module)
        listed = []
        for number, module in enumerate(plugins):
            listed.append(f"fake_plugin_{number}")
            monkeypatch.setitem(sys.modules, listed[-1], module)
        signing = {}
        for name, module in (signers or {}).items():
            signing[name] = f"fake_signer_{name}"
            monkeypatch.setitem(sys.modules, signing[name], module)
        return use_registry(Registry(fakes.finder(names, tuple(listed), signing)))

    return make


@pytest.fixture
def fake(registry_of) -> ModuleType:
    """A sound backend for ``fake://`` that enforces every option."""
    module = fakes.backend()
    registry_of({"fake": module})
    return module
