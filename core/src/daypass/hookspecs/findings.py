"""``Finding``: one thing that is wrong with a link, or worth knowing."""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["OPAQUE", "Finding"]

#: The word of a link which does not tell what it permits: whom it leads to decides at each use.
OPAQUE = "opaque-link"
Severity = Literal["error", "warning", "note"]


@attrs.frozen
class Finding:
    """One thing that is wrong or worth knowing: ``error`` (it will be refused), ``warning``, ``note``."""

    #: How bad it is; what is an error will be refused.
    severity: Severity
    #: A word for programs. Daypass's own are ``"expired"``, ``"not-yet-valid"``, ``"method"``,
    #: ``"header-missing"``, ``"header-value"``, ``"host"``, ``"key"``, ``"parameter-added"``,
    #: ``"parameter-changed"``, ``"signature-changed"``, ``"signature-wrong"`` and the like. A backend
    #: may use any other; with an ``"error"`` named ``"parameter-changed"``, ``"header-missing"``,
    #: ``"date-mismatch"`` or ``"incomplete"`` it says that it explains a wrong signature.
    code: str
    #: What it is and what to do, in one sentence, without a secret.
    message: str

    def __str__(self) -> str:
        """Return severity and message."""
        return f"{self.severity}: {self.message}"
