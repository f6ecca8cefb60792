"""A source that gives no credentials is named, with what mends it; it ends with 4, and nothing that it says is shown."""

from __future__ import annotations

import json

import pytest

import daypass
from daypass.cli.run import run

ROLE = "role_arn = arn:aws:iam::123456789012:role/r\n"
ENDED = {
    "Version": 1,
    "AccessKeyId": "ASIAX",
    "SecretAccessKey": "s3cret-word",
    "SessionToken": "t",
}
ENDED["Expiration"] = "2020-01-01T00:00:00Z"
#: By what is wrong: the profile's section, and what has to be said.
SOURCES = {
    "a program that is not there": (
        "credential_process = /no/such/program",
        ["the program that credential_process names (there is none of this name)", "give its whole path"],
    ),
    "a program that fails": (
        'credential_process = sh -c "echo s3cret-word >&2; exit 3"',
        ["credential_process names (it failed)", "aws configure export-credentials --profile mine"],
    ),
    "a program that prints no JSON": (
        "credential_process = echo s3cret-word",
        ["what it prints is no JSON"],
    ),
    "a program whose credentials have ended": (
        "credential_process = cat {place}/ended.json",
        ["those that it prints have ended"],
    ),
    "single sign-on without a token": (
        ("sso_session = my\nsso_account_id = 123456789012\nsso_role_name = r\n"
        "[sso-session my]\nsso_region = eu-west-1\nsso_start_url = https://x.example/start"),
        ["single sign-on (its token is missing or has ended)", "run aws sso login --profile mine"],
    ),
    "single sign-on as it was": (
        ("sso_start_url = https://x.example/start\nsso_region = eu-west-1\n"
        "sso_account_id = 123456789012\nsso_role_name = r"),
        ["run aws sso login --profile mine"],
    ),
    "a login": (
        "login_session = arn:aws:iam::123456789012:user/me",
        ["aws login"],
    ),
    "a web identity without its file": (
        f"{ROLE}web_identity_token_file = /no/such/token",
        ["a web identity (its token's file cannot be read)"],
    ),
    "a role while STS is away": (
        f"{ROLE}source_profile = base\nregion = eu-west-1",
        ["a role (the connection was refused", "aws sts get-caller-identity --profile mine"],
    ),
    "profiles in a ring": (
        f"{ROLE}source_profile = other\n[profile other]\n{ROLE}source_profile = mine",
        ["Infinite loop in credential configuration"],
    ),
}  # fmt: skip


@pytest.fixture
def profile(monkeypatch, tmp_path):
    """Write the profile ``mine``, and name it."""

    def write(section: str) -> None:
        (tmp_path / "ended.json").write_text(json.dumps(ENDED))
        base = "[profile base]\naws_access_key_id = AK\naws_secret_access_key = made-up\n"
        text = f"[profile mine]\n{section.replace('{place}', str(tmp_path))}\n{base}"
        (tmp_path / "config").write_text(text)

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    return write


@pytest.mark.parametrize("case", SOURCES)
def test_a_source_that_fails_is_named_with_what_mends_it(profile, case, capfd):
    section, said = SOURCES[case]
    profile(section)
    with pytest.raises(daypass.CredentialsError) as caught:
        daypass.create_signed_url("s3://maps/k", storage_options={"profile": "mine"})
    message = str(caught.value)
    assert message.startswith("no S3 credentials could be had from ")
    assert all(part in message for part in said), message
    assert "s3cret-word" not in repr(caught.value)
    assert caught.value.__cause__ is None
    for command in ("sign", "head"):
        assert run([command, "s3://maps/k"]) == 4
        told = capfd.readouterr().err
        assert told.startswith("daypass: error: no S3 credentials could be had from "), told
        assert "s3cret-word" not in told


#: By what is wrong: what the environment and the options hold, and what has to be said.
NOTHING_TO_SIGN_WITH = {
    "nothing at all": ({}, {}, "no S3 credentials were found: give key and secret"),
    "one of the two variables": (
        {"AWS_ACCESS_KEY_ID": "AKEXAMPLE"},
        {},
        "no S3 credentials could be had from the AWS SDK (PartialCredentialsError)",
    ),
    "one of the two options": ({}, {"key": "AKEXAMPLE"}, "the S3 secret is missing or not text"),
    "a secret that is none": (
        {},
        {"key": "AKEXAMPLE", "secret": "s3cret-word\n"},
        "the S3 secret holds spaces, line breaks",
    ),
    "a profile that is not there": (
        {"AWS_PROFILE": "other"},
        {},
        "the AWS SDK found no usable credentials: The config profile (other) could not be found",
    ),
    "a source that nobody knows": (
        {"AWS_PROFILE": "odd"},
        {},
        "no S3 credentials could be had from a role (InvalidConfigError)",
    ),
}
ODD = f"region = eu-west-1\n[profile odd]\n{ROLE}credential_source = Nowhere\n"


@pytest.mark.parametrize("case", NOTHING_TO_SIGN_WITH)
def test_signing_reading_and_rules_say_alike_that_there_are_no_credentials(
    profile, monkeypatch, case, capfd
):
    variables, options, said = NOTHING_TO_SIGN_WITH[case]
    profile(ODD)
    monkeypatch.delenv("AWS_PROFILE")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    given = [word for name in options for word in ("--storage-option", f"{name}={options[name]}")]
    told = set()
    for command in (["sign"], ["head"], ["cors", "--origin", "https://app.example", "--apply"]):
        path = "s3://maps" if command[0] == "cors" else "s3://maps/k"
        assert run([command[0], path, *given, *command[1:]]) == 4
        told.add(capfd.readouterr().err)
    assert len(told) == 1, told
    assert told.pop().startswith(f"daypass: error: {said}")


def test_variables_whose_end_is_past_are_named(profile, monkeypatch):
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAX")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    with pytest.raises(daypass.CredentialsError, match="AWS_CREDENTIAL_EXPIRATION is past"):
        daypass.create_signed_url("s3://maps/k")


@pytest.mark.parametrize(
    ("variables", "endpoint", "region"),
    [
        ({"AWS_REGION": "eu-west-2"}, None, "eu-west-2"),
        ({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, None, "eu-west-3"),
        ({"AWS_REGION": ""}, None, "us-east-1"),
        # A store of one's own has a region of its own.
        ({"AWS_REGION": "eu-west-2"}, "http://minio.example.org:9000", "us-east-1"),
    ],
    ids=range(4),
)  # fmt: skip
def test_a_region_that_is_named_alone_is_taken(profile, monkeypatch, variables, endpoint, region):
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    options = {"key": "AK", "secret": "made-up", "endpoint_url": endpoint}
    link = daypass.create_signed_url("s3://maps/k", storage_options=options)
    assert f"%2F{region}%2Fs3%2F" in link.url
