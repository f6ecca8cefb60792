"""``daypass sign --from`` and ``daypass head --from``: every format, every end, a kill in the middle."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

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
from tests.stranger import send

NOW = "2026-11-23T12:00Z"
KEYS = ["a", "a b/ü+%2F#?,\"x'", "year=2026//c", "a", "\U0001f511/~"]
ROWS = [{"path": f"fake://b/{key}", "n": number} for number, key in enumerate(KEYS)]


def urls(paths=None):
    now = datetime.fromisoformat(NOW)
    paths = [row["path"] for row in ROWS] if paths is None else paths
    return [library.create_signed_url(path, signing_time=now).url for path in paths]


def write(path, rows=ROWS, **options):
    """Write rows in the format of the file's name."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, **options)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text("".join(row["path"] + "\n" for row in rows))
    return path


def read(path):
    """Read rows back; text is URLs alone."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return [{"url": line} for line in path.read_text().splitlines()]


def hidden(directory):
    return sorted(path.name for path in directory.iterdir() if path.name.startswith("."))


def signed(source, target, *more):
    return command(["sign", "--from", str(source), "--to", str(target), *map(str, more)])


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


def test_a_person_is_told_in_the_end_how_many_where_and_until_when(
    on_terminal, environment, tmp_path
):
    environment |= {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "made-up"}
    (tmp_path / "in.txt").write_text("s3://maps/a\ns3://maps/b\n")
    code, shown = on_terminal("sign", "--from", "in.txt", "--to", "out.txt", "--expires-in", "2h")
    assert code == 0
    assert "2 rows to out.txt, the first link ends 20" in (said := shown.splitlines()[-1])
    assert " UTC, in " in said
    assert "0:00:0" in shown  # the time that has gone by moves where a count stands still


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
        (["--from", "wide.csv"], "wide.csv: line 3 has 3 fields, and the first line 2"),
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


def test_piped_it_streams_and_asks_for_no_more_than_it_needs(daypass, credentials):
    """Text in, URLs out, as a filter; CSV from a pipe too."""
    done = daypass("sign", "--from", "-", input="s3://b/one\n\ns3://b/two\n")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition("?")[0].rpartition("/")[2] for line in lines] == ["one", "", "two"]
    done = daypass(
        "sign", "--from", "-:k", "--from-format", "csv", input='k,x\r\ns3://b/k,"a\n,b"\r\n'
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[0]["x"] == "a\n,b"
    assert rows[0]["url"].startswith("https://")


def test_parquet_can_be_written_to_a_pipe(daypass, credentials, tmp_path):
    with (tmp_path / "piped").open("wb") as file:
        process = subprocess.run(
            [
                Path(sys.executable).with_name("daypass"),
                "sign",
                "--from",
                "-",
                "--to-format",
                "parquet",
            ],
            input=b"s3://b/one\ns3://b/two\n",
            stdout=file,
            env=credentials,
            check=True,
            timeout=60,
        )
    assert process.returncode == 0
    assert pq.read_table(tmp_path / "piped").schema.names == ["path", "url", "expires_at"]


def test_processes_give_what_one_gives(daypass, credentials, tmp_path):
    """Several chunks, several processes: the same file, byte for byte but for nothing."""
    rows = [{"path": f"s3://b/{n}", "n": n} for n in range(3 * run.CHUNK + 5)]
    given = write(tmp_path / "in.parquet", rows)
    for jobs in (1, 2):
        done = daypass("sign", "--from", f"{given}:path", "--to", f"out{jobs}.parquet",
                       "--jobs", jobs, "--signing-time", NOW)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
    alone, together = (tmp_path / f"out{jobs}.parquet" for jobs in (1, 2))
    assert alone.read_bytes() == together.read_bytes()
    assert pq.read_table(together)["n"].to_pylist() == list(range(len(rows)))


def test_text_has_no_column_for_errors_and_says_them_beside(daypass, credentials, tmp_path):
    good, bad = ["s3://b/k"] * 3, [f"s3://b/../{n}" for n in range(12)]
    (tmp_path / "in.txt").write_text("\n".join([*good, *bad, "nope", ""]))
    done = daypass("sign", "--from", "in.txt", "--to", "out.txt", "--errors", "collect")
    assert done.returncode == 1
    assert [bool(line) for line in (tmp_path / "out.txt").read_text().splitlines()] == (
        [True] * 3 + [False] * 13
    )
    told = done.stderr.splitlines()
    assert [line.split(": ")[2] for line in told[:-1]] == [f"row {row}" for row in range(3, 13)]
    assert all("segment" in line for line in told[:-1])
    assert "13 of 16 rows failed: the first are named above" in told[-1]


def test_an_error_of_a_process_is_its_own(daypass, credentials, tmp_path):
    rows = [{"path": f"s3://b/{n}"} for n in range(3 * run.CHUNK)]
    rows[2 * run.CHUNK + 7]["path"] = "s3://b/./x"
    given = write(tmp_path / "in.parquet", rows)
    done = daypass("sign", "--from", given, "--to", "out.parquet", "--jobs", 2)
    assert done.returncode == 2
    assert done.stderr.startswith(f"daypass: error: row {2 * run.CHUNK + 7}, 's3://b/./x': ")
    assert "pass --allow-dot-segments" in done.stderr
    assert hidden(tmp_path) == []
    credentials.pop("AWS_SECRET_ACCESS_KEY")
    assert daypass("sign", "--from", given, "--to", "out.parquet", "--jobs", 2).returncode == 4
    assert hidden(tmp_path) == []


#: Signs what it is asked for, and waits behind a lock once it has signed a few chunks.
HELD = """
import fcntl
from daypass import hookimpl

@hookimpl
def record(event):
    with open({log!r}, "a+") as log:
        log.write(str(event.count) + "\\n")
        log.seek(0)
        many = len(log.readlines()) > {chunks}
    if many:
        with open({gate!r}) as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)
"""


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_kill_in_the_middle_and_resume(start, daypass, credentials, install, tmp_path, kind):
    """What was written before is neither signed again nor lost; the output is whole at every moment."""
    count = 12 * run.CHUNK
    given = write(tmp_path / f"in.{kind}", [{"path": f"s3://b/{n}", "n": n} for n in range(count)])
    log, gate = tmp_path / "signed.log", tmp_path / "gate"
    held = HELD.format(log=str(log), gate=str(gate), chunks=8)
    install("audit-plugin", "daypass.plugins", "audit", held)
    arguments = ["sign", "--from", given, "--to", f"out.{kind}", "--jobs", 2, "--expires-in", "6d"]
    out = tmp_path / f"out.{kind}"
    part, journal = (
        tmp_path / f".out.{kind}.daypass-part",
        tmp_path / f".out.{kind}.daypass-journal",
    )

    with gate.open("w") as closed:
        fcntl.flock(closed, fcntl.LOCK_EX)
        process = start(*arguments)
        while not journal.exists() or journal.read_bytes().count(b"\n") < 6:
            assert process.poll() is None
            time.sleep(0.01)
        # A second run has to wait for the first.
        other = daypass(*arguments, "--resume")
        assert (other.returncode, "another run is writing" in other.stderr) == (1, True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not out.exists()
    assert part.exists()
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert credentials["AWS_SECRET_ACCESS_KEY"] not in journal.read_text()
    kept = journal.read_bytes().count(b"\n") - 1
    assert kept >= 5

    other = daypass("sign", "--from", given, "--to", out.name, "--expires-in", "5d", "--resume")
    assert (other.returncode, "not those of the run that was killed" in other.stderr) == (2, True)

    before = len(log.read_text().split())
    assert daypass(*arguments, "--resume").returncode == 0
    # Workers that outlive their parent end their chunk: up to one each is signed for nobody.
    assert len(log.read_text().split()) - before <= count // run.CHUNK - kept + 2
    rows = read(out)
    assert [int(row["n"]) for row in rows] == list(range(count))
    assert [row["url"].partition("?")[0].rpartition("/")[2] for row in rows] == [
        str(n) for n in range(count)
    ]
    assert hidden(tmp_path) == []


@pytest.fixture
def killed(tmp_path, fake, monkeypatch):
    """Leave what a kill leaves, after three of ten chunks."""
    monkeypatch.setattr(run, "CHUNK", 10)
    given = write(tmp_path / "in.parquet", [{"path": f"fake://b/{n}", "n": n} for n in range(100)])
    out = tmp_path / "out.parquet"

    def make(*more):
        with monkeypatch.context() as patch:
            found = []

            def answered(*arguments, original=run._answered):
                for chunk in original(*arguments):
                    if len(found) == 3:
                        raise SystemExit  # as sudden, for what is on the disk
                    found.append(chunk)
                    yield chunk

            patch.setattr(run, "_answered", answered)
            with pytest.raises(SystemExit):
                signed(given, out, "--jobs", "1", *more)
        fake.seen.clear()
        return given, out

    return make


def again(fake, given, out, *more):
    """Resume; return how many rows were signed by it."""
    fake.seen.clear()
    assert signed(given, out, "--jobs", "1", "--resume", *more) == 0
    assert [row["n"] for row in read(out)] == list(range(100))
    assert [row["url"].partition("?")[0] for row in read(out)] == [
        f"https://b.fake.example/{n}" for n in range(100)
    ]
    return len(fake.seen)


def test_resume_signs_what_is_missing(killed, fake, tmp_path):
    assert again(fake, *killed()) == 70
    assert hidden(tmp_path) == []


def test_without_resume_all_is_begun_again(killed, fake, tmp_path):
    given, out = killed()
    assert signed(given, out, "--jobs", "1") == 0
    assert len(fake.seen) == 100
    assert hidden(tmp_path) == []
    assert again(fake, given, out) == 100  # nothing was left to go on with


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_what_was_cut_off_is_signed_again(killed, fake, tmp_path, cut):
    given, out = killed()
    part = tmp_path / ".out.parquet.daypass-part"
    with part.open("r+b") as file:
        file.truncate(part.stat().st_size - cut)
    assert again(fake, given, out) == 80


def test_a_journal_that_was_cut_off_is_no_trouble(killed, fake, tmp_path):
    given, out = killed()
    journal = tmp_path / ".out.parquet.daypass-journal"
    journal.write_bytes(journal.read_bytes()[:-5])
    assert again(fake, given, out) == 80
    killed()
    journal.write_bytes(journal.read_bytes()[:20])
    assert again(fake, given, out) == 100


def test_links_that_have_ended_meanwhile_are_signed_again(killed, fake):
    given, out = killed("--signing-time", "2020-01-01T00:00Z")
    assert again(fake, given, out, "--signing-time", "2020-01-01T00:00Z") == 100


def test_another_manifest_is_no_resumption(killed, fake, capsys):
    given, out = killed()
    write(given, [{"path": "fake://b/other", "n": 1}])
    assert signed(given, out, "--resume") == 2
    assert "not those of the run that was killed" in capsys.readouterr().err


def test_a_terminal_sees_how_far_it_is(on_terminal, credentials, tmp_path):
    rows = [{"path": f"s3://b/{n}"} for n in range(2 * run.CHUNK)]
    for kind in ("parquet", "csv"):
        write(tmp_path / f"in.{kind}", rows)
        code, shown = on_terminal("sign", "--from", f"in.{kind}", "--to", "out.csv")
        assert code == 0
        assert "signing" in shown
        assert "rows/s" in shown


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


def test_links_of_a_manifest_work_and_heads_are_true(daypass, real, bucket, tmp_path):
    """On a real server: PUT links from a manifest, GET links with HEAD twins, metadata of all."""
    rows = [{"path": f"s3://{bucket}/{key}", "n": n} for n, key in enumerate(KEYS[:3])]
    given = write(tmp_path / "in.ndjson", rows)
    assert daypass("sign", "--from", given, "--to", "put.ndjson", "--method", "PUT").returncode == 0
    for row in read(tmp_path / "put.ndjson"):
        assert send(link("PUT", row["url"]), b"x" * (row["n"] + 1)).status == 200

    given = write(tmp_path / "in.parquet", rows)
    done = daypass("sign", "--from", given, "--to", "get.parquet", "--with-head")
    assert (done.returncode, done.stderr) == (0, "")
    for row in read(tmp_path / "get.parquet"):
        assert send(link("GET", row["url"])).body == b"x" * (row["n"] + 1)
        assert send(link("HEAD", row["url"])).status == 403
        answer = send(link("HEAD", row["head_url"]))
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) == row["size"] == row["n"] + 1

    write(given, [*rows, {"path": f"s3://{bucket}/gone", "n": 9}, {"path": None, "n": 10}])
    done = daypass("head", "--from", given, "--to", "heads.parquet", "--jobs", "2")
    assert done.returncode == 1
    assert "1 of 5 rows failed" in done.stderr
    heads = read(tmp_path / "heads.parquet")
    assert [row["size"] for row in heads] == [1, 2, 3, None, None]
    assert all(row["etag"] and row["last_modified"] for row in heads[:3])
    assert heads[3]["error"]
    assert heads[4]["error"] is None
    done = daypass("head", "--from", given, "--errors", "raise")
    assert (done.returncode, done.stdout) == (1, "")
    assert "row 3" in done.stderr


def link(method, url):
    return library.SignedURL(
        url, method, {}, datetime.now(UTC), "", frozenset(), frozenset(), "", "s3"
    )


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--from", "in.txt", "--to", "out.txt"], "room for URLs alone"),
        (["--from", "in.csv", "--column", "content_md5=n"], "is for signing"),
        (["fake://b/k", "--from", "in.csv"], "not both"),
        (["--from", "in.csv", "--version", "1"], "use --column"),
        (["fake://b/k", "--errors", "raise"], "--errors goes with --from"),
        ([], "Missing argument"),
    ],
)
def test_what_does_not_fit_a_head_is_said(tmp_path, fake, capsys, monkeypatch, arguments, hint):
    monkeypatch.chdir(tmp_path)
    for kind in ("csv", "txt"):
        write(tmp_path / f"in.{kind}")
    assert command(["head", *arguments]) == 2
    assert hint in capsys.readouterr().err


def test_heads_of_a_manifest_name_versions(tmp_path, fake):
    given = write(
        tmp_path / "in.csv", [{"path": "fake://b/k", "v": "1"}, {"path": "fake://b/l", "v": ""}]
    )
    out = tmp_path / "out.ndjson"
    assert command(["head", "--from", str(given), "--to", str(out), "--column", "version=v"]) == 0
    assert sorted(str(location.version) for location, _ in fake.seen) == ["1", "None"]
    assert [row["size"] for row in read(out)] == [3, 3]


def test_the_options_of_a_manifest_name_what_a_link_has_of_its_own():
    from daypass.model.options import PER_ROW

    assert set(options.READ) == {"path", *PER_ROW}
    assert options.FORMATS == plan.FORMATS
