"""Protocol or signer to plugin: discovery by entry points, loading on first use, conflicts, cached callers."""

from __future__ import annotations

import importlib
import inspect
import threading
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs
import pluggy

from daypass.backends.calls import Backend, describe, traced, tracing
from daypass.backends.checks import check_hooks
from daypass.backends.discovery import (
    GROUPS,
    blaming,
    choose,
    distribution,
    finder,
    load,
    not_installed,
)
from daypass.base.messages import refuse_unknown
from daypass.base.process import follow_forks
from daypass.errors import BackendNotFoundError, DaypassError, InvalidRequestError, PluginError
from daypass.hookspecs import hooks as hookspecs
from daypass.model.paths import LOCAL

if TYPE_CHECKING:
    from daypass.hookspecs.events import SigningEvent

__all__ = ["KNOWN", "KNOWN_SIGNERS", "Registry", "registry"]

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
    "adl": "daypass-azure",
    "redis": "daypass-redis",
    "rediss": "daypass-redis",
}

#: Who signs paths of any protocol, by the name that ``signer=`` takes: named when not installed.
KNOWN_SIGNERS = {"cloudfront": "daypass-cloudfront", "links": "daypass-links"}

_BACKENDS, _SIGNERS = "daypass.backends", "daypass.signers"
_SIGNER_HOOKS = (
    "create_signed_url",
    "create_signed_urls",
    "create_signed_prefix",
    "create_multipart_upload",
    "describe_backend",
    "request_upload",
    "explain_url",
    "verify_url",
)
#: By the group of entry points: the hooks that a module there may have, and those that it must.
_HOOKS = {
    _BACKENDS: (
        (*_SIGNER_HOOKS, "create_upload_form", "cors", "head_metadata"),
        ("head_metadata", "describe_backend"),
    ),
    _SIGNERS: (_SIGNER_HOOKS, ("create_signed_url", "describe_backend")),
}
#: Those of a backend that a `Backend` calls.
_CALLED = tuple(hook for hook in _HOOKS[_BACKENDS][0] if hook != "describe_backend")
_PLUGIN_HOOKS = ("authorize", "record")


#: What tells the plugins of an event, and returns what they answered.
_Caller = Callable[["SigningEvent"], object]


class Registry:
    """Knows the installed backends and plugins; loads each when it is first needed."""

    def __init__(self, find: Callable[..., Iterable[EntryPoint]] | None = None) -> None:
        self._find = find or finder()
        self.after_fork()
        follow_forks(self)
        self._manager = _manager()
        self._entries: dict[str, dict[str, list[EntryPoint]]] = {}
        self._backends: dict[str, Backend] = {}
        self._signers: dict[str, Backend] = {}
        self._modules: dict[tuple[str, str], tuple[ModuleType, Backend]] = {}
        self._plugins_loaded = False
        self._siblings: dict[str, frozenset[str]] = {}
        self._listening: tuple[_Caller | None, _Caller | None] | None = None

    def after_fork(self) -> None:
        """Begin with a lock that no thread of the parent holds: one that was loading a plugin is not here."""
        self._lock = threading.RLock()

    def claims(self, group: str = _BACKENDS) -> dict[str, list[EntryPoint]]:
        """Return the entry points by the protocol, or the signer's name, they claim; none is loaded."""
        if group not in self._entries:
            entries: dict[str, list[EntryPoint]] = {}
            for entry in self._find(group=group):
                same = entries.setdefault(entry.name, [])
                # An editable install beside a wheel lists one distribution twice.
                if all(distribution(entry) != distribution(known) for known in same):
                    same.append(entry)
            self._entries[group] = entries
        return self._entries[group]

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
            entry = choose(protocol, claimants)
            module = load(entry)
            with blaming(entry):
                return self.register_backend(module, entry.value)
        if protocol in KNOWN:
            msg = (
                f"{protocol}:// needs the backend {KNOWN[protocol]}: pip install {KNOWN[protocol]}"
            )
            raise BackendNotFoundError(msg, protocol=protocol)
        generic = importlib.import_module("daypass.backends.generic")
        found = self.register_backend(generic, "daypass.backends.generic")
        if why := generic.WHY_NOT.get(protocol):
            # Said before anything else is judged: no option could make it sign.
            info = attrs.evolve(found.info, methods=(), why_not=why)
            return attrs.evolve(found, info=info, create_signed_url=None)
        return found

    def signer(self, name: str) -> Backend:
        """Return the signer of a name, loaded and checked: it signs in place of a path's own backend.

        Raises:
            InvalidRequestError: for a name that is no text.
            BackendNotFoundError: if no installed distribution has it; the message says what to do.
            BackendConflictError: if two distributions claim it and nothing chooses.
            PluginError: if the plugin cannot be imported or breaks the contract.

        """
        if not isinstance(name, str):
            msg = f"signer is the name of a signer, such as 'cloudfront', not {type(name).__name__}"
            raise InvalidRequestError(msg, option="signer")
        name = str.__str__(name)
        known = self._signers.get(name)
        if known is None:
            with self._lock:
                known = self._signers.get(name) or self._load_signer(name)
                self._signers[name] = known
        return known

    def _load_signer(self, name: str) -> Backend:
        claims = self.claims(_SIGNERS)
        if name in KNOWN_SIGNERS and name not in claims:
            msg = f"signer={name!r} needs {KNOWN_SIGNERS[name]}: pip install {KNOWN_SIGNERS[name]}"
            raise BackendNotFoundError(msg)
        try:
            refuse_unknown([name], {*claims, *KNOWN_SIGNERS}, what="signer")
        except InvalidRequestError as error:
            raise BackendNotFoundError(str(error)) from None
        entry = choose(name, claims[name])
        module = load(entry)
        with blaming(entry):
            return self.register_backend(module, entry.value, _SIGNERS)

    def secret_options(self, protocol: str, signer: str | None = None) -> frozenset[str]:
        """Name the options that the backend of a protocol, and a signer, declare to be secrets.

        Raises:
            DaypassError: if one of the two cannot be loaded.

        """
        own = self.backend(protocol).info.secret_storage_options
        return own if signer is None else own | self.signer(signer).info.secret_storage_options

    def register_backend(self, module: ModuleType, name: str, group: str = _BACKENDS) -> Backend:
        """Check a backend's module and return the ways to its hooks; asked again, the same ones.

        Each backend has a plugin manager of its own, so that none is ever asked about another's
        paths, whatever is loaded later (docs/decisions/0006).

        Raises:
            PluginError: naming the plugin and the rule that it breaks.

        """
        with self._lock:
            known = self._modules.get((group, name))
            if known is None or known[0] is not module:
                known = self._modules[group, name] = (module, _backend(module, name, group))
            return known[1]

    def register_plugin(self, module: object, name: str) -> None:
        """Register a cross-cutting plugin (``authorize``, ``record``)."""
        with self._lock:
            check_hooks(module, name, _PLUGIN_HOOKS)
            if self._manager.get_plugin(name) is not module:
                try:
                    self._manager.register(module, name)
                except ValueError as error:
                    msg = f"plugin {name} cannot be registered: another one has this name"
                    raise PluginError(msg, plugin=name) from error
                self._listening = None

    def load_plugin(self, entry: EntryPoint) -> None:
        """Load and register an installed cross-cutting plugin.

        Raises:
            PluginError: naming the plugin, its distribution and what is wrong.

        """
        module = load(entry)
        with blaming(entry):
            self.register_plugin(module, entry.value)

    def siblings(self, protocol: str) -> frozenset[str]:
        """Return the protocols that name the same store as this one: ``s3a`` is another word for ``s3``."""
        known = self._siblings.get(protocol)
        if known is None:
            claims = self.claims()
            values = {entry.value for entry in claims.get(protocol, ())}
            claimed = {
                other
                for other, entries in claims.items()
                if not values.isdisjoint(entry.value for entry in entries)
            }
            owner = KNOWN.get(protocol)
            owned = {other for other, name in KNOWN.items() if name == owner}
            local = LOCAL if protocol in LOCAL else ()
            known = self._siblings[protocol] = frozenset({protocol, *claimed, *owned, *local})
        return known

    def installed(self) -> dict[str, Backend]:
        """Return the backends that can be loaded, by a protocol, and the signers, by their name."""
        found: dict[str, Backend] = {}
        asked = [
            *((self.backend, protocol) for protocol in self.claims()),
            *((self.signer, name) for name in self.claims(_SIGNERS)),
        ]
        for find, name in asked:
            try:
                one = find(name)
            except DaypassError:
                continue  # a broken plugin is reported where it is itself asked for
            if one not in found.values():
                found[name] = one
        return found

    def names_of(self, backend: Backend) -> tuple[str, str | None]:
        """Return a protocol to open a store for, and the signer's name where it is a signer."""
        name = next(name for name, one in self.installed().items() if one is backend)
        if name in self.claims(_SIGNERS) and self.signer(name) is backend:
            return "memory", name  # a signer signs paths of any protocol
        return name, None

    def enforcers(self, option: str) -> list[str]:
        """Return the names of the installed backends and signers that enforce an option."""
        found = self.installed().values()
        return sorted({one.info.name for one in found if option in one.info.enforces})

    def listeners(self) -> tuple[_Caller | None, _Caller | None]:
        """Return the callers of ``authorize`` and of ``record``, which return what was answered, or None; None where nobody listens."""
        known = self._listening
        if known is None:
            with self._lock:
                self._load_plugins()
                known = self._listening = (self._caller("authorize"), self._caller("record"))
        return known

    def _load_plugins(self) -> None:
        if not self._plugins_loaded:
            missing = not_installed(e for group in GROUPS for e in self._find(group=group))
            for name, why in missing.items():
                raise PluginError(why, plugin=name)
            for entry in self._find(group="daypass.plugins"):
                self.load_plugin(entry)
            self._plugins_loaded = True

    def _caller(self, hook: str) -> _Caller | None:
        caller = getattr(self._manager.hook, hook)
        if not caller.get_hookimpls():
            return None
        return self._one_by_one(hook) if tracing() else lambda event: caller(event=event) or None

    def _one_by_one(self, hook: str) -> _Caller:
        """Return what calls the plugins in pluggy's order, each of them traced."""
        plugins = [
            impl.plugin for impl in reversed(getattr(self._manager.hook, hook).get_hookimpls())
        ]
        calls = [
            traced(
                hook,
                str(self._manager.get_name(plugin)),
                self._manager.subset_hook_caller(hook, [p for p in plugins if p is not plugin]),
            )
            for plugin in plugins
        ]

        def every(event: SigningEvent) -> object:
            return [answer for call in calls for answer in call(event=event)] or None

        return every


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager("daypass")
    manager.add_hookspecs(hookspecs)
    return manager


def _straight(hook: pluggy.HookCaller) -> Callable[..., Any]:
    """Return the function behind a hook of one backend: the way of many takes as long as a signature."""
    implementations = hook.get_hookimpls()
    if len(implementations) != 1 or hook.spec is None:
        return hook
    (only,) = implementations
    if set(only.argnames) == set(hook.spec.argnames):
        return only.function
    return lambda **given: only.function(**{name: given[name] for name in only.argnames})


def _backend(module: ModuleType, name: str, group: str) -> Backend:
    """Make the typed ways to a backend's hooks, or raise naming the rule that it breaks."""
    allowed, needs = _HOOKS[group]
    hooks = check_hooks(module, name, allowed)
    for needed in needs:
        if needed not in hooks:
            kind = group.removeprefix("daypass.").removesuffix("s")
            msg = f"{kind} {name} implements no {needed}, which every {kind} must"
            if inspect.isroutine(getattr(module, needed, None)):
                msg += ": put @hookimpl above the function of this name"
            raise PluginError(msg, plugin=name)
    manager = _manager()
    manager.register(module, name)
    info = describe(name, traced("describe_backend", name, manager.hook.describe_backend))
    for said, hook, yes, no in (
        ("prefixes", "create_signed_prefix", "True", "False"),
        ("forms", "create_upload_form", "True", "False"),
        ("multipart", "create_multipart_upload", "PartLimits(...)", "None"),
    ):
        declared = getattr(info, said) not in (None, False)
        if declared is not (hook in hooks):
            remedy = (
                f"implement the hook, or declare {said}={no}"
                if declared
                else f"declare {said}={yes}, or take the hook out"
            )
            msg = f"backend {name}: {said}={getattr(info, said)} and the hook {hook} contradict each other: {remedy}"
            raise PluginError(msg, plugin=name)
    if info.options_class is not None and not attrs.has(info.options_class):
        msg = f"backend {name}: options_class is not an attrs class"
        raise PluginError(msg, plugin=name)
    if info.prefix_option is not None:
        known = () if info.options_class is None else attrs.fields_dict(info.options_class)
        if info.prefix_option not in known:
            msg = f"backend {name}: prefix_option={info.prefix_option!r} names no field of its options_class"
            raise PluginError(msg, plugin=name)

    def caller(hook: str) -> Any:
        return traced(hook, name, _straight(getattr(manager.hook, hook)))

    ways = {hook: caller(hook) if hook in hooks else None for hook in _CALLED}
    return Backend(info, name, **{**ways, "head_metadata": caller("head_metadata")})


#: The registry of this process.
registry = Registry()
