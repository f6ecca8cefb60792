"""What a mail says of links that end."""

from __future__ import annotations

from daypass_links.server.languages.words import Words
from daypass_links.server.moments import away, shown
from daypass_links.server.notices.due import Due

__all__ = ["subject_of", "text_of"]


def subject_of(found: list[Due], say: Words) -> str:
    """Return a mail's subject: what is about to end, and nothing that a stranger has named."""
    return say("notice.subject_" + _number(found), n=len(found))


def text_of(found: list[Due], say: Words, url: str, now: int) -> str:
    """Return what a mail says.

    Args:
        found: the links.
        say: the words of its reader.
        url: what addresses of the service begin with.
        now: the clock, in seconds since the epoch.

    """
    links = "\n".join(_said(one, say, url, now) for one in found)
    number = _number(found)
    return f"{say('notice.about_' + number)}\n\n{links}\n{say('notice.do_' + number)}\n"


def _number(found: list[Due]) -> str:
    return "one" if len(found) == 1 else "many"


def _said(one: Due, say: Words, url: str, now: int) -> str:
    label = f" ({one.label})" if one.label else ""
    ends = say("notice.ends", left=away(one.ends_at, say, now), moment=shown(one.ends_at))
    return f"  {one.path}{label}\n  {ends}\n  {url}/ui/links/{one.link_id}\n"
