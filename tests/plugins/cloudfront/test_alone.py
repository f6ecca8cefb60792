"""CloudFront's links where nothing is installed but the signer, core and what they declare.

What they are worth is proven in the other modules, by other signers, vectors and a distribution that verifies them.
"""

from __future__ import annotations

import pytest

import daypass
from daypass.testing import BackendConformance
from tests.plugins.cloudfront.conftest import pair

pytestmark = pytest.mark.isolated


@pytest.fixture(scope="module")
def made():
    """Make a store once: reading a key is slow, and nothing is ever in the store."""
    options = pair("rsa").options(domain="http://127.0.0.1")
    return daypass.Store("file:///maps", signer="cloudfront", signer_options=options)


class TestContract(BackendConformance):
    """Links, grants, bulk, explanations and verification."""

    protocol = "file"
    signer = "cloudfront"
    sign_only = True
    #: The distribution lets nothing but reading through, and its domain is http.
    narrowed = frozenset({"PUT", "DELETE", "https_only"})

    @pytest.fixture
    def store(self, made):
        return made

    @pytest.fixture
    def secrets(self):
        return pair("rsa").pem().splitlines()[1:-1]
