"""Where the AWS SDK takes credentials from, and what mends a source that gives none.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html. What a source itself says is not shown: a
program's complaint may hold a secret.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError

from daypass.base.messages import escaped
from daypass.errors import CredentialsError
from daypass.toolkit.failures import unreachable

__all__ = ["ASKING", "failed", "is_of_source", "none_found"]

#: What takes too long where a source is silent.
ASKING = "asking for the session's S3 credentials"
#: What sources raise, beside the errors of the SDK; of what a store answers there is none among them.
_OF_SOURCES = (
    *(FileNotFoundError, PermissionError, EOFError, RuntimeError, json.JSONDecodeError),
    exceptions.CredentialRetrievalError,
    exceptions.InfiniteLoopConfigError,
    exceptions.InvalidConfigError,
    exceptions.MetadataRetrievalError,
    exceptions.MissingDependencyException,
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.RefreshWithMFAUnsupportedError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.UnknownCredentialError,
)


def is_of_source(error: Exception) -> bool:
    """Tell an error of a source of credentials from one of the store, before which it has come."""
    asked = str(getattr(error, "kwargs", {}).get("endpoint_url") or "")
    of_sts = "://sts." in asked or asked.startswith(os.environ.get("AWS_ENDPOINT_URL_STS") or "\0")
    return of_sts or isinstance(error, _OF_SOURCES) or type(error).__name__.startswith("Login")


def failed(error: Exception, session: Any) -> CredentialsError:
    """Say which source gave no credentials, why, and the command that mends it.

    Args:
        error: what the SDK raised.
        session: its session, whose profile names the source.

    """
    if isinstance(error, exceptions.NoCredentialsError):
        return none_found()
    said, mend = _told(error, _profile(session), session)
    return CredentialsError(f"no S3 credentials could be had from {said}: {mend}")


def none_found() -> CredentialsError:
    """Say that no source holds any."""
    return CredentialsError(
        "no S3 credentials were found: give key and secret in storage_options, or set "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
    )


def _profile(session: Any) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = session.get_scoped_config()
    except BotoCoreError:
        return {}
    return found


def _named(session: Any) -> str:
    name = getattr(session, "profile", None)
    return f" --profile {shlex.quote(escaped(name, 60))}" if isinstance(name, str) else ""


def _told(error: Exception, profile: Mapping[str, Any], session: Any) -> tuple[str, str]:
    """Return the source, with what is wrong with it, and what to do."""
    for source in (_of_login, _of_program, _of_environment, _of_identity, _of_role):
        if (told := source(error, profile, _named(session))) is not None:
            return told
    if isinstance(error, RuntimeError):
        return "its source (they have ended, and so have those that it gives anew)", _ASK
    return f"the AWS SDK ({_why(error)})", _ASK


_ASK = "ask aws sts get-caller-identity, which finds them in the same way"


def _why(error: Exception) -> str:
    if why := unreachable(error):
        return why
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    if code:
        return f"STS answered {escaped(str(code), 60)}"
    if isinstance(error, (KeyError, TypeError, AttributeError)):
        return (
            f"what was answered holds none ({type(error).__name__}), as that of a proxy or a log-in"
        )
    if isinstance(error, (exceptions.InfiniteLoopConfigError, exceptions.ProfileNotFound)):
        return escaped(str(error), 200)
    return type(error).__name__


def _of_login(error: Exception, profile: Mapping[str, Any], named: str) -> tuple[str, str] | None:
    if isinstance(error, exceptions.MissingDependencyException):
        return "aws login (a library is missing)", "pip install 'botocore[crt]'"
    if "login_session" in profile or type(error).__name__.startswith("Login"):
        return "aws login (its session is missing or has ended)", f"run aws login{named}"
    by_sso = isinstance(error, (exceptions.SSOError, exceptions.TokenRetrievalError))
    if by_sso or any(name.startswith("sso_") for name in profile):
        why = unreachable(error) or "its token is missing or has ended"
        return f"single sign-on ({why})", f"run aws sso login{named}"
    return None


def _of_program(error: Exception, profile: Mapping[str, Any], named: str) -> tuple[str, str] | None:
    if "credential_process" not in profile:
        return None
    what = "the program that credential_process names"
    look = f"run aws configure export-credentials{named}, which shows what is wrong"
    if isinstance(error, FileNotFoundError):
        return f"{what} (there is none of this name)", "give its whole path"
    if isinstance(error, ValueError):
        return f"{what} (what it prints is no JSON)", look
    if isinstance(error, RuntimeError):
        return f"{what} (those that it prints have ended)", "log in to what it asks"
    return f"{what} (it failed)", look


def _of_environment(error: Exception, *_: object) -> tuple[str, str] | None:
    if "AWS_CREDENTIAL_EXPIRATION" not in os.environ or not isinstance(error, RuntimeError):
        return None
    ended = "the environment (AWS_CREDENTIAL_EXPIRATION is past)"
    return ended, "get new ones from what has set the variables"


def _of_identity(error: Exception, profile: Mapping[str, Any], _: str) -> tuple[str, str] | None:
    if (
        not os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
        and "web_identity_token_file" not in profile
    ):
        return None
    why = "its token's file cannot be read" if isinstance(error, OSError) else _why(error)
    return (
        f"a web identity ({why})",
        "look at the file that AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file names, at the role, and whether STS can be reached",
    )


def _of_role(error: Exception, profile: Mapping[str, Any], named: str) -> tuple[str, str] | None:
    if "role_arn" not in profile:
        return None
    if isinstance(error, (EOFError, exceptions.RefreshWithMFAUnsupportedError)):
        return (
            "a role (it needs an MFA code, and nobody can be asked for one here)",
            f"run aws sts get-session-token{named} and set what it gives, or use a profile without mfa_serial",
        )
    mend = f"run aws sts get-caller-identity{named}, which asks in the same way"
    return f"a role ({_why(error)})", mend
