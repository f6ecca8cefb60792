"""What fsspec is configured with counts, and where it is not, nobody imports it to learn that."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CODE = """
import json, sys
from daypass.toolkit.settings import effective_options
found = effective_options({"key": "AK"}, ("s3", "s3a"))
print(json.dumps([found, "fsspec" in sys.modules]))
"""


def found(home, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FSSPEC")}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**kept, "HOME": str(home), "USERPROFILE": str(home), **environment},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_without_a_configuration_fsspec_is_not_imported(tmp_path):
    assert found(tmp_path) == [{"key": "AK"}, False]


@pytest.mark.parametrize("name", ["FSSPEC_S3_SECRET", "FSSPEC_S3A_SECRET"])
def test_a_variable_counts(tmp_path, name):
    assert found(tmp_path, **{name: "SK"}) == [{"key": "AK", "secret": "SK"}, True]


def test_a_file_counts_in_its_usual_place_and_where_a_variable_says(tmp_path):
    usual, other = tmp_path / ".config" / "fsspec", tmp_path / "other"
    for place, secret in ((usual, "usual"), (other, "other")):
        place.mkdir(parents=True)
        (place / "conf.json").write_text(json.dumps({"s3": {"secret": secret}}))
    assert found(tmp_path) == [{"key": "AK", "secret": "usual"}, True]
    assert found(tmp_path, FSSPEC_CONFIG_DIR=str(other)) == [{"key": "AK", "secret": "other"}, True]
