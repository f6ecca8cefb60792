"""Stores that speak a part of S3: what they lack is refused, named or gone without, and never signed in silence."""

import contextlib
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from xml.etree import ElementTree as ET

import pytest

import daypass
from daypass.cli.run import run
from daypass.gate.cors import add_rule, has_rule, plan_cors
from daypass.hookspecs.cors_rules import CorsRule
from tests.servers.serving import serving

KEYS = {
    "key": "AKIDEXAMPLE",
    "secret": "made-up",
    "client_kwargs": {"region_name": "us-east-1"},
    "config_kwargs": {"retries": {"max_attempts": 0}},
}
RULE = CorsRule(origins=["https://app.example"], methods=["PUT", "POST"])


class Lesser(BaseHTTPRequestHandler):
    """A store of one object; what a request is answered is in the class."""

    protocol_version = "HTTP/1.1"
    #: The status for a HEAD that asks for checksums.
    asked_too_much = 400
    #: What it answers to ``?cors``: status and body of a PUT; None keeps the rules.
    put = None
    kept = b""
    #: Whether each HEAD of the object asked for checksums.
    seen: ClassVar[list[bool]] = []

    def answer(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        if self.path.startswith("/maps/k"):  # at a 400 the SDK asks for the bucket's region, too
            self.seen.append("x-amz-checksum-mode" in self.headers)
        if self.asked_too_much and "x-amz-checksum-mode" in self.headers:
            self.answer(self.asked_too_much)
        else:
            self.send_response(200)
            self.send_header("Content-Length", "3")
            self.send_header("ETag", '"900150983cd24fb0d6963f7d28e17f72"')
            self.end_headers()

    def do_GET(self):
        if self.kept:
            self.answer(body=self.kept)
        else:
            self.answer(404, b"<Error><Code>NoSuchCORSConfiguration</Code></Error>")

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.put is not None:
            self.answer(self.put[0], self.put[1])
            return
        type(self).kept = reordered(body)
        self.answer()

    def log_message(self, *_):
        pass


def reordered(body):
    """Write CORS rules as Ceph RGW does: methods in an order of its own, the rest sorted."""
    root = ET.fromstring(body)
    for rule in root:
        found = sorted(rule, key=lambda one: (one.tag, one.text or ""))
        for one in [*rule]:
            rule.remove(one)
        rule.extend(found)
    return ET.tostring(root)


@contextlib.contextmanager
def store_like(**answers):
    kind = type("Handler", (Lesser,), {"seen": [], **answers})
    with serving(kind) as port:
        yield {**KEYS, "endpoint_url": f"http://127.0.0.1:{port}"}, kind


@pytest.mark.parametrize("status", [400, 403, 501])
def test_metadata_is_had_from_a_store_that_refuses_to_tell_checksums(status):
    """Backblaze says 400: "Unsupported header 'x-amz-checksum-mode' received for this API call"."""
    with store_like(asked_too_much=status) as (options, kind):
        found = daypass.head_metadata("s3://maps/k", storage_options=options)
    assert (found.size, found.etag) == (3, "900150983cd24fb0d6963f7d28e17f72")
    assert kind.seen == [True, False]


def test_metadata_is_asked_for_once_where_the_store_answers():
    with store_like(asked_too_much=None) as (options, kind):
        assert daypass.head_metadata("s3://maps/k", storage_options=options).size == 3
    assert kind.seen == [True]


def plan(options):
    store = daypass.Store("s3://maps", storage_options=options)
    return plan_cors(store.backend, store.location, RULE)


def test_a_rule_that_a_store_gives_back_in_another_order_is_there_already(capsys):
    """Ceph RGW sorts methods and headers, so that each run of the command added the rule once more."""
    command = ["cors", "s3://maps", "--origin", "https://app.example", "--apply", "--yes"]
    with store_like() as (options, kind):
        place = [
            f"--storage-option=endpoint_url={options['endpoint_url']}",
            "--storage-option=key=AKIDEXAMPLE",
            "--storage-option=secret=made-up",
        ]
        assert run([*command, *place]) == 0
        assert "1 CORS rules now" in capsys.readouterr().err
        assert run([*command, *place]) == 0
        assert "has the rule already" in capsys.readouterr().err
        assert kind.kept.count(b"CORSRule>") == 2


def test_a_rule_that_allows_less_is_not_the_rule():
    made = plan(KEYS)
    for name in ("AllowedMethods", "AllowedHeaders", "AllowedOrigins"):
        assert has_rule(made, [{**made.rule, name: made.rule[name][::-1]}])
        assert has_rule(made, [{**made.rule, name: [*made.rule[name], "https://b.example"]}])
        assert not has_rule(made, [{**made.rule, name: made.rule[name][1:]}])
        assert not has_rule(made, [{key: made.rule[key] for key in made.rule if key != name}])
    assert not has_rule(made, [{**made.rule, "MaxAgeSeconds": 1}])
    assert not has_rule(made, [])


@pytest.mark.parametrize(
    "put",
    [
        (501, b""),
        (405, b""),
        (400, b"<Error><Code>NotSupported</Code></Error>"),
        (409, b"<Error><Code>BucketAlreadyOwnedByYou</Code></Error>"),
    ],
    ids=["501", "405", "not supported", "takes it for a bucket"],
)
def test_a_store_without_rules_is_said_to_have_none(capsys, put):
    """And ends the command with 5: some read the rules as a request for a bucket."""
    with store_like(put=put) as (options, _):
        made = plan(options)
        with pytest.raises(daypass.UnsupportedOptionError, match="no API for CORS rules") as caught:
            add_rule(made, [])
        assert caught.value.option == "cors"
        place = [
            f"--storage-option=endpoint_url={options['endpoint_url']}",
            "--storage-option=key=AKIDEXAMPLE",
            "--storage-option=secret=made-up",
        ]
        command = ["cors", "s3://maps", "--origin", "https://app.example", "--apply", "--yes"]
        assert run([*command, *place]) == 5
    assert "no API for CORS rules" in capsys.readouterr().err
