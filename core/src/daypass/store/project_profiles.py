"""Profiles of a project's file: found with somebody else's project, so none leads the user's credentials elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from daypass.backends.calls import Backend
from daypass.backends.loading import registry
from daypass.config.profiles import Profile
from daypass.config.sources import user_file
from daypass.config.structure import dotted
from daypass.errors import ConfigError
from daypass.hookspecs.project_options import ProjectOptions
from daypass.toolkit.settings import effective_options

__all__ = ["check_project_profile"]


def check_project_profile(profile: Profile, given: Mapping[str, Any], *, has_fs: bool) -> None:
    """Raise where a project's file would have the user's credentials sent to a place that it names.

    Args:
        profile: of a project's file.
        given: what the caller lays over it.
        has_fs: whether the caller brought a filesystem, and with it credentials.

    Raises:
        ConfigError: saying what the profile asks, why it is refused, and what to do.

    """
    reader = registry.backend(profile.root.protocol)
    signer = reader if profile.signer is None else registry.signer(profile.signer)
    stored = dict(_each(profile.storage_options, reader))
    signing = dict(_each(profile.signer_options, signer, "signer_options."))
    public = {} if profile.public_endpoint is None else {"public_endpoint": profile.public_endpoint}
    for backend, options in ((reader, stored), (signer, {**signing, **public})):
        _check_known(profile, backend, options)
    own = {**stored, **signing}
    elsewhere = reader.info.project_options.leads_elsewhere(profile.root)
    moves = ["url"] if elsewhere else []
    moves += [name for name in stored if reader.info.project_options.is_host(name)]
    _check_credentials(profile, reader, moves, own)
    moved = [name for name in (*signing, *public) if signer.info.project_options.is_host(name)]
    _check_credentials(profile, signer, moved, own)
    if moves or moved:
        _check_alone(profile, reader, signer, given, has_fs=has_fs)


def _check_known(profile: Profile, backend: Backend, options: Mapping[str, Any]) -> None:
    """Raise for what may read the user's own secrets, and for what nobody has judged."""
    known = backend.info.project_options
    for name, value in options.items():
        if known.is_plain(name, value) or known.is_host(name) or known.is_credential(name, value):
            continue
        judged = name in known.secrets
        why = (
            "names a secret of the user's, and is none itself"
            if judged
            else "is no option that a project's file may set"
        )
        raise _refused(profile, name, why, "leave it out")


def _check_credentials(
    profile: Profile, backend: Backend, moves: list[str], own: Mapping[str, Any]
) -> None:
    """Raise where a host is named without the credentials that go there."""
    known = backend.info.project_options
    if not moves or any(_holds(known, way, own) for way in known.credentials):
        return
    ways = [" with ".join(sorted(way)) for way in known.credentials if way]
    why = "says where the user's own credentials would be sent, which a project's file may not"
    how = f"give credentials in the same file ({', or '.join(ways)})" if ways else ""
    raise _refused(profile, moves[0], why, how)


def _holds(known: ProjectOptions, way: frozenset[str], own: Mapping[str, Any]) -> bool:
    return all(
        name in own and (known.is_plain(name, own[name]) or known.is_credential(name, own[name]))
        for name in way
    )


def _check_alone(
    profile: Profile, reader: Backend, signer: Backend, given: Mapping[str, Any], *, has_fs: bool
) -> None:
    """Raise where further credentials would come beside those of a profile that names its host."""
    sides = (reader.info.project_options, signer.info.project_options)
    laid = {
        **dict(_each(given["storage_options"], reader)),
        **dict(_each(given["signer_options"], signer, "signer_options.")),
    }
    wrong = [
        name for name, value in laid.items() if not any(s.is_plain(name, value) for s in sides)
    ]
    if wrong or has_fs:
        name = wrong[0] if wrong else "fs"
        why = "is beside a host of the file's own, where no caller's credentials and hosts are used"
        raise _refused(profile, "url", why, f"make the call without {name}")
    for variable in sorted({*sides[0].environment, *sides[1].environment}):
        if os.environ.get(variable):
            why = (
                f"is beside a host of the file's own, where the user's {variable} would be used too"
            )
            raise _refused(profile, "url", why, "unset it")
    if effective_options({}, tuple(registry.siblings(profile.root.protocol))):
        why = "is beside a host of the file's own, where fsspec's configuration would be used too"
        raise _refused(profile, "url", why)


def _refused(profile: Profile, name: str, why: str, how: str = "") -> ConfigError:
    outer = name in ("url", "public_endpoint") or name.startswith("signer_options.")
    file = profile.files[0]
    key = f"{dotted('profiles', profile.name)}.{name if outer else f'storage_options.{name}'}"
    how = f"{how}, or " if how else ""
    msg = f"{file}: {key} {why}: {how}move the profile to {user_file()}, or name {file} in DAYPASS_CONFIG if you trust it"
    return ConfigError(msg, file=file, key=key)


def _each(options: Mapping[str, Any], backend: Backend, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested options by their dotted names; a credential may be a table."""
    for name, value in options.items():
        if isinstance(value, Mapping) and f"{at}{name}" not in backend.info.project_options.secrets:
            yield from _each(value, backend, f"{at}{name}.")
        else:
            yield f"{at}{name}", value
