"""``daypass explain``: what it prints, what it reads, and how it ends."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.config import Config

PLACE = "https://maps.s3.eu-west-1.amazonaws.com/europe.tif"
ENDED = f"{PLACE}?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=Zm9vYmFy&Expires=1767225600"


def test_a_link_is_explained_offline_and_masked(daypass):
    done = daypass("explain", ENDED)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert f"url: {PLACE}?****" in lines
    assert "path: s3://maps/europe.tif" in lines
    assert "signed by: AKIA...MPLE" in lines
    assert any(line.startswith("ends: 2026-01-01 00:00:00 UTC, ") for line in lines)
    assert any(line.startswith("findings: error: it ended ") for line in lines)
    assert "Zm9v" not in done.stdout


def test_reveal_shows_all_of_it(daypass):
    done = daypass("explain", "--reveal", ENDED)
    assert f"url: {ENDED}" in done.stdout
    assert "signed by: AKIAIOSFODNN7EXAMPLE" in done.stdout


@pytest.mark.parametrize("how", ["-", "@link.txt"])
def test_a_link_can_come_from_elsewhere_than_the_command_line(daypass, tmp_path, how):
    (tmp_path / "link.txt").write_text(f" {ENDED}\n")
    done = daypass("explain", how, "--json", input=f'"{ENDED}"\n')
    found = json.loads(done.stdout)
    assert (found["backend"], found["path"], found["ok"]) == ("s3", "s3://maps/europe.tif", False)
    assert found["expires_at"] == "2026-01-01T00:00:00Z"
    assert found["findings"][0]["code"] == "expired"
    assert "Zm9v" not in done.stdout


def test_a_form_is_explained(daypass):
    client = boto3.client(
        "s3",
        aws_access_key_id="AKEXAMPLE",
        aws_secret_access_key="made-up",
        region_name="eu-west-1",
        config=Config(signature_version="s3v4"),
    )
    form = client.generate_presigned_post("maps", "k")
    done = daypass("explain", "-", input=json.dumps(form))
    assert done.returncode == 0
    assert "permits: POST (a form uploads one object)" in done.stdout
    assert form["fields"]["x-amz-signature"] not in done.stdout


def test_the_help_says_which_command_takes_a_request(daypass):
    assert "It takes no request: daypass verify does" in daypass("explain", "--help").stdout


def test_what_is_no_signed_link_ends_with_2(daypass):
    for text in ("https://example.com/", "garbage", "", "\x1b[2J", "{}", '{"a": "b"}'):
        done = daypass("explain", "-", input=text)
        assert done.returncode == 2
        assert "not a signed URL I know" in done.stdout
        assert "\x1b" not in done.stdout


def test_what_cannot_be_read_is_an_error(daypass, tmp_path):
    for arguments in (("@none.txt",), ("{",), (ENDED, "--error", "none.xml")):
        done = daypass("explain", *arguments)
        assert done.returncode in (1, 2)
        assert done.stderr.startswith("daypass: error: ")


def test_an_answer_that_is_not_read_is_told_beside_the_url(daypass, tmp_path):
    (tmp_path / "error.xml").write_text("<!DOCTYPE a><Error/>")
    done = daypass("explain", ENDED, "--error", "error.xml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "document type" in done.stdout
    assert "error: it ended" in done.stdout


def test_a_stores_answer_is_explained(daypass, tmp_path):
    (tmp_path / "error.xml").write_text(
        "<?xml version='1.0' encoding='UTF-8'?>\n<Error><Code>AccessDenied</Code><Message>Request "
        "has expired</Message><ServerTime>2026-01-01T00:30:00Z</ServerTime></Error>"
    )
    done = daypass("explain", ENDED, "--error", "error.xml")
    assert done.returncode == 0
    assert "had ended when the request arrived" in done.stdout
    assert "by the store's clock the link had ended 30 minutes before" in done.stdout


def test_a_terminal_gets_a_card(on_terminal):
    code, shown = on_terminal("explain", ENDED)
    assert code == 0
    assert "AWS Signature Version 2" in shown
    assert "Zm9v" not in shown
