"""The first rows of Parquet files, and of files that claim to be some."""

from __future__ import annotations

import io
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Semaphore

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daypass.errors import StoreError
from daypass_links.server.pages import parquet, parquet_child


def written(table, **how):
    """Return a table as a file."""
    file = io.BytesIO()
    pq.write_table(table, file, **how)
    return file.getvalue()


def shown(file, rows=21, columns=13):
    """Return what is shown of a file, and which parts of it were read."""
    parts = []

    def part(first, length):
        parts.append((first, length))
        return file[first : first + length]

    return parquet.rows_of(len(file), part, rows, columns), parts


def test_the_first_rows_are_shown_of_the_first_columns():
    table = pa.table({"a": [1, 2, None], "b": ["x", "<b>", "z"], "c": [[1], [2, 3], None]})
    rows, _ = shown(written(table), rows=2, columns=2)
    assert rows == [["a", "b"], ["1", "x"], ["2", "<b>"]]


def test_columns_of_one_name_are_shown_apart():
    table = pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["x", "y", "x"])
    assert shown(written(table))[0] == [["x", "y", "x"], ["1", "2", "3"]]
    assert shown(written(table), columns=2)[0] == [["x", "y"], ["1", "2"]]


def test_what_python_has_no_word_for_hides_nothing_else():
    table = pa.table(
        {
            "far": pa.array([10**8, None], pa.date32()),
            "later": pa.array([10**12, 0], pa.timestamp("s")),
            "zone": pa.array([0, None], pa.timestamp("s", tz="Nowhere/Here")),
            "n": [1, 2],
        }
    )
    rows, _ = shown(written(table, use_deprecated_int96_timestamps=False))
    assert [row[3] for row in rows] == ["n", "1", "2"]
    assert rows[2][0] == rows[2][2] == ""
    assert "1970" in rows[2][1]
    assert rows[1][2] == "?"


@pytest.mark.nightly
def test_of_a_large_file_a_small_part_is_read():
    table = pa.table({"a": range(2_000_000)})
    file = written(table, compression="none", use_dictionary=False)
    rows, parts = shown(file)
    assert rows[:3] == [["a"], ["0"], ["1"]]
    assert len(file) > 15_000_000
    assert sum(length for _, length in parts) < 3_000_000


@pytest.mark.nightly
def test_columns_that_are_not_shown_are_not_read():
    table = pa.table({f"c{n:02}": range(100_000) for n in range(30)})
    file = written(table, compression="none", use_dictionary=False)
    rows, parts = shown(file)
    assert len(rows[0]) == 13
    assert sum(length for _, length in parts) < len(file) / 2


@pytest.mark.nightly
@pytest.mark.parametrize(
    "file",
    [
        b"PAR1",
        b"PAR1" + b"\0" * 100 + b"PAR1",
        b"x" * 1000,
        b"PAR1" + b"\xff" * 100 + b"\xff\xff\xff\x7fPAR1",
    ],
)
def test_what_is_no_such_file_is_not_shown(file):
    with pytest.raises(StoreError):
        shown(file)


@pytest.mark.nightly
def test_a_file_that_grows_beyond_its_memory_is_not_shown():
    text = "x" * (300 << 20)
    file = written(pa.table({"a": pa.array([text], pa.large_string())}), compression="zstd")
    assert len(file) < 1_000_000
    with pytest.raises(StoreError):
        shown(file)


@pytest.mark.nightly
def test_a_file_that_is_nested_without_end_is_not_shown():
    """What reads it may go down as deep as the file does, until there is no memory for that."""
    kind, value = pa.int32(), 1
    for _ in range(3000):
        kind, value = pa.list_(kind), [value]
    with pytest.raises(StoreError):
        shown(written(pa.table({"a": pa.array([value], kind)})))


@pytest.mark.nightly
def test_what_the_store_raises_is_raised():
    file = written(pa.table({"a": [1]}))

    def part(first, length):
        msg = "no more of it"
        raise StoreError(msg)

    with pytest.raises(StoreError, match="no more of it"):
        parquet.rows_of(len(file), part, 5, 5)


@pytest.mark.nightly
def test_more_than_the_bound_is_not_read(monkeypatch):
    monkeypatch.setattr(parquet, "_MOST", 1000)
    table = pa.table({"a": range(100_000)})
    with pytest.raises(StoreError):
        shown(written(table, compression="none", use_dictionary=False))


@pytest.mark.nightly
def test_who_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(parquet, "_PATIENCE", 0.0)
    with pytest.raises(StoreError):
        shown(written(pa.table({"a": [1]})))


def test_all_files_are_read_by_forks_of_one_process_without_credentials(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    parquet._forget()
    file = written(pa.table({"a": [1]}))
    (first, *_), _ = shown(file), shown(file)
    ((process, _),) = parquet._FORKS
    assert first == [["a"], ["1"]]
    said = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
    assert sorted(one.partition("=")[0] for one in said if one) == [
        "ARROW_DEFAULT_MEMORY_POOL",
        "JE_ARROW_MALLOC_CONF",
        "OPENBLAS_NUM_THREADS",
        "PATH",
    ]
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert "Threads:\t1\n" in status  # or a fork of it could wait for ever


@pytest.mark.nightly
def test_where_the_process_that_forks_was_ended_another_is_begun():
    file = written(pa.table({"a": [1]}))
    shown(file)
    ((process, _),) = parquet._FORKS
    process.kill()
    process.wait()
    assert shown(file)[0] == [["a"], ["1"]]
    ((other, _),) = parquet._FORKS
    assert other.pid != process.pid


@pytest.mark.nightly
def test_where_the_process_that_forks_hangs_another_is_begun(monkeypatch):
    parquet._forget()
    monkeypatch.setattr(parquet, "_PATIENCE", 0.05)
    file = written(pa.table({"a": [1]}))
    with suppress(StoreError):  # it loads what it needs first
        shown(file)
    ((process, ours),) = parquet._FORKS
    process.send_signal(signal.SIGSTOP)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least, which is some
    for _ in range(100):
        if process.returncode is not None:
            break
        with suppress(StoreError):
            shown(file)
    assert process.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert shown(file)[0] == [["a"], ["1"]]


@pytest.mark.nightly
def test_what_reads_is_ended_whatever_it_waits_for():
    """The end of what it is told is not all that it could wait for."""
    ours, theirs = socket.socketpair()
    program = "from daypass_links.server.pages import parquet_child as it; it._LIVES = 1; it.main()"
    with ours, theirs:
        forks = subprocess.Popen([sys.executable, "-c", program], stdin=theirs.fileno())
        asks, given = socket.socketpair()
        with asks, given:
            said = struct.pack(parquet_child.ASKED, 1000, 5, 5)
            socket.send_fds(ours, [said], [given.fileno()])
            given.close()
            asks.settimeout(30)
            kind, _, _ = struct.unpack(parquet_child.SAID, asks.recv(17))
            assert kind == b"R"
            assert asks.recv(1) == b""  # it waits for what is never answered
        theirs.close()
        ours.close()
        assert forks.wait(30) == 0


@pytest.mark.parametrize(
    "text", [b"[]", b"7", b"null", b'{"rows": []}', b"[1]", b"[[1]]", b"[" * 100_000, b"\xff"]
)
def test_what_reads_may_say_anything(monkeypatch, text):
    """It may be no longer what it was, once it has read a file that was made to harm."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(struct.pack(parquet_child.SAID, b"D", 0, len(text)) + text)
        monkeypatch.setattr(parquet, "_begun", lambda *_: ours)
        with pytest.raises(StoreError):
            shown(b"PAR1" * 9)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["none", "zstd"])
def test_a_small_file_is_read_in_few_parts(kind):
    table = pa.table({f"c{n}": range(1000) for n in range(12)})
    rows, parts = shown(written(table, compression=kind))
    assert rows[1] == ["0"] * 12
    assert len(parts) <= 2


def test_whoever_asks_for_more_than_are_read_at_once_waits_for_none(monkeypatch):
    seats = [*parquet._PLACES]
    asked, goes_on = Semaphore(0), Event()

    def read(*_):
        asked.release()
        goes_on.wait(30)
        return [["a"]]

    monkeypatch.setattr(parquet, "_read", read)
    with ThreadPoolExecutor(len(seats)) as pool:
        waiting = [pool.submit(parquet.rows_of, 1, bytes, 1, 1) for _ in seats]
        try:
            asked.acquire(timeout=30)
            while parquet._PLACES:
                time.sleep(0.001)
            with pytest.raises(StoreError, match="too many other files"):
                parquet.rows_of(1, bytes, 1, 1)
        finally:
            goes_on.set()
        assert [one.result(30) for one in waiting] == [[["a"]]] * len(seats)
    assert sorted(parquet._PLACES) == sorted(seats)
