"""``daypass serve`` as processes to which bad things are done, and clients who go on asking."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from tests.plugins.links.written import events_at

#: The command beside the Python that runs the tests.
DAYPASS = str(Path(sys.executable).with_name("daypass"))
#: How long somebody goes on asking, in seconds.
PATIENCE = 60
CONFIGURATION = """
[profiles.maps]
url = "s3://results"
storage_options = { key = "AKEXAMPLE", secret = "made-up", client_kwargs = { region_name = "eu-west-1" } }
[[roots]]
profile = "maps"
"""


@attrs.define(eq=False)
class Process:
    """One ``daypass serve``."""

    running: subprocess.Popen[str]
    port: int
    said: list[str] = attrs.field(factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[int]:
        """Return the processes that serve."""
        found: list[int] = []
        for task in Path(f"/proc/{self.running.pid}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # of a thread that ends just now
                found += map(int, task.read_text().split())
        return found

    def kill(self) -> None:
        """End all of it as a machine that fails does."""
        with suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()

    def ask(self, method: str, path: str, said: object = None, **headers: str) -> Answer:
        """Send one request.

        Raises:
            OSError: if nobody answers, or not to the end.

        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        body = None if said is None else json.dumps(said)
        try:
            connection.request(method, path, body, headers)
            found = connection.getresponse()
            return Answer(found.status, dict(found.getheaders()), found.read())
        except http.client.HTTPException as error:
            raise ConnectionError from error
        finally:
            connection.close()

    def wait_until_ready(self) -> None:
        """Wait until links can be made and used."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError):
                if self.ask("GET", "/readyz").status == 200:
                    return
            assert self.running.poll() is None, "".join(self.said)
            time.sleep(0.02)
        raise TimeoutError("".join(self.said))


@attrs.frozen
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self):
        return json.loads(self.body)


@attrs.define(eq=False)
class Site:
    """Processes on one database, and what they have acknowledged."""

    directory: Path
    database: str
    key: str = ""
    #: Variables that the processes have besides, such as a library to be loaded first.
    more: dict[str, str] = attrs.field(factory=dict)
    processes: list[Process] = attrs.field(factory=list)

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "DAYPASS_CONFIG": str(self.directory / "daypass.toml"),
            "XDG_DATA_HOME": str(self.directory),
            **self.more,
        }

    def start(self) -> Process:
        """Start one more, which may not answer yet."""
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            port = trial.getsockname()[1]
        running = subprocess.Popen(
            [DAYPASS, "serve", "--port", str(port)],
            env=self.env,
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        found = Process(running, port)
        self.processes.append(found)
        told = threading.Event()

        def read() -> None:
            assert running.stdout is not None
            with running.stdout:
                for line in running.stdout:
                    found.said.append(line)
                    if line.startswith("first key: "):
                        self.key = line.split()[-1]
                    if line.startswith("listening on "):
                        told.set()
            told.set()

        threading.Thread(target=read, daemon=True).start()
        assert told.wait(PATIENCE)
        return found

    def api(self, process: Process, method: str, path: str, said: object = None) -> Answer:
        """Ask the API with the first key."""
        return process.ask(method, path, said, Authorization=f"Bearer {self.key}")

    def link(self, process: Process, **asked: object) -> dict[str, object]:
        """Make a link."""
        answer = self.api(process, "POST", "/v1/links", {"path": "daypass://maps/a", **asked})
        assert answer.status == 201, answer.body
        return answer.said

    def links(self) -> list[dict[str, object]]:
        """Return the links there are."""
        return self.api(self.processes[0], "GET", "/v1/links").said["items"]

    def verify(self) -> str:
        """Return what ``daypass audit verify`` says, which must be that all is well."""
        done = subprocess.run(
            [DAYPASS, "audit", "verify"],
            env=self.env,
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def events(self) -> list[dict[str, object]]:
        """Return every event there is."""
        place = self.database
        if place.startswith("sqlite"):
            place = place.replace("links.db", "events.db")
        return events_at(place)


def path_of(link: dict[str, object]) -> str:
    """Return where a link leads on each of the processes."""
    return urlsplit(str(link["url"])).path


@contextmanager
def site(directory: Path, database: str | None = None, trusted_proxies: tuple[str, ...] = ()):
    """Run a site whose processes end with the block; of SQLite unless a database is given."""
    found = Site(directory, database or f"sqlite:///{directory / 'links.db'}")
    text = f'[server]\ndatabase = "{found.database}"\nkey_file = "{directory / "server.key"}"\n'
    text += f"trusted_proxies = {[*trusted_proxies]}\n"
    (directory / "daypass.toml").write_text(text + CONFIGURATION)
    try:
        yield found
    finally:
        for process in found.processes:
            process.kill()
