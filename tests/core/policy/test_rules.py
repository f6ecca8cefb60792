"""What a policy says is checked when it is written: a limit that could not hold is a mistake."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daypass import Policy, Quota, Rule, set_policy
from daypass.errors import InvalidRequestError
from daypass.policy import in_force
from tests.core.fakes import Hostile
from tests.each import each

SOUND = {"name": "r", "paths": ["s3://maps/**"], "methods": ["PUT"]}


def test_durations_are_read_as_everywhere():
    for value in ("1h", 3600, timedelta(hours=1)):
        assert Rule(**SOUND, max_expires_in=value).max_expires_in == 3600


WRONG = {
    "no name": {"name": ""},
    "a name with a line break": {"name": "a\nb"},
    "no paths": {"paths": []},
    "one text as paths": {"paths": "s3://maps/**"},
    "a path without a protocol": {"paths": ["maps/**"]},
    "a number as path": {"paths": [5]},
    "no methods": {"methods": None},
    "an empty list of methods": {"methods": []},
    "a method that is none": {"methods": ["PATCH"]},
    "a method in lower case": {"methods": ["put"]},
    "another effect": {"effect": "maybe"},
    "another on_longer": {"max_expires_in": 60, "on_longer": "ignore"},
    "a clamp without a length": {"on_longer": "clamp"},
    "a lifetime of nothing": {"max_expires_in": 0},
    "a lifetime that is not a number": {"max_expires_in": float("nan")},
    "an option that is none": {"require": ["content_typ"]},
    "a response option that is none": {"response_options": ["acl"]},
    "no content types": {"content_types": []},
    "a network that is none": {"ip_ranges": ["192.0.2.0/99"]},
    "a host in a network": {"ip_ranges": ["192.0.2.1/24"]},
    "a size below nothing": {"max_bytes": -1},
    "a size that is a bool": {"max_bytes": True},
    "a header with a line break": {"headers": {"x-a": "b\r\nc"}},
    "a header with an option of its own": {"headers": {"content-type": "text/csv"}},
    "a header to allow that another option says": {"header_names": ["x-amz-tagging"]},
    "a header to allow that makes a copy": {"header_names": ["x-amz-copy-source"]},
    "a header to allow by a wildcard, with a slash": {"header_names": ["x-amz-grant/*"]},
    "a parameter to allow that the store owns": {"query_names": ["X-Amz-Expires"]},
    "an option of uploads that is none": {"upload_options": ["acl"]},
    "one text as ACLs": {"acls": "private"},
    "no list of ACLs": {"acls": None},
    "an ACL with a line break": {"acls": ["private\n"]},
    "one text as inline types": {"inline_types": "image/png"},
    "prefixes that are text": {"prefixes": "yes"},
    "a quota that is a number": {"per_caller": 5},
    "an upload's limit beside GET": {"methods": ["GET", "PUT"], "max_bytes": 5},
    "an upload's requirement beside GET": {"methods": ["GET"], "require": ["content_md5"]},
    "a limit of a denial": {"effect": "deny", "max_expires_in": 60},
    "ACLs of a denial": {"effect": "deny", "acls": ["public-read"]},
    "a quota of a denial": {"effect": "deny", "per_rule": Quota(live_links=1)},
    "an account in a denial": {"effect": "deny", "paths": ["abfss://c@a.dfs.core.windows.net/**"]},
}


@each("kind", WRONG)
def test_a_mistake_is_refused_when_the_rule_is_made(kind):
    with pytest.raises(InvalidRequestError):
        Rule(**{**SOUND, **WRONG[kind]})


@pytest.mark.parametrize("field", ["name", "paths", "methods", "callers", "groups", "max_expires_in", "require",
                                   "content_types", "max_bytes", "ip_ranges", "headers", "prefixes",
                                   "per_caller", "effect", "on_longer", "acls", "upload_options", "header_names",
                                   "query_names", "response_options", "inline_types"])  # fmt: skip
def test_a_hostile_value_is_refused_by_name(field):
    with pytest.raises(InvalidRequestError):
        Rule(
            **{
                **SOUND,
                field: [Hostile()] if field in ("paths", "callers", "groups") else Hostile(),
            }
        )


@pytest.mark.parametrize("value", [-1, True, 1.5, "5", 2**63])
def test_a_quota_is_a_whole_number(value):
    for field in ("urls_per_minute", "live_links"):
        with pytest.raises(InvalidRequestError, match=field):
            Quota(**{field: value})


@pytest.mark.parametrize(
    "rules", [None, "ab", {"a": 1}, [5], [SOUND], [Rule(**SOUND), Rule(**SOUND)]]
)
def test_a_policy_is_a_list_of_rules_each_with_a_name_of_its_own(rules):
    with pytest.raises(InvalidRequestError, match="rule"):
        Policy(rules=rules)


def test_a_policy_is_only_replaced_by_who_holds_it(monkeypatch, caplog):
    monkeypatch.setattr(in_force, "_application", [])
    first, second = Policy(rules=[]), Policy(rules=[])
    set_policy(first)
    for attempt in (second, None):
        with pytest.raises(InvalidRequestError, match="another policy is in force"):
            set_policy(attempt)
        with pytest.raises(InvalidRequestError):
            set_policy(attempt, replacing=second)  # equal to the first is not the first
    set_policy(second, replacing=first)
    assert "replaced" in caplog.text
    set_policy(None, replacing=second)
    assert in_force.policies() == []


@pytest.mark.parametrize("policy", ["deny", {"rules": []}, Rule(**SOUND)])
def test_only_a_policy_can_be_put_in_force(policy):
    with pytest.raises(InvalidRequestError, match="a policy is a"):
        set_policy(policy)
