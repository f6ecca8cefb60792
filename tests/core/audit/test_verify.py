"""Verifying names the first line that is not as it was written, or not where."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daypass.audit import AuditFile, Chain, head, verify, verify_lines
from daypass.errors import AuditError, InvalidRequestError
from tests.core.audit.conftest import event, lines_of

COUNT = 6


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "audit.jsonl"
    file = AuditFile(path, fsync=False)
    for n in range(COUNT):
        file.record(event(caller=str(n)))
    return path.read_bytes().splitlines(keepends=True)


@pytest.fixture
def audit(tmp_path):
    """Write lines to a file."""

    def write(lines, name="audit.jsonl"):
        path = tmp_path / name
        path.write_bytes(b"".join(lines))
        return path

    return write


@pytest.mark.isolated
def test_a_sound_file_verifies_and_gives_its_head(sound, audit):
    path = audit(sound)
    verdict = verify(path)
    assert (verdict.ok, verdict.lines, verdict.line, verdict.notes) == (True, COUNT, None, ())
    assert verdict.head == head(path).hash == lines_of(path)[-1]["hash"]
    assert head(path).seq == COUNT


def test_an_empty_file_verifies_and_has_the_first_head(audit):
    path = audit([])
    assert verify(path, expect_head="0" * 64).ok
    assert head(path).hash == "0" * 64


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_changed_bit_names_its_line(sound, audit, place, bit):
    data = bytearray(b"".join(sound))
    place %= len(data) - 1  # without the last line break, the line is unfinished
    number = data[:place].count(b"\n") + 1
    data[place] ^= 1 << bit
    verdict = verify(audit([bytes(data)]))
    assert not verdict.ok
    assert verdict.line == number
    assert verdict.lines == number - 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(order=st.lists(st.integers(0, COUNT - 1), max_size=COUNT + 2))
def test_lines_removed_repeated_or_moved_name_the_first_that_is_out_of_place(sound, audit, order):
    verdict = verify(audit([sound[n] for n in order]))
    wrong = next((place for place, n in enumerate(order) if place != n), None)
    assert verdict.ok is (wrong is None)
    assert verdict.line == (None if wrong is None else wrong + 1)


@pytest.mark.parametrize("gone", range(COUNT - 1))
def test_a_removed_line_is_told_with_how_many(sound, audit, gone):
    verdict = verify(audit(sound[:gone] + sound[gone + 1 :]))
    assert (verdict.ok, verdict.line) == (False, gone + 1)
    assert "1 before it is missing" in verdict.why


def test_a_line_written_anew_with_a_right_hash_breaks_the_next(sound, audit):
    body = sound[2].partition(b',"hash":"')[0].replace(b'"GET"', b'"PUT"')
    forged = body + b',"hash":"%b"}\n' % hashlib.sha256(body).hexdigest().encode()
    verdict = verify(audit([*sound[:2], forged, *sound[3:]]))
    assert (verdict.ok, verdict.line) == (False, 4)
    assert "does not follow line 3" in verdict.why


def test_cut_off_lines_are_told_by_the_head_alone(sound, audit):
    noted = head(audit(sound)).hash
    for left in range(COUNT):
        path = audit(sound[:left])
        assert verify(path).ok
        verdict = verify(path, expect_head=noted)
        assert not verdict.ok
        assert "cut off" in verdict.why
    older = lines_of(audit(sound))[2]["hash"]
    assert verify(audit(sound), expect_head=older).ok


def test_a_chain_written_anew_is_told_by_the_head_alone(sound, audit):
    noted = head(audit(sound)).hash
    body = sound[0].partition(b',"hash":"')[0].replace(b'"caller":"0"', b'"caller":"x"')
    line = body + b',"hash":"%b"}\n' % hashlib.sha256(body).hexdigest().encode()
    path = audit([line])
    assert verify(path).ok
    assert not verify(path, expect_head=noted).ok


def test_files_in_the_wrong_order_do_not_go_on(tmp_path):
    path = tmp_path / "audit.jsonl"
    file = AuditFile(path, fsync=False)
    names = []
    for n in range(3):
        file.record(event())
        file.record(event())
        names.append(tmp_path / str(n))
        path.rename(names[-1])
    assert verify(*names).lines == 6
    verdict = verify(names[0], names[2])
    assert (verdict.ok, verdict.file, verdict.line) == (False, str(names[2]), 1)
    assert "does not go on" in verdict.why


@pytest.mark.parametrize(
    "content",
    [b"\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b'{"seq":' + b"9" * 5000 + b"}\n", b"x" * 3_000_000],
)
def test_what_is_no_audit_is_told_and_never_a_traceback(audit, content):
    path = audit([content])
    assert verify(path).lines == 0
    if content.endswith(b"\n"):
        assert verify(path).line == 1
        with pytest.raises(AuditError):
            head(path)


@pytest.mark.parametrize("value", ["", "A" * 64, "ab", 5, "0" * 63])
def test_a_head_is_64_hex_digits(audit, value):
    with pytest.raises(InvalidRequestError, match="64 hex digits"):
        verify(audit([]), expect_head=value)


def test_a_file_must_be_named_and_be_there(tmp_path):
    with pytest.raises(InvalidRequestError):
        verify()
    for read in (head, verify):
        with pytest.raises(AuditError, match="No such file"):
            read(tmp_path / "missing")


def test_a_stranger_can_verify_with_a_few_lines(sound, audit):
    """The program of docs/reference/audit.md, run on its own."""
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs" / "reference" / "audit.md").read_text()
    program = text.partition("<!-- verifier -->\n\n```python\n")[2].partition("```")[0]
    assert program
    for lines, good in ((sound, True), (sound[1:], False), (sound[:2] + sound[3:], False)):
        done = subprocess.run(
            [sys.executable, "-c", program, str(audit(lines))], check=False, capture_output=True
        )
        assert (done.returncode == 0) is good


def test_lines_that_somebody_else_keeps_are_verified_as_a_file_is(sound, audit):
    chain = Chain()
    lines = [chain.line({"kind": "use", "n": n}, now=1_764_158_400 + n) for n in range(COUNT)]
    assert verify_lines(lines).ok
    assert verify(audit(lines)).head == verify_lines(lines).head == chain.hash
    assert verify_lines(sound).head == verify(audit(sound)).head
    for bad in (lines[1:], lines[:2] + lines[3:], [lines[1], lines[0]], [*lines, lines[-1]]):
        assert not verify_lines(bad).ok
    assert not verify_lines(lines[:-1], expect_head=chain.hash).ok


def test_a_chain_goes_on_from_its_newest_line():
    first = Chain()
    lines = [first.line({"kind": "use"}, now=1)]
    second = Chain(first.seq, first.hash)
    assert verify_lines([*lines, second.line({"kind": "use"}, now=2)]).lines == 2


def test_a_line_s_own_fields_are_not_the_caller_s():
    with pytest.raises(InvalidRequestError, match="'prev'"):
        Chain().line({"prev": "x"}, now=1)
