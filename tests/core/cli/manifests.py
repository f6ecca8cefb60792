"""A manifest for the command: its rows written and read back by other libraries, and signed."""

from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq

from daypass.cli.run import run as command

NOW = "2026-11-23T12:00Z"


KEYS = ["a", "a b/ü+%2F#?,\"x'", "year=2026//c", "a", "\U0001f511/~"]


ROWS = [{"path": f"fake://b/{key}", "n": number} for number, key in enumerate(KEYS)]


def write(path, rows=ROWS, **options):
    """Write rows in the format of the file's name."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, **options)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".ndjson":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text("".join(row["path"] + "\n" for row in rows))
    return path


def read(path):
    """Read rows back; text is URLs alone."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return [{"url": line} for line in path.read_text().splitlines()]


def hidden(directory):
    return sorted(path.name for path in directory.iterdir() if path.name.startswith("."))


def signed(source, target, *more):
    return command(["sign", "--from", str(source), "--to", str(target), *map(str, more)])
