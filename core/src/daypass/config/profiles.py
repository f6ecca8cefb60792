"""Profiles as they are used: with their preset and the profile that they refer to worked in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from daypass.config.layers import Layered, merged
from daypass.config.secrets import Secret, secrets_in
from daypass.config.sources import ENVIRONMENT
from daypass.config.structure import dotted, fault, structure, unknown
from daypass.errors import ConfigError, PluginError
from daypass.model.paths import PROFILES, ParsedPath, parse_path, shown_path

if TYPE_CHECKING:
    from daypass.config.tables import Defaults

__all__ = ["Profile", "effective"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Profile:
    """One profile: a root and how links below it are signed. Secrets in it are references."""

    name: str
    #: The root, as it is written.
    url: str
    #: The root, taken apart.
    root: ParsedPath
    storage_options: Mapping[str, Any]
    public_endpoint: str | None
    signer: str | None
    signer_options: Mapping[str, Any]
    defaults: Defaults
    #: Methods, options and functions that its store lacks.
    lacks: frozenset[str]
    #: The files, or the environment, that it comes from.
    files: tuple[str, ...]
    #: True where a project's file says it, which is trusted less.
    of_project: bool
    #: The table that all of this was made of.
    table: Mapping[str, Any]
    #: The references in its options.
    secrets: tuple[Secret, ...] = attrs.field(init=False)

    @secrets.default
    def _find_secrets(self) -> tuple[Secret, ...]:
        return tuple(secrets_in([self.storage_options, self.signer_options]))

    def __repr__(self) -> str:
        """Show the name and the root, and no option."""
        return f"Profile({self.name!r}, url={shown_path(self.url)!r})"

    def stamp(self) -> tuple[object, ...]:
        """Return what changes when the file of one of its secrets does."""
        return tuple(secret.stamp() for secret in self.secrets)


def effective(layers: Layered) -> tuple[dict[str, Profile], list[ConfigError]]:
    """Make every profile that can be made, and say what is wrong with the others.

    What is wrong with one of a project's file is noted in the layers.
    """
    profiles: dict[str, Profile] = {}
    faults: list[ConfigError] = []
    for name, (_, _, of_project) in layers.profiles.items():
        if name in layers.of_project:
            continue
        try:
            profiles[name] = _profile(layers, name)
        except ConfigError as error:
            if of_project:
                layers.blame_project(name, [error])
            else:
                faults.append(error)
    return profiles, faults


def _table(layers: Layered, name: str, ring: tuple[str, ...]) -> dict[str, Any]:
    """Return a profile's whole table: its own over its preset over the profile that it refers to.

    Raises:
        ConfigError: for a ring, an unknown profile, or one that is trusted more or less.

    """
    own, files, of_project = layers.profiles[name]
    at, file = ("profiles", name), files[-1]
    if (url := own.get("url")) is None:
        raise fault(_of(files), f"[{dotted(*at)}]", "needs the key url")
    under: dict[str, Any] = {}
    if parse_path(url).protocol == PROFILES:
        other = parse_path(url).bucket
        ring = (*ring, name)
        if other in ring:
            shown = " -> ".join((*ring[ring.index(other) :], other))
            raise fault(file, dotted(*at, "url"), f"leads back to itself: {shown}")
        if other not in layers.profiles:
            error = unknown(file, ("profiles",), other, layers.profiles)
            msg = f"{error} (the url of {name} refers to it)"
            raise ConfigError(msg, file=file, key=dotted(*at, "url"))
        if layers.profiles[other][2] is not of_project:
            where = layers.profiles[other][1][0]
            why = f"refers to the profile {other} of {where}: a project's file and others may not refer to each other, since one would get the other's credentials"
            raise fault(file, dotted(*at, "url"), why)
        under = _table(layers, other, ring)
        under["url"] = url = _below(under["url"], parse_path(url).key)
    if (preset := own.get("preset")) is not None:
        from daypass.config.presets import preset as preset_named

        try:
            options = merged(under, own).get("storage_options", {})
            settings = preset_named(preset).settings(preset, url, options)
            if merged(under, own).get("signer") is not None:  # another's options are others
                del settings["signer_options"]
            under = merged(under, settings)
        except (ConfigError, PluginError) as error:
            raise fault(file, dotted(*at), str(error)) from error.__cause__
    return {**merged(under, own), "url": url}


def _below(url: str, key: str) -> str:
    """Return the path of a key below a root."""
    return url + key if not key or url.endswith("/") else f"{url}/{key}"


def _profile(layers: Layered, name: str) -> Profile:
    from daypass.config.tables import ProfileTable  # only where there is a profile

    _, files, of_project = layers.profiles[name]
    table = _table(layers, name, ())
    made, faults = structure(table, ProfileTable, _of(files), ("profiles", name))
    if made is None or made.url is None:
        raise faults[0]
    return Profile(
        name=name,
        url=made.url,
        root=parse_path(made.url),
        storage_options=made.storage_options,
        public_endpoint=made.public_endpoint,
        signer=made.signer,
        signer_options=made.signer_options,
        defaults=made.defaults,
        lacks=frozenset(name for name, able in made.capabilities.items() if not able),
        files=files,
        of_project=of_project,
        table=table,
    )


def _of(files: tuple[str, ...]) -> str:
    return " and ".join(dict.fromkeys(files)) or ENVIRONMENT
