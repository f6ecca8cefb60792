"""An option that is none is refused by name, and the nearest one is named."""

from __future__ import annotations

from itertools import count

import pytest

import daypass
from daypass.base.messages import refuse_unknown
from daypass.errors import (
    DaypassError,
    InvalidRequestError,
    UnknownOptionError,
)
from daypass.model.requests import SignOptions, make_request
from tests.core.fakes import SECRET, Hostile
from tests.each import each

OPTIONS = sorted(SignOptions.__annotations__)


@pytest.mark.parametrize(
    ("nearest", "name"),
    [("expires_in", "expire_in"), ("content_type", "ContentType"), ("filename", "file_name")],
)
def test_an_unknown_option_is_refused_naming_the_nearest(nearest, name):
    with pytest.raises(UnknownOptionError, match=f"did you mean {nearest}") as caught:
        refuse_unknown([name], SignOptions.__annotations__)
    assert name == caught.value.option
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "name", [5, None, b"method", Hostile(), "\ud800", "x" * 10**6, "a\nb", ""], ids=count()
)
def test_an_option_may_have_any_name_and_is_refused(name):
    with pytest.raises(DaypassError) as caught:
        refuse_unknown([name], SignOptions.__annotations__)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["storage_options", "storage_option", "signer_option"])
def test_an_option_of_a_store_is_told_where_it_goes(name):
    right = name.removesuffix("s") + "s"
    with pytest.raises(
        UnknownOptionError, match=f"'{name}': {right} is given to the Store"
    ) as caught:
        make_request({name: {}})
    assert caught.value.option == name


def test_a_method_in_lower_case_is_refused_with_the_one_that_is_meant():
    with pytest.raises(InvalidRequestError, match=r"'put' is not one of .*did you mean 'PUT'\?"):
        make_request({"method": "put"})


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("secret", "secret"),
        ("aws_access_key_id", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("regionname", r"client_kwargs=\{'region_name': \.\.\.\}"),
        ("region", "client_kwargs"),
        ("account_key", "account_key"),
        ("connection_string", "connection_string"),
        ("profile", "profile"),
        ("endpoint", "endpoint_url"),
    ],
)
def test_an_option_of_the_filesystem_is_sent_where_it_belongs(name, inside):
    said = f"'{name}': the filesystem takes {inside}.* in storage_options"
    with pytest.raises(UnknownOptionError, match=said) as caught:
        make_request({name: SECRET})
    assert SECRET not in str(caught.value)


@each("option", OPTIONS)
def test_no_misspelt_option_of_a_link_is_taken_for_one_of_the_filesystem(option):
    for wrong in (option + "s", option[:-1], option[0] + option[2:], option.replace("_", "")):
        if wrong not in OPTIONS and wrong != "":
            with pytest.raises(UnknownOptionError) as caught:
                make_request({wrong: "x"})
            assert "storage_options" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"x" * 5000: "a\n"}},
        {"headers": {"x-amz-meta-" + "x" * 5000: "a"}},
        {"headers": {"x" * 5000: "a", "X" * 5000: "b"}},
        {"method": "PUT", "metadata": {"x" * 5000: "a\n"}},
        {"method": "PUT", "metadata": {"x" * 5000: "a", "X" * 5000: "b"}},
        {"x" * 5000: "a"},
    ],
    ids=count(),
)
def test_an_endless_name_is_cut_short_in_messages(options):
    with pytest.raises(InvalidRequestError) as caught:
        make_request(options)
    assert "x" * 61 not in str(caught.value).lower()


@pytest.mark.parametrize(
    ("kind", "wrong", "right"),
    [
        (daypass.Rule, "max_expire_in", "max_expires_in"),
        (daypass.Policy, "rule", "rules"),
        (daypass.Quota, "live_link", "live_links"),
        (daypass.CorsRule, "origin", "origins"),
        (daypass.PartLimits, "max_part", "max_parts"),
        (daypass.BackendInfo, "method", "methods"),
    ],
)
def test_a_misspelt_argument_of_a_class_names_the_nearest(kind, wrong, right):
    said = rf"no argument of {kind.__name__} is named '{wrong}': did you mean {right}\?"
    with pytest.raises(UnknownOptionError, match=said):
        kind(**{wrong: "x"})


def test_what_is_missing_of_a_class_is_said_as_before():
    with pytest.raises(TypeError, match="paths"):
        daypass.Rule(name="a")
