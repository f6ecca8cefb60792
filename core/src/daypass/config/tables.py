"""What a profile's table may say, as attrs classes; `daypass.config.structure` fills them strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NewType

import attrs

from daypass.base.messages import refuse_unknown, shown
from daypass.base.urls import check_endpoint
from daypass.config.presets import preset_names
from daypass.config.structure import WrongValueError, converter, of_type
from daypass.hookspecs import hooks as hookspecs
from daypass.model.options import CONDITIONS, METHODS
from daypass.model.paths import parse_path
from daypass.model.written import read_option, sign_options

__all__ = ["Defaults", "ProfileTable", "capabilities", "check_name"]

#: What follows ``daypass://``, so it holds no slash and nothing that would be escaped.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

Url = NewType("Url", str)
Endpoint = NewType("Endpoint", str)
Preset = NewType("Preset", str)
Lifetimes = NewType("Lifetimes", dict[str, int])
Capabilities = NewType("Capabilities", dict[str, bool])


def check_name(name: str) -> None:
    """Raise where ``daypass://NAME/key`` could not be written.

    Raises:
        ValueError: saying what a name is.

    """
    if not _NAME.fullmatch(name):
        msg = "is no name for a profile: letters, digits, '.', '_' and '-', at most 63, the first a letter or digit"
        raise ValueError(msg)


@cache
def capabilities() -> frozenset[str]:
    """Name what a store can lack: methods, options, and the hooks that make or read something."""
    hooks = {name for name, hook in vars(hookspecs).items() if hasattr(hook, "daypass_spec")}
    made = {name for name in hooks if name.startswith("create_") or name == "head_metadata"}
    # Many links are as many single ones, and a version is an option of the place.
    return frozenset({*METHODS, *CONDITIONS, "version", *made}) - {"create_signed_urls"}


@attrs.frozen(kw_only=True)
class Defaults:
    """What a profile's links are where the caller says nothing: ``[profiles.NAME.defaults]``."""

    #: Lifetimes: one for all methods, such as ``"2h"``, or a table with one for each method.
    expires_in: Lifetimes = attrs.field(factory=lambda: Lifetimes({}))
    #: Content-Type of the answer to a download.
    response_content_type: str | None = None
    #: Content-Disposition of the answer to a download.
    response_content_disposition: str | None = None
    #: Content-Encoding of the answer to a download.
    response_content_encoding: str | None = None
    #: Content-Language of the answer to a download.
    response_content_language: str | None = None
    #: Cache-Control of the answer to a download.
    response_cache_control: str | None = None

    @property
    def responses(self) -> dict[str, str]:
        """The response headers that are set, by the name of their option."""
        found = ((name, getattr(self, name)) for name in _RESPONSES)
        return {name: value for name, value in found if value is not None}

    def filled(self, options: Mapping[str, Any], method: str) -> dict[str, Any]:
        """Return a request's keywords with the defaults where the caller gave none.

        Args:
            options: the keywords, which make a request as they are.
            method: that request's method; a form's is POST, and a form lives as long as a PUT link.

        """
        found = dict(options)
        if options.get("expires_in") is None and options.get("expires_at") is None:
            found["expires_in"] = self.expires_in.get("PUT" if method == "POST" else method)
        if method in ("GET", "HEAD"):
            for name, value in self.responses.items():
                named = name == "response_content_disposition" and (
                    options.get("filename") is not None or options.get("inline")
                )
                if options.get(name) is None and not named:
                    found[name] = value
        return found


@attrs.frozen(kw_only=True)
class ProfileTable:
    """One ``[profiles.NAME]``."""

    #: The root of all paths below ``daypass://NAME``: any path that daypass takes, or ``daypass://OTHER``.
    url: Url | None = None
    #: Settings that a kind of store needs; every other key outranks them.
    preset: Preset | None = None
    #: fsspec's options for the filesystem. Secrets are ``{ env = "NAME" }`` or ``{ file = "path" }``.
    storage_options: dict[str, Any] = attrs.field(factory=dict, repr=False)
    #: ``http(s)://host[:port][/path]`` that the links' readers can reach, where it differs.
    public_endpoint: Endpoint | None = None
    #: Who signs in place of the path's own backend, such as ``cloudfront``.
    signer: str | None = None
    #: Options of the signing backend; secrets as in ``storage_options``.
    signer_options: dict[str, Any] = attrs.field(factory=dict, repr=False)
    #: What its links are where the caller says nothing.
    defaults: Defaults = attrs.field(factory=Defaults)
    #: Methods, options and functions that this store lacks, each as ``NAME = false``.
    capabilities: Capabilities = attrs.field(factory=lambda: Capabilities({}))


_RESPONSES = tuple(attrs.fields_dict(Defaults))[1:]


def _url(value: object, _: Any) -> str:
    text: str = of_type(value, str)
    parse_path(text)
    return text


def _endpoint(value: object, _: Any) -> str:
    return check_endpoint(of_type(value, str), "public_endpoint")


def _preset(value: object, _: Any) -> str:
    name: str = of_type(value, str)
    refuse_unknown([name], preset_names(), what="preset")
    return name


def _lifetimes(value: object, _: Any) -> dict[str, int]:
    given: dict[str, Any] = (
        value if isinstance(value, dict) else dict.fromkeys(METHODS, value)  # one for all
    )
    found = {}
    for name, span in given.items():
        refuse_unknown([name.upper()], METHODS, what="method")
        found[name.upper()] = read_option("expires_in", span)
    return found


def _capabilities(value: object, _: Any) -> dict[str, bool]:
    found = {}
    for name, able in of_type(value, dict).items():
        known = next((known for known in capabilities() if known.lower() == name.lower()), name)
        refuse_unknown([known], capabilities(), what="capability")
        if not isinstance(able, bool):
            msg = f"says for {shown(name)} something that is neither true nor false"
            raise WrongValueError(msg)
        found[known] = able
    return found


def _check_defaults(value: object, kind: Any) -> Defaults:
    """Read the values as options, so that a wrong one is told now and not with the first link."""
    made: Defaults = _plain_defaults(value, kind)
    sign_options(made.responses)
    return made


for _kind, _hook in (
    (Url, _url),
    (Endpoint, _endpoint),
    (Preset, _preset),
    (Lifetimes, _lifetimes),
    (Capabilities, _capabilities),
):
    converter().register_structure_hook(_kind, _hook)
_plain_defaults: Any = converter().get_structure_hook(Defaults)
converter().register_structure_hook(Defaults, _check_defaults)
