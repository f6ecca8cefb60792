"""From a filesystem's token to the key that signs, asking nobody that is not the credential in use."""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from daypass.errors import CredentialsError, DaypassError, InvalidRequestError
from daypass.model.locations import Location
from daypass.toolkit.deadlines import Deadline
from daypass.toolkit.settings import effective_options
from daypass_gcs.bounded_request import BoundedRequest
from daypass_gcs.keys import HmacKey, Key, KeylessKey, RsaKey, Transport, explained, refresh
from daypass_gcs.options import GCSOptions
from daypass_gcs.redirects import staying
from daypass_gcs.settings import DEFAULT_UNIVERSE, Settings, check_universe
from daypass_gcs.sources import none_found, wrong_file

#: What signBlob needs; the storage scopes that gcsfs asks for do not reach IAM.
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)

#: A name that cannot reach beyond its place in X-Goog-Credential.
_NAME = re.compile(r"[^\s/@]+@[^\s/@]+")
#: https://www.rfc-editor.org/rfc/rfc6750#section-2.1: what can be sent as a bearer token; no JSON, no PEM.
_ACCESS_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
#: gcsfs's names for ways to find credentials.
_METHODS = frozenset({"anon", "browser", "cache", "cloud", "google_default"})

_HOW = (
    "give a service-account key as token, an HMAC key as signer_options hmac_access_id and "
    "hmac_secret, or a service account to sign as in signer_options service_account_email (you "
    "need roles/iam.serviceAccountTokenCreator on it)"
)
_ANONYMOUS = f"the filesystem is anonymous, so there is nothing to sign with: {_HOW}"
_A_PERSON = (
    f"a person's credentials (a login, or a bare access token) hold no key to sign with: {_HOW}"
)


def _google(module: str) -> Any:
    """Import one of google-auth's modules when it is needed, and untyped, as much of it is."""
    return importlib.import_module(f"google.{module}")


def find_key(location: Location, settings: Settings, deadline: Deadline) -> Key:
    """Return the key that signs for a location.

    Args:
        location: whose options may name an HMAC key or an account to sign as.
        settings: what the filesystem is configured with.
        deadline: bounds what a metadata server or token service is asked.

    Raises:
        CredentialsError: if there is nothing to sign with; the message says what to do.

    """
    options: GCSOptions = location.options
    if options.hmac_access_id is not None and options.hmac_secret is not None:
        universe = os.environ.get("GOOGLE_CLOUD_UNIVERSE_DOMAIN") or DEFAULT_UNIVERSE
        check_universe(universe)
        return HmacKey(options.hmac_access_id, options.hmac_secret, universe)
    credentials = settings.found if settings.is_open else _load(settings, deadline)
    if credentials is None:
        raise none_found() if settings.by_default else CredentialsError(_ANONYMOUS)
    return key_of(credentials, options, deadline)


def _load(settings: Settings, deadline: Deadline) -> Any:
    """Turn a token into google-auth credentials, as gcsfs would, without its probing.

    Returns:
        None for an anonymous filesystem.

    """
    token = settings.token
    if token is None or (isinstance(token, str) and token in _METHODS):
        return _of_method(token or "google_default", settings, deadline)
    if isinstance(token, str):
        if not os.path.exists(token):  # noqa: PTH110 - gcsfs's own test; the text may be a secret
            return _bare(token)
        token = _read(token)
    if isinstance(token, Mapping):
        return _of_info(token)
    if isinstance(token, _google("auth.credentials").Credentials):
        return token
    msg = f"token must be a file, a dict, google-auth credentials or a name of gcsfs, not {type(token).__name__}"
    raise CredentialsError(msg)


def _bare(token: str) -> Any:
    """Return a person's access token as credentials; gcsfs takes any other text for one too."""
    # No access token ends like a key file's name, or begins where a home directory does.
    names_a_file = token.endswith((".json", ".p12", ".pem")) or token.startswith(("~", "./"))
    if names_a_file or not _ACCESS_TOKEN.fullmatch(token):
        msg = "token is neither a file that exists nor an access token: give the path of a service-account key"
        raise CredentialsError(msg)
    return _google("oauth2.credentials").Credentials(token)


def open_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what gcsfs is opened with: it sends a token that is text to Google in a URL, and shows that URL.

    A person's access token goes to it as credentials, which are sent in a header.

    Raises:
        CredentialsError: for text that is no access token, such as a key's JSON or PEM.

    """
    effective = effective_options(options, ("gs", "gcs"))
    session = {"trace_configs": [staying()], **(effective.get("session_kwargs") or {})}
    token = effective.get("token")
    if not isinstance(token, str) or token in _METHODS or os.path.exists(token):  # noqa: PTH110 - as below
        return {**options, "session_kwargs": session}
    return {**options, "session_kwargs": session, "token": _bare(token)}


def _of_method(method: str, settings: Settings, deadline: Deadline) -> Any:
    if method == "anon":
        return None
    if method == "google_default":
        return default_credentials(settings, deadline)
    if method == "cloud":
        return _google("auth.compute_engine").Credentials()
    raise CredentialsError(_A_PERSON)  # whoever it is: no need to unpickle or to log in


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as gcsfs opens it
            return json.load(file)
    except (OSError, ValueError) as error:
        msg = f"the token file could not be read as JSON ({type(error).__name__}): give a service-account key file"
        raise CredentialsError(msg) from None


def _of_info(info: Mapping[str, Any]) -> Any:
    kind = info.get("type")
    if kind == "authorized_user" or "refresh_token" in info:
        try:
            return _google("oauth2.credentials").Credentials.from_authorized_user_info(dict(info))
        except (ValueError, TypeError):
            raise CredentialsError(_A_PERSON) from None
    if kind not in (None, "service_account"):
        msg = (
            f"gcsfs reads no credentials of type {ascii(kind)[:40]} as token: set "
            "GOOGLE_APPLICATION_CREDENTIALS to the file, or pass the credentials that "
            "google.auth.load_credentials_from_file returns"
        )
        raise CredentialsError(msg)
    try:
        return _google("oauth2.service_account").Credentials.from_service_account_info(dict(info))
    except Exception as error:  # noqa: BLE001 - of three libraries
        # Not chained: the parser's texts quote from the key.
        why = "it needs client_email, token_uri and private_key in PEM"
        if "\\n" in str(info.get("private_key")):
            why = r"its private_key holds \n where line breaks belong: read the JSON with a JSON parser, or replace them"
        msg = f"the service-account key could not be read ({type(error).__name__}): {why}"
        raise CredentialsError(msg) from None


def default_credentials(settings: Settings, deadline: Deadline) -> Any:
    """Return application-default credentials, whose chain may ask a metadata server once.

    Raises:
        CredentialsError: if there are none.
        InvalidRequestError: if they belong to another project than the filesystem's.

    """
    request = BoundedRequest(Transport().request(), deadline)
    try:
        credentials, project = deadline.run(
            lambda: _google("auth").default(scopes=_SCOPES, request=request),
            "looking for application-default credentials",
        )
    except DaypassError:
        raise
    except Exception as error:
        # Not chained: what reads a file may quote from it.
        if wrong_file() or isinstance(error, _google("auth.exceptions").DefaultCredentialsError):
            raise none_found() from None
        raise explained(error, deadline) from error
    if settings.project and project and settings.project != project:
        msg = (
            f"storage_options name the project {ascii(settings.project)[:60]}, but the "
            f"application-default credentials belong to {ascii(project)[:60]}, and gcsfs then "
            "drops them: make the two agree, or give the credentials as token"
        )
        raise InvalidRequestError(msg, option="project")
    return credentials


def key_of(credentials: Any, options: GCSOptions, deadline: Deadline) -> Key:
    """Tell what google-auth credentials can sign with.

    Raises:
        CredentialsError: for anonymous ones, and a person's without an account to sign as.

    """
    asked = options.service_account_email
    if isinstance(credentials, _google("auth.credentials").AnonymousCredentials):
        raise CredentialsError(_ANONYMOUS)
    by_key = isinstance(credentials, _google("oauth2.service_account").Credentials)
    if by_key and asked in (None, credentials.service_account_email):
        return _rsa(credentials)
    if isinstance(credentials, _google("oauth2.credentials").Credentials) and asked is None:
        raise CredentialsError(_A_PERSON)
    return _keyless(credentials, options, deadline)


def _rsa(credentials: Any) -> RsaKey:
    name, universe = credentials.service_account_email, credentials.universe_domain
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        msg = "the service-account key's client_email is no e-mail address: check how it was read"
        raise CredentialsError(msg)
    check_universe(universe)
    key = RsaKey(name, credentials.signer.sign, universe)
    try:
        key.hex(b"")
    except Exception as error:  # noqa: BLE001 - whatever the library makes of an elliptic curve
        msg = (
            f"the service-account key does not sign ({type(error).__name__}): it must be an RSA key"
        )
        raise CredentialsError(msg) from None
    return key


def _keyless(credentials: Any, options: GCSOptions, deadline: Deadline) -> KeylessKey:
    email, delegates, override = options.service_account_email, (), None
    source = credentials
    impersonated = isinstance(credentials, _google("auth.impersonated_credentials").Credentials)
    if impersonated and email in (None, credentials.service_account_email):
        # The one who impersonates asks, and needs no right of the target on itself.
        email = credentials.service_account_email
        source = credentials._source_credentials  # noqa: SLF001 - there is no other way to it
        delegates = tuple(credentials._delegates or ())  # noqa: SLF001
        override = credentials._iam_endpoint_override  # noqa: SLF001
    elif isinstance(credentials, _google("auth.credentials").Scoped):
        source = credentials.with_scopes(_SCOPES)
    email = email or _email_of(source, deadline)
    sign_url = None
    if options.iam_endpoint is not None:
        base = options.iam_endpoint.rstrip("/")
        sign_url = f"{base}/v1/projects/-/serviceAccounts/{{}}:signBlob"
    elif override and override.endswith(":generateAccessToken"):
        sign_url = override.removesuffix(":generateAccessToken") + ":signBlob"
    universe = deadline.run(lambda: credentials.universe_domain, "reading the universe's domain")
    check_universe(universe)
    return KeylessKey(email, source, universe, delegates=delegates, sign_url=sign_url)


def _email_of(source: Any, deadline: Deadline) -> str:
    """Return the service account of a credential; a metadata server tells it with the token."""
    email = getattr(source, "service_account_email", None)
    if email == "default":
        request = BoundedRequest(Transport().request(), deadline)
        deadline.run(
            lambda: refresh(source, request, deadline), "asking the metadata server who we are"
        )
        email = source.service_account_email
    if not isinstance(email, str) or "@" not in email:
        msg = (
            f"these credentials ({type(source).__name__}) belong to no service account that could "
            "sign: name one in signer_options service_account_email, and grant them "
            "roles/iam.serviceAccountTokenCreator on it"
        )
        raise CredentialsError(msg)
    return email
