"""The two commands that take a manifest, from their options to what is run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from daypass.cli import options
from daypass.cli.manifest.plan import Manifest
from daypass.cli.manifest.run import run
from daypass.cli.manifest.work import HeadWork, SignWork
from daypass.model.requests import make_request

__all__ = ["head", "sign"]

_PLACE = ("storage_options", "signer", "signer_options", "public_endpoint", "caller")


def sign(values: Mapping[str, Any]) -> int:
    """Sign a URL for each row; return the exit code."""
    manifest = Manifest.of(values)
    asked: dict[str, Any] = dict(options.asked(values))
    make_request(asked)  # what is wrong for every row is said before the first
    if values["with_head"] and asked.get("method", "GET") != "GET":
        msg = "--with-head goes with --method GET"
        raise click.UsageError(msg)
    place = {name: values[name] for name in _PLACE if values[name] is not None}
    work = SignWork(
        options=asked | place,
        errors=values["errors"] or "raise",
        with_head=values["with_head"],
        columns=manifest.columns,
        arrow=manifest.arrow,
        blank=manifest.source_kind in ("csv", "text"),
    )
    identity = [work.options, work.errors, work.with_head]
    return run(manifest, work, values["jobs"] or _processors(), identity)


def head(values: Mapping[str, Any]) -> int:
    """Read the metadata of each row's object; return the exit code."""
    manifest = Manifest.of(values)
    if wrong := manifest.columns.keys() - {"path", "version"}:
        msg = f"--column {min(wrong)} is for signing"
        raise click.UsageError(msg)
    place = {name: values[name] for name in ("storage_options",) if values[name] is not None}
    work = HeadWork(
        options=place,
        errors=values["errors"] or "collect",
        concurrency=values["jobs"] or 32,
        columns=manifest.columns,
        arrow=manifest.arrow,
        blank=manifest.source_kind in ("csv", "text"),
    )
    # Requests wait for the network: threads of one process make them.
    return run(manifest, work, 1, [work.options, work.errors])


def _processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
