import json
from datetime import UTC, datetime

import click
import pytest

from daypass.cli import options
from daypass.cli.run import run
from daypass.model.requests import SignRequest


def read(*given):
    return options.nested(None, None, given)


def test_storage_options_nest_and_read_json():
    assert read(
        "client_kwargs.region_name=eu-west-1",
        "client_kwargs.verify=false",
        "max_concurrency=4",
        'config_kwargs={"s3": {"addressing_style": "path"}}',
        "secret=a=b",
        "empty=",
        "odd=NaN",
    ) == {
        "client_kwargs": {"region_name": "eu-west-1", "verify": False},
        "max_concurrency": 4,
        "config_kwargs": {"s3": {"addressing_style": "path"}},
        "secret": "a=b",
        "empty": "",
        "odd": "NaN",
    }


@pytest.mark.parametrize(
    "given",
    [
        ("secret-value",),
        ("=secret-value",),
        ("key=secret-value", "key=secret-value"),
        ("a=secret-value", "a.b=1"),
        ("a.b=1", "a=secret-value"),
    ],
)
def test_what_cannot_be_read_is_refused_without_showing_its_value(given):
    with pytest.raises(click.BadParameter) as caught:
        read(*given)
    assert "secret-value" not in str(caught.value)


#: That of no bytes: FIPS 180-4, in base64.
SHA256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#: An option's text and what it becomes, for each option of a URL.
EXAMPLES = {
    "method": ("put", "PUT"),
    "expires_in": ("15m", 900),
    "expires_at": ("2026-12-01T00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
    "starts_at": ("2026-12-01T00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
    "content_type": ("text/csv", "text/csv"),
    "content_md5": ("1B2M2Y8AsgTpgAmY7PhCfg==", "1B2M2Y8AsgTpgAmY7PhCfg=="),
    "add_content_md5_metadata": (None, True),
    "content_length": ("12", 12),
    "max_bytes": ("12", 12),
    "if_absent": (None, True),
    "checksum_sha256": (SHA256, SHA256),
    "metadata": ("a=b=c", {"a": "b=c"}),
    "acl": ("private", "private"),
    "storage_class": ("GLACIER", "GLACIER"),
    "tags": ("a=b=c", {"a": "b=c"}),
    "copy_source": ("s3://bucket/a b", "s3://bucket/a b"),
    "resumable": (None, True),
    "kms_key": ("alias/k", "alias/k"),
    "encryption_key": (SHA256, SHA256),
    "requester_pays": (None, True),
    "headers": ("X-A=b", {"X-A": "b"}),
    "query": ("x-job=4=2", {"x-job": "4=2"}),
    "filename": ("a.csv", "a.csv"),
    "inline": (None, True),
    "response_content_type": ("text/csv", "text/csv"),
    "response_content_disposition": ("inline", "inline"),
    "response_content_encoding": ("gzip", "gzip"),
    "response_content_language": ("en", "en"),
    "response_cache_control": ("no-store", "no-store"),
    "response_expires": ("2026-12-01T00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
    "ip_range": ("192.0.2.1", "192.0.2.1"),
    "https_only": (None, True),
    "max_uses": ("100", 100),
    "referrers": ("*.Example.org", ("*.example.org",)),
    "no_strict": (None, False),
    "on_short": ("raise", "raise"),
    "allow_dot_segments": (None, True),
    "signing_time": ("2026-12-01T00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
    "stable_for": ("5m", 300),
    "delimiter": ("/", "/"),
    "max_keys": ("100", 100),
    "continuation_token": ("a/b+c=", "a/b+c="),
}


@pytest.mark.parametrize("name", options.SIGNING)
def test_every_option_reaches_the_request_as_it_was_given(name):
    text, expected = EXAMPLES[name]
    flag = options.SIGNING[name].opts[0]
    command = click.Command("t", params=list(options.SIGNING.values()), callback=options.asked)
    command.callback = lambda **values: options.asked(values)
    given = [flag] if text is None else [flag, text]
    asked = command.main(given, standalone_mode=False)
    assert asked == {{"no_strict": "strict"}.get(name, name): expected}


def test_without_options_the_library_decides():
    command = click.Command("t", params=list(options.SIGNING.values()))
    command.callback = lambda **values: options.asked(values)
    asked = command.main([], standalone_mode=False)
    assert SignRequest(**asked) == SignRequest()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["sign"], "Missing argument"),
        (["sing"], "No such command 'sing': did you mean sign?"),
        (["Plugin"], "did you mean plugins?"),
        (["zzz"], "No such command 'zzz' (see daypass --help)"),
        (["--sing"], "No such option"),
        (["sign", "s3://b/k", "--expires"], "--expires"),
        (["sign", "s3://b/k", "--method", "POST"], "POST"),
        (["sign", "s3://b/k", "--content-length", "big"], "--content-length"),
        (["sign", "s3://b/k", "--expires-at", "2026-12-01"], "time zone"),
        (["sign", "s3://b/k", "--storage-option", "hunter2"], "NAME=VALUE"),
        (["sign", "s3://b/k", "--metadata", "a=1", "--metadata", "a=2"], "twice"),
        (["sign", "s3://b"], "no key"),
        (["sign", ""], "empty"),
        (["sign", "s3://b/k", "--expires-in", "8x"], "--expires-in"),
        (["sign", "s3://b/a/../k"], "--allow-dot-segments"),
        (["put", "missing.csv", "s3://b/k"], "missing.csv"),
        (["put", "/", "s3://b/k"], "directory"),
        (["get", "s3://b/k", "/dev/null"], "regular file"),
        (["get", "s3://b/k", "missing/file"], "does not exist"),
        (["put", "/dev/null", "s3://b/k"], "regular file"),
        (["head"], "Missing argument"),
        (["sign", "s3://b/k", "--header", "Content-Type: hunter2"], "write --content-type VALUE"),
        (["sign", "s3://b/k", "--header", "x-a: hunter2=1"], "write x-a=VALUE"),
        (["verify", "https://e/", "--header", "Range: hunter2"], "write Range=VALUE"),
        (["--what"], "--what"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_one_sentence_and_2(capsys, arguments, hint):
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("daypass: error: ")
    assert told.err.count("\n") == 1
    assert hint in told.err
    assert "hunter2" not in told.err


def test_alone_it_shows_its_help_and_ends_with_2(capsys):
    assert run([]) == 2
    assert "Exit codes:" in capsys.readouterr().err


def test_help_and_version_end_with_0(capsys):
    assert run(["--help"]) == 0
    assert run(["sign", "--help"]) == 0
    assert run(["--version"]) == 0
    assert "daypass 0." in capsys.readouterr().out


def test_json_lines_are_ascii(capsys, fake):
    assert run(["head", "fake://b/ü", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out)["key"] == "ü"


@pytest.mark.parametrize("arguments", [["sign", "--" + "x" * 5000], ["x" * 5000]], ids=range(2))
def test_an_endless_name_is_cut_short(capsys, arguments):
    assert run(arguments) == 2
    assert len(capsys.readouterr().err) < 200


@pytest.mark.parametrize(
    "arguments",
    [
        ["put", "missing.csv", "s3://b/k"],
        ["sign", "--from", "missing.csv"],
        ["head", "--from", "missing.csv"],
        ["explain", "@missing.csv"],
        ["explain", "https://e/", "--error", "missing.csv"],
        ["verify", "@missing.csv"],
        ["verify", "https://e/", "--key-file", "missing.csv"],
        ["verify", "https://e/", "--body", "missing.csv"],
        ["audit", "verify", "missing.csv"],
        ["audit", "head", "missing.csv"],
    ],
    ids=" ".join,
)
def test_a_missing_input_file_ends_with_2_whatever_the_command(
    capsys, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert "missing.csv" in said
    assert "does not exist" in said or "No such file" in said
