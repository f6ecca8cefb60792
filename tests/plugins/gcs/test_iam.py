"""Signing without a key: IAM on loopback really signs, and fails in every way it can."""

import base64
import contextlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import google.auth.iam
import pytest
from google.auth import compute_engine, impersonated_credentials
from google.oauth2.credentials import Credentials as Person

import daypass
from tests.plugins.gcs.conftest import HMAC, hastened, place_metadata_server
from tests.servers.fake_iam import DRIP, HANG, Fault
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import rsa_verifier
from tests.stranger import send

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SOON = Fault(503, {"Retry-After": "0"})


def store_of(iam, **signer):
    return daypass.Store(
        "gs://bucket",
        storage_options={"token": "fake-token"},
        signer_options={"service_account_email": iam.email, "iam_endpoint": iam.url, **signer},
    )


@pytest.fixture
def store(iam):
    return store_of(iam)


@pytest.mark.isolated
def test_one_round_trip_makes_one_url(iam, store):
    link = store.create_signed_url("k", signing_time=NOW)

    assert iam.calls == [
        f"POST /v1/projects/-/serviceAccounts/{iam.email.replace('@', '%40')}:signBlob"
    ]
    assert base64.b64decode(iam.asked[0]["payload"]).startswith(
        b"GOOG4-RSA-SHA256\n20260504T120000Z\n20260504/auto/storage/goog4_request\n"
    )
    assert link.expires_because == "requested"
    assert link.expires_at == NOW + timedelta(hours=1)


def test_equal_requests_in_a_bucket_of_time_need_no_second_round_trip(iam, store):
    first = store.create_signed_url("k", stable_for="10m", signing_time=NOW)
    again = store.create_signed_url(
        "k", stable_for="10m", signing_time=NOW + timedelta(minutes=9, seconds=59)
    )
    assert first.url == again.url
    assert iam.count("signBlob") == 1

    store.create_signed_url("k", stable_for="10m", signing_time=NOW + timedelta(minutes=10))
    store.create_signed_url("other", stable_for="10m", signing_time=NOW)
    assert iam.count("signBlob") == 3


def test_the_memory_of_signatures_is_bounded(iam, store, monkeypatch):
    monkeypatch.setattr("daypass_gcs.keys._REMEMBERED", 3)
    for number in range(5):
        store.create_signed_url(f"k{number}", signing_time=NOW)

    assert len(store.location.cache["gcs"].key._known) == 3
    store.create_signed_url("k4", signing_time=NOW)
    assert iam.count("signBlob") == 5
    store.create_signed_url("k0", signing_time=NOW)
    assert iam.count("signBlob") == 6


@pytest.mark.parametrize(
    "fault",
    [
        SOON,
        Fault(429, {"Retry-After": "0"}),
        Fault(503, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
        Fault(503, {"Retry-After": "nonsense"}),
        500,
        502,
        503,
        504,
        429,
    ],
    ids=str,
)
def test_a_passing_fault_is_asked_again(iam, store, fault):
    iam.faults = [fault, fault]

    assert store.create_signed_url("k").url
    assert iam.count("signBlob") == 3


@pytest.mark.parametrize(
    "fault", [503, 429, Fault(503, {"Retry-After": "3600"}), HANG, DRIP], ids=str
)
def test_a_lasting_fault_ends_in_one_clear_error_within_the_deadline(iam, store, fault):
    iam.faults = [fault] * 50
    begin = time.monotonic()

    with pytest.raises(
        daypass.DeadlineError, match=r"signBlob as robot@.* did not end within 0\.3 s"
    ):
        hastened(store).create_signed_url("k")

    assert time.monotonic() - begin < 10  # a hang lasts 60


def test_a_long_retry_after_is_not_waited_for(iam, store):
    iam.faults = [Fault(429, {"Retry-After": "3600"})]
    begin = time.monotonic()

    with pytest.raises(TimeoutError, match="HTTP 429"):
        store.create_signed_url("k")

    assert time.monotonic() - begin < 15  # it says an hour


def test_one_hang_costs_a_third_of_the_time_and_then_it_works(iam, store):
    iam.faults = [HANG]

    assert hastened(store, 3.0).create_signed_url("k").url
    assert iam.count("signBlob") >= 2  # a slow machine may miss another try's third


def test_nobody_listens(iam, monkeypatch):
    # What was answered last is said where there is no time for another try, which is at once.
    monkeypatch.setattr("daypass_gcs.iam._FIRST_PAUSE", 3600)
    with socket.socket() as taken:  # so that nobody else listens there
        taken.bind(("127.0.0.1", 0))
        dead = store_of(iam, iam_endpoint=f"http://127.0.0.1:{taken.getsockname()[1]}")

        with pytest.raises(daypass.DeadlineError, match="no answer"):
            dead.create_signed_url("k")


DISABLED = json.dumps(
    {"error": {"code": 403, "details": [{"reason": "SERVICE_DISABLED"}], "message": "t0ken"}}
).encode()


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (403, PermissionError, r"roles/iam\.serviceAccountTokenCreator"),
        (403, PermissionError, "HMAC key"),
        (Fault(403, {}, DISABLED), PermissionError, r"enable iamcredentials\.googleapis\.com"),
        (Fault(403, {}, b"<html>"), PermissionError, "TokenCreator"),
        (404, PermissionError, "no service account robot@"),
        (400, OSError, "HTTP 400"),
        (302, OSError, "HTTP 302"),
        (Fault(200, {}, b"{}"), OSError, "no signature"),
        (Fault(200, {}, b"<html>"), OSError, "no signature"),
        (Fault(200, {}, b'{"signedBlob": "!!"}'), OSError, "no signature"),
        (Fault(200, {}, b'{"signedBlob": ""}'), OSError, "no signature"),
        (Fault(200, {}, b'[{"signedBlob": 1}]'), OSError, "no signature"),
    ],
    ids=str,
)
def test_a_refusal_is_final_and_names_the_remedy(iam, store, fault, error, words):
    iam.faults = [fault]

    with pytest.raises(error, match=words) as raised:
        store.create_signed_url("k")

    assert isinstance(raised.value, daypass.DaypassError)
    assert "t0ken" not in str(raised.value)
    assert iam.count("signBlob") == 1


def test_a_redirect_is_not_followed_with_the_access_token(iam, store):
    iam.faults = [Fault(307, {"Location": f"{iam.url}/elsewhere"})]

    with pytest.raises(daypass.StoreError, match="HTTP 307"):
        store.create_signed_url("k")

    assert iam.count("/elsewhere") == 0


def test_a_token_that_is_refused_is_renewed_once(iam, metadata_server):
    iam.faults = [401]
    store = daypass.Store(
        "gs://bucket", storage_options={"token": "cloud"}, signer_options={"iam_endpoint": iam.url}
    )
    assert store.create_signed_url("k").url
    assert iam.count("/token") == 2

    iam.faults = [401, 401]
    with pytest.raises(daypass.CredentialsError, match="cloud-platform"):
        store.create_signed_url("other")


def test_twelve_hours_is_the_most_since_google_rotates_the_keys(store):
    assert store.create_signed_url("k", expires_in="12h").url
    with pytest.raises(daypass.InvalidExpiryError, match="12 hours") as raised:
        store.create_signed_url("k", expires_in="12h1s")
    assert raised.value.option == "expires_in"


@pytest.fixture
def bucket(front, iam):
    front.buckets["bucket"] = Bucket()
    front.buckets["bucket"].put("k", b"body", {})
    front.keys["GOOG4-RSA-SHA256", iam.email] = rsa_verifier(iam.private_key)
    return front


def signed(front, token, iam, **signer):
    return daypass.create_signed_url(
        "gs://bucket/k",
        storage_options={"token": token, "endpoint_url": front.url},
        signer_options={"iam_endpoint": iam.url, **signer},
    )


def test_a_machine_signs_as_the_account_its_metadata_server_names(bucket, metadata_server):
    link = signed(bucket, "cloud", metadata_server)

    assert send(link).body == b"body"
    assert metadata_server.email.replace("@", "%40") in link.url


def test_compute_credentials_sign_the_same_way(bucket, metadata_server):
    token = compute_engine.Credentials()

    assert send(signed(bucket, token, metadata_server)).body == b"body"
    assert token.service_account_email == "default"  # the caller's object is untouched


def test_cloud_run_needs_no_setting_at_all(bucket, metadata_server, monkeypatch):
    """Application-default credentials end at the metadata server, and it is then in use."""
    place_metadata_server(monkeypatch, metadata_server.host, probed=True)
    link = daypass.create_signed_url(
        "gs://bucket/k",
        storage_options={"endpoint_url": bucket.url},
        signer_options={"iam_endpoint": metadata_server.url},
    )

    assert send(link).body == b"body"
    assert metadata_server.count("GET") > 0


@pytest.mark.parametrize("token", ["anon", "account", "HMAC"])
def test_a_metadata_server_that_is_not_in_use_is_never_asked(
    token, account, metadata_server, monkeypatch
):
    place_metadata_server(monkeypatch, metadata_server.host, probed=True)
    options = {"token": account if token == "account" else "anon"}
    signer = HMAC if token == "HMAC" else {}

    with contextlib.suppress(daypass.CredentialsError):
        daypass.create_signed_url("gs://bucket/k", storage_options=options, signer_options=signer)

    assert metadata_server.calls == []


def test_a_machine_without_an_account_that_signs_says_which_option_helps(metadata_server):
    metadata_server.metadata_email = "pool.svc.id.goog"

    with pytest.raises(daypass.CredentialsError, match="service_account_email"):
        daypass.create_signed_url("gs://bucket/k", storage_options={"token": "cloud"})


def test_a_person_signs_as_an_account_they_may_impersonate(bucket, iam):
    token = Person("fake-token")

    assert send(signed(bucket, token, iam, service_account_email=iam.email)).body == b"body"


@pytest.mark.isolated
def test_impersonated_credentials_sign_as_their_target(bucket, iam):
    token = impersonated_credentials.Credentials(
        Person("fake-token"),
        iam.email,
        ["scope"],
        delegates=["between@p.iam.gserviceaccount.com"],
    )

    assert send(signed(bucket, token, iam)).body == b"body"
    assert iam.asked[0]["delegates"] == [
        "projects/-/serviceAccounts/between@p.iam.gserviceaccount.com"
    ]
    assert iam.count("generateAccessToken") == 0  # who impersonates asks by themselves


def test_an_endpoint_that_the_credentials_name_is_asked(bucket, iam):
    token = impersonated_credentials.Credentials(
        Person("fake-token"),
        iam.email,
        ["scope"],
        iam_endpoint_override=f"{iam.url}/v1/projects/-/serviceAccounts/{iam.email}:generateAccessToken",
    )
    link = daypass.create_signed_url(
        "gs://bucket/k", storage_options={"token": token, "endpoint_url": bucket.url}
    )

    assert send(link).body == b"body"


def test_google_auth_s_own_endpoint_is_asked_where_none_is_named(bucket, iam, monkeypatch):
    template = f"{iam.url}/v1/projects/-/serviceAccounts/{{}}:signBlob"
    monkeypatch.setattr(google.auth.iam, "_IAM_SIGN_ENDPOINT", template)
    link = daypass.create_signed_url(
        "gs://bucket/k",
        storage_options={"token": Person("fake-token"), "endpoint_url": bucket.url},
        signer_options={"service_account_email": iam.email},
    )

    assert send(link).body == b"body"


def test_a_service_account_key_signs_as_another_account(bucket, iam, account):
    token = {**account, "token_uri": f"{iam.url}/token"}

    link = signed(bucket, token, iam, service_account_email=iam.email)

    assert send(link).body == b"body"
    assert iam.calls[0] == "POST /token"


@pytest.mark.isolated
def test_workload_identity_signs_as_the_account_that_is_named(bucket, iam, tmp_path):
    from google.auth import identity_pool

    subject = tmp_path / "subject"
    subject.write_text("subject-token")
    token = identity_pool.Credentials(
        audience="//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
        subject_token_type="urn:ietf:params:oauth:token-type:jwt",
        token_url=f"{iam.url}/token",
        credential_source={"file": str(subject)},
    )
    with pytest.raises(daypass.CredentialsError, match="service_account_email"):
        signed(bucket, token, iam)

    assert send(signed(bucket, token, iam, service_account_email=iam.email)).body == b"body"


def test_a_metadata_server_that_hangs_ends_within_the_deadline(iam, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place_metadata_server(monkeypatch, f"127.0.0.1:{silent.getsockname()[1]}")
        store = hastened(daypass.Store("gs://bucket", storage_options={"token": "cloud"}))
        begin = time.monotonic()

        with pytest.raises(daypass.DeadlineError, match="metadata server"):
            store.create_signed_url("k")

        assert time.monotonic() - begin < 10


def test_many_threads_share_one_store(iam, store):
    with ThreadPoolExecutor(8) as pool:
        urls = list(pool.map(lambda n: store.create_signed_url(f"k{n % 4}").url, range(40)))

    assert len(set(urls)) >= 4


def test_nothing_shows_a_token(iam, store):
    store.create_signed_url("k")

    signer = store.location.cache["gcs"]
    assert "fake-token" not in repr(signer.key)
    assert "fake-token" not in repr(store)
