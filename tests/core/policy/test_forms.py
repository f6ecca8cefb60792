"""The policy and upload forms: they pass the same rules as links, by the method POST."""

from datetime import timedelta

import pytest

import daypass
from daypass import PolicyError, Quota, QuotaError, Rule
from tests.core import fakes


@pytest.fixture
def former(registry_of):
    module = fakes.backend(form=fakes.forming)
    registry_of({"fake": module})
    return module


def form(key="in/k", **options):
    return daypass.create_upload_form(f"fake://bucket/{key}", **options)


def rule(**limits):
    return Rule(name="uploads", paths=["fake://bucket/in/**"], methods=["POST"], **limits)


def test_without_a_rule_for_post_there_is_no_form(former, in_force):
    in_force(Rule(name="puts", paths=["fake://bucket/**"], methods=["PUT"]))
    with pytest.raises(PolicyError, match="POST on fake://bucket/in/k"):
        form()
    assert former.seen == []


def test_a_form_is_held_to_the_rule(former, in_force):
    in_force(rule(max_bytes=9, content_types=["image/*"], require=["content_type"]))
    assert form(max_bytes=9, content_type="image/png").permits == {"POST"}
    for options in (
        {"content_type": "image/png"},
        {"max_bytes": 10, "content_type": "image/png"},
        {"max_bytes": 9, "content_type": "text/html"},
        {"max_bytes": 9, "content_type_prefix": "image/"},
        {"max_bytes": 9, "content_type_prefix": ""},
        {"max_bytes": 9},
    ):
        with pytest.raises(PolicyError):
            form(**options)
    with pytest.raises(PolicyError):
        form("out/k", max_bytes=9, content_type="image/png")


def test_the_end_is_clamped_in_the_policy_document_too(former, in_force):
    in_force(rule(max_expires_in="5m", on_longer="clamp"))
    with pytest.warns(daypass.ShortLivedURLWarning, match="uploads"):
        made = form(signing_time=fakes.NOW, expires_in="10m")
    assert made.expires_at == fakes.NOW + timedelta(minutes=5)
    assert "uploads" in made.expires_because


def test_a_key_that_the_sender_names_is_a_grant_for_all_below(former, in_force):
    """Else ``${filename}`` would reach what a rule for single objects keeps apart."""
    in_force(rule())
    form("in/k")
    with pytest.raises(PolicyError, match="a grant for all below a prefix"):
        form("in/${filename}")


def test_such_a_grant_is_held_to_what_the_rule_covers(former, in_force):
    in_force(rule(prefixes=True))
    form("in/${filename}")
    with pytest.raises(PolicyError):
        form("i${filename}")


def test_such_a_grant_does_not_reach_what_is_denied(former, in_force):
    secret = Rule(name="no", effect="deny", paths=["fake://bucket/in/secret/**"])
    in_force(secret, rule(prefixes=True))
    form("in/secrets.txt")
    with pytest.raises(PolicyError):
        form("in/${filename}")


def test_forms_count_against_quotas(former, in_force):
    in_force(rule(per_rule=Quota(urls_per_minute=1)))
    form()
    with pytest.raises(QuotaError):
        form()
