"""``daypass links impact``: which plain URLs that are still alive a store's key may have signed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from daypass import config
from daypass.audit.from_config import audit_file
from daypass.audit.lines import LONGEST_LINE, read_line
from daypass.audit.reading import opened
from daypass.base.times import rfc3339, until
from daypass.cli import exits
from daypass.cli.output import json_option, on_terminal, say, say_json, say_table, warn
from daypass.cli.words import listed
from daypass.config.secrets import resolved
from daypass.errors import AuditError, ConfigError, CredentialsError

__all__ = ["command"]

#: What is told of each.
_FIELDS = ("expires_at", "method", "path", "count", "caller", "url_sha256", "merkle_root")


def _impact(files: tuple[str, ...], *, key_id: str, as_json: bool) -> int:
    """List the plain URLs still alive that a store's key may have signed: those that end when the key does.

    The audit does not hold the IDs of keys. The profiles of the configuration that name the key say below which paths it
    signs, and each URL of the audit there that has not ended is listed: what another key has signed there is listed too.
    Where no profile names the key, every URL that is alive is. Links of a service are not among them: they
    are signed anew with each use, and outlive the key.
    """
    chosen = files or _configured()
    roots = dict(_roots(key_id))
    if roots:
        warn(f"the profile {listed(sorted(roots))} names the key: listed is what may be of it")
    else:
        warn(
            "no profile names the key, and the audit does not: listed is all that is alive, whichever key has signed it"
        )
    now = datetime.now(UTC)
    found: list[dict[str, Any]] = [
        {name: record[name] for name in _FIELDS}
        for record in _alive(chosen, rfc3339(now))
        if not roots or any(_meet(record["path"], root) for root in roots.values())
    ]
    if as_json:
        for record in found:
            say_json(record)
    elif on_terminal():
        say_table(
            ("ends", "method", "path", "links", "caller"),
            (
                (until(datetime.fromisoformat(record["expires_at"]), now), *_row(record))
                for record in found
            ),
        )
    else:
        for record in found:
            say("\t".join((record["expires_at"], *_row(record))))
    return 0


def _row(record: Mapping[str, Any]) -> tuple[str, ...]:
    return (record["method"], record["path"], str(record["count"]), record["caller"] or "")


def _configured() -> tuple[str, ...]:
    section = config.load().audit
    file = None if section is None else audit_file(section)
    if file is None:
        msg = "no audit file is configured: name the files of the audit, or write [audit] with a file into the configuration"
        raise ConfigError(msg, key="audit")
    return (str(file),)


def _roots(key_id: str) -> Iterator[tuple[str, str]]:
    """Yield the profiles whose options name the key, with their roots."""
    for name, profile in config.load().profiles.items():
        options = [profile.storage_options, profile.signer_options]
        try:
            is_named = any(_names(resolved(each), key_id) for each in options)
        except CredentialsError as error:
            warn(f"the profile {name} may name the key: {error}")
            continue
        if is_named:
            yield name, str(profile.root)


def _names(value: Any, key_id: str) -> bool:
    if isinstance(value, Mapping):
        return any(_names(one, key_id) for one in value.values())
    return isinstance(value, str) and value == key_id


def _meet(path: str, root: str) -> bool:
    """Tell whether one of two paths lies below the other: of links that were signed at once, the audit has what they lie below."""
    one, other = (f"{text.rstrip('/')}/" for text in (path, root))
    return one.startswith(other) or other.startswith(one)


def _alive(files: Iterable[str], now: str) -> Iterator[dict[str, Any]]:
    """Yield the records of links that have not ended.

    Raises:
        AuditError: if a file cannot be read, or is not as it was written.

    """
    for name in files:
        with opened(name) as file:
            number = 0
            while raw := file.readline(LONGEST_LINE):
                number += 1
                line = read_line(raw)
                if line is None or not line.sound:
                    msg = f"line {number} of the audit {name} is not as it was written: verify it"
                    raise AuditError(msg)
                record = json.loads(line.body + b"}")
                if record["decision"] == "allowed" and record["expires_at"] > now:
                    yield record


command = click.Command(
    "impact",
    callback=_impact,
    help=_impact.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["files"], nargs=-1, metavar="[FILE...]"),
        click.Option(
            ["--key-id"],
            required=True,
            metavar="ID",
            help="The ID of a store's key, such as AKIA...; never its secret.",
        ),
        json_option,
    ],
)
