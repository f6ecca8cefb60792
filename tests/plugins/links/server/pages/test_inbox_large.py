"""2 GiB through a real browser with all connections cut in the middle, and how much memory the page and the service take meanwhile.

It takes 7 GiB in the directory for temporary files: the file, its parts, and the object.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from pathlib import Path

import pytest

from daypass.gate.cors import plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from daypass.store.store import Store
from tests.servers.cutting import wire_to
from tests.servers.links import links_service

pytestmark = [pytest.mark.servers, pytest.mark.nightly]

MIB = 1 << 20
SIZE = 2 << 30
#: How long it may take, in ms: a machine that does other things too sends some MiB a second.
PATIENCE = 1_200_000


def memory_of(pid):
    """Return what a process has of its own in memory, in bytes: no files that it maps."""
    said = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", said)[1]) * 1024


def family_of(port):
    """Return the process that serves on a port, by its command line, and its children."""
    found, parents = set(), {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            parents[int(place.name)] = int(
                (place / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except (OSError, IndexError):  # it has ended
            continue
        if b"serve" in words and str(port).encode() in words and b"python" in words[0]:
            found.add(int(place.name))
    return found | {pid for pid, parent in parents.items() if parent in found}


class Watch:
    """Looks how much memory processes take, until the block ends."""

    def __init__(self, **processes):
        self.processes, self.seen = processes, {name: [] for name in processes}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._over.wait(0.25):
            for name, pids in self.processes.items():
                self.seen[name].append(sum(memory_of(pid) for pid in pids))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def growth(self, name):
        """Return how much more one took at most than at first, in MiB."""
        return (max(self.seen[name]) - self.seen[name][0]) / MIB


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of 2 GiB, no part of which is like another."""
    path = tmp_path_factory.mktemp("large") / "large.bin"
    with path.open("wb") as file:
        for number in range(SIZE // MIB):
            file.write(hashlib.sha256(b"%d" % number).digest() * (MIB // 32))
    yield path
    path.unlink()


def test_2_gib_come_through_a_cut_connection_in_little_memory(
    local, bucket, browser, database, large
):
    with wire_to(local.endpoint) as wire:
        reached = {**local.storage_options, "endpoint_url": wire.url}
        options = json.dumps(reached)
        text = f'[profiles.box]\nurl = "s3://{bucket}"\n'
        given = {"DAYPASS_PROFILES__BOX__STORAGE_OPTIONS": options, **database}
        with links_service(text, given) as service:
            store = Store(f"s3://{bucket}", storage_options=local.storage_options)
            plan = plan_cors(
                store.backend, store.location, CorsRule(origins=[service.address], methods=["PUT"])
            )
            local.client.put_bucket_cors(
                Bucket=bucket, CORSConfiguration={"CORSRules": [plan.rule]}
            )
            link = service.client.create("daypass://box/in/", inbox=True)
            page = browser.new_page()
            page.set_default_timeout(120_000)
            page.goto(link.url)
            page.locator("#pick").wait_for()
            told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
            renderers = [one["id"] for one in told["processInfo"] if one["type"] == "renderer"]
            serving = family_of(service.address.rpartition(":")[2])
            assert renderers
            assert serving
            wire.cut_at = wire.sent + SIZE // 2
            with Watch(page=renderers, service=serving) as watch:
                page.locator("#picker").set_input_files(large)
                page.locator(".file[data-state=trying]").wait_for(timeout=PATIENCE)
                page.locator(".file[data-state=done]").wait_for(timeout=PATIENCE)
            assert wire.cuts
            with large.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            assert page.get_by_text(sha256).is_visible()
            # Not much more was sent than there is: what was there before the cut was not sent again.
            assert wire.sent < SIZE * 1.1
    (made,) = local.client.list_objects_v2(Bucket=bucket)["Contents"]
    assert made["Size"] == SIZE
    local.client.delete_object(Bucket=bucket, Key=made["Key"])  # which takes as much room again
    growth = {name: round(watch.growth(name)) for name in watch.seen}
    assert growth["page"] < 100
    assert growth["service"] < 64
