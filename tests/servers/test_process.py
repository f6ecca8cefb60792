"""What starts the servers of other tests: nothing of a server stays, however the process ends that started it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.process import ServerEndedError, serving

ROOT = Path(__file__).parents[2]
#: A server that says its number and that it is ready, and then serves for ever.
SERVER = ["sh", "-c", "echo pid $$; echo ready; exec sleep 600"]
#: A process that runs it.
OWNER = f"""
import tempfile, time
from tests.servers.process import serving
with serving({SERVER!r}, tempfile.mkdtemp()) as output:
    print(output.wait_for("pid"), flush=True)
    time.sleep(600)
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the last is of one that goes as it is read
        return False


def wait_until_gone(pid, directory):
    end = time.monotonic() + 20
    while is_alive(pid) or directory.exists():
        assert time.monotonic() < end, "the server outlived its owner"
        time.sleep(0.01)


def test_it_is_gone_after_the_block(tmp_path):
    directory = tmp_path / "own"
    directory.mkdir()
    with serving(SERVER, str(directory)) as output:
        pid = int(output.wait_for("pid").split()[1])
        output.wait_for("ready")
        assert is_alive(pid)
        assert directory.exists()
    assert not is_alive(pid)
    assert not directory.exists()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_is_gone_when_its_owner_is(end, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        pid = int(owner.stdout.readline().split()[1])
        (directory,) = tmp_path.iterdir()
        assert is_alive(pid)
        owner.send_signal(end)
        owner.wait(timeout=20)
        wait_until_gone(pid, directory)


def test_one_that_ends_at_once_is_told_with_its_last_words(tmp_path):
    with (
        serving(["sh", "-c", "echo no port today >&2"], str(tmp_path)) as output,
        pytest.raises(ServerEndedError, match="no port today"),
    ):
        output.wait_for("ready")


def test_one_that_is_not_there_is_told(tmp_path):
    with (
        serving(["/no/such/server"], str(tmp_path)) as output,
        pytest.raises(ServerEndedError, match="/no/such/server"),
    ):
        output.wait_for("ready")
