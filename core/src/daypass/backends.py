"""Protocol to plugin: discovery by entry points, loading on first use, conflicts, cached callers."""

from __future__ import annotations

import importlib
import inspect
import os
import threading
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import attrs
import pluggy

from daypass import hookspecs
from daypass.errors import (
    BackendConflictError,
    BackendNotFoundError,
    DaypassError,
    PluginError,
)
from daypass.hookspecs import BackendInfo, SigningEvent
from daypass.locations import Location
from daypass.requests import SignRequest
from daypass.results import ObjectMetadata, SignedURL

__all__ = ["Backend", "Registry", "registry"]

#: Who serves a protocol that daypass knows of: named when it is not installed, and never signed
#: by the generic backend, which would fall back to older signatures.
KNOWN = {
    "s3": "daypass-s3",
    "s3a": "daypass-s3",
    "gs": "daypass-gcs",
    "gcs": "daypass-gcs",
    "az": "daypass-azure",
    "abfs": "daypass-azure",
    "abfss": "daypass-azure",
    "redis": "daypass-redis",
    "rediss": "daypass-redis",
}

_BACKEND_HOOKS = ("create_signed_url", "head_metadata", "describe_backend")
_PLUGIN_HOOKS = ("authorize", "record")


@attrs.frozen
class Backend:
    """One loaded backend: what it declares, and a typed way to each of its hooks."""

    info: BackendInfo
    plugin: str
    sign: Callable[..., SignedURL | None] | None = attrs.field(repr=False)
    _head: Callable[..., ObjectMetadata | None] = attrs.field(repr=False)

    def create_signed_url(self, location: Location, request: SignRequest) -> SignedURL | None:
        """Call the plugin's hook of the same name."""
        return self.sign(location=location, request=request) if self.sign else None

    def head_metadata(self, location: Location) -> ObjectMetadata | None:
        """Call the plugin's hook of the same name."""
        return self._head(location=location)


class Registry:
    """Knows the installed backends and plugins; loads each when it is first needed."""

    def __init__(self, find: Callable[..., Iterable[EntryPoint]] = entry_points) -> None:
        self._find = find
        self._lock = threading.RLock()
        self._manager = pluggy.PluginManager("daypass")
        self._manager.add_hookspecs(hookspecs)
        self._entries: dict[str, list[EntryPoint]] | None = None
        self._backends: dict[str, Backend] = {}
        self._plugins_loaded = False
        self._callers: dict[str, Callable[[SigningEvent], None] | None] = {}

    def claims(self) -> dict[str, list[EntryPoint]]:
        """Return the entry points by the protocol they claim; none is loaded."""
        if self._entries is None:
            entries: dict[str, list[EntryPoint]] = {}
            for entry in self._find(group="daypass.backends"):
                same = entries.setdefault(entry.name, [])
                # An editable install beside a wheel lists one distribution twice.
                if all(distribution(entry) != distribution(known) for known in same):
                    same.append(entry)
            self._entries = entries
        return self._entries

    def backend(self, protocol: str) -> Backend:
        """Return the backend that serves a protocol, loaded and checked.

        Raises:
            BackendNotFoundError: if its distribution is not installed.
            BackendConflictError: if two distributions claim it and nothing chooses.
            PluginError: if the plugin cannot be imported or breaks the contract.

        """
        known = self._backends.get(protocol)
        if known is None:
            with self._lock:
                known = self._backends.get(protocol) or self._load(protocol)
                self._backends[protocol] = known
        return known

    def _load(self, protocol: str) -> Backend:
        claimants = self.claims().get(protocol, [])
        if claimants:
            entry = _choose(protocol, claimants)
            return self.register_backend(_import(entry), entry.value)
        if protocol in KNOWN:
            msg = (
                f"{protocol}:// needs the backend {KNOWN[protocol]}: pip install {KNOWN[protocol]}"
            )
            raise BackendNotFoundError(msg, protocol=protocol)
        return self.register_backend(importlib.import_module("daypass.generic"), "daypass.generic")

    def register_backend(self, module: ModuleType, name: str) -> Backend:
        """Register a backend's module and return it; asked again, return the same hooks.

        Raises:
            PluginError: naming the plugin and the rule that it breaks.

        """
        with self._lock:
            hooks = self._register(module, name, _BACKEND_HOOKS)
            for needed in ("head_metadata", "describe_backend"):
                if needed not in hooks:
                    msg = f"backend {name} implements no {needed}, which every backend must"
                    raise PluginError(msg, plugin=name)
            info = self._caller(name, "describe_backend")()
            if not isinstance(info, BackendInfo):
                msg = f"backend {name}: describe_backend returned {type(info).__name__}, not a BackendInfo"
                raise PluginError(msg, plugin=name)
            sign = self._caller(name, "create_signed_url") if "create_signed_url" in hooks else None
            return Backend(info, name, sign, self._caller(name, "head_metadata"))

    def register_plugin(self, module: object, name: str) -> None:
        """Register a cross-cutting plugin (``authorize``, ``record``)."""
        with self._lock:
            self._register(module, name, _PLUGIN_HOOKS)

    def unregister(self, name: str) -> None:
        """Forget a plugin or backend again."""
        with self._lock:
            self._manager.unregister(name=name)
            self._backends.clear()
            self._callers.clear()

    def _register(self, module: object, name: str, allowed: tuple[str, ...]) -> set[str]:
        hooks = _check_hooks(module, name, allowed)
        if self._manager.get_plugin(name) is not module:
            self._manager.register(module, name)
            # A cached subset caller filters by removal, so it would ask a newcomer too.
            self._backends.clear()
            self._callers.clear()
        return hooks

    def _caller(self, name: str, hook: str) -> Callable[..., Any]:
        others = [p for p in self._manager.get_plugins() if self._manager.get_name(p) != name]
        return self._manager.subset_hook_caller(hook, others)

    def enforcers(self, option: str) -> list[str]:
        """Return the names of the installed backends that enforce an option."""
        able = set()
        for protocol in self.claims():
            try:
                info = self.backend(protocol).info
            except DaypassError:
                continue  # a broken plugin is reported where its own protocol is asked for
            if option in info.enforces:
                able.add(info.name)
        return sorted(able)

    def listeners(self, hook: str) -> Callable[[SigningEvent], None] | None:
        """Return the caller of ``authorize`` or ``record``; None where nobody listens."""
        try:
            return self._callers[hook]
        except KeyError:
            with self._lock:
                return self._find_listeners(hook)

    def _find_listeners(self, hook: str) -> Callable[[SigningEvent], None] | None:
        if not self._plugins_loaded:
            for entry in self._find(group="daypass.plugins"):
                self.register_plugin(_import(entry), entry.value)
            self._plugins_loaded = True
        caller = getattr(self._manager.hook, hook)
        found = (lambda event: caller(event=event)) if caller.get_hookimpls() else None
        self._callers[hook] = found
        return found


def distribution(entry: EntryPoint) -> str:
    """Return the name of the distribution that an entry point comes from."""
    return entry.dist.name if entry.dist is not None else entry.value


def _choose(protocol: str, claimants: list[EntryPoint]) -> EntryPoint:
    if len(claimants) == 1:
        return claimants[0]
    names = sorted(distribution(entry) for entry in claimants)
    setting = f"DAYPASS_BACKEND_{protocol.upper().replace('+', '_').replace('-', '_')}"
    chosen = os.environ.get(setting)
    for entry in claimants:
        if distribution(entry) == chosen:
            return entry
    msg = (
        f"{' and '.join(names)} both claim {protocol}://: uninstall one, or choose with the "
        f"environment variable {setting}={names[0]}"
    )
    raise BackendConflictError(msg, claimants=names)


def _import(entry: EntryPoint) -> ModuleType:
    try:
        return importlib.import_module(entry.value)
    except Exception as error:
        msg = (
            f"plugin {entry.value} of {distribution(entry)} cannot be imported "
            f"({type(error).__name__}: {error}): reinstall or remove it"
        )
        raise PluginError(msg, plugin=entry.value) from error


def _check_hooks(module: object, name: str, allowed: tuple[str, ...]) -> set[str]:
    """Return the names of the hooks a plugin implements, or raise naming plugin and rule."""
    found: set[str] = set()
    for attribute in dir(module):
        function = getattr(module, attribute, None)
        options = getattr(function, "daypass_impl", None)
        if not inspect.isroutine(function) or options is None:
            continue
        hook = options.get("specname") or attribute
        fault = _fault(function, hook, options, allowed)
        if fault:
            msg = f"plugin {name}: hook {hook} {fault}"
            raise PluginError(msg, plugin=name)
        found.add(hook)
    return found


def _fault(
    function: Callable[..., Any], hook: str, options: dict[str, Any], allowed: tuple[str, ...]
) -> str | None:
    if hook not in allowed:
        return f"is not one of {', '.join(allowed)}"
    if options.get("wrapper") or options.get("hookwrapper"):
        return "is a wrapper, and wrappers could hide or replace an answer: write a plain function"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async: hooks are plain functions, and the async face runs them in a thread"
    expected = set(inspect.signature(getattr(hookspecs, hook)).parameters)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in expected:
            return f"has the argument {parameter.name}, and the contract has {sorted(expected)}"
        if parameter.default is not parameter.empty:
            return f"gives {parameter.name} a default, which would outrank what the caller asked"
    return None


#: The registry of this process.
registry = Registry()
