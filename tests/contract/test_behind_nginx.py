"""Links for the address of an nginx: they pass where it hands on what arrives, and where not it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import attrs
import pytest

import daypass
from daypass import SignedURL, Store
from daypass.testing.links import LinkRules
from tests.answers.cases import KEY, Sent, Shop, send
from tests.answers.shops import shop
from tests.servers.s3_client import S3Server, s3_client

#: Every store here reads a path and a query as they are meant, however they are written.
REWRITES = ("keeps all", "writes the path anew", "decodes the query")
#: No signature of Azure binds host or query, and of the path neither what stands before the account.
AZURE_ALONE = (
    "names another host",
    "takes a prefix off",
    "adds to the query",
    "encodes the query again",
)
STORES = ("swift", "localstack", "nanio", "ministack", "gcs", "azurite")
PASS = [(name, way) for name in STORES for way in REWRITES] + [
    ("azurite", way) for way in AZURE_ALONE
]


@pytest.fixture(scope="module")
def opened(servers: Callable[[str], Any]) -> Iterator[Callable[[str], Shop]]:
    with ExitStack() as stack:
        running: dict[str, Shop] = {}

        def get(name: str) -> Shop:
            if name not in running:
                running[name] = stack.enter_context(shop(f"{name} behind nginx", servers))
            return running[name]

        yield get


def through(shop: Shop, way: str, key: str = KEY, **asked: Any) -> tuple[SignedURL, Sent]:
    """Sign for nginx's address; return the link, and what its holder sends."""
    link = shop.link(key, public_endpoint=shop.ways[way], **asked)
    body = b"abc" if link.http_method == "PUT" else b""
    return link, Sent(link=link.url, method=link.http_method, headers=link.headers, body=body)


@pytest.mark.parametrize(("name", "way"), PASS)
def test_a_link_for_the_address_of_nginx_passes(opened, name, way):
    shop = opened(name)
    found = send(through(shop, way)[1])
    assert (found.status, found.body) == (200, "abc")
    asked = {"method": "PUT", "content_type": "text/csv", "metadata": {"station": "oslo"}}
    assert send(through(shop, way, f"up/{uuid4()} +&=é", **asked)[1]).status in (200, 201)


@pytest.mark.parametrize(("name", "way"), PASS)
def test_what_was_not_signed_is_refused_through_nginx_too(opened, name, way):
    shop = opened(name)
    other = attrs.evolve(shop, options={**shop.options, **shop.wrong})
    assert send(through(other, way)[1]).status == 403


@pytest.mark.parametrize("name", STORES)
def test_an_upload_in_one_request_needs_an_nginx_that_takes_its_size(opened, name):
    """As every answer of nginx's own, it is told for a page that no store has written."""
    shop = opened(name)
    link, put = through(shop, "keeps all", f"up/{uuid4()}", method="PUT")
    answer = send(attrs.evolve(put, body=b"a" * (1 << 20) + b"a"))
    assert answer.status == 413
    assert "no store's error: a proxy" in str(daypass.explain(link, error=answer.raw()))


@pytest.mark.parametrize("way", ["names another host", "takes a prefix off", "adds to the query"])
@pytest.mark.parametrize("name", ["swift", "localstack", "nanio", "ministack", "gcs"])
def test_verify_names_what_is_on_the_way_where_all_that_is_sent_was_signed(opened, name, way):
    """Stores that show what arrived are held against the link; of the others the key excludes the rest."""
    shop = opened(name)
    link, get = through(shop, way)
    answer = send(get)
    said = daypass.verify(link, error=answer.raw(), **shop.options)
    assert (said.ok, said.signature) == (False, "right")
    assert "something on the way (a proxy, nearly always)" in str(said)


@pytest.mark.parametrize(
    "key", ["a//b", "/a", "a/", "a%2Fb", "a b+c&d=e?f#g", "ä/\U0001f30d", "~!'()*"]
)
def test_every_key_is_itself_where_nginx_hands_the_path_on_as_it_is(opened, servers, key):
    shop = opened("swift")
    assert send(through(shop, "keeps all", key, method="PUT")[1]).status == 200
    bucket = shop.path.removeprefix("s3://")
    found = s3_client(servers("swift")).get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == b"abc"


class TestNanioBehindNginx(LinkRules):
    """The contract for single links, where nginx hands on all as it arrives."""

    protocol = "s3"

    @pytest.fixture
    def bucket(self, servers: Callable[[str], S3Server]) -> str:
        name = f"b{uuid4().hex[:12]}"
        servers("nanio").client.create_bucket(Bucket=name)
        return name

    @pytest.fixture
    def store(
        self, servers: Callable[[str], S3Server], opened: Callable[[str], Shop], bucket: str
    ) -> Store:
        return Store(
            f"s3://{bucket}",
            storage_options=servers("nanio").storage_options,
            signer_options={"refuses_unsigned_headers": True},
            public_endpoint=opened("nanio").ways["keeps all"],
        )

    @pytest.fixture
    def place(
        self, servers: Callable[[str], S3Server], bucket: str
    ) -> Callable[[str, bytes], object]:
        client = servers("nanio").client
        return lambda key, body: client.put_object(Bucket=bucket, Key=key, Body=body)
