"""CORS rules of a storage account: https://learn.microsoft.com/rest/api/storageservices/cross-origin-resource-sharing--cors--support-for-the-azure-storage-services."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
from daypass.model.locations import Location
from daypass_azure.account import account_of
from daypass_azure.network import call_sdk, filesystem

#: What an upload by one of our links may have to send.
_HEADERS = ("content-type", "content-md5", "if-none-match", "x-ms-*")
#: For each service of an account.
_MOST = 5
#: Our names, which are the REST API's, and the SDK's.
_NAMES = {
    "AllowedOrigins": "allowed_origins",
    "AllowedMethods": "allowed_methods",
    "AllowedHeaders": "allowed_headers",
    "ExposedHeaders": "exposed_headers",
}


def plan(location: Location, rule: CorsRule) -> CorsPlan:
    """Say a rule in Azure's words; it is the whole account's, and not one container's."""
    account = account_of(location)
    wanted = {
        "AllowedOrigins": list(rule.origins),
        "AllowedMethods": list(rule.methods),
        "AllowedHeaders": [*_HEADERS, *rule.headers],
        "ExposedHeaders": ["etag"],
        "MaxAgeInSeconds": rule.max_age,
    }
    what = f"the CORS rules of account {account.name}"

    def read() -> list[dict[str, Any]]:
        fs = filesystem(location, account.place)
        found = call_sdk(
            location,
            fs,
            what,
            fs.service_client.get_service_properties,
            root="StorageServiceProperties",
        )
        return [_of_sdk(one) for one in found["cors"]]

    def write(rules: Sequence[dict[str, Any]]) -> None:
        fs = filesystem(location, account.place)
        given = [_for_sdk(one) for one in rules]
        call_sdk(location, fs, what, fs.service_client.set_service_properties, cors=given)

    return CorsPlan(
        rule=wanted,
        owner=f"storage account {account.name}",
        document=list,
        command=_command(account.name, wanted),
        read=read,
        write=write,
        most=_MOST,
    )


def _of_sdk(rule: Any) -> dict[str, Any]:
    found = {
        name: [word for word in str(getattr(rule, own) or "").split(",") if word]
        for name, own in _NAMES.items()
    }
    return {**found, "MaxAgeInSeconds": rule.max_age_in_seconds}


def _for_sdk(rule: dict[str, Any]) -> Any:
    from azure.storage.blob import CorsRule as Rule

    return Rule(
        max_age_in_seconds=rule["MaxAgeInSeconds"],
        **{own: rule[name] for name, own in _NAMES.items()},
    )


def _command(account: str, rule: dict[str, Any]) -> str:
    words = ["az", "storage", "cors", "add", "--account-name", account, "--services", "b"]
    for option, name in (
        ("--origins", "AllowedOrigins"),
        ("--methods", "AllowedMethods"),
        ("--allowed-headers", "AllowedHeaders"),
        ("--exposed-headers", "ExposedHeaders"),
    ):
        words += [option, *rule[name]]
    return shlex.join([*words, "--max-age", str(rule["MaxAgeInSeconds"])])
