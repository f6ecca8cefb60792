"""Every door on the way to a backend, times every layer that applies: the next door cannot forget one."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

import daypass
from daypass import AuditError, PolicyError, QuotaError, RefusedError, UnsupportedOptionError
from daypass.audit import in_force as force
from daypass.policy import in_force as policies
from tests.core import fakes
from tests.core.config.conftest import places
from tests.core.fakes import NOW, FakeSession
from tests.core.policy.conftest import clock, in_force, ticks

__all__ = ["clock", "in_force", "places", "ticks"]

PATH = "daypass://maps/in/a"
ROOT = "daypass://maps/in"


@attrs.frozen
class Door:
    """One way to a link, and what the layers call it."""

    #: The hook, which is also what policy and audit are told.
    action: str
    #: Opens it; gives whatever comes out.
    open: object
    method: str = "PUT"
    #: The end of what comes out.
    end: object = lambda link: link.expires_at


def function(name, *arguments, path=PATH, **fixed):
    return lambda **options: getattr(daypass, name)(path, *arguments, **fixed, **options)


def method(name, *arguments, **fixed):
    def call(caller=None, **options):
        store = daypass.Store(ROOT, caller=caller)
        return getattr(store, name)(*arguments, **fixed, **options)

    return call


def many(**fixed):
    def call(**options):
        return daypass.create_signed_urls([PATH, f"{PATH}b"], **fixed, **options)

    return call


def part(begin):
    return lambda **options: begin(**options).part(1)


def first(batch):
    return batch[0].expires_at


#: A row of its own, because of a column.
ROWS = {"content_length": [5, 5]}
PARTS = {"size": 25, "part_size": 10}
RESUMED = ("upload-1",)
DOORS = {
    "link": Door("create_signed_url", function("create_signed_url", method="PUT")),
    "link of a store": Door("create_signed_url", method("create_signed_url", "a", method="PUT")),
    "download": Door("create_signed_url", function("create_signed_url"), "GET"),
    "listing": Door("create_signed_url", function("create_signed_url", method="LIST"), "LIST"),
    "many": Door("create_signed_urls", many(method="PUT"), end=first),
    "many, each of its own": Door("create_signed_urls", many(method="PUT", **ROWS), end=first),
    "many of a store": Door(
        "create_signed_urls",
        method("create_signed_urls", ["a", "b"], method="PUT"),
        end=first,
    ),
    "many listings": Door("create_signed_urls", many(method="LIST"), "LIST", end=first),
    "prefix": Door("create_signed_prefix", function("create_signed_prefix", method="PUT")),
    "prefix of a store": Door(
        "create_signed_prefix", method("create_signed_prefix", "a", method="PUT")
    ),
    "form": Door("create_upload_form", function("create_upload_form"), "POST"),
    "form of a store": Door("create_upload_form", method("create_upload_form", "a"), "POST"),
    "upload in parts": Door(
        "create_multipart_upload", part(function("create_multipart_upload", **PARTS))
    ),
    "upload in parts of a store": Door(
        "create_multipart_upload", part(method("create_multipart_upload", "a", **PARTS))
    ),
    "upload in parts, resumed": Door(
        "create_multipart_upload", part(function("resume_multipart_upload", *RESUMED, **PARTS))
    ),
    "upload in parts of a store, resumed": Door(
        "create_multipart_upload", part(method("resume_multipart_upload", "a", *RESUMED, **PARTS))
    ),
}
HEADS = {
    "metadata": function("head_metadata"),
    "metadata of a store": method("head_metadata", "a"),
    "metadata of many": lambda **options: daypass.head_metadata_many(
        [PATH], errors="raise", **{name: [value] for name, value in options.items()}
    ),
}
PROFILE = """
[profiles.maps]
url = "fake://atlas/2026"
[profiles.maps.defaults]
expires_in = "20m"
"""

every_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@pytest.fixture
def module(registry_of, places, monkeypatch):
    """A sound backend that can do everything, below a profile."""
    monkeypatch.setattr(FakeSession, "stored", {"upload-1": {}})
    module = fakes.backend(grant=fakes.granting, session=FakeSession, form=fakes.forming)
    registry_of({"fake": module})
    places.write(user=PROFILE)
    return module


def lacking(places, *names):
    lines = "".join(f"{name} = false\n" for name in names)
    places.write(user=f"{PROFILE}[profiles.maps.capabilities]\n{lines}")


def rule(door, **limits):
    prefixes = door.action == "create_signed_prefix"
    return daypass.Rule(
        name="maps", paths=["fake://atlas/**"], methods=[door.method], prefixes=prefixes, **limits
    )


@every_door
def test_the_profiles_defaults_are_laid_over_what_is_asked(module, door):
    assert door.end(door.open(signing_time=NOW)) == NOW + timedelta(minutes=20)
    own = door.open(signing_time=NOW, expires_in="5m")
    assert door.end(own) == NOW + timedelta(minutes=5)


@every_door
def test_what_the_profiles_store_lacks_is_refused_before_the_backend_is_asked(module, places, door):
    hook = "create_signed_url" if door.action == "create_signed_urls" else door.action
    for name in (hook, door.method):
        if name == "POST":
            continue  # a form is lacking by its function's name
        lacking(places, name)
        with pytest.raises(UnsupportedOptionError):
            door.open()
    assert module.seen == []


@every_door
def test_an_option_that_the_profiles_store_lacks_is_waived_or_refused(module, places, door):
    lacking(places, "signing_time")
    with pytest.raises(UnsupportedOptionError) as caught:
        door.open(signing_time=NOW)
    assert caught.value.option == "signing_time"
    assert module.seen == []


@every_door
def test_a_restriction_is_waived_by_name_where_the_caller_goes_without(
    registry_of, places, monkeypatch, door
):
    """What no backend can enforce here: an address for links, only to create for forms."""
    option = {"if_absent": True} if door.method == "POST" else {"ip_range": "192.0.2.1"}
    monkeypatch.setattr(FakeSession, "stored", {"upload-1": {}})
    module = fakes.backend(
        grant=fakes.granting,
        session=FakeSession,
        form=fakes.forming,
        enforces=fakes.EVERY_CONDITION - {"ip_range"},
        form_enforces=fakes.EVERY_FORM_CONDITION - {"if_absent"},
    )
    registry_of({"fake": module})
    places.write(user=PROFILE)
    with pytest.raises(UnsupportedOptionError):
        door.open(**option)
    assert module.seen == []
    made = door.open(**option, strict=False)
    link = made[0] if isinstance(made, daypass.SignedURLBatch) else made
    assert link.unenforced >= option.keys()
    assert option.keys().isdisjoint(module.seen[-1][1].conditions)


@every_door
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("X-Amz-Acl", "X-Amz-Acl has an option of its own, use acl="),
        ("X-Own-Kind", "X-Own-Kind has an option of its own, use content_type="),
        ("X-Own-Move", "X-Own-Move would make another request"),
    ],
)
def test_a_header_that_an_option_says_or_that_makes_another_request_is_refused(
    registry_of, places, monkeypatch, door, name, said
):
    """Whatever the profile's store lacks, then, lacks as a header too."""
    monkeypatch.setattr(FakeSession, "stored", {"upload-1": {}})
    module = fakes.backend(
        grant=fakes.granting,
        session=FakeSession,
        form=fakes.forming,
        operation_headers={"x-own-move"},
        option_headers={"x-own-kind": "content_type"},
    )
    registry_of({"fake": module})
    lacking(places, "acl")
    with pytest.raises(daypass.InvalidRequestError, match=said):
        door.open(headers={name: "public-read"})
    assert module.seen == []


def test_what_makes_another_request_as_a_header_does_not_as_a_parameter_either(registry_of, places):
    module = fakes.backend(operation_headers={"x-own-move"})
    registry_of({"fake": module})
    places.write(user=PROFILE)
    for name in ("link", "many", "listing"):
        with pytest.raises(
            daypass.InvalidRequestError, match=r"^query: X_Own-Move would make another"
        ):
            DOORS[name].open(query={"X_Own-Move": "/atlas/secret"})
    assert module.seen == []


@every_door
def test_the_policy_is_asked_before_the_backend(module, in_force, door):
    in_force(daypass.Rule(name="elsewhere", paths=["fake://other/**"], methods=[door.method]))
    with pytest.raises(PolicyError, match=f"{door.method} on fake://atlas/2026/in/a"):
        door.open()
    assert module.seen == []


#: What a policy is closed to, by what a door makes, and the line that opens it.
UPLOADED = {
    "acl": ({"acl": "public-read"}, {"acls": ["public-read"]}),
    "tags": ({"tags": {"a": "b"}}, {"upload_options": ["tags"]}),
    "a type that browsers run": (
        {"content_type": "text/html"},
        {"content_types": ["text/html"]},
    ),
    "a grant": (
        {"headers": {"x-amz-grant-read": "id=1"}},
        {"header_names": ["X-Amz-Grant-Read"]},
    ),
}
EFFECTS = {
    "PUT": UPLOADED,
    "POST": UPLOADED | {"a redirect": (
        {"success_redirect": "https://e.example/"},
        {"upload_options": ["success_redirect"]},
    )},
    "GET": {
        "a type that browsers run": (
            {"response_content_type": "text/html", "inline": True},
            {"inline_types": ["text/html"]},
        ),
        "a header": ({"headers": {"x-own": "1"}}, {"header_names": ["x-own"]}),
        "a parameter": ({"query": {"x-job": "1"}}, {"query_names": ["x-job"]}),
    },
    "LIST": {
        "a header": ({"headers": {"x-own": "1"}}, {"header_names": ["x-own"]}),
        "a parameter": ({"query": {"x-job": "1"}}, {"query_names": ["x-job"]}),
    },
}  # fmt: skip
every_effect = pytest.mark.parametrize(
    ("door", "options", "line"),
    [
        pytest.param(door, *effect, id=f"{name}: {kind}")
        for name, door in DOORS.items()
        for kind, effect in EFFECTS[door.method].items()
    ],
)


@every_effect
def test_what_a_link_would_set_or_show_needs_a_line_in_the_rule(
    module, in_force, door, options, line
):
    enforcer = in_force(rule(door))
    with pytest.raises(PolicyError, match="unless the rule says") as caught:
        door.open(**options)
    assert module.seen == []
    assert (caught.value.rule, caught.value.nearest in str(caught.value)) == ("maps", True)
    in_force(rule(door, **line))  # both must consent
    with pytest.raises(PolicyError):
        door.open(**options)
    policies._application.remove(enforcer)
    assert door.open(**options)


@every_door
def test_a_longer_lifetime_is_clamped_and_said(module, in_force, door):
    in_force(rule(door, max_expires_in="10m", on_longer="clamp"))
    with pytest.warns(daypass.ShortLivedURLWarning, match="10 minutes at most"):
        made = door.open(signing_time=NOW)
    assert door.end(made) == NOW + timedelta(minutes=10)
    link = made[0] if isinstance(made, daypass.SignedURLBatch) else made
    assert "rule 'maps' of the policy allows 10 minutes" in link.expires_because


@every_door
def test_what_leaves_is_counted_under_the_quota(module, in_force, door):
    leaving = 2 if door.action == "create_signed_urls" else 1
    in_force(rule(door, per_rule=daypass.Quota(urls_per_minute=2 * leaving)))
    door.open()
    door.open()
    with pytest.raises(QuotaError):
        door.open()


@every_door
def test_a_plugin_can_refuse_and_is_told_who_asks(registry_of, module, door):
    told = []

    def authorize(event):
        told.append((event.caller, event.action.removesuffix("s"), event.method))
        raise PermissionError

    registry_of({"fake": module}, plugins=[fakes.plugin(authorize=authorize)])
    with pytest.raises(RefusedError):
        door.open(caller="ann")
    assert told[0] == ("ann", door.action.removesuffix("s"), door.method)
    assert module.seen == []


@every_door
def test_what_cannot_be_recorded_does_not_leave(module, monkeypatch, door):
    class Full:
        def record(self, event):
            raise OSError

    monkeypatch.setattr(force, "_application", [Full()])
    with pytest.raises(AuditError):
        door.open()


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize(
    ("name", "options"), [("head_metadata", {}), ("version", {"version": "3"})]
)
def test_metadata_is_not_read_where_the_profiles_store_lacks_it(
    module, places, head, name, options
):
    head(**options)
    asked = len(module.seen)
    lacking(places, name)
    with pytest.raises(UnsupportedOptionError) as caught:
        head(**options)
    assert caught.value.option == name
    assert len(module.seen) == asked


# The rehearsal, which is held to what the door itself says.

REHEARSED = {
    "link": {"method": "PUT"},
    "download": {},
    "listing": {"method": "LIST"},
    "prefix": {"action": "create_signed_prefix", "method": "PUT"},
    "form": {"action": "create_upload_form"},
}
every_rehearsal = pytest.mark.parametrize("name", REHEARSED)


def rehearse(name, **options):
    return daypass.rehearse(PATH, **REHEARSED[name], **options)


@every_rehearsal
def test_a_rehearsal_knows_the_profiles_defaults(module, in_force, name):
    assert rehearse(name).expires_in == 1200
    assert rehearse(name, expires_in="5m").expires_in == 300
    in_force(rule(DOORS[name], max_expires_in="10m", on_longer="refuse"))
    assert not rehearse(name).allowed
    assert rehearse(name, expires_in="10m").allowed


@every_rehearsal
def test_a_rehearsal_is_refused_where_the_profiles_store_lacks_something(module, places, name):
    door = DOORS[name]
    for lacks, options in ((door.action, {}), ("signing_time", {"signing_time": NOW})):
        lacking(places, lacks)
        with pytest.raises(UnsupportedOptionError) as told:
            door.open(**options)
        with pytest.raises(UnsupportedOptionError) as rehearsed:
            rehearse(name, **options)
        assert str(rehearsed.value) == str(told.value)


@every_rehearsal
def test_a_rehearsal_says_what_the_policy_says(module, in_force, name):
    in_force(daypass.Rule(name="elsewhere", paths=["fake://other/**"], methods=["GET"]))
    with pytest.raises(PolicyError) as caught:
        DOORS[name].open()
    found = rehearse(name)
    told = (caught.value.rule, str(caught.value), caught.value.asked, caught.value.nearest)
    assert (found.rule, found.reason, found.asked, found.nearest) == told
    assert (found.allowed, found.expires_in) == (False, None)
    assert [(step.rule, step.outcome) for (step,) in found.trace] == [("elsewhere", "no match")]


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        pytest.param(name, *effect, id=f"{name}: {kind}")
        for name in REHEARSED
        for kind, effect in EFFECTS[DOORS[name].method].items()
    ],
)
def test_a_rehearsal_names_the_line_that_the_link_needs(module, in_force, name, options, line):
    enforcer = in_force(rule(DOORS[name]))
    with pytest.raises(PolicyError) as caught:
        DOORS[name].open(**options)
    assert rehearse(name, **options).reason == str(caught.value)
    policies._application.remove(enforcer)
    in_force(rule(DOORS[name], **line))
    assert rehearse(name, **options).allowed


@every_rehearsal
def test_a_rehearsal_is_clamped_as_the_link_is(module, in_force, name):
    in_force(rule(DOORS[name], max_expires_in="10m", on_longer="clamp"))
    in_force(rule(DOORS[name], max_expires_in="9m", on_longer="clamp"))
    found = rehearse(name)
    assert (found.allowed, found.rule, found.expires_in) == (True, "maps", 540)
    assert found.reason == "rule 'maps' of the policy allows 9 minutes at most"
    assert [[step.outcome for step in steps] for steps in found.trace] == [["allowed"]] * 2


@every_rehearsal
def test_what_the_caller_goes_without_is_not_what_a_rule_requires(
    registry_of, places, in_force, name
):
    option = {"if_absent": True} if name == "form" else {"ip_range": "192.0.2.1"}
    module = fakes.backend(
        grant=fakes.granting,
        form=fakes.forming,
        enforces=fakes.EVERY_CONDITION - {"ip_range"},
        form_enforces=fakes.EVERY_FORM_CONDITION - {"if_absent"},
    )
    registry_of({"fake": module})
    places.write(user=PROFILE)
    in_force(rule(DOORS[name], require=[*option]))
    with pytest.raises(PolicyError) as caught:
        DOORS[name].open(**option, strict=False)
    assert rehearse(name, **option, strict=False).reason == str(caught.value)


@every_rehearsal
def test_a_rehearsal_counts_asks_and_records_nothing(
    registry_of, module, in_force, monkeypatch, name
):
    class Full:
        def record(self, event):
            raise OSError

    def listen(event):
        raise AssertionError

    registry_of({"fake": module}, plugins=[fakes.plugin(authorize=listen, record=listen)])
    monkeypatch.setattr(force, "_application", [Full()])
    in_force(rule(DOORS[name], per_rule=daypass.Quota(urls_per_minute=1)))
    for _ in range(3):
        assert rehearse(name).allowed
    in_force(daypass.Rule(name="no", effect="deny", paths=["**"]))
    assert not rehearse(name).allowed
    assert module.seen == []


def test_a_rehearsal_tells_callers_apart(module, in_force):
    in_force(rule(DOORS["download"], callers=["team/*"]))
    assert rehearse("download", caller="team/ann").allowed
    assert "to team/*" in rehearse("download", caller="bob").nearest


def test_a_rehearsal_never_allows_what_the_store_cannot_do(registry_of, in_force):
    registry_of({"fake": fakes.backend(form=fakes.forming)})
    path, prefix = "fake://atlas/in/a", {"action": "create_signed_prefix"}
    with pytest.raises(UnsupportedOptionError) as caught:
        daypass.rehearse(path, **prefix)
    assert caught.value.option == "prefix"
    with pytest.raises(daypass.InvalidExpiryError):
        daypass.rehearse(path, expires_in="8d")
    with pytest.raises(daypass.InvalidPathError):
        daypass.rehearse("fake://atlas/in/../a")
    in_force(rule(DOORS["download"]))
    assert not daypass.rehearse(path, **prefix).allowed  # what the policy says is said first


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"action": "create_signed_ulr"}, "did you mean create_signed_url"),
        ({"action": "head_metadata"}, "no function that can be rehearsed"),
        ({"action": fakes.Hostile()}, "is text, not of type Hostile"),
        ({"action": "create_signed_prefix", "version": "3"}, "version names one object"),
        ({"action": "create_upload_form", "version": "3"}, "version names one object"),
        ({"action": "create_upload_form", "filename": "a"}, "no option of an upload form"),
        ({"min_bytes": 3}, "no option is named 'min_bytes'"),
        ({"caller": 5}, "caller must be text"),
    ],
    ids=range(8),
)
def test_what_cannot_be_rehearsed_is_refused_by_name(module, options, said):
    with pytest.raises(daypass.InvalidRequestError, match=said):
        daypass.rehearse(PATH, **options)
