"""The conformance kit: what every backend must do, as tests that its author inherits.

::

    from daypass.testing import BackendConformance

    class TestShelf(BackendConformance):
        protocol = "shelf"

        @pytest.fixture
        def store(self, shelf_server):
            return daypass.Store("shelf://box", storage_options=shelf_server.options)

        @pytest.fixture
        def secrets(self, shelf_server):
            return [shelf_server.secret]

pytest collects the subclass. Which rules it gets is decided by what the backend declares in its
`BackendInfo`; a rule that does not apply is not collected. Nothing else in daypass imports this
package, and it is the only one that needs pytest.
"""

from __future__ import annotations

import pytest

for _module in (
    "bench",
    "conduct",
    "explaining",
    "forms",
    "keys",
    "links",
    "listings",
    "metadata",
    "networks",
    "options",
    "prefixes",
    "probes",
    "refusing",
    "secrecy",
    "trials",
    "uploads",
):
    # Before they are imported: so that a failing assert shows its values.
    pytest.register_assert_rewrite(f"{__name__}.{_module}")

from daypass.testing.conduct import ConductRules, CredentialRules  # noqa: E402
from daypass.testing.explaining import ExplainRules  # noqa: E402
from daypass.testing.forms import FormRules  # noqa: E402
from daypass.testing.keys import LOOKALIKES, KeyRules  # noqa: E402
from daypass.testing.links import EndRules, LinkRules, PlaceRules  # noqa: E402
from daypass.testing.listings import ListRules  # noqa: E402
from daypass.testing.metadata import MetadataRules  # noqa: E402
from daypass.testing.options import OptionRules  # noqa: E402
from daypass.testing.prefixes import PrefixRules  # noqa: E402
from daypass.testing.refusing import RefusingRules  # noqa: E402
from daypass.testing.secrecy import SecrecyRules  # noqa: E402
from daypass.testing.strangers import Answer, Stranger  # noqa: E402
from daypass.testing.uploads import UploadRules  # noqa: E402

__all__ = ["LOOKALIKES", "Answer", "BackendConformance", "Stranger"]


class BackendConformance(
    LinkRules,
    EndRules,
    PlaceRules,
    KeyRules,
    ListRules,
    PrefixRules,
    OptionRules,
    UploadRules,
    FormRules,
    MetadataRules,
    ConductRules,
    CredentialRules,
    SecrecyRules,
    ExplainRules,
    RefusingRules,
):
    """Every rule of the contract: inherit from it, name the protocol, and give a ``store``.

    What may be overridden, and what each says, is in `daypass.testing.bench.Bench`:

    * settings: ``protocol``, ``signer``, ``narrowed``, ``unverified``, ``lacking``, ``refused_keys``,
      ``sign_only``, ``signs_offline``, ``address``, ``deadline``;
    * fixtures: ``store``, ``secrets``, and where the defaults do not serve ``place``, ``send``,
      ``now``, ``dead_credentials``, ``ending_credentials``.
    """
