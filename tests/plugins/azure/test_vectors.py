"""Published vectors: strings-to-sign of Microsoft's other SDKs, signatures of an independent one."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.storage.blob import UserDelegationKey

import daypass
from daypass.toolkit.v4 import HmacKey
from daypass_azure.keys import Key
from daypass_azure.oracle import consult_sdk
from daypass_azure.shape import HEADER, Outline
from daypass_azure.template import Template

VECTORS = Path(__file__).parents[2] / "vectors" / "azure"
FIELDS = {
    "start": "st",
    "ip": "sip",
    "snapshot": "snapshot",
    "version_id": "versionid",
    "encryption_scope": "ses",
    "cache_control": "rscc",
    "content_disposition": "rscd",
    "content_encoding": "rsce",
    "content_language": "rscl",
    "content_type": "rsct",
}


def cases(name):
    return [
        pytest.param(case, id=case["id"])
        for case in json.loads((VECTORS / name).read_text())["cases"]
    ]


def prepare(request, key):
    """Learn the template that a vector needs, and fill it in."""
    options = request["options"]
    values = {
        field: options[option]
        for option, field in FIELDS.items()
        if options.get(option) is not None
    }
    for name, value in sorted(options.get("request_headers", {}).items()):
        values[HEADER + name] = value
    outline = Outline(
        request["permissions"],
        options.get("protocol"),
        options.get("identifier"),
        tuple(values),
    )

    def ask(name, *, values):
        return consult_sdk(
            request["account"],
            request["container"],
            name,
            key=key,
            outline=outline,
            values=values,
            version=request["version"],
        )

    template = Template.learn(("se", *outline.names), ask, key.hmac)
    return template.prepare("https://a.example/c/", {"se": request["expiry"], **values})


def check(case, key):
    prepared = prepare(case["req"], key)
    name = case["req"]["key"]
    if "string_to_sign" in case["expect"]:
        assert f"{prepared._head}{name}{prepared._tail}" == case["expect"]["string_to_sign"]
    else:
        query = parse_qs(urlsplit(prepared.url(name)).query)
        assert query["sig"] == [case["expect"]["signature"]]


@pytest.mark.parametrize("case", cases("service_sas.json"))
def test_service_sas(case):
    secret = case["req"]["account_key"]
    check(case, Key(HmacKey(b64decode(secret)), {"account_key": secret}))


@pytest.mark.isolated
@pytest.mark.parametrize("case", cases("user_delegation_sas.json"))
def test_user_delegation_sas(case):
    given = case["req"]["delegation_key"]
    told = UserDelegationKey()
    told.signed_oid = given.get("skoid")
    told.signed_tid = given.get("sktid")
    told.signed_start = given.get("skt")
    told.signed_expiry = given.get("ske")
    told.signed_service = given.get("sks")
    told.signed_version = given.get("skv")
    told.value = given["value"]
    check(case, Key(HmacKey(b64decode(told.value)), {"user_delegation_key": told}))


def test_a_published_signature_through_the_front_door():
    """The vector ``reqsign-blob-basic``."""
    link = daypass.create_signed_url(
        "az://container/path/to/blob.txt",
        storage_options={"account_name": "account", "account_key": "a2V5"},
        signer_options={"service_version": "2020-12-06"},
        https_only=False,
        signing_time=datetime(2022, 3, 1, 8, 12, 34, tzinfo=UTC),
        expires_at=datetime(2022, 3, 1, 8, 17, 34, tzinfo=UTC),
    )
    signature = parse_qs(urlsplit(link.url).query)["sig"]
    assert signature == ["CP9a2LIrR9zeG4I4jZjqPetJSXWJ77QeUA7c3GMypyM="]


@pytest.mark.parametrize("case", cases("names.json"))
def test_canonical_names(case):
    request = case["req"]
    request = {**request, "permissions": "r", "expiry": "e", "version": "2026-04-06", "options": {}}
    key = Key(HmacKey(b"key"), {"account_key": "a2V5"})
    prepared = prepare(request, key)
    if "\\" in request["key"]:
        # Azure has no such blob: the name would be another's, so it is refused.
        with pytest.raises(daypass.InvalidPathError, match="backslash"):
            daypass.create_signed_url(
                f"az://{request['container']}/{request['key']}",
                storage_options={"account_name": request["account"], "account_key": "a2V5"},
            )
    else:
        assert case["expect"]["canonical"] in f"{prepared._head}{request['key']}{prepared._tail}"
