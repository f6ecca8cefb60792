"""Numbers of bytes in words."""

from __future__ import annotations

import pytest

from daypass.base.sizes import size


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (999_990, "1.0 MB")],
)
def test_a_number_of_bytes_is_said_by_its_largest_unit(count, said):
    assert size(count) == said
