"""The whole process: ``daypass sign`` against ``aws s3 presign``, offline, best of ten.

What is compared is the processor's time, which other work on the machine changes least; daypass is to be
installed as wheels with their bytecode (``uv pip install --compile-bytecode --no-sources ./core ./plugins/s3``).
With ``--check`` it exits with 1 where a mark is missed.

awscli 1 pins botocore, so it wants a virtual environment of its own:

    python3 -m venv aws && aws/bin/pip install awscli && python benchmarks/cli.py --aws aws/bin/aws
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 10
#: The most that `daypass sign` may take of the time of `aws s3 presign`, and `import daypass` in seconds
#: more than bare Python.
MOST, MOST_IMPORT = 0.7, 0.020
#: So many distributions more are installed, to see whether the start grows with them.
MORE = 1000
PATH = "s3://daypass-benchmark/data/part-0.parquet"


def main() -> int:
    """Measure all in turns and print a table; return the exit code."""
    parser = argparse.ArgumentParser(description="daypass sign against aws s3 presign")
    parser.add_argument("--aws", required=True, help="the aws command, of version 1 or 2")
    parser.add_argument("--daypass", default=str(Path(sys.executable).with_name("daypass")))
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    arguments = parser.parse_args()
    python = str(Path(arguments.daypass).with_name("python"))
    commands = {
        "daypass sign": [arguments.daypass, "sign", PATH, "--expires-in", "15m"],
        "aws s3 presign": [arguments.aws, "s3", "presign", PATH, "--expires-in", "900"],
        "import daypass": [python, "-c", "import daypass; print('https://')"],
        "bare Python": [python, "-c", "print('https://')"],
    }
    for command in commands.values():
        if shutil.which(command[0]) is None:
            sys.exit(f"{command[0]} is no command: see the top of benchmarks/cli.py")
    best = dict.fromkeys(commands, float("inf"))
    crowded = float("inf")
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as full:
        install(Path(full))
        for _ in range(ROUNDS):
            for name, command in commands.items():
                best[name] = min(best[name], once(command, empty))
            crowded = min(crowded, once(commands["daypass sign"], full))
    print(f"{'processor, in all':<20} {'ms':>8}")
    for name, value in best.items():
        print(f"{name:<20} {value * 1000:>8.0f}")
    print(f"{f'sign, {MORE} more':<20} {crowded * 1000:>8.0f}")
    ours, theirs, imported, bare = best.values()
    print(f"daypass sign takes {ours / theirs:.2f} of aws s3 presign")
    print(f"import daypass takes {(imported - bare) * 1000:.0f} ms more than bare Python")
    print(
        f"with {MORE} more distributions daypass sign takes {crowded / ours:.2f} of its time without"
    )
    missed = ours > MOST * theirs or imported - bare > MOST_IMPORT
    return 1 if arguments.check and missed else 0


def install(folder: Path) -> None:
    """Describe distributions of others in a folder, every second one with entry points."""
    for number in range(MORE):
        info = folder / f"stranger{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: stranger{number}\nVersion: 1.0\n"
        )
        if number % 2:
            (info / "entry_points.txt").write_text(
                f"[console_scripts]\ns{number} = s{number}:main\n"
            )


def once(command: list[str], more: str) -> float:
    """Run a command once, with one more folder of distributions; return the seconds of the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        env=environment() | {"PYTHONPATH": more},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
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
    sys.exit(main())
