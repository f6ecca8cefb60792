"""What the settings of all tests take from the environment of whoever runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

SETTINGS = Path(__file__).parents[1] / "conftest.py"
PROGRAM = """
import json, os, runpy, sys
runpy.run_path(sys.argv[1])
print(json.dumps(dict(os.environ)))
"""
OWN = [
    "AWS_PROFILE", "AZURE_STORAGE_CONNECTION_STRING", "AZURITE_ACCOUNTS", "BOTO_CONFIG", "CLOUDSDK_CONFIG",
    "DAYPASS_CONFIG", "FSSPEC_S3", "GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY", "HTTP_PROXY",
    "STORAGE_EMULATOR_HOST", "all_proxy", "http_proxy", "no_proxy",
]  # fmt: skip


def test_no_variable_of_ones_own_reaches_a_server_or_a_page_of_the_documentation():
    """Both run outside the fixtures of the tests, and this is done before either."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(SETTINGS)],
        env={**os.environ, **dict.fromkeys(OWN, "made-up"), "KEPT": "made-up"},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    kept = json.loads(done.stdout)
    assert [name for name in kept if kept[name] == "made-up"] == ["KEPT"]
