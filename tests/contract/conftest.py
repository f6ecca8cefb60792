"""What of the contract a push leaves to the night: rules that it has held with another key already, and waits."""

from __future__ import annotations

import pytest

#: What a key decides, or the store that links of a service lead to: a class that stands ``beside`` another one of its
#: backend is held to these on a push, too, and to the rules that the other does not have.
OF_THE_KEY = frozenset(
    {
        "test_a_declared_option_is_enforced",
        "test_a_declared_option_is_enforced_by_a_grant",
        "test_a_grant_opens_what_lies_below_its_prefix",
        "test_a_link_is_dead_after_its_end",
        "test_a_link_lives_until_its_end",
        "test_a_touched_link_is_worth_nothing",
        "test_an_object_goes_up_in_parts",
        "test_bulk_answers_row_by_row",
        "test_no_error_shows_a_secret",
        "test_no_link_holds_a_credential",
        "test_permits_names_what_a_link_really_allows",
        "test_verify_lets_a_link_pass",
        "test_verify_refuses_a_changed_link",
        "test_what_is_shown_of_a_link_is_masked",
    }
)
#: The kit waits for the end of a link, two seconds for each method.
WAITS = "test_a_link_lives_and_ends_by_the_servers_clock"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rules: dict[object, set[str]] = {}
    for item in items:
        rules.setdefault(getattr(item, "cls", None), set()).add(item.name)
    for item in items:
        if not isinstance(item, pytest.Function) or item.cls is None:
            continue
        again = item.name in rules.get(getattr(item.cls, "beside", None), ())
        if again and item.originalname not in OF_THE_KEY:
            item.add_marker("nightly")
        if item.originalname == WAITS and item.name != f"{WAITS}['GET']":
            item.add_marker("nightly")
