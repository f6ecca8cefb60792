"""adlfs's storage options, with what fsspec's configuration and the environment add to them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from daypass.toolkit.settings import (
    FSSPEC_OPTIONS,
    arguments_of,
    effective_options,
    refuse_misspelt,
)

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
#: Those that add a credential to the options; an account's name is none.
CREDENTIALS_IN_ENVIRONMENT = frozenset(_ENVIRONMENT.values()) - {"AZURE_STORAGE_ACCOUNT_NAME"}
#: The options of adlfs and fsspec that are known without importing adlfs, which takes its time.
_KNOWN = frozenset(
    {
        *_ENVIRONMENT,
        *FSSPEC_OPTIONS,
        "account_host",
        "anon",
        "assume_container_exists",
        "asynchronous",
        "blocksize",
        "connection_timeout",
        "credential",
        "default_cache_type",
        "default_fill_cache",
        "location_mode",
        "loop",
        "max_concurrency",
        "read_timeout",
        "request_session",
        "socket_timeout",
        "timeout",
        "version_aware",
    }
)
#: What Azure's SDK, and libraries that read blobs beside fsspec call the options of adlfs.
_MEANT = {
    **{variable.lower(): name for name, variable in _ENVIRONMENT.items()},
    **dict.fromkeys(("account", "storage_account"), "account_name"),
    **dict.fromkeys(
        ("key", "access_key", "account_access_key", "storage_account_key"),
        "account_key",
    ),
    **dict.fromkeys(("sas", "sas_key", "token"), "sas_token"),
    "conn_str": "connection_string",
    **dict.fromkeys(("endpoint", "endpoint_url", "account_url"), "account_host"),
    **dict.fromkeys(("anonymous", "skip_signature"), "anon"),
}
#: What adlfs hands on to azure-identity's DefaultAzureCredential:
#: https://learn.microsoft.com/python/api/azure-identity/azure.identity.defaultazurecredential
_IDENTITY = re.compile(
    r"exclude_\w+_credential|\w+_(?:client|tenant)_id|authority|process_timeout|require_envvar"
    r"|shared_cache_username"
)


def adlfs_options(storage_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that adlfs would end up with.

    Raises:
        UnknownOptionError: for a misspelt option, which must not end in another login.

    """
    options = effective_options(storage_options, ("abfs", "az", "abfss"))
    names = [name for name in options if not isinstance(name, str) or not _IDENTITY.fullmatch(name)]
    refuse_misspelt(names, _KNOWN, _names_of_adlfs, what="storage option of azure", meant=_MEANT)
    for name, variable in _ENVIRONMENT.items():
        if not options.get(name):
            options[name] = os.environ.get(variable) or None
    if options.get("anon") is None:
        anon = os.environ.get("AZURE_STORAGE_ANON", "false").lower()
        options["anon"] = anon not in ("false", "0", "f", "")
    return options


def _names_of_adlfs() -> set[str]:
    from adlfs import AzureBlobFileSystem

    return arguments_of(AzureBlobFileSystem.__init__)
