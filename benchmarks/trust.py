"""What policy and audit add to a link: ten rules, and a chained line in memory; offline, best of many.

Run ``python benchmarks/trust.py`` where benchmarks/requirements.txt is installed: obstore is measured beside it. With ``--check`` it exits with 1 where a target is missed. The audit's
lines are made and hashed, and thrown away: a disk's time is the disk's.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from timeit import repeat

# A script's own directory comes first, and files beside this one have the names of SDKs' packages.
sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).parent]

from daypass import Policy, Quota, Rule, Store, add_audit, remove_audit, set_policy  # noqa: E402 - after the path is set
from daypass.audit.lines import Head, event_text, write_line  # noqa: E402
from daypass.hookspecs import SigningEvent  # noqa: E402

KEYS = [f"data/part-{number:05}.parquet" for number in range(50_000)]
#: The most that both may add, in microseconds: to a single call, and to each URL of many, of which every one
#: is hashed for the Merkle root.
SINGLE, BULK = 8.0, 2.0

STORE = Store(
    "s3://daypass-benchmark",
    storage_options={
        "key": "AKIDEXAMPLE",
        "secret": "made-up-secret",
        "client_kwargs": {"region_name": "eu-west-1"},
    },
    caller="team/ann",
)
RULES = [
    *(Rule(name=f"other {n}", paths=[f"s3://other-{n}/**"], methods=["GET"]) for n in range(8)),
    Rule(name="no", effect="deny", paths=["s3://daypass-benchmark/**/secret/*"]),
]
READ = {
    "name": "read",
    "paths": ["s3://daypass-benchmark/data/**"],
    "methods": ["GET"],
    "callers": ["team/*"],
    "max_expires_in": "1d",
}
LOTS = Quota(urls_per_minute=10**9, live_links=10**12)


class Chain:
    """An audit that makes each line, and keeps the head alone."""

    head = Head()

    def record(self, event: SigningEvent) -> None:
        """Make the line."""
        _, self.head = write_line(self.head, event_text(event, time.time()))


def single() -> None:
    """Sign one link."""
    STORE.create_signed_url("data/part-0.parquet", expires_in=3600)


def many() -> None:
    """Sign all keys."""
    STORE.create_signed_urls(KEYS, expires_in=3600)


def best(call: Callable[[], None], rounds: int, number: int, links: int) -> float:
    """Return the microseconds that one link takes in the best round."""
    return min(repeat(call, number=number, repeat=rounds)) / number / links * 1e6


def obstore_sign() -> Callable[[str], str]:
    """Return obstore's `sign` with one path, as a measure of the machine."""
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        "daypass-benchmark",
        access_key_id="AKIDEXAMPLE",
        secret_access_key="made-up-secret",
        region="eu-west-1",
        virtual_hosted_style_request=True,
    )
    lifetime = timedelta(hours=1)
    return lambda key: obstore.sign(store, "GET", key, lifetime)


def measure() -> tuple[float, float]:
    """Return what a single link takes, and one of many."""
    single()
    return best(single, 1000, 20, 1), best(many, 9, 1, len(KEYS))


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    check = parser.parse_args().check
    bare = measure()
    print(f"{'':28}{'single':>8}{'many':>8}   microseconds for each link")
    print(f"{'neither':28}{bare[0]:8.2f}{bare[1]:8.2f}")
    policy = Policy(rules=[*RULES, Rule(**READ)])
    audit = Chain()
    set_policy(policy)
    add_audit(audit)
    both = measure()
    print(f"{'policy and audit add':28}{both[0] - bare[0]:8.2f}{both[1] - bare[1]:8.2f}")
    remove_audit(audit)
    counted = Policy(rules=[*RULES, Rule(**READ, per_caller=LOTS, per_rule=LOTS)])
    set_policy(counted, replacing=policy)
    quotas = measure()
    print(f"{'policy with 4 quotas adds':28}{quotas[0] - bare[0]:8.2f}{quotas[1] - bare[1]:8.2f}")
    peer = obstore_sign()
    obstore = best(lambda: peer("data/part-0.parquet"), 1000, 20, 1)
    print(
        f"obstore.sign of one path: {obstore:.2f}; policy and audit add {(both[0] - bare[0]) / obstore:.2f} times that"
    )
    missed = both[0] - bare[0] > SINGLE or both[1] - bare[1] > BULK
    return 1 if check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
