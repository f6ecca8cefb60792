"""``PartLimits``: how large the parts of an upload may be, and how many."""

from __future__ import annotations

import attrs

from daypass.base.messages import names_nearest

__all__ = ["PartLimits"]


@names_nearest
@attrs.frozen(kw_only=True)
class PartLimits:
    """What a store takes as parts; sizes in bytes."""

    #: The smallest part; the last one may be smaller.
    min_part_size: int
    #: The largest part.
    max_part_size: int
    #: How many parts one upload has at most.
    max_parts: int
    #: The largest object.
    max_size: int
