"""The configuration: profiles, and the sections of policy and audit, from files and the environment.

It is read once, when something first needs it, and again as soon as an environment variable that bears
on it is another. A change of a file is noticed by `reload`.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import attrs

from daypass.base.process import after_fork, environment_number
from daypass.base.tracebacks import discreet
from daypass.config.layers import OF_CORE, layered
from daypass.config.profiles import Profile, effective
from daypass.config.sections import Section, structured_section
from daypass.config.sources import Source, find, of_others, read, user_file
from daypass.errors import ConfigError, IgnoredFileWarning, without_login

__all__ = ["Config", "Profile", "Section", "check", "load", "reload"]

#: Besides ``DAYPASS_...``, what decides where the user's file is.
_PLACES = ("XDG_CONFIG_HOME", "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")


@attrs.frozen(kw_only=True)
class Config:
    """What the user has configured."""

    #: By name; what ``daypass://NAME`` means.
    profiles: Mapping[str, Profile]
    #: ``[policy]`` as its file gives it; None where no file has one.
    policy: Section | None
    #: ``[audit]`` as its file gives it; None where no file has one.
    audit: Section | None
    #: The files that were read, in the order in which later ones win.
    files: tuple[str, ...]
    #: What is wrong with profiles of a project's file, by name, and with the file itself as ``""``.
    faults_of_project: Mapping[str, tuple[ConfigError, ...]] = attrs.field(factory=dict, repr=False)
    #: Why a project's file was not read.
    ignored: tuple[str, ...] = ()
    #: Sections that installed distributions bring, by name, each as its file gives it.
    sections: Mapping[str, Section] = attrs.field(factory=dict)

    def profile(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            ConfigError: if there is none of this name, and the message gives the nearest; or for what is
                wrong with it, or with the project's file that it would be of.

        """
        found = self.profiles.get(name)
        wrong = self.faults_of_project.get(name)
        if wrong is None and (found is None or found.of_project):
            wrong = self.faults_of_project.get("")
        if wrong is not None:
            raise _first_of(wrong)
        if found is None:
            raise _no_profile(name, self)
        return found

    def section(self, name: str) -> Any:
        """Return what a section says that an installed distribution brings, as the class that it has for it.

        Of ``audit`` it is what the distribution adds to core's keys.

        Returns:
            None where neither a file nor the environment has the section.

        Raises:
            ConfigError: naming the file, the key, and the nearest that is legal.
            PluginError: if the distribution's module cannot be imported, or does not say.

        """
        found = self.audit if name == "audit" else self.sections.get(name)
        return None if found is None else structured_section(name, found)


class _Loaded(NamedTuple):
    number: int
    seen: dict[str, str]
    config: Config


_loaded: list[_Loaded] = []
_lock = threading.Lock()


def load() -> Config:
    """Return the configuration, read anew only where the environment says something else than before.

    >>> load().policy is None
    True

    Raises:
        ConfigError: naming the file and the key that is wrong, and how many more there are.

    """
    return of_environment(environment_number())


def of_environment(number: int) -> Config:
    """Do as `load`, for whoever has asked for the environment's number already.

    Raises:
        ConfigError: as `load`.

    """
    for known in _loaded:
        if known.number == number:
            return known.config
    return _load(number)  # whose frames alone hold anything, and every link comes here


@discreet
def _load(number: int) -> Config:
    """Read it, or find that nothing of what it is read from has changed."""
    with _lock:
        seen = _variables()
        for known in _loaded:
            if known.seen == seen:
                _loaded[:] = [_Loaded(number, seen, known.config)]
                return known.config
        config = _read()
        _loaded[:] = [_Loaded(number, seen, config)]
        return config


@discreet
def reload() -> Config:
    """Read the configuration again, and return it.

    Links that are being made, and stores that were made, keep what they have.

    Raises:
        ConfigError: as `load`; the configuration is then read again by whatever next needs it.

    """
    with _lock:
        _loaded.clear()
    return load()


@discreet
def check() -> tuple[list[Source], Config | None, list[ConfigError]]:
    """Read everything anew and say all that is wrong.

    Returns:
        The files, the configuration where nothing is wrong, and every fault.

    """
    sources, config, faults = _gathered()
    faults += [fault for some in config.faults_of_project.values() for fault in some]
    return sources, None if faults else config, faults


def _read() -> Config:
    _, config, faults = _gathered()
    if faults:
        raise _first_of(faults)
    return config


def _gathered() -> tuple[list[Source], Config, list[ConfigError]]:
    """Read everything; the faults of a project's file stop nothing, and are in the configuration."""
    sources, ignored = _own(find())
    faults: list[ConfigError] = []
    readable: list[Source] = []
    unreadable: list[ConfigError] = []
    for source in sources:
        try:
            readable.append(read(source))
        except ConfigError as error:
            (unreadable if source.kind == "project" else faults).append(error)
    layers, wrong = layered(readable, os.environ)
    layers.blame_project("", unreadable)
    faults += wrong
    profiles, wrong = effective(layers)
    faults += wrong
    config = Config(
        profiles=MappingProxyType(profiles),
        policy=layers.sections.get("policy"),
        audit=layers.sections.get("audit"),
        files=tuple(source.file for source in sources),
        faults_of_project={name: tuple(found) for name, found in layers.of_project.items()},
        ignored=tuple(ignored),
        sections=MappingProxyType(
            {name: found for name, found in layers.sections.items() if name not in OF_CORE}
        ),
    )
    return sources, config, faults


def _own(sources: list[Source]) -> tuple[list[Source], list[str]]:
    """Leave a project's file out that is somebody else's, and say so."""
    found, ignored = [], []
    for source in sources:
        if (why := of_others(source)) is None:
            found.append(source)
            continue
        msg = (
            f"{source.file} is not read, since {why}: make it and its directory your own, move its profiles to "
            f"{user_file()}, or name it in DAYPASS_CONFIG if you trust it"
        )
        ignored.append(msg)
        warnings.warn(msg, IgnoredFileWarning, stacklevel=2)
    return found, ignored


def _first_of(faults: Sequence[ConfigError]) -> ConfigError:
    first = faults[0]
    more = f" ({len(faults) - 1} more: see daypass config check)" if len(faults) > 1 else ""
    return ConfigError(f"{first}{more}", file=first.file, key=first.key, others=list(faults[1:]))


def _variables() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PLACES
        or (name.startswith("DAYPASS_") and not name.startswith("DAYPASS_BACKEND"))
    }


def _no_profile(name: str, config: Config) -> ConfigError:
    from daypass.base.messages import nearest, shown_bucket

    key = f"profiles.{without_login(name)[:63]}"
    if config.ignored:
        msg = f"no profile is named {shown_bucket(name)}, and {config.ignored[0]}"
        return ConfigError(msg, key=key)
    near = nearest(name, config.profiles)
    files = ", ".join(config.files) or "the environment"
    if near:
        hint = f"did you mean {near}?"
    elif config.files or config.profiles:
        hint = f"{files} has {', '.join(sorted(config.profiles)) or 'none'}"
    else:
        hint = "there is no configuration, and `daypass config path` prints where it goes"
    return ConfigError(f"no profile is named {shown_bucket(name)}: {hint}", key=key)


@after_fork
def _begin() -> None:
    """Begin with a lock that no thread of the parent holds; what was read stays known."""
    global _lock  # noqa: PLW0603 - a lock that another process has closed stays closed
    _lock = threading.Lock()
