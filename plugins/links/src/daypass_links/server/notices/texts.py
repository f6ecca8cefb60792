"""What a mail says of links that end."""

from __future__ import annotations

from datetime import UTC, datetime

from daypass.base.times import until
from daypass_links.server.notices.due import Due

__all__ = ["subject_of", "text_of"]


def subject_of(found: list[Due]) -> str:
    """Return a mail's subject: what is about to end, and nothing that a stranger has named."""
    return (
        "A link of yours is about to end"
        if len(found) == 1
        else f"{len(found)} links of yours are about to end"
    )


def text_of(found: list[Due], url: str, now: int) -> str:
    """Return what a mail says.

    Args:
        found: the links.
        url: what addresses of the service begin with.
        now: the clock, in seconds since the epoch.

    """
    said = "\n".join(_said(one, url, now) for one in found)
    one = len(found) == 1
    return f"""\
{"This link of yours is" if one else "These links of yours are"} about to end:

{said}
Whoever needs {"it" if one else "one"} for longer: give it another end on its page. Otherwise there is nothing to do.
"""


def _said(one: Due, url: str, now: int) -> str:
    label = f" ({one.label})" if one.label else ""
    end = until(datetime.fromtimestamp(one.ends_at, UTC), datetime.fromtimestamp(now, UTC))
    return f"  {one.path}{label}\n  ends {end}\n  {url}/ui/links/{one.link_id}\n"
