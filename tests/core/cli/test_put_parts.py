"""``daypass put`` in parts: what fails is sent again, what stops can go on, and nothing is left in silence."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import signal
import threading
from base64 import b64encode
from pathlib import Path

import pytest
from s3fs import S3FileSystem

import daypass as library
from daypass.cli.run import run
from daypass.transfer import retries
from daypass.transfer.retries import TRIES
from tests.servers.counting_proxy import counting_proxy
from tests.servers.s3_client import s3_client

MIB = 1 << 20
PART = 5 * MIB
SIZE = 11 * MIB
#: What Swift is known to do, and no other endpoint is believed to.
REFUSES = ("--signer-option", "refuses_unsigned_headers=true")
IN_PARTS = ("--multipart-threshold", "1MiB", "--part-size", "5MiB")


@pytest.fixture
def proxy(real, server):
    with counting_proxy(server.endpoint.partition("://")[2]) as running:
        real["AWS_ENDPOINT_URL_S3"] = running.url
        yield running


@pytest.fixture
def store(server, bucket):
    return library.Store(f"s3://{bucket}", storage_options=server.storage_options)


@pytest.fixture
def path(bucket):
    return f"s3://{bucket}/large ü.bin"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(MIB) * (SIZE // MIB))
    return path


@pytest.fixture
def here(real, proxy, monkeypatch, capsys):
    """Run the command in this very process, where pauses can be made short; return code and stderr."""
    for name, value in real.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.001)

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        return code, capsys.readouterr().err

    return call


@pytest.fixture
def unfinished(server, bucket):
    """List the uploads that the store still has, with somebody else's client."""
    client = s3_client(server)
    return lambda: client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])


@pytest.fixture
def journals(real):
    place = Path(real["HOME"]) / ".local" / "state" / "daypass" / "uploads"
    return lambda: sorted(place.iterdir()) if place.exists() else []


@pytest.fixture
def stopped(start, proxy, file, path):
    """An upload that was interrupted when the store had a part."""

    def stop(*arguments, number=signal.SIGINT):
        begun = threading.Event()
        proxy.on_part = lambda _: begun.wait(30) and process.send_signal(number)
        process = start("put", file, path, *IN_PARTS, "--jobs", "1", *arguments)
        begun.set()
        code = process.wait(timeout=60)
        proxy.on_part = lambda _: None
        proxy.settle()
        return code, process.stderr.read().decode()

    return stop


def commands(text):
    """Return the commands that a message names, as they would be typed."""
    return [shlex.split(command) for command in re.findall(r"`daypass ([^`]*)`", text)]


def test_a_file_goes_up_in_parts_and_comes_back(daypass, proxy, path, file, tmp_path):
    done = daypass(
        "put", file, path, *IN_PARTS, *REFUSES, "--content-type", "text/x-large", "--json"
    )
    assert (done.returncode, done.stderr) == (0, "")
    body = file.read_bytes()
    pieces = [body[begin : begin + PART] for begin in range(0, SIZE, PART)]
    digests = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    assert json.loads(done.stdout) == {
        "path": path,
        "size": SIZE,
        "content_type": "text/x-large",
        "content_md5": b64encode(hashlib.md5(body).digest()).decode(),
        "etag": f"{hashlib.md5(digests).hexdigest()}-3",
        "parts": 3,
        "checked": ["size", "etag"],
    }
    assert sorted(proxy.parts) == [1, 2, 3]
    back = daypass("get", path, "down", "--json")
    assert json.loads(back.stdout)["checked"] == ["size", "md5"]
    assert (tmp_path / "down").read_bytes() == body


def test_it_says_in_words_what_was_checked(daypass, proxy, path, file):
    done = daypass("put", file, path, *IN_PARTS, *REFUSES)
    assert done.stdout == (
        f"{path}: 11.5 MB in 3 parts, application/octet-stream, "
        "MD5 of each part checked by the store, size and ETag checked\n"
    )


def test_a_small_file_goes_up_in_one_piece(daypass, proxy, path, file):
    assert daypass("put", file, path, "--multipart-threshold", "11MiB").returncode == 0
    assert proxy.parts == []


@pytest.mark.parametrize("status", [503, 408])
def test_a_part_that_fails_for_the_moment_is_sent_again(here, proxy, path, file, store, status):
    proxy.faults = [status, status]
    code, err = here("put", file, path, *IN_PARTS)
    assert (code, err) == (0, "")
    assert sorted(proxy.parts) == [1, 2, 3]
    assert sum(line.startswith("PUT partNumber") for line in proxy.asked) == 5
    assert store.head_metadata("large ü.bin").size == SIZE


def test_a_store_that_keeps_failing_is_given_up_and_can_be_gone_on_with(
    here, proxy, path, file, unfinished, journals
):
    proxy.faults = [503] * 1000
    code, err = here("put", file, path, *IN_PARTS, "--jobs", "2")
    assert code == 1
    assert "at least 0 of 3 parts are in the store" in err
    assert "503" in err
    assert len(unfinished()) == len(journals()) == 1
    tries = sum(line.startswith("PUT partNumber") for line in proxy.asked)
    assert tries <= 2 * TRIES
    proxy.faults = []
    (again, _) = commands(err)
    code, err = here(*again)
    assert (code, err) == (0, "")
    assert unfinished() == journals() == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "the credential may not read it"),
        (500, "could not be asked"),
        (200, "names no ETag"),
    ],
    ids=["403", "500", "a log-in's 200"],
)
def test_an_upload_whose_check_is_answered_otherwise_is_there_and_no_success(
    here, proxy, path, file, store, unfinished, journals, monkeypatch, status, words
):
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    proxy.head_status = status
    code, err = here("put", file, path, *IN_PARTS)
    assert code == 1
    assert "the store has taken the upload of" in err
    assert "could not be checked: " in err
    assert words in err
    assert store.head_metadata("large ü.bin").size == SIZE
    assert unfinished() == journals() == []


def test_what_can_never_be_finished_is_aborted(here, proxy, path, file, unfinished, journals):
    proxy.faults = [400]
    code, err = here("put", file, path, *IN_PARTS)
    assert code == 1
    assert "nothing of it is left in the store" in err
    assert unfinished() == journals() == []


def test_a_refused_credential_leaves_the_upload_to_be_gone_on_with(
    here, proxy, path, file, unfinished
):
    proxy.faults = [403]
    code, err = here("put", file, path, *IN_PARTS)
    assert code == 1
    assert "`daypass put --resume" in err
    assert len(unfinished()) == 1


def test_a_file_that_changes_on_the_way_is_not_uploaded(here, proxy, path, file, unfinished):
    other = bytes([file.read_bytes()[-1] ^ 1])

    def change(_):
        with file.open("r+b") as sink:
            sink.seek(SIZE - 1)
            sink.write(other)

    proxy.on_part = change
    code, err = here("put", file, path, *IN_PARTS, "--jobs", "1")
    assert code == 1
    assert "changed while it was uploaded" in err
    assert unfinished() == []


def test_ctrl_c_says_how_to_go_on(daypass, stopped, proxy, path, file, unfinished, journals):
    code, err = stopped()
    assert code == 130
    assert re.search(
        r"at least [0-3] of 3 parts are in the store: go on by `daypass put --resume", err
    )
    sent = set(proxy.parts)
    proxy.parts.clear()
    (again, _) = commands(err)
    done = daypass(*again, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["checked"] == ["size", "etag"]
    assert sent | set(proxy.parts) == {1, 2, 3}
    assert sent.isdisjoint(proxy.parts)
    assert unfinished() == journals() == []


def test_ctrl_c_says_how_to_remove_it(daypass, stopped, file, unfinished, journals):
    _, err = stopped()
    assert len(unfinished()) == 1
    (_, remove) = commands(err)
    file.unlink()  # what was uploaded can be removed though the file is gone
    done = daypass(*remove)
    assert (done.returncode, done.stderr) == (0, "")
    assert "aborted" in done.stdout
    assert unfinished() == journals() == []
    again = daypass(*remove)
    assert again.returncode == 2
    assert "no upload of" in again.stderr


def test_an_upload_that_is_not_complete_is_not_begun_twice(
    daypass, stopped, file, path, unfinished
):
    stopped()
    done = daypass("put", file, path, *IN_PARTS)
    assert done.returncode == 2
    assert [command[1] for command in commands(done.stderr)] == ["--resume", "--abort"]
    assert len(unfinished()) == 1


def test_another_file_is_not_gone_on_with(daypass, stopped, file, path):
    stopped()
    body = bytearray(file.read_bytes())
    body[-1] ^= 1
    file.write_bytes(body)
    done = daypass("put", file, path, "--resume")
    assert done.returncode == 2
    assert "is not what it was when its upload began" in done.stderr


def test_other_options_are_not_gone_on_with(daypass, stopped, file, path):
    stopped("--metadata", "run=7", "--header", "Cache-Control=no-store")
    for wrong in (
        ["--content-type", "text/csv"],
        ["--metadata", "run=8"],
        ["--header", "Cache-Control=public"],
        [],
    ):
        done = daypass("put", file, path, "--resume", *wrong)
        assert done.returncode == 2
        assert "is not what the upload was begun with" in done.stderr
    same = ["--metadata", "run=7", "--header", "Cache-Control=no-store", "--expires-in", "5m"]
    assert daypass("put", file, path, "--resume", *same).returncode == 0


def test_the_journal_holds_no_secret(stopped, journals, server, file, path):
    stopped("--header", "x-amz-server-side-encryption-customer-algorithm=AES256-made-up")
    (journal,) = journals()
    text = journal.read_text()
    header = json.loads(text.splitlines()[0])
    assert header["path"] == path
    assert header["file"] == str(file)
    for secret in (server.secret, "AES256-made-up", "Signature", "http"):
        assert secret not in text
    assert journal.stat().st_mode & 0o077 == 0


def test_secrets_on_the_command_line_are_not_repeated(daypass, proxy, server, real, file, path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del real[name]
    proxy.faults = [403]
    options = ["--storage-option", f"key={server.access_key}", "--storage-option"]
    done = daypass("put", file, path, *IN_PARTS, *options, f"secret={server.secret}")
    assert done.returncode == 1
    assert "(with the same --storage-option)" in done.stderr
    assert server.secret not in done.stderr


def test_a_completed_upload_whose_end_was_not_noted_is_done(
    daypass, stopped, file, path, store, journals
):
    stopped()
    (journal,) = journals()
    known = json.loads(journal.read_text().splitlines()[0])
    upload = store.resume_multipart_upload(
        "large ü.bin", known["upload_id"], size=SIZE, part_size=PART
    )
    from tests.stranger import send

    body = file.read_bytes()
    for number in range(1, 4):
        send(upload.part(number), body[(number - 1) * PART : number * PART])
    upload.complete()
    done = daypass("put", file, path, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["checked"][0] == "size"
    assert journals() == []


def test_an_upload_that_somebody_else_removed_is_named(
    daypass, stopped, file, path, store, journals
):
    stopped()
    (journal,) = journals()
    known = json.loads(journal.read_text().splitlines()[0])
    store.resume_multipart_upload("large ü.bin", known["upload_id"], size=SIZE).abort()
    done = daypass("put", file, path, "--resume")
    assert done.returncode == 1
    assert "no longer knows the upload" in done.stderr
    assert journals() == []
    assert daypass("put", file, path, *IN_PARTS).returncode == 0


def test_a_damaged_journal_is_named(daypass, stopped, file, path, journals):
    stopped()
    (journal,) = journals()
    journal.write_text("{}\n")
    done = daypass("put", file, path, "--resume")
    assert done.returncode == 1
    assert str(journal) in done.stderr


def test_where_no_journal_can_be_kept_nothing_begins(daypass, real, proxy, file, path, tmp_path):
    real["XDG_STATE_HOME"] = str(file)
    done = daypass("put", file, path, *IN_PARTS)
    assert done.returncode == 1
    assert "XDG_STATE_HOME" in done.stderr
    assert "a higher --multipart-threshold" in done.stderr
    assert proxy.asked == []


def test_an_object_that_exists_is_named_before_anything_is_sent(daypass, proxy, file, path, store):
    library_link = store.create_signed_url("large ü.bin", method="PUT")
    from tests.stranger import send

    send(library_link, b"somebody was faster")
    done = daypass("put", file, path, *IN_PARTS, "--if-absent")
    assert done.returncode == 1
    assert "exists" in done.stderr
    assert proxy.parts == []


def test_what_only_a_whole_upload_can_be_held_to_goes_in_one_piece(daypass, proxy, file, path):
    digest = b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()
    done = daypass("put", file, path, *IN_PARTS, "--checksum-sha256", digest, "--json")
    assert "uploading in one piece" in done.stderr
    assert "--checksum-sha256" in done.stderr
    assert proxy.parts == []
    # Swift does not know this header, and says nothing; AWS checks it.
    assert json.loads(done.stdout)["parts"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--part-size", "5"], "--part-size 5 is below"),
        (["--part-size", "5x"], "no number of bytes"),
        (["--part-size", "0"], "no number of bytes"),
        (["--multipart-threshold", "-1"], "no number of bytes"),
        (["--jobs", "0"], "--jobs"),
        (["--resume", "--abort"], "give one of them"),
    ],
)
def test_what_makes_no_sense_is_refused(daypass, proxy, file, path, arguments, words):
    done = daypass("put", file, path, *IN_PARTS, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert proxy.asked == []


def test_all_parts_share_one_bar(on_terminal, proxy, file, path):
    code, shown = on_terminal("put", file, path, *IN_PARTS)
    assert code == 0
    assert "uploading" in shown
    assert shown.count("11.5 MB in") == 1
    assert not re.search(r"part \d", shown)
