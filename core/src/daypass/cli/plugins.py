"""``daypass plugins``: what is installed, what it can do, and what is broken and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import attrs
import click

from daypass.backends.calls import Backend
from daypass.backends.discovery import GROUPS, may_load, not_installed, source
from daypass.backends.loading import KNOWN, KNOWN_SIGNERS, registry
from daypass.base.messages import refuse_unknown
from daypass.base.times import span
from daypass.cli import exits
from daypass.cli.commands import COMMANDS, GROUP, find_added
from daypass.cli.output import json_option, on_terminal, say, say_json, say_table
from daypass.cli.words import one_line
from daypass.config import presets as config_presets
from daypass.errors import BackendConflictError, ConfigError, DaypassError
from daypass.hookspecs.backend_info import BackendInfo


def _plugins(*, as_json: bool) -> None:
    """Show the installed backends by protocol, signers, policy and audit plugins, commands, presets, and what is broken.

    A plugin that is broken is listed with the reason, and does not keep others from being listed. A
    terminal shows what matters of each; elsewhere each is a line with all that it declares.
    """
    records = [*backends(), *signers(), *listeners(), *commands(), *presets(), *strays()]
    if on_terminal() and not as_json:
        say_table(("plugin", "state", "signs", "at most"), map(_brief, records))
        return
    for record in records:
        if as_json:
            say_json(record)
        else:
            rows = "; ".join(f"{name}: {value}" for name, value in _rows(record).items())
            say(one_line(f"{record['kind']} {record['name']}: {rows}"))


def backends() -> Iterator[dict[str, Any]]:
    """Describe the backend of every protocol that is claimed or known of."""
    claims = registry.claims()
    for protocol in sorted({*claims, *KNOWN}):
        claimants = claims.get(protocol, [])
        record = _record("backend", f"{protocol}://", claimants)
        yield record | _state(registry.backend, protocol, claimants, KNOWN)
    yield {
        **_record("backend", "any other fsspec protocol", []),
        "distributions": ["daypass"],
        "state": "ok",
        "backend": "generic",
        "reason": "reads metadata; signs GET where the filesystem itself can sign",
    }


def signers() -> Iterator[dict[str, Any]]:
    """Describe every signer that is claimed or known of: what ``--signer`` takes."""
    claims = registry.claims("daypass.signers")
    for name in sorted({*claims, *KNOWN_SIGNERS}):
        claimants = claims.get(name, [])
        record = _record("signer", name, claimants)
        yield record | _state(registry.signer, name, claimants, KNOWN_SIGNERS)


def _state(
    find: Callable[[str], Backend],
    name: str,
    claimants: list[EntryPoint],
    known: Mapping[str, str],
) -> dict[str, Any]:
    if not claimants:
        return {"state": "not installed", "reason": f"pip install {known[name]}"}
    try:
        info = find(name).info
    except BackendConflictError as error:
        return {"state": "conflict", "reason": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a plugin does, the listing goes on
        return _failed(error, claimants)
    return {"state": "ok", **_abilities(info)}


def listeners() -> Iterator[dict[str, Any]]:
    """Describe the plugins that may refuse (policy) or record (audit)."""
    for entry in entry_points(group="daypass.plugins"):
        record = _record("plugin", entry.name, [entry])
        try:
            registry.load_plugin(entry)
        except Exception as error:  # noqa: BLE001 - whatever a plugin does, the listing goes on
            yield record | _failed(error, [entry])
        else:
            yield record | {"state": "ok"}
    installed = (entry for group in GROUPS for entry in entry_points(group=group))
    for name, why in not_installed(installed).items():
        yield {**_record("plugin", name, []), "state": "not installed", "reason": why}


def commands() -> Iterator[dict[str, Any]]:
    """Describe the commands that distributions add."""
    for name, claimants in sorted(registry.claims(GROUP).items()):
        record = _record("command", name, claimants)
        if name in COMMANDS:
            reason = f"daypass {name} is a command of daypass itself: give it another name"
            yield record | {"state": "broken", "reason": reason}
            continue
        try:
            find_added(name)
        except BackendConflictError as error:
            yield record | {"state": "conflict", "reason": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a plugin does, the listing goes on
            yield record | _failed(error, claimants)
        else:
            yield record | {"state": "ok"}


def presets() -> Iterator[dict[str, Any]]:
    """Describe the presets that distributions bring."""
    for name, claimants in sorted(registry.claims(config_presets.GROUP).items()):
        record = _record("preset", name, claimants)
        try:
            config_presets.preset(name)
        except ConfigError as error:
            yield record | {"state": "conflict", "reason": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a plugin does, the listing goes on
            yield record | _failed(error, claimants)
        else:
            yield record | {"state": "ok"}


def strays() -> Iterator[dict[str, Any]]:
    """Describe the entry points in groups that daypass does not read, such as a misspelt one."""
    found = entry_points()
    for group in sorted(found.groups):
        if not group.startswith("daypass.") or group in GROUPS:
            continue
        try:
            refuse_unknown([group], GROUPS, what="group of entry points")
        except DaypassError as error:
            for entry in found.select(group=group):
                yield {
                    **_record("plugin", entry.name, [entry]),
                    "state": "broken",
                    "reason": f"daypass does not read it: {error}",
                }


def _record(kind: str, name: str, entries: list[EntryPoint]) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "distributions": [source(entry) for entry in entries],
    }


def _failed(error: Exception, entries: list[EntryPoint]) -> dict[str, Any]:
    """Say what is wrong; of an error that is not ours only its kind, since its text may hold secrets."""
    reason = f"it fails with {type(error).__name__}"
    if isinstance(error, DaypassError):
        reason = one_line(str(error))
    state = "broken" if any(map(may_load, entries)) else "not allowed"
    return {"state": state, "reason": reason}


def _abilities(info: BackendInfo) -> dict[str, Any]:
    return {
        "backend": info.name,
        "methods": sorted(info.methods),
        "enforces": sorted(info.enforces),
        "max_expires_in": info.max_expires_in,
        "max_key_bytes": info.max_key_bytes,
        "versions": info.versions,
        "public_endpoint": info.public_endpoint,
        "prefixes": info.prefixes,
        "multipart": info.multipart is not None,
        "signer_options": []
        if info.options_class is None
        else [field.name for field in attrs.fields(info.options_class)],
        "reason": info.why_not or None,
    }


def _brief(record: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return one row of the table: what it is, whether it works or why not, and what it can do."""
    sound = record["state"] == "ok"
    longest = record.get("max_expires_in")
    # One that is of no use says what to do.
    state = "ok" if sound else f"{record['state']}: {record['reason']}"
    name = record["name"] if record["kind"] == "backend" else f"{record['kind']} {record['name']}"
    methods = ", ".join(record.get("methods") or ())
    return name, state, methods, "" if longest is None else span(longest)


def _rows(record: dict[str, Any]) -> dict[str, str]:
    rows = {"state": record["state"]}
    if record["distributions"]:
        rows["from"] = ", ".join(record["distributions"])
    for name in ("backend", "methods", "enforces", "signer_options"):
        if value := record.get(name):
            rows[name.replace("_", " ")] = value if isinstance(value, str) else ", ".join(value)
    if (longest := record.get("max_expires_in")) is not None:
        rows["longest lifetime"] = span(longest)
    abilities = ("versions", "public_endpoint", "prefixes", "multipart")
    if also := [name for name in abilities if record.get(name)]:
        rows["also"] = ", ".join(name.replace("_", " ") for name in also)
    if reason := record.get("reason"):
        rows["note"] = reason
    return rows


command = click.Command(
    "plugins",
    callback=_plugins,
    help=_plugins.__doc__,
    epilog=exits.EPILOG,
    params=[json_option],
)
