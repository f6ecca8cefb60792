"""``[policy]`` of the configuration: the same names, strict, and no URL where it cannot be read."""

from __future__ import annotations

import os

import pytest

import daypass
from daypass import Policy, Quota, Rule
from daypass.config import load, reload
from daypass.errors import ConfigError, PolicyError
from daypass.policy import in_force
from tests.core.config.conftest import places

pytestmark = pytest.mark.isolated

__all__ = ["places"]

WHOLE = """
[policy.per_caller]
urls_per_minute = 5

[[policy.rules]]
name = "no"
effect = "deny"
paths = ["fake://bucket/secret/**"]

[[policy.rules]]
name = "write"
paths = ["fake://bucket/**"]
methods = ["PUT"]
callers = ["team/*"]
groups = ["analysts", "data-*"]
max_expires_in = "1h"
on_longer = "clamp"
require = ["content_md5"]
content_types = ["text/csv"]
max_bytes = 10
ip_ranges = ["192.0.2.0/24"]
headers = { x-a = "b" }
acls = ["private", "bucket-owner-full-control"]
upload_options = ["metadata", "tags"]
header_names = ["Cache-Control"]
query_names = ["x-job"]
per_caller = { live_links = 3 }
per_rule = { urls_per_minute = 4, live_links = 5 }

[[policy.rules]]
name = "read"
paths = ["fake://bucket/**"]
methods = ["GET", "LIST"]
max_expires_in = 60
response_options = ["filename", "inline"]
inline_types = ["image/*"]
prefixes = true
"""


@pytest.fixture(autouse=True)
def _nothing_in_force(monkeypatch):
    monkeypatch.setattr(in_force, "_application", [])


def sign(key="a", **options):
    return daypass.create_signed_url(f"fake://bucket/{key}", **{"expires_in": 60, **options})


def test_every_key_is_that_of_the_class(fake, places):
    places.write(user=WHOLE)
    (enforcer,) = in_force.policies()
    assert enforcer.policy == Policy(
        per_caller=Quota(urls_per_minute=5),
        rules=[
            Rule(name="no", effect="deny", paths=["fake://bucket/secret/**"]),
            Rule(
                name="write",
                paths=["fake://bucket/**"],
                methods=["PUT"],
                callers=["team/*"],
                groups=["analysts", "data-*"],
                max_expires_in="1h",
                on_longer="clamp",
                require=["content_md5"],
                content_types=["text/csv"],
                max_bytes=10,
                ip_ranges=["192.0.2.0/24"],
                headers={"x-a": "b"},
                acls=["private", "bucket-owner-full-control"],
                upload_options=["metadata", "tags"],
                header_names=["Cache-Control"],
                query_names=["x-job"],
                per_caller=Quota(live_links=3),
                per_rule=Quota(urls_per_minute=4, live_links=5),
            ),
            Rule(
                name="read",
                paths=["fake://bucket/**"],
                methods=["GET", "LIST"],
                max_expires_in=60,
                response_options=["filename", "inline"],
                inline_types=["image/*"],
                prefixes=True,
            ),
        ],
    )
    assert sign()
    with pytest.raises(PolicyError):
        sign("secret/x")


def test_the_configurations_policy_stays_beside_the_applications(fake, places):
    places.write(user=WHOLE)
    mine = Policy(rules=[Rule(name="all", paths=["**"], methods=["GET", "DELETE"])])
    daypass.set_policy(mine)
    assert sign()
    with pytest.raises(PolicyError):
        sign(method="DELETE")
    daypass.set_policy(None, replacing=mine)


def test_who_comes_late_with_an_older_configuration_does_not_put_it_back(places):
    before = load()
    places.write(user=WHOLE)
    (enforcer,) = in_force.policies()
    assert in_force._configured(before) == [enforcer]
    assert in_force.policies() == [enforcer]


def test_the_configurations_policy_is_asked_for_the_right_to_list(places):
    places.write(user=WHOLE)
    with pytest.raises(PolicyError, match="memory://shelf/ may not be listed"):
        daypass.create_signed_urls(glob="memory://shelf/*.csv")


RULE = '[[policy.rules]]\nname = "r"\npaths = ["s3://a/**"]\nmethods = ["GET"]\n'
WRONG = {
    "a key that nobody knows": (RULE + 'max_expire_in = "1h"', "max_expires_in"),
    "a section that nobody knows": ("[polcy]\n", "policy"),
    "another key beside the rules": ("[policy]\nrule = []", "rules"),
    "no rules": ("[policy]\n", "rules"),
    "rules that are a table": ("[policy.rules]\na = 1", "must be an array"),
    "a rule without paths": ('[[policy.rules]]\nname = "r"', "paths"),
    "paths that are text": (
        '[[policy.rules]]\nname = "r"\npaths = "s3://a/**"',
        "must be an array",
    ),
    "methods that are text": (
        '[[policy.rules]]\nname = "r"\npaths = ["**"]\nmethods = "GET"',
        "must be an array",
    ),
    "a method that is none": (RULE.replace("GET", "GTE"), "GET"),
    "an option that no upload has": (RULE + 'upload_options = ["tagz"]', "did you mean tags"),
    "a header with an option of its own": (RULE + 'header_names = ["x-amz-acl"]', "use acl="),
    "ACLs that are text": (RULE + 'acls = "private"', "must be an array"),
    "a number as text": (RULE + 'per_rule = { live_links = "5" }', "must be a whole number"),
    "a boolean as number": (RULE + "per_rule = { live_links = true }", "must be a whole number"),
    "a lifetime that is a list": (RULE + "max_expires_in = [1]", "must be a whole number"),
    "a lifetime that is none": (RULE + 'max_expires_in = "soon"', "not a duration"),
    "a boolean that is text": (RULE + 'prefixes = "yes"', "must be true or false"),
    "a quota that nobody knows": (RULE + "per_rule = { urls_per_hour = 5 }", "urls_per_minute"),
    "two rules of one name": (RULE + RULE, "two rules are named"),
    "no TOML": ("[policy", "TOML"),
    "a key twice": (RULE + 'name = "s"', "TOML"),
    "no text": (b"\xff\xfe", "UTF-8"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_policy_that_cannot_be_read_means_no_url(fake, places, kind):
    text, hint = WRONG[kind]
    places.write(user=text)
    for _ in range(2):
        with pytest.raises(ConfigError, match=hint) as caught:
            sign()
        assert str(places.user) in str(caught.value)
    assert fake.seen == []


def test_a_file_that_cannot_be_read_means_no_url(fake, places):
    places.user.mkdir()
    places.write()
    with pytest.raises(ConfigError):
        sign()


def test_a_cycle_of_files_means_no_url(fake, places):
    places.user.symlink_to(places.user)
    places.write()
    with pytest.raises(ConfigError):
        sign()


def test_a_project_cannot_bring_a_policy(fake, places):
    places.write(project=RULE)
    with pytest.raises(ConfigError, match="not taken from a project's file"):
        sign()


def test_a_named_file_brings_one_and_the_user_takes_it_away_again(fake, places, monkeypatch):
    places.write(named=RULE)
    with pytest.raises(PolicyError):
        sign()
    monkeypatch.delenv("DAYPASS_CONFIG")
    assert sign()


def test_counts_are_kept_while_the_section_says_the_same(fake, places, monkeypatch):
    rule = RULE.replace("s3://a", "fake://bucket") + "per_rule = { urls_per_minute = 1 }"
    places.write(user=rule)
    sign()
    monkeypatch.setenv("DAYPASS_PROFILES_X_URL", "s3://elsewhere")
    assert "DAYPASS_PROFILES_X_URL" in os.environ
    with pytest.raises(PolicyError):
        sign()
    monkeypatch.delenv("DAYPASS_PROFILES_X_URL")
    reload()
    with pytest.raises(PolicyError):
        sign()
