"""A file goes up to a path by a session: gone on with after a kill, cancelled, and held against the file in the end."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from base64 import b64encode

import attrs
import pytest
from fsspec.callbacks import Callback

import daypass
from daypass.cli.run import run
from daypass.errors import InvalidRequestError, PolicyError, StoreError, UnsupportedOptionError
from daypass.policy import in_force
from daypass.policy.enforcer import Enforcer
from daypass.transfer import retries
from tests.plugins.gcs.conftest import HMAC
from tests.servers.gcs_objects import Bucket

MIB = 1 << 20
BODY = b"".join(hashlib.sha256(bytes([n])).digest() * (MIB // 32) for n in range(6))
SIZE = len(BODY)
MD5 = b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
PATH = "gs://bucket/a b/ü.bin"
KEY = "a b/ü.bin"


@pytest.fixture
def options(front, monkeypatch, tmp_path):
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    front.buckets["bucket"] = Bucket()
    storage = {"endpoint_url": front.url, "token": "anon"}
    return {"storage_options": storage, "signer_options": HMAC, "resumable": True}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "up.csv"
    path.write_bytes(BODY)
    return path


@pytest.fixture
def journals(tmp_path):
    return lambda: sorted((tmp_path / "state").rglob("*.jsonl"))


def came(front):
    """What brought bytes."""
    return [place for place, count in front.sessions.asked if count]


class _StoppedError(BaseException):
    """Somebody has pressed Ctrl-C."""


@pytest.fixture
def stopped(front, file, options, journals):
    """Stop an upload when 2 MiB have gone."""

    def stop(**more):
        def see(_, value):
            if value >= 2 * MIB:
                raise _StoppedError

        arrived = threading.Event()
        front.sessions.when_broken = arrived.set
        callback = Callback(hooks={"see": see})  # of which a child is told of the reading before
        with pytest.raises(_StoppedError) as caught:
            daypass.upload(file, PATH, callback=callback, **options | more)
        assert arrived.wait(30)
        (note,) = caught.value.__notes__
        assert "for a week: go on by resume=True" in note
        assert len(journals()) == 1

    return stop


def test_a_file_goes_up_in_one_piece_and_is_held_against_what_is_there(
    front, options, file, journals
):
    done = daypass.upload(file, PATH, content_type="text/x", metadata={"run": "7"}, **options)
    stored = front.buckets["bucket"].get(KEY, None)
    assert stored.body == BODY
    assert stored.headers["content-type"] == "text/x"
    assert (stored.headers["x-goog-meta-run"], stored.headers["x-goog-meta-md5chksum"]) == (
        "7",
        MD5,
    )
    assert came(front) == [f"bytes 0-{SIZE - 1}/{SIZE}"]
    assert (done.path, done.size, done.content_md5, done.parts) == (PATH, SIZE, MD5, 1)
    assert (done.checked, done.unenforced, done.etag) == (
        ("size", "md5"),
        set(),
        f"{stored.generation:x}",
    )
    assert journals() == []


def test_or_in_pieces_of_a_given_size(front, options, file):
    daypass.upload(file, PATH, part_size=2 * MIB, **options)
    assert front.buckets["bucket"].get(KEY, None).body == BODY
    assert came(front) == [f"bytes {n * MIB}-{(n + 2) * MIB - 1}/{SIZE}" for n in (0, 2, 4)]


@pytest.mark.parametrize("size", [0, -(256 << 10), 300_000, True, 1.5, "256KiB"])
def test_pieces_are_of_a_size_of_which_sessions_keep_whole_ones(front, options, file, size):
    with pytest.raises(InvalidRequestError, match="a multiple of 262144 bytes") as caught:
        daypass.upload(file, PATH, part_size=size, **options)
    assert caught.value.option == "part_size"
    assert front.asked == []


def test_pieces_are_held_to_no_size_of_parts_however_large_the_file_is(front, options, file):
    piece = 256 << 10
    daypass.upload(file, PATH, part_size=piece, multipart_threshold=MIB, **options)
    assert [place for place, _ in front.sessions.asked] == [
        f"bytes {begin}-{begin + piece - 1}/{SIZE}" for begin in range(0, SIZE, piece)
    ]


def test_nor_where_it_goes_on(front, options, file, stopped):
    stopped()
    front.sessions.asked.clear()
    again = {name: value for name, value in options.items() if name != "resumable"}
    daypass.upload(file, PATH, part_size=256 << 10, resume=True, **again)
    assert {count for _, count in front.sessions.asked} == {0, 256 << 10}


def test_an_empty_file_is_one_too(front, options, tmp_path):
    (tmp_path / "empty").touch()
    done = daypass.upload(tmp_path / "empty", PATH, **options)
    assert front.buckets["bucket"].get(KEY, None).body == b""
    assert (done.size, done.parts, done.checked) == (0, 1, ("size", "md5"))


def test_broken_connections_are_gone_on_with(front, options, file):
    front.sessions.breaks[:] = [None, 700_000, 0, 3_000_000]
    front.sessions.faults[:] = [503]
    seen = []
    callback = Callback(hooks={"see": lambda size, value: seen.append((size, value))})
    daypass.upload(file, PATH, callback=callback, **options)
    assert front.buckets["bucket"].get(KEY, None).body == BODY
    assert came(front)[-1] == f"bytes {524288 + 2883584}-{SIZE - 1}/{SIZE}"
    assert seen[-1] == (SIZE, SIZE)


def test_it_goes_on_where_it_was_stopped(front, options, file, stopped, journals):
    stopped()
    (had,) = (len(one.body) for one in front.sessions.open.values())
    with pytest.raises(
        InvalidRequestError, match=r"an earlier upload .* is not complete"
    ) as caught:
        daypass.upload(file, PATH, **options)
    assert caught.value.option == "resume"
    front.sessions.asked.clear()
    again = {name: value for name, value in options.items() if name != "resumable"}
    done = daypass.upload(file, PATH, resume=True, **again)
    assert front.sessions.asked[0] == (f"bytes */{SIZE}", 0)
    assert came(front) == [f"bytes {had}-{SIZE - 1}/{SIZE}"]
    assert front.buckets["bucket"].get(KEY, None).body == BODY
    assert done.checked == ("size", "md5")
    assert journals() == []
    assert len(front.sessions.open) == 1


def test_with_a_key_of_one_s_own_which_no_journal_holds(front, options, file, stopped, journals):
    key = b64encode(b"k" * 32).decode()
    stopped(encryption_key=key)
    (journal,) = journals()
    assert key not in journal.read_text()
    with pytest.raises(InvalidRequestError, match="encryption_key is not what"):
        daypass.upload(file, PATH, resume=True, **options, encryption_key=b"l" * 32)
    daypass.upload(file, PATH, resume=True, **options, encryption_key=key)
    assert front.buckets["bucket"].get(KEY, None).headers["x-goog-encryption-key"] == key


def test_the_journal_opens_the_upload_and_is_for_its_owner_alone(front, stopped, journals):
    stopped()
    (journal,) = journals()
    known = json.loads(journal.read_text().splitlines()[0])
    (name,) = front.sessions.open
    assert known["session"].endswith(f"upload_id={name}")
    assert journal.stat().st_mode & 0o077 == 0


def test_without_a_place_for_the_journal_no_session_is_started(
    front, options, file, monkeypatch, tmp_path
):
    (tmp_path / "no folder").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no folder"))
    with pytest.raises(StoreError, match=r"or to a session keeps a journal .* and not resumable"):
        daypass.upload(file, PATH, **options)
    assert front.asked == []


def test_another_file_or_other_options_do_not_go_on(options, file, stopped):
    stopped()
    with pytest.raises(InvalidRequestError, match="content_type is not what") as caught:
        daypass.upload(file, PATH, resume=True, content_type="text/y", **options)
    assert caught.value.option == "resume"
    with file.open("r+b") as changed:
        changed.write(b"x")
    with pytest.raises(InvalidRequestError, match="is not what it was"):
        daypass.upload(file, PATH, resume=True, **options)


def test_an_upload_is_cancelled(front, options, file, stopped, journals):
    stopped()
    place = {name: options[name] for name in ("storage_options", "signer_options")}
    assert daypass.abort_upload(file, PATH, **place) == PATH
    assert front.sessions.open == {}
    assert journals() == []
    assert daypass.upload(file, PATH, **options).size == SIZE


def test_a_session_that_is_gone_is_named_and_can_be_begun_anew(
    front, options, file, stopped, journals
):
    stopped()
    front.sessions.open.clear()
    with pytest.raises(StoreError, match=r"no longer knows the session of .*: begin again"):
        daypass.upload(file, PATH, resume=True, **options)
    assert journals() == []
    assert daypass.upload(file, PATH, **options).size == SIZE


def test_one_that_is_gone_since_it_has_become_the_object_is_done(
    front, options, file, stopped, journals
):
    stopped()
    front.sessions.open.clear()
    front.buckets["bucket"].put(KEY, BODY, {})
    done = daypass.upload(file, PATH, resume=True, **options)
    assert done.checked == ("size",)
    assert journals() == []


def test_a_session_elsewhere_gets_nothing(options, file, stopped, journals):
    stopped()
    (journal,) = journals()
    known = json.loads(journal.read_text().splitlines()[0])
    known["session"] = "http://127.0.0.1:9/b/k?upload_id=5ec2e7"
    journal.write_text(json.dumps(known) + "\n")
    with pytest.raises(StoreError, match="at another server than the link"):
        daypass.upload(file, PATH, resume=True, **options)


def test_what_can_never_be_finished_is_cancelled(front, options, file, journals):
    """What comes between would be replaced: the store says so when all has come."""
    front.sessions.when_broken = lambda: front.buckets["bucket"].put(KEY, b"first", {})
    front.sessions.breaks[:] = [MIB]
    with pytest.raises(StoreError) as caught:
        daypass.upload(file, PATH, if_absent=True, **options)
    assert caught.value.status == 412
    assert "is cancelled, and nothing of it is left" in caught.value.__notes__[0]
    assert front.sessions.open == {}
    assert journals() == []
    with pytest.raises(StoreError, match="exists, and the upload was asked to create it"):
        daypass.upload(file, PATH, if_absent=True, **options)


def test_a_file_that_changes_meanwhile_is_found_out(front, options, file):
    def change():
        with file.open("r+b") as changed:
            changed.seek(SIZE - 1)
            changed.write(b"x")

    front.sessions.when_broken = change
    front.sessions.breaks[:] = [MIB]
    with pytest.raises(StoreError, match=f"should have the MD5 {MD5}, and has"):
        daypass.upload(file, PATH, **options)


def test_one_that_becomes_shorter_is_cancelled(front, options, file, journals):
    front.sessions.when_broken = lambda: os.truncate(file, 10)
    front.sessions.breaks[:] = [MIB]
    with pytest.raises(StoreError, match="became shorter"):
        daypass.upload(file, PATH, **options)
    assert front.sessions.open == {}
    assert journals() == []


def test_a_stream_is_brought_too(front, options, file):
    with file.open("rb") as stream:
        daypass.upload(stream, PATH, **options)
    assert front.buckets["bucket"].get(KEY, None).body == BODY


@pytest.mark.parametrize(
    ("path", "storage"),
    [
        ("s3://b/k", {"key": "AKIDEXAMPLE", "secret": "made-up"}),
        ("az://c/k", {"account_name": "a", "account_key": "bWFkZS11cA=="}),
    ],
)
def test_other_stores_refuse_it_before_the_file_is_read(options, file, path, storage, journals):
    callback = Callback(hooks={"see": lambda size, value: pytest.fail("it is read")})
    with pytest.raises(UnsupportedOptionError, match="cannot enforce resumable"):
        daypass.upload(file, path, storage_options=storage, resumable=True, callback=callback)
    assert journals() == []


def test_the_policy_is_asked_again_where_it_goes_on(options, file, stopped, monkeypatch):
    rule = daypass.Rule(
        name="up",
        paths=["gs://bucket/**"],
        methods=["PUT"],
        upload_options=["resumable", "metadata"],
    )

    def rules(one):
        policy = daypass.Policy(rules=[one])
        monkeypatch.setattr(in_force, "_application", [Enforcer(policy)])

    rules(rule)
    stopped()
    rules(attrs.evolve(rule, upload_options=["metadata"]))
    with pytest.raises(PolicyError, match="upload_options"):
        daypass.upload(file, PATH, resume=True, **options)
    rules(rule)
    monkeypatch.setattr(in_force, "_application", [])
    assert daypass.upload(file, PATH, resume=True, **options).size == SIZE


# The command.


@pytest.fixture
def place(options):
    return [
        *("--storage-option", f"endpoint_url={options['storage_options']['endpoint_url']}"),
        *("--storage-option", "token=anon"),
        *("--signer-option", f"hmac_access_id={HMAC['hmac_access_id']}"),
        *("--signer-option", f"hmac_secret={HMAC['hmac_secret']}"),
    ]


def test_a_command_that_is_killed_goes_on(front, file, place, journals, tmp_path):
    words = [sys.executable, "-m", "daypass.cli", "put", "--resumable", str(file), PATH, *place]
    killed, processes = [], []
    front.sessions.breaks[:] = [2 * MIB]
    front.sessions.when_broken = lambda: killed.append(processes[0].kill() or processes[0].wait())
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        processes.append(process)
        process.communicate(timeout=60)
    assert killed == [-9]
    assert len(journals()) == 1
    words.insert(5, "--resume")
    words.remove("--resumable")
    done = subprocess.run([*words, "--json"], check=True, capture_output=True, timeout=60)
    said = json.loads(done.stdout)
    assert (said["size"], said["content_md5"], said["checked"]) == (SIZE, MD5, ["size", "md5"])
    assert came(front) == [f"bytes 0-{SIZE - 1}/{SIZE}", f"bytes {2 * MIB}-{SIZE - 1}/{SIZE}"]
    assert front.buckets["bucket"].get(KEY, None).body == BODY
    assert journals() == []


def test_piped_the_method_that_starts_a_session_is_told_with_its_headers(place, capsys):
    assert run(["sign", "--method", "PUT", "--resumable", PATH, *place]) == 0
    assert capsys.readouterr().err == (
        f"{PATH}: whoever uses it must send a POST without a body, and x-goog-resumable: start\n"
    )


def test_the_command_says_what_was_checked(front, file, place, capsys):
    assert run(["put", "--resumable", "--part-size", "1MiB", str(file), PATH, *place]) == 0
    assert f"MD5 {MD5} checked by the store" in capsys.readouterr().out
    assert len(came(front)) == 6
