"""Cloud Storage's links where nothing is installed but the plugin, core and what they declare.

What they are worth is proven in the other modules, by the SDK, vectors and a front that verifies them.
"""

from __future__ import annotations

import pytest

import daypass
from daypass.testing import BackendConformance

pytestmark = pytest.mark.isolated


@pytest.fixture(scope="module")
def made(account):
    """Make a store once: reading a key is slow, and nothing is ever in the store."""
    payer = {"user_project": "payer"}
    return daypass.Store("gs://maps", storage_options={"token": account}, signer_options=payer)


class TestContract(BackendConformance):
    """Links, forms, bulk, explanations and verification."""

    protocol = "gs"
    sign_only = True

    @pytest.fixture
    def store(self, made):
        return made

    @pytest.fixture
    def secrets(self, account):
        return [account["private_key"], account["private_key"].splitlines()[1]]
