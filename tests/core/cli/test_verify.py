"""``daypass verify``: what it prints, and how it ends."""

from __future__ import annotations

import json

import pytest

ENDED = (
    "https://maps.s3.eu-west-1.amazonaws.com/europe.tif?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE"
    "&Signature=Zm9vYmFy&Expires=1767225600"
)


@pytest.fixture
def link(daypass, credentials, tmp_path):
    """A file with a PUT link."""
    options = ("--method", "PUT", "--content-type", "text/plain")
    (tmp_path / "link").write_text(daypass("sign", "s3://maps/k", *options).stdout)
    return "@link"


SEND = ("--method", "put", "--header", "Content-Type=text/plain")


def test_a_request_that_would_pass_ends_with_0(daypass, link):
    done = daypass("verify", link, *SEND)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "verdict: this request would pass\nsignature: right\n"


def test_a_request_that_would_be_refused_ends_with_1_and_says_why(daypass, link):
    done = daypass("verify", link, "--method", "PUT", "--header", "Content-Type=text/csv")
    assert (done.returncode, done.stderr) == (1, "")
    assert "you send content-type 'text/csv', and 'text/plain' was signed" in done.stdout
    done = daypass("verify", link, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["ok"], found["signature"]) == (False, "wrong")
    assert {finding["code"] for finding in found["findings"]} >= {"method", "header-missing"}


def test_a_body_is_held_against_what_is_signed(daypass, credentials, tmp_path):
    (tmp_path / "body").write_bytes(b"hello")
    digest = "XUFAKrxLKna5cZ2REBfFkg=="
    options = ("--method", "PUT", "--content-md5", digest)
    url = daypass("sign", "s3://maps/k", *options).stdout
    send = ("--method", "PUT", "--header", f"Content-MD5={digest}", "--body", "body")
    assert daypass("verify", "-", *send, input=url).returncode == 0
    (tmp_path / "body").write_bytes(b"hullo")
    assert daypass("verify", "-", *send, input=url).returncode == 1


def test_without_a_key_it_ends_with_4(daypass, link, environment, tmp_path):
    secret = environment.pop("AWS_SECRET_ACCESS_KEY")
    environment.pop("AWS_ACCESS_KEY_ID")
    done = daypass("verify", link, *SEND)
    assert done.returncode == 4
    assert "signature: unchecked" in done.stdout
    (tmp_path / "secret").write_text(f"{secret}\n")
    done = daypass("verify", link, *SEND, "--key-file", "secret")
    assert done.returncode == 0
    assert secret not in done.stdout


def test_what_to_type_for_a_key_is_said_in_options(daypass, link, environment):
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"):
        del environment[name]
    for how in ((), ("--json",)):
        told = daypass("verify", link, *SEND, *how).stdout
        assert "no secret key is at hand; give --key-file FILE, --profile NAME, or by" in told
        assert "storage_options" not in told.partition('"explanation"')[0]


PROFILES = """
[profiles.maps]
url = "s3://maps"
[profiles.maps.storage_options]
key = "AKEXAMPLE"
secret = { env = "MAPS_SECRET" }
[profiles.edge]
url = "s3://maps"
signer = "cloudfront"
[profiles.edge.signer_options]
domain = "d111111abcdef8.cloudfront.net"
key_pair_id = "K"
private_key = { env = "MAPS_SECRET" }
"""


def test_a_profile_brings_the_key(daypass, link, environment, tmp_path):
    del environment["AWS_ACCESS_KEY_ID"]
    environment["MAPS_SECRET"] = environment.pop("AWS_SECRET_ACCESS_KEY")
    environment["DAYPASS_CONFIG"] = str(tmp_path / "config.toml")
    (tmp_path / "config.toml").write_text(PROFILES)
    done = daypass("verify", link, *SEND, "--profile", "maps")
    assert (done.returncode, done.stdout) == (
        0,
        "verdict: this request would pass\nsignature: right\n",
    )
    other = daypass("verify", link, *SEND, "--profile", "edge")
    assert other.returncode == 4
    assert "the profile edge is of cloudfront, and the link of s3" in other.stdout
    missing = daypass("verify", link, *SEND, "--profile", "map")
    assert missing.returncode == 2
    assert "maps" in missing.stderr


def test_options_can_bring_the_key(daypass, link, environment):
    options = {"key": environment.pop("AWS_ACCESS_KEY_ID")}
    options["secret"] = environment.pop("AWS_SECRET_ACCESS_KEY")
    given = [f"--storage-option={name}={value}" for name, value in options.items()]
    assert daypass("verify", link, *SEND, *given).returncode == 0


def test_what_is_no_signed_link_ends_with_1(daypass):
    for text in ("garbage", "https://example.com/", "", "{}"):
        done = daypass("verify", "-", input=text)
        assert done.returncode == 1
        assert "not a signed URL I know" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("{",),
        (ENDED, "--method", "G T"),
        (ENDED, "--header", "no-value"),
        (ENDED, "--body", "none"),
    ],
    ids=["form", "method", "header", "body"],
)
def test_wrong_arguments_are_an_error(daypass, arguments):
    done = daypass("verify", *arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("daypass: error: ")


def test_a_form_is_held_against_its_policy_and_its_file(daypass, credentials, tmp_path):
    form = daypass("form", "s3://maps/${filename}", "--max-bytes", "9").stdout
    (tmp_path / "file").write_text("9 bytes..")
    done = daypass("verify", "-", "--body", "file", input=form)
    assert (done.returncode, done.stdout) == (
        0,
        "verdict: this request would pass\nsignature: right\n",
    )
    (tmp_path / "file").write_text("10 bytes..")
    done = daypass("verify", "-", "--body", "file", input=form)
    assert done.returncode == 1
    assert "the file has 10 bytes, and the policy allows 0 to 9" in done.stdout
