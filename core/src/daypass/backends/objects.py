"""Who signs and writes the objects of a library: a distribution that says so, found by the names of the object's classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from daypass.backends.calls import named
from daypass.backends.checks import check_hooks
from daypass.backends.discovery import choose, load, may_load, source
from daypass.backends.loading import KNOWN, registry
from daypass.errors import DaypassError, PluginError
from daypass.model.paths import PROFILES

__all__ = ["GROUP", "answered", "packages_of", "signable", "signer_of", "writer_of"]

#: The group of entry points by the name of a library's package, such as ``pystac``; the value is a module with one of the hooks, or both.
GROUP = "daypass.objects"
_HOOKS = ("sign_object", "share_object")


def signable() -> set[str]:
    """Return the protocols of paths that somebody signs: those of backends, and that of profiles."""
    return {*KNOWN, *registry.claims(), PROFILES}


def packages_of(thing: object) -> Iterator[str]:
    """Name the packages that an object's classes come from, its own first; none of them is imported."""
    for kind in type(thing).__mro__:
        yield str(kind.__module__).partition(".")[0]


def signer_of(thing: object) -> Callable[..., Any] | None:
    """Return the hook that signs an object; None where no distribution has one.

    Raises:
        BackendConflictError: if several distributions know its library, and no setting chooses.
        PluginError: if the module breaks the contract.

    """
    return _hook_of(thing, "sign_object")


def writer_of(thing: object) -> Callable[..., Any] | None:
    """Return the hook that writes an object to a file; None where no distribution has one.

    Raises:
        BackendConflictError: if several distributions know its library, and no setting chooses.
        PluginError: if the module breaks the contract.

    """
    return _hook_of(thing, "share_object")


def answered(name: str, hook: Callable[..., Any], **given: Any) -> Any:
    """Call a hook that was found, of that name.

    Raises:
        PluginError: if it fails.
        DaypassError: what it raises of daypass.

    """
    try:
        return hook(**given)
    except DaypassError:
        raise
    except Exception as error:
        plugin = hook.__module__
        msg = f"plugin {plugin}: {name} failed with {named(error)}"
        raise PluginError(msg, plugin=plugin) from error


def _hook_of(thing: object, hook: str) -> Callable[..., Any] | None:
    claims = registry.claims(GROUP)
    for package in packages_of(thing) if claims else ():
        claimants = [entry for entry in claims.get(package, ()) if may_load(entry)]
        if claimants:
            entry = choose(package, claimants)
            module = load(entry)
            found = check_hooks(module, entry.value, _HOOKS)
            if not found:
                msg = f"plugin {entry.value} of {source(entry)} has no hook {' or '.join(_HOOKS)}, for what {package} makes: give its module one"
                raise PluginError(msg, plugin=entry.value)
            if hook in found:
                known: Callable[..., Any] = getattr(module, hook)
                return known
    return None
