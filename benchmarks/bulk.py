"""Many links at once: daypass and its peers in one process and one run, offline, best of seven.

Run ``python benchmarks/bulk.py``. Ours and a peer take turns, so that a busy moment of the machine
falls on both. Slow peers sign fewer keys, and their time per key stands for the rest; the table says
how many. With ``--check`` it exits with 1 where a target is missed. Manifests and Dask are measured by
``benchmarks/manifest.py``.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import shlex
import statistics
import sys
import time
import tracemalloc
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from multiprocessing import get_context
from operator import truediv
from pathlib import Path
from typing import Any, NamedTuple

# A script's own directory comes first, and files beside this one have the names of SDKs' packages.
sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).parent]
# Before any SDK is imported: credentials and region are explicit, and nobody looks for others.
for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_", "GOOGLE_"))]:
    del os.environ[name]
os.environ |= {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_GCE_CHECK": "true",
}

KEYS = 50_000
ROUNDS = 7
#: The fewest keys that a process takes at once: with an RSA key some 2 to 10 ms, the most that one process
#: waits for the other at the end.
PIECE = 10
LIFETIME = 3600
HOUR = timedelta(seconds=LIFETIME)
BUCKET = "daypass-benchmark"
S3 = {
    "key": "AKIDEXAMPLE",
    "secret": "made-up-secret",
    "client_kwargs": {"region_name": "eu-west-1"},
}
AZURE = {
    "account_name": "contoso",
    "account_key": b64encode(b"not a secret at all".ljust(64)).decode(),
}
HMAC = {"hmac_access_id": "GOOG1EXAMPLE", "hmac_secret": "made-up-secret"}

INSTALL = (
    "pip install -c constraints.txt -r benchmarks/requirements.txt "
    "./core ./plugins/s3 ./plugins/azure ./plugins/gcs"
)
MODULES = {
    "daypass": "daypass",
    "daypass_s3": "daypass-s3",
    "daypass_azure": "daypass-azure",
    "daypass_gcs": "daypass-gcs",
    "boto3": "boto3",
    "s3fs": "s3fs",
    "obstore": "obstore",
    "azure.storage.blob": "azure-storage-blob",
    "google.cloud.storage": "google-cloud-storage",
}

#: The processes that contestants keep; they end before the interpreter does.
POOLS = ExitStack()

#: Signs keys and returns what was made of them: something with a length, the URLs in it.
Sign = Callable[[Sequence[str]], Any]


class Row(NamedTuple):
    """One comparison."""

    name: str
    ours: Sign
    theirs: Sign
    #: How many times faster ours is to be; None where the row only informs.
    target: float | None
    #: What every URL of either side must hold, so that both did the same work.
    marks: tuple[str, ...] = ()
    #: How many keys either side signs in one round.
    our_keys: int = KEYS
    their_keys: int = KEYS
    #: The keys: ``plain`` or ``hive``.
    keys: str = "plain"


@cache
def keys_of(kind: str) -> list[str]:
    """Return the keys that are signed: of a flat directory, or of one partitioned as Hive does."""
    if kind == "hive":
        return [
            f"data/year=2026/month={number % 12 + 1:02}/part-{number:05}.parquet"
            for number in range(KEYS)
        ]
    return [f"data/part-{number:05}.parquet" for number in range(KEYS)]


# --- S3 ------------------------------------------------------------------------------------------


@cache
def s3_store() -> Any:
    """Return daypass's store."""
    import daypass

    return daypass.Store(f"s3://{BUCKET}", storage_options=S3)


def daypass_s3(keys: Sequence[str]) -> Any:
    """`Store.create_signed_urls`: gate, hooks and all checks."""
    return s3_store().create_signed_urls(keys, expires_in=LIFETIME)


def obstore_s3() -> Sign:
    """`obstore.sign` with a list; the signatures are made in Rust."""
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        BUCKET,
        access_key_id=S3["key"],
        secret_access_key=S3["secret"],
        region="eu-west-1",
        virtual_hosted_style_request=True,
    )
    return lambda keys: obstore.sign(store, "GET", keys, HOUR)


def boto3_client() -> Sign:
    """`generate_presigned_url`, key by key."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id=S3["key"],
        aws_secret_access_key=S3["secret"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    return lambda keys: [
        client.generate_presigned_url(
            "get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=LIFETIME
        )
        for key in keys
    ]


def s3fs_sign() -> Sign:
    """`S3FileSystem.sign`, key by key."""
    import s3fs

    fs = s3fs.S3FileSystem(
        **S3, config_kwargs={"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}}
    )
    return lambda keys: [fs.sign(f"{BUCKET}/{key}", expiration=LIFETIME) for key in keys]


# --- Azure ---------------------------------------------------------------------------------------


@cache
def azure_store() -> Any:
    """Return daypass's store."""
    import daypass

    return daypass.Store(f"az://{BUCKET}", storage_options=AZURE)


def daypass_azure(keys: Sequence[str]) -> Any:
    """`Store.create_signed_urls` with an account key."""
    return azure_store().create_signed_urls(keys, expires_in=LIFETIME)


def obstore_azure() -> Sign:
    """`obstore.sign` with a list."""
    import obstore
    from obstore.store import AzureStore

    store = AzureStore(container_name=BUCKET, **AZURE)
    return lambda keys: obstore.sign(store, "GET", keys, HOUR)


def azure_sdk() -> Sign:
    """`generate_blob_sas`, blob by blob: the token alone, without a URL around it."""
    from azure.storage.blob import generate_blob_sas

    return lambda keys: [
        generate_blob_sas(
            AZURE["account_name"],
            BUCKET,
            key,
            account_key=AZURE["account_key"],
            permission="r",
            expiry=datetime.now(UTC) + HOUR,
            protocol="https",
        )
        for key in keys
    ]


# --- Cloud Storage -------------------------------------------------------------------------------


@cache
def account() -> dict[str, str]:
    """Return a service account with a new RSA key of 2048 bits."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "p",
        "client_email": "robot@p.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
        "private_key": pem.decode(),
    }


@cache
def gcs_store() -> Any:
    """Return daypass's store with an HMAC key."""
    import daypass

    return daypass.Store(f"gs://{BUCKET}", signer_options=HMAC)


def daypass_gcs(keys: Sequence[str]) -> Any:
    """`Store.create_signed_urls` with an HMAC key."""
    return gcs_store().create_signed_urls(keys, expires_in=LIFETIME)


def google_sdk() -> Sign:
    """`Blob.generate_signed_url` with an RSA key, the one kind of key that it signs V4 with."""
    from google.cloud.storage import Client
    from google.oauth2.service_account import Credentials

    bucket = Client("p", Credentials.from_service_account_info(account())).bucket(BUCKET)
    return lambda keys: [
        bucket.blob(key).generate_signed_url(version="v4", expiration=HOUR) for key in keys
    ]


def in_processes(count: int) -> Sign:
    """`daypass.create_signed_urls` with an RSA key, in so many processes that stay."""
    import daypass

    pool = POOLS.enter_context(ProcessPoolExecutor(count, mp_context=get_context("spawn")))
    sign = partial(
        daypass.create_signed_urls, storage_options={"token": account()}, expires_in=LIFETIME
    )

    def signed(keys: Sequence[str]) -> Any:
        paths = [f"gs://{BUCKET}/{key}" for key in keys]
        parts, start = [], 0
        while start < len(paths):
            # Ever smaller ones: a process that is held up leaves more to the other, and few go to and fro.
            size = max(PIECE, (len(paths) - start) // (3 * count))
            parts.append(paths[start : start + size])
            start += size
        return daypass.SignedURLBatch.joined(list(pool.map(sign, parts)))

    # Every process has imported and made its store before anything is measured.
    signed([str(number) for number in range(4 * PIECE * count)])
    return signed


def hashing(count: int) -> list[str]:
    """Keep a processor busy about as long as so many RSA signatures do."""
    found = []
    for number in range(count):
        digest = str(number).encode()
        for _ in range(600):
            digest = sha256(digest).digest()
        found.append(digest.hex())
    return found


def hashing_in_processes(count: int) -> Sign:
    """Do what shares nothing: how much two processes can gain on this machine at this moment."""
    pool = POOLS.enter_context(ProcessPoolExecutor(count, mp_context=get_context("spawn")))
    list(pool.map(hashing, [100] * count))
    return lambda keys: [
        text for part in pool.map(hashing, [len(keys) // count] * count) for text in part
    ]


# --- the table -----------------------------------------------------------------------------------


def rows() -> list[Row]:
    """Return all comparisons; each makes its own contestants."""
    v4 = ("X-Amz-Algorithm=AWS4-HMAC-SHA256", f"X-Amz-Expires={LIFETIME}", BUCKET, ".parquet?")
    goog = ("X-Goog-Signature=", BUCKET, ".parquet?")
    s3, azure = obstore_s3(), obstore_azure()
    return [
        Row("S3, obstore.sign(list)", daypass_s3, s3, 3.5, v4),
        Row("S3, obstore.sign(list), hive-style keys", daypass_s3, s3, None, v4, keys="hive"),
        Row("S3, boto3", daypass_s3, boto3_client(), 70, v4, their_keys=1000),
        Row("S3, s3fs.sign", daypass_s3, s3fs_sign(), 110, v4, their_keys=1000),
        Row("Azure account key, obstore.sign(list)", daypass_azure, azure, 1.1, ("sig=",)),
        Row(
            "Azure, obstore.sign(list), hive-style keys",
            daypass_azure,
            azure,
            None,
            ("sig=",),
            keys="hive",
        ),
        Row(
            "Azure account key, generate_blob_sas",
            daypass_azure,
            azure_sdk(),
            7,
            ("sig=",),
            their_keys=5000,
        ),
        Row(
            "GCS HMAC, google-cloud-storage RSA",
            daypass_gcs,
            google_sdk(),
            80,
            goog,
            their_keys=500,
        ),
        Row(
            "GCS RSA in two processes, in one",
            in_processes(2),
            in_processes(1),
            1.8,
            goog,
            our_keys=10_000,
            their_keys=10_000,
        ),
        Row(
            "(mere hashing in two processes, in one)",
            hashing_in_processes(2),
            hashing_in_processes(1),
            None,
            our_keys=1000,
            their_keys=1000,
        ),
    ]


def seconds(sign: Sign, keys: Sequence[str], marks: Sequence[str]) -> float:
    """Return the seconds of one round, once its answer has been looked at."""
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter()
        answer = sign(keys)
        taken = time.perf_counter() - begin
    finally:
        gc.enable()
    first = str(answer[0])
    if len(answer) != len(keys) or not all(mark in first for mark in marks):
        sys.exit("somebody did not do the same work: other URLs than asked for")
    return taken


def measure(row: Row) -> tuple[list[float], list[float]]:
    """Return microseconds per key of both sides, round by round."""
    ours, theirs = [], []
    keys = keys_of(row.keys)
    for _ in range(ROUNDS):
        ours.append(seconds(row.ours, keys[: row.our_keys], row.marks) / row.our_keys * 1e6)
        theirs.append(seconds(row.theirs, keys[: row.their_keys], row.marks) / row.their_keys * 1e6)
    return ours, theirs


def show(row: Row) -> bool:
    """Measure and print one row; return whether it missed its target."""
    our_rounds, their_rounds = measure(row)
    ours, theirs = min(our_rounds), min(their_rounds)
    ratio = theirs / ours
    rounds = statistics.median(map(truediv, their_rounds, our_rounds))
    missed = row.target is not None and ratio < row.target
    verdict = "for information" if row.target is None else f"target {row.target:g}x"
    notes = [verdict + (" MISSED" if missed else ""), f"median of rounds {rounds:.2f}x"]
    if row.their_keys < row.our_keys:
        notes.append(f"peer on {row.their_keys} keys, scaled")
    elif row.our_keys < KEYS:
        notes.append(f"both on {row.our_keys} keys")
    print(f"{row.name:<44} {ours:>9.2f} {theirs:>9.2f} {ratio:>7.2f}x  {', '.join(notes)}")
    return missed


def memory() -> None:
    """Print what a batch keeps in memory, against a list of whole links."""
    keys = keys_of("plain")
    s3_store().create_signed_urls(keys[:10])

    def kept(make: Callable[[], Any]) -> tuple[float, float]:
        gc.collect()
        tracemalloc.start()
        answer = make()
        gc.collect()
        now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(answer) == KEYS
        return now / 1e6, most / 1e6

    text = sum(len(url) for url in s3_store().create_signed_urls(keys).urls) / 1e6
    batch, most = kept(lambda: s3_store().create_signed_urls(keys))
    links, _ = kept(lambda: [s3_store().create_signed_url(key) for key in keys])
    print(f"\nmemory of {KEYS} S3 links, by tracemalloc (their URLs are {text:.1f} MB of text):")
    print(f"  a SignedURLBatch   {batch:>6.1f} MB ({most:.1f} MB while it is made)")
    print(f"  a list of links    {links:>6.1f} MB, {links / batch:.2f} times as much")


def check_installed() -> None:
    """Stop with the command that installs what is missing."""
    missing = [name for module, name in MODULES.items() if not is_installed(module)]
    if missing:
        pip = f"{shlex.quote(sys.executable)} -m {INSTALL}"
        sys.exit(f"not installed: {', '.join(missing)}. Install them in the clone's root: {pip}")


def is_installed(module: str) -> bool:
    """Tell whether a module can be found; its packages are imported for that."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def main() -> int:
    """Print the table; return 1 where a target that is to be checked is missed."""
    parser = argparse.ArgumentParser(description="daypass and its peers on many keys at once")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--only", default="", help="measure the rows with this in their name")
    arguments = parser.parse_args()
    check_installed()
    title = f"{KEYS} keys, best of {ROUNDS}, µs per key"
    print(f"{title:<44} {'daypass':>9} {'peer':>9} {'faster':>8}")
    with POOLS:
        missed = [show(row) for row in rows() if arguments.only in row.name]
    if not arguments.only:
        memory()
    return int(arguments.check and any(missed))


if __name__ == "__main__":
    sys.exit(main())
