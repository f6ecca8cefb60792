"""``daypass sign --from`` that was killed in the middle: what is resumed, and what is signed again."""

from __future__ import annotations

import fcntl
import signal
import stat
import time

import pytest

from daypass.manifest import run
from tests.core.cli.manifests import hidden, read, signed, write

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
