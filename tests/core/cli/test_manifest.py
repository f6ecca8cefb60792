"""``daypass sign --from``: every format into every other, every column, and what is said of what does not fit."""

from __future__ import annotations

import stat
from datetime import UTC, datetime

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import daypass as library
from daypass.cli.manifest import options
from daypass.cli.run import run as command
from daypass.manifest import plan, run
from tests.core import fakes
from tests.core.cli.manifests import KEYS, NOW, ROWS, hidden, read, signed, write


def urls(paths=None):
    now = datetime.fromisoformat(NOW)
    paths = [row["path"] for row in ROWS] if paths is None else paths
    return [library.create_signed_url(path, signing_time=now).url for path in paths]


@pytest.mark.parametrize("chunk", [2, 100])
@pytest.mark.parametrize("target", ["parquet", "csv", "ndjson", "txt"])
@pytest.mark.parametrize("source", ["parquet", "csv", "ndjson", "txt"])
def test_every_format_into_every_other(tmp_path, fake, monkeypatch, source, target, chunk):
    """The links are those of single calls, in order; all other columns are there."""
    monkeypatch.setattr(run, "CHUNK", chunk)
    given = write(tmp_path / f"in.{source}")
    out = tmp_path / f"out.{target}"
    assert signed(given, out, "--signing-time", NOW, "--jobs", "1") == 0
    found = read(out)
    assert [row["url"] for row in found] == urls()
    if target != "txt":
        assert [row["path"] for row in found] == [row["path"] for row in ROWS]
        assert "13:00:00" in str(found[0]["expires_at"])
        if source != "txt":
            assert [int(row["n"]) for row in found] == [0, 1, 2, 3, 4]
            names = ["path", "n", "url", "expires_at"]
            assert list(found[0]) == names
    assert hidden(tmp_path) == []
    assert stat.S_IMODE(out.stat().st_mode) == 0o600  # it holds links


@pytest.mark.parametrize("target", ["parquet", "csv", "ndjson", "txt"])
@pytest.mark.parametrize("source", ["parquet", "csv", "ndjson", "txt"])
def test_nothing_in_nothing_out(tmp_path, fake, source, target):
    given, out = tmp_path / f"in.{source}", tmp_path / f"out.{target}"
    if source == "parquet":
        pq.write_table(pa.table({"path": pa.array([], pa.string())}), given)
    else:
        given.write_text("path\n" if source == "csv" else "")
    assert signed(given, out) == 0
    assert read(out) == []
    if target == "parquet":
        assert pq.read_schema(out).names == ["path", "url", "expires_at"]
    if target == "csv":
        assert out.read_text() == "path,url,expires_at\n"


def test_parquet_keeps_its_types_and_can_be_read_by_others(tmp_path, fake, monkeypatch):
    """Pieces put together by their bytes are one file to three independent readers."""
    monkeypatch.setattr(run, "CHUNK", 7)
    table = pa.table(
        {
            "path": pa.array([f"fake://b/{n}" for n in range(50)], pa.large_string()),
            "when": pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * 50),
            "tags": pa.array([["a", None], []] * 25),
            "more": pa.array([{"x": 1.5, "y": None}] * 50, pa.struct({"x": "f8", "y": "i4"})),
            "kind": pa.array(["u", "v"] * 25).dictionary_encode(),
            "flag": pa.array([True, None] * 25),
        },
        metadata={"who": "me"},
    )
    given, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table, given, row_group_size=20)
    assert signed(given, out, "--signing-time", NOW, "--jobs", "1") == 0

    found = pq.read_table(out)
    assert found.drop_columns(["url", "expires_at"]).equals(table)
    assert found.schema.metadata[b"who"] == b"me"
    assert pq.ParquetFile(out).metadata.num_row_groups > 7
    expected = urls([f"fake://b/{n}" for n in range(50)])
    assert found["url"].to_pylist() == expected
    assert pl.read_parquet(out)["url"].to_list() == expected
    with duckdb.connect() as connection:
        rows = connection.execute("select url, tags, n.x from (select url, tags, more as n "
                                  f"from '{out}')").fetchall()  # fmt: skip
    assert rows[0] == (expected[0], ["a", None], 1.5)
    # By any row group alone, and by its bounds.
    assert pq.ParquetFile(out).read_row_group(3)["path"].to_pylist()[0].startswith("fake://b/")
    assert pq.read_table(out, filters=[("path", "=", "fake://b/33")]).num_rows == 1


def test_one_bad_row_stops_all_or_is_collected(tmp_path, fake, monkeypatch, capsys):
    monkeypatch.setattr(run, "CHUNK", 10)
    rows = [{"path": f"fake://b/{n}"} for n in range(95)]
    rows[67]["path"] = "fake://b/../x"
    for kind in ("parquet", "csv", "ndjson", "txt"):
        given, out = write(tmp_path / f"in.{kind}", rows), tmp_path / f"out.{kind}"
        assert signed(given, out, "--jobs", "1") == 2
        told = capsys.readouterr().err
        assert told.startswith("daypass: error: row 67, ")
        assert "--allow-dot-segments" in told
        assert not out.exists()
        assert hidden(tmp_path) == []

        assert signed(given, out, "--errors", "collect", "--jobs", "1") == 1
        assert "1 of 95 rows failed" in capsys.readouterr().err
        found = read(out)
        assert [n for n, row in enumerate(found) if not row["url"]] == [67]
        if kind != "txt":
            assert "--allow-dot-segments" in found[67]["error"]
            assert not any(row["error"] for row in found[:67] + found[68:])


def test_a_row_without_a_path_stays_without_a_link(tmp_path, fake):
    rows = [{"path": None, "n": 1}, {"path": "fake://b/k", "n": 2}, {"path": None, "n": 3}]
    for source in ("parquet", "ndjson", "csv"):
        given = write(tmp_path / f"in.{source}", rows)
        for target in ("parquet", "ndjson", "csv"):
            out = tmp_path / f"out.{target}"
            assert signed(given, out, "--signing-time", NOW) == 0
            assert [row["url"] or None for row in read(out)] == [None, *urls(["fake://b/k"]), None]


def test_columns_are_read_and_named(tmp_path, fake):
    rows = [
        {"where": "fake://b/k", "md5": "AQEBAQEBAQEBAQEBAQEBAQ==", "bytes": 5, "url": "old"},
        {"where": "fake://b/l", "md5": None, "bytes": None, "url": "old"},
    ]
    expected = [
        library.create_signed_url(
            "fake://b/k",
            method="PUT",
            content_md5=rows[0]["md5"],
            content_length=5,
            signing_time=datetime.fromisoformat(NOW),
        ),
        library.create_signed_url(
            "fake://b/l", method="PUT", signing_time=datetime.fromisoformat(NOW)
        ),
    ]
    for kind in ("parquet", "csv", "ndjson"):
        given, out = write(tmp_path / f"in.{kind}", rows), tmp_path / f"out.{kind}"
        more = ["--method", "put", "--signing-time", NOW, "--column", "content_md5=md5",
                "--column", "content_length=bytes", "--column", "url=link",
                "--column", "expires_at=until"]  # fmt: skip
        assert signed(f"{given}:where", out, *more) == 0
        found = read(out)
        assert [row["link"] for row in found] == [link.url for link in expected]
        assert list(found[0]) == ["where", "md5", "bytes", "url", "link", "until"]


def test_headers_to_send_are_named_once(tmp_path, credentials, daypass):
    given = write(tmp_path / "in.txt", [{"path": "s3://b/k"}] * 3)
    done = daypass("sign", "--from", given, "--method", "PUT", "--content-type", "text/csv")
    assert done.stderr.startswith(
        "daypass: warning: the links work with headers alone (Content-Type)"
    )
    assert done.stderr.count("\n") == 1
    assert done.stdout.count("\n") == 3


def test_what_is_to_be_said_of_links_is_said_once(tmp_path, registry_of, monkeypatch, capsys):
    """However many chunks: links that end early, and what the store does not enforce."""
    monkeypatch.setattr(run, "CHUNK", 2)
    end = datetime(2026, 11, 23, 12, 1, tzinfo=UTC)

    def early(location, request):
        return fakes.honest(location, request, expires_at=end, expires_because="the keys end")

    registry_of({"fake": fakes.backend(early, enforces=fakes.EVERY_CONDITION - {"ip_range"})})
    given, out = write(tmp_path / "in.parquet"), tmp_path / "out.parquet"
    more = ["--signing-time", NOW, "--ip-range", "192.0.2.1", "--no-strict", "--jobs", "1"]
    assert signed(given, out, *more) == 0
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "the keys end (the output says when each link ends)" in told[0]
    assert told[1].endswith("the store does not enforce --ip-range")
    assert pq.read_table(out)["expires_at"].to_pylist() == [end] * 5


def test_the_paths_of_a_manifest_are_keys_below_a_root(tmp_path, fake):
    given, out = tmp_path / "keys.txt", tmp_path / "out.txt"
    given.write_text("".join(f"{key}\n" for key in KEYS))
    assert signed(given, out, "--root", "fake://b", "--signing-time", NOW, "--jobs", "1") == 0
    assert [row["url"] for row in read(out)] == urls()
    assert (
        command(
            ["head", "--from", str(given), "--to", str(tmp_path / "o.csv"), "--root", "fake://b"]
        )
        == 0
    )
    assert {row["size"] for row in read(tmp_path / "o.csv")} == {"3"}


def test_with_head_adds_the_twin_and_the_size(tmp_path, fake):
    given, out = write(tmp_path / "in.csv"), tmp_path / "out.parquet"
    assert signed(given, out, "--with-head", "--signing-time", NOW) == 0
    found = pq.read_table(out)
    assert found["size"].to_pylist() == [3] * 5
    assert found["head_url"].to_pylist() == [
        library.create_signed_url(
            row["path"], method="HEAD", signing_time=datetime.fromisoformat(NOW)
        ).url
        for row in ROWS
    ]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--from", "in.csv", "fake://b/k"], "not both"),
        (["--from", "in.csv", "--json"], "--json is for single paths"),
        (["--from", "in.csv", "--content-length", "5"], "use --column"),
        (["--from", "in.csv:nope"], "one column nope: there are path, n"),
        (["--from", "missing.csv"], "missing.csv does not exist"),
        (["--from", "in.what"], "add --from-format"),
        (["--from", "in.csv", "--to", "out"], "add --to-format"),
        (["--from", "in.csv", "--to", "nowhere/out.csv"], "does not exist"),
        (["--from", "in.csv", "--to", ".", "--to-format", "csv"], "not a regular file"),
        (["--from", "in.csv", "--column", "n=x"], "--column knows no n"),
        (["--from", "in.csv", "--column", "url=n"], "a column n already"),
        (["--from", "in.csv", "--column", "url=x", "--column", "expires_at=x"], "one name"),
        (["--from", "in.txt:path"], "has no columns"),
        (["--from", "-", "--from-format", "parquet"], "cannot be read from a pipe"),
        (["--from", "in.csv", "--resume"], "--resume needs files"),
        (["--from", "in.csv", "--expires-in", "8x"], "--expires-in"),
        (["--from", "in.csv", "--with-head", "--method", "PUT"], "--method GET"),
        (["--from", "wide.csv"], "wide.csv: line 3 has 3 fields for 2 columns"),
        (["--from", "twice.csv"], "two columns of one name"),
        (["--from", "empty.csv"], "begins with a line of column names"),
        (["--from", "broken.ndjson"], "broken.ndjson: line 2 is not a JSON object"),
        (["--from", "latin.txt"], "latin.txt: line "),
        (["--from", "broken.parquet"], "is not a Parquet file"),
        (["--from", "url.ndjson"], "a column url already"),
        (["--from", "more.ndjson", "--to", "out.csv"], "has the column y, which the first has not"),
        (["--from", "odd.ndjson", "--to", "out.parquet"], "one type for each column"),
        (["fake://b/k", "--to", "x.csv"], "--to goes with --from"),
        (["fake://b/k", "--resume"], "--resume goes with --from"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_2(
    tmp_path, fake, capsys, monkeypatch, arguments, hint
):
    monkeypatch.chdir(tmp_path)
    for kind in ("csv", "txt"):
        write(tmp_path / f"in.{kind}")
    (tmp_path / "in.what").touch()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "wide.csv").write_text("path,n\nfake://b/k,1\nfake://b/l,2,3\n")
    (tmp_path / "twice.csv").write_text("path,path\n")
    (tmp_path / "broken.ndjson").write_text('{"path": "fake://b/k"}\n[1]\n')
    (tmp_path / "broken.parquet").write_text("PAR1 is how it begins, and no more of it is true")
    (tmp_path / "latin.txt").write_bytes(b"fake://b/k\nfake://b/\xfc\n")
    (tmp_path / "url.ndjson").write_text('{"path": "fake://b/k", "url": 1}\n')
    (tmp_path / "more.ndjson").write_text(
        '{"path": "fake://b/k"}\n{"path": "fake://b/l", "y": 1}\n'
    )
    (tmp_path / "odd.ndjson").write_text(
        '{"path": "fake://b/k"}\n{"path": "fake://b/l", "y": 1}\n{"path": 5, "y": "x"}\n'
    )
    code = command(["sign", *arguments])
    told = capsys.readouterr()
    assert hint in told.err
    assert told.err.count("\n") == 1
    assert code == 2
    assert hidden(tmp_path) == []
    assert not list(tmp_path.glob("out.*"))


def test_text_and_csv_need_no_pyarrow_and_parquet_says_what_it_needs(
    daypass, credentials, tmp_path
):
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "pyarrow.py").write_text("raise ImportError('not here')")
    credentials["PYTHONPATH"] = str(tmp_path / "blocked")
    write(tmp_path / "in.csv", [{"path": "s3://b/k"}])
    done = daypass("sign", "--from", "in.csv", "--to", "out.ndjson")
    assert (done.returncode, done.stderr) == (0, "")
    done = daypass("sign", "--from", "in.csv", "--to", "out.parquet")
    assert done.returncode == 5
    assert "pip install 'daypass[arrow]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_options_of_a_manifest_name_what_a_link_has_of_its_own():
    from daypass.model.options import PER_ROW

    assert set(options.READ) == {"path", *PER_ROW}
    assert options.FORMATS == plan.FORMATS
