"""The public surface is pinned: names, hooks and their arguments, errors, docstrings."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pickle
import re
from http import HTTPStatus
from pathlib import Path

import attrs
import pytest

import daypass
from daypass import errors
from daypass.errors import DaypassError
from daypass.hookspecs import hooks as hookspecs
from daypass.model.form_options import FormOptions
from daypass.model.forms import FormRequest
from daypass.model.requests import SignOptions, SignRequest
from tests.each import each

SOURCE = Path(daypass.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = (
    "base",
    "model",
    "hookspecs",
    "toolkit",
    "config",
    "backends",
    "policy",
    "audit",
    "gate",
    "store",
    "reading",
    "manifest",
    "transfer",
    "sharing",
)
LIGHT = [
    SOURCE / "errors.py",
    *(path for path in MODULES if path.relative_to(SOURCE).parts[0] in ROOMS),
]
ERRORS = [name for name in errors.__all__ if name != "ShortLivedURLWarning"]


def test_the_public_names_are_sorted_and_each_once():
    assert sorted(set(daypass.__all__)) == daypass.__all__


@each("name", daypass.__all__)
def test_every_public_name_can_be_imported_and_documented(name):
    value = getattr(importlib.import_module("daypass"), name)
    assert getattr(value, "__doc__", None)
    assert name in dir(daypass)


def test_the_homes_of_the_public_names_are_complete():
    homes = [name for names in daypass._HOMES.values() for name in names]
    assert set(daypass.__all__) == {*homes, *errors.__all__}
    assert len(homes) == len(set(homes))


@each("module, names", daypass._HOMES.items())
def test_every_home_holds_its_names(module, names):
    home = importlib.import_module(f"daypass.{module}")
    for name in names:
        assert getattr(home, name) is getattr(daypass, name)
        assert name in home.__all__


def test_a_type_checker_sees_the_same_names():
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body for alias in node.names}
    assert set(daypass.__all__) == seen


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'create_signed_ulr'"):
        daypass.create_signed_ulr  # noqa: B018 - the access is the test


def test_everything_can_be_imported_with_a_star():
    space: dict = {}
    exec("from daypass import *", space)
    assert set(daypass.__all__) <= set(space)


@each("path", MODULES)
def test_every_module_of_the_core_says_what_it_is_about(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@each("path", LIGHT)
def test_what_a_module_exports_exists_and_is_sorted(path):
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    module = importlib.import_module(f"daypass.{name.removesuffix('.__init__')}")
    exported = getattr(module, "__all__", [])
    assert all(hasattr(module, name) for name in exported)
    constants = [name for name in exported if name.isupper()]
    classes = [name for name in exported if name[:1].isupper() and not name.isupper()]
    rest = [name for name in exported if not name[:1].isupper()]
    assert exported == sorted(constants) + sorted(classes) + sorted(rest)


@pytest.mark.parametrize(
    ("arguments", "hook"),
    [
        (("location", "request"), "create_signed_url"),
        (("location", "keys", "request"), "create_signed_urls"),
        (("location", "request"), "create_signed_prefix"),
        (("location", "request"), "create_multipart_upload"),
        (("location", "request"), "create_upload_form"),
        (("location", "request"), "request_upload"),
        (("location", "rule"), "cors"),
        (("location",), "head_metadata"),
        ((), "describe_backend"),
        (("url",), "explain_url"),
        (("location", "sent"), "verify_url"),
        (("thing", "signing"), "sign_object"),
        (("event",), "authorize"),
        (("event",), "record"),
        (("thing", "file"), "share_object"),
    ],
)
def test_the_contract_with_plugins_is_pinned(arguments, hook):
    """A hook gains no argument, ever: a new wish is an attribute of location or request."""
    function = getattr(hookspecs, hook)
    parameters = inspect.signature(function).parameters
    assert arguments == tuple(parameters)
    assert {inspect.Parameter.empty} >= {p.default for p in parameters.values()}
    assert "Example" in inspect.getdoc(function)


def test_there_are_no_other_hooks():
    hooks = {name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "daypass_spec")}
    assert hooks == {
        "create_signed_url",
        "create_signed_urls",
        "create_signed_prefix",
        "create_multipart_upload",
        "create_upload_form",
        "request_upload",
        "cors",
        "head_metadata",
        "describe_backend",
        "explain_url",
        "verify_url",
        "sign_object",
        "authorize",
        "record",
        "share_object",
    }


FIELDS = {
    "BackendInfo": """
        name methods enforces max_expires_in max_key_bytes versions public_endpoint options_class
        prefix_option secret_query_keys operation_headers option_headers
        why_not prefixes multipart forms form_enforces
    """,
    "Preset": "protocols storage_options lacks signer_options endpoint contradicts example",
    "SigningEvent": """
        action caller backend path version method signing_time expires_at conditions headers acl
        expires_because unenforced count url_sha256 merkle_root decision rule reason
        copy_source
    """,
    "Explanation": """
        url backend scheme path bucket key permits permits_because credential_id signed_at starts_at
        expires_at headers conditions findings now
    """,
    "Finding": "severity code message",
    "FoundURL": "url scheme host path query fields now error findings",
    "Rule": """
        name paths effect methods callers max_expires_in on_longer require content_types max_bytes
        ip_ranges headers acls upload_options header_names query_names response_options inline_types prefixes per_caller per_rule
        groups
    """,
    "Policy": "rules per_caller",
    "Quota": "urls_per_minute live_links",
    "MultipartUpload": """
        path backend upload_id size part_size unenforced
    """,
    "PartLimits": """
        min_part_size max_part_size max_parts max_size
    """,
    "UploadedPart": """
        number size etag
    """,
    "RequestCheck": "findings parameter unchecked hosts usual text right signs cost",
    "SentRequest": "method scheme host path query headers body key now fields",
    "Verification": "ok signature findings explanation",
    "SignedPrefix": """
        url query method headers expires_at expires_because permits unenforced path backend check
        cookie_maker
    """,
    "CorsPlan": """
        rule owner document command read write most
    """,
    "UploadForm": """
        url fields starts_with expires_at expires_because unenforced path backend
    """,
    "Inbox": """
        url max_bytes expires_at expires_because unenforced path backend
    """,
    "SignedURL": """
        url method headers expires_at expires_because permits unenforced path backend cookie_maker
    """,
}


@pytest.mark.parametrize(("kind", "expected"), FIELDS.items(), ids=FIELDS)
def test_what_plugins_give_and_are_given_is_pinned(kind, expected):
    """A field more is an addition; a field less, or in another place, breaks plugins."""
    fields = [field.name for field in attrs.fields(getattr(daypass, kind))]
    assert expected.split() == fields[: len(expected.split())]


def test_every_option_is_documented():
    for request, options in ((SignRequest, SignOptions), (FormRequest, FormOptions)):
        documented = inspect.getdoc(request)
        assert all(f"\n    {name}: " in documented for name in options.__annotations__)
        fields = {field.name for field in attrs.fields(request) if field.init}
        assert fields == set(options.__annotations__)


@pytest.mark.parametrize("face", [daypass.create_signed_url, daypass.Store.create_signed_url,
                                  daypass.create_signed_prefix, daypass.create_upload_form,
                                  daypass.Store.create_upload_form],
                         ids=["function", "Store", "prefix", "form", "Store's form"])  # fmt: skip
def test_the_options_of_the_faces_are_keywords_only(face):
    kinds = [parameter.kind for parameter in inspect.signature(face).parameters.values()]
    first = 2 if "self" in inspect.signature(face).parameters else 1
    assert set(kinds[first:]) <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


def test_what_many_heads_take_is_pinned():
    parameters = inspect.signature(daypass.head_metadata_many).parameters
    assert list(parameters) == [
        *("paths", "version", "errors", "concurrency", "storage_options", "fs"),
        *("signer_options", "options"),
    ]
    *kinds, last = (parameter.kind for parameter in list(parameters.values())[1:])
    assert set(kinds) == {inspect.Parameter.KEYWORD_ONLY}
    assert last == inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_is_a_daypass_error_and_a_builtin(name):
    kind = getattr(errors, name)
    assert issubclass(kind, DaypassError)
    builtins = {base for base in kind.__mro__ if base.__module__ == "builtins"}
    assert name == "DaypassError" or builtins - {Exception, BaseException, object}
    assert name in errors.__doc__


def test_every_error_has_a_code_of_its_own():
    codes = [vars(getattr(errors, name))["code"] for name in ERRORS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_the_http_status_of_a_failure(name):
    assert HTTPStatus(getattr(errors, name).http_status) >= HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_survives_copies_and_pickles(name):
    kind = getattr(errors, name)
    names = set(inspect.signature(kind.__init__).parameters) & {
        "option",
        "backend",
        "protocol",
        "plugin",
    }
    error = kind("message", **dict.fromkeys(names, "value"))
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert kind is type(twin)
        assert ("message", vars(error)) == (str(twin), vars(twin))


def test_the_warning_is_a_user_warning():
    assert issubclass(daypass.ShortLivedURLWarning, UserWarning)


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert version("daypass") == daypass.__version__
