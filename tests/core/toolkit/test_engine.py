"""What signers are built of: made once, refused or waived, and the same for every key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import attrs
import pytest

from daypass.errors import UnsupportedOptionError
from daypass.model.locations import Location
from daypass.model.requests import make_request
from daypass.toolkit.engine import ONLY, Begun, Latest, Shape, Templates, Unenforced, prepared

END = datetime(2026, 11, 1, 10, tzinfo=UTC)


def location(key="a"):
    return Location("mem", "maps", key, {}, None, None, open=lambda: None)


class Written:
    """A template that is filled in, which writes and signs nothing."""

    def url(self, key):
        return f"mem://maps/{key}?sig"

    def urls(self, keys):
        return [self.url(key) for key in keys]


def test_what_a_store_keeps_is_made_once_for_all_that_lies_below_it():
    place = location()
    made = [prepared(one, "signer", lambda where: [where.key]) for one in (place, place.at("b"))]
    assert made == [["a"], ["a"]]
    assert made[0] is made[1]


def test_of_two_threads_that_make_it_at_once_both_get_the_same():
    place, together = location(), Barrier(2)

    def make(_):
        together.wait(10)
        return object()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: prepared(place, "signer", make), range(2))
    assert first is second


def test_requests_that_differ_in_values_alone_have_one_outline():
    one = Shape({"Content-Type": "text/csv"}, {"versionId": "1"})
    assert one.outline == Shape({"content-type": "a/b"}, {"versionId": "2"}).outline
    assert one.outline != Shape({"Content-Type": "text/csv"}).outline
    assert one.below("").query == {"versionId": "1", "prefix": ""}


def test_a_shape_shows_no_value_of_a_header():
    assert "secret" not in repr(Shape({"x-key": "secret"}))


def test_many_threads_learn_a_template_once():
    templates, learnt, together = Templates(), [], Barrier(8)

    def use(_):
        together.wait(10)
        return templates.of("GET", lambda: learnt.append("GET") or "template")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(use, range(8))) == {"template"}
    assert learnt == ["GET"]


def test_outlines_without_end_do_not_fill_the_memory():
    templates = Templates()
    for number in range(1000):
        assert templates.of(number, str, number) == str(number)
        assert len(templates._known) <= 256


def test_a_template_is_filled_in_anew_only_for_other_values():
    templates, filled = Templates(), []

    def fill(second):
        filled.append(second)
        return second

    seconds = (1, 1, 2, 2, 1)
    assert tuple(templates.filled((second,), fill, second) for second in seconds) == seconds
    assert filled == [1, 2, 1]


def test_what_is_forgotten_is_learnt_anew():
    templates = Templates()
    templates.of("GET", str, "before")
    templates.forget()
    assert templates.of("GET", str, "after") == "after"


def test_links_of_one_and_of_many_keys_say_the_same():
    begun = Begun(Written(), "GET", {"X-A": "1"}, END, "requested", ONLY["GET"], frozenset(), "mem")
    batch = begun.links(["a", "b/c"], location())
    assert [*batch] == [begun.link(key, f"mem://maps/{key}") for key in ("a", "b/c")]
    assert batch[1].url == "mem://maps/b/c?sig"
    assert batch[1].headers == {"X-A": "1"}
    assert batch[1].permits == {"GET"}


def test_a_restriction_that_cannot_be_enforced_is_refused_with_the_reason():
    unenforced = Unenforced("mem", make_request({"ip_range": "192.0.2.7"}))
    with pytest.raises(
        UnsupportedOptionError, match="since its door is open: leave it out"
    ) as found:
        unenforced.refuse_or_waive("ip_range", "its door is open")
    assert (found.value.option, found.value.backend) == ("ip_range", "mem")


def test_where_the_caller_waives_it_the_link_names_it():
    unenforced = Unenforced("mem", make_request({"ip_range": "192.0.2.7", "strict": False}))
    unenforced.refuse_or_waive("ip_range", "its door is open")
    unenforced.note("content_type")
    assert unenforced.names == {"ip_range", "content_type"}


def begun_by(latest, steps):
    """Take steps (request, version, keys) and return how often something was begun."""
    found = []

    def begin(where, request):
        found.append((where.version, request))
        return len(found)

    return [latest.of(location().at("a", v), request, k, begin) for request, v, k in steps]


def test_what_was_begun_serves_the_very_same_request_and_keys_alone():
    one, other, third = (make_request({"expires_in": n}).resolve(END) for n in (60, 61, 62))
    assert (
        begun_by(Latest(), [(one, None, "k"), (one, None, "k"), (one, None, "".join("k"))])
        == [1] * 3
    )
    by_turns = [(one, None, "k"), (other, None, "k")]
    assert begun_by(Latest(), by_turns * 2) == [1, 2, 1, 2]
    assert begun_by(Latest(), [*by_turns, (third, None, "k"), (one, None, "k")]) == [1, 2, 3, 4]
    assert begun_by(Latest(), [(one, None, "k"), (one, None, "l"), (one, None, "k")]) == [1, 2, 3]
    assert begun_by(Latest(), [(one, None, "k"), (one, "1", "k"), (one, None, "k")]) == [1, 2, 1]


def test_of_a_listing_nothing_is_kept_since_its_prefix_is_no_part_of_the_key():
    listing = make_request({"method": "LIST"}).resolve(END)
    assert begun_by(Latest(), [(listing, None, "k")] * 2) == [1, 2]


def test_the_headers_of_a_link_are_its_holders():
    begun = Begun(Written(), "GET", {"A": "b"}, END, "requested", ONLY["GET"], frozenset(), "mem")
    begun.link("a", "mem://maps/a").headers["A"] = "spoilt"
    assert begun.link("a", "mem://maps/a").headers == {"A": "b"}


def test_a_link_has_every_field_that_a_link_has():
    begun = Begun(Written(), "GET", {}, END, "requested", ONLY["GET"], frozenset(), "mem")
    link = begun.link("a", "mem://maps/a")
    assert link == begun.of_url("mem://maps/a?sig", "mem://maps/a")
    assert list(vars(link)) == [field.name for field in attrs.fields(type(link))]
