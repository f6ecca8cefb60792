import json
from pathlib import Path

import attrs
import pytest
from google.oauth2 import service_account

import daypass
from tests.servers.fake_iam import fake_iam
from tests.servers.gcs_front import gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier, rsa_verifier

VECTORS = Path(__file__).parents[2] / "vectors" / "gcs"
HMAC = {"hmac_access_id": "GOOG1EXAMPLE", "hmac_secret": "bGoa+V7g/yqDXvKRqq+JTFn4uQZbPiQJo4pf9RzJ"}


def place_metadata_server(monkeypatch, host, *, probed=False):
    """Say where google-auth finds a metadata server: it reads the environment when imported."""
    from google.auth.compute_engine import _metadata

    monkeypatch.setenv("NO_GCE_CHECK", str(not probed).lower())
    monkeypatch.setenv("GCE_METADATA_IP", host)
    monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", not probed, raising=False)  # newer ones have it
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    """No metadata server, no emulator."""
    place_metadata_server(monkeypatch, "127.0.0.1:9")
    for name in ("STORAGE_EMULATOR_HOST", "GCSFS_DEFAULT_PROJECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def account():
    """Google's published, inactive service-account key."""
    return json.loads((VECTORS / "service_account.json").read_text())


@pytest.fixture(scope="session")
def credentials(account):
    """The same key, read from its PEM once: reading it takes as long as signing forty links.

    That it signs alike however it is given is a test of its own (test_credentials.py).
    """
    return service_account.Credentials.from_service_account_info(account)


@pytest.fixture
def front(account):
    with gcs_front() as running:
        running.keys = {
            ("GOOG4-RSA-SHA256", account["client_email"]): rsa_verifier(account["private_key"]),
            ("GOOG4-HMAC-SHA256", HMAC["hmac_access_id"]): hmac_verifier(HMAC["hmac_secret"]),
        }
        yield running


@pytest.fixture
def iam():
    with fake_iam() as running:
        yield running


@pytest.fixture
def metadata_server(monkeypatch, iam):
    """Let google-auth find its metadata server, on loopback."""
    place_metadata_server(monkeypatch, iam.host)
    return iam


def hastened(store, seconds=0.3):
    """Give a store's network calls so many seconds instead of thirty."""
    location = attrs.evolve(store.location, deadline=seconds)
    store.root = attrs.evolve(store.root, location=location)
    return store


@pytest.fixture(params=["service account", "HMAC key", "keyless"])
def store(request, front, credentials, iam):
    """A store for each kind of credential, on one bucket of the front."""
    front.buckets["bucket"] = Bucket()
    storage, signer = {"endpoint_url": front.url}, {}
    if request.param == "service account":
        storage["token"] = credentials
    elif request.param == "HMAC key":
        signer = HMAC
    else:
        storage["token"] = "fake-token"
        signer = {"service_account_email": iam.email, "iam_endpoint": iam.url}
        front.keys["GOOG4-RSA-SHA256", iam.email] = rsa_verifier(iam.private_key)
    return daypass.Store("gs://bucket", storage_options=storage, signer_options=signer)
