"""``Preset``: the settings that a kind of store needs, and what it lacks. They only set options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from daypass.base.messages import names_nearest, shown
from daypass.errors import ConfigError, PluginError

__all__ = ["Preset"]


def _names(_preset: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no tuple of text; text alone would be read letter by letter."""
    if not isinstance(value, tuple) or not all(isinstance(name, str) for name in value):
        _refuse(field, "a tuple of text, such as ('NAME',)")


def _options(_preset: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no mapping, and never show it: it may hold a secret."""
    if not isinstance(value, Mapping):
        _refuse(field, "a mapping of options")


def _endpoint(_preset: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse an endpoint that is made of something else than a region's name."""
    try:
        if value is not None:
            str.format(value, region="")  # type: ignore[arg-type] # or an error
    except (TypeError, ValueError, LookupError, AttributeError):
        _refuse(field, f"text with {{region}} in it, or None, not {shown(value)}")


def _refuse(field: attrs.Attribute[Any], right: str) -> None:
    msg = f"{field.name} of Preset must be {right}"
    raise PluginError(msg)


@names_nearest
@attrs.frozen(kw_only=True)
class Preset:
    """What a profile of this kind of store has where it says nothing itself.

    Raises:
        PluginError: naming the field that is wrong, and what it should be.

    Example::

        PRESETS = {
            "great-cupboard": Preset(
                protocols=("cupboard",),
                storage_options={"endpoint": "https://great.example.org"},
                lacks=("max_bytes",),
            )
        }

    """

    #: The protocols that the profile's ``url`` may have.
    protocols: tuple[str, ...] = attrs.field(default=("s3", "s3a"), validator=_names)
    #: What the filesystem is opened with.
    storage_options: Mapping[str, Any] = attrs.field(factory=dict, validator=_options, repr=False)
    #: Methods, options and functions that the store lacks.
    lacks: tuple[str, ...] = attrs.field(default=(), validator=_names)
    #: What the signer is told of the store.
    signer_options: Mapping[str, Any] = attrs.field(factory=dict, validator=_options, repr=False)
    #: An endpoint that is made of the region's name, such as ``"https://{region}.example.org"``; it becomes ``endpoint_url``.
    endpoint: str | None = attrs.field(default=None, validator=_endpoint)
    #: Options that would be ignored beside the preset's own.
    contradicts: tuple[str, ...] = attrs.field(default=(), validator=_names)
    #: What ``endpoint_url`` looks like, where only the profile can say it.
    example: str | None = None

    def settings(self, name: str, url: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings as a profile's table.

        Args:
            name: the preset's name, for messages.
            url: the profile's URL.
            options: the profile's own ``storage_options``.

        Raises:
            ConfigError: if the profile does not say what only it can.

        """
        protocol = url.partition("://")[0]
        if protocol not in self.protocols:
            msg = f"the preset {name} is for {self.protocols[0]}://, and the url is {protocol}://"
            raise ConfigError(msg)
        if (wrong := [key for key in self.contradicts if key in options]) and not (
            self.storage_options.keys() & options.keys()
        ):
            names = ", ".join(self.storage_options)
            msg = f"the preset {name} sets {names}, beside which {wrong[0]} means nothing: give {names} instead"
            raise ConfigError(msg)
        found = dict(self.storage_options)
        if _endpoint_in(options) is None:
            if self.endpoint is not None:
                region = _region_in(options)
                if not region:
                    msg = f"the preset {name} needs the region: storage_options.client_kwargs.region_name"
                    raise ConfigError(msg)
                found["endpoint_url"] = self.endpoint.format(region=region)
            elif self.example is not None:
                msg = (
                    f"the preset {name} needs storage_options.endpoint_url, such as {self.example}"
                )
                raise ConfigError(msg)
        return {
            "storage_options": found,
            "signer_options": dict(self.signer_options),
            "capabilities": dict.fromkeys(self.lacks, False),
        }


def _client(options: Mapping[str, Any]) -> Mapping[str, Any]:
    client = options.get("client_kwargs")
    return client if isinstance(client, Mapping) else {}


def _endpoint_in(options: Mapping[str, Any]) -> object:
    """Return the endpoint that the profile names; an empty text is one that was named, and is refused later."""
    own = options.get("endpoint_url")
    return _client(options).get("endpoint_url") if own is None else own


def _region_in(options: Mapping[str, Any]) -> object:
    return _client(options).get("region_name")
