"""Rules of the contract, held by S3 links on two small servers: each verifies them by code of its own, and not by botocore's.

What either does not know is pinned beside its rules, so that a newer release tells of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import uuid4

import pytest

from daypass import Store
from daypass.testing import Stranger
from daypass.testing.keys import KeyRules
from daypass.testing.links import LinkRules
from daypass.testing.listings import ListRules
from daypass.testing.options import OptionRules
from tests.servers.s3_client import S3Server

Place = Callable[[str, bytes], Any]


@pytest.fixture(scope="module")
def nanio(servers: Callable[[str], S3Server]) -> S3Server:
    return servers("nanio")


@pytest.fixture(scope="module")
def ministack(servers: Callable[[str], S3Server]) -> S3Server:
    return servers("ministack")


def store_on(server: S3Server) -> Store:
    """Return a store on a new bucket; neither server takes an ``x-amz-*`` header that is not signed."""
    bucket = f"b{uuid4().hex[:12]}"
    server.client.create_bucket(Bucket=bucket)
    told = {"refuses_unsigned_headers": True}
    return Store(f"s3://{bucket}", storage_options=server.storage_options, signer_options=told)


def placing(server: S3Server, store: Store) -> Place:
    bucket = store.location.bucket
    return lambda key, body: server.client.put_object(Bucket=bucket, Key=key, Body=body)


def dated(store: Store, place: Place, start: datetime) -> int:
    """Return how a link is answered that begins at a moment, and lives for a minute."""
    place("k", b"found")
    return Stranger()(store.create_signed_url("k", signing_time=start, expires_in=60)).status


class TestNanio(LinkRules):
    """Its keys are not asked for by the kit's lookalikes: it decodes a path twice."""

    protocol = "s3"

    @pytest.fixture
    def store(self, nanio: S3Server) -> Store:
        return store_on(nanio)

    @pytest.fixture
    def place(self, nanio: S3Server, store: Store) -> Place:
        return placing(nanio, store)

    def test_a_listing_is_bound_to_its_prefix(self, store: Store, place: Place) -> None:
        place("in/a b", b"")
        place("out/c", b"")
        link, send = store.create_signed_url("in/", method="LIST"), Stranger()
        shown = unquote_to_bytes(send(link).body)
        assert b"<Key>in/a b</Key>" in shown
        assert b"out/c" not in shown
        assert send(link, url=link.url.replace("prefix=in%2F", "prefix=out%2F")).status == 403

    def test_a_link_of_another_day_is_refused(self, store: Store, place: Place) -> None:
        """It alone of all servers here refuses one that has not begun."""
        now = datetime.now(UTC)
        assert dated(store, place, now) == 200
        assert dated(store, place, now - timedelta(hours=1)) == 403
        assert dated(store, place, now + timedelta(hours=1)) == 403

    @pytest.mark.parametrize(("key", "status"), [("a%20b", 403), ("/a", 400), ("a b/é+~", 200)])
    def test_it_decodes_twice_and_takes_no_slash_at_the_start(
        self, store: Store, key: str, status: int
    ) -> None:
        link = store.create_signed_url(key, method="PUT")
        assert Stranger()(link, b"x").status == status


class TestMiniStack(OptionRules, KeyRules, ListRules):
    """The rules of single links are asked of nanio: it verifies a URL without ``X-Amz-Algorithm`` not at all."""

    protocol = "s3"
    #: To a customer's key it holds readers, the kit's own look at the size too, which has none (tests/answers: "encrypted").
    lacking = frozenset({"encryption_key"})
    #: It takes longer ones.
    unverified = frozenset({"max_key_bytes"})

    @pytest.fixture
    def store(self, ministack: S3Server) -> Store:
        return store_on(ministack)

    @pytest.fixture
    def place(self, ministack: S3Server, store: Store) -> Place:
        return placing(ministack, store)

    def test_it_verifies_what_says_its_algorithm(self, store: Store, place: Place) -> None:
        place("k", b"found")
        link, send = store.create_signed_url("k"), Stranger()
        assert send(link).body == b"found"
        for old, new in (
            ("X-Amz-Expires=3600", "X-Amz-Expires=3601"),
            ("/k?", "/l?"),
            ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ):
            assert send(link, url=link.url.replace(old, new)).status == 403
        unsaid = link.url.replace("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "")
        assert send(link, url=unsaid).body == b"found"

    def test_an_ended_link_is_refused_and_one_to_come_is_not(
        self, store: Store, place: Place
    ) -> None:
        now = datetime.now(UTC)
        assert dated(store, place, now - timedelta(hours=1)) == 403
        assert dated(store, place, now + timedelta(hours=1)) == 200
