"""200 MiB in parts to every kind of store: killed in the middle, resumed, identical, in little memory."""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import subprocess
import threading
import uuid
from base64 import b64encode
from pathlib import Path

import attrs
import pytest

from tests.core.cli.conftest import DAYPASS
from tests.servers.azurite import ACCOUNT, KEY
from tests.servers.counting_proxy import counting_proxy
from tests.servers.gcs_front import gcs_front
from tests.servers.gcs_objects import Bucket
from tests.servers.gcs_signatures import hmac_verifier
from tests.servers.s3_client import s3_client

MIB = 1 << 20
SIZE = 200 * MIB
PART = 16 * MIB
JOBS = 4
#: When the store has so many parts the command is killed.
KILLED_AT = 5
#: MiB that the command may take in all: less than what is in flight alone would be, and a hundred.
ROOM = 100 + PART // MIB


@attrs.define
class Place:
    """A bucket of one store behind a proxy, and how the command reaches it."""

    path: str
    proxy: object
    environment: dict[str, str]
    options: list[str]
    #: Reads the MD5 of the object ``k`` with somebody else's client.
    read_md5: object
    #: Tells whether the store keeps MD5s of parts, and an ETag made of them.
    tags: bool = True


def md5_of(body):
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@contextlib.contextmanager
def s3_place(servers, kind):
    server = servers(kind)
    client = s3_client(server)
    bucket = f"killed-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=bucket)
    with counting_proxy(server.endpoint.partition("://")[2]) as proxy:
        yield Place(
            f"s3://{bucket}/k",
            proxy,
            {
                "AWS_ACCESS_KEY_ID": server.access_key,
                "AWS_SECRET_ACCESS_KEY": server.secret,
                "AWS_DEFAULT_REGION": server.region,
                "AWS_ENDPOINT_URL_S3": proxy.url,
            },
            [],
            lambda: md5_of(client.get_object(Bucket=bucket, Key="k")["Body"].read()),
        )


@contextlib.contextmanager
def gcs_place(servers, kind):
    with gcs_front() as front, counting_proxy(front.url.partition("://")[2]) as proxy:
        front.keys["GOOG4-HMAC-SHA256", "GOOG1EXAMPLE"] = hmac_verifier("made-up")
        bucket = front.buckets["killed"] = Bucket()
        yield Place(
            "gs://killed/k",
            proxy,
            {"NO_GCE_CHECK": "true"},
            [
                *("--storage-option", f"endpoint_url={proxy.url}"),
                *("--storage-option", "token=anon"),
                *("--signer-option", "hmac_access_id=GOOG1EXAMPLE"),
                *("--signer-option", "hmac_secret=made-up"),
            ],
            lambda: md5_of(bucket.get("k", None).body),
            tags=False,  # Cloud Storage's tag of such an object is no MD5
        )


@contextlib.contextmanager
def azure_place(servers, kind):
    from azure.storage.blob import ContainerClient

    server = servers(kind)
    container = f"killed-{uuid.uuid4().hex[:12]}"
    with (
        counting_proxy(server.host) as proxy,
        ContainerClient.from_connection_string(server.connection_string, container) as client,
    ):
        client.create_container()
        endpoint = f"{proxy.url}/{ACCOUNT}"
        login = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"
        yield Place(
            f"az://{container}/k",
            proxy,
            {"AZURE_STORAGE_CONNECTION_STRING": login},
            [],
            lambda: md5_of(client.download_blob("k").readall()),
            tags=False,
        )


PLACES = {
    "swift": s3_place,
    "azurite": azure_place,
    # What goes up in parts by the same XML.
    "localstack": s3_place,
    "gcs front": gcs_place,
}
BY_NIGHT = ("localstack", "gcs front", "azurite")


@pytest.fixture
def file(tmp_path):
    """A file of 200 MiB in which no two MiB are alike."""
    path = tmp_path / "large.bin"
    with path.open("wb") as sink:
        for number in range(SIZE // MIB):
            sink.write(hashlib.sha256(number.to_bytes(8)).digest() * (MIB // 32))
    return path


@pytest.fixture
def place(request, servers):
    with PLACES[request.param](servers, request.param) as found:
        yield found


class Command:
    """The real command in a process of its own, whose memory the proxy looks at with every request."""

    def __init__(self, place, environment, directory):
        self._place = place
        self._environment = environment | place.environment
        self._directory = directory
        self.peak = 0
        self.process = None
        self._begun = threading.Event()

    def start(self, *arguments):
        self._place.proxy.on_request = self._look
        self.process = subprocess.Popen(
            [DAYPASS, *map(str, arguments), *self._place.options],
            env=self._environment,
            cwd=self._directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._begun.set()
        return self

    def _look(self):
        """Note the most memory that the process has ever taken, in MiB, as Linux counts it."""
        self._begun.wait(30)
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            line = next(line for line in lines if line.startswith("VmHWM"))
            self.peak = max(self.peak, int(line.split()[1]) / 1024)

    def kill(self):
        self._begun.wait(30)
        self.process.send_signal(signal.SIGKILL)

    def end(self):
        out, err = self.process.communicate(timeout=300)
        assert "Traceback" not in err, err
        return self.process.returncode, out, err


@pytest.mark.parametrize(
    "place",
    [pytest.param(name, marks=pytest.mark.nightly if name in BY_NIGHT else ()) for name in PLACES],
    indirect=True,
)
def test_a_killed_upload_goes_on_and_is_identical(place, environment, tmp_path, file):
    expected = hashlib.md5(file.read_bytes(), usedforsecurity=False).digest()
    proxy = place.proxy

    first = Command(place, environment, tmp_path)
    proxy.on_part = lambda count: first.kill() if count == KILLED_AT else None
    first.start("put", file, place.path, "--jobs", JOBS, "--json")
    code, _, _ = first.end()
    assert code == -signal.SIGKILL
    proxy.settle()
    sent = set(proxy.parts)
    assert KILLED_AT <= len(sent) < SIZE / PART

    again = Command(place, environment, tmp_path)
    proxy.on_part = lambda _: None
    code, _, err = again.start("put", file, place.path).end()
    assert code == 2
    assert "--resume" in err
    assert "--abort" in err

    proxy.parts.clear()
    last = Command(place, environment, tmp_path)
    code, out, err = last.start("put", file, place.path, "--resume", "--jobs", JOBS, "--json").end()
    assert (code, err) == (0, ""), err
    # What the store had was not sent again, though the command never heard of its last parts.
    assert sent.isdisjoint(proxy.parts)
    assert len(sent) + len(proxy.parts) == 13
    told = json.loads(out)
    assert (told["size"], told["parts"]) == (SIZE, 13)
    assert told["checked"] == (["size", "etag"] if place.tags else ["size"])
    assert place.read_md5() == expected.hex()
    assert told["content_md5"] in (b64encode(expected).decode(), None)

    print(f"peak: {first.peak:.0f} and {last.peak:.0f} MiB")  # noqa: T201 - pytest -rP shows it
    assert 0 < max(first.peak, last.peak) < ROOM < 100 + JOBS * PART / MIB
    state = tmp_path / "home" / ".local" / "state" / "daypass" / "uploads"
    assert list(state.iterdir()) == []
