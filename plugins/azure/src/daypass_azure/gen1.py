"""``adl://``, the first generation of Data Lake Storage: nothing of it is left to sign or to read.

Source: https://learn.microsoft.com/en-us/lifecycle/products/azure-data-lake-storage-gen1
"""

from __future__ import annotations

from daypass.errors import SigningNotSupportedError
from daypass.hookspecs import BackendInfo, hookimpl
from daypass.model.locations import Location

__all__: list[str] = []

_WHY_NOT = (
    "it is Azure Data Lake Storage Gen1, which Microsoft retired on 29 February 2024; "
    "use abfss:// for Gen2"
)


@hookimpl
def describe_backend() -> BackendInfo:
    """Declare a backend that signs nothing."""
    return BackendInfo(name="adl", why_not=_WHY_NOT)


@hookimpl
def head_metadata(location: Location) -> None:
    """Refuse: there is no store to ask.

    Raises:
        SigningNotSupportedError: always.

    """
    msg = f"nothing is behind {location.protocol}://: {_WHY_NOT}"
    raise SigningNotSupportedError(msg)
