"""Record batches in, record batches out: every kind of column, and nothing secret in a pickle."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import daypass
from daypass import arrow, errors
from daypass.arrow import signing
from daypass.errors import ObjectNotFoundError
from daypass.model.metadata import ObjectMetadata
from daypass.model.options import SECRET
from tests.conftest import examples
from tests.core import fakes

NOW = fakes.NOW
GONE = "it is gone"
PATHS = ["fake://b/a", "fake://b/a b/ü+%2F#?", "fake://c/a", "fake://b/a"]


def single(path, **options):
    return daypass.create_signed_url(path, signing_time=NOW, **options)


@pytest.fixture(autouse=True)
def backend(fake):
    return fake


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array(PATHS), pa.string()),
        (pa.array(PATHS, pa.large_string()), pa.large_string()),
        (pa.array(PATHS, pa.string_view()), pa.string()),
        (pa.array(PATHS).dictionary_encode(), pa.string()),
        (pa.array(PATHS, pa.large_string()).dictionary_encode(), pa.large_string()),
        (pa.array(["x", *PATHS, "x"]).slice(1, 4), pa.string()),
    ],
)
def test_links_are_those_of_single_calls_whatever_holds_the_paths(column, text):
    batch = pa.record_batch({"n": pa.array(range(4)), "path": column})
    signed = arrow.sign_batch(batch, signing_time=NOW)
    assert isinstance(signed, pa.RecordBatch)
    assert signed.schema.names == ["n", "path", "url", "expires_at"]
    assert signed.schema.field("url").type == text
    assert signed.column("url").to_pylist() == [single(path).url for path in PATHS]
    assert signed.column("expires_at").to_pylist() == [NOW + timedelta(hours=1)] * 4
    assert signed.column("path").equals(column)
    assert signed.schema == arrow.Signer(signing_time=NOW).schema(batch.schema)
    signed.validate(full=True)


def test_a_table_of_many_chunks_stays_one():
    column = pa.chunked_array([PATHS[:1], [], PATHS[1:]])
    table = pa.table({"path": column}, metadata={"who": "me"})
    signed = arrow.sign_batch(table, url="link", end="until", signing_time=NOW)
    assert isinstance(signed, pa.Table)
    assert signed.column("link").to_pylist() == [single(path).url for path in PATHS]
    assert signed.schema.names == ["path", "link", "until"]
    assert signed.schema.metadata == {b"who": b"me"}


@pytest.mark.parametrize(
    "empty",
    [
        pa.record_batch({"path": pa.array([], pa.string())}),
        pa.table({"path": pa.array([], pa.string())}),
        pa.table({"path": pa.chunked_array([], pa.string())}),
        pa.table({"path": pa.array([None, None], pa.null())}),
    ],
)
def test_nothing_in_nothing_out(empty):
    signed = arrow.sign_batch(empty)
    assert signed.schema.names == ["path", "url", "expires_at"]
    assert signed.num_rows == empty.num_rows
    assert signed.column("url").null_count == empty.num_rows
    assert signed.column("expires_at").type == pa.timestamp("us", tz="UTC")


def test_a_null_has_no_link_and_is_no_error():
    batch = pa.record_batch({"path": [None, PATHS[0], None]})
    signed = arrow.sign_batch(batch, signing_time=NOW)
    assert signed.column("url").to_pylist() == [None, single(PATHS[0]).url, None]
    assert signed.column("expires_at").is_null().to_pylist() == [True, False, True]


def test_a_bad_row_names_its_number_or_is_collected(monkeypatch):
    """One bad row in many, in a chunk far from the first."""
    monkeypatch.setattr(signing, "PIECE", 10)
    paths = [f"fake://b/{number}" for number in range(95)] + [None]
    paths[67] = "fake://b/../x"
    batch = pa.record_batch({"path": paths})
    with pytest.raises(daypass.InvalidPathError, match=r"^row 67, .*: .*'\.\.' segment") as caught:
        arrow.sign_batch(batch)
    assert caught.value.row == 67

    signed = arrow.sign_batch(batch, errors="collect", error="why")
    assert signed.column("url").is_null().to_pylist() == [n in (67, 95) for n in range(96)]
    whys = signed.column("why").to_pylist()
    assert "'..' segment" in whys[67]
    assert {*whys[:67], *whys[68:]} == {None}


def test_columns_of_what_belongs_to_one_object():
    md5s = [bytes([number]) * 16 for number in range(2)]
    batch = pa.record_batch(
        {
            "path": PATHS[:2],
            "hash": pa.array(md5s),
            "bytes": pa.array([1, None]),
            "sums": pa.array(["A" * 43 + "=", None]).dictionary_encode(),
        }
    )
    signed = arrow.sign_batch(
        batch,
        method="PUT",
        content_md5="hash",
        content_length="bytes",
        checksum_sha256="sums",
        signing_time=NOW,
    )
    assert signed.column("url").to_pylist() == [
        single(PATHS[0], method="PUT", content_md5=md5s[0], content_length=1).url,
        single(PATHS[1], method="PUT", content_md5=md5s[1]).url,
    ]
    versions = pa.record_batch({"path": PATHS[:2], "v": ["1", None]})
    assert arrow.sign_batch(versions, version="v").num_rows == 2


def test_with_head_adds_the_twin_and_the_size(backend):
    batch = pa.record_batch({"path": [*PATHS[:2], None]})
    signed = arrow.sign_batch(batch, with_head=True, signing_time=NOW, expires_in=60)
    assert signed.schema.names == ["path", "url", "expires_at", "head_url", "size"]
    assert signed.column("head_url").to_pylist() == [
        *(single(path, method="HEAD", expires_in=60).url for path in PATHS[:2]),
        None,
    ]
    assert signed.column("size").to_pylist() == [3, 3, None]


def test_with_head_an_object_that_is_missing_is_an_error_of_its_row(registry_of):
    def head(location):
        if location.key == "gone":
            raise ObjectNotFoundError
        return ObjectMetadata(path=location.path, key=location.key, size=1)

    registry_of({"fake": fakes.backend(head=head)})
    batch = pa.record_batch({"path": ["fake://b/here", "fake://b/gone"]})
    with pytest.raises(ObjectNotFoundError, match="row 1"):
        arrow.sign_batch(batch, with_head=True)
    signed = arrow.sign_batch(batch, with_head=True, errors="collect")
    assert signed.column("size").to_pylist() == [1, None]
    assert signed.column("error").is_null().to_pylist() == [True, False]
    assert signed.column("url").null_count == 0


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"path": "nope"}, "one column 'nope': there are path, n"),
        ({"url": "n"}, "have a column 'n' already"),
        ({"end": "url"}, "a name of its own"),
        ({"url": ""}, "a name of its own"),
        ({"path": "n"}, "holds int64"),
        ({"version": "nope"}, "one column 'nope'"),
        ({"expires_n": 1}, "expires_in"),
        ({"errors": "ignore"}, "collect"),
        ({"with_head": True, "method": "PUT"}, "goes with method='GET'"),
    ],
)
def test_what_does_not_fit_is_said(options, hint):
    batch = pa.record_batch({"path": PATHS, "n": pa.array(range(4))})
    with pytest.raises(daypass.InvalidRequestError, match=hint):
        arrow.sign_batch(batch, **options)


def test_it_takes_batches_and_tables_only():
    with pytest.raises(daypass.InvalidRequestError, match="not list"):
        arrow.sign_batch(PATHS)


def test_one_column_alone():
    signer = arrow.Signer(signing_time=NOW)
    expected = [single(path).url for path in PATHS]
    assert signer.urls(PATHS).equals(pa.array(expected))
    assert signer.urls(pa.chunked_array([PATHS[:2], PATHS[2:]])).to_pylist() == expected
    assert isinstance(signer.urls(pa.chunked_array([], pa.string())), pa.ChunkedArray)
    assert len(signer.urls(pa.array([], pa.string()))) == 0
    with pytest.raises(daypass.InvalidRequestError, match="call the signer"):
        arrow.Signer(version="v").urls(PATHS)


@examples(60)
@given(
    st.lists(
        st.none()
        | st.text(
            st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"),
            min_size=1,
            max_size=20,
        ).filter(lambda key: "::" not in key and not {".", ".."} & set(key.split("/"))),
        max_size=30,
    ),
    st.integers(1, 7),
    st.booleans(),
)
def test_any_keys_in_any_chunks(keys, size, large):
    """Keys that need escaping, the same key twice, nulls: as single calls, in the same order."""
    paths = [None if key is None else f"fake://b/{key}" for key in [*keys, *keys]]
    kind = pa.large_string() if large else pa.string()
    table = pa.table({"path": pa.array(paths, kind)})
    chunked = pa.Table.from_batches(table.to_batches(max_chunksize=size), table.schema)
    signed = arrow.sign_batch(chunked, signing_time=NOW)
    assert signed.column("url").to_pylist() == [path and single(path).url for path in paths]


def test_a_signer_travels_without_a_secret():
    for options in (
        {"storage_options": {"profile": "maps", "client_kwargs": {"region_name": "eu"}}},
        {"storage_options": {"token": "google_default", "endpoint_url": "http://x.example"}},
        {"storage_options": {"token": "keys.json", "key": None, "anon": False, "key_file": "/k"}},
        {"signer_options": {"signature_version": "v9"}, "expires_in": timedelta(hours=1)},
        {"expires_at": datetime(2030, 1, 1, tzinfo=UTC), "metadata": {"key": "x"}, "method": "PUT"},
    ):
        signer = arrow.Signer(**options)
        twin = pickle.loads(pickle.dumps(signer))
        assert vars(twin) == vars(signer)
        assert repr(twin) == repr(signer)


@pytest.mark.parametrize(
    "options",
    [
        {"storage_options": {"key": "AK", "secret": fakes.SECRET}},
        {"storage_options": {"secret": fakes.SECRET}},
        {"storage_options": {"token": fakes.SECRET}},
        {"storage_options": {"s3": {"client_kwargs": {"aws_secret_access_key": fakes.SECRET}}}},
        {"storage_options": {"connection_string": fakes.SECRET}},
        {"storage_options": {"account_key": fakes.SECRET}},
        {"storage_options": {"sas_token": fakes.SECRET}},
        {"storage_options": {"clientSecret": fakes.SECRET}},
        {"storage_options": {"s3_additional_kwargs": {"SSECustomerKey": fakes.SECRET}}},
        {"storage_options": {"url": f"redis://:{fakes.SECRET}@localhost"}},
        {"storage_options": {"credential": object()}},
        {"storage_options": {"anything": object()}},
        {"storage_options": {"list": [{"password": fakes.SECRET}]}},
        {"headers": {"x-amz-server-side-encryption-customer-key": fakes.SECRET}},
        {"fs": object()},
    ],
)
def test_a_secret_is_refused_and_never_shown(options):
    signer = arrow.Signer(**options)
    assert fakes.SECRET not in repr(signer)
    for travel in (pickle.dumps, copy.deepcopy):
        with pytest.raises(daypass.InvalidRequestError, match=r"environment, a profile") as caught:
            travel(signer)
        assert fakes.SECRET not in str(caught.value)


@pytest.mark.parametrize("name", sorted(SECRET))
def test_options_whose_values_are_secrets_do_not_travel(name):
    """Whatever they hold, and however a header or a parameter is called."""
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    value = key if name == "encryption_key" else {"x-origin-verify": key}
    signer = arrow.Signer(**{name: value})
    assert key not in repr(signer)
    for travel in (pickle.dumps, copy.deepcopy):
        with pytest.raises(daypass.InvalidRequestError, match=f"pickled with {name}") as caught:
            travel(signer)
        assert caught.value.option == name
        assert key not in str(caught.value)


def test_a_store_travels_without_cache_filesystem_or_secret():
    store = daypass.Store(
        "fake://b/in",
        storage_options={"profile": "maps"},
        signer_options={"signature_version": "v8"},
        public_endpoint="https://x.example",
        caller="me",
    )
    store.location.cache["signer"] = object()
    twin = pickle.loads(pickle.dumps(store))
    assert twin.location.cache == {}
    assert twin.caller == "me"
    assert (
        twin.create_signed_url("k", signing_time=NOW).url
        == store.create_signed_url("k", signing_time=NOW).url
    )
    assert vars(twin.location) | {"cache": 0, "_open": 0} == vars(store.location) | {
        "cache": 0,
        "_open": 0,
    }
    with pytest.raises(daypass.InvalidRequestError, match="a Store cannot be pickled") as caught:
        pickle.dumps(daypass.Store("fake://b", storage_options={"secret": fakes.SECRET}))
    assert fakes.SECRET not in str(caught.value)


def test_a_child_begins_without_what_its_parent_has_open():
    """In a process of its own, with one thread, so that nothing but daypass decides."""
    code = """
import os
from daypass import Store
from daypass.store import prepared
store = Store("memory://", storage_options={})
store.location.cache["signer"] = "the parent's"
before = store.location.fs
prepared._roots_lock.acquire()
store.location._open._lock.acquire()
child = os.fork()
if not child:
    good = store.location.fs is not before and store.location.cache == {}
    with prepared._roots_lock:
        os._exit(0 if good else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert store.location.fs is before and store.location.cache
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_many_heads_as_a_list_and_as_a_table(registry_of):
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def head(location):
        if location.key == "gone":
            raise ObjectNotFoundError(GONE)
        return ObjectMetadata(
            path=location.path,
            key=location.key,
            size=len(location.key),
            etag="e",
            last_modified=moment,
        )

    registry_of({"fake": fakes.backend(head=head)})
    paths = ["fake://b/one", "fake://b/gone", "fake://b/three", "fake://b/one"]
    found = daypass.head_metadata_many(paths, concurrency=2)
    assert [getattr(one, "size", None) for one in found] == [3, None, 5, 3]
    assert isinstance(found[1], ObjectNotFoundError)
    table = arrow.head_metadata_many(pa.chunked_array([[*paths, None]]))
    assert table.column("size").to_pylist() == [3, None, 5, 3, None]
    assert table.column("last_modified").to_pylist()[0] == moment
    assert table.column("error").to_pylist()[:4] == [None, "it is gone", None, None]
    assert table.schema.names == [
        *("path", "size", "etag", "content_md5", "content_type", "last_modified", "error")
    ]
    with pytest.raises(ObjectNotFoundError, match="row 1: it is gone") as caught:
        daypass.head_metadata_many(paths, errors="raise")
    assert caught.value.row == 1
    assert daypass.head_metadata_many([]) == []
    assert arrow.head_metadata_many(pa.array([], pa.string())).num_rows == 0


def test_heads_are_bounded_and_in_order(registry_of):
    """No more at once than asked for, and an iterator is read no further ahead than a few."""
    for thread in threading.enumerate():  # what an error of a test before it has left at work
        if thread.name.startswith("daypass-head"):
            thread.join(30)
    lock, running, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2, timeout=30)

    def head(location):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        both.wait()  # two are always at work together
        with lock:
            running[0] -= 1
        return ObjectMetadata(path=location.path, key=location.key, size=int(location.key))

    registry_of({"fake": fakes.backend(head=head)})
    read = []

    def paths():
        for number in range(100):
            read.append(number)
            yield f"fake://b/{number}"

    heads = daypass.head_metadata_many(paths(), concurrency=2)
    assert read == []
    assert next(heads).size == 0
    assert len(read) <= 8
    assert [head.size for head in heads] == list(range(1, 100))
    assert most[0] == 2


def test_heads_that_nobody_reads_to_their_end_end_in_any_thread(registry_of):
    """Whichever thread happens to collect the generator, one of its own too."""
    read = threading.Event()
    told = []

    def head(location):
        if location.key == "2":
            assert read.wait(timeout=30)
            try:
                heads.close()
            except RuntimeError as error:
                told.append(error)
        return ObjectMetadata(path=location.path, key=location.key)

    registry_of({"fake": fakes.backend(head=head)})
    heads = daypass.head_metadata_many((f"fake://b/{n}" for n in range(8)), concurrency=1)
    assert next(heads).key == "0"
    assert next(heads).key == "1"
    read.set()
    for thread in threading.enumerate():
        if thread.name.startswith("daypass-head"):
            thread.join(timeout=30)
    assert list(heads) == []
    assert told == []


@pytest.mark.parametrize(
    ("paths", "options"),
    [
        ("fake://b/k", {}),
        (5, {}),
        (["fake://b/k"], {"concurrency": 0}),
        (["fake://b/k"], {"concurrency": True}),
        (["fake://b/k"], {"errors": "ignore"}),
        (["fake://b/k"], {"version": []}),
        (["fake://b/k"], {"version": ["1", "2"]}),
    ],
)
def test_what_is_wrong_with_all_heads_is_said(paths, options):
    with pytest.raises(errors.InvalidRequestError):
        daypass.head_metadata_many(paths, **options)


def test_pyarrow_is_imported_when_it_is_needed_and_named_when_it_is_missing(tmp_path):
    (tmp_path / "pyarrow.py").write_text("raise ImportError('not here')")
    code = """
import sys
import daypass.arrow, daypass.cli.sign, daypass.cli.head
assert "pyarrow" not in sys.modules
try:
    daypass.arrow.sign_batch(None)
except ImportError as error:
    assert "pip install 'daypass[arrow]'" in str(error), error
else:
    raise SystemExit("it was not missing")
"""
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "", "HOME": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, check=True, timeout=60
    )


def test_a_worker_prepares_its_store_once(backend):
    """However many batches: the prepared store is found again, unless the environment changes."""
    signer = pickle.loads(pickle.dumps(arrow.Signer(storage_options={"profile": "maps"})))
    for _ in range(5):
        signer(pa.record_batch({"path": PATHS[:2]}))
    assert len({id(location.cache) for location, _ in backend.seen}) == 1
