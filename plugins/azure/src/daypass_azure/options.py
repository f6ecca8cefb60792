"""adlfs's storage options, with what fsspec's configuration and the environment add to them."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from daypass.base.messages import refuse_unknown

#: Where adlfs looks for what its options leave out.
_ENVIRONMENT = {
    "account_name": "AZURE_STORAGE_ACCOUNT_NAME",
    "account_key": "AZURE_STORAGE_ACCOUNT_KEY",
    "connection_string": "AZURE_STORAGE_CONNECTION_STRING",
    "sas_token": "AZURE_STORAGE_SAS_TOKEN",
    "client_id": "AZURE_STORAGE_CLIENT_ID",
    "client_secret": "AZURE_STORAGE_CLIENT_SECRET",
    "tenant_id": "AZURE_STORAGE_TENANT_ID",
}
#: The options of adlfs and fsspec that are known without importing adlfs, which takes its time.
_KNOWN = frozenset(
    {
        *_ENVIRONMENT,
        "account_host",
        "anon",
        "assume_container_exists",
        "asynchronous",
        "blocksize",
        "connection_timeout",
        "credential",
        "default_cache_type",
        "default_fill_cache",
        "listings_expiry_time",
        "location_mode",
        "loop",
        "max_concurrency",
        "max_paths",
        "read_timeout",
        "request_session",
        "skip_instance_cache",
        "socket_timeout",
        "timeout",
        "use_listings_cache",
        "version_aware",
    }
)
#: What adlfs hands on to azure-identity's DefaultAzureCredential:
#: https://learn.microsoft.com/python/api/azure-identity/azure.identity.defaultazurecredential
_IDENTITY = re.compile(
    r"exclude_\w+_credential|\w+_(?:client|tenant)_id|authority|process_timeout|require_envvar"
    r"|shared_cache_username"
)


def effective_options(storage_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that adlfs would end up with.

    Raises:
        UnknownOptionError: for a misspelt option, which must not end in another login.

    """
    from fsspec.config import apply_config

    protocols = type("_Azure", (), {"protocol": ("abfs", "az", "abfss")})
    options: dict[str, Any] = apply_config(protocols, dict(storage_options))
    if beyond := [name for name in options if name not in _KNOWN]:
        _check_names(beyond)
    for name, variable in _ENVIRONMENT.items():
        if not options.get(name):
            options[name] = os.environ.get(variable) or None
    if options.get("anon") is None:
        anon = os.environ.get("AZURE_STORAGE_ANON", "false").lower()
        options["anon"] = anon not in ("false", "0", "f", "")
    return options


def _check_names(names: Iterable[str]) -> None:
    from adlfs import AzureBlobFileSystem

    taken = {*_KNOWN, *inspect.signature(AzureBlobFileSystem.__init__).parameters}
    refuse_unknown(
        [name for name in names if not isinstance(name, str) or not _IDENTITY.fullmatch(name)],
        taken - {"self", "kwargs"},
        what="storage option of azure",
    )
