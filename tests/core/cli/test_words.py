import errno
import inspect
import re
import subprocess
import sys

import pytest

from daypass import errors
from daypass.base.times import span
from daypass.cli import exits, words
from daypass.cli.options import SIGNING
from daypass.errors import InvalidRequestError
from daypass.model.requests import SignOptions, SignRequest


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 second"),
        (59, "59 seconds"),
        (61, "1 minute 1 second"),
        (300, "5 minutes"),
        (899.2, "15 minutes"),
        (3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (86_400 + 61, "1 day"),
        (604_800, "7 days"),
    ],
)
def test_spans_are_said_by_two_units(seconds, said):
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "add_content_md5_metadata stores content_md5, so give content_md5 too",
            "--add-content-md5-metadata stores --content-md5, so give --content-md5 too",
        ),
        (
            "goes with method='PUT', or pass strict=False to go without",
            "goes with --method PUT, or pass --no-strict to go without",
        ),
        ("rename it, or pass allow_dot_segments=True", "rename it, or pass --allow-dot-segments"),
        (
            "headers: X has an option of its own, use content_type=",
            "--header: X has an option of its own, use --content-type",
        ),
        ("signer_options credentials_expire_at", "--signer-option credentials_expire_at"),
        ("nothing at s3://bucket/content_type/filename=x", None),
        ("nothing at s3://bucket/a=content_md5.txt", None),
        ("the version of the method", None),
    ],
)
def test_the_librarys_keywords_are_spelled_as_options(message, said):
    assert words.spelled(message) == (said or message)


@pytest.mark.parametrize(
    "request_",
    [
        {"content_md5": "0" * 32, "method": "PUT"},
        {"content_type": "text/csv"},
        {"expires_in": 1, "expires_at": 1},
        {"expires_in": "soon"},
        {"method": "PUT", "headers": {"Content-Type": "a"}},
        {"method": "PUT", "add_content_md5_metadata": True},
    ],
)
def test_no_error_of_a_request_keeps_a_keywords_spelling(request_):
    with pytest.raises(errors.InvalidRequestError) as caught:
        SignRequest(**request_)
    said = exits.sentence(caught.value)
    assert not re.search(
        rf"\b({'|'.join(n for n in SignOptions.__annotations__ if '_' in n)})\b", said
    )


def test_nothing_that_drives_a_terminal_passes():
    assert words.one_line("a\x1b[2J\nb\u202ec") == "a\\x1b[2J b\\u202ec"


def test_every_error_has_an_exit_code_by_its_own_code():
    kinds = [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind)
        and issubclass(kind, errors.DaypassError)
        and kind is not errors.DaypassError
    ]
    assert {kind.code for kind in kinds} == set(exits._OF_ERRORS)
    assert {exits.code_of(kind("x")) for kind in kinds} == {1, 2, 3, 4, 5}


def test_an_error_of_a_plugins_own_ends_as_the_one_it_is_made_of():
    class OurRefusal(errors.RefusedError):
        pass

    assert exits.code_of(OurRefusal("x")) == exits.code_of(errors.RefusedError("x")) == 3


def test_an_unexpected_error_says_where_and_never_what():
    try:
        {}["the secret"]
    except KeyError as error:
        said = exits.sentence(error)
    assert "secret" not in said
    assert "KeyError" in said
    assert "test_words, line" in said


def test_the_options_are_those_of_the_library_one_for_one():
    names = {"strict" if name == "no_strict" else name for name in SIGNING}
    assert names == set(SignOptions.__annotations__)
    for name, option in SIGNING.items():
        kebab = "--" + name.replace("_", "-")
        assert option.opts == [{"headers": "--header", "referrers": "--referrer"}.get(name, kebab)]


@pytest.mark.parametrize(("setting", "said"), [("0", ""), ("1", "an SDK complains\n")])
def test_what_an_sdk_logs_is_heard_under_trace_alone(environment, setting, said):
    script = (
        "import logging; from daypass.cli.run import run; run(['--version']); "
        "logging.getLogger('sdk').warning('an SDK complains')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"DAYPASS_TRACE": setting},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == said


def test_a_plugins_words_are_never_rewritten():
    own = "set version=2 and content_type=x on the server, or strict=False in its console"
    raised = exec_in("acme_plugin", own)
    assert words.said(raised) == own
    assert words.said(exec_in("daypass.gate.check", own)) != own


def exec_in(module, message):
    """Return an error that a module has raised."""
    names = {"__name__": module, "Error": InvalidRequestError, "message": message}
    with pytest.raises(InvalidRequestError) as caught:
        exec("raise Error(message)", names)
    return caught.value


def chained(message, cause):
    error = errors.StoreError(message)
    error.__cause__ = cause
    return error


REFUSED = "the connection was refused: nothing listens there, or a firewall forbids it"


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (OSError(errno.EIO, "hunter2", "/hunter2"), ": Input/output error"),
        (ConnectionRefusedError("hunter2"), f": {REFUSED}"),
        (chained("inner", ConnectionRefusedError()), f": {REFUSED}"),
        (ValueError("hunter2"), ""),
        (OSError("hunter2"), ""),
        (OSError("hunter2", "hunter2"), ""),
        (OSError(1 << 80, "hunter2"), ""),
        (None, ""),
    ],
    ids=range(8),
)
def test_of_a_cause_is_said_what_is_known_and_none_of_its_words(cause, said):
    error = chained("s3 could not list s3://b/: m.E (its cause is chained), so no", cause)
    assert words.said(error) == f"s3 could not list s3://b/: m.E{said}, so no"
