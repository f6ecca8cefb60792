"""``daypass.share``: whatever a notebook holds is written to a real store, and the link that comes back reads it."""

from __future__ import annotations

import asyncio
import io
import pickle

import pytest

import daypass
from daypass.errors import (
    InvalidPathError,
    InvalidRequestError,
    PolicyError,
    StoreError,
    UnsupportedOptionError,
)

ROWS = [{"day": "monday", "degrees": -3}, {"day": "tuesday", "degrees": -5}]


@pytest.fixture
def shared(server, bucket):
    """Share, and bring what is there now."""

    def share(thing, key, **options):
        link = daypass.share(
            thing, f"s3://{bucket}/{key}", storage_options=server.storage_options, **options
        )
        assert (link.method, link.path) == ("GET", f"s3://{bucket}/{key}")
        daypass.download(link, kept := io.BytesIO())
        kept.seek(0)
        return kept

    return share


def pandas():
    import pandas as pd

    return pd.DataFrame(ROWS)


def duckdb():
    import duckdb

    return duckdb.sql(
        "SELECT * FROM (VALUES ('monday', -3), ('tuesday', -5)) AS rows(day, degrees)"
    )


@pytest.mark.parametrize(
    ("table", "suffix"),
    [
        # All others of pandas, polars and Arrow: tests/figures.
        (pandas, "parquet"),
        *(pytest.param(duckdb, suffix, marks=pytest.mark.nightly) for suffix in ("parquet", "csv")),
    ],
)
def test_a_table_is_written_in_the_format_of_the_suffix(shared, table, suffix):
    import pandas as pd

    read = {"parquet": pd.read_parquet, "csv": pd.read_csv}[suffix]
    assert read(shared(table(), f"reports/q3.{suffix}")).to_dict("records") == ROWS


def test_an_index_that_somebody_made_is_a_column(shared):
    assert (
        shared(pandas().set_index("day"), "q3.csv").read()
        == b"day,degrees\nmonday,-3\ntuesday,-5\n"
    )
    assert shared(pandas().set_index("day"), "q3.ndjson").read() == (
        b'{"day":"monday","degrees":-3}\n{"day":"tuesday","degrees":-5}\n'
    )


@pytest.mark.parametrize(
    "thing",
    [
        b"1,2\n",
        *(
            pytest.param(thing, marks=pytest.mark.nightly)
            for thing in (bytearray(b"1,2\n"), memoryview(b"1,2\n"), io.BytesIO(b"1,2\n"))
        ),
    ],
    ids=["bytes", "bytearray", "memoryview", "stream"],
)
def test_bytes_are_written_as_they_are(shared, thing):
    assert shared(thing, "a.csv").read() == b"1,2\n"


@pytest.mark.parametrize("as_text", [True, False])
def test_a_file_goes_up(shared, tmp_path, as_text):
    file = tmp_path / "a.csv"
    file.write_bytes(b"1,2\n")
    assert shared(str(file) if as_text else file, "data/a.csv").read() == b"1,2\n"


def test_into_a_folder_a_file_keeps_its_name(server, bucket, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    options = {"storage_options": server.storage_options}
    link = daypass.share(tmp_path / "a.csv", f"s3://{bucket}/data/", **options)
    assert link.path == f"s3://{bucket}/data/a.csv"
    assert daypass.head_metadata(link.path, **options).content_type == "text/csv"


def test_of_a_path_alone_a_link_is_signed(server, store, bucket):
    options = {"storage_options": server.storage_options}
    link = daypass.share(f"s3://{bucket}/a.csv", expires_in="7d", **options)
    assert (link.path, link.method) == (f"s3://{bucket}/a.csv", "GET")
    assert store.head_metadata("a.csv", missing_ok=True) is None


def test_nothing_is_overwritten_unless_it_is_said(shared):
    shared(b"1", "a.csv")
    with pytest.raises(
        StoreError, match=r"is there already, and was left as it is.*overwrite=True"
    ):
        shared(b"2", "a.csv")
    assert shared(b"3", "a.csv", overwrite=True).read() == b"3"


def test_a_link_that_no_policy_allows_is_refused_before_anything_is_written(shared, store):
    rule = daypass.Rule(name="writers", paths=["s3://*/**"], methods=["PUT"])
    policy = daypass.Policy(rules=[rule])
    daypass.set_policy(policy)
    try:
        with pytest.raises(PolicyError):
            shared(b"1", "a.csv")
    finally:
        daypass.set_policy(None, replacing=policy)
    assert store.head_metadata("a.csv", missing_ok=True) is None


def test_a_folder_needs_a_grant_and_is_refused_before_anything_is_written(
    server, store, bucket, tmp_path
):
    (tmp_path / "a.csv").write_bytes(b"1")
    options = {"storage_options": server.storage_options}
    with pytest.raises(UnsupportedOptionError) as caught:
        daypass.share(tmp_path, f"s3://{bucket}/data/", **options)
    assert caught.value.option == "prefix"
    assert store.head_metadata("data/a.csv", missing_ok=True) is None
    with pytest.raises(InvalidRequestError, match="of many objects"):
        daypass.share(tmp_path, f"s3://{bucket}/data/", overwrite=True, **options)


@pytest.mark.parametrize(
    ("thing", "key", "why"),
    [
        (b"1", "", "a stream has no name"),
        (ROWS, "a.csv", r"not a builtins\.list"),
        ("no-such-file", "a.csv", "is no file here"),
        ("long text " * 1000, "a.txt", "is no file here: to share text, give its bytes"),
    ],
    ids=["no name", "a list", "no file", "text"],
)
def test_what_cannot_be_shared_says_why(shared, thing, key, why):
    with pytest.raises(InvalidRequestError, match=why):
        shared(thing, key)


@pytest.mark.parametrize("key", ["q3.docx", "q3"])
def test_a_format_that_a_type_has_not_says_which_it_has(shared, key):
    with pytest.raises(
        InvalidRequestError, match=r"pandas\.DataFrame is written as \.parquet, \.csv"
    ):
        shared(pandas(), key)


def test_an_object_without_a_name_says_so(shared):
    with pytest.raises(InvalidRequestError, match="a DataFrame has no name of its own"):
        shared(pandas(), "")


@pytest.mark.parametrize(
    ("key", "size", "expected"),
    [
        ("inbox/", "2GB", ("POST", "inbox/${filename}")),
        ("inbox/", None, ("POST", "inbox/${filename}")),
        ("a.csv", 1000, ("POST", "a.csv")),
        ("a.csv", None, ("PUT", None)),
    ],
)
def test_an_upload_is_asked_for_by_what_sees_to_its_limits(server, bucket, key, size, expected):
    method, into = expected
    inbox = daypass.request_upload(
        f"s3://{bucket}/{key}",
        max_bytes=size,
        expires_in="1h",
        storage_options=server.storage_options,
    )
    assert inbox.method == method
    assert into is None or inbox.fields["key"] == into


def test_a_size_that_is_none_is_refused():
    with pytest.raises(InvalidRequestError, match="'many' is no number of bytes"):
        daypass.request_upload("s3://team/inbox/", max_bytes="many")


def test_both_can_be_awaited(server, bucket):
    place = {"storage_options": server.storage_options, "expires_in": "1h"}

    async def shared():
        link = await daypass.ashare(b"1,2", f"s3://{bucket}/awaited.csv", **place)
        await daypass.adownload(link, kept := io.BytesIO())
        inbox = await daypass.arequest_upload(f"s3://{bucket}/in/", max_bytes="2GB", **place)
        return kept.getvalue(), inbox.fields["key"]

    assert asyncio.run(shared()) == (b"1,2", "in/${filename}")


def test_a_link_knows_the_size_of_what_was_written_and_its_card_says_it(server, bucket):
    path, place = f"s3://{bucket}/sized.csv", {"storage_options": server.storage_options}
    link = daypass.share(b"x" * 1234, path, **place)
    assert (link.size, pickle.loads(pickle.dumps(link)).size) == (1234, 1234)
    assert "1.2 kB (1,234 bytes)" in link._repr_html_()
    # Nobody has asked the store about the other.
    assert daypass.share(path, **place).size is None


def test_a_key_may_be_longer_than_the_name_of_a_file(shared):
    assert shared(pandas(), f"{'n' * 300}.csv").read() == b"day,degrees\nmonday,-3\ntuesday,-5\n"


def test_an_object_without_a_place_is_told_that_it_needs_one():
    for given in (pandas(), b"abc", None):
        with pytest.raises(InvalidPathError, match=r"no path says where the \w+ goes: write it behind"):  # fmt: skip
            daypass.share(given)
