"""What an S3 filesystem is configured with, read without opening it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

from daypass.base.messages import refuse_unknown
from daypass.base.secrets import Options
from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError, StoreError
from daypass.model.locations import Location
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.settings import (
    FSSPEC_OPTIONS,
    arguments_of,
    effective_options,
    refuse_misspelt,
)

#: What aiobotocore's AioConfig takes beyond botocore's Config.
_AIO_CONFIG = ("connector_args", "http_session_cls")
#: https://docs.aws.amazon.com/boto3/latest/guide/configuration.html (the ``s3`` dictionary)
_S3_CONFIG = (
    "addressing_style",
    "payload_signing_enabled",
    "us_east_1_regional_endpoint",
    "use_accelerate_endpoint",
    "use_arn_region",
    "use_dualstack_endpoint",
)


@attrs.frozen(kw_only=True, repr=False)
class Settings:
    """The part of an ``S3FileSystem``'s constructor that signing depends on."""

    anon: bool = False
    key: str | None = None
    secret: str | None = None
    token: str | None = None
    endpoint_url: str | None = None
    use_ssl: bool = True
    requester_pays: bool = False
    cache_regions: bool = False
    #: An aiobotocore session that the caller made.
    session: Any = None
    profile: str | None = None
    client_kwargs: Mapping[str, Any] = attrs.field(factory=dict)
    config_kwargs: Mapping[str, Any] = attrs.field(factory=dict)
    s3_additional_kwargs: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def region(self) -> str | None:
        """The region that was named, if one was."""
        named: str | None = first(
            self.client_kwargs.get("region_name"), self.config_kwargs.get("region_name")
        )
        if named is None and self.session is not None:
            named = self.session.get_config_variable("region")
        if named == "":
            msg = "region_name is empty: name the bucket's region, or leave the option out"
            raise InvalidRequestError(msg, option="region_name")
        return named

    def check(self) -> None:
        """Refuse an endpoint that is none, for calls that leave the rest to the filesystem."""
        _ = self.endpoint

    @property
    def endpoint(self) -> str | None:
        """The endpoint that was named, checked."""
        url = first(self.endpoint_url, self.client_kwargs.get("endpoint_url"))
        return None if url is None else check_endpoint(url, "endpoint_url")


def first(*named: Any) -> Any:
    """Return the first that was named: an empty text was, and is no wish for the provider's own."""
    return next((value for value in named if value is not None), None)


def settings_of(location: Location) -> Settings:
    """Read the settings from the filesystem, where one was given, or from the options."""
    settings = _of_filesystem(location.fs) if location.has_fs else _of_options(location)
    client = arguments_of(Session.create_client)
    refuse_unknown(settings.client_kwargs, client, what="option in client_kwargs")
    refuse_unknown(
        settings.config_kwargs,
        (*Config.OPTION_DEFAULTS, *_AIO_CONFIG),
        what="option in config_kwargs",
    )
    refuse_unknown(
        settings.config_kwargs.get("s3") or (), _S3_CONFIG, what="option in config_kwargs s3"
    )
    return settings


def _of_options(location: Location) -> Settings:
    options = effective_options(location.storage_options, ("s3", "s3a"))
    names = {field.name for field in attrs.fields(Settings)}
    refuse_misspelt(options, names | _NO_MATTER, _names_of_s3fs, what="storage option of s3")
    known = Options(
        (name, value) for name, value in options.items() if name in names and value is not None
    )
    known.setdefault("key", options.get("username"))
    known.setdefault("secret", options.get("password"))
    return Settings(**known)


#: Options of S3FileSystem and fsspec that signing does not depend on.
_NO_MATTER = FSSPEC_OPTIONS | {
    "asynchronous",
    "default_block_size",
    "default_cache_type",
    "default_fill_cache",
    "fixed_upload_size",
    "loop",
    "max_concurrency",
    "password",
    "username",
    "version_aware",
}


def _names_of_s3fs() -> set[str]:
    from aiobotocore.session import AioSession
    from s3fs import S3FileSystem

    return arguments_of(S3FileSystem.__init__, AioSession.__init__, Session.__init__)


def _of_filesystem(fs: Any) -> Settings:
    missing = [name for name in ("key", "secret", "client_kwargs") if not hasattr(fs, name)]
    if missing:
        msg = f"fs must be an s3fs.S3FileSystem, not {type(fs).__name__}"
        raise InvalidRequestError(msg, option="fs")
    return Settings(
        anon=fs.anon,
        key=fs.key,
        secret=fs.secret,
        token=fs.token,
        endpoint_url=fs.endpoint_url,
        use_ssl=fs.use_ssl,
        requester_pays=bool(fs.req_kw),
        cache_regions=fs.cache_regions,
        session=fs.storage_options.get("session"),
        profile=fs.kwargs.get("profile"),
        client_kwargs=fs.client_kwargs,
        config_kwargs=fs.config_kwargs,
        s3_additional_kwargs=fs.s3_additional_kwargs,
    )


def with_region(settings: Settings, location: Location, deadline: Deadline) -> Settings:
    """Let the filesystem find the bucket's region, where it was made with ``cache_regions``."""
    if not settings.cache_regions or settings.region or settings.endpoint:
        return settings
    from fsspec.asyn import sync
    from fsspec.exceptions import FSTimeoutError

    fs: Any = location.fs

    async def find() -> Any:
        await fs.set_session()
        return await fs.get_s3(location.bucket)

    try:
        client = sync(fs.loop, find, timeout=max(deadline.left, 0.001))
    except FSTimeoutError as error:
        what = f"looking for the region of bucket {location.bucket}"
        raise deadline.error(what) from error
    except (OSError, BotoCoreError) as error:
        msg = f"cache_regions could not find the region of bucket {location.bucket}: name it as client_kwargs region_name"
        raise StoreError(msg) from error
    return attrs.evolve(
        settings, client_kwargs={**settings.client_kwargs, "region_name": client.meta.region_name}
    )
