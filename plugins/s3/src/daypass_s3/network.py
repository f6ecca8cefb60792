"""How the filesystem reaches S3: the trust and the proxies that s3fs hands on to botocore."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError

from daypass.hookspecs.network import Network
from daypass.model.locations import Location
from daypass.toolkit.engine import prepared
from daypass.toolkit.trust import context_of
from daypass_s3 import sdk
from daypass_s3.settings import settings_of

__all__ = ["network_of"]


def network_of(location: Location) -> Network:
    """Return it, made once for each store.

    Raises:
        InvalidRequestError: if a certificate that is named cannot be read.
        CredentialsError: if there is no such profile of AWS's.

    """
    return prepared(location, "s3.network", _make)


def _make(location: Location) -> Network:
    settings = settings_of(location)
    verify = settings.client_kwargs.get("verify")
    if verify is None:
        try:
            # AWS_CA_BUNDLE, or ca_bundle of the profile
            verify = sdk.make_session(settings).get_config_variable("ca_bundle")
        except BotoCoreError as error:
            raise sdk.explained(error) from error
    return Network(
        context=context_of(verify, settings.config_kwargs.get("client_cert")),
        proxies=settings.config_kwargs.get("proxies"),
    )
