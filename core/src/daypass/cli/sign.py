"""``daypass sign``: temporary URLs, bare for a script and as a card for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from daypass.base.times import until
from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.holders import headers_to_send, not_enforced
from daypass.cli.manifest import options as manifest
from daypass.cli.output import json_option, note, on_terminal, say, say_json, say_rows, warn
from daypass.model.links import REQUESTED, SignedURL
from daypass.model.options import PER_ROW
from daypass.model.paths import is_pattern
from daypass.store.functions import create_signed_prefix, create_signed_url
from daypass.store.store import Store

if TYPE_CHECKING:
    from daypass.model.prefixes import SignedPrefix

_PLACE = ("storage_options", "signer", "signer_options", "public_endpoint", "caller")


def _sign(
    paths: tuple[str, ...],
    *,
    as_json: bool,
    curl: bool,
    prefix: bool,
    recursive: bool,
    no_glob: bool,
    **values: Any,
) -> int:
    """Sign temporary URLs, one line each and in order.

    On a terminal each is a card with all that its holder must know. Otherwise stdout gets the bare
    URL, or with --json an object, and stderr a line with the headers that the holder must send, and
    one with what the store does not enforce, and why. Nothing is printed unless every path could be signed.

    A PATH with a * is a pattern, and each object that it matches is signed: * and ? match no slash, ** matches folders
    of any depth. With --recursive PATH is a folder, and all that lies below it is signed.

    With --prefix each is one grant for all that lies below PATH, where the store knows such grants.

    With --from the paths are those of a manifest, and --to is the same manifest with the columns
    url and expires_at behind its own.
    """
    _check_prefix(
        prefix,
        {
            "--curl": curl,
            "--from": values["source"],
            "--version": values["version"],
            "--recursive": recursive,
        },
    )
    if values["source"] is not None:
        from daypass.cli.manifest.commands import sign

        single = {f"--{name.replace('_', '-')}": values[name] for name in PER_ROW}
        whole = {"--json": as_json, "--curl": curl, "--recursive": recursive}
        manifest.check_with(paths, whole | single)
        return sign(values)
    manifest.check_alone(values)
    if not paths:
        raise click.MissingParameter(param_hint="'PATH...'", param_type="argument")
    asked: dict[str, Any] = {**options.asked(values)}
    if not prefix:
        asked["version"] = values["version"]
    if not prefix and str(asked.get("method")).upper() != "LIST":
        paths = tuple(_expanded(paths, values, recursive=recursive, no_glob=no_glob))
    sign_one = _signing(values, prefix=prefix)
    links = [sign_one(path, **asked) for path in paths]
    for path, link in zip(paths, links, strict=True):
        if as_json:
            say_json(link.to_dict(reveal=True) | ({"curl": _curl(link)} if curl else {}))
            continue
        loose = not_enforced(link, _store(values, path)) if link.unenforced else []
        if on_terminal() and not curl:
            _say_card(link, loose)
            continue
        if loose:
            warn(f"{link.path}: the store does not enforce {', '.join(loose)}")
        if link.headers and not curl:
            note(f"{link.path}: whoever uses it must send {headers_to_send(link)}")
        say(_curl(link) if curl else str(link))
    return 0


def _expanded(
    paths: tuple[str, ...], values: Mapping[str, Any], *, recursive: bool, no_glob: bool
) -> Iterator[str]:
    """Give the paths, or keys where there is a root, that are to be signed: of a pattern and a folder those below."""
    place = {name: values[name] for name in ("root", "storage_options", "caller")}
    for path in paths:
        if recursive or (is_pattern(path) and not no_glob):
            from daypass.cli.ls import found

            below = found(path, recursive=recursive, no_glob=no_glob, **place)
            yield from (one.path if values["root"] is None else one.key for one in below)
        else:
            yield path


def _check_prefix(prefix: bool, others: Mapping[str, Any]) -> None:
    """Raise where what is of one object, or of many, is asked of a grant for a prefix."""
    for flag, value in others.items():
        if prefix and value not in (None, False):
            msg = f"--prefix asks for a grant of all that lies below PATH, with which {flag} does not go: leave one of them out"
            raise click.UsageError(msg)


def _signing(values: Mapping[str, Any], *, prefix: bool) -> Callable[..., SignedURL | SignedPrefix]:
    """Return the function of the library that signs a path, or a key below the root where there is one."""
    if values["root"] is not None:
        store = _store(values)
        return store.create_signed_prefix if prefix else store.create_signed_url
    return partial(create_signed_prefix if prefix else create_signed_url, **_place(values))


def _place(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in _PLACE}


def _store(values: Mapping[str, Any], path: str = "") -> Store:
    """Return the store that a path leads to, which is the root's where there is one."""
    return Store(path if values["root"] is None else values["root"], **_place(values))


def _curl(link: SignedURL | SignedPrefix) -> str:
    assert isinstance(link, SignedURL)  # noqa: S101 - a grant is for no request yet, which is checked before
    return link.curl()


def _say_card(link: SignedURL | SignedPrefix, loose: list[str]) -> None:
    because = "as requested" if link.expires_because == REQUESTED else link.expires_because
    rows: dict[str, str | list[str]] = {
        "path": link.path,
        "permits": ", ".join(sorted(link.permits)),
        "ends": until(link.expires_at, datetime.now(UTC)),
        "why": because,
        "send": [f"{name}: {value}" for name, value in link.headers.items()] or "no headers",
    }
    if loose:
        rows["not enforced"] = loose
    say_rows(f"{link.method} by {link.backend}", rows)
    # Outside the card and by no layout: a wrapped URL cannot be copied.
    say(str(link))
    if isinstance(link, SignedURL):
        say("")
        say(link.curl())


command = click.Command(
    "sign",
    callback=_sign,
    help=_sign.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["paths"], nargs=-1, metavar="PATH...", shell_complete=complete_path),
        options.ROOT,
        click.Option(
            ["--prefix"], is_flag=True, help="Sign one grant for all that lies below each PATH."
        ),
        click.Option(
            ["--recursive", "-r"],
            is_flag=True,
            help="Sign all that lies below each PATH, which is a folder.",
        ),
        options.NO_GLOB,
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
