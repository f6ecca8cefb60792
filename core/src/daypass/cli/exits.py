"""What each exit code means, and which error ends with which."""

from __future__ import annotations

import re

import click

from daypass import errors
from daypass.base.messages import place_of
from daypass.cli.words import one_line, said

#: The codes as ``--help`` and the reference list them.
MEANINGS = {
    0: "done",
    1: "the store or the network failed, the object is missing or not what it should be, or rows of a manifest failed",
    2: "the command line, the request or the configuration is wrong",
    3: "refused by a policy, or not recorded by the audit",
    4: "no credentials, or they have ended or end too early",
    5: "not supported: the backend cannot do it, is missing, or is broken",
    130: "interrupted by Ctrl-C",
    141: "the reader of the output has gone (SIGPIPE)",
}

#: A name in the words of click, where it is longer than a name needs to be.
_ENDLESS = re.compile(r"^(No such (?:option|command):? ('?)[^']{60})[^']+'?", re.DOTALL)

FAILED = 1
WRONG = 2
REFUSED = 3
CREDENTIALS = 4
UNSUPPORTED = 5
INTERRUPTED = 130
NO_READER = 141

#: The exit code by an error's own.
_OF_ERRORS = {
    "invalid-request": WRONG,
    "invalid-path": WRONG,
    "invalid-expiry": WRONG,
    "unknown-option": WRONG,
    "invalid-config": WRONG,
    "refused": REFUSED,
    "refused-by-policy": REFUSED,
    "quota-exceeded": REFUSED,
    "audit-failed": REFUSED,
    "no-credentials": CREDENTIALS,
    "short-lived-url": CREDENTIALS,  # only credentials make a link shorter than asked
    "unsupported-option": UNSUPPORTED,
    "signing-not-supported": UNSUPPORTED,
    "backend-not-found": UNSUPPORTED,
    "backend-conflict": UNSUPPORTED,
    "plugin-failed": UNSUPPORTED,
    "object-not-found": FAILED,
    "access-denied": FAILED,
    "store-failed": FAILED,
    "deadline-exceeded": FAILED,
}

#: Shown below the help of every command.
EPILOG = "\b\nExit codes:\n" + "\n".join(f"{code:>5}  {text}" for code, text in MEANINGS.items())


def code_of(error: Exception) -> int:
    """Return the exit code that an error ends with."""
    if isinstance(error, click.UsageError):
        return WRONG
    return _OF_ERRORS.get(error.code, FAILED) if isinstance(error, errors.DaypassError) else FAILED


def sentence(error: Exception) -> str:
    """Say an error in one line, in the words of the command line and without secrets."""
    if isinstance(error, click.UsageError):
        text = _ENDLESS.sub(r"\1...\2", error.format_message().rstrip("."))
        where = error.ctx.command_path if error.ctx else "daypass"
        return one_line(f"{text} (see {where} --help)")
    if isinstance(error, click.ClickException):
        return one_line(error.format_message())
    if isinstance(error, errors.ConfigError):
        return one_line(str(error))  # its words are keys of a file, and no options
    if isinstance(error, errors.DaypassError):
        return said(error)
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{error.filename}: "
        return one_line(f"{place}{error.strerror}")
    return f"unexpected {type(error).__qualname__} {place_of(error)}: this is a mistake in daypass or a plugin, please report it"
