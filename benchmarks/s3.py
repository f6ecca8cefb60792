"""One presigned GET at a time: daypass and its peers, in one process, offline, on a warm store.

Each turn signs another key, so that nobody measures a cache of URLs. Best of seven rounds. With ``--check``
it exits with 1 where daypass is slower beside obstore than it should be.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

# Before any SDK is imported: credentials and region are explicit, and nobody looks for others.
for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_", "MSC_"))]:
    del os.environ[name]
os.environ |= {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

KEY, SECRET, REGION, BUCKET = "AKIDEXAMPLE", "made-up-secret", "eu-west-1", "daypass-benchmark"
LIFETIME = 900
ROUNDS = 7
SECONDS = 0.3

Sign = Callable[[str], str]

INSTALL = "pip install -c constraints.txt -r benchmarks/requirements.txt ./core ./plugins/s3"
MODULES = {
    "daypass": "daypass",
    "daypass_s3": "daypass-s3",
    "boto3": "boto3",
    "s3fs": "s3fs",
    "minio": "minio",
    "multistorageclient": "multi-storage-client",
    "obstore": "obstore",
}


def daypass_store() -> Sign:
    """`Store.create_signed_url`: gate, hooks and all checks."""
    import daypass

    store = daypass.Store(f"s3://{BUCKET}", storage_options=_storage_options())
    return lambda key: store.create_signed_url(key, expires_in=LIFETIME).url


def daypass_function() -> Sign:
    """`daypass.create_signed_url`: the same, which also finds its store again."""
    import daypass

    options = _storage_options()
    return lambda key: (
        daypass.create_signed_url(
            f"s3://{BUCKET}/{key}", expires_in=LIFETIME, storage_options=options
        ).url
    )


def boto3_client() -> Sign:
    """`generate_presigned_url` of a client that was made once."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    return lambda key: client.generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=LIFETIME
    )


def s3fs_sign() -> Sign:
    """`S3FileSystem.sign`."""
    import s3fs

    fs = s3fs.S3FileSystem(
        key=KEY,
        secret=SECRET,
        client_kwargs={"region_name": REGION},
        config_kwargs={"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}},
    )
    return lambda key: fs.sign(f"{BUCKET}/{key}", expiration=LIFETIME)


def minio_client() -> Sign:
    """`presigned_get_object`, region given."""
    from minio import Minio

    client = Minio("s3.amazonaws.com", access_key=KEY, secret_key=SECRET, region=REGION)
    lifetime = timedelta(seconds=LIFETIME)
    return lambda key: client.presigned_get_object(BUCKET, key, expires=lifetime)


def multi_storage_client() -> Sign:
    """`StorageClient.generate_presigned_url`."""
    from multistorageclient import StorageClient, StorageClientConfig

    provider = {"type": "s3", "options": {"base_path": BUCKET, "region_name": REGION}}
    credentials = {
        "type": "S3Credentials",
        "options": {"access_key": KEY, "secret_key": SECRET},
    }
    profile = {"storage_provider": provider, "credentials_provider": credentials}
    client = StorageClient(
        StorageClientConfig.from_dict({"profiles": {"benchmark": profile}}, profile="benchmark")
    )
    options = {"expires_in": LIFETIME}
    return lambda key: client.generate_presigned_url(key, signer_options=options)


def obstore_sign() -> Sign:
    """`obstore.sign` with one path; the signature is made in Rust."""
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        BUCKET,
        access_key_id=KEY,
        secret_access_key=SECRET,
        region=REGION,
        virtual_hosted_style_request=True,
    )
    lifetime = timedelta(seconds=LIFETIME)
    return lambda key: obstore.sign(store, "GET", key, lifetime)


#: How fast daypass has to be, as a multiple of obstore's speed in the same run.
TARGETS = {"daypass, Store.create_signed_url": 1.0, "daypass, create_signed_url": 0.75}

CONTESTANTS: dict[str, Callable[[], Sign]] = {
    "daypass, Store.create_signed_url": daypass_store,
    "daypass, create_signed_url": daypass_function,
    "boto3, generate_presigned_url": boto3_client,
    "s3fs, sign": s3fs_sign,
    "minio, presigned_get_object": minio_client,
    "multi-storage-client, generate_presigned_url": multi_storage_client,
    "obstore, sign": obstore_sign,
}


def main() -> int:
    """Measure everybody in turns and print a table; return the exit code."""
    check_installed()
    signers = {name: make() for name, make in CONTESTANTS.items()}
    keys = (f"data/2026/part-{number:07}.parquet" for number in count())
    for name, sign in signers.items():
        check_answer(name, sign(next(keys)))
    best = dict.fromkeys(signers, float("inf"))
    for _ in range(ROUNDS):
        for name, sign in signers.items():
            best[name] = min(best[name], per_call(sign, keys))
    base = best[next(iter(best))]
    print(f"{'single call, warm store':<46} {'µs per URL':>10} {'ratio':>7}")
    for name, value in best.items():
        print(f"{name:<46} {value:>10.1f} {value / base:>6.1f}x")
    missed = [name for name, least in TARGETS.items() if best["obstore, sign"] < least * best[name]]
    for name in TARGETS:
        print(f"{name}: {best['obstore, sign'] / best[name]:.2f} times obstore's speed")
    return 1 if "--check" in sys.argv and missed else 0


def per_call(sign: Sign, keys: Iterator[str]) -> float:
    """Return microseconds per URL over one round."""
    turns = 0
    fresh = [next(keys) for _ in range(200)]
    with _quiet():
        begin = time.perf_counter()
        end = begin
        while end - begin < SECONDS:
            for key in fresh:
                sign(key)
            turns += len(fresh)
            end = time.perf_counter()
    return (end - begin) / turns * 1e6


def check_installed() -> None:
    """Stop with the command that installs what is missing."""
    missing = [name for module, name in MODULES.items() if not importlib.util.find_spec(module)]
    if missing:
        pip = f"{shlex.quote(sys.executable)} -m {INSTALL}"
        sys.exit(f"not installed: {', '.join(missing)}. Install them in the clone's root: {pip}")


def check_answer(name: str, url: str) -> None:
    """Stop where somebody did not do the same work: Signature Version 4, key and lifetime."""
    wanted = ("X-Amz-Algorithm=AWS4-HMAC-SHA256", f"X-Amz-Expires={LIFETIME}", ".parquet?", BUCKET)
    if lacking := [part for part in wanted if part not in url]:
        sys.exit(f"{name} made a URL without {', '.join(lacking)}")


def _storage_options() -> dict[str, object]:
    return {"key": KEY, "secret": SECRET, "client_kwargs": {"region_name": REGION}}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the garbage collector out, as timeit does."""
    import gc

    gc.disable()
    try:
        yield
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())
