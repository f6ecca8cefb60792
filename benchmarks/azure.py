"""What one Azure link costs: daypass beside adlfs, the SDK and obstore. No network, made-up keys.

Run ``python benchmarks/azure.py``; it needs daypass-azure, and obstore for its own line. With
``--check`` it fails where daypass misses its marks: eight times faster than ``adlfs.sign``, and no
slower than ``generate_blob_sas``.
"""

from __future__ import annotations

import sys
import timeit
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import daypass

KEY = b64encode(b"not a secret at all".ljust(64)).decode()
OPTIONS = {"account_name": "contoso", "account_key": KEY}
NAME = "2026/europe/part-00000.parquet"
START = datetime(2026, 11, 1, tzinfo=UTC)


def best(function: Callable[[], Any], *, number: int = 3000, repeat: int = 7) -> float:
    """Return the microseconds of one call, in the best of several rounds."""
    function()
    return min(timeit.repeat(function, number=number, repeat=repeat)) / number * 1e6


def measure() -> dict[str, float]:
    """Time every way to sign; return microseconds by name."""
    # A script's own directory comes first, and this file's name is that of the SDK's package.
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).parent]
    from adlfs import AzureBlobFileSystem
    from azure.storage.blob import generate_blob_sas

    store = daypass.Store("az://maps", storage_options=OPTIONS)
    clock = count()
    prepared = _prepared(store)
    fs = AzureBlobFileSystem(**OPTIONS, skip_instance_cache=True)
    results = {
        "daypass Store.create_signed_url": best(lambda: store.create_signed_url(NAME)),
        "daypass, another second each": best(
            lambda: store.create_signed_url(
                NAME, signing_time=START + timedelta(seconds=next(clock))
            )
        ),
        "daypass, an upload with metadata": best(
            lambda: store.create_signed_url(NAME, method="PUT", metadata={"owner": "me"})
        ),
        "daypass.create_signed_url": best(
            lambda: daypass.create_signed_url(f"az://maps/{NAME}", storage_options=OPTIONS)
        ),
        "a prepared template alone": best(lambda: prepared.url(NAME)),
        "azure generate_blob_sas (no URL)": best(
            lambda: generate_blob_sas(
                "contoso",
                "maps",
                NAME,
                account_key=KEY,
                permission="r",
                expiry=datetime.now(UTC) + timedelta(hours=1),
                protocol="https",
            )
        ),
        "adlfs.sign": best(lambda: fs.sign(f"maps/{NAME}", expiration=3600), number=300),
    }
    try:
        import obstore
        from obstore.store import AzureStore
    except ImportError:
        return results
    other = AzureStore(container_name="maps", account_name="contoso", account_key=KEY)
    hour = timedelta(hours=1)
    results["obstore.sign"] = best(lambda: obstore.sign(other, "GET", NAME, hour))
    return results


def _prepared(store: daypass.Store) -> Any:
    """Return the store's template, filled in."""
    store.create_signed_url(NAME)
    return store.location.cache["azure"]._templates._last[1]  # noqa: SLF001


def main() -> int:
    """Print the figures; return 1 where a mark that is to be checked is missed."""
    results = measure()
    for name, microseconds in results.items():
        print(f"{name:36} {microseconds:8.2f} µs")
    ours = results["daypass Store.create_signed_url"]
    adlfs, sdk = results["adlfs.sign"], results["azure generate_blob_sas (no URL)"]
    print(f"\n{adlfs / ours:.1f} times faster than adlfs.sign, {sdk / ours:.2f} times the SDK")
    return int("--check" in sys.argv and (adlfs < 8 * ours or sdk < ours))


if __name__ == "__main__":
    sys.exit(main())
