"""``daypass cors`` on Cloud Storage, against the JSON API of the front."""

import pytest

import daypass
from daypass.errors import ObjectNotFoundError, StoreError
from daypass.gate.cors import add_rule, plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from tests.servers.gcs_objects import Bucket

OTHER = {"origin": ["https://old.example"], "method": ["GET"], "maxAgeSeconds": 60}


@pytest.fixture
def plan(front):
    front.buckets["maps"] = Bucket()
    options = {"token": "anon", "endpoint_url": front.url}

    def make(bucket="maps"):
        store = daypass.Store(f"gs://{bucket}", storage_options=options)
        rule = CorsRule(
            origins=["https://app.example"], methods=["PUT"], headers=["x-goog-meta-by"]
        )
        return plan_cors(store.backend, store.location, rule)

    return make


@pytest.mark.isolated
def test_a_rule_is_added_and_not_put_in_the_place_of_others(plan, front):
    made = plan()
    assert made.read() == []
    front.buckets["maps"].cors = [OTHER]
    add_rule(made, [OTHER])
    assert front.buckets["maps"].cors == [OTHER, made.rule]
    assert made.rule["responseHeader"][-1] == "x-goog-meta-by"
    assert (made.rule["origin"], made.rule["method"]) == (["https://app.example"], ["PUT"])
    assert made.document([made.rule]) == [made.rule]


def test_what_fails_is_explained(plan, front):
    with pytest.raises(ObjectNotFoundError):
        plan("none").read()
    front.faults[:] = [400]
    with pytest.raises(StoreError):
        plan().read()
