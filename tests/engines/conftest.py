"""Ray and Spark, each on loopback, with a store that verifies links, and a manifest of what lies there."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from s3fs import S3FileSystem

from daypass.demo.server import Server
from tests.engines.oracle import KEYS
from tests.servers.install import java_program


@pytest.fixture(scope="session")
def store(servers: Callable[[str], Any]) -> Iterator[Server]:
    """Return a server with a bucket `maps`, whose credentials all processes find in the environment."""
    server: Server = servers("swift")
    admin = S3FileSystem(**server.storage_options, skip_instance_cache=True)
    admin.call_s3("create_bucket", Bucket="maps")
    admin.pipe({f"maps/{key}": key.encode() for key in KEYS})
    pq.write_table(pa.table({"n": range(1000)}), "maps/cities/n.parquet", filesystem=admin)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
        patch.setenv("AWS_DEFAULT_REGION", server.region)
        patch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
        yield server


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let `manifest/` name all objects, in four files, from where an engine is started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("engine"))
        Path("manifest").mkdir()
        for part in range(4):
            paths = [f"s3://maps/{key}" for key in KEYS[part::4]]
            pq.write_table(pa.table({"path": paths}), f"manifest/{part}.parquet")
        yield


@pytest.fixture(scope="module")
def ray_logs(store: Server, manifest: None) -> Iterator[Path]:
    """Start Ray with two workers; return where it keeps what it says."""
    # Of a socket's address there is no more than 107 bytes, and Ray has names of its own.
    with tempfile.TemporaryDirectory(prefix="ray") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # or it writes a token into the home
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # so it stays on loopback
        import ray

        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=100 << 20,
            _temp_dir=home,
        )
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield Path(home)
        ray.shutdown()


@pytest.fixture(scope="module")
def spark(store: Server, manifest: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start Spark with two workers."""
    java_program()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        from pyspark.sql import SparkSession

        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
        }
        builder = SparkSession.builder.master("local[2]").appName("daypass")
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield session
        gateway = session.sparkContext._gateway
        session.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()  # at which the virtual machine ends
        gateway.proc.wait(60)


@pytest.fixture(scope="session")
def family() -> Callable[[], set[int]]:
    """Return the processes of this one: itself, its children, and theirs."""

    def find() -> set[int]:
        parents = {}
        for place in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(place.parent.name)] = int(
                    place.read_text().rpartition(")")[2].split()[1]
                )
            except (OSError, IndexError):
                continue  # it has ended
        found = {os.getpid()}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    return find


@pytest.fixture
def heard(family: Callable[[], set[int]]) -> Callable[[], set[str]]:
    """Return at which addresses this process and its family listen, as Linux writes them."""

    def find() -> set[str]:
        own = set()
        for pid in family():
            for place in Path(f"/proc/{pid}/fd").glob("*"):
                with suppress(OSError):  # it was closed, or its process has ended
                    own.add(str(place.readlink()))
        rows = [
            line.split()
            for name in ("tcp", "tcp6")
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        ]
        return {
            row[1].partition(":")[0]
            for row in rows
            if row[3] == "0A" and f"socket:[{row[9]}]" in own
        }

    return find
