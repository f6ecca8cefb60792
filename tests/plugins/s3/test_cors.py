"""``daypass cors`` on S3: the rule, what it is added to, and stores without such rules."""

import json
from datetime import UTC, datetime

import pytest

import daypass
from daypass.cli.run import run
from daypass.errors import ObjectNotFoundError, StoreError, UnsupportedOptionError
from daypass.gate.cors import add_rule, plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from tests.servers.localstack import LocalStack

RULE = CorsRule(origins=["https://app.example"], methods=["PUT", "POST"])
OTHER = {"ID": "mine", "AllowedOrigins": ["https://old.example"], "AllowedMethods": ["GET"]}


def plan(bucket, options, rule=RULE):
    store = daypass.Store(f"s3://{bucket}", storage_options=options)
    return plan_cors(store.backend, store.location, rule)


def given(options):
    return [
        f"--storage-option={name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in options.items()
    ]


def test_the_rule_is_what_amazon_s_own_tool_takes():
    made = plan("maps", {"key": "A", "secret": "s"})
    assert made.document([made.rule]) == {
        "CORSRules": [
            {
                "AllowedOrigins": ["https://app.example"],
                "AllowedMethods": ["PUT", "POST"],
                "AllowedHeaders": ["content-type", "content-md5", "if-none-match", "x-amz-*"],
                "ExposeHeaders": ["ETag"],
                "MaxAgeSeconds": 3600,
            }
        ]
    }
    assert made.owner == "bucket maps"
    assert "--bucket maps " in made.command


class TestLocalStack:
    @pytest.fixture
    def rules(self, local: LocalStack, local_bucket):
        return lambda: local.client.get_bucket_cors(Bucket=local_bucket)["CORSRules"]

    def test_a_rule_is_added_and_not_put_in_the_place_of_others(self, local, local_bucket, rules):
        made = plan(local_bucket, local.storage_options)
        assert made.read() == []
        local.client.put_bucket_cors(Bucket=local_bucket, CORSConfiguration={"CORSRules": [OTHER]})
        present = made.read()
        assert present == [OTHER]
        add_rule(made, present)
        assert rules() == [OTHER, made.rule]

    def test_a_change_in_between_is_not_lost(self, local, local_bucket, rules):
        made = plan(local_bucket, local.storage_options)
        present = made.read()
        local.client.put_bucket_cors(Bucket=local_bucket, CORSConfiguration={"CORSRules": [OTHER]})
        with pytest.raises(StoreError, match="changed meanwhile"):
            add_rule(made, present)
        assert rules() == [OTHER]

    def test_the_command_shows_what_is_there_adds_and_says_so(
        self, local, local_bucket, rules, capsys
    ):
        local.client.put_bucket_cors(Bucket=local_bucket, CORSConfiguration={"CORSRules": [OTHER]})
        command = ["cors", f"s3://{local_bucket}", "--origin", "https://app.example", "--apply"]
        command += given(local.storage_options)
        assert run(command) == 2  # nobody is there to say yes
        assert "pass --yes" in capsys.readouterr().err
        assert rules() == [OTHER]
        assert run([*command, "--yes"]) == 0
        told = capsys.readouterr()
        assert "old.example" in told.out
        assert "2 CORS rules now" in told.err
        assert len(rules()) == 2
        assert run([*command, "--yes"]) == 0
        assert "has the rule already" in capsys.readouterr().err
        assert len(rules()) == 2

    def test_a_bucket_that_is_not_there_is_named(self, local):
        with pytest.raises(ObjectNotFoundError, match="no-such-bucket"):
            plan("no-such-bucket", local.storage_options).read()


def test_a_store_without_an_api_for_it_says_so(server, bucket, capsys):
    command = ["cors", f"s3://{bucket}", "--origin", "https://app.example", "--apply", "--yes"]
    assert run([*command, *given(server.storage_options)]) == 5
    error = capsys.readouterr().err
    assert "has no API for CORS rules" in error
    with pytest.raises(UnsupportedOptionError) as caught:
        plan(bucket, server.storage_options).read()
    assert caught.value.option == "cors"


def test_a_store_that_cannot_be_reached_is_an_error_of_the_store(monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    options = {"key": "A", "secret": "s", "endpoint_url": "http://127.0.0.1:9"}
    began = datetime.now(UTC)
    with pytest.raises((StoreError, TimeoutError)):
        plan("maps", options).read()
    assert (datetime.now(UTC) - began).total_seconds() < 60
