"""What an S3 filesystem is configured with, read without opening it, as botocore wants to hear it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from botocore import exceptions
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from daypass.errors import (
    CredentialsError,
    DaypassError,
    DeadlineError,
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
    StoreError,
)
from daypass.locations import Location, check_endpoint
from daypass.requests import refuse_unknown

#: botocore's own pattern for what is no ARN, without the names that no store allows.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
#: Settings of botocore's Config that bear on where and how a URL is signed.
_SIGNING_CONFIG = (
    "region_name",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "client_context_params",
    "account_id_endpoint_mode",
    "ignore_configured_endpoint_urls",
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
        named = self.client_kwargs.get("region_name") or self.config_kwargs.get("region_name")
        if named is None and self.session is not None:
            named = self.session.get_config_variable("region")
        return named

    @property
    def endpoint(self) -> str | None:
        """The endpoint that was named, checked."""
        url = self.endpoint_url or self.client_kwargs.get("endpoint_url")
        return None if url is None else check_endpoint(url, "endpoint_url")


def settings_of(location: Location) -> Settings:
    """Read the settings from the filesystem, where one was given, or from the options."""
    if location.has_fs:
        return _of_filesystem(location.fs)
    from fsspec.config import apply_config

    # What fsspec.filesystem() would do with its configuration files and FSSPEC_S3_*.
    protocols = type("_S3", (), {"protocol": ("s3", "s3a")})
    options = apply_config(protocols, dict(location.storage_options))
    names = {field.name for field in attrs.fields(Settings)}
    if beyond := options.keys() - names - _NO_MATTER:
        _check_names(beyond)
    known = {name: value for name, value in options.items() if name in names and value is not None}
    known.setdefault("key", options.get("username"))
    known.setdefault("secret", options.get("password"))
    return Settings(**known)


#: Options of S3FileSystem and fsspec that signing does not depend on.
_NO_MATTER = frozenset(
    {
        "asynchronous",
        "default_block_size",
        "default_cache_type",
        "default_fill_cache",
        "fixed_upload_size",
        "listings_expiry_time",
        "loop",
        "max_concurrency",
        "max_paths",
        "password",
        "skip_instance_cache",
        "use_listings_cache",
        "username",
        "version_aware",
    }
)


def _check_names(names: Iterable[str]) -> None:
    """Refuse what s3fs would not take either: a misspelt key must not end in another login."""
    from aiobotocore.session import AioSession
    from s3fs import S3FileSystem

    taken: set[str] = set(_NO_MATTER)
    for function in (S3FileSystem.__init__, AioSession.__init__, Session.__init__):
        taken.update(inspect.signature(function).parameters)
    refuse_unknown(names, taken - {"self", "args", "kwargs"}, what="storage option of s3")


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
        requester_pays=fs.requester_pays,
        cache_regions=fs.cache_regions,
        session=fs.session if not getattr(fs, "_session_is_owned", True) else None,
        profile=fs.kwargs.get("profile"),
        client_kwargs=fs.client_kwargs,
        config_kwargs=fs.config_kwargs,
        s3_additional_kwargs=fs.s3_additional_kwargs,
    )


def make_session(settings: Settings) -> Session:
    """Make a botocore session that reads the same profile as the filesystem."""
    profile = settings.profile
    if settings.session is not None:
        profile = settings.session.profile
    session = Session(profile=profile)
    session.get_scoped_config()  # an unknown profile raises here, and not in the middle of signing
    return session


def make_client(
    settings: Settings,
    session: Session,
    *,
    access_key: str,
    secret: str,
    token: str | None,
    signature_version: str | None,
    public_endpoint: str | None,
) -> Any:
    """Make the client that is the oracle: same endpoint rules, the signature we ask for."""
    endpoint = public_endpoint or settings.endpoint
    if endpoint is None:
        endpoint = _configured_endpoint(settings, session)
    config = {
        name: settings.config_kwargs[name]
        for name in _SIGNING_CONFIG
        if name in settings.config_kwargs
    }
    _refuse_ignored(settings, endpoint)
    s3: Any = dict(settings.config_kwargs.get("s3") or {})
    scoped = session.get_scoped_config().get("s3") or {}
    # botocore's default names the global host in every region, so ask for the regional one.
    if endpoint is None and "addressing_style" not in s3 and "addressing_style" not in scoped:
        s3["addressing_style"] = "virtual"
    return session.create_client(
        "s3",
        region_name=settings.region,
        use_ssl=settings.client_kwargs.get("use_ssl", settings.use_ssl),
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(signature_version=signature_version, s3=s3, **config),
    )


def _refuse_ignored(settings: Settings, endpoint: str | None) -> None:
    """Refuse the combinations that AWS's endpoint rules refuse and botocore silently drops."""
    config = settings.config_kwargs
    for name in ("use_dualstack_endpoint", "use_fips_endpoint"):
        if endpoint is not None and config.get(name):
            msg = f"config_kwargs {name} cannot be combined with a custom endpoint: name the endpoint that has it"
            raise InvalidRequestError(msg, option=name)
    s3 = config.get("s3") or {}
    if s3.get("use_accelerate_endpoint") and s3.get("addressing_style") == "path":
        msg = "config_kwargs use_accelerate_endpoint needs virtual-hosted buckets: leave out addressing_style='path'"
        raise InvalidRequestError(msg, option="use_accelerate_endpoint")


def _configured_endpoint(settings: Settings, session: Session) -> str | None:
    """Return the endpoint that the environment or the profile names, if one does."""
    if settings.config_kwargs.get("ignore_configured_endpoint_urls") or (
        session.get_config_variable("ignore_configured_endpoint_urls")
    ):
        return None
    url: str | None = ConfiguredEndpointProvider(
        full_config=session.full_config,
        scoped_config=session.get_scoped_config(),
        client_name="s3",
    ).provide()
    return None if url is None else check_endpoint(url, "endpoint_url")


def with_region(settings: Settings, location: Location) -> Settings:
    """Let the filesystem find the bucket's region, where it was made with ``cache_regions``."""
    if not settings.cache_regions or settings.region or settings.endpoint:
        return settings
    from fsspec.asyn import sync
    from fsspec.exceptions import FSTimeoutError

    fs: Any = location.fs
    try:
        fs.connect()
        client = sync(fs.loop, fs.get_s3, location.bucket, timeout=location.deadline)
    except FSTimeoutError as error:
        msg = f"the region of bucket {location.bucket} was not found within {location.deadline:g} s"
        raise DeadlineError(msg) from error
    except (OSError, exceptions.BotoCoreError) as error:
        msg = f"cache_regions could not find the region of bucket {location.bucket}: name it as client_kwargs region_name"
        raise StoreError(msg) from error
    return attrs.evolve(
        settings, client_kwargs={**settings.client_kwargs, "region_name": client.meta.region_name}
    )


def check_bucket(bucket: str) -> None:
    """Raise where no signature that daypass can make would be accepted for the bucket."""
    if bucket.startswith("arn:"):
        if re.search(r":s3::\d*:accesspoint", bucket):
            msg = (
                "a multi-region access point needs SigV4A, and the SDK's plain V4 links for it are "
                "dead: sign for one of its regional access points or buckets"
            )
            raise SigningNotSupportedError(msg)
        return
    if bucket.endswith(("--x-s3", "--xa-s3")):
        msg = (
            "S3 Express (a directory bucket) signs with session credentials that live five minutes, "
            "and plain V4 links for it are dead: keep what you share in a general purpose bucket"
        )
        raise SigningNotSupportedError(msg)
    if not _BUCKET.fullmatch(bucket):
        msg = f"{ascii(bucket)[:80]} is not the name of a bucket: letters, digits, '.', '-' and '_' only"
        raise InvalidPathError(msg, option="path")


_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.ProfileNotFound,
    exceptions.ConfigNotFound,
    exceptions.ConfigParseError,
    exceptions.InvalidConfigError,
    exceptions.MetadataRetrievalError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.UnauthorizedSSOTokenError,
    exceptions.InfiniteLoopConfigError,
    exceptions.UnknownCredentialError,
    exceptions.RefreshWithMFAUnsupportedError,
)


def explained(error: Exception) -> DaypassError:
    """Translate what botocore raises before it has talked to anybody."""
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialsError(f"the AWS SDK found no usable credentials: {error}")
    first_line = str(error).strip().replace("\n", " ")
    return InvalidRequestError(f"the AWS SDK refuses these S3 settings: {first_line}")
