"""Environment variables as one more layer: ``DAYPASS_PROFILES__NAME__KEY``, nested by two underscores; and ``DAYPASS_SECTION__KEY``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from daypass.config.sections import brought
from daypass.config.structure import fault
from daypass.errors import ConfigError
from daypass.model.written import value_of

__all__ = ["of_sections", "overrides"]

_PREFIX = "DAYPASS_"
#: Keys of a profile that are text whatever it looks like.
_TEXT = ("url", "preset", "public_endpoint", "signer")


def overrides(
    environment: Mapping[str, str], known: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], list[ConfigError]]:
    """Return the profiles' tables that the environment names, and what is wrong with it.

    Names of variables are written in capitals and hold no dashes, so each part means the key that
    it spells but for case and dashes, where there is one already; otherwise its lower case.

    Args:
        environment: the variables.
        known: the profiles of the files by name, as tables.

    """
    found: dict[str, dict[str, Any]] = {}
    faults: list[ConfigError] = []
    for variable, (section, *parts) in _nested(environment):
        if section.upper() in ("POLICY", "AUDIT"):
            why = "is refused: policy and audit come from the user's file, or the one that DAYPASS_CONFIG names"
            faults.append(fault(variable, "", why))
        elif section.lower() in brought() and all(parts):
            continue  # said by `of_sections`
        elif section.upper() != "PROFILES" or not all(parts):
            why = "means nothing: write DAYPASS_PROFILES__NAME__KEY"
            faults.append(fault(variable, "", why))
        else:
            try:
                _put(found, parts, environment[variable], known)
            except ValueError as error:
                faults.append(fault(variable, "", str(error)))
    return found, faults


def of_sections(
    environment: Mapping[str, str], known: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], list[ConfigError]]:
    """Return what the environment says of sections that distributions bring, and what is wrong with that.

    Args:
        environment: the variables.
        known: the sections of the files by name.

    """
    found: dict[str, dict[str, Any]] = {}
    faults: list[ConfigError] = []
    for variable, (section, *parts) in _nested(environment):
        name = section.lower()
        if name in ("policy", "audit", "profiles") or not all(parts) or name not in brought():
            continue
        if not isinstance(known.get(name, {}), dict):
            faults.append(fault(variable, "", "lies below an array, which only a file can hold"))
            continue
        try:
            _put(found, [section, *parts], environment[variable], {name: known.get(name, {})})
        except ValueError as error:
            faults.append(fault(variable, "", str(error)))
    return found, faults


def _nested(environment: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the variables that name a key below a section, and their parts."""
    for variable in sorted(environment):
        if variable.startswith(_PREFIX) and "__" in variable.removeprefix(_PREFIX):
            yield variable, variable.removeprefix(_PREFIX).split("__")


def _put(found: dict[str, Any], parts: list[str], text: str, known: Mapping[str, Any]) -> None:
    """Put a value into nested tables.

    Raises:
        ValueError: if a part could mean two keys, or lies below what is no table.

    """
    place, beside = found, known
    for part in parts[:-1]:
        name = _meant(part, (*place, *beside))
        place = place.setdefault(name, {})
        below = beside.get(name)
        beside = below if isinstance(below, dict) else {}
        if not isinstance(place, dict):
            msg = "lies below another variable's value, which is no table"
            raise ValueError(msg)  # noqa: TRY004 - said as a fault of the configuration
    name = _meant(parts[-1], (*place, *beside))
    as_text = len(parts) == 2 and name in _TEXT  # noqa: PLR2004 - the profile's name and the key
    place[name] = text if as_text else value_of(text)


def _meant(part: str, known: Iterable[str]) -> str:
    meant = sorted({name for name in known if _folded(name) == _folded(part)})
    if len(meant) > 1:
        msg = f"could mean {' or '.join(meant)}: set the table that holds them, as JSON"
        raise ValueError(msg)
    return meant[0] if meant else part.lower()


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")
