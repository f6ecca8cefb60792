"""User delegation keys: how long they are kept, what they bound, and how fetching one fails."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.storage.blob import UserDelegationKey

import daypass
from daypass import (
    CredentialsError,
    DeadlineError,
    InvalidExpiryError,
    InvalidRequestError,
    ShortLivedURLWarning,
    StoreError,
    UnsupportedOptionError,
)
from tests.plugins.azure.conftest import NOW
from tests.servers.azurite import KEY, FakeEntra

WEEK = timedelta(days=7)


class Service:
    """Stands in for the call that fetches a key: it tells what was asked and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime]] = []
        self.longest = WEEK
        self.fault: Exception | None = None

    async def __call__(self, start, end, **_):
        self.asked.append((start, end))
        if self.fault is not None:
            raise self.fault
        key = UserDelegationKey()
        key.signed_oid, key.signed_tid, key.signed_service = "oid", "tid", "b"
        key.signed_version = "2026-10-06"
        key.signed_start = start.strftime("%Y-%m-%dT%H:%M:%SZ")
        key.signed_expiry = min(end, start + self.longest).strftime("%Y-%m-%dT%H:%M:%SZ")
        key.value = b64encode(key.signed_expiry.encode()).decode()
        return key


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def store(service):
    return make_store(service)


def make_store(service, **options):
    store = daypass.Store(
        "az://maps",
        storage_options={"account_name": "contoso", "credential": FakeEntra()},
        **options,
    )
    store.location.fs.service_client.get_user_delegation_key = service
    return store


def query(link):
    return {name: value for name, [value] in parse_qs(urlsplit(link.url).query).items()}


def test_the_key_starts_early_and_is_kept(store, service):
    link = store.create_signed_url("k", signing_time=NOW, expires_in="1h")
    assert service.asked == [(NOW - timedelta(minutes=15), NOW - timedelta(minutes=15) + WEEK)]
    assert query(link)["skt"] == "2026-11-01T11:45:00Z"
    assert query(link)["se"] == "2026-11-01T13:00:00Z"
    assert (link.expires_at, link.expires_because) == (NOW + timedelta(hours=1), "requested")
    for hours in range(1, 100):
        store.create_signed_url("k", signing_time=NOW + timedelta(hours=hours))
    assert len(service.asked) == 1


def test_it_is_renewed_before_it_would_cut_a_link_short(store, service):
    store.create_signed_url("k", signing_time=NOW)
    late = NOW + WEEK - timedelta(minutes=30)
    link = store.create_signed_url("k", signing_time=late, expires_in="1h")
    assert len(service.asked) == 2
    assert link.expires_at == late + timedelta(hours=1)
    assert query(link)["ske"] >= query(link)["se"]


def test_it_is_asked_anew_for_an_earlier_clock(store, service):
    store.create_signed_url("k", signing_time=NOW)
    store.create_signed_url("k", signing_time=NOW - timedelta(hours=1))
    assert len(service.asked) == 2


def test_seven_days_to_the_second(store, service):
    service.longest = WEEK + timedelta(minutes=15)
    link = store.create_signed_url("k", signing_time=NOW, expires_in="7d")
    assert link.expires_at == NOW + WEEK
    assert link.expires_because == "requested"
    assert service.asked == [(NOW - timedelta(minutes=15), NOW + WEEK)]
    with pytest.raises(InvalidExpiryError, match="seven days"):
        store.create_signed_url("k", signing_time=NOW, expires_in=7 * 86_400 + 1)


def test_a_link_ends_with_its_key(store, service):
    service.longest = timedelta(hours=1)
    with pytest.warns(ShortLivedURLWarning, match="user delegation key"):
        link = store.create_signed_url("k", signing_time=NOW, expires_in="2h")
    assert link.expires_at == NOW + timedelta(minutes=45)
    assert query(link)["se"] == query(link)["ske"] == "2026-11-01T12:45:00Z"
    assert "user delegation key" in link.expires_because


def test_equal_requests_give_equal_urls_in_one_bucket_of_time(store):
    links = {
        store.create_signed_url(
            "k", signing_time=NOW + timedelta(seconds=s), expires_in="2h", stable_for="1h"
        ).url
        for s in (0, 1, 1800, 3599)
    }
    assert len(links) == 1


def test_headers_are_signed(store):
    link = store.create_signed_url(
        "k",
        method="PUT",
        content_type="text/csv",
        content_md5=bytes(16),
        content_length=3,
        metadata={"owner": "me"},
        headers={"x-ms-lease-id": "a"},
    )
    assert link.unenforced == frozenset()
    assert query(link)["srh"] == (
        "content-length,content-md5,x-ms-blob-content-type,x-ms-lease-id,x-ms-meta-owner"
    )
    assert link.headers == {
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-id": "a",
        "Content-Type": "text/csv",
        "x-ms-blob-content-type": "text/csv",
        "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Content-Length": "3",
        "x-ms-meta-owner": "me",
    }


@pytest.mark.parametrize("sign_headers", [False, True])
def test_whether_headers_are_signed_can_be_said(service, sign_headers):
    store = make_store(service, signer_options={"sign_headers": sign_headers})
    link = store.create_signed_url("k", method="PUT", content_type="text/csv")
    assert ("srh=" in link.url) is sign_headers
    assert ("content_type" in link.unenforced) is not sign_headers


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("X-Ms-Blob-Content-Type", "content_type"),
        ("x-ms-blob-content-md5", "content_md5"),
        ("x-ms-access-tier", "storage_class"),
        ("x-ms-tags", "tags"),
    ],
)
def test_headers_that_an_option_says_are_refused(store, name, option):
    with pytest.raises(InvalidRequestError, match=f"has an option of its own, use {option}="):
        store.create_signed_url("k", method="PUT", headers={name: "x"})


@pytest.mark.parametrize("option", ["stored_access_policy", "service_version"])
def test_what_goes_with_an_account_key_only(service, option):
    value = {"stored_access_policy": "p", "service_version": "2026-04-06"}[option]
    with pytest.raises(UnsupportedOptionError) as caught:
        make_store(service, signer_options={option: value}).create_signed_url("k")
    assert caught.value.option == option


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (ClientAuthenticationError("secret words"), CredentialsError, "no Microsoft Entra token"),
        (ServiceRequestError("secret words"), StoreError, "could not be had"),
        (HttpResponseError("secret words"), StoreError, "the store answered"),
        (ResourceNotFoundError("secret words"), CredentialsError, "Storage Blob Delegator"),
        (ValueError("secret words"), StoreError, "ValueError"),
        (OSError("secret words"), StoreError, "OSError"),
    ],
)
def test_how_fetching_fails(store, service, fault, error, words):
    service.fault = fault
    with pytest.raises(error, match=words) as caught:
        store.create_signed_url("k")
    assert "secret" not in str(caught.value)


def test_a_refusal_names_the_role(store, service):
    service.fault = HttpResponseError("secret words")
    service.fault.status_code = 403
    service.fault.error_code = "AuthorizationPermissionMismatch"
    with pytest.raises(CredentialsError, match="Storage Blob Delegator"):
        store.create_signed_url("k")


def test_entras_own_refusal_is_not_the_stores(store, service):
    service.fault = ClientAuthenticationError("secret words")
    service.fault.status_code = 401
    with pytest.raises(CredentialsError, match="no Microsoft Entra token"):
        store.create_signed_url("k")


def test_reading_tells_of_a_token_that_cannot_be_had_as_signing_does():
    class Locked(FakeEntra):
        async def get_token(self, *_, **__):
            msg = "secret words"
            raise ClientAuthenticationError(msg)

    options = {"account_name": "contoso", "credential": Locked()}
    for ask in (daypass.create_signed_url, daypass.head_metadata):
        with pytest.raises(CredentialsError, match="no Microsoft Entra token could be") as caught:
            ask("az://maps/k", storage_options=options)
        assert "secret" not in str(caught.value)


def test_an_answer_that_is_no_key(store):
    async def answer(*_, **__):
        return UserDelegationKey()

    store.location.fs.service_client.get_user_delegation_key = answer
    with pytest.raises(StoreError, match="is not one"):
        store.create_signed_url("k")


def test_a_key_that_has_ended(store, service):
    service.longest = timedelta(minutes=15)
    with pytest.raises(CredentialsError, match="ended already"):
        store.create_signed_url("k", signing_time=NOW)


def test_fetching_is_bounded_by_the_deadline(store):
    async def hang(*_, **__):
        await asyncio.sleep(3600)

    store.location.fs.service_client.get_user_delegation_key = hang
    store.location.__dict__["deadline"] = 0.05
    with pytest.raises(DeadlineError, match=r"within 0\.05 s"):
        store.create_signed_url("k")


def test_a_token_over_http_is_refused():
    store = daypass.Store(
        "az://maps",
        storage_options={
            "connection_string": "BlobEndpoint=http://127.0.0.1:1/contoso;AccountName=contoso"
        },
    )
    with pytest.raises(CredentialsError, match="anonymous"):
        store.create_signed_url("k")


def test_service_principals_and_managed_identities_come_from_adlfs(service, monkeypatch):
    """What adlfs makes of client_id, or of nothing at all, signs like any other credential."""
    monkeypatch.setattr("azure.identity.aio.ClientSecretCredential", lambda **_: FakeEntra())
    monkeypatch.setattr("azure.identity.ClientSecretCredential", lambda **_: None)
    monkeypatch.setattr("azure.identity.aio.DefaultAzureCredential", FakeEntra)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: None)
    principal = {"client_id": "id", "client_secret": "hush", "tenant_id": "tid"}
    for options in (principal, {}, {"anon": False}):
        store = daypass.Store("az://maps", storage_options={"account_name": "contoso", **options})
        store.location.fs.service_client.get_user_delegation_key = service
        assert "skoid=oid" in store.create_signed_url("k").url


def test_a_path_alone_names_the_account(service, monkeypatch):
    monkeypatch.setattr("azure.identity.aio.DefaultAzureCredential", FakeEntra)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: None)
    from azure.storage.blob.aio import BlobServiceClient

    async def answer(self, start, end, **_):
        return await service(start, end)

    monkeypatch.setattr(BlobServiceClient, "get_user_delegation_key", answer)
    path = "abfss://maps@contoso.dfs.core.chinacloudapi.cn/k"
    link = daypass.create_signed_url(path)
    assert link.url.startswith("https://contoso.blob.core.chinacloudapi.cn/maps/k?")
    assert KEY not in repr(link)
