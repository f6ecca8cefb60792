"""Many links at once: the very bytes of single calls, and IAM asked side by side within bounds."""

from __future__ import annotations

import pickle
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context

import pytest
from google.oauth2.credentials import Credentials as Person
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import SignedURLBatch
from daypass.store import bulk
from tests.conftest import examples
from tests.core.values import is_path
from tests.plugins.gcs.conftest import HMAC, hastened
from tests.servers.fake_iam import HANG, Fault
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import rsa_verifier
from tests.stranger import send

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
KEYS = st.lists(
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40
    ).filter(lambda key: not is_path(key) and not {".", ".."} & set(key.split("/"))),
    max_size=12,
)
FOLDERS = st.sampled_from(["", "a/", "year=2026/month=01/", "ü/", "//", "100%/a b"])
AT_ONCE = 16


def keyless(iam, token="fake-token", **storage):
    return daypass.Store(
        "gs://bucket",
        storage_options={"token": token, **storage},
        signer_options={"service_account_email": iam.email, "iam_endpoint": iam.url},
    )


@examples(50)
@given(KEYS, FOLDERS, st.booleans(), st.booleans())
def test_bulk_links_are_the_bytes_of_single_links(credentials, names, folder, by_hmac, upload):
    """Whatever the keys, their order and their folders, with an HMAC key and an RSA key."""
    store = daypass.Store(
        "gs://bucket/in",
        storage_options={"token": "anon" if by_hmac else credentials},
        signer_options=HMAC if by_hmac else {},
    )
    names = [folder + name for name in names]
    names += names[:3]  # the same keys again
    options = {"method": "PUT", "content_type": "a/b"} if upload else {"filename": "x ü"}
    batch = store.create_signed_urls(names, signing_time=NOW, **options)
    alone = [store.create_signed_url(name, signing_time=NOW, **options) for name in names]

    assert alone == list(batch)
    assert [link.url for link in alone] == batch.urls


def test_keyless_bulk_links_are_the_bytes_of_single_links(iam):
    names = [f"day={n % 40}/ü {n % 40}" for n in range(60)]
    batch = keyless(iam).create_signed_urls(names, signing_time=NOW)
    assert iam.count("signBlob") == 40  # equal keys are asked for once
    store = keyless(iam)
    alone = [store.create_signed_url(name, signing_time=NOW) for name in names]

    assert alone == list(batch)


@pytest.mark.parametrize("kind", ["service account", "HMAC key", "keyless"])
def test_a_batch_over_http(kind, front, credentials, iam):
    """A sample of a batch is accepted by a server that verifies."""
    front.buckets["bucket"] = Bucket()
    front.keys["GOOG4-RSA-SHA256", iam.email] = rsa_verifier(iam.private_key)
    if kind == "keyless":
        store = keyless(iam, endpoint_url=front.url)
    else:
        token, signer = ("anon", HMAC) if kind == "HMAC key" else (credentials, {})
        store = daypass.Store(
            "gs://bucket",
            storage_options={"token": token, "endpoint_url": front.url},
            signer_options=signer,
        )
    names = [f"day={day}/a b+{day}%.csv" for day in range(40)]
    ups = store.create_signed_urls(names, method="PUT", content_type="text/csv", if_absent=True)
    for link in ups[::7]:
        assert send(link, link.path.encode()).status == 200
    for link in store.create_signed_urls(names)[::7]:
        assert send(link).body == link.path.encode()
        assert send(link, method="DELETE").status == 403


def test_processes_share_the_work(account):
    """Whole-path calls, options and batches travel to other processes and back."""
    paths = [f"gs://bucket/k{n}" for n in range(20)]
    sign = partial(daypass.create_signed_urls, storage_options={"token": account}, signing_time=NOW)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        batch = SignedURLBatch.joined(list(pool.map(sign, [paths[:10], paths[10:]])))

    assert batch.urls == sign(paths).urls
    assert list(pickle.loads(pickle.dumps(batch))) == list(sign(paths))


class Watch:
    """Counts how many signatures are being made at the same time, holding them until as many are as may be."""

    def __init__(self, iam) -> None:
        self.lock = threading.Lock()
        self.full = threading.Event()
        self.all = self.now = self.most = 0
        self.sign, iam.sign = iam.sign, self

    def __call__(self, payload):
        with self.lock:
            self.all += 1
            self.now += 1
            self.most = max(self.most, self.now)
            alone = self.all == 1  # what is wrong for all is asked once
            if self.now == AT_ONCE and not self.full.is_set():
                threading.Timer(0.1, self.full.set).start()  # time for one too many to come
        assert alone or self.full.wait(20)
        with self.lock:
            self.now -= 1
        return self.sign(payload)


def test_iam_is_asked_side_by_side_under_a_bound(iam):
    watch = Watch(iam)
    names = [f"k{n}" for n in range(120)]

    batch = keyless(iam).create_signed_urls(names)

    assert watch.most == AT_ONCE
    assert [link.path for link in batch] == [f"gs://bucket/{name}" for name in names]
    assert [f"/k{n}?" in url for n, url in enumerate(batch.urls)] == [True] * 120


@pytest.mark.parametrize("status", [429, 503])
def test_passing_faults_are_asked_again(iam, status):
    iam.faults = [Fault(status, {"Retry-After": "0"})] * 20

    batch = keyless(iam).create_signed_urls([f"k{n}" for n in range(60)], signing_time=NOW)

    assert iam.count("signBlob") == 80
    assert len(set(batch.urls)) == 60


def test_one_deadline_holds_for_the_whole_chunk(iam):
    """A signature that hangs costs a third of a call's time; a service that fails, the deadline."""
    store = hastened(keyless(iam), 6)
    store.create_signed_url("first")
    iam.faults = [HANG]
    assert len(store.create_signed_urls([f"k{n}" for n in range(40)])) == 40

    iam.faults = [503] * 1000
    begin = time.monotonic()
    with pytest.raises(daypass.DeadlineError, match=r"did not end within 1 s"):
        hastened(store, 1).create_signed_urls([f"other{n}" for n in range(40)])
    assert time.monotonic() - begin < 20


def test_more_than_a_thousand_keys_have_more_time(iam):
    from daypass.toolkit.deadlines import Deadline

    for keys, seconds in ((1, 30), (1000, 30), (1001, 60), (65_536, 1980)):
        deadline = Deadline.for_many(30, keys)
        assert (deadline.seconds, deadline.one_try) == (seconds, 10)
        assert 0 < seconds - deadline.left < 1


def test_what_is_wrong_for_all_is_asked_once(iam):
    iam.faults = [403] * 10
    with pytest.raises(daypass.CredentialsError, match="TokenCreator"):
        keyless(iam).create_signed_urls([f"k{n}" for n in range(100)])
    assert iam.count("signBlob") == 1


def test_the_first_refusal_ends_the_others(iam):
    """Nobody waits for what is not wanted any more."""
    original = iam.sign
    slow = Fault(503, {"Retry-After": "20"})

    def sign(payload):
        if not iam.faults and iam.count("signBlob") == 1:
            iam.faults = [403, *[slow] * 99]
        return original(payload)

    iam.sign = sign
    before = set(threading.enumerate())
    begin = time.monotonic()
    with pytest.raises(daypass.CredentialsError, match="TokenCreator"):
        keyless(iam).create_signed_urls([f"k{n}" for n in range(100)])
    assert time.monotonic() - begin < 15  # one that is waited for takes 20
    assert iam.count("signBlob") <= 1 + 2 * AT_ONCE
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(("daypass-gcs", "daypass-deadline")):
            until = time.monotonic() + 15
            while thread.ident is None and time.monotonic() < until:
                time.sleep(0.001)  # it is known before it has been started
            thread.join(15)
            assert not thread.is_alive()


def test_a_token_that_ends_in_the_middle_is_refreshed_between_chunks(iam, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 5)
    made = []

    def refresh(request, scopes):
        made.append(1)
        return "impersonated", datetime(2100, 1, 1)

    token = Person("fake-token", refresh_handler=refresh)

    def names():
        yield from (f"k{n}" for n in range(5))
        assert made == []
        token.expiry = datetime(2020, 1, 1)
        yield from (f"k{n}" for n in range(5, 10))

    links = list(keyless(iam, token).create_signed_urls(names(), signing_time=NOW))

    assert len(made) == 1
    assert {link.expires_at for link in links} == {NOW + timedelta(hours=1)}


def test_a_token_that_is_refused_in_the_middle_is_renewed(iam, metadata_server):
    store = daypass.Store(
        "gs://bucket", storage_options={"token": "cloud"}, signer_options={"iam_endpoint": iam.url}
    )
    original = iam.sign

    def sign(payload):
        if iam.count("signBlob") == 1:
            iam.faults = [401]
        return original(payload)

    iam.sign = sign
    assert len(store.create_signed_urls([f"k{n}" for n in range(20)])) == 20
    assert iam.count("signBlob") == 21
    assert iam.count("/token") == 2


@pytest.mark.parametrize("signer", [HMAC, {}], ids=["HMAC", "RSA"])
def test_a_key_with_an_end_is_not_outlived(signer, credentials):
    """Each chunk says when its links really end, and none is signed with a key that has ended."""
    end = NOW + timedelta(minutes=5)
    store = daypass.Store(
        "gs://bucket",
        storage_options={"token": credentials},
        signer_options={**signer, "credentials_expire_at": end},
    )
    with pytest.warns(daypass.ShortLivedURLWarning, match="end first"):
        batch = store.create_signed_urls(["a", "b"], signing_time=NOW)
    assert batch.ends() == [end, end]
    with pytest.raises(daypass.CredentialsError, match="ended"):
        store.create_signed_urls(["a", "b"], signing_time=end)
