"""The program of ``credential_process`` ends, with all that it has started, when nobody waits for it any more."""

from __future__ import annotations

import _thread
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import attrs
import pytest
import s3fs
from aiobotocore.session import AioSession

import daypass

#: Seconds, for a program to be started and to note who it is.
_TIME = 3
#: It notes itself and what it has started, and says nothing; a shell, which is there at once.
HANGS = """sleep 600 > /dev/null 2>&1 &
echo "$$ $!" > "$1.new"
mv "$1.new" "$1"
wait
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups")


@pytest.fixture
def noted(monkeypatch, tmp_path):
    """Write the profile ``mine`` with a program that hangs, and return the file in which it notes who runs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hangs.sh").write_text(HANGS)
    command = f"sh {tmp_path / 'hangs.sh'} {tmp_path / 'noted'}"
    (tmp_path / "config").write_text(
        f"[profile mine]\nregion = eu-west-1\ncredential_process = {command}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setattr(os, "ctermid", lambda: "/no/terminal")  # where who tests has one
    return tmp_path / "noted"


def a_store(**place):
    store = daypass.Store("s3://maps", **place)
    store.root = attrs.evolve(store.root, location=attrs.evolve(store.location, deadline=_TIME))
    return store


def with_session():
    return a_store(fs=s3fs.S3FileSystem(session=AioSession(), skip_instance_cache=True))


ASK = {
    "signing": lambda: a_store().create_signed_url("k"),
    "signing with a session": lambda: with_session().create_signed_url("k"),
    "reading": lambda: a_store().head_metadata("k"),
    "reading with a session": lambda: with_session().head_metadata("k"),
}


def has_ended(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the last is of one that goes as it is read
        return True
    return state == "Z"  # nobody has asked how it ended


def check_ended(noted):
    until = time.monotonic() + 20
    running = noted.read_text().split()
    assert len(running) == 2
    while running and time.monotonic() < until:
        running = [pid for pid in running if not has_ended(pid)]
        time.sleep(0.01)
    assert not running


@pytest.mark.parametrize("ask", ASK)
def test_a_program_that_says_nothing_is_ended_with_the_time(noted, ask):
    with pytest.raises(daypass.DeadlineError, match="asking for the session's S3 credentials did"):
        ASK[ask]()
    check_ended(noted)


@pytest.mark.parametrize("ask", ["signing", "reading"])
def test_who_interrupts_ends_the_program(noted, ask):
    def interrupt():
        while not noted.exists():
            time.sleep(0.01)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        ASK[ask]()
    check_ended(noted)


def test_a_program_that_speaks_is_read_as_ever(noted, tmp_path, monkeypatch):
    keys = {"Version": 1, "AccessKeyId": "ASIAX", "SecretAccessKey": "made-up", "SessionToken": "t"}
    (tmp_path / "hangs.sh").write_text(f"echo '{json.dumps(keys)}'")
    for store in (a_store(), with_session()):
        with pytest.warns(daypass.ShortLivedURLWarning):
            assert "X-Amz-Credential=ASIAX" in store.create_signed_url("k").url


#: Where there is a terminal: the first program opens it, and the second hangs and is ended.
ON_A_TERMINAL = """import os, subprocess, sys
os.open(sys.argv[1], os.O_RDWR)
from daypass_s3.programs import Programs
programs = Programs()
asks = programs.start([sys.executable, "-c", "open('/dev/tty')"])
asks.communicate()
hangs = programs.start([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.PIPE)
programs.end()
hangs.communicate()
print(asks.returncode, hangs.returncode)
"""


def test_the_program_of_a_terminal_may_ask_there_and_is_ended_too():
    """A session of its own would have no terminal, and a program no way to ask for a code."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, os.ttyname(theirs)]
    # The first terminal that a session opens is its own.
    done = subprocess.run(
        command, start_new_session=True, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"0 -{signal.SIGKILL:d}\n"
    os.close(ours)
    os.close(theirs)
