"""Whether a plugin keeps the form of the contract: known hooks, their very arguments, plain functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

from daypass.base.messages import nearest
from daypass.errors import PluginError
from daypass.hookspecs import hooks

__all__ = ["check_hooks"]


def check_hooks(module: object, name: str, allowed: tuple[str, ...]) -> set[str]:
    """Return the names of the hooks a plugin implements, or raise naming plugin and rule."""
    for hook in allowed:
        if PathFinder.find_spec(f"{name}.{hook}", getattr(module, "__path__", ())):
            msg = f"plugin {name}: its module {hook} has the name of a hook, and would take its place once imported: name the module otherwise"
            raise PluginError(msg, plugin=name)
    found: set[str] = set()
    for attribute in dir(module):
        function = getattr(module, attribute, None)
        if not inspect.isroutine(function):
            continue  # first of all: other objects may raise when they are asked for attributes
        options = getattr(function, "daypass_impl", None)
        if options is None:
            if attribute in allowed and _reads_like(function, attribute):
                msg = f"plugin {name}: {attribute} has a hook's name and arguments but no @hookimpl above it, so it would never be called: mark it, or name it otherwise"
                raise PluginError(msg, plugin=name)
            continue
        hook = options.get("specname") or attribute
        fault = _fault(function, hook, options, allowed)
        if fault:
            msg = f"plugin {name}: hook {hook} {fault}"
            raise PluginError(msg, plugin=name)
        found.add(hook)
    return found


def _reads_like(function: Callable[..., Any], hook: str) -> bool:
    """Tell whether a function that is not marked takes what the hook of its name would be given."""
    try:
        given = set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a function of C that does not say what it takes
        return False
    expected = set(inspect.signature(getattr(hooks, hook)).parameters)
    return given <= expected and bool(given) is bool(expected)


def _fault(
    function: Callable[..., Any], hook: str, options: dict[str, Any], allowed: tuple[str, ...]
) -> str | None:
    """Say which rule of the contract a hook breaks."""
    if hook not in allowed:
        near = nearest(hook, allowed, cutoff=0.7)
        return f"is none: did you mean {near}?" if near else f"is not one of {', '.join(allowed)}"
    kinds = {
        "is a wrapper, and wrappers could hide or replace an answer": (
            options.get("wrapper") or options.get("hookwrapper")
        ),
        "is async, and the async face runs hooks in a thread": (
            inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        ),
        "is a generator, whose body would never run": inspect.isgeneratorfunction(function),
    }
    for rule, broken in kinds.items():
        if broken:
            return f"{rule}: write a plain function"
    expected = set(inspect.signature(getattr(hooks, hook)).parameters)
    faults = (
        _parameter_fault(p, expected) for p in inspect.signature(function).parameters.values()
    )
    return next(filter(None, faults), None)


def _parameter_fault(parameter: inspect.Parameter, expected: set[str]) -> str | None:
    if parameter.name not in expected:
        return f"has the argument {parameter.name}, and the contract has {sorted(expected)}"
    if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
        return f"takes {parameter.name} in a way in which it would never arrive"
    if parameter.default is not parameter.empty:
        return f"gives {parameter.name} a default, which would outrank what the caller asked"
    return None
