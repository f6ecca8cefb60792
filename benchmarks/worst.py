"""The worst that strangers can send: what an input takes of a processor, and what twice as much of it takes.

Run ``python benchmarks/worst.py``; offline, with made-up keys. With ``--check`` it exits with 1 where an input takes longer than
its mark (for ``verify`` that of a wrong key), or where twice as much of one takes more than three times as long, which is more than its length explains.
Times are milliseconds of this thread's own processor time, best of some.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

# A script's own directory comes first, and files beside this one have the names of SDKs' packages.
sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).parent]

from cryptography.hazmat.primitives import serialization  # noqa: E402 - after the path is set
from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: E402

from daypass import SignedURL, config, create_signed_url, explain, redact, verify  # noqa: E402
from daypass.errors import DaypassError  # noqa: E402
from daypass.model.paths import shown_path  # noqa: E402
from daypass.policy.patterns import text_pattern  # noqa: E402

#: Milliseconds: of a wrong key, and of anything else that a stranger may send.
WRONG_KEY, ANY = 50.0, 1_000.0
#: Twice as much takes so many times as long at most; below so many milliseconds that is noise.
GROWTH, NOISE = 3.0, 5.0

KEY = "tiles/2026/11/part-00001.parquet"
S3 = {"key": "AKIDEXAMPLE", "secret": "made-up", "client_kwargs": {"region_name": "eu-west-1"}}
HMAC = {"hmac_access_id": "GOOGEXAMPLE", "hmac_secret": "made-up"}
#: A call, that is made with an input of this size.
Sized = Callable[[int], object]


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Return a private key as text."""
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Return the public half of a key as text."""
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def account_key(letter: bytes) -> str:
    """Return a key of an Azure account."""
    return b64encode(letter * 64).decode()


def signed_by(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> SignedURL:
    """Return a link of CloudFront."""
    options = {
        "domain": "d111111abcdef8.cloudfront.net",
        "key_pair_id": "KEXAMPLE",
        "private_key": pem(private),
    }
    return create_signed_url(f"s3://maps/{KEY}", signer="cloudfront", signer_options=options)


def links() -> dict[str, tuple[SignedURL, str]]:
    """Return an ordinary link of each kind, and a key that it is not signed with."""
    rsa_keys = [rsa.generate_private_key(65_537, 2_048) for _ in range(2)]
    curves = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    service = {
        "type": "service_account",
        "client_email": "a@b.iam.gserviceaccount.com",
        "private_key": pem(rsa_keys[0]),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    s3, gs, az = f"s3://maps/{KEY}", f"gs://maps/{KEY}", f"az://maps/{KEY}"
    azure = {"account_name": "account", "account_key": account_key(b"a")}
    put = {"method": "PUT", "content_type": "text/csv"}
    v2 = {"signature_version": "s3"}
    return {
        "S3 GET": (create_signed_url(s3, storage_options=S3), "other"),
        "S3 PUT": (create_signed_url(s3, storage_options=S3, **put), "other"),
        "S3 Version 2": (create_signed_url(s3, storage_options=S3, signer_options=v2), "other"),
        "GCS HMAC": (
            create_signed_url(gs, storage_options={"token": "anon"}, signer_options=HMAC),
            "other",
        ),
        "GCS RSA": (
            create_signed_url(gs, storage_options={"token": service}),
            public_pem(rsa_keys[1]),
        ),
        "Azure": (create_signed_url(az, storage_options=azure), account_key(b"b")),
        "CloudFront RSA": (signed_by(rsa_keys[0]), public_pem(rsa_keys[1])),
        "CloudFront P-256": (signed_by(curves[0]), public_pem(curves[1])),
    }


def xml(size: int) -> bytes:
    """Return a store's error of so many bytes."""
    return b"<Error><Code>AccessDenied</Code>" + b"<a>b</a>" * (size // 8) + b"</Error>"


def read_config(size: int) -> None:
    """Read a configuration file of so many bytes, each line a key that nobody knows."""
    with NamedTemporaryFile("w", suffix=".toml") as file:
        file.write("".join(f"[profiles.p{n}]\nur = 's3://b/{n}'\n" for n in range(size // 32)))
        file.flush()
        os.environ["DAYPASS_CONFIG"] = file.name
        try:
            config.reload()
        finally:
            del os.environ["DAYPASS_CONFIG"]


def inputs(get: SignedURL, s3: str) -> Iterator[tuple[str, int, Sized]]:
    """Yield what is tried: its name, its size, and the call."""
    url = get.url
    caller = text_pattern("**a*b**", "callers")

    def many(size: int) -> str:
        return url + "".join(f"&p{n}={'v' * (size // 200 - 6)}" for n in range(200))

    def endless(size: int) -> str:
        return f"{url}&p={'a%20' * (size // 4)}"[:size]

    def names(size: int) -> dict[str, str]:
        return {f"x-h{n}": "v" for n in range(size)}

    yield "verify, 200 parameters", 32_000, lambda n: verify(many(n), key=s3)
    yield "verify, one parameter", 32_000, lambda n: verify(endless(n), key=s3)
    yield "verify, empty parameters", 16_000, lambda n: verify(url + "&a" * n, key=s3)
    yield "verify, most parameters", 490, lambda n: verify(url + "&a" * n, key=s3)
    yield "verify, no parameters", 32_000, lambda n: verify(url + "&" * n, key=s3)
    yield "verify, headers", 100, lambda n: verify(url, key=s3, headers=names(n))
    yield "verify, refused headers", 8_000, lambda n: verify(url, key=s3, headers=names(n))
    yield "explain", 32_000, lambda n: explain(endless(n))
    yield "explain, empty parameters", 16_000, lambda n: explain(url + "&a" * n)
    yield "explain, error of a store", 1 << 20, lambda n: explain(url, error=xml(n))
    yield "redact", 65_536, lambda n: redact((url + " ") * (n // len(url)))
    yield "redact, no end", 65_536, lambda n: redact("https://a.example/?sig=" + "a" * n)
    yield "redact, names alone", 32_768, lambda n: redact("sig:" * (n // 4))
    yield "shown_path, colons", 100_000, lambda n: shown_path("http://" + ":" * n)
    yield "caller **a*b**", 20_000, lambda n: caller.matches("a" * n)
    yield "configuration", 16_384, read_config
    for option in ("headers", "metadata", "query"):
        for size in (100, 8_000):
            yield (
                f"{size} of {option}",
                size,
                lambda n, option=option: create_signed_url(
                    f"s3://maps/{KEY}", method="PUT", storage_options=S3, **{option: names(n)}
                ),
            )


def best(call: Callable[[], object], rounds: int = 7) -> float:
    """Return the milliseconds of the best round; a refusal of ours is an answer."""
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        with suppress(DaypassError):
            call()
        times.append((time.thread_time() - start) * 1e3)
    return min(times)


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    check = parser.parse_args().check
    missed = []
    print(f"{'a wrong key':28}{'':>9}{'ms':>9}   mark {WRONG_KEY:.0f}")
    ordinary = links()
    for name, (link, key) in ordinary.items():
        taken = best(lambda link=link, key=key: verify(link, key=key))
        print(f"{name:28}{'':>9}{taken:9.1f}")
        missed += [name] if taken > WRONG_KEY else []
    print(f"{'':28}{'size':>9}{'ms':>9}{'twice':>9}   mark {ANY:.0f}, of verify {WRONG_KEY:.0f}")
    for name, size, call in inputs(*ordinary["S3 GET"]):
        once, twice = best(partial(call, size), 5), best(partial(call, 2 * size), 5)
        print(f"{name:28}{size:9}{once:9.1f}{twice:9.1f}")
        mark = WRONG_KEY if name.startswith("verify") else ANY
        if twice > mark or twice > GROWTH * max(once, NOISE):
            missed.append(name)
    print(f"missed: {', '.join(missed) or 'none'}")
    return 1 if check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
