"""daypass-notebook: cards of what daypass returns, which hold no secret wherever the notebook goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.base.lazily import given_by

if TYPE_CHECKING:
    from daypass_notebook.shown import Card, show
    from daypass_notebook.widget import Live, live

__all__ = ["Card", "Live", "live", "show"]

__getattr__ = given_by(
    __name__, {"Card": "shown", "Live": "widget", "live": "widget", "show": "shown"}
)
