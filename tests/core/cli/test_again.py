"""The command that goes on with an upload names options, and of those that are secret no value."""

from __future__ import annotations

import pytest

from daypass.cli.again import Again
from tests.core import fakes


@pytest.mark.parametrize("declared", [{"phrase"}, None])
def test_a_value_that_is_secret_is_not_in_the_command(registry_of, declared):
    """Where the backend declares it, and where it cannot be asked."""
    module = fakes.backend(secret_storage_options=declared)
    registry_of({"fake": module})
    place = {"storage_options": {"phrase": "open-sesame"}}
    said = Again("f", "fake://b/k", place)._spell("resume=True")
    assert said == "`daypass put --resume f fake://b/k (with the same --storage-option)`"


def test_a_value_that_is_not_secret_is(registry_of):
    registry_of({"fake": fakes.backend()})
    place = {"storage_options": {"shelf": "third"}}
    said = Again("f", "fake://b/k", place)._spell("resume=True")
    assert said == "`daypass put --resume f fake://b/k --storage-option shelf=third`"


def test_so_is_who_asks_without_whom_a_policy_lets_nothing_go_on(registry_of):
    registry_of({"fake": fakes.backend()})
    said = Again("f", "fake://b/k", {"signer": "fake", "caller": "team/ann"})._spell("abort_upload")
    assert said == "`daypass put --abort f fake://b/k --signer fake --caller team/ann`"
