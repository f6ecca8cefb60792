"""daypass on Redis: the hooks. redis-py is imported inside them.

Redis has no signed URLs, so there is no ``create_signed_url`` here: daypass says so, and connects to
nothing. `head_metadata` works, and `daypass_redis.filesystem` is an fsspec filesystem.
"""

from __future__ import annotations

from daypass.hookspecs import BackendInfo, ProjectOptions, hookimpl
from daypass.model.locations import Location
from daypass.model.metadata import ObjectMetadata

__all__: list[str] = []

_WHY_NOT = (
    "Redis speaks a protocol of its own to clients that log in, so no URL can carry a permission; "
    "serve the value through your application, or copy it to an object store and sign it there"
)


#: The path names the server, and nothing of the user's own is sent there: no login is, which no option holds.
_PROJECT_OPTIONS = ProjectOptions(
    plain=("host", "port", "db", "timeout", "username"),
    hosts=("ssl_ca_data", "ssl_cert_reqs", "ssl_check_hostname", "ssl_ciphers", "ssl_min_version"),
    secrets={"password": lambda value: isinstance(value, str)},
    credentials=((),),
)


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare a backend that reads metadata and signs nothing."""
    return BackendInfo(name="redis", why_not=_WHY_NOT, project_options=_PROJECT_OPTIONS)


@hookimpl
def head_metadata(location: Location) -> ObjectMetadata:
    """Ask the server for a key's type, size and time to live."""
    from daypass_redis.metadata import head_metadata

    return head_metadata(location)
