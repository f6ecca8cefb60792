"""``daypass cors`` on Azure: the rules are the account's, on Azurite."""

import pytest

from daypass.errors import StoreError
from daypass.gate.cors import add_rule, plan_cors
from daypass.hookspecs.cors_rules import CorsRule


def plan(bench, **changes):
    rule = CorsRule(**{"origins": ["https://app.example"], "methods": ["PUT"], **changes})
    return plan_cors(bench.store.backend, bench.store.location, rule)


def test_a_rule_is_added_to_the_account_s_until_it_has_five(key_bench):
    made = plan(key_bench)
    before = made.read()
    try:
        add_rule(made, before)
        assert made.read() == [*before, made.rule]
        assert made.rule["AllowedHeaders"][-1] == "x-ms-*"
        for number in range(len(before) + 1, 5):
            more = plan(key_bench, origins=[f"https://app{number}.example"])
            add_rule(more, more.read())
        with pytest.raises(StoreError, match="5 CORS rules, the most"):
            add_rule(made, made.read())
    finally:
        made.write(before)
    assert made.read() == before


def test_the_command_is_the_one_of_azure_s_own_tool(key_bench):
    made = plan(key_bench, methods=["PUT", "GET"], max_age=60)
    assert "--origins https://app.example --methods PUT GET" in made.command
    assert made.command.endswith("--max-age 60")
