"""botocore as daypass uses it: its session, its client, its endpoint rules and its errors."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.handlers import validate_bucket_name
from botocore.session import Session

from daypass.base.messages import shown_bucket
from daypass.errors import (
    CredentialsError,
    DaypassError,
    InvalidPathError,
    InvalidRequestError,
    SigningNotSupportedError,
)
from daypass_s3.hosts import is_amazon, region_of
from daypass_s3.settings import Settings, check_store

#: botocore's own pattern for what is no ARN, without the names that no store allows.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
#: A bucket of another tenant of Ceph's: https://docs.ceph.com/en/latest/radosgw/multitenancy/#s3
_OF_TENANT = re.compile(r"[A-Za-z0-9_]{1,64}:[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
#: No region, but botocore's name for the global host, and the one that it signs for there.
_ANY_REGION, _ITS_REGION = "aws-global", "us-east-1"
#: Settings of botocore's Config that bear on where and how a URL is signed.
_SIGNING_CONFIG = (
    "region_name",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "client_context_params",
    "account_id_endpoint_mode",
    "ignore_configured_endpoint_urls",
)


class Host(NamedTuple):
    """An endpoint's host, where botocore takes it under another name alone."""

    #: The endpoint as botocore takes it; None for the provider's own.
    instead: str | None
    #: The host as botocore takes it, and as the endpoint has it; empty where they are one.
    taken: str = ""
    own: str = ""
    #: What the endpoint's host leads to by itself, and the path that botocore writes says again.
    bucket: str = ""

    @classmethod
    def of(cls, endpoint: str | None, bucket: str | None = None) -> Self:
        """Put a hyphen for each underscore in a host, which botocore refuses: docker compose names hosts so.

        Args:
            endpoint: where links are to lead.
            bucket: the one that the host is bound to.

        """
        scheme, mark, rest = (endpoint or "").partition("://")
        host, slash, path = rest.partition("/")
        instead = host.replace("_", "-")
        if instead == host:
            return cls(endpoint, bucket=bucket or "")
        return cls(f"{scheme}{mark}{instead}{slash}{path}", instead, host, bucket or "")

    def named_in(self, url: str) -> str:
        """Return a URL with the endpoint's own host again, and without the bucket that it is bound to."""
        scheme, mark, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        if self.own:
            host = f"{host.removesuffix(self.taken)}{self.own}"
        if self.bucket:
            path = path.removeprefix(self.bucket).removeprefix("/")
        return f"{scheme}{mark}{host}{slash}{path}"


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
    bound: str | None,
    bucket: str,
) -> tuple[Any, Host]:
    """Make the client that is the oracle: same endpoint rules, the signature we ask for; and the host it is to name."""
    own = own_endpoint(settings, session)
    endpoint = own if public_endpoint is None else check_store(public_endpoint, "public_endpoint")
    if bound is not None:
        _check_bound(public_endpoint, bucket)
        endpoint = bound
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
    if (
        bound is not None
    ):  # which botocore knows nothing of: the bucket is taken out of the path it writes
        s3 = {"addressing_style": "path"}
    host = Host.of(endpoint, None if bound is None else bucket)
    client = session.create_client(
        "s3",
        region_name=_region(settings, session, own, endpoint),
        use_ssl=settings.client_kwargs.get("use_ssl", settings.use_ssl),
        endpoint_url=host.instead,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(signature_version=signature_version, s3=s3, **config),
    )
    if ":" in bucket and not bucket.startswith("arn:"):  # Ceph's tenant:bucket
        client.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    return client, host


def _region(settings: Settings, session: Session, *endpoints: str | None) -> str | None:
    """Return the region to sign for, where botocore does not find it: by an endpoint it takes any that is named."""
    region = settings.region
    if not any(endpoints):
        # The command line and all other SDKs of AWS read AWS_REGION, and botocore does not.
        named = region or (settings.session or session).get_config_variable("region")
        return region if named else os.environ.get("AWS_REGION") or None
    if region in (
        None,
        _ANY_REGION,
    ):  # what is named for all that the user does is no word about this store
        hosts = (urlsplit(endpoint).hostname or "" for endpoint in endpoints if endpoint)
        region = next(filter(None, map(region_of, hosts)), None)
    if region is None:
        region = (settings.session or session).get_config_variable("region")
    return _ITS_REGION if region == _ANY_REGION else region


def region_to_ask(settings: Settings, session: Session) -> str:
    """Return the region whose STS is asked: the store's, or where none is named that of the global host."""
    named = _region(settings, session, own_endpoint(settings, session))
    return named or (settings.session or session).get_config_variable("region") or _ITS_REGION


def _check_bound(public_endpoint: str | None, bucket: str) -> None:
    """Refuse a bucket-bound host beside what names another, or for what no host can be bound to."""
    if public_endpoint is not None:
        msg = "public_endpoint and bucket_bound_hostname both name the host: give one of them"
        raise InvalidRequestError(msg, option="bucket_bound_hostname")
    if ":" in bucket:
        msg = "a host is bound to a bucket, and to no access point and no bucket of a tenant: leave out bucket_bound_hostname"
        raise InvalidRequestError(msg, option="bucket_bound_hostname")


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


def own_endpoint(settings: Settings, session: Session) -> str | None:
    """Return the endpoint that the filesystem speaks to; None for the provider's own."""
    return settings.endpoint or _configured_endpoint(settings, session)


def asks_amazon(settings: Settings, session: Session) -> bool:
    """Tell whether the filesystem speaks to Amazon's own S3."""
    endpoint = own_endpoint(settings, session)
    return endpoint is None or is_amazon(urlsplit(endpoint).hostname or "")


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
    return None if url is None else check_store(url, "endpoint_url")


def check_bucket(bucket: str, *, asks: bool = False) -> None:
    """Raise where no signature that daypass can make would be accepted for the bucket.

    Args:
        bucket: its name, its ARN, or ``tenant:bucket``.
        asks: whether the filesystem is to ask the store, and no link is to be signed.

    """
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
    if _OF_TENANT.fullmatch(bucket):
        if asks:
            msg = "the filesystem cannot ask for a bucket of another tenant (tenant:bucket), which its SDK takes for no name: sign a HEAD link, or use the tenant's own credentials and the bucket's name alone"
            raise InvalidPathError(msg, option="path")
        return
    if not _BUCKET.fullmatch(bucket):
        msg = f"{shown_bucket(bucket)} is not the name of a bucket: letters, digits, '.', '-' and '_' only"
        raise InvalidPathError(msg, option="path")


def answer_in(error: BaseException) -> exceptions.ClientError | None:
    """Return what the SDK made of a store's answer, if one came; s3fs makes one of its own errors of it."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, exceptions.ClientError):
        found = found.__cause__ or found.__context__
    return found


def refusal_in(error: Exception) -> tuple[str, int | None]:
    """Return the code and the HTTP status of a store's refusal; s3fs translates the SDK's errors and chains them."""
    for found in (error, error.__cause__):
        if isinstance(found, exceptions.ClientError):
            status: int | None = found.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return str(found.response.get("Error", {}).get("Code", "")), status
    return "", None


#: Of the files that name sources of credentials; what the sources themselves raise, `sources` tells.
_NO_CREDENTIALS = (
    exceptions.ProfileNotFound,
    exceptions.ConfigNotFound,
    exceptions.ConfigParseError,
)


def explained(error: Exception) -> DaypassError:
    """Translate what botocore raises before it has talked to anybody."""
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialsError(f"the AWS SDK found no usable credentials: {error}")
    first_line = str(error).strip().replace("\n", " ")
    return InvalidRequestError(f"the AWS SDK refuses these S3 settings: {first_line}")
