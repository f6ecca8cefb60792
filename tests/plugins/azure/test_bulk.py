"""Many links at once: the very bytes of single calls, and ends that are true."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import UserDelegationKey
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass.store import bulk
from tests.conftest import examples
from tests.core.values import is_path
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.servers.azurite import FakeEntra

NAMES = st.lists(
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\\"),
        min_size=1,
        max_size=40,
    ).filter(
        lambda name: (
            not is_path(name) and not name.endswith(".") and not {".", ".."} & set(name.split("/"))
        )
    ),
    max_size=12,
)
FOLDERS = st.sampled_from(["", "a/", "year=2026/month=01/", "ü/", "//", "100%/a b"])


class Delegation:
    """Stands in for the call that fetches a key; each key lives as long as told."""

    def __init__(self, *lives: timedelta) -> None:
        self.lives = list(lives)

    async def __call__(self, start, end, **_):
        life = self.lives.pop(0) if len(self.lives) > 1 else self.lives[0]
        key = UserDelegationKey()
        key.signed_oid, key.signed_tid, key.signed_service = "oid", "tid", "b"
        key.signed_version = "2026-10-06"
        key.signed_start = start.strftime("%Y-%m-%dT%H:%M:%SZ")
        key.signed_expiry = min(end, start + life).strftime("%Y-%m-%dT%H:%M:%SZ")
        key.value = b64encode(key.signed_expiry.encode()).decode()
        return key


def delegated(*lives: timedelta) -> daypass.Store:
    store = daypass.Store(
        "az://maps", storage_options={"account_name": "contoso", "credential": FakeEntra()}
    )
    store.location.fs.service_client.get_user_delegation_key = Delegation(*lives)
    return store


STORES = {
    "key": daypass.Store("az://maps/in", storage_options=OPTIONS),
    "delegated": delegated(timedelta(days=7)),
}
WISHES = {
    "read": {},
    "named": {"filename": "x ü", "ip_range": "198.51.100.0/24"},
    "upload": {"method": "PUT", "if_absent": True},
    "remove": {"method": "DELETE", "https_only": False},
}


@examples(150)
@given(NAMES, FOLDERS, st.sampled_from(sorted(STORES)), st.sampled_from(sorted(WISHES)))
def test_bulk_links_are_the_bytes_of_single_links(names, folder, kind, wish):
    """Whatever the names, their order and their folders, with either kind of key."""
    store, options = STORES[kind], WISHES[wish]
    names = [folder + name for name in names]
    names += names[:3]  # the same names again
    batch = store.create_signed_urls(names, signing_time=NOW, **options)
    alone = [store.create_signed_url(name, signing_time=NOW, **options) for name in names]

    assert alone == list(batch)
    assert [link.url for link in alone] == batch.urls


@pytest.mark.parametrize("kind", ["key_bench", "entra_bench"])
def test_a_batch_over_http(request, servers, kind):
    """A sample of a batch is accepted by a server that verifies."""
    bench = request.getfixturevalue(kind)
    names = [f"day={day}/a b+{day}%.csv" for day in range(40)]
    ups = bench.store.create_signed_urls(names, method="PUT")
    assert ups.headers == {"x-ms-blob-type": "BlockBlob"}
    for link in ups[::7]:
        assert bench.use(link, link.path.encode()).status_code == 201
    for link in bench.store.create_signed_urls(names)[::7]:
        assert bench.use(link).content == link.path.encode()
        assert bench.session.delete(link.url, timeout=30).status_code == 403


def test_a_key_that_ends_in_the_middle_is_renewed_between_chunks(monkeypatch):
    """Every URL's end is true: each chunk is signed with the key of its moment."""
    monkeypatch.setattr(bulk, "CHUNK", 5)
    store = delegated(timedelta(minutes=45), timedelta(days=7))
    start = datetime.now(UTC).replace(microsecond=0)
    with pytest.warns(daypass.ShortLivedURLWarning, match="user delegation key"):
        batch = store.create_signed_urls([f"k{n}" for n in range(10)], expires_in="1h")

    ends = batch.ends()
    # It began a quarter of an hour before the signature.
    assert all(end <= start + timedelta(minutes=31) for end in ends[:5])
    assert all(end >= start + timedelta(hours=1) for end in ends[5:])
    assert batch.expires_at == ends[0]
    for link in batch:
        assert f"se={link.expires_at:%Y-%m-%dT%H%%3A%M%%3A%SZ}" in link.url
    assert batch[0].expires_because == "the user delegation key it is signed with ends first"
    assert batch[9].expires_because == "requested"


@pytest.mark.parametrize("bad", ["a\\b", "dot.", "a/" * 300 + "b", "x" * 1025])
def test_a_name_that_azure_would_change_names_its_row(bad):
    store = STORES["key"]
    with pytest.raises(daypass.InvalidPathError, match=r"row 2, .*: the name") as caught:
        store.create_signed_urls(["a", "b", bad, "c"])
    assert caught.value.row == 2

    names = ["a", bad, "x" * 1000, bad]
    batch = store.create_signed_urls(names, errors="collect", signing_time=NOW)
    assert sorted(batch.errors) == [1, 3]
    assert batch.urls[2] == store.create_signed_url(names[2], signing_time=NOW).url
