"""The reference names what the code has, exactly."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import attrs
import pytest

import daypass
from daypass import errors
from daypass.cli import exits
from daypass.hookspecs import hooks
from daypass.model import requests
from daypass.policy.rules import UPLOAD_OPTIONS

ROOT = Path(__file__).parents[2]
HOOKS = sorted(name for name, value in vars(hooks).items() if hasattr(value, "daypass_spec"))


def page(name):
    return (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_exact_signature(hook):
    arguments = ", ".join(inspect.signature(getattr(hooks, hook)).parameters)
    assert f"\n## `{hook}({arguments})`\n" in page("reference/hooks.md")


def test_no_hook_is_documented_that_does_not_exist():
    assert sorted(re.findall(r"^## `(\w+)\(", page("reference/hooks.md"), re.MULTILINE)) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_an_example_of_its_own(hook):
    example = inspect.getdoc(getattr(hooks, hook)).partition("Example::")[2]
    assert "@hookimpl" in example
    assert f"def {hook}(" in example


def test_every_module_of_the_toolkit_is_in_the_table_of_tools():
    table = page("reference/hooks.md").partition("\n## Tools\n")[2]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    modules = (Path(daypass.__file__).parent / "toolkit").glob("[!_]*.py")
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(path.stem for path in modules)


def test_every_option_is_described_where_the_reference_takes_it_from():
    described = set(
        re.findall(r"^    ([a-z]\w+): ", inspect.getdoc(requests.SignRequest), re.MULTILINE)
    )
    fields = {field.name for field in attrs.fields(requests.SignRequest) if field.init}
    assert described == fields == set(requests.SignOptions.__annotations__)


def test_every_option_that_a_rule_must_name_is_said_where_rules_are():
    text = page("reference/policy.md")
    [field] = re.findall(r"^\| `upload_options` \|[^|]*\|(.*)What `require`", text, re.MULTILINE)
    [line] = re.findall(r"^\|(.*)\| refused \| `upload_options =", text, re.MULTILINE)
    for told in (field, line):
        assert set(re.findall(r"`(\w+)`", told)) == UPLOAD_OPTIONS


def test_the_tree_of_errors_holds_every_error():
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__)) | {"DaypassError"}
    made = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.DaypassError)
    }
    assert drawn == made


def test_the_table_of_codes_is_that_of_the_code():
    written = re.findall(
        r"^\| `(\w+)` \| `([a-z-]+)` \| (\d+) \| (\d+) \|$",
        page("reference/errors.md"),
        re.MULTILINE,
    )
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "ShortLivedURLWarning"]
    assert sorted(written) == sorted(
        (kind.__name__, kind.code, str(kind.http_status), str(exits.code_of(kind("x"))))
        for kind in kinds
        if kind is not errors.DaypassError
    )


def test_every_public_class_and_function_is_in_the_reference():
    written = page("reference/api.md") + page("reference/options.md")
    missing = [
        name
        for name in daypass.__all__
        if name not in errors.__all__
        and not re.search(rf"daypass\.{name}\b", written)
        and name not in ("SignOptions", "FormOptions")  # the keywords that options.md describes
    ]
    assert missing == []
