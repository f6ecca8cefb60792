"""What to type where a store refuses a link: the library's word for it, in those of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from daypass.cli.words import one_line
from daypass.errors import StoreError
from daypass.transfer.links import WHY

__all__ = ["refusals"]


@contextmanager
def refusals(*how: str, headers: Mapping[str, str] | None) -> Iterator[None]:
    """Name the commands that say why, while the block runs.

    Args:
        how: options of ``daypass verify`` by which the request is described.
        headers: those that were given for it, which are named alone.

    """
    try:
        yield
    except StoreError as error:
        # The rest is status and code, and what the store says: no word of the library's.
        if WHY not in (text := one_line(str(error))):
            raise
        names = [f"--header {name}=..." for name in headers or ()]
        verify = " ".join(["daypass verify URL", *how, *names])
        instead = f"`daypass explain URL` says what the link permits, and `{verify}` which piece of this request differs"
        raise click.ClickException(text.replace(WHY, instead)) from error
