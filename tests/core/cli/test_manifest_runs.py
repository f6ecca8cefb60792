"""``daypass sign --from`` between pipes, in processes and on a terminal: one result, and what is said beside it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from daypass.manifest import run
from tests.core.cli.manifests import NOW, hidden, write


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


def test_a_terminal_sees_how_far_it_is(on_terminal, credentials, tmp_path):
    rows = [{"path": f"s3://b/{n}"} for n in range(2 * run.CHUNK)]
    for kind in ("parquet", "csv"):
        write(tmp_path / f"in.{kind}", rows)
        code, shown = on_terminal("sign", "--from", f"in.{kind}", "--to", "out.csv")
        assert code == 0
        assert "signing" in shown
        assert "rows/s" in shown
