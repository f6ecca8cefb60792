"""``daypass serve`` as it is typed, in front of a real store, and readers that follow its links."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import daypass_links
from tests.plugins.links.written import events_at
from tests.servers.links import DAYPASS, free_port, ready, served

pytestmark = pytest.mark.servers

REFERENCE = Path(__file__).parents[4] / "docs" / "reference"


def wait_until_ready(address):
    # It listens as soon as its process does; until then nobody answers.
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
                return answer.status
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise


def read(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        return answer.read()


def test_a_link_is_made_read_counted_and_taken_back(configured, tmp_path):
    with served(configured, tmp_path / "run") as (output, address):
        key = output.wait_for("first key: ").removeprefix("first key: ")
        assert ready(output, address) == 200
        client = daypass_links.Client(address, key=key)
        link = client.create("daypass://results/a.csv", expires_in="30d", label="report")
        assert link.url.startswith(f"{address}/l/")
        assert read(link.url) == b"a,b\n1,2\n"
        assert read(link.url, Range="bytes=4-6") == b"1,2"
        grant = client.create("daypass://results/x.zarr/", prefix=True)
        assert read(f"{grant.url}c/0%200") == b"chunk"
        upload = client.create("daypass://results/new", method="PUT", max_uses=1)
        put = subprocess.run(
            ["curl", "-sSfL", "--noproxy", "*", "-T", "-", upload.url],
            input=b"new",
            check=False,
            capture_output=True,
        )
        assert put.returncode == 0, put.stderr
        assert read(client.create("daypass://results/new").url) == b"new"
        assert client.show(link.link_id).uses == 2
        assert client.revoke(label="report") == 1
        with pytest.raises(urllib.error.HTTPError) as caught:
            read(link.url)
        assert caught.value.code == 410
        caught.value.close()
        kinds = [event.kind for event in client.events(link.link_id)]
        assert kinds == ["mint", "use", "use", "revoke"]


def test_a_program_gives_a_password_as_the_documentation_says(process, kit, tmp_path):
    client, bucket = kit
    client.put_object(Bucket=bucket, Key="in/locked.txt", Body=b"opened")
    link = process.client.create("daypass://kit/in/locked.txt", password="correct horse")
    (tmp_path / "secret.txt").write_text("correct horse\n", "utf-8")
    said = (REFERENCE / "links-api.md").read_text("utf-8").partition("### Passwords")[2]
    command = said.partition("```sh\n")[2].partition("```")[0]
    place, _, token = link.url.rpartition("/l/")
    command = command.replace("https://links.example", place).replace("TOKEN", token)
    command = command.replace("curl ", "curl --noproxy '*' ")
    done = subprocess.run(["sh", "-ec", command], cwd=tmp_path, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / token).read_bytes() == b"opened"


def test_the_first_key_is_told_once_and_links_outlive_the_process(configured, tmp_path):
    with served(configured, tmp_path / "one") as (output, address):
        key = output.wait_for("first key: ").removeprefix("first key: ")
        ready(output, address)
        link = daypass_links.Client(address, key=key).create("daypass://results/a.csv")
    with served(configured, tmp_path / "two") as (output, address):
        assert ready(output, address) == 200
        assert read(f"{address}/l/{link.url.rpartition('/')[2]}") == b"a,b\n1,2\n"
        assert daypass_links.Client(address, key=key).show(link.link_id).state == "alive"


def test_a_port_that_somebody_listens_on_is_an_error(configured, tmp_path):
    with served(configured, tmp_path / "one") as (output, address):
        ready(output, address)
        port = address.rpartition(":")[2]
        other = subprocess.run(
            [DAYPASS, "serve", "--port", port],
            env=configured,
            capture_output=True,
            text=True,
            check=False,
        )
        assert other.returncode == 1
        assert f"cannot listen on 127.0.0.1 port {port}" in other.stderr
        assert "choose another with --port" in other.stderr


def test_told_to_stop_it_writes_what_it_promised_and_ends_its_chain(configured, tmp_path):
    with served(configured, tmp_path / "run") as (output, address):
        key = output.wait_for("first key: ").removeprefix("first key: ")
        ready(output, address)
        link = daypass_links.Client(address, key=key).create("daypass://results/a.csv")
    # That one was killed; this one is told to stop.
    port = free_port()
    with subprocess.Popen(
        [DAYPASS, "serve", "--port", str(port)],
        env=configured,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
            assert read(f"http://127.0.0.1:{port}/l/{link.url.rpartition('/')[2]}")
        finally:
            process.terminate()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert '"event": "stopped"' in said
    found = events_at(f"sqlite:///{tmp_path / 'data' / 'daypass' / 'events.db'}")
    found.sort(key=lambda one: (one["time"], one["seq"]))
    assert [one["kind"] for one in found][-2:] == ["use", "closed"]


def status_of(url, agent):
    """Return what a link is answered with, and follow it nowhere."""
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=60)
    try:
        connection.request("GET", place.path, headers={"user-agent": agent})
        return connection.getresponse().status
    finally:
        connection.close()


def test_two_processes_on_one_database_count_and_revoke_together(configured, tmp_path):
    with (
        served(configured, tmp_path / "one") as (first, one),
        ExitStack() as stack,
    ):
        key = first.wait_for("first key: ").removeprefix("first key: ")
        ready(first, one)
        second, two = stack.enter_context(served(configured, tmp_path / "two"))
        ready(second, two)
        client = daypass_links.Client(one, key=key)
        link = client.create("daypass://results/a.csv", max_uses=3)
        path = urlsplit(link.url).path
        with ThreadPoolExecutor(8) as readers:
            found = readers.map(
                lambda number: status_of(f"{(one, two)[number % 2]}{path}", f"reader/{number}"),
                range(24),
            )
            assert sorted(found) == [307] * 3 + [410] * 21
        link = client.create("daypass://results/a.csv")
        path = urlsplit(link.url).path
        assert status_of(f"{two}{path}", "reader") == 307
        client.revoke(link.link_id)
        revoked = time.monotonic()
        while status_of(f"{two}{path}", "reader") == 307:
            assert time.monotonic() - revoked < 1
        assert daypass_links.Client(two, key=key).show(link.link_id).state == "revoked"


def test_processes_that_serve_end_with_the_one_that_was_killed(configured, tmp_path):
    port = free_port()
    with subprocess.Popen(
        [DAYPASS, "serve", "--port", str(port)],
        env=configured,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert wait_until_ready(f"http://127.0.0.1:{port}") == 200
        parent.kill()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                trial.bind(("127.0.0.1", port))
                return
        time.sleep(0.05)
    pytest.fail("the port is still taken")
