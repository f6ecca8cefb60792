import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daypass import create_signed_url, head_metadata
from daypass.demo import server as server_module
from daypass.demo.server import ServerError, ServerMissingError, make_bucket, swift
from tests.stranger import send


@pytest.fixture(scope="module")
def odd():
    """Run a server whose every option differs from the default."""
    with swift(
        access_key="my_account:some.user",
        secret='se"c#r;e$t+/=',
        region="eu-north-7",
        domain="store.localhost",
        versioning=False,
    ) as running:
        make_bucket(running, "bucket")
        yield running


@pytest.fixture(scope="session")
def plain(servers):
    return servers("swift")


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the last is of one that goes as it is read
        return False


def wait_until_gone(pid, directory):
    end = time.monotonic() + 20
    while is_alive(pid) or directory.exists():
        assert time.monotonic() < end, "the server outlived its parent"
        time.sleep(0.01)


def test_it_serves_what_is_signed_and_refuses_the_rest(odd):
    options = odd.storage_options
    path = "s3://bucket/a b//ü?#%2F+"
    put = create_signed_url(path, method="PUT", content_type="a/b", storage_options=options)
    assert send(put, b"x").status == 200
    get = create_signed_url(path, storage_options=options)
    assert send(get).body == b"x"
    assert send(get, method="DELETE").code == "SignatureDoesNotMatch"
    assert send(put, b"x", headers={"Content-Type": "c/d"}).status == 403
    past = datetime.now(UTC) - timedelta(hours=2)
    late = create_signed_url(path, expires_in=60, signing_time=past, storage_options=options)
    assert send(late).status == 403
    for wrong in (
        {"secret": "other"},
        {"key": "my_account:nobody"},
        {"client_kwargs": {"region_name": "us-east-1"}},
    ):
        link = create_signed_url(path, storage_options=options | wrong)
        assert send(link).status in (400, 403), wrong


def test_buckets_are_virtual_hosts_below_its_domain(odd):
    port = odd.endpoint.rpartition(":")[2]
    options = odd.storage_options | {
        "endpoint_url": f"http://store.localhost:{port}",
        "config_kwargs": {"s3": {"addressing_style": "virtual"}},
    }
    link = create_signed_url("s3://bucket/virtual", method="PUT", storage_options=options)
    assert link.url.startswith(f"http://bucket.store.localhost:{port}/virtual?")
    # By its number: not every machine knows names below localhost.
    url = link.url.replace("bucket.store.localhost", "127.0.0.1")
    headers = link.headers | {"Host": f"bucket.store.localhost:{port}"}
    assert send(link, b"x", url=url, headers=headers).status == 200
    assert head_metadata("s3://bucket/virtual", storage_options=odd.storage_options).size == 1


def test_versions_can_be_kept_where_they_are_allowed(plain, odd):
    import fsspec

    bucket = f"versions-{uuid.uuid4().hex[:12]}"

    def enable(server):
        make_bucket(server, bucket)
        fs = fsspec.filesystem("s3", **server.storage_options, skip_instance_cache=True)
        fs.call_s3(
            "put_bucket_versioning",
            Bucket=bucket,
            VersioningConfiguration={"Status": "Enabled"},
        )

    enable(plain)
    path, options = f"s3://{bucket}/k", plain.storage_options
    versions = []
    for body in (b"one", b"two"):
        send(create_signed_url(path, method="PUT", storage_options=options), body)
        versions.append(head_metadata(path, storage_options=options).version)
    old = create_signed_url(path, version=versions[0], storage_options=options)
    assert send(old).body == b"one"
    with pytest.raises(OSError, match="Not implemented"):
        enable(odd)


def test_it_listens_on_loopback_alone_and_shows_no_secret(plain):
    assert plain.endpoint.startswith("http://127.0.0.1:")
    assert plain.secret not in repr(plain)
    arguments = Path(f"/proc/{plain.pid}/cmdline").read_bytes()
    assert plain.secret.encode() not in arguments


@pytest.mark.parametrize("outcome", [None, RuntimeError, KeyboardInterrupt])
def test_it_is_gone_after_the_block(outcome):
    try:
        with swift() as server:
            assert is_alive(server.pid)
            if outcome is not None:
                raise outcome
    except (RuntimeError, KeyboardInterrupt):
        pass
    assert not is_alive(server.pid)
    assert not server.directory.exists()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_is_gone_when_its_parent_is(end):
    script = (
        "import time\nfrom daypass.demo.server import swift\n"
        "with swift() as server:\n"
        "    print(server.pid, server.directory, flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        pid, directory = parent.stdout.readline().split()
        assert is_alive(pid)
        parent.send_signal(end)
        parent.wait(timeout=20)
        wait_until_gone(int(pid), Path(directory))


def test_without_swift_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(server_module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ServerMissingError, match=r"daypass\[demo\]"), swift():
        pass


@pytest.mark.parametrize(
    "options",
    [
        {"access_key": "nocolon"},
        {"access_key": "a:b:c"},
        {"access_key": ":b"},
        {"secret": ""},
        {"secret": "a b"},
        {"secret": "a%b"},
        {"secret": "ü"},
    ],
)
def test_what_swift_cannot_be_told_is_refused(options):
    with pytest.raises(ValueError, match=r"access_key|secret"), swift(**options):
        pass


def test_a_directory_that_keeps_no_attributes_is_told(monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    with pytest.raises(ServerError, match="TMPDIR"), swift():
        pass


def test_a_server_that_does_not_start_is_told_with_its_last_words(monkeypatch, tmp_path):
    broken = tmp_path / "swift"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise SystemExit('no swift today')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ServerError, match="no swift today"), swift():
        pass


def test_a_server_that_says_nothing_is_given_up():
    begun = time.monotonic()
    with pytest.raises(ServerError, match="did not start"), swift(start_timeout=0.01):
        pass
    assert time.monotonic() - begun < 20
