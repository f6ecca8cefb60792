"""``daypass config``: what is configured, where, and what is wrong with it; secrets masked."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import click

from daypass import config
from daypass.audit.from_config import audits_of
from daypass.backends.filesystems import misspelt_options
from daypass.backends.loading import registry
from daypass.base.messages import shown
from daypass.cli import exits
from daypass.cli.completing import InnerGroup, complete_profile
from daypass.cli.output import json_option, say, say_json
from daypass.cli.words import one_line
from daypass.config.masking import has_plain_secret, masked
from daypass.config.profiles import Profile
from daypass.config.secrets import Secret
from daypass.config.sections import brought, structured_section
from daypass.config.sources import Source, read, user_file
from daypass.config.structure import dotted
from daypass.errors import ConfigError, DaypassError, PluginError
from daypass.policy.from_config import policy_of
from daypass.store.store import Store

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def _check(*, as_json: bool) -> int:
    """Check every file of the configuration, and every profile, without any network.

    All files that are found are listed, then every error with its file and key. The exit code is 2
    where there is one. A file with a secret in it that others may read is worth a warning, and so is an
    option of the filesystem that looks misspelt, which nobody would refuse.
    """
    sources, loaded, faults = config.check()
    errors = [(fault.file, fault.key, str(fault)) for fault in faults]
    if loaded is not None:
        errors += _tried(loaded)
    found: dict[str, str | None]
    own = frozenset(
        name
        for profile in (() if loaded is None else loaded.profiles.values())
        for name in _own(profile)
    )
    for source in sources:
        found = {"kind": "file", "file": source.file, "from": source.kind}
        _say(found, f"{source.kind} file {source.file}", as_json=as_json)
        if _is_open(source, own):
            why = "holds a secret, and others may read it: chmod 600, or refer to the secret"
            found = {"kind": "warning", "file": source.file, "message": f"{source.file}: {why}"}
            _say(found, f"warning: {source.file} {why}", as_json=as_json)
    for place, message in _doubtful(loaded):
        found = {"kind": "warning", "file": place, "message": message}
        _say(found, f"warning: {message}", as_json=as_json)
    for file, key, message in errors:
        found = {"kind": "error", "file": file, "key": key, "message": message}
        _say(found, f"error: {message}", as_json=as_json)
    if not as_json:
        where = "" if sources else ", and no file: `daypass config path` says where yours would be"
        say(f"{len(errors) or 'no'} error{'' if len(errors) == 1 else 's'}{where}")
    return exits.WRONG if errors else 0


def _tried(loaded: config.Config) -> Iterator[tuple[str | None, str | None, str]]:
    """Make what the configuration describes, and yield what cannot be made."""
    for profile in loaded.profiles.values():
        try:
            Store(f"daypass://{profile.name}")
        except DaypassError as error:
            at, file = dotted("profiles", profile.name), profile.files[-1]
            yield file, at, f"{file}: [{at}] {error}"
    made: list[tuple[config.Section | None, Callable[[config.Section], object]]] = [
        (loaded.policy, policy_of),
        (loaded.audit, audits_of),
        (loaded.audit if "audit" in brought() else None, partial(structured_section, "audit")),
        *((found, partial(structured_section, name)) for name, found in loaded.sections.items()),
    ]
    for section, make in made:
        try:
            _ = None if section is None else make(section)
        except ConfigError as error:
            for one in (error, *error.others):
                yield one.file, one.key, str(one)
        except PluginError as error:
            yield None if section is None else section.file, None, str(error)


def _doubtful(loaded: config.Config | None) -> Iterator[tuple[str, str]]:
    """Yield what looks misspelt in the profiles' ``storage_options``, which no filesystem refuses."""
    for profile in () if loaded is None else loaded.profiles.values():
        options = profile.table.get("storage_options", {})
        try:
            protocol = Store(f"daypass://{profile.name}").location.protocol
            known = registry.backend(protocol).info.project_options
            judged = {*known.plain, *known.hosts, *known.secrets} if known else ()
            found = misspelt_options(protocol, options, judged)
        except (DaypassError, ImportError, ValueError):
            continue  # told as an error
        for name, near in found.items():
            at = f"{profile.files[-1]}: [{dotted('profiles', profile.name, 'storage_options')}]"
            yield profile.files[-1], f"{at} no option is named {shown(name)}: did you mean {near}?"


def _own(profile: Profile) -> frozenset[str]:
    """Name the options that the profile's backend declares to be secrets: all, where nobody can be asked."""
    try:
        return registry.secret_options(profile.root.protocol, profile.signer)
    except DaypassError:
        return frozenset({*profile.storage_options, *profile.signer_options})


def _is_open(source: Source, own: frozenset[str]) -> bool:
    """Tell whether a file holds a secret in plain text and others may read it."""
    try:
        mode = source.path.stat().st_mode
        return bool(mode & _OTHERS) and has_plain_secret(read(source).values, own=own)
    except (OSError, DaypassError):
        return False  # told as an error


def _show(profile: str | None, *, as_json: bool) -> None:
    """Show the profiles as they are used, as TOML, with presets and all layers worked in.

    Secrets are masked, and references to them are shown as references.
    """
    loaded = config.load()
    chosen = loaded.profiles.values() if profile is None else [loaded.profile(profile)]
    for number, one in enumerate(chosen):
        table = masked(one.table, own=_own(one))
        if as_json:
            say_json({"name": one.name, "files": one.files, **_plain(table)})
            continue
        if number:
            say("")
        say(f"[{dotted('profiles', one.name)}]  # {_files(one)}")
        for key, value in _lines(table):
            say(one_line(f"{key} = {value}"))


def _files(profile: Profile) -> str:
    return ", ".join(one_line(file) for file in profile.files)


def _lines(table: Mapping[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield the keys of nested tables, dotted, and their values as TOML."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*at, name))
        elif isinstance(value, Secret):
            yield dotted(*at, name), str(value)
        else:
            # JSON's text, numbers and arrays are TOML's; dates are shown as text.
            yield dotted(*at, name), json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    """Return nested values as JSON has them; a reference to a secret as its table."""
    if isinstance(value, Secret):
        return {value.kind: value.name}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def _path() -> None:
    """Print the path of the user's own configuration file, whether it exists or not."""
    say(str(user_file()))


def _say(record: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        say_json(record)
    else:
        say(one_line(text))


def _command(name: str, callback: Any, *params: click.Parameter) -> click.Command:
    return click.Command(
        name, callback=callback, help=callback.__doc__, epilog=exits.EPILOG, params=list(params)
    )


command = InnerGroup(
    "config",
    help="Check and show the configuration: profiles, from files and the environment.",
    epilog=exits.EPILOG,
    commands=[
        _command("check", _check, json_option),
        _command(
            "show",
            _show,
            click.Argument(["profile"], required=False, shell_complete=complete_profile),
            json_option,
        ),
        _command("path", _path),
    ],
)
