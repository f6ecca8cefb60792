"""CloudFront's links where nothing is installed but the signer, core and what they declare.

What they are worth is proven in the other modules, by other signers, vectors and a distribution that verifies them.
"""

from __future__ import annotations

import pytest

import daypass
from daypass.testing import BackendConformance
from tests.plugins.cloudfront.conftest import pair

pytestmark = pytest.mark.isolated


class TestContract(BackendConformance):
    """Links, grants, bulk, explanations and verification."""

    protocol = "file"
    signer = "cloudfront"
    sign_only = True
    #: The distribution lets nothing but reading through, and its domain is http.
    narrowed = frozenset({"PUT", "DELETE", "https_only"})

    @pytest.fixture
    def store(self):
        options = pair("ecdsa").options(domain="http://127.0.0.1")
        return daypass.Store("file:///maps", signer="cloudfront", signer_options=options)

    @pytest.fixture
    def secrets(self):
        return pair("ecdsa").pem().splitlines()[1:-1]
