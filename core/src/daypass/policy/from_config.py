"""``[policy]`` of the configuration: the same names as in Python, and every value of its own type."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args, get_origin

from daypass.config import Section
from daypass.config.structure import converter, of_type, structured_or_raise
from daypass.policy.rules import Policy, Rule

__all__ = ["policy_of"]


def policy_of(section: Section) -> Policy:
    """Make the policy that a section says.

    Raises:
        ConfigError: naming the file, the key, and the nearest that is legal.

    """
    _prepare()
    return structured_or_raise(section.values, Policy, section.file, ("policy",))


@cache
def _prepare() -> None:
    """Teach the converter sets, and a rule's lifetime."""
    from cattrs.gen import make_dict_structure_fn, override

    made = converter()
    made.register_structure_hook_factory(_is_set, lambda kind: _set_of(get_args(kind)[0]))
    inner: Any = make_dict_structure_fn(
        Rule, made, max_expires_in=override(struct_hook=_lifetime), _cattrs_forbid_extra_keys=True
    )
    made.register_structure_hook(Rule, lambda value, _: inner(of_type(value, dict), Rule))


def _is_set(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is frozenset


def _set_of(inner: Any) -> Any:
    def structured(value: object, _: Any) -> frozenset[Any]:
        return frozenset(converter().structure(of_type(value, list), list[inner]))

    return structured


def _lifetime(value: object, _: Any) -> object:
    return value if isinstance(value, str) else of_type(value, int)
