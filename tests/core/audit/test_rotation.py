"""A file that is renamed, copied, removed or replaced is followed by one that goes on from it."""

from __future__ import annotations

import json

from daypass.audit import AuditFile, head, verify
from tests.core.audit.conftest import event, lines_of


def test_another_file_in_the_place_of_one_is_noticed(path, tmp_path):
    """It may be that of a rotation which this process has not seen, so it is said and not judged."""
    file = AuditFile(path, fsync=False)
    file.record(event())
    newest = head(path).hash
    other = tmp_path / "other"
    AuditFile(other, fsync=False).record(event())
    other.replace(path)
    file.record(event())
    verdict = verify(path)
    assert verdict.ok
    assert f"had written another file before, whose head was {newest}" in verdict.notes[0]


def test_a_renamed_file_is_followed_by_one_that_goes_on_from_it(path, tmp_path):
    old = tmp_path / "audit.jsonl.1"
    one, other = AuditFile(path, fsync=False), AuditFile(path, fsync=False)
    one.record(event())
    other.record(event())
    path.rename(old)
    other.record(event())
    one.record(event())
    assert len(lines_of(old)) == 2
    first, second = (json.loads(line) for line in path.read_bytes().splitlines())
    assert (first["seq"], first["prev"]) == (1, lines_of(old)[-1]["hash"])
    assert (second["seq"], second["prev"]) == (2, first["hash"])
    whole = verify(old, path)
    assert (whole.ok, whole.lines, whole.notes) == (True, 4, ())
    alone = verify(path)
    assert alone.ok
    assert f"goes on from an older file whose head is {first['prev']}" in alone.notes[0]


def test_the_head_that_a_new_file_goes_on_from_is_the_last_of_all_processes(path, tmp_path):
    one, other = AuditFile(path, fsync=False), AuditFile(path, fsync=False)
    one.record(event())
    for _ in range(3):
        other.record(event())
    path.rename(tmp_path / "old")
    one.record(event())
    assert verify(tmp_path / "old", path).lines == 5


def test_a_process_that_never_saw_the_old_file_begins_a_new_chain(path, tmp_path):
    AuditFile(path, fsync=False).record(event())
    path.rename(tmp_path / "old")
    AuditFile(path, fsync=False).record(event())
    verdict = verify(tmp_path / "old", path)
    assert verdict.ok
    assert "begins a new chain" in verdict.notes[0]


def test_a_removed_file_is_made_anew(path):
    file = AuditFile(path, fsync=False)
    file.record(event())
    path.unlink()
    file.record(event())
    assert path.stat().st_size
    assert verify(path).ok


def test_a_file_that_is_copied_and_cut_goes_on_from_what_was_known(path, tmp_path):
    file = AuditFile(path, fsync=False)
    file.record(event())
    copy = tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    path.write_bytes(b"")
    file.record(event())
    verdict = verify(copy, path)
    assert (verdict.ok, verdict.lines) == (True, 3)
    assert verdict.notes == (f"{path}: line 1 says that the file was emptied",)
    assert json.loads(path.read_bytes().splitlines()[0])["prev"] == lines_of(copy)[-1]["hash"]
