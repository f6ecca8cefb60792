"""Cloud Storage's links where nothing is installed but the plugin, core and what they declare.

What they are worth is proven in the other modules, by the SDK, vectors and a front that verifies them.
"""

from __future__ import annotations

import pytest

import daypass
from daypass.testing import BackendConformance
from tests.plugins.gcs.conftest import HMAC

pytestmark = pytest.mark.isolated


class TestContract(BackendConformance):
    """Links, forms, bulk, explanations and verification."""

    protocol = "gs"
    sign_only = True

    @pytest.fixture
    def store(self):
        signer = {"user_project": "payer", **HMAC}
        return daypass.Store("gs://maps", storage_options={"token": "anon"}, signer_options=signer)

    @pytest.fixture
    def secrets(self):
        return [HMAC["hmac_secret"]]
