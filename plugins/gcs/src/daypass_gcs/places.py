"""Where a link leads: the URL up to the key, in each of the three styles Cloud Storage has.

The host that is signed is the one that clients send: lower case, with its port unless it is the
scheme's own. (Google's libraries sign the port that is written, or none at all.)
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

import attrs

from daypass.base.messages import shown, shown_bucket
from daypass.base.urls import host_header
from daypass.errors import InvalidPathError, InvalidRequestError, at_row
from daypass.model.locations import Location
from daypass.toolkit.options import bound_origin

#: https://docs.cloud.google.com/storage/docs/buckets#naming, save for the shortest length: the
#: bucket then does not exist, and emulators are less strict.
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*")
_LONGEST = 222
#: https://docs.cloud.google.com/storage/docs/request-endpoints
_GOOGLES = re.compile(r"(?:(?P<bucket>.+)\.)?storage\.googleapis\.com(?::\d+)?")
#: https://docs.cloud.google.com/storage/docs/objects#naming
_CHALLENGES = ".well-known/acme-challenge/"


@attrs.frozen
class Place:
    """A URL without key and query."""

    #: ``https://host[:port]``.
    origin: str
    #: The path up to the key.
    prefix: str
    #: What a client sends as ``Host``.
    host: str


def check_bucket(bucket: str) -> None:
    """Raise where text cannot be a bucket's name, so that it can never name another host."""
    if len(bucket) > _LONGEST or not _BUCKET.fullmatch(bucket):
        msg = (
            f"{shown_bucket(bucket)} is not the name of a bucket: lower-case letters, digits, '-', "
            "'_' and '.' only, beginning and ending with a letter or digit"
        )
        raise InvalidPathError(msg, option="path")


def check_name(name: str) -> None:
    """Raise where Cloud Storage takes no object of a name.

    Raises:
        InvalidPathError: naming the rule.

    """
    if name.startswith(_CHALLENGES):
        msg = f"Cloud Storage takes no object whose name begins with {_CHALLENGES}: it answers there by itself, so let another server answer the challenge"
        raise InvalidPathError(msg, option="path")


def check_names(names: Sequence[str]) -> None:
    """Raise as `check_name` does for the first of many names, naming its row.

    Raises:
        InvalidPathError: with the ``row``.

    """
    for row, name in enumerate(names):
        if name[:1] == ".":
            with at_row(row):
                check_name(name)


def place_of(location: Location, endpoint: str) -> Place:
    """Return where the links of a location lead.

    Args:
        location: whose options choose the style.
        endpoint: the filesystem's endpoint, which ``public_endpoint`` replaces.

    Raises:
        InvalidRequestError: for options that contradict each other, or hosts that cannot be.

    """
    options = location.options
    if options.bucket_bound_hostname is not None:
        if location.public_endpoint is not None:
            msg = "public_endpoint and bucket_bound_hostname both name the host: give one of them"
            raise InvalidRequestError(msg, option="bucket_bound_hostname")
        return _place(bound_origin(options.bucket_bound_hostname, "bucket_bound_hostname"), "/")
    scheme, _, rest = (location.public_endpoint or endpoint).partition("://")
    host, _, path = rest.partition("/")
    path = f"/{path}".rstrip("/")
    _check_endpoint(
        "endpoint_url" if location.public_endpoint is None else "public_endpoint", host, path
    )
    if not options.virtual_hosted_style:
        return _place(f"{scheme}://{host}", f"{path}/{location.bucket}/")
    _check_virtual(scheme.lower(), host, location.bucket)
    return _place(f"{scheme}://{location.bucket}.{host}", f"{path}/")


def _check_endpoint(option: str, host: str, path: str) -> None:
    """Raise where Google's own endpoint names a bucket: links would lead into it, to keys that begin with its name again."""
    match = _GOOGLES.fullmatch(host.lower())
    if match is not None and (bucket := match["bucket"] or path.strip("/")):
        msg = f"{option} names the bucket {shown(bucket)}, which the path says: leave it out, or say virtual_hosted_style=True in signer_options for a host that has it"
        raise InvalidRequestError(msg, option=option)


def _place(origin: str, prefix: str) -> Place:
    origin = origin.lower()
    scheme, _, host = origin.partition("://")
    return Place(origin, prefix, host_header(scheme, host))


def _check_virtual(scheme: str, host: str, bucket: str) -> None:
    name = host.rsplit(":", 1)[0] if host[-1:] != "]" else host
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        msg = f"virtual_hosted_style needs a host name, and the endpoint is the address {name}"
        raise InvalidRequestError(msg, option="virtual_hosted_style")
    if scheme == "https" and "." in bucket:
        msg = (
            "virtual_hosted_style over https cannot serve a bucket with dots in its name, since no "
            "certificate matches the host: drop the option, or use bucket_bound_hostname"
        )
        raise InvalidRequestError(msg, option="virtual_hosted_style")
