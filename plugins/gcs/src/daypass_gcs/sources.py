"""Where google-auth looks for credentials when no token is named, and what is wrong where it finds none.

https://docs.cloud.google.com/docs/authentication/application-default-credentials. What a file holds is not shown.
"""

from __future__ import annotations

import json
import os

from daypass.base.messages import escaped
from daypass.base.secrets import is_secret
from daypass.errors import CredentialsError

_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
#: Characters of a path that are shown.
_LONGEST = 200
_NO_JSON = "is no JSON object"


def none_found() -> CredentialsError:
    """Say that google-auth finds no credentials, and what is wrong with the file that the environment names."""
    named = os.environ.get(_VARIABLE)
    if not named:
        return CredentialsError(
            "no Google credentials were found: give a service-account key as token, or set "
            f"{_VARIABLE} to its file; to sign, an HMAC key as signer_options hmac_access_id and "
            "hmac_secret does too"
        )
    why = wrong_file() or "holds no credentials that google-auth can read"
    shown = "a file" if _holds_contents(named) else escaped(named, _LONGEST)
    return CredentialsError(
        f"no Google credentials were found: {_VARIABLE} names {shown}, which {why}: name the file "
        "of a service-account key or of a login there, or unset the variable"
    )


def wrong_file() -> str | None:
    """Say what is wrong with the file that the environment names; None where it holds JSON, or none is named."""
    named = os.environ.get(_VARIABLE)
    if not named:
        return None
    if _holds_contents(named):
        return "is no path but what such a file holds"
    try:
        with open(named, encoding="utf-8") as file:  # noqa: PTH123 - as google-auth opens it
            found = json.load(file)
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be read ({type(error).__name__})"
    except ValueError:
        return _NO_JSON
    return None if isinstance(found, dict) else _NO_JSON


def _holds_contents(named: str) -> bool:
    return named.lstrip().startswith("{") or "\n" in named or is_secret("", named)
