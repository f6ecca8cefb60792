"""The command line's options. Those of a URL are `SignOptions`, one for one, in kebab-case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from daypass.base.messages import brief
from daypass.base.sizes import byte_count
from daypass.cli.completing import complete_path, complete_signer
from daypass.cli.words import spelled
from daypass.model import checks, holders
from daypass.model.options import METHODS, OF_FORMS, OF_LINKS, OPTIONS
from daypass.model.written import read_option, value_of

if TYPE_CHECKING:
    from daypass.model.requests import SignOptions

    _Whole = click.ParamType[int]
else:
    _Whole = click.ParamType  # that of click 8.2 takes no type


#: A header as it stands in a request, which is how curl takes it.
_WITH_COLON = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,59}):")


class Bytes(_Whole):
    """A number of bytes: digits, or with a unit such as MiB or MB.

    Args:
        least: the smallest that is taken.

    """

    name = "size"

    def __init__(self, least: int = 0) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number."""
        count = byte_count(str(value))
        if count is None or count < self._least:
            msg = f"{ascii(value)[:40]} is no number of bytes: write it as 16777216, 16MiB or 16MB"
            self.fail(msg, param, ctx)
        return count


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


def texts(
    ctx: click.Context, param: click.Parameter, given: Sequence[str]
) -> tuple[str, ...] | None:
    """Read what is repeated; None where it is not given at all."""
    del ctx, param
    return tuple(given) or None


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


def _text(name: str, help_: str, metavar: str = "TEXT", **more: Any) -> click.Option:
    return click.Option([_flag_of(name), name], metavar=metavar, help=help_, **more)


def _pairs(flag: str, name: str, help_: str, *, reads: Any = pairs) -> click.Option:
    return click.Option(
        [flag, name], multiple=True, callback=reads, metavar="NAME=VALUE", help=help_
    )


def _flag_of(name: str) -> str:
    return "--" + name.replace("_", "-")


#: How a mapping is written, and text.
_PAIRS: dict[str, Any] = {"multiple": True, "callback": pairs, "metavar": "NAME=VALUE"}
_TEXT: dict[str, Any] = {"metavar": "TEXT"}
#: How else the value of an option is written, by its check.
_WRITTEN: dict[Callable[..., Any], dict[str, Any]] = {
    checks.flag: {"is_flag": True},
    checks.choice: {"is_flag": True},
    checks.copied: {"metavar": "PATH"},
    checks.count: {"metavar": "BYTES"},
    checks.page: {"metavar": "NUMBER"},
    checks.status: {"metavar": "STATUS"},
    checks.moment: {"metavar": "MOMENT"},
    checks.duration: {"metavar": "DURATION"},
    checks.md5: {"metavar": "BASE64"},
    checks.sha256: {"metavar": "BASE64"},
    checks.secret_key: {"metavar": "BASE64"},
    holders.addresses: {"metavar": "ADDRESS[-ADDRESS|/BITS]"},
    checks.redirect: {"metavar": "URL"},
    checks.reaction: {"type": click.Choice(checks.REACTIONS)},
    checks.word: {"type": click.Choice(METHODS, case_sensitive=False)},  # the method alone
    checks.headers: {**_PAIRS, "callback": headers},
    holders.hosts: {"multiple": True, "callback": texts, "metavar": "HOST"},
    holders.uses: {"metavar": "NUMBER"},
}
#: Options that are not called as their keyword is.
_OTHERWISE = {
    "headers": "--header",
    "referrers": "--referrer",
}


def _option(name: str) -> click.Option:
    """Make the option of a keyword."""
    option = OPTIONS[name]
    pairs_or_text = _PAIRS if option.check.__annotations__["return"].startswith("dict") else _TEXT
    written = _WRITTEN.get(option.check, pairs_or_text)
    help_ = spelled(option.help, OPTIONS)
    if written.get("multiple"):
        help_ = f"{help_.removesuffix('.')}; repeatable."
    return click.Option([_OTHERWISE.get(name, _flag_of(name)), name], help=help_, **written)


#: The one flag that is on where it is not given.
_NO_STRICT = click.Option(
    ["--no-strict", "no_strict"],
    is_flag=True,
    help="Name restrictions that the store cannot enforce, instead of refusing them.",
)
_MADE = {name: _NO_STRICT if name == "strict" else _option(name) for name in OPTIONS}


def of(names: Iterable[str]) -> dict[str, click.Option]:
    """Return the command's options for keywords of the library, by their parameters' names."""
    return {option.name: option for option in map(_MADE.__getitem__, names) if option.name}


#: The options of a URL; and of upload forms, those that are of forms alone.
SIGNING = of(OF_LINKS)
FORMS_ALONE = of(name for name in OF_FORMS if name not in OF_LINKS)

#: Which object and which store; for every command that takes a path.
VERSION = _text("version", "The version of the object.")
NO_GLOB = click.Option(
    ["--no-glob"], is_flag=True, help="Take a * in PATH for a part of the key, not for a pattern."
)
ROOT = _text(
    "root",
    "Where keys lie: each PATH, and each path of a manifest, is then a key below it.",
    metavar="PATH",
    shell_complete=complete_path,
)
STORAGE = _pairs(
    "--storage-option",
    "storage_options",
    "An option of the fsspec filesystem; repeatable. JSON is read as such, dots nest. Other "
    "users of the machine can see it: keep secrets in the environment or a profile.",
    reads=nested,
)
SIGNER = _text(
    "signer",
    "Who signs in place of the path's own backend, such as cloudfront.",
    metavar="NAME",
    shell_complete=complete_signer,
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


def asked(values: Mapping[str, Any], *, link: str = "") -> SignOptions:
    """Return what the command line asks of a URL, or of a form; what it leaves out, the library decides.

    Args:
        values: by the parameters' names, other commands' options included.
        link: what may be a URL that is signed already: then headers are those that it wants, whatever they say.

    Raises:
        InvalidRequestError: naming the option that is wrong, and what would be right.

    """
    is_signed = False
    if link:
        from daypass.transfer.links import is_link  # only where bytes go through it

        is_signed = is_link(link)
    options = {
        name: value if name == "headers" and is_signed else read_option(name, value)
        for name, value in values.items()
        if name in OPTIONS and value is not None and value is not False
    }
    if values.get("no_strict"):
        options["strict"] = False
    # The same names and types, which a test proves; a form's own too, where the command has them.
    return cast("SignOptions", options)
