"""A manifest of ten million paths: memory, and rows per second against the bare loop. Offline.

    pip install -c constraints.txt './core[arrow]' ./plugins/s3 'dask[distributed]' pandas psutil pyspark 'ray[data]'
    python benchmarks/manifest.py --rows 1000000
    python benchmarks/manifest.py --only dask ray spark

Each work is measured against a bare loop that signs as many paths in this process and keeps nothing, and against two
such loops at once: some machines give two processes less than twice as much, whatever they do. All take turns; the
best of seven counts, and the median of the rounds' own ratios stands beside it, since one process finds a good moment
of a shared machine more easily than two at once.

``daypass sign --from`` reads Parquet and writes Parquet; its memory is that of all its processes together, counted
twice: RSS counts what they share in each of them, PSS once.

Dask, Ray and Spark have two workers each, which have signed before the first round that counts; the paths are there
before the clock starts. Dask leaves the results on its workers and Ray in its store of objects. Spark has them as rows
and keeps none: its data come from a virtual machine and go back to it, beside which its two workers run. So Java is
needed. Each is held against one loop that does the same to the same tables in this process.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import cycle
from multiprocessing import get_context
from operator import truediv
from pathlib import Path
from typing import TYPE_CHECKING

# Before any SDK is imported: the credentials are these, and nobody looks for others.
for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
    del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "made-up-secret",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
# And before Ray and Spark are: they stay on loopback, and tell nobody that they run.
os.environ |= {
    "PYSPARK_PYTHON": sys.executable,
    "RAY_AUTH_MODE": "disabled",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "SPARK_LOCAL_IP": "127.0.0.1",
}

import psutil  # noqa: E402 - after the environment is set
import pyarrow as pa  # noqa: E402 - after the environment is set
import pyarrow.parquet as pq  # noqa: E402 - after the environment is set

import daypass  # noqa: E402 - after the environment is set
from daypass.arrow import Signer  # noqa: E402 - after the environment is set

if TYPE_CHECKING:
    import pandas as pd

BUCKET = "daypass-benchmark"
GROUP = 1_000_000
LOOP_ROWS = 500_000
#: Into which an engine's rows are divided.
PARTS = 40
#: In turn, so that a busy moment of the machine falls on both.
ROUNDS = 7
#: What docs/how-to/pipelines.md advises: each process of Dask else watches itself all the time.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}
MIB = 1 << 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="daypass sign --from against the bare loop")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--engine-rows", type=int, default=2_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    engines = {"dask": dask, "ray": ray, "spark": spark}
    works = ["manifest", *engines]
    parser.add_argument("--only", choices=works, default=works, nargs="+")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        two_loops(pool, LOOP_ROWS)  # both have imported all there is
        if "manifest" in arguments.only:
            manifest(pool, Path(name), arguments.rows, arguments.jobs)
        for engine, measure in engines.items():
            if engine in arguments.only:
                measure(pool, arguments.engine_rows)


def paths(start: int, count: int) -> list[str]:
    """Return paths as a partitioned table has them."""
    return [
        f"s3://{BUCKET}/year=2026/month=05/part-{number:010d}.parquet"
        for number in range(start, start + count)
    ]


def loop(rows: int) -> tuple[float, float]:
    """Return the seconds of the bare loop, and its seconds of CPU; making the paths takes none of them."""
    seconds = used = 0.0
    for start in range(0, rows, LOOP_ROWS):
        some = paths(start, min(LOOP_ROWS, rows - start))
        begin, cpu = time.perf_counter(), time.process_time()
        daypass.create_signed_urls(some, expires_in="1d")
        seconds += time.perf_counter() - begin
        used += time.process_time() - cpu
    return seconds, used


def two_loops(pool: ProcessPoolExecutor, rows: int) -> float:
    """Return the seconds that two bare loops at once take for so many rows between them."""
    return statistics.mean(seconds for seconds, _ in pool.map(loop, [rows // 2] * 2))


def manifest(pool: ProcessPoolExecutor, directory: Path, rows: int, jobs: int) -> None:
    """Measure Parquet to Parquet."""
    source, target = directory / "manifest.parquet", directory / "signed.parquet"
    schema = pa.schema([("id", pa.int64()), ("path", pa.string())])
    with pq.ParquetWriter(source, schema) as writer:
        for start in range(0, rows, GROUP):
            count = min(GROUP, rows - start)
            columns = {"id": range(start, start + count), "path": paths(start, count)}
            writer.write_table(pa.table(columns, schema=schema))
    # The bare loop, two of them at once, and the command.
    runs = [
        (*loop(rows), two_loops(pool, rows), *command(source, target, jobs)) for _ in range(ROUNDS)
    ]
    if pq.ParquetFile(target).metadata.num_rows != rows:
        sys.exit("daypass sign did not sign them all")
    bare, bare_work, two, seconds, work, rss, pss = zip(*runs, strict=True)
    print(f"bare loop, one process        {rows / min(bare):>12,.0f} rows/s  ({rows:,} rows)")
    print(
        f"two bare loops at once        {rows / min(two):>12,.0f} rows/s  ({min(bare) / min(two):.2f}x)"
    )
    print(f"Parquet to Parquet, {jobs} jobs    {rows / min(seconds):>12,.0f} rows/s")
    per_core = [jobs * each for each in seconds]
    print(f"  per core against the loop   {ratio(bare, per_core)}")
    print(f"  against two at once         {ratio(two, seconds)}")
    # Where others use the machine, this says more.
    print(f"  per CPU second              {ratio(bare_work, work)}")
    print(f"  peak RSS of all processes   {max(rss) / MIB:>12.0f} MiB")
    print(f"  peak PSS of all processes   {max(pss) / MIB:>12.0f} MiB")
    before, after = (file.stat().st_size / rows for file in (source, target))
    print(f"  bytes in and out per row    {before:>12.0f} {after:.0f}")


def ratio(before: Sequence[float], after: Sequence[float]) -> str:
    """Return how much faster one is than the other: the best of all rounds, their median, and each."""
    rounds = list(map(truediv, before, after))
    each = " ".join(f"{one:.2f}" for one in rounds)
    return (
        f"{min(before) / min(after):>12.2f}x  (median {statistics.median(rounds):.2f}x of {each})"
    )


def command(source: Path, target: Path, jobs: int) -> tuple[float, float, int, int]:
    """Return the seconds, the seconds of CPU, the RSS and the PSS of ``daypass sign --from``."""
    program = [str(Path(sys.executable).with_name("daypass")), "sign", "--expires-in", "1d"]
    program += ["--from", str(source), "--to", str(target), "--jobs", str(jobs)]
    begin, used = time.perf_counter(), cpu_of_children()
    process = subprocess.Popen(program)
    peaks = Peaks(process.pid)
    code = process.wait()
    seconds, used = time.perf_counter() - begin, cpu_of_children() - used
    peaks.end()
    if code:
        sys.exit("daypass sign failed")
    return seconds, used, peaks.rss, peaks.pss


def cpu_of_children() -> float:
    """Return the seconds of CPU of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Peaks:
    """Watches the memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        self.rss = self.pss = 0
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        turn = 0
        while not self._ended.wait(0.05):
            turn += 1
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self.rss = max(self.rss, sum(one.memory_info().rss for one in family))
                if turn % 10 == 0:  # it takes longer to find out
                    self.pss = max(self.pss, sum(one.memory_full_info().pss for one in family))
            except psutil.Error:
                continue

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._thread.join()


def dask(pool: ProcessPoolExecutor, rows: int) -> None:
    """Measure a Dask cluster of two workers against one loop over the same frames."""
    import pandas as pd
    from dask import config
    from dask import dataframe as dd
    from dask.distributed import Client, LocalCluster, wait

    def sign(frame: pd.DataFrame, signer: Signer) -> pd.DataFrame:
        return frame.assign(url=pd.arrays.ArrowExtensionArray(signer.urls(frame["path"])))

    frames = [pd.DataFrame({"path": pd.array(part, "string[pyarrow]")}) for part in parts_of(rows)]
    config.set(QUIET)
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    )
    with cluster, Client(cluster) as client:
        # As many frames on each worker: what lies on a busy one waits until Dask moves it.
        workers = cycle(client.scheduler_info()["workers"])
        dealt = [client.scatter(frame, workers=next(workers)) for frame in frames]
        table = dd.from_delayed(dealt, meta=frames[0].iloc[:0]).persist()
        wait(table)
        meta = {"path": "string[pyarrow]", "url": pd.ArrowDtype(pa.string())}

        def cluster_signs(signer: Signer) -> object:
            kept = client.persist(table.map_partitions(sign, signer, meta=meta))
            wait(kept)
            return kept

        def loop_signs(signer: Signer) -> None:
            for frame in frames:
                sign(frame, signer)

        engine("Dask", pool, rows, cluster_signs, loop_signs)


def ray(pool: ProcessPoolExecutor, rows: int) -> None:
    """Measure Ray's `map_batches` on two workers against one loop over the same tables."""
    import ray

    tables = [pa.table({"path": part}) for part in parts_of(rows)]
    with tempfile.TemporaryDirectory(prefix="ray") as home:
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            # Twice what paths and links take, or else they are written to a disk; Ray takes no less than 75 MB.
            object_store_memory=max(100 << 20, 1000 * rows),
            _temp_dir=home,
        )
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        held = ray.data.from_arrow(tables).materialize()

        def ray_signs(signer: Signer) -> object:
            return held.map_batches(signer, batch_format="pyarrow").materialize()

        engine("Ray", pool, rows, ray_signs, partial(sign_each, tables))
        ray.shutdown()


def spark(pool: ProcessPoolExecutor, rows: int) -> None:
    """Measure Spark's `mapInArrow` on two workers against one loop over the same tables."""
    from pyspark.sql import SparkSession

    tables = [pa.table({"path": part}) for part in parts_of(rows)]
    with tempfile.TemporaryDirectory(prefix="spark") as home:
        builder = SparkSession.builder.master("local[2]").appName("daypass")
        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "4g",
            "spark.local.dir": home,
            "spark.log.level": "ERROR",
            "spark.sql.session.timeZone": "UTC",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        for number, table in enumerate(tables):
            pq.write_table(table, f"{home}/paths-{number}.parquet")
        held = session.read.parquet(f"{home}/paths-*.parquet").repartition(PARTS).cache()
        held.count()

        def spark_signs(signer: Signer) -> None:
            signed = held.mapInArrow(
                lambda batches: map(signer, batches),
                "path string, url string, expires_at timestamp",
            )
            signed.write.format("noop").mode("overwrite").save()

        engine("Spark", pool, rows, spark_signs, partial(sign_each, tables))
        session.stop()


def parts_of(rows: int) -> list[list[str]]:
    """Return paths for an engine, in as many parts as it has tasks."""
    return [paths(part * rows // PARTS, rows // PARTS) for part in range(PARTS)]


def sign_each(tables: Sequence[pa.Table], signer: Signer) -> None:
    """Sign tables in this process, and keep none."""
    for table in tables:
        signer(table)


def engine(
    name: str,
    pool: ProcessPoolExecutor,
    rows: int,
    engine_signs: Callable[[Signer], object],
    loop_signs: Callable[[Signer], None],
) -> None:
    """Measure an engine of two workers against a loop that does the same, and against two bare ones."""
    alone, two, together = [], [], []
    # The first round is not counted: in it each worker prepares its store. Each round asks for
    # another lifetime, so that no scheduler knows its results already.
    for number in range(ROUNDS + 1):
        signer = Signer(expires_in=3600 + number)
        kept = None  # the engine forgets the round before, as the loop does
        begin = time.perf_counter()
        loop_signs(signer)
        alone.append(time.perf_counter() - begin)
        two.append(two_loops(pool, rows))
        begin = time.perf_counter()
        kept = engine_signs(signer)
        together.append(time.perf_counter() - begin)
    del kept, alone[0], two[0], together[0]
    print(f"one loop over {PARTS} tables       {rows / min(alone):>12,.0f} rows/s  ({rows:,} rows)")
    print(f"{name + ', two workers':30}{rows / min(together):>12,.0f} rows/s")
    print(f"  against the loop            {ratio(alone, together)}")
    print(f"  against two bare ones       {ratio(two, together)}")


if __name__ == "__main__":
    main()
