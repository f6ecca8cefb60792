"""What is said of a link beside its URL: the headers that its holder must send, and what nothing holds them to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daypass.base.secrets import MASK, masked_headers
from daypass.cli.words import listed
from daypass.model.headers import starts_session
from daypass.model.options import CONDITIONS
from daypass.store.store import Store

if TYPE_CHECKING:
    from daypass.model.forms import UploadForm
    from daypass.model.links import SignedURL
    from daypass.model.prefixes import SignedPrefix

__all__ = ["headers_to_send", "not_enforced"]


def headers_to_send(link: SignedURL | SignedPrefix) -> str:
    """List the headers that a holder must send, without a customer's encryption key, and a method that is not the link's own."""
    sent = masked_headers(link.headers)
    hint = " (--json shows it whole)" if MASK in sent.values() else ""
    how = "a POST without a body, and " if starts_session(link.headers) else ""
    return how + "; ".join(f"{name}: {value}" for name, value in sent.items()) + hint


def not_enforced(link: SignedURL | SignedPrefix | UploadForm, store: Store) -> list[str]:
    """Return the options that the store does not enforce, those with the same reason together.

    Args:
        link: what was made.
        store: where it leads: its backend says what its links can, and its profile what the store lacks.

    """
    return [f"{listed(names)} ({why})" for names, why in _reasons(link, store) if names]


def _reasons(
    link: SignedURL | SignedPrefix | UploadForm, store: Store
) -> Iterator[tuple[frozenset[str], str]]:
    from daypass.model.forms import UploadForm  # only where something is not enforced

    info, location = store.backend.info, store.location
    left = link.unenforced
    yield left & location.lacks, f"the profile {location.profile} says that its store lacks it"
    left -= location.lacks
    of_form = isinstance(link, UploadForm)
    able = info.form_enforces if of_form else info.enforces
    never = (left & CONDITIONS) - able
    yield never, f"no {'form' if of_form else 'link'} of {info.name} holds its sender to it"
    why = info.why_unenforced or f"{info.name} cannot here, with this store or this credential"
    yield left - never, why
