"""``import daypass`` costs next to nothing: no filesystem, no SDK, no dependency at all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = [
    "fsspec",
    "s3fs",
    "boto3",
    "botocore",
    "aiobotocore",
    "aiohttp",
    "google",
    "azure",
    "redis",
    "attrs",
    "attr",
    "pluggy",
    "click",
    "rich",
    "daypass_s3",
    "asyncio",
    "ssl",
    "http.client",
    "urllib.request",
]


def _loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        env={"PATH": "", "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """What Python loads by itself here, for example for coverage."""
    return _loaded("")


def _heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if name in modules}


@pytest.mark.parametrize("code", ["import daypass", "import daypass.errors; daypass.DaypassError",
                                  "import daypass; dir(daypass); daypass.__version__"])  # fmt: skip
def test_importing_daypass_imports_nothing_heavy(bare, code):
    assert set() == _heavy(_loaded(code) - bare)


@pytest.mark.parametrize(
    "code",
    [
        "from daypass import *",
        "from daypass import create_signed_url, Store",
        "from daypass import SignRequest; SignRequest(method='PUT', expires_in='15m')",
        "import daypass.toolkit.v4, daypass.gate.doors, daypass.backends.generic",
    ],
)
def test_using_the_names_imports_no_filesystem_and_no_sdk(bare, code):
    light = {"attrs", "attr", "pluggy", "asyncio", "ssl"}
    assert _heavy(_loaded(code) - bare) <= light


def test_a_refusal_needs_no_sdk(bare):
    code = """
import daypass
for options in ({"method": "POST"}, {"expires_in": 0}, {"nonsense": 1}):
    try:
        daypass.create_signed_url("s3://bucket/key", **options)
    except daypass.InvalidRequestError:
        continue
    raise SystemExit(1)
"""
    assert {"fsspec", "botocore", "s3fs", "daypass_s3"}.isdisjoint(_loaded(code) - bare)


def test_only_what_is_asked_for_is_imported():
    loaded = _loaded("import daypass; daypass.DaypassError")
    ours = {name for name in loaded if name.startswith("daypass")}
    assert {"daypass", "daypass.errors"} == ours
