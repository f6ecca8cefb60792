"""The command in a process of its own, a real S3 server for it, and terminals and liars."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.core.cli.forks import forking

DAYPASS = str(Path(sys.executable).with_name("daypass"))


@pytest.fixture(scope="session")
def server(servers):
    return servers("swift")


@pytest.fixture(scope="session")
def admin(server):
    """A filesystem of the server's owner, made once: making one is slow."""
    from s3fs import S3FileSystem

    return S3FileSystem(**server.storage_options, skip_instance_cache=True)


@pytest.fixture
def bucket(admin):
    name = f"cli-{uuid.uuid4().hex[:12]}"
    admin.call_s3("create_bucket", Bucket=name)
    return name


def bare(home):
    """No credentials, no profile, no metadata service, nothing of the tester's own."""
    home.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONWARNINGS": "error::ResourceWarning",
    }


@pytest.fixture
def environment(tmp_path):
    return bare(tmp_path / "home")


@pytest.fixture(scope="session")
def forks(tmp_path_factory):
    with forking(bare(tmp_path_factory.mktemp("forks") / "home")) as running:
        yield running


@pytest.fixture
def credentials(environment):
    """Made-up keys, with which links can be signed and no server be reached."""
    environment |= {"AWS_ACCESS_KEY_ID": "AKEXAMPLE", "AWS_SECRET_ACCESS_KEY": "made-up-secret"}
    return environment


@pytest.fixture
def real(environment, server):
    """What leads the command to the real server."""
    environment |= {
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret,
        "AWS_DEFAULT_REGION": server.region,
        "AWS_ENDPOINT_URL_S3": server.endpoint,
    }
    return environment


@pytest.fixture
def daypass(forks, environment, tmp_path):
    """Run the command in ``tmp_path``; nothing it writes may ever be a traceback."""

    def run(*arguments, input=""):  # noqa: A002 - as it is named by `subprocess.run`
        done = forks.run(list(map(str, arguments)), environment, str(tmp_path), input)
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def cold(environment, tmp_path):
    """Run the command as it is installed, in a process that begins with nothing."""

    def run(*arguments, **options):
        return subprocess.run(
            [DAYPASS, *map(str, arguments)],
            check=False,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            **options,
        )

    return run


@pytest.fixture
def start(environment, tmp_path):
    """Start the command without waiting for it; its output goes to pipes."""
    started = []

    def begin(*arguments, stdout=subprocess.PIPE):
        process = subprocess.Popen(
            [DAYPASS, *map(str, arguments)],
            env=environment,
            cwd=tmp_path,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def on_terminal(environment, tmp_path):
    """Run the command on a terminal 80 columns wide; return exit code and what it showed."""

    def run(*arguments):
        master, slave = pty.openpty()
        try:
            process = subprocess.Popen(
                [DAYPASS, *map(str, arguments)],
                env=environment | {"TERM": "xterm", "COLUMNS": "80"},
                cwd=tmp_path,
                stdin=slave,
                stdout=slave,
                stderr=slave,
            )
            os.close(slave)
            shown = b"".join(_read(master))
            return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")
        finally:
            os.close(master)

    return run


def _read(descriptor) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(descriptor, 1 << 16)
        except OSError:  # Linux says so when the last writer has gone
            return
        if not piece:
            return
        yield piece


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):  # a client may leave
            super().handle_error(request, client_address)


@pytest.fixture
def liar(credentials):
    """Serve one handler on loopback as the S3 endpoint of the command's environment.

    The handler is a function of the request handler, called for every request.
    """

    @contextmanager
    def serve(answer):
        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self):
                self.raw_requestline = self.rfile.readline(65537)
                if self.raw_requestline and self.parse_request():
                    answer(self)
                self.close_connection = True

            def log_message(self, *_):
                pass

        with _Server(("127.0.0.1", 0), Handler) as httpd:
            thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
            thread.start()
            credentials["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{httpd.server_port}"
            try:
                yield httpd
            finally:
                httpd.shutdown()
                thread.join()

    return serve


@pytest.fixture
def install(environment, tmp_path):
    """Install a made-up distribution: an entry point and the module it names."""
    place = tmp_path / "installed"
    place.mkdir()
    environment["PYTHONPATH"] = str(place)

    def make(name, group, entry, source, summary=None):
        module = name.replace("-", "_")
        (place / f"{module}.py").write_text(source)
        info = place / f"{module}-1.0.dist-info"
        info.mkdir()
        said = "" if summary is None else f"Summary: {summary}\n"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{said}"
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry} = {module}\n")

    return make


@pytest.fixture
def leftovers(tmp_path):
    """List the files in ``tmp_path`` that no test put there by name."""
    return lambda: sorted(path.name for path in tmp_path.glob(".daypass-*"))


assert shutil.which(DAYPASS), "the command is not installed beside this Python"
