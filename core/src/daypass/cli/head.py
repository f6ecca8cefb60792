"""``daypass head``: what a store says of one object."""

from __future__ import annotations

from typing import Any

import click

from daypass.base.sizes import size
from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.manifest import options as manifest
from daypass.cli.output import json_option, say_json, say_rows
from daypass.model.metadata import ObjectMetadata
from daypass.model.options import OF_READING
from daypass.model.requests import for_reading
from daypass.store.functions import head_metadata
from daypass.store.store import Store


def _head(path: str | None, *, as_json: bool, **values: Any) -> int:
    """Show the metadata of one object, read from the store and never from a listing.

    With --from the objects are those of a manifest, and --to is the same manifest with the columns
    size, etag, content_md5, content_type, last_modified and error behind its own.
    """
    if values["source"] is not None:
        from daypass.cli.manifest.commands import head

        manifest.check_with(path, {"--json": as_json, "--version": values["version"]})
        return head(values)
    manifest.check_alone(values)
    if path is None:
        raise click.MissingParameter(param_hint="'PATH'", param_type="argument")
    place = {name: values[name] for name in ("storage_options", "signer_options")}
    asked = for_reading(options.asked(values)) | {"version": values["version"]}
    if values["root"] is None:
        found = head_metadata(path, **place, **asked)
    else:
        found = Store(values["root"], **place).head_metadata(path, **asked)
    assert found is not None  # noqa: S101 - None only where missing_ok
    if as_json:
        say_json(found.to_dict())
    else:
        say_rows(found.path, _rows(found))
    return 0


def _rows(found: ObjectMetadata) -> dict[str, str]:
    rows: dict[str, str] = {}
    for name, value in found.to_dict().items():
        if isinstance(value, dict):
            rows |= {f"{name}.{key}": str(item) for key, item in value.items()}
        elif name == "size" and value is not None:
            rows[name] = f"{value}" if value < 1000 else f"{value} ({size(value)})"  # noqa: PLR2004
        elif value is not None:
            rows[name] = str(value)
    return rows


command = click.Command(
    "head",
    callback=_head,
    help=_head.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["path"], required=False, shell_complete=complete_path),
        options.ROOT,
        *manifest.HEAD,
        *options.of(OF_READING).values(),
        options.VERSION,
        options.STORAGE,
        options.SIGNER_OPTION,
        json_option,
    ],
)
