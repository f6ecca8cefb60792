"""``explain`` on signatures that Azure's SDK made: provider, name, end and headers are right."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    BlobSasPermissions,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_container_sas,
)
from hypothesis import given
from hypothesis import strategies as st

import daypass
from tests.conftest import examples
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.plugins.azure.sdk import DELEGATED, END, HOST, NAMES, blob_url, delegation_key
from tests.servers.azurite import KEY

STORE = daypass.Store("az://maps", storage_options=OPTIONS)


def codes(answer):
    return {finding.code for finding in answer.findings}


def errors(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}


def test_a_service_sas_of_the_sdk():
    answer = daypass.explain(blob_url(start=NOW - timedelta(minutes=5), ip="192.0.2.1"), now=NOW)

    assert (answer.backend, answer.scheme) == ("azure", "Azure service SAS")
    assert (answer.bucket, answer.key, answer.path) == ("maps", "a b/é", "az://maps/a b/é")
    assert (answer.starts_at, answer.expires_at) == (NOW - timedelta(minutes=5), END)
    assert answer.permits == {"GET", "HEAD"}
    assert answer.headers == ()
    assert answer.conditions == {
        "account": "contoso",
        "signed for": "one blob",
        "addresses": "192.0.2.1",
        "protocols": "https",
    }
    assert answer.findings == ()


def test_a_container_sas_of_the_sdk():
    token = generate_container_sas(
        "contoso", "maps", account_key=KEY, permission=ContainerSasPermissions(read=True, list=True),
        expiry=END,
    )  # fmt: skip
    answer = daypass.explain(f"{HOST}/maps/k?{token}", now=NOW)

    assert answer.scheme == "Azure service SAS"
    assert answer.permits == {"GET", "HEAD", "LIST"}
    assert codes(answer) == {"wildcard", "http-allowed"}


def test_an_account_sas_of_the_sdk():
    token = generate_account_sas(
        "contoso", KEY, ResourceTypes(service=True, container=True, object=True),
        AccountSasPermissions(read=True, write=True, delete=True, list=True), END,
    )  # fmt: skip
    answer = daypass.explain(f"{HOST}/maps/k?{token}", now=NOW)

    assert (answer.scheme, answer.path) == ("Azure account SAS", "az://maps/k")
    assert answer.permits == {"GET", "HEAD", "PUT", "DELETE", "LIST"}
    assert codes(answer) == {"wildcard", "http-allowed", "over-broad"}
    assert answer.expires_at == END


def test_a_user_delegation_sas_of_the_sdk():
    url = blob_url(
        permission=BlobSasPermissions(create=True, write=True),
        account_key=None,
        user_delegation_key=delegation_key(),
        request_headers={"Content-Type": "text/csv", "x-ms-blob-type": "BlockBlob"},
    )
    answer = daypass.explain(url, now=NOW)

    assert answer.scheme == "Azure user delegation SAS"
    assert answer.permits == {"PUT"}
    assert answer.credential_id == "o" * 36
    assert answer.headers == ("content-type", "x-ms-blob-type")
    assert answer.conditions["tenant"] == "t" * 36
    assert answer.findings == ()
    assert "o" * 36 not in str(answer)


def test_a_delegation_key_that_ends_first_ends_the_link():
    key = delegation_key(NOW + timedelta(minutes=10))
    answer = daypass.explain(blob_url(account_key=None, user_delegation_key=key), now=NOW)

    assert answer.expires_at == NOW + timedelta(minutes=10)
    assert codes(answer) == {"key-ends"}


def test_a_delegation_key_above_the_limit_is_an_error():
    key = delegation_key(NOW + timedelta(days=8))
    answer = daypass.explain(blob_url(account_key=None, user_delegation_key=key), now=NOW)
    assert errors(answer) == {"over-limit"}


def test_a_stored_access_policy_hides_end_and_permissions():
    url = blob_url(permission=None, expiry=None, policy_id="readers")
    answer = daypass.explain(url, now=NOW)

    assert (answer.permits, answer.expires_at) == (None, None)
    assert answer.conditions["stored access policy"] == "readers"
    assert codes(answer) == {"stored-policy"}


@examples(200)
@given(name=NAMES, permission=st.sampled_from(["r", "cw", "d"]), seconds=st.integers(1, 10**6))
def test_every_sas_of_the_sdk_gives_back_its_name_and_its_end(name, permission, seconds):
    end = NOW + timedelta(seconds=seconds)
    answer = daypass.explain(blob_url(name, permission, expiry=end), now=NOW)

    assert (answer.backend, answer.bucket, answer.key) == ("azure", "maps", name)
    assert answer.expires_at == end
    assert errors(answer) == set()


@pytest.mark.parametrize("store", [STORE, DELEGATED], ids=["account key", "delegation key"])
@given(
    name=NAMES,
    method=st.sampled_from(["GET", "PUT", "DELETE", "HEAD"]),
    seconds=st.integers(1, 7 * 86_400),
)
def test_every_link_we_sign_gives_back_what_it_was_made_of(store, name, method, seconds):
    options = {"tags": {"a": "b"}} if method == "PUT" and store is DELEGATED else {}
    link = store.create_signed_url(
        name, method=method, expires_in=seconds, signing_time=NOW, **options
    )
    answer = daypass.explain(link, now=NOW)

    assert (answer.backend, answer.key) == ("azure", name)
    assert answer.permits == link.permits
    assert answer.expires_at == link.expires_at
    assert set(answer.headers) <= {header.lower() for header in link.headers}
    assert errors(answer) <= {"over-limit"}  # the made-up delegation key lives for a month


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("https://contoso.dfs.core.windows.net/maps/k", ("contoso", "maps", "k")),
        ("https://contoso-secondary.blob.core.windows.net/maps/k", ("contoso", "maps", "k")),
        ("https://contoso.z22.blob.storage.azure.net/maps/k", ("contoso", "maps", "k")),
        ("http://127.0.0.1:10000/devstoreaccount1/maps/a/b", ("devstoreaccount1", "maps", "a/b")),
        ("https://files.example.com/maps/k", (None, "maps", "k")),
        (f"{HOST}/robots.txt", ("contoso", "$root", "robots.txt")),
    ],
)
def test_hosts_of_every_kind(place, expected):
    answer = daypass.explain(f"{place}?{blob_url().partition('?')[2]}", now=NOW)
    assert (answer.conditions.get("account"), answer.bucket, answer.key) == expected


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"permission": "racwd"}, "over-broad"),
        ({"protocol": None}, "http-allowed"),
        ({"start": NOW + timedelta(minutes=5)}, "not-yet-valid"),
        ({"start": END, "expiry": NOW + timedelta(minutes=1)}, "bad-times"),
        ({"expiry": NOW - timedelta(minutes=1)}, "expired"),
        ({"expiry": NOW + timedelta(days=400)}, "long-lived"),
    ],
)
def test_what_is_wrong_or_dangerous_is_named(options, code):
    assert code in codes(daypass.explain(blob_url(**options), now=NOW))


BROKEN = {
    "an end that is none": (lambda url: url.replace("se=2026", "se=20x6"), "bad-date"),
    "no scope": (lambda url: url.replace("sr=b", "sr="), "incomplete"),
    "no permissions": (lambda url: url.replace("sp=r", "p=r"), "incomplete"),
    "no signature": (lambda url: url.partition("sig=")[0] + "sig=", "incomplete"),
    "permissions twice": (lambda url: url + "&sp=rw", "duplicate-parameter"),
    "a version that is none": (lambda url: url.replace("sv=20", "sv=x"), "bad-version"),
}


@pytest.mark.parametrize(("change", "code"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_named(change, code):
    answer = daypass.explain(change(blob_url()), now=NOW)
    assert code in errors(answer)


@examples(300)
@given(st.data())
def test_no_change_of_a_link_ends_in_an_error(data):
    url = blob_url(account_key=None, user_delegation_key=delegation_key())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(url)))
        text = data.draw(st.text(max_size=20))
        url = url[:start] + text + url[start + data.draw(st.integers(0, 30)) :]
    answer = daypass.explain(url, now=NOW)
    assert str(answer)
    assert json.dumps(answer.to_dict())


ERRORS = [
    (
        (
            "<Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.\n"
            "RequestId:1\nTime:2026-11-01T13:30:00.1234567Z</Message><AuthenticationErrorDetail>"
            "Signature not valid in the specified time frame: Start [Sun, 01 Nov 2026 12:00:00 GMT] - "
            "Expiry [Sun, 01 Nov 2026 13:00:00 GMT] - Current [...]</AuthenticationErrorDetail>"
        ),
        ["not within its time", "1 hour 30 minutes behind", "had ended 30 minutes before"],
    ),
    (
        (
            "<Code>AuthenticationFailed</Code><Message>Server failed.\nTime:2026-11-01T12:00:02Z"
            "</Message><AuthenticationErrorDetail>Signature did not match. String to sign used was r"
            "</AuthenticationErrorDetail>"
        ),
        ["not what was signed"],
    ),
    ("<Code>AuthorizationFailure</Code><Message>.</Message>", ["firewall"]),
    ("<Code>AuthorizationPermissionMismatch</Code><Message>.</Message>", ["lacks the permission"]),
    ("<Code>AuthorizationProtocolMismatch</Code><Message>.</Message>", ["https only"]),
    ("<Code>KeyBasedAuthenticationNotPermitted</Code><Message>.</Message>", ["delegation key"]),
    ("<Code>BlobNotFound</Code><Message>.</Message>", ["no such blob"]),
    ("<Code>MissingRequiredHeader</Code><Message>.</Message>", ["x-ms-blob-type"]),
]


@pytest.mark.parametrize(("body", "said"), ERRORS, ids=range(len(ERRORS)))
def test_an_answer_of_azure_is_explained(body, said):
    xml = f"\ufeff<?xml version='1.0' encoding='utf-8'?><Error>{body}</Error>"
    text = str(daypass.explain(blob_url(), error=xml, now=NOW))
    assert all(part in text for part in said)


def test_a_parameter_called_sig_alone_is_not_azures():
    assert (
        daypass.explain(
            "https://example.com/?sig=abc", now=datetime(2026, 1, 1, tzinfo=UTC)
        ).backend
        is None
    )
