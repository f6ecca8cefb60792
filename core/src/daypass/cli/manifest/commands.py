"""The two commands that take a manifest, from their options to the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

from daypass.base.times import until
from daypass.cli import exits, options
from daypass.cli.given import stdin
from daypass.cli.manifest.options import file_and_column
from daypass.cli.manifest.progress import progress
from daypass.cli.output import note, warn
from daypass.cli.words import listed, said
from daypass.manifest.functions import head_manifest, sign_manifest
from daypass.manifest.report import ManifestReport
from daypass.model.requests import for_reading

__all__ = ["head", "sign"]

_PLACE = ("storage_options", "signer", "signer_options", "public_endpoint", "caller")


def sign(values: Mapping[str, Any]) -> int:
    """Sign a URL for each row; return the exit code."""
    place = {name: values[name] for name in (*_PLACE, "with_head", "jobs")}
    asked: dict[str, Any] = {**options.asked(values)}
    with _files(values) as (source, target), progress("signing") as callback:
        report = sign_manifest(
            source,
            target,
            **_manifest(values),
            errors=values["errors"] or "raise",
            callback=callback,
            **place,
            **asked,
        )
    return _said(report, values["target"])


def head(values: Mapping[str, Any]) -> int:
    """Read the metadata of each row's object; return the exit code."""
    with _files(values) as (source, target), progress("reading") as callback:
        report = head_manifest(
            source,
            target,
            **_manifest(values),
            errors=values["errors"] or "collect",
            concurrency=values["jobs"] or 32,
            callback=callback,
            storage_options=values["storage_options"],
            signer_options=values["signer_options"],
            **for_reading(options.asked(values)),
        )
    return _said(report, values["target"])


def _manifest(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "path": file_and_column(values["source"])[1] or None,
        "root": values["root"],
        "columns": values["columns"],
        "source_format": values["from_format"],
        "target_format": values["to_format"],
        "resume": values["resume"],
        "error_text": said,
    }


@contextmanager
def _files(values: Mapping[str, Any]) -> Iterator[tuple[str | BinaryIO, str | BinaryIO]]:
    """Give what is read and written; - is a stream."""
    source, _ = file_and_column(values["source"])
    target = values["target"] or "-"
    read: str | BinaryIO = stdin("the manifest").buffer if source == "-" else source
    if target != "-":
        yield read, target
        return
    # A file of its own, so that whoever fails leaves stdout as it was.
    with os.fdopen(os.dup(1), "wb") as written:
        yield read, written


def _said(report: ManifestReport, target: str | None) -> int:
    """Tell who looks on what became of it, and give each kind of warning once; return the exit code."""
    if sys.stderr is not None and sys.stderr.isatty():
        rows = f"{report.rows} row" + ("s" if report.rows != 1 else "")
        place = "stdout" if target in (None, "-") else target
        end = report.first_end
        note(
            f"{rows} to {place}"
            + (f", the first link ends {until(end, datetime.now(UTC))}" if end else "")
        )
    for what, count in report.left_out.items():
        warn(f"{count} {what} of the inventory are left out")
    for text in report.notes:
        warn(text)
    if report.unenforced:
        warn(f"the store does not enforce {listed(report.unenforced)}")
    if report.headers:
        names = ", ".join(sorted(report.headers))
        warn(f"the links work with headers alone ({names}): daypass sign PATH --json shows them")
    for row, why in report.failures.items():
        warn(f"row {row}: {why}")
    if report.failed:
        why = "the column error says why"
        if report.failures:
            why = "the first are named above, and CSV or NDJSON says why of all in its column error"
        warn(f"{report.failed} of {report.rows} rows failed: {why}")
        return exits.FAILED
    return 0
