"""Folders are listed as a real store answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import daypass
from daypass_links.server import listings

pytestmark = [pytest.mark.servers, pytest.mark.nightly]
NAMES = ["a b+ä.csv", "<b>.csv", "c%2Fd", "e&f;g"]


def test_a_folder_of_s3_is_read_with_whatever_names_are_in_it(servers, kit):
    client, bucket = kit
    for name in (*NAMES, "sub/x.csv", "sub/y.csv"):
        client.put_object(Bucket=bucket, Key=f"in/listed/{name}", Body=b"12345")
    options = servers("localstack").storage_options
    store = daypass.Store(f"s3://{bucket}/in", storage_options=options)
    found = listings.listed(store, "listed/", None)
    assert found.next is None
    files = {one.name: (one.key, one.size) for one in found.entries if not one.is_folder}
    assert files == {name: (f"listed/{name}", 5) for name in NAMES}
    assert found.entries[0].is_folder
    assert [one.key for one in found.entries if one.is_folder] == ["listed/sub/"]
    assert all(one.changed_at for one in found.entries if not one.is_folder)


def test_a_page_has_fewer_names_where_they_are_long_and_all_are_on_one(servers, kit):
    client, bucket = kit
    names = [f"{n:02}{'x' * (900 if n < 20 else 9)}" for n in range(40)]
    for name in names:
        client.put_object(Bucket=bucket, Key=f"in/long/{name}", Body=b"")
    options = servers("localstack").storage_options
    store = daypass.Store(f"s3://{bucket}/in", storage_options=options)
    pages, token = [], None
    while token or not pages:
        found = listings.listed(store, "long/", token, room=5000)
        pages.append([one.name for one in found.entries])
        token = found.next
    assert [name for page in pages for name in page] == names
    assert [len(page) for page in pages[:3]] == [5, 5, 5]
    assert all(sum(len(f"long/{name}") for name in page) <= 5000 for page in pages)
    (one,) = listings.listed(store, "long/", None, room=1).entries
    assert one.name == names[0]


def test_as_many_names_as_are_asked_for_are_read_however_long_they_are(servers, kit):
    client, bucket = kit
    names = [f"{n:03}{'&' * 1000}" for n in range(400)]  # each of which is written as three or five
    with ThreadPoolExecutor(8) as pool:
        for done in [
            pool.submit(client.put_object, Bucket=bucket, Key=f"escaped/{name}", Body=b"")
            for name in names
        ]:
            done.result()
    options = servers("localstack").storage_options
    store = daypass.Store(f"s3://{bucket}", storage_options=options)
    found = listings.listed(store, "escaped/", None, most=1000)
    assert [one.name for one in found.entries] == names
