"""What Azure's SDK signs, and the values that it is tried with."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import attrs
from azure.storage.blob import UserDelegationKey, generate_blob_sas
from hypothesis import strategies as st

import daypass
from daypass.toolkit.v4 import HmacKey
from daypass_azure.keys import Key
from tests.core.values import is_path
from tests.plugins.azure.conftest import NOW, OPTIONS
from tests.servers.azurite import KEY

END = NOW + timedelta(hours=1)
HOST = "https://contoso.blob.core.windows.net"


def blob_url(name="a b/é", permission="r", **options):
    """Make a service SAS with the SDK."""
    options = {"account_key": KEY, "protocol": "https", "expiry": END, **options}
    token = generate_blob_sas("contoso", "maps", name, permission=permission, **options)
    return f"{HOST}/maps/{quote(name)}?{token}"


def delegation_key(ends=END):
    key = UserDelegationKey()
    key.signed_oid, key.signed_tid, key.signed_service = "o" * 36, "t" * 36, "b"
    key.signed_start, key.signed_version = "2026-11-01T11:45:00Z", "2026-10-06"
    key.signed_expiry = f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    key.value = KEY
    return key


CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\\"
)
NAMES = st.text(CHARACTERS, min_size=1, max_size=60).filter(
    lambda name: (
        not is_path(name) and not name.endswith(".") and not {".", ".."} & set(name.split("/"))
    )
)


STARTS = st.none() | st.integers(0, 3000).map(lambda s: NOW + timedelta(seconds=s))
SECONDS = st.integers(3001, 7 * 86_400)
IPV4 = st.tuples(*[st.integers(0, 255)] * 4).map(lambda t: ".".join(map(str, t)))


STORE = daypass.Store("az://c0ntainer", storage_options=OPTIONS)


def delegated_store() -> tuple[daypass.Store, UserDelegationKey]:
    """Return a store whose links a made-up user delegation key signs."""
    told = UserDelegationKey()
    told.signed_oid, told.signed_tid = "1" * 8, "2" * 8
    told.signed_start = "2026-11-01T11:45:00Z"
    told.signed_expiry = "2026-12-01T11:45:00Z"
    told.signed_service, told.signed_version, told.value = "b", "2026-10-06", KEY

    class Keys:
        def key(self, location, start, end):
            return key

    key = Key(
        HmacKey(b64decode(KEY)),
        {"user_delegation_key": told},
        NOW - timedelta(minutes=15),
        datetime(2026, 12, 1, 11, 45, tzinfo=UTC),
    )
    store = daypass.Store("az://c0ntainer", storage_options=OPTIONS)
    store.create_signed_url("first")
    signer = store.location.cache["azure"]
    signer._keys = Keys()
    signer._rules = attrs.evolve(signer._rules, signs_headers=True)
    return store, told


DELEGATED, DELEGATION_KEY = delegated_store()
