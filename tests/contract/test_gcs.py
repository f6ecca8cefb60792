"""The contract, held by Cloud Storage links on a front that verifies them, with both kinds of keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.auth.crypt import RSASigner
from google.oauth2.credentials import Credentials

from daypass import Store
from daypass.testing import BackendConformance
from tests.servers.fake_iam import FakeIam, fake_iam
from tests.servers.gcs_front import Front, gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier, rsa_verifier

ACCOUNT = json.loads(
    (Path(__file__).parents[1] / "vectors" / "gcs" / "service_account.json").read_text()
)
SECRET = "bGoa+V7g/yqDXvKRqq+JTFn4uQZbPiQJo4pf9RzJ"
HMAC = {"hmac_access_id": "GOOG1EXAMPLE", "hmac_secret": SECRET}
#: google-auth's way from a key's text to a signer, remembered.
LOAD = cache(RSASigner.from_string)
#: Who pays where a link says that the requester does.
PAYER = {"user_project": "payer"}


class Cloud(BackendConformance):
    """What every kind of credential shares."""

    #: The front holds whatever key fits into a request line.
    unverified = frozenset({"max_key_bytes"})
    #: Short, since it is waited for.
    deadline = 0.3

    @pytest.fixture
    def front(self) -> Iterator[Front]:
        with gcs_front() as running:
            running.keys = {
                ("GOOG4-RSA-SHA256", ACCOUNT["client_email"]): rsa_verifier(ACCOUNT["private_key"]),
                ("GOOG4-HMAC-SHA256", HMAC["hmac_access_id"]): hmac_verifier(SECRET),
            }
            running.buckets["bucket"] = Bucket()
            yield running

    @pytest.fixture
    def place(self, front: Front) -> Callable[[str, bytes], object]:
        return lambda key, body: front.buckets["bucket"].put(key, body, {})

    def made(self, front: Front, token: Any, **options: Any) -> Store:
        storage = {"endpoint_url": front.url, "token": token}
        return Store("gs://bucket", storage_options=storage, signer_options={**PAYER, **options})


class TestServiceAccountKey(Cloud):
    protocol = "gs"

    @pytest.fixture(autouse=True)
    def load_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let google-auth load the key once: each time, it looks for factors of its primes."""
        monkeypatch.setattr(RSASigner, "from_string", LOAD)

    @pytest.fixture
    def front(self) -> Iterator[Front]:
        """Let gcsfs get its tokens at the loopback as well, for reading metadata."""
        with gcs_front() as running, fake_iam() as iam:
            running.keys["GOOG4-RSA-SHA256", ACCOUNT["client_email"]] = rsa_verifier(
                ACCOUNT["private_key"]
            )
            running.buckets["bucket"] = Bucket()
            running.iam = iam  # type: ignore[attr-defined]
            yield running

    @pytest.fixture
    def account(self, front: Front) -> dict[str, str]:
        iam: FakeIam = front.iam  # type: ignore[attr-defined]
        return {**ACCOUNT, "token_uri": f"{iam.url}/token"}

    @pytest.fixture
    def store(self, front: Front, account: dict[str, str]) -> Store:
        return self.made(front, account)

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [ACCOUNT["private_key"], ACCOUNT["private_key"].splitlines()[1]]

    @pytest.fixture
    def dead_credentials(self, front: Front) -> Sequence[Store]:
        return [self.made(front, "anon")]

    @pytest.fixture
    def ending_credentials(self, front: Front, account: dict[str, str]) -> tuple[Store, datetime]:
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=20)
        return self.made(front, account, credentials_expire_at=end), end


class TestHmacKey(Cloud):
    beside = TestServiceAccountKey
    protocol = "gcs"

    @pytest.fixture
    def store(self, front: Front) -> Store:
        storage = {"endpoint_url": front.url, "token": "anon"}
        return Store("gcs://bucket", storage_options=storage, signer_options={**PAYER, **HMAC})

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [SECRET]


class TestSignBlob(Cloud):
    """No key at all: IAM signs, over the network and within the deadline."""

    beside = TestServiceAccountKey
    protocol = "gs"
    signs_offline = False
    deadline = 1.0
    #: Google rotates IAM's keys, so that twelve hours are the most.
    narrowed = frozenset({"max_expires_in"})

    @pytest.fixture
    def iam(self) -> Iterator[FakeIam]:
        with fake_iam() as running:
            yield running

    @pytest.fixture
    def store(self, front: Front, iam: FakeIam) -> Store:
        front.keys["GOOG4-RSA-SHA256", iam.email] = rsa_verifier(iam.private_key)
        options = {"service_account_email": iam.email, "iam_endpoint": iam.url}
        return self.made(front, Credentials("fake-token"), **options)

    @pytest.fixture
    def secrets(self, iam: FakeIam) -> Sequence[str]:
        return ["fake-token"]
