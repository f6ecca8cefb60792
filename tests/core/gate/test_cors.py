"""The rule in no provider's words, and backends that have none."""

import pytest

import daypass
from daypass import CorsRule, InvalidRequestError, UnsupportedOptionError
from daypass.errors import PluginError
from daypass.gate.cors import plan_cors
from daypass.hookspecs import hookimpl
from tests.core import fakes

GOOD = {"origins": ["https://app.example"], "methods": ["PUT"]}


@pytest.mark.parametrize(
    "origin",
    ["https://app.example", "http://127.0.0.1:8000", "http://[::1]:8000", "https://a:8443", "*"],
)
def test_an_origin_is_what_browsers_send(origin):
    assert CorsRule(origins=[origin, origin], methods=["PUT"]).origins == (origin,)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"origins": []}, "origins"),
        ({"origins": "https://app.example"}, "origins"),
        ({"origins": [1]}, "origins"),
        ({"origins": ["https://app.example/"]}, "origins"),
        ({"origins": ["https://App.example"]}, "origins"),
        ({"origins": ["https://app.example:443"]}, "origins"),
        ({"origins": ["app.example"]}, "origins"),
        ({"origins": ["https://*.example"]}, "origins"),
        ({"origins": ["https://a\n"]}, "origins"),
        ({"origins": ["https://app.example", "null"]}, "origins"),
        ({"methods": ["PATCH"]}, "methods"),
        ({"methods": []}, "methods"),
        ({"headers": ["a b"]}, "headers"),
        ({"max_age": -1}, "max_age"),
        ({"max_age": True}, "max_age"),
        ({"max_age": 86_401}, "max_age"),
    ],
)
def test_an_illegal_rule_is_refused_by_name(options, option):
    with pytest.raises(InvalidRequestError) as caught:
        CorsRule(**{**GOOD, **options})
    assert caught.value.option == option


def test_a_backend_without_rules_says_so(registry_of):
    registry_of({"fake": fakes.backend()})
    store = daypass.Store("fake://bucket")
    with pytest.raises(UnsupportedOptionError, match="no CORS rules"):
        plan_cors(store.backend, store.location, CorsRule(**GOOD))


def test_an_answer_that_is_no_plan_names_the_plugin(registry_of):
    module = fakes.backend()

    def cors(location, rule):
        return {"rule": rule}

    module.cors = hookimpl(cors)
    registry_of({"fake": module})
    store = daypass.Store("fake://bucket")
    with pytest.raises(PluginError, match="not a CorsPlan"):
        plan_cors(store.backend, store.location, CorsRule(**GOOD))
