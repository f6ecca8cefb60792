"""Rules that name groups: only a caller who is in one is meant, and names that are equal share nothing."""

from __future__ import annotations

import json
import pickle

import pytest

import daypass
from daypass import AuditFile, Caller, PolicyError, Quota, QuotaError, add_audit
from daypass.audit import in_force as audits
from tests.core.fakes import NOW, plugin

ALL = {"paths": ["fake://bucket/**"], "methods": ["GET"]}
ANALYST = Caller("ann", groups=["analysts", "staff"])


def sign(caller=None, path="fake://bucket/key", **options):
    return daypass.create_signed_url(path, caller=caller, signing_time=NOW, **options)


def refused(caller=None, path="fake://bucket/key", **options):
    with pytest.raises(PolicyError) as caught:
        sign(caller, path, **options)
    return caught.value


@pytest.mark.parametrize(
    ("groups", "fits"),
    [
        (["analysts"], True),
        (["others", "staff"], True),
        (["anal*"], True),
        (["*"], True),
        (["analyst"], False),
        (["Analysts"], False),
        (["ann"], False),
        (["analysts/**"], False),
    ],
)
def test_a_rule_is_for_who_is_in_one_of_its_groups(fake, in_force, groups, fits):
    in_force({**ALL, "name": "read", "groups": groups})
    assert sign(ANALYST) if fits else refused(ANALYST)


NAMES = [None, "ann", "analysts", Caller("ann"), Caller("analysts")]


@pytest.mark.parametrize("caller", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("groups", ["analysts", "*", "**"])
def test_a_rule_for_groups_is_never_for_a_caller_without_them(fake, in_force, groups, caller):
    in_force({**ALL, "name": "read", "groups": [groups]})
    assert refused(caller).nearest.endswith(f"to the group {groups}")


def test_where_callers_are_named_too_both_must_fit(fake, in_force):
    in_force({**ALL, "name": "read", "groups": ["analysts"], "callers": ["ann", "bob"]})
    assert sign(ANALYST)
    for caller in (
        "ann",
        Caller("ann", groups=["staff"]),
        Caller("eve", groups=["analysts"]),
        None,
    ):
        assert refused(caller).nearest == (
            "rule 'read' allows GET on fake://bucket/** to ann or bob in the group analysts"
        )


def test_a_denial_for_a_group_holds_who_is_in_it(fake, in_force):
    in_force(
        {"name": "no", "effect": "deny", "paths": ["**"], "groups": ["guests"]},
        {**ALL, "name": "read"},
    )
    assert refused(Caller("ann", groups=["guests"])).rule == "no"
    assert sign("ann")
    assert sign()


@pytest.mark.parametrize("order", [1, -1])
def test_equal_names_with_other_groups_share_no_consent(fake, in_force, order):
    """Neither a permit of the same second, nor the rules that were found for a name."""
    in_force({**ALL, "name": "read", "groups": ["analysts"]})
    ann, guest = ANALYST, Caller("ann", groups=["guests"])
    for caller in [ann, guest, "ann", ann, Caller("ann"), guest, ann][::order]:
        for path in (
            "fake://bucket/key",
            "fake://bucket/other",
            "fake://bucket//odd",
            "fake://bucket/key",
        ):
            if caller is ann and "//odd" not in path:
                assert sign(caller, path)
            else:
                refused(caller, path)


def test_equal_names_with_other_groups_share_no_consent_in_bulk_and_for_prefixes(fake, in_force):
    in_force(
        {
            **ALL,
            "name": "read",
            "methods": ["GET", "LIST", "PUT"],
            "groups": ["analysts"],
            "prefixes": True,
        },
    )
    paths = ["fake://bucket/a", "fake://bucket/b"]
    for _ in range(2):
        assert len(daypass.create_signed_urls(paths, caller=ANALYST)) == 2
        assert daypass.Store("fake://bucket", caller=ANALYST).create_signed_url("", method="LIST")
        for caller in ("ann", Caller("ann", groups=["staff"])):
            with pytest.raises(PolicyError):
                daypass.create_signed_urls(paths, caller=caller)
            with pytest.raises(PolicyError):
                daypass.Store("fake://bucket", caller=caller).create_signed_url("", method="LIST")


def test_a_store_that_travels_takes_the_groups_along(fake, in_force):
    in_force({**ALL, "name": "read", "groups": ["analysts"]})
    store = pickle.loads(pickle.dumps(daypass.Store("fake://bucket", caller=ANALYST)))
    assert store.create_signed_url("key")
    assert store.caller.groups == ANALYST.groups


def test_a_quota_is_of_the_name_whatever_the_groups(fake, in_force):
    in_force({**ALL, "name": "read", "per_caller": Quota(urls_per_minute=2)})
    sign(ANALYST)
    sign("ann")
    with pytest.raises(QuotaError, match="caller 'ann'"):
        sign(Caller("ann", groups=["others"]))
    assert sign("bob")


def test_a_rehearsal_and_its_trace_name_the_groups(fake, in_force):
    in_force({**ALL, "name": "read", "groups": ["analysts", "data-*"]})
    assert daypass.rehearse("fake://bucket/key", caller=ANALYST).allowed
    (((step,),)) = daypass.rehearse("fake://bucket/key", caller="ann").trace
    assert (step.outcome, step.why) == (
        "no match",
        "it is for the group analysts or data-* and not for 'ann'",
    )


def test_the_audit_has_the_name_and_plugins_see_the_groups(
    fake, registry_of, in_force, tmp_path, monkeypatch
):
    monkeypatch.setattr(audits, "_application", [])
    in_force({**ALL, "name": "read", "groups": ["analysts"]})
    seen = []
    registry = registry_of({"fake": fake})
    registry.register_plugin(plugin(authorize=lambda event: seen.append(event.caller)), "listener")
    file = tmp_path / "audit.jsonl"
    add_audit(AuditFile(file, fsync=False))
    sign(ANALYST)
    refused(Caller("ann", groups=["others"]))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["caller"] for line in lines if "caller" in line] == ["ann", "ann"]
    assert [caller.groups for caller in seen] == [ANALYST.groups]
