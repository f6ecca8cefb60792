"""Which account a location belongs to, where it answers and what it can sign with.

The rules are adlfs's, read without opening its filesystem where options alone suffice; what an endpoint
is, the SDK's own client says.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any, Literal

import attrs
from azure.storage.blob import BlobServiceClient

from daypass.base.secrets import Options
from daypass.base.urls import check_endpoint
from daypass.errors import CredentialsError, DaypassError, InvalidRequestError
from daypass.model.locations import Location
from daypass.toolkit.engine import prepared
from daypass_azure.network import filesystem
from daypass_azure.options import adlfs_options
from daypass_azure.paths import Place, account_of_host, place_of

Kind = Literal["key", "token", "sas", "anonymous"]


@attrs.frozen(kw_only=True, eq=False)
class Account:
    """A storage account as one filesystem knows it."""

    #: The real account name, whatever the endpoint's host is.
    name: str
    #: ``https://host`` or an emulator's ``http://host:port/account``, without a slash at the end.
    endpoint: str
    #: What the filesystem was opened with.
    kind: Kind
    #: The account key in base64, for the kind ``key``.
    key: str | None = attrs.field(repr=False)
    #: The SDK's client, sync or async: it knows how a blob's URL is written.
    client: Any = attrs.field(repr=False)
    #: The container that the path names.
    place: Place

    @property
    def is_secondary(self) -> bool:
        """True where the filesystem reads the copy in another region (``location_mode``)."""
        return self.endpoint.partition("://")[2].startswith(f"{self.name}-secondary.")

    @property
    def is_emulator(self) -> bool:
        """True where the account is in the endpoint's path, as on Azurite and nowhere on Azure."""
        return "/" in self.endpoint.partition("://")[2]


def account_of(location: Location) -> Account:
    """Find the account, once for each store.

    Raises:
        CredentialsError: where neither account nor credential can be told, or the account key is none.
        InvalidRequestError: where the path and the options contradict each other.

    """
    return prepared(location, "azure.account", _find)


def _find(location: Location) -> Account:
    place = place_of(location.bucket)
    client, named = _client(location, place)
    credential = client.credential
    key = getattr(credential, "account_key", None)
    name = getattr(credential, "account_name", None) or named or client.account_name
    if not name:
        msg = "the account's name is not known: give account_name in storage_options"
        raise CredentialsError(msg)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9-]{1,63}", name):
        msg = f"{ascii(name)[:80]} is not the name of a storage account: lower-case letters and digits only"
        raise InvalidRequestError(msg, option="account_name")
    url, _, query = client.url.partition("?")
    endpoint = check_endpoint(url.rstrip("/"), "account_host")
    kind: Kind = "anonymous"
    if key is not None:
        kind = "key"
        decoded_key(key, "the account key")  # the SDK would be in trouble with it, and not say why
    elif hasattr(credential, "get_token"):
        kind = "token"
    elif hasattr(credential, "signature") or "sig=" in query:
        kind = "sas"
    account = Account(name=name, endpoint=endpoint, kind=kind, key=key, client=client, place=place)
    _check_agreement(account, named)
    return account


def decoded_key(key: str, what: str) -> bytes:
    """Return the bytes of a key in base64.

    Args:
        key: the key.
        what: what it is, in words for messages.

    Raises:
        CredentialsError: if it is none; the message does not hold it.

    """
    try:
        raw = b64decode(key, validate=True)
    except (Base64Error, ValueError, TypeError):
        raw = b""
    if not raw:
        msg = f"{what} is not base64: check how it was read"
        raise CredentialsError(msg)
    return raw


def _client(location: Location, place: Place) -> tuple[Any, str | None]:
    """Return an SDK client with the filesystem's endpoint and credential, and the name it was given."""
    if location.has_fs:
        fs = filesystem(location)
        return fs.service_client, fs.account_name
    options = adlfs_options(location.storage_options)
    named = options.get("account_name")
    try:
        if connection_string := options.get("connection_string"):
            client = BlobServiceClient.from_connection_string(connection_string)
            return client, _explicit_name(location, options)
        name = named or place.account
        if name is None:
            msg = (
                "no storage account is named: give account_name or connection_string in "
                "storage_options, or write abfss://container@account.dfs.core.windows.net/key"
            )
            raise CredentialsError(msg)
        credential, sas = _explicit_credential(name, options)
        if credential is None and not sas and not options["anon"]:
            # Microsoft Entra ID: only the filesystem holds such a credential.
            return filesystem(location, place).service_client, name
        host = options.get("account_host")
        if host is not None:
            check_endpoint(f"https://{host}" if isinstance(host, str) else host, "account_host")
        elif place.account is not None:
            host = place.host
        return (
            BlobServiceClient(
                f"https://{host or f'{name}.blob.core.windows.net'}{sas}",
                credential=credential,
                _location_mode=options.get("location_mode") or "primary",
            ),
            name,
        )
    except DaypassError:
        raise
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # The SDK's text may quote what it was given, so it is not repeated or chained.
        msg = f"the Azure SDK refuses these storage_options ({type(error).__name__}): check connection_string, account_host and credential"
        raise InvalidRequestError(msg, option="storage_options") from None


def _explicit_name(location: Location, options: Mapping[str, Any]) -> str | None:
    """Return the account name that goes with a connection string: one from the same source."""
    if location.storage_options.get("connection_string"):
        name: str | None = location.storage_options.get("account_name")
        return name
    return options.get("account_name")


def _explicit_credential(name: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """Return a credential that the sync client takes, and a SAS as ``?...``; adlfs's order."""
    credential = options.get("credential") or options.get("account_key")
    if isinstance(credential, str):
        if "sig=" in credential:
            return None, "?" + credential.removeprefix("?")
        # With its name: from a custom domain the SDK could not tell it.
        return Options(account_name=name, account_key=credential), ""
    if hasattr(credential, "get_token"):
        return None, ""
    if credential is not None:
        return credential, ""
    sas = options.get("sas_token")
    return None, "?" + sas.removeprefix("?") if sas else ""


def _check_agreement(account: Account, named: str | None) -> None:
    """Raise where two places name different accounts or endpoints."""
    host, _, below = account.endpoint.partition("://")[2].partition("/")
    host = host.lower()
    place = account.place
    claims = {
        "the path": place.account,
        "account_name": named,
        "the endpoint": account_of_host(host),
    }
    if re.fullmatch(r"(?:localhost|[\d.]+)(?::\d+)?", host) and below:
        claims["the endpoint"] = below
    for source, claim in claims.items():
        if claim is not None and claim != account.name:
            msg = f"{source} names the account {claim!r}, but the credential is for {account.name!r}: make them agree"
            raise InvalidRequestError(
                msg, option="path" if source == "the path" else "account_name"
            )
    if place.host is not None and place.host != host.replace("-secondary.", ".", 1):
        msg = (
            f"the path names the endpoint {place.host}, but storage_options name {host}: write "
            f"az://{place.container}/key, and a host for readers as public_endpoint"
        )
        raise InvalidRequestError(msg, option="path")
