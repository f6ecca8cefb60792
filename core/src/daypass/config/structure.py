"""From tables to attrs classes: strictly typed, unknown keys refused, every fault told with its file and key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

import attrs

from daypass.base.messages import escaped, nearest, shown
from daypass.config.secrets import Secret
from daypass.errors import ConfigError, DaypassError

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["WrongValueError", "dotted", "fault", "structure", "structured_or_raise", "unknown"]

Kind = TypeVar("Kind")

#: What TOML calls the types that Python reads.
_TOML = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    list: "an array",
}
#: A key that TOML takes without quotes: https://toml.io/en/v1.0.0#keys
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class WrongValueError(ValueError):
    """A value is not what its key takes; the text says what would be, and never the value."""


def dotted(*names: object) -> str:
    """Write a key with its tables, as TOML does.

    >>> dotted("profiles", "maps.eu", "url")
    'profiles."maps.eu".url'
    """
    return ".".join(
        name if _BARE.fullmatch(name) else '"' + escaped(name, 60) + '"' for name in map(str, names)
    )


def fault(file: str, key: str, why: str) -> ConfigError:
    """Make the error for one key of one file."""
    return ConfigError(f"{file}: {key} {why}" if key else f"{file}: {why}", file=file, key=key)


def unknown(file: str, at: tuple[object, ...], name: object, known: object) -> ConfigError:
    """Make the error for a key that nobody knows, naming the nearest that is legal."""
    legal = sorted(map(str, known))  # type: ignore[call-overload] # any iterable of names
    near = nearest(str(name), legal)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(legal)}"
    table = f"[{dotted(*at)}]" if at else "the file"
    msg = f"{file}: {table} has no key {shown(str(name))}: {hint}"
    return ConfigError(msg, file=file, key=dotted(*at, name))


def structure(
    values: object, kind: type[Kind], file: str, at: tuple[object, ...]
) -> tuple[Kind | None, list[ConfigError]]:
    """Make an attrs class of a table.

    Args:
        values: the table as TOML gives it.
        kind: the class; nested attrs classes, ``dict[str, ...]`` and ``tuple[..., ...]`` may be in it.
        file: where the table stands, for messages.
        at: the names of the table, outermost first.

    Returns:
        The object and no fault, or None and every fault.

    """
    from cattrs import BaseValidationError

    try:
        return converter().structure(values, kind), []
    except BaseValidationError as group:
        return None, _faults(group, file, at)
    except (ValueError, TypeError) as error:
        return None, [fault(file, dotted(*at), _why(error))]


def structured_or_raise(
    values: object, kind: type[Kind], file: str, at: tuple[object, ...]
) -> Kind:
    """Make an attrs class of a table, as `structure` does.

    Raises:
        ConfigError: the first fault, and how many more there are.

    """
    made, faults = structure(values, kind, file, at)
    if made is None:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        msg = f"{faults[0]}{more}"
        raise ConfigError(msg, file=faults[0].file, key=faults[0].key, others=faults[1:])
    return made


def _faults(group: Any, file: str, at: tuple[object, ...]) -> list[ConfigError]:
    from cattrs import BaseValidationError, ForbiddenExtraKeysError

    found: list[ConfigError] = []
    # A misspelt key is told before the key that is missing because of it.
    for error in sorted(
        group.exceptions, key=lambda one: not isinstance(one, ForbiddenExtraKeysError)
    ):
        place = (*at, *_names(error))
        if isinstance(error, BaseValidationError):
            found += _faults(error, file, place)
        elif isinstance(error, ForbiddenExtraKeysError):
            known = [field.name for field in attrs.fields(error.cl) if field.init]
            found += [unknown(file, place, name, known) for name in sorted(error.extra_fields)]
        elif isinstance(error, KeyError):
            msg = f"{file}: [{dotted(*place[:-1])}] needs the key {place[-1]}"
            found.append(ConfigError(msg, file=file, key=dotted(*place)))
        else:
            found.append(fault(file, dotted(*place), _why(error)))
    return found


def _names(error: BaseException) -> list[object]:
    """Return the names of the keys that cattrs notes in an error."""
    notes = getattr(error, "__notes__", ())
    names = [getattr(note, "name", getattr(note, "index", None)) for note in notes]
    return [name for name in names if name is not None]


def _why(error: Exception) -> str:
    """Say what is wrong, in words that are ours: another's text may hold the value."""
    if isinstance(error, WrongValueError):
        return str(error)
    if isinstance(error, DaypassError):
        return f"is not legal: {error}"
    return f"is not legal ({type(error).__name__})"


@cache
def converter() -> Converter:
    """Return the one converter, which changes no type and drops nothing."""
    from cattrs import Converter

    made = Converter(forbid_extra_keys=True)
    for kind in (str, int, float, bool):
        made.register_structure_hook(kind, _strictly)
    made.register_structure_hook(Secret, _reference)
    factory: Any = made.register_structure_hook_factory
    factory(attrs.has, _of_class)
    factory(_made_from(dict), _of_table)
    factory(_made_from(tuple), _of_array)
    return made


def _made_from(origin: type) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def of_type(value: object, kind: type) -> Any:
    """Return a value that has a type of TOML; a boolean is no number.

    Raises:
        WrongValueError: saying which type it should have.

    """
    whole = isinstance(value, int) and kind is float
    if not (isinstance(value, kind) or whole) or (isinstance(value, bool) and kind is not bool):
        found = _TOML.get(type(value), f"a {type(value).__name__}")
        msg = f"must be {_TOML[kind]}, not {found}"
        raise WrongValueError(msg)
    return value


def _strictly(value: object, kind: type) -> Any:
    return of_type(value, kind)


def _reference(value: object, _: Any) -> Secret:
    if isinstance(value, Secret):
        return value
    msg = 'must say where the secret is: { env = "NAME" } or { file = "path" }'
    raise WrongValueError(msg)


def _of_class(kind: type, made: Converter) -> Callable[[object, Any], Any]:
    from cattrs.gen import make_dict_structure_fn

    inner: Any = make_dict_structure_fn(kind, made)

    def structured(value: object, _: Any) -> Any:
        return inner(of_type(value, dict), kind)

    return structured


def _of_table(kind: Any, made: Converter) -> Callable[[object, Any], Any]:
    of_value = get_args(kind)[1]

    def structured(value: object, _: Any) -> dict[str, Any]:
        from cattrs import IterableValidationError, IterableValidationNote

        given: Mapping[str, Any] = of_type(value, dict)
        found: dict[str, Any] = {}
        errors: list[Exception] = []
        for name, item in given.items():
            try:
                found[name] = made.structure(item, of_value) if of_value is not Any else item
            except Exception as error:  # noqa: BLE001 - collected, to be told with all others
                error.add_note(IterableValidationNote(f"key {name}", name, of_value))
                errors.append(error)
        if errors:
            msg = "a table"
            raise IterableValidationError(msg, errors, dict)
        return found

    return structured


def _of_array(kind: Any, made: Converter) -> Callable[[object, Any], Any]:
    inner: Any = GenericAlias(list, get_args(kind)[:1])

    def structured(value: object, _: Any) -> tuple[Any, ...]:
        return tuple(made.structure(of_type(value, list), inner))

    return structured
