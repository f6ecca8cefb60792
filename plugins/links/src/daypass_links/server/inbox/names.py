"""Names of files, as strangers say them, made harmless: no path, nothing that is not seen, nothing that a system takes for something else."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

__all__ = ["harmless", "new_key"]

#: The longest name, in bytes of UTF-8: every filesystem takes 255, and a copy may want to be named after it.
_LONGEST = 180
#: What an ending may be, so that one is kept where a name is cut.
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,12}$")
#: What Windows has no files of, whatever follows the first dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)", re.IGNORECASE)  # fmt: skip
#: What no file is called on Windows, and what a shell or a URL takes for something else.
_TAKEN = str.maketrans(dict.fromkeys("<>:\"|?*%#&;`$!'{}\\^~", "_"))
#: Of a name of which nothing is left.
_NONE = "file"


def harmless(name: str) -> str:
    """Return what is left of a file's name.

    Only what follows the last slash or backslash counts. Controls, bidirectional and other marks that are not seen go, as do
    dots and spaces at both ends; what a shell, a URL or Windows takes for something else becomes ``_``. It is NFC.

    >>> harmless("../../etc/passwd"), harmless("invoice\u202egpj.exe"), harmless("con.txt"), harmless("-rf")
    ('passwd', 'invoicegpj.exe', '_con.txt', '_rf')
    """
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(" " if one.isspace() else one for one in last if _is_seen(one))
    whole = unicodedata.normalize("NFC", " ".join(seen.split()))
    found = whole.translate(_TAKEN).strip(". ")
    if found.startswith("-"):
        found = f"_{found[1:]}"
    if _DEVICES.match(found):
        found = f"_{found}"
    return _cut(found) or _NONE


def new_key(name: str, now: float, random: str) -> str:
    """Return the key of a file that comes now, in a folder of its own.

    Args:
        name: as the sender says it.
        now: in seconds since the epoch.
        random: what nobody guesses, and nothing has had before.

    >>> new_key("a.csv", 1_796_000_000, "9f86d081884c7d65")
    '2026-11-30T005320Z-9f86d081884c7d65/a.csv'
    """
    moment = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H%M%SZ")
    return f"{moment}-{random}/{harmless(name)}"


def _is_seen(one: str) -> bool:
    """Tell whether a character is one that can be seen, or a space."""
    kind = unicodedata.category(one)
    return one.isspace() or (kind[0] != "C" and kind not in ("Zl", "Zp"))


def _cut(name: str) -> str:
    """Return a name of at most so many bytes, with its ending."""
    text = name.encode()
    if len(text) <= _LONGEST:
        return name
    found = _ENDING.search(name)
    ending = found[0] if found else ""
    return text[: _LONGEST - len(ending)].decode(errors="ignore").rstrip(". ") + ending
