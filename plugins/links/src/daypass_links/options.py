"""``signer_options`` of the links service, checked on creation."""

from __future__ import annotations

import os

import attrs

from daypass.base.urls import check_endpoint
from daypass.errors import CredentialsError, InvalidRequestError
from daypass.toolkit.options import matching

__all__ = ["KEY", "LinksOptions", "Service"]

#: The variables that say where the service is, and who asks.
_SERVER, _KEY = "DAYPASS_LINKS_URL", "DAYPASS_LINKS_KEY"
#: What an API key looks like.
KEY = r"dpl_[A-Za-z0-9_-]{22,64}"


def _server(value: str | None) -> str | None:
    return None if value is None else _address(value, "server")


def _key(value: str | None) -> str | None:
    return matching(value, "key", KEY)


def _address(value: str, name: str) -> str:
    """Return the service's address without a slash at its end."""
    return check_endpoint(value, name).removesuffix("/")


@attrs.frozen(kw_only=True)
class Service:
    """Which service is asked, and by whom."""

    #: Its address, without a slash at its end.
    address: str
    #: The API key.
    key: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class LinksOptions:
    """Where the service is, and who asks.

    >>> LinksOptions(server="https://links.example").service({"DAYPASS_LINKS_KEY": "dpl_" + "k" * 32}).address
    'https://links.example'
    """

    #: The address of the service, such as ``"https://links.example"``; without it, ``DAYPASS_LINKS_URL``.
    server: str | None = attrs.field(default=None, converter=_server)
    #: The API key, ``dpl_...``; without it, ``DAYPASS_LINKS_KEY``.
    key: str | None = attrs.field(default=None, converter=_key, repr=False)

    def service(self, environment: os._Environ[str] | dict[str, str] = os.environ) -> Service:
        """Return which service is asked, with what the environment says where the options are silent.

        Args:
            environment: the variables.

        Raises:
            CredentialsError: if there is no API key.
            InvalidRequestError: if there is no address, or a variable holds what cannot be one.

        """
        address = self.server
        if address is None and (said := environment.get(_SERVER)):
            address = _address(said, _SERVER)
        if address is None:
            msg = f"nothing says where the links service is: set {_SERVER}, or give its address (--server on a command line; server in signer_options, and of a Client)"
            raise InvalidRequestError(msg, option="server")
        key = self.key
        if key is None and (said := environment.get(_KEY)):
            key = matching(said, _KEY, KEY)
        if key is None:
            msg = f"there is no API key for {address}: set {_KEY} (daypass serve prints the first one), or give key in signer_options, or to a Client"
            raise CredentialsError(msg)
        return Service(address=address, key=key)
