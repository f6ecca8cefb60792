"""Entry points: who brings a plugin, whether it may be loaded, and whether it fits this daypass."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from daypass.backends.distributions import distributions_with_ours
from daypass.base.tracebacks import PACKAGES
from daypass.base.version import __version__
from daypass.errors import BackendConflictError, PluginError

__all__ = [
    "ALLOWED",
    "GROUPS",
    "blaming",
    "choose",
    "distribution",
    "finder",
    "load",
    "may_load",
    "not_installed",
    "source",
]

#: The setting that lists what may be loaded: distributions or modules, separated by commas.
ALLOWED = "DAYPASS_PLUGINS"
#: Where distributions name their plugins.
GROUPS = (
    "daypass.backends",
    "daypass.signers",
    "daypass.plugins",
    "daypass.commands",
    "daypass.presets",
    "daypass.sections",
    "daypass.audits",
    "daypass.demos",
    "daypass.cards",
    "daypass.objects",
)
#: Of a group where one distribution is chosen by name: how its names are spoken of, and the setting that chooses.
_CHOSEN = {
    "daypass.backends": ("{}://", "DAYPASS_BACKEND_"),
    "daypass.signers": ("the signer {}", "DAYPASS_SIGNER_"),
    "daypass.commands": ("the command {}", "DAYPASS_COMMAND_"),
    "daypass.sections": ("the section [{}]", "DAYPASS_SECTION_"),
    "daypass.audits": ("the audit {}", "DAYPASS_AUDIT_"),
    "daypass.demos": ("the demo {}", "DAYPASS_DEMO_"),
    "daypass.cards": ("the {} of results", "DAYPASS_"),
    "daypass.objects": ("the objects of {}", "DAYPASS_OBJECTS_"),
}
#: The commonest requirement, judged without importing `packaging`.
_AT_LEAST = re.compile(r"daypass>=(\d+(?:\.\d+)*)")


def finder() -> Callable[..., Iterable[EntryPoint]]:
    """Return what finds the entry points of a group; all distributions are read once, when it is first asked."""

    @cache
    def read() -> dict[str, tuple[EntryPoint, ...]]:
        ours = distributions_with_ours()
        if ours is None:
            found = entry_points()
            return {group: tuple(found.select(group=group)) for group in GROUPS}
        mine = [entry for each in ours for entry in each.entry_points]
        return {group: tuple(e for e in mine if e.group == group) for group in GROUPS}

    return lambda *, group: read()[group]


def distribution(entry: EntryPoint) -> str:
    """Return the name of the distribution that an entry point comes from."""
    return entry.value if entry.dist is None else _normal(entry.dist.name)


def source(entry: EntryPoint) -> str:
    """Return distribution and version, as errors and ``daypass plugins`` give them."""
    version = getattr(entry.dist, "version", None)
    return distribution(entry) if version is None else f"{distribution(entry)} {version}"


def choose(name: str, claimants: list[EntryPoint]) -> EntryPoint:
    """Return the one entry point that shall serve a protocol, or be the signer or the command of a name.

    Raises:
        BackendConflictError: if several may, and no setting chooses.

    """
    able = [entry for entry in claimants if may_load(entry)] or claimants
    if len(able) == 1:
        return able[0]
    names = sorted(distribution(entry) for entry in able)
    what, prefix = _CHOSEN[able[0].group]
    setting = f"{prefix}{name.upper()}".replace("+", "_").replace("-", "_")
    chosen = os.environ.get(setting)
    for entry in able:
        if distribution(entry) == chosen:
            return entry
    msg = (
        f"{' and '.join(names)} both claim {what.format(name)}: uninstall one, or choose with the "
        f"environment variable {setting}={names[0]}"
    )
    raise BackendConflictError(msg, claimants=names)


def load(entry: EntryPoint) -> ModuleType:
    """Import a plugin's module: the one place where plugins are loaded.

    Raises:
        PluginError: if it may not be loaded, asks for another daypass, or cannot be imported.

    """
    if not may_load(entry):
        msg = (
            f"plugin {entry.value} of {source(entry)} may not be loaded, since {ALLOWED} does not "
            f"list it: add {distribution(entry)} to {ALLOWED}, or uninstall {distribution(entry)}"
        )
        raise PluginError(msg, plugin=entry.value)
    if wanted := _misfit(entry):
        msg = (
            f"plugin {entry.value} of {source(entry)} was made for {wanted}, and this is daypass "
            f"{__version__}: upgrade {distribution(entry)}, or install {wanted}"
        )
        raise PluginError(msg, plugin=entry.value)
    module, colon, attribute = entry.value.partition(":")
    if colon:
        msg = (
            f"the entry point {entry.name} of {source(entry)} names {entry.value}, and a plugin is a "
            f"module: write {module.strip()}, without :{attribute.strip()}"
        )
        raise PluginError(msg, plugin=entry.value)
    PACKAGES.add(entry.value.partition(".")[0])
    try:
        return importlib.import_module(entry.value)
    except (Exception, SystemExit) as error:
        msg = (
            f"plugin {entry.value} of {source(entry)} cannot be imported beside daypass "
            f"{__version__} ({type(error).__name__}: {error}): mend it if it is yours, or "
            "else upgrade, reinstall or remove it"
        )
        raise PluginError(msg, plugin=entry.value) from error


@contextmanager
def blaming(entry: EntryPoint) -> Iterator[None]:
    """Name the distribution, both versions and the remedy in every `PluginError` raised inside."""
    try:
        yield
    except PluginError as error:
        msg = f"{error} (it comes from {source(entry)}, and this is daypass {__version__}: mend it if it is yours, or else upgrade or remove it)"
        raise PluginError(msg, plugin=error.plugin) from error.__cause__


def not_installed(entries: Iterable[EntryPoint]) -> dict[str, str]:
    """Return what `ALLOWED` lists and no entry point has, with one sentence on each.

    What is missing may be the very policy that should refuse, so that nothing is signed without it.
    """
    found = [*entries]
    return {
        name: f"{ALLOWED} lists {name}, and no installed plugin is of a distribution or module with this name: install it, or take it off the list"
        for name in sorted(_listed() or ())
        if not any(_is_named(name, entry) for entry in found)
    }


def may_load(entry: EntryPoint) -> bool:
    """Tell whether `ALLOWED` lets a plugin be loaded; without the setting all may, and core always."""
    listed = _listed()
    if listed is None or distribution(entry) == "daypass":
        return True
    return any(_is_named(name, entry) for name in listed)


def _listed() -> set[str] | None:
    """Return the names that may be loaded; None where all may."""
    setting = os.environ.get(ALLOWED)
    if setting is None:
        return None
    return {name for part in setting.split(",") if (name := part.strip())}


def _is_named(name: str, entry: EntryPoint) -> bool:
    return entry.value == name or distribution(entry) == _normal(name)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()  # PEP 503: the spellings are one name


def _misfit(entry: EntryPoint) -> str | None:
    """Return what a distribution requires of daypass, where this is another one.

    pip sees to it, except where it was told not to, or one of the two was replaced later.
    """
    requires: list[str] = getattr(entry.dist, "requires", None) or []
    for text in requires:
        if not _normal(text).startswith("daypass"):
            continue
        if simple := _AT_LEAST.fullmatch(text):
            if tuple(map(int, simple[1].split("."))) <= _release():
                continue
            return f"daypass>={simple[1]}"
        from packaging.requirements import Requirement

        wanted = Requirement(text)
        if (
            _normal(wanted.name) == "daypass"
            and (wanted.marker is None or wanted.marker.evaluate())
            and not wanted.specifier.contains(__version__, prereleases=True)
        ):
            return f"daypass{wanted.specifier}"
    return None


def _release() -> tuple[int, ...]:
    return tuple(int(part) for part in __version__.split(".") if part.isdigit())
