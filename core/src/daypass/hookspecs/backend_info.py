"""``BackendInfo``: what a backend declares of itself, with a check for each kind of field."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from daypass.base.messages import names_nearest, refuse_unknown, shown
from daypass.errors import PluginError, UnknownOptionError
from daypass.hookspecs.network import EVERYBODYS, Network
from daypass.hookspecs.part_limits import PartLimits
from daypass.hookspecs.project_options import ProjectOptions
from daypass.model.options import CONDITIONS, METHODS, OF_FORMS, OF_LINKS

if TYPE_CHECKING:
    from daypass.model.locations import Location

__all__ = ["BackendInfo"]


def _names(value: Iterable[str], field: str = "secret_query_keys") -> frozenset[str]:
    """Return a set of names; text alone would be read letter by letter."""
    found: list[object] | None = None
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        found = list(value)
    if found is None or not all(isinstance(name, str) for name in found):
        wrong = shown(value) if found is None else "one with something else in it"
        msg = f"{field} of BackendInfo must be a set of text, such as {{'NAME'}}, not {wrong}"
        raise PluginError(msg)
    return frozenset(map(str, found))


def _methods(value: Iterable[str]) -> frozenset[str]:
    """Return the methods of links."""
    return _of(_names(value, "methods"), METHODS, "method")


def _options(value: Iterable[str]) -> frozenset[str]:
    """Return names of the options of a link that a backend carries out."""
    return _of(_names(value, "enforces"), CONDITIONS, "option that a backend enforces")


def _form_options(value: Iterable[str]) -> frozenset[str]:
    """Return names of the options of an upload form."""
    found = _names(value, "form_enforces")
    return _of(found, OF_FORMS, "option of an upload form")


def _of(found: frozenset[str], known: Collection[str], what: str) -> frozenset[str]:
    try:
        refuse_unknown(sorted(found), known, what=what)
    except UnknownOptionError as error:
        msg = f"BackendInfo is wrong: {error}"
        raise PluginError(msg) from None
    return found


def _option_names(value: Iterable[str]) -> frozenset[str]:
    return _names(value, "secret_storage_options")


def _header_names(value: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in _names(value, "operation_headers"))


def _said_by(value: Mapping[str, str]) -> dict[str, str]:
    """Return which option says a header, by the header's name."""
    if not isinstance(value, Mapping):
        msg = f"option_headers of BackendInfo must be a mapping of headers to options, such as {{'x-my-acl': 'acl'}}, not {shown(value)}"
        raise PluginError(msg)
    _names(value, "option_headers")
    _of(_names(value.values(), "option_headers"), OF_LINKS, "option of a link")
    return {name.lower(): option for name, option in value.items()}


def _text(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no text, and none at all."""
    if not isinstance(value, str) or not value:
        _refuse(field, "text that is not empty", value)


def _sentence(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no text."""
    if not isinstance(value, str):
        _refuse(field, "text", value)


def _flag(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        _refuse(field, "True or False", value)


def _count(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no limit: a whole number above 0."""
    if type(value) is not int or value < 1:
        unit = "seconds" if field.name == "max_expires_in" else "bytes"
        _refuse(field, f"a whole number of {unit} above 0, or None", value)


def _limits(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no `PartLimits`."""
    if not isinstance(value, PartLimits):
        _refuse(field, "a PartLimits or None", value)


def _refuse(field: attrs.Attribute[Any], right: str, value: object) -> None:
    wrong = str(value) if type(value) is int and abs(value) < 10**18 else shown(value)
    msg = f"{field.name} of BackendInfo must be {right}, not {wrong}"
    raise PluginError(msg)


def _of_projects(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no `ProjectOptions`."""
    if not isinstance(value, ProjectOptions):
        _refuse(field, "a ProjectOptions", value)


def _pattern(_info: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no regular expression."""
    try:
        re.compile(value)  # type: ignore[call-overload] # or an error
    except (re.error, TypeError):
        _refuse(field, "a regular expression or None", value)


def _as_given(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return options


def _as_everybody(_location: Location) -> Network:
    return EVERYBODYS


@names_nearest
@attrs.frozen(kw_only=True)
class BackendInfo:
    """What a backend declares of itself: the most it can do, whatever the credential.

    Raises:
        PluginError: naming what is declared wrongly, and what it should be.

    """

    #: The backend's name, as results and errors give it.
    name: str = attrs.field(validator=_text)
    #: Methods it can sign; empty for a backend that cannot sign.
    methods: frozenset[str] = attrs.field(default=frozenset(), converter=_methods)
    #: Names of `SignRequest` options that its links enforce (or its answers carry out).
    enforces: frozenset[str] = attrs.field(default=frozenset(), converter=_options)
    #: The longest lifetime of a link in seconds, where the provider sets one.
    max_expires_in: int | None = attrs.field(default=None, validator=optional(_count))
    #: The longest key in bytes of UTF-8, where the store sets a limit.
    max_key_bytes: int | None = attrs.field(default=None, validator=optional(_count))
    #: True where ``version=`` names a version of an object.
    versions: bool = attrs.field(default=False, validator=_flag)
    #: True where ``public_endpoint=`` can differ from the filesystem's endpoint.
    public_endpoint: bool = attrs.field(default=False, validator=_flag)
    #: The attrs class of ``signer_options``; None where it takes none.
    options_class: type | None = None
    #: The field of ``options_class`` with the prefix of keys that the URLs' host stands for, so that they
    #: leave it out; None where URLs name whole keys.
    prefix_option: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(_text)
    )
    #: Query parameters that must never be shown.
    secret_query_keys: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    #: Names of headers by which a request of the provider does something else than its method says, or with another
    #: object, beyond those that `SignRequest` refuses (copy sources and their like): nobody may have them signed, as
    #: headers or as parameters of the query.
    operation_headers: frozenset[str] = attrs.field(default=frozenset(), converter=_header_names)
    #: Headers of the provider's that an option says, by the option's name, beyond those that are known of every store
    #: (``x-...-acl``, ``x-...-meta-``, ``x-...-tagging`` and their like): the option alone may set them.
    option_headers: dict[str, str] = attrs.field(factory=dict, converter=_said_by, hash=False)
    #: One sentence on why it cannot sign and what to do, for a backend that cannot.
    why_not: str = attrs.field(default="", validator=_sentence)
    #: True where `create_signed_prefix` can grant all that lies below a prefix.
    prefixes: bool = attrs.field(default=False, validator=_flag)
    #: What the store takes as parts of an upload; None where `create_multipart_upload` is not implemented.
    multipart: PartLimits | None = attrs.field(default=None, validator=optional(_limits))
    #: True where `create_upload_form` can make forms for browsers.
    forms: bool = attrs.field(default=False, validator=_flag)
    #: Names of `FormRequest` options that its forms enforce (or carry out).
    form_enforces: frozenset[str] = attrs.field(default=frozenset(), converter=_form_options)
    #: What a profile of a project's file may say of its stores; nothing, where it declares none.
    project_options: ProjectOptions = attrs.field(
        factory=ProjectOptions, validator=_of_projects, repr=False
    )
    #: Returns what the filesystem is opened with in place of ``storage_options``, or raises: for what its SDK
    #: would send on, or show, and is no credential in a form that it keeps to itself.
    open_options: Callable[[Mapping[str, Any]], Mapping[str, Any]] = attrs.field(
        default=_as_given, repr=False
    )
    #: A regular expression for what its filesystem reads in a path as a version when it is opened with
    #: ``version_aware=True``: keys that hold it are refused then, since ``version=`` says it here.
    version_in_path: str | None = attrs.field(default=None, validator=optional(_pattern))
    #: True where URLs have paths of the store's own, as links of share services do. Everybody else's must end in
    #: the key, or the link is refused: nothing else shows which object it opens. What is secret in such a path is masked
    #: where it stands after ``/l/`` or ``/p/`` and has 22 characters of base64url; another secret belongs in the query.
    opaque_links: bool = attrs.field(default=False, validator=_flag)
    #: Returns how the filesystem of a location reaches its store: what daypass sends itself goes the same way.
    network: Callable[[Location], Network] = attrs.field(default=_as_everybody, repr=False)
    #: Names of options, of ``storage_options`` and of ``signer_options`` and at any depth, whose values are secrets, where
    #: no word in the name says so, as ``secret``, ``key``, ``token`` and ``password`` do. What is below such a name is secret too.
    secret_storage_options: frozenset[str] = attrs.field(
        default=frozenset(), converter=_option_names
    )
    #: One sentence, without a full stop, on why a link may not hold its holder to an option that is declared in
    #: ``enforces``, as on another store or with another credential; ``daypass sign`` says it beside the option.
    why_unenforced: str = attrs.field(default="", validator=_sentence)
