"""The whole process: ``daypass sign`` against ``aws s3 presign``, offline, best of ten.

awscli 1 pins botocore, so it wants a virtual environment of its own:

    python3 -m venv aws && aws/bin/pip install awscli && python benchmarks/cli.py --aws aws/bin/aws
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 10
PATH = "s3://daypass-benchmark/data/part-0.parquet"


def main() -> None:
    """Measure both in turns and print a table."""
    parser = argparse.ArgumentParser(description="daypass sign against aws s3 presign")
    parser.add_argument("--aws", required=True, help="the aws command, of version 1 or 2")
    parser.add_argument("--daypass", default=str(Path(sys.executable).with_name("daypass")))
    arguments = parser.parse_args()
    commands = {
        "daypass sign": [arguments.daypass, "sign", PATH, "--expires-in", "15m"],
        "aws s3 presign": [arguments.aws, "s3", "presign", PATH, "--expires-in", "900"],
    }
    for command in commands.values():
        if shutil.which(command[0]) is None:
            sys.exit(f"{command[0]} is no command: see the top of benchmarks/cli.py")
    best = dict.fromkeys(commands, float("inf"))
    for _ in range(ROUNDS):
        for name, command in commands.items():
            best[name] = min(best[name], once(command))
    base = next(iter(best.values()))
    print(f"{'whole process':<20} {'ms':>8} {'ratio':>7}")
    for name, value in best.items():
        print(f"{name:<20} {value * 1000:>8.0f} {value / base:>6.2f}x")


def once(command: list[str]) -> float:
    """Run a command once; return its seconds."""
    begin = time.perf_counter()
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode or "https://" not in done.stdout:
        sys.exit(f"{' '.join(command)} failed ({done.returncode}): {done.stderr.strip()}")
    return seconds


def environment() -> dict[str, str]:
    """Return this environment with made-up credentials and without any others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up-secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


if __name__ == "__main__":
    main()
