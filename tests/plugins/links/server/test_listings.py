"""Folders are listed as a real store answers."""

from __future__ import annotations

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
