"""The words of pages and mails, in each language; of a page, chosen by what the browser says its reader knows."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from daypass_links.server.languages.files import FILES, FIRST

__all__ = ["WORDS", "Words", "words_for"]


@attrs.frozen
class Words:
    """What people are told, in one language."""

    #: As HTML names it, such as ``"en"``.
    language: str
    #: Texts by their names; what stands in braces is filled in.
    texts: Mapping[str, str]

    def __call__(self, name: str, /, **values: Any) -> str:
        """Return a text, with values filled in; it is not escaped.

        >>> WORDS["en"]("account.groups_of", groups="analysts")
        'You are a member of analysts.'
        """
        return self.texts[name].format_map(values)


def words_for(accepted: str) -> Words:
    """Return the words for a reader.

    Args:
        accepted: the header ``Accept-Language`` (RFC 9110, section 12.5.4); empty where there is none.

    >>> words_for("fr, de-AT;q=0.8, en;q=0.5").language
    'de'
    """
    best, found = 0.0, WORDS[FIRST]
    for part in accepted.split(","):
        name, _, rest = part.strip().partition(";")
        known = WORDS.get(name.strip().partition("-")[0].lower())
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            continue
        if known is not None and weight > best:
            best, found = weight, known
    return found


def _flat(table: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}{key}.")
        else:
            yield f"{name}{key}", str(value)


#: By language.
WORDS: Mapping[str, Words] = {
    language: Words(language, dict(_flat(tomllib.loads(file.read_text("utf-8")))))
    for language, file in FILES.items()
}
