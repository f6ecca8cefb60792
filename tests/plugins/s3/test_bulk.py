"""Many links at once: the very bytes of single calls, faster, and as truthful."""

import gc
from datetime import UTC, datetime, timedelta

import botocore.credentials
import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass.model.batches import AlikeURLs, wanting
from daypass.store import bulk
from tests.conftest import examples
from tests.core.values import is_path
from tests.stranger import send

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
STATIC = {"key": "AKIDEXAMPLE", "secret": "secret", "client_kwargs": {"region_name": "eu-west-1"}}

keys = st.lists(
    st.text(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"),
        min_size=1,
        max_size=40,
    ).filter(lambda key: not is_path(key) and not {".", ".."} & set(key.split("/"))),
    max_size=12,
)
folders = st.sampled_from(["", "a/", "year=2026/", "year=2026/month=01/", "ü/", "//", "a b/c"])


@examples(100)
@given(keys, folders, st.sampled_from(["s3v4", "s3"]), st.booleans())
def test_bulk_links_are_the_bytes_of_single_links(names, folder, version, upload):
    """Whatever the keys, their order and their folders, in V4 and V2."""
    store = daypass.Store(
        "s3://bucket/in", storage_options=STATIC, signer_options={"signature_version": version}
    )
    names = [folder + name for name in names]
    names += [name for name in names if name.isascii()]  # the same keys again
    options = {"method": "PUT", "content_type": "a/b"} if upload else {"filename": "x ü"}
    batch = store.create_signed_urls(names, signing_time=NOW, **options)
    alone = [store.create_signed_url(name, signing_time=NOW, **options) for name in names]

    assert alone == list(batch)
    assert [link.url for link in alone] == batch.urls

    with wanting():
        alike = store.create_signed_urls(names, signing_time=NOW, **options)
    assert [alike[row] for row in range(len(names))] == alone
    assert alike.urls == batch.urls


def test_arrow_alone_is_given_no_texts():
    """A list is made faster than it is written out later."""
    store = daypass.Store("s3://bucket", storage_options=STATIC)
    assert isinstance(store.create_signed_urls(["a", "b"]).lazy_urls, list)
    with wanting():
        assert isinstance(store.create_signed_urls(["a", "b"]).lazy_urls, AlikeURLs)


def test_a_batch_over_http(store):
    """A sample of a batch is accepted by a server that verifies."""
    names = [f"day={day}/a b+{day}.csv" for day in range(40)]
    ups = store.create_signed_urls(names, method="PUT", content_type="text/csv")
    assert ups.headers == {"Content-Type": "text/csv"}
    for link in ups[::7]:
        assert send(link, link.path.encode()).status == 200
    for link in store.create_signed_urls(names)[::7]:
        assert send(link).body == link.path.encode()


def test_whole_paths_keep_their_order_across_buckets():
    """Buckets may alternate; each row is its own path's link."""
    paths = [f"s3://{bucket}/{key}" for key in ("a", "b c", "ü") for bucket in ("one", "two")]
    batch = daypass.create_signed_urls(paths, storage_options=STATIC, signing_time=NOW)

    assert paths == [link.path for link in batch]
    alone = [
        daypass.create_signed_url(path, storage_options=STATIC, signing_time=NOW) for path in paths
    ]
    assert alone == list(batch)
    assert batch.expires_at == NOW + timedelta(hours=1)
    assert batch.ends() == [NOW + timedelta(hours=1)] * 6


def test_an_iterator_gives_an_iterator_and_reads_no_further_than_a_chunk(monkeypatch):
    """Ten million paths need the memory of one chunk."""
    monkeypatch.setattr(bulk, "CHUNK", 10)
    read = []

    def paths():
        for number in range(1000):
            read.append(number)
            yield f"s3://bucket/{number}"

    links = daypass.create_signed_urls(paths(), storage_options=STATIC)
    assert read == []
    assert next(links).path == "s3://bucket/0"
    assert len(read) == 10
    assert sum(1 for _ in links) == 999
    gc.collect()


def test_a_bad_row_names_its_number(monkeypatch):
    """The first bad row is named, counted over the whole call; nothing of its chunk leaves."""
    monkeypatch.setattr(bulk, "CHUNK", 4)
    paths = [f"s3://bucket/{number}" for number in range(10)]
    paths[6] = "s3://bucket/../6"
    with pytest.raises(daypass.InvalidPathError, match=r"^row 6, .*: .*'\.\.' segment") as caught:
        daypass.create_signed_urls(paths, storage_options=STATIC)
    assert caught.value.row == 6

    store = daypass.Store("s3://bucket", storage_options=STATIC)
    for bad in ("", "a\nb", "x" * 2000, 5, None, b"k"):
        with pytest.raises(daypass.DaypassError) as caught:
            store.create_signed_urls(["good", bad])
        assert caught.value.row == 1


def test_the_first_bad_row_is_named_whatever_is_wrong_with_it():
    """A bad value before a bad key, a bad key before a bad path, and in one of several buckets."""
    md5s = [None, "no MD5", None, None]
    paths = ["s3://a/0", "s3://b/1", "s3://a/../2", ""]

    def fault(rows, **columns):
        with pytest.raises(daypass.DaypassError) as caught:
            daypass.create_signed_urls(rows, method="PUT", storage_options=STATIC, **columns)
        assert str(caught.value).startswith(f"row {caught.value.row}")
        return caught.value.row, str(caught.value)

    assert fault(paths, content_md5=md5s)[0] == 1
    assert fault([*paths[:3], ""], content_md5=[None] * 4)[0] == 2
    assert fault(["s3://a/0", "s3://b/../1", "s3://a/../2"])[0] == 1
    row, said = fault(["s3://a/0", "maps/1", "s3://a/2"])
    assert (row, "'maps/1' names no protocol of a store" in said) == (1, True)
    collected = daypass.create_signed_urls(
        paths, method="PUT", storage_options=STATIC, content_md5=md5s, errors="collect"
    )
    assert sorted(collected.errors) == [1, 2, 3]
    assert collected[0].path == "s3://a/0"


def test_a_root_that_fails_is_told_by_its_first_row_where_there_are_others():
    """Of one root alone it is no row's fault."""
    paths = ["s3://a/0", "gs://b/1", "s3://a/2"]
    with pytest.raises(daypass.DaypassError) as caught:
        daypass.create_signed_urls(paths, storage_options={**STATIC, "anon": False})
    assert caught.value.row == 1


def test_no_row_shows_a_secret_of_its_path():
    path = "https://me:planted@host.example/k?X-Amz-Signature=planted"
    with pytest.raises(daypass.DaypassError) as caught:
        daypass.create_signed_urls(["s3://a/0", path], storage_options=STATIC)
    assert caught.value.row == 1
    assert "planted" not in str(caught.value)


def test_errors_can_be_collected(monkeypatch):
    """Good rows are signed, bad rows keep their error, and asking for one raises it."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    paths = ["s3://bucket/a", "s3:///b", "memory://c", "s3://bucket/./d", "s3://bucket/e"]
    batch = daypass.create_signed_urls(
        paths, storage_options={"s3": STATIC}, signing_time=NOW, errors="collect"
    )
    assert [url is None for url in batch.urls] == [False, True, True, True, False]
    assert sorted(batch.errors) == [1, 2, 3]
    assert isinstance(batch.errors[2], NotImplementedError)
    assert batch[4].path == "s3://bucket/e"
    with pytest.raises(daypass.InvalidPathError):
        batch[3]
    assert repr(batch) == "<SignedURLBatch of 5 links, 3 failed>"


def test_per_row_columns():
    """What belongs to one object comes as a column; each row has headers of its own."""
    store = daypass.Store("s3://bucket", storage_options=STATIC)
    md5s = [bytes([number]) * 16 for number in range(3)]
    batch = store.create_signed_urls(
        ["a", "b", "c"],
        method="PUT",
        content_md5=md5s,
        content_length=iter([1, 2, None]),
        signing_time=NOW,
    )
    alone = [
        store.create_signed_url(
            key, method="PUT", content_md5=md5, content_length=size, signing_time=NOW
        )
        for key, md5, size in zip("abc", md5s, (1, 2, None), strict=True)
    ]
    assert alone == list(batch)
    with pytest.raises(daypass.InvalidRequestError, match="different headers"):
        _ = batch.headers
    versions = store.create_signed_urls(["a", "b"], version=["v1", None])
    assert ["versionId=v1" in url for url in versions.urls] == [True, False]

    for short in (["v1"], ["v1", "v2", "v3"]):
        with pytest.raises(daypass.InvalidRequestError, match="one value for each row"):
            store.create_signed_urls(["a", "b"], version=short)
    with pytest.raises(daypass.InvalidRequestError, match=r"row 1, .*: content_md5"):
        store.create_signed_urls(["a", "b"], method="PUT", content_md5=[md5s[0], "x"])


@pytest.mark.parametrize("rows", ["s3://bucket/k", b"k", 5, None])
def test_one_path_is_not_many(rows):
    with pytest.raises(daypass.InvalidPathError, match="iterable"):
        daypass.create_signed_urls(rows, storage_options=STATIC)


def test_empty_input_and_options():
    store = daypass.Store("s3://bucket", storage_options=STATIC)
    assert list(store.create_signed_urls([])) == []
    assert store.create_signed_urls([]).urls == []
    assert store.create_signed_urls([]).headers == {}
    assert list(store.create_signed_urls(iter([]))) == []
    with pytest.raises(daypass.InvalidRequestError, match="no end"):
        _ = store.create_signed_urls([]).expires_at
    with pytest.raises(daypass.UnknownOptionError, match="expires_in"):
        store.create_signed_urls(["k"], expires_n=5)
    with pytest.raises(daypass.InvalidRequestError, match="collect"):
        store.create_signed_urls(["k"], errors="ignore")


def test_credentials_that_end_in_the_middle_are_refreshed_between_chunks(monkeypatch):
    """Every URL's end is true: each chunk is signed with the keys of its moment."""
    monkeypatch.setattr(bulk, "CHUNK", 5)
    start = datetime.now(UTC).replace(microsecond=0)
    made = []

    def refresh():
        made.append(1)
        end = start + (timedelta(minutes=30) if len(made) == 1 else timedelta(hours=9))
        return {
            "access_key": f"ASIA{len(made)}",
            "secret_key": "x",
            "token": "t",
            "expiry_time": end.isoformat(),
        }

    role = botocore.credentials.RefreshableCredentials(
        "ASIA0", "x", "t", start + timedelta(minutes=20), refresh, "test"
    )
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda self: role)
    store = daypass.Store(
        "s3://bucket", storage_options={"client_kwargs": {"region_name": "us-east-1"}}
    )
    with pytest.warns(daypass.ShortLivedURLWarning):
        batch = store.create_signed_urls([f"k{n}" for n in range(10)], expires_in="1h")
    ends = batch.ends()
    assert ends[:5] == [start + timedelta(minutes=30)] * 5
    assert all(end >= start + timedelta(minutes=59) for end in ends[5:])
    assert batch.expires_at == start + timedelta(minutes=30)
    assert "ASIA1" in batch.urls[0]
    assert "ASIA2" in batch.urls[9]
    assert batch[0].expires_because != "requested"
    assert batch[9].expires_because == "requested"


def test_nothing_shows_a_url():
    batch = daypass.create_signed_urls(["s3://bucket/k"], storage_options=STATIC)
    assert "Signature" not in repr(batch)
    assert "Signature" not in str(batch)


def test_what_no_row_is_to_blame_for_names_no_row():
    """Credentials that are missing are not row 0's fault."""
    with pytest.raises(daypass.CredentialsError, match=r"^the filesystem is anonymous") as caught:
        daypass.create_signed_urls(["s3://bucket/k"], storage_options={"anon": True})
    assert caught.value.row is None
    batch = daypass.create_signed_urls(
        ["s3://bucket/k", "s3://bucket/l"], storage_options={"anon": True}, errors="collect"
    )
    assert [type(error) for error in batch.errors.values()] == [daypass.CredentialsError] * 2
