"""The configuration: profiles, and the sections of policy and audit, from files and the environment.

It is read once, when something first needs it, and again as soon as an environment variable that bears
on it is another. A change of a file is noticed by `reload`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from types import MappingProxyType

import attrs

from daypass.base.process import after_fork, environment_number
from daypass.config.layers import Section, layered
from daypass.config.profiles import Profile, effective
from daypass.config.sources import Source, find, read
from daypass.errors import ConfigError

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

    def profile(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            ConfigError: if there is none of this name; the message gives the nearest.

        """
        found = self.profiles.get(name)
        if found is None:
            raise _no_profile(name, self)
        return found


@attrs.frozen
class _Loaded:
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
    number = environment_number()
    for known in _loaded:
        if known.number == number:
            return known.config
    with _lock:
        seen = _variables()
        for known in _loaded:
            if known.seen == seen:
                _loaded[:] = [_Loaded(number, seen, known.config)]
                return known.config
        config = _read()
        _loaded[:] = [_Loaded(number, seen, config)]
        return config


def reload() -> Config:
    """Read the configuration again, and return it.

    Links that are being made, and stores that were made, keep what they have.

    Raises:
        ConfigError: as `load`; the configuration is then read again by whatever next needs it.

    """
    with _lock:
        _loaded.clear()
    return load()


def check() -> tuple[list[Source], Config | None, list[ConfigError]]:
    """Read everything anew and say all that is wrong.

    Returns:
        The files, the configuration where nothing is wrong, and every fault.

    """
    sources = find()
    faults: list[ConfigError] = []
    readable: list[Source] = []
    for source in sources:
        try:
            readable.append(read(source))
        except ConfigError as error:
            faults.append(error)
    layers, wrong = layered(readable, os.environ)
    faults += wrong
    profiles, wrong = effective(layers)
    faults += wrong
    if faults:
        return sources, None, faults
    config = Config(
        profiles=MappingProxyType(profiles),
        policy=layers.sections.get("policy"),
        audit=layers.sections.get("audit"),
        files=tuple(source.file for source in sources),
    )
    return sources, config, []


def _read() -> Config:
    _, config, faults = check()
    if config is None:
        more = f" ({len(faults) - 1} more: see daypass config check)" if len(faults) > 1 else ""
        first = faults[0]
        msg = f"{first}{more}"
        raise ConfigError(msg, file=first.file, key=first.key, others=faults[1:])
    return config


def _variables() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PLACES
        or (name.startswith("DAYPASS_") and not name.startswith("DAYPASS_BACKEND"))
    }


def _no_profile(name: str, config: Config) -> ConfigError:
    from daypass.base.messages import nearest, shown_bucket

    near = nearest(name, config.profiles)
    files = ", ".join(config.files) or "the environment"
    if near:
        hint = f"did you mean {near}?"
    elif config.files or config.profiles:
        hint = f"{files} has {', '.join(sorted(config.profiles)) or 'none'}"
    else:
        hint = "there is no configuration, and `daypass config path` prints where it goes"
    return ConfigError(
        f"no profile is named {shown_bucket(name)}: {hint}", key=f"profiles.{name[:63]}"
    )


@after_fork
def _begin() -> None:
    """Begin with a lock that no thread of the parent holds; what was read stays known."""
    global _lock  # noqa: PLW0603 - a lock that another process has closed stays closed
    _lock = threading.Lock()
