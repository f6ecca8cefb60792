"""``daypass sign``: temporary URLs, bare for a script and as a card for a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from daypass.base.times import until
from daypass.cli import exits, options
from daypass.cli.manifest import options as manifest
from daypass.cli.output import json_option, on_terminal, say, say_json, say_rows, warn
from daypass.cli.words import listed
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.options import PER_ROW
from daypass.store.functions import create_signed_url

_PLACE = ("version", "storage_options", "signer", "signer_options", "public_endpoint", "caller")


def _sign(paths: tuple[str, ...], *, as_json: bool, curl: bool, **values: Any) -> int:
    """Sign temporary URLs, one line each and in order.

    On a terminal each is a card with all that its holder must know. Otherwise stdout gets the bare
    URL, or with --json an object. Nothing is printed unless every path could be signed.

    With --from the paths are those of a manifest, and --to is the same manifest with the columns
    url and expires_at behind its own.
    """
    if values["source"] is not None:
        from daypass.cli.manifest.commands import sign

        single = {f"--{name.replace('_', '-')}": values[name] for name in PER_ROW}
        manifest.check_with(paths, {"--json": as_json, "--curl": curl, **single})
        return sign(values)
    manifest.check_alone(values)
    if not paths:
        raise click.MissingParameter(param_hint="'PATH...'", param_type="argument")
    place = {name: values[name] for name in _PLACE}
    asked = options.asked(values)
    for link in [create_signed_url(path, **place, **asked) for path in paths]:
        if as_json:
            say_json(link.to_dict(reveal=True) | ({"curl": link.curl()} if curl else {}))
        elif on_terminal() and not curl:
            _say_card(link)
        else:
            if link.unenforced:
                warn(f"{link.path}: the store does not enforce {listed(link.unenforced)}")
            say(link.curl() if curl else link.url)
    return 0


def _say_card(link: SignedURL) -> None:
    because = "as requested" if link.expires_because == REQUESTED else link.expires_because
    rows: dict[str, str | list[str]] = {
        "path": link.path,
        "permits": ", ".join(sorted(link.permits)),
        "ends": until(link.expires_at, datetime.now(UTC)),
        "why": because,
        "send": [f"{name}: {value}" for name, value in link.headers.items()] or "no headers",
    }
    if link.unenforced:
        rows["not enforced"] = listed(link.unenforced)
    say_rows(f"{link.method} by {link.backend}", rows)
    # Outside the card and by no layout: a wrapped URL cannot be copied.
    say(link.url)
    say("")
    say(link.curl())


command = click.Command(
    "sign",
    callback=_sign,
    help=_sign.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["paths"], nargs=-1, metavar="PATH..."),
        *manifest.SIGN,
        *options.SIGNING.values(),
        options.VERSION,
        options.PUBLIC_ENDPOINT,
        options.STORAGE,
        options.SIGNER,
        options.SIGNER_OPTION,
        options.CALLER,
        click.Option(["--curl"], is_flag=True, help="Print a curl command for each."),
        json_option,
    ],
)
