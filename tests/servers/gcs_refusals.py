"""How Cloud Storage says no."""

from __future__ import annotations


class RefusedError(Exception):
    """An answer that is no success, with Cloud Storage's status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
