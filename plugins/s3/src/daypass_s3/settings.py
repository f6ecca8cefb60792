"""What an S3 filesystem is configured with, read without opening it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs
from botocore import UNSIGNED
from botocore.config import Config
from botocore.session import Session

from daypass.base.messages import refuse_unknown, shown
from daypass.base.secrets import Options
from daypass.base.urls import check_endpoint
from daypass.errors import InvalidRequestError
from daypass.model.locations import Location
from daypass.toolkit.settings import (
    FSSPEC_OPTIONS,
    arguments_of,
    effective_options,
    refuse_misspelt,
)
from daypass_s3.hosts import bucket_in

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
    def anonymous(self) -> bool:
        """True where the filesystem signs nothing."""
        return self.anon or self.config_kwargs.get("signature_version") is UNSIGNED

    @property
    def region(self) -> str | None:
        """The region that was named, if one was."""
        named: str | None = first(
            self.client_kwargs.get("region_name"), self.config_kwargs.get("region_name")
        )
        if named == "":
            msg = "region_name is empty: name the bucket's region, or leave the option out"
            raise InvalidRequestError(msg, option="region_name")
        return named

    def check(self) -> None:
        """Refuse an endpoint that is none, or none for the SDK, for calls that leave the rest to the filesystem."""
        endpoint = self.endpoint or ""
        if "_" in endpoint.partition("://")[2].partition("/")[0]:
            msg = "the filesystem's SDK reaches no host with an underscore in its name: give the host a name without one (in docker compose, an alias of the network) as endpoint_url, and this one as public_endpoint"
            raise InvalidRequestError(msg, option="endpoint_url")

    @property
    def endpoint(self) -> str | None:
        """The endpoint that was named, checked."""
        url = first(self.endpoint_url, self.client_kwargs.get("endpoint_url"))
        return None if url is None else check_store(url, "endpoint_url")


def check_store(url: str, option: str) -> str:
    """Return the endpoint of a store, which serves all of its buckets.

    Raises:
        InvalidRequestError: for what is no endpoint, or one that names a bucket: links would lead into it, to keys
            that begin with the bucket's name again.

    """
    url = check_endpoint(url, option)
    host, slash, path = url.partition("://")[2].partition("/")
    if bucket := bucket_in(re.sub(r":\d+$", "", host), slash + path):
        msg = f"{option} names the bucket {shown(bucket)}, which the path says: leave it out, so that the endpoint is the store's"
        raise InvalidRequestError(msg, option=option)
    return url


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
    refuse_misspelt(
        options, names | _NO_MATTER, _names_of_s3fs, what="storage option of s3", meant=_MEANT
    )
    known = Options(
        (name, value) for name, value in options.items() if name in names and value is not None
    )
    known.setdefault("key", options.get("username"))
    known.setdefault("secret", options.get("password"))
    return Settings(**known)


#: What AWS's SDKs, and libraries that read S3 beside fsspec, call the options of S3FileSystem.
_MEANT = {
    **dict.fromkeys(
        ("region", "region_name", "aws_region", "aws_default_region", "default_region"),
        "client_kwargs.region_name",
    ),
    **dict.fromkeys(("access_key", "access_key_id", "aws_access_key_id", "aws_access_key"), "key"),
    **dict.fromkeys(
        ("secret_key", "secret_access_key", "aws_secret_access_key", "aws_secret_key"), "secret"
    ),
    **dict.fromkeys(("session_token", "aws_session_token", "security_token"), "token"),
    **dict.fromkeys(
        ("endpoint", "endpoint_override", "aws_endpoint", "aws_endpoint_url"), "endpoint_url"
    ),
    **dict.fromkeys(("anonymous", "no_sign_request", "skip_signature"), "anon"),
    **dict.fromkeys(("aws_profile", "profile_name"), "profile"),
    "addressing_style": "config_kwargs.s3.addressing_style",
    "verify": "client_kwargs.verify",
}
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
