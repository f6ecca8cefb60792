"""The command line's options. Those of a URL are `SignOptions`, one for one, in kebab-case."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click

from daypass.base.messages import brief
from daypass.config.overrides import value_of
from daypass.model.options import METHODS
from daypass.model.requests import SignOptions

if TYPE_CHECKING:
    _Whole = click.ParamType[int]
else:
    _Whole = click.ParamType  # that of click 8.2 takes no type


def moment(text: str) -> datetime:
    """Read an ISO 8601 moment with its offset from UTC."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        msg = "write a moment as ISO 8601, such as 2026-12-01T09:30Z"
        raise click.BadParameter(msg) from None
    if value.utcoffset() is None:
        msg = "the moment has no time zone: append Z for UTC, or an offset such as +01:00"
        raise click.BadParameter(msg)
    return value


#: A header as it stands in a request, which is how curl takes it.
_WITH_COLON = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,59}):")


class Bytes(_Whole):
    """A number of bytes: digits, or with a unit such as MiB or MB.

    Args:
        least: the smallest that is taken.

    """

    name = "size"
    _UNITS: ClassVar[dict[str, int]] = {
        "": 1,
        **{f"{unit}B": 1000**power for power, unit in enumerate(("k", "M", "G", "T"), 1)},
        **{f"{unit}iB": 1024**power for power, unit in enumerate(("K", "M", "G", "T"), 1)},
    }

    def __init__(self, least: int = 0) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number."""
        match = re.fullmatch(r"(\d{1,18})\s?([kKMGT]i?B)?", str(value), re.ASCII)
        unit = None if match is None else self._UNITS.get(match[2] or "")
        if match is None or unit is None or int(match[1]) * unit < self._least:
            msg = f"{ascii(value)[:40]} is no number of bytes: write it as 16777216, 16MiB or 16MB"
            self.fail(msg, param, ctx)
        return int(match[1]) * unit


def pairs(
    ctx: click.Context, param: click.Parameter, given: Sequence[str]
) -> dict[str, str] | None:
    """Read repeated NAME=VALUE; a value is never shown, since it may be a secret."""
    del ctx
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            msg = "write NAME=VALUE"
            raise click.BadParameter(msg)
        if name in found:
            msg = f"{brief(name)} is given twice"
            raise click.BadParameter(msg, param=param)
        found[name] = value
    return found or None


def headers(
    ctx: click.Context, param: click.Parameter, given: Sequence[str]
) -> dict[str, str] | None:
    """Read repeated NAME=VALUE, and tell who writes a header as it stands in a request."""
    for text in given:
        if header := _WITH_COLON.match(text):
            raise click.BadParameter(_instead(header[1], ctx), ctx, param)
    return pairs(ctx, param, given)


def _instead(header: str, ctx: click.Context) -> str:
    """Say how a header is written that came as it stands in a request; its value is not shown."""
    own = header.lower().replace("-", "_")
    if any(own == param.name for param in ctx.command.params):
        return f"{header} has an option of its own, write {_flag_of(own)} VALUE"
    return f"write {header}=VALUE, with = in place of the colon"


def nested(
    ctx: click.Context, param: click.Parameter, given: Sequence[str]
) -> dict[str, Any] | None:
    """Read repeated NAME=VALUE; a value that is JSON is read as such, and dots in names nest."""
    found: dict[str, Any] = {}
    for path, text in (pairs(ctx, param, given) or {}).items():
        *parents, name = path.split(".")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                break
        if not isinstance(place, dict) or name in place:
            msg = f"{brief(path)} is given twice, once as a whole and once in part"
            raise click.BadParameter(msg)
        place[name] = value_of(text)
    return found or None


def _text(name: str, help_: str, metavar: str = "TEXT") -> click.Option:
    return click.Option([_flag_of(name), name], metavar=metavar, help=help_)


def _flag(name: str, help_: str) -> click.Option:
    return click.Option([_flag_of(name), name], is_flag=True, help=help_)


def _count(name: str, help_: str) -> click.Option:
    return click.Option([_flag_of(name), name], type=int, metavar="BYTES", help=help_)


def _moment(name: str, help_: str) -> click.Option:
    return click.Option([_flag_of(name), name], type=moment, metavar="MOMENT", help=help_)


def _pairs(flag: str, name: str, help_: str, *, reads: Any = pairs) -> click.Option:
    return click.Option(
        [flag, name], multiple=True, callback=reads, metavar="NAME=VALUE", help=help_
    )


def _flag_of(name: str) -> str:
    return "--" + name.replace("_", "-")


_ALL = [
    click.Option(
        ["--method", "method"],
        type=click.Choice(METHODS, case_sensitive=False),
        help="What the holder may do; GET without it.",
    ),
    _text("expires_in", "Lifetime: seconds, or text such as 15m, 1h30m, 7d.", metavar="DURATION"),
    _moment("expires_at", "The end, such as 2026-12-01T09:30Z, in place of --expires-in."),
    _moment("starts_at", "The link works from then on."),
    _text("content_type", "The media type that the upload must declare."),
    _text("content_md5", "MD5 of the upload in base64.", metavar="BASE64"),
    _flag("add_content_md5_metadata", "Also store --content-md5 as the metadata md5chksum."),
    _count("content_length", "The exact size of the upload."),
    _count("max_bytes", "The largest upload."),
    _flag("if_absent", "Only create; never replace an object that exists."),
    _text("checksum_sha256", "SHA-256 of the upload in base64.", metavar="BASE64"),
    _pairs("--metadata", "metadata", "User metadata of the upload; repeatable."),
    _text("acl", "A canned ACL for the uploaded object."),
    _flag("requester_pays", "The holder states that the requester pays."),
    _pairs(
        "--header",
        "headers",
        "A further header to sign, which the holder must send; repeatable.",
        reads=headers,
    ),
    _text("filename", "Name under which a browser saves the download."),
    _flag("inline", "Show the download in the browser instead of saving it."),
    _text("response_content_type", "Content-Type of the answer to a GET."),
    _text("response_content_disposition", "Content-Disposition of the answer."),
    _text("response_content_encoding", "Content-Encoding of the answer."),
    _text("response_content_language", "Content-Language of the answer."),
    _text("response_cache_control", "Cache-Control of the answer."),
    _moment("response_expires", "Expires of the answer."),
    _text("ip_range", "The addresses that may use the link.", metavar="ADDRESS[-ADDRESS|/BITS]"),
    _flag("https_only", "Refuse the link over plain http."),
    click.Option(
        ["--no-strict", "no_strict"],
        is_flag=True,
        help="Name restrictions that the store cannot enforce, instead of refusing them.",
    ),
    click.Option(
        ["--on-short", "on_short"],
        type=click.Choice(["warn", "raise"]),
        help="What to do when the link would end before what was asked; warn without it.",
    ),
    _flag("allow_dot_segments", "Sign keys that hold a . or .. segment."),
    _moment("signing_time", "The clock, in place of now."),
    _text(
        "stable_for",
        "Sign at the start of a span this long, so that equal requests give equal links.",
        metavar="DURATION",
    ),
]

#: The options of a URL by their name in Python.
SIGNING = {option.name: option for option in _ALL if option.name is not None}

#: Which object and which store; for every command that takes a path.
VERSION = _text("version", "The version of the object.")
STORAGE = _pairs(
    "--storage-option",
    "storage_options",
    "An option of the fsspec filesystem; repeatable. JSON is read as such, dots nest. Other "
    "users of the machine can see it: keep secrets in the environment or a profile.",
    reads=nested,
)
SIGNER = _text(
    "signer", "Who signs in place of the path's own backend, such as cloudfront.", metavar="NAME"
)
SIGNER_OPTION = _pairs(
    "--signer-option",
    "signer_options",
    "An option of the signing backend; repeatable, read like --storage-option.",
    reads=nested,
)
PUBLIC_ENDPOINT = _text(
    "public_endpoint", "The endpoint that the link's reader can reach.", metavar="URL"
)
CALLER = _text("caller", "Who asks: told to policy and audit plugins.")


def asked(values: Mapping[str, Any]) -> SignOptions:
    """Return what the command line asks of a URL; what it leaves out, the library decides.

    Args:
        values: by the parameters' names, other commands' options included.

    """
    options = {
        name: value
        for name, value in values.items()
        if name in SIGNING and value is not None and value is not False
    }
    if options.pop("no_strict", False):
        options["strict"] = False
    # The same names and types, which a test proves.
    return cast("SignOptions", options)
