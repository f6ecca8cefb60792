"""A manifest of ten million paths: memory, and rows per second against the bare loop. Offline.

    pip install -c constraints.txt './core[arrow]' ./plugins/s3 'dask[distributed]' pandas psutil
    python benchmarks/manifest.py --rows 1000000

Each work is measured against a bare loop that signs as many paths in this process and keeps nothing, and against two
such loops at once: some machines give two processes less than twice as much, whatever they do. All take turns; the
best of seven counts, and the median of the rounds' own ratios stands beside it, since one process finds a good moment
of a shared machine more easily than two at once.

``daypass sign --from`` reads Parquet and writes Parquet; its memory is that of all its processes together, counted
twice: RSS counts what they share in each of them, PSS once. Dask has two workers of one process each, and leaves the
results on them.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle
from multiprocessing import get_context
from operator import truediv
from pathlib import Path

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

import psutil  # noqa: E402 - after the environment is set
import pyarrow as pa  # noqa: E402 - after the environment is set
import pyarrow.parquet as pq  # noqa: E402 - after the environment is set

import daypass  # noqa: E402 - after the environment is set

BUCKET = "daypass-benchmark"
GROUP = 1_000_000
LOOP_ROWS = 500_000
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
    parser.add_argument("--dask-rows", type=int, default=2_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", choices=["manifest", "dask"])
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        two_loops(pool, LOOP_ROWS)  # both have imported all there is
        if arguments.only != "dask":
            manifest(pool, Path(name), arguments.rows, arguments.jobs)
        if arguments.only != "manifest":
            dask(pool, arguments.dask_rows)


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

    from daypass.arrow import Signer

    parts = 40

    def make(part: int) -> pd.DataFrame:
        rows_of = paths(part * rows // parts, rows // parts)
        return pd.DataFrame({"path": pd.array(rows_of, "string[pyarrow]")})

    def sign(frame: pd.DataFrame, signer: Signer) -> pd.DataFrame:
        return frame.assign(url=pd.arrays.ArrowExtensionArray(signer.urls(frame["path"])))

    frames = [make(part) for part in range(parts)]
    alone, two, together = [], [], []
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
        # The first round is not counted: in it each worker prepares its store. Each round asks for
        # another lifetime, so that no scheduler knows its results already.
        for number in range(ROUNDS + 1):
            signer = Signer(expires_in=3600 + number)
            kept = None  # the workers forget the round before, as the loop does
            begin = time.perf_counter()
            for frame in frames:
                sign(frame, signer)
            alone.append(time.perf_counter() - begin)
            two.append(two_loops(pool, rows))
            begin = time.perf_counter()
            kept = client.persist(table.map_partitions(sign, signer, meta=meta))
            wait(kept)
            together.append(time.perf_counter() - begin)
    del alone[0], two[0], together[0]
    print(f"one loop over {parts} frames       {rows / min(alone):>12,.0f} rows/s  ({rows:,} rows)")
    print(f"Dask, two workers             {rows / min(together):>12,.0f} rows/s")
    print(f"  against the loop            {ratio(alone, together)}")
    print(f"  against two bare ones       {ratio(two, together)}")


if __name__ == "__main__":
    main()
