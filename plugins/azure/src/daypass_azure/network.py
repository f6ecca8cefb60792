"""The filesystem's event loop: every network call goes through it, bounded by the deadline."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from fsspec.asyn import sync
from fsspec.exceptions import FSTimeoutError

from daypass.errors import (
    AccessDeniedError,
    CredentialsError,
    DaypassError,
    DeadlineError,
    InvalidRequestError,
    ObjectNotFoundError,
    StoreError,
)
from daypass.model.locations import Location
from daypass.toolkit.deadlines import check_may_wait
from daypass.toolkit.engine import prepared
from daypass.toolkit.failures import clock_apart, unreachable
from daypass.toolkit.filesystems import sync_filesystem
from daypass.toolkit.roots import root_of
from daypass_azure.paths import Place

_DENIED = (401, 403)


def filesystem(location: Location, place: Place | None = None) -> Any:
    """Return adlfs's filesystem with a loop of its own, told the account that the path names.

    Raises:
        CredentialsError: if adlfs cannot open it.
        InvalidRequestError: if ``fs`` is not adlfs's.

    """
    try:
        return prepared(location, "azure.fs", partial(_open, place=place))
    except DaypassError:
        raise
    except (ValueError, TypeError, ImportError, AzureError) as error:
        # adlfs quotes the SDK, which may quote what it was given: not repeated, not chained.
        msg = f"adlfs could not open the filesystem ({type(error).__name__}): check account_name and the credential in storage_options"
        raise CredentialsError(msg) from None


def _open(location: Location, place: Place | None) -> Any:
    told: dict[str, Any] = {}
    options = location.storage_options
    if place is not None and place.account is not None and not location.has_fs:
        if not options.get("account_name"):
            told["account_name"] = place.account
        if not options.get("account_host"):
            told["account_host"] = place.host
    if told:
        import fsspec

        kind = fsspec.get_filesystem_class(location.protocol)
        return kind(
            **{**options, **told, "asynchronous": False, "loop": None}, skip_instance_cache=True
        )
    if not hasattr(location.fs, "service_client"):
        msg = f"fs must be an adlfs.AzureBlobFileSystem, not {type(location.fs).__name__}"
        raise InvalidRequestError(msg, option="fs")
    return sync_filesystem(location)


def call_sdk(
    location: Location,
    fs: Any,
    what: str,
    call: Callable[..., Any],
    *args: Any,
    root: str | None = None,
    **named: Any,
) -> Any:
    """Await one call of the SDK, once and within the deadline, and translate how it fails.

    Args:
        location: for its deadline, in seconds.
        fs: the filesystem, for its loop.
        what: what is asked for, in words for messages.
        call: a coroutine function of the SDK's async client.
        args: its arguments.
        root: which element the store answers with: the SDK takes any for an empty one. None for an answer
            without a body.
        named: its keywords.

    Raises:
        ObjectNotFoundError: if the store answers 404.
        AccessDeniedError: if it answers 401 or 403.
        CredentialsError: if no token could be had.
        DeadlineError: if there was no answer in time.
        StoreError: otherwise.

    """
    check_may_wait(what)
    try:
        # The SDK's retries begin after 15 s, which is no time for somebody who waits for a link. A redirect
        # could carry a credential to another host.
        once: dict[str, Any] = {"retry_total": 0, "permit_redirects": False}
        if root is not None:
            once["raw_response_hook"] = partial(_check_root, what, root)
        return sync(fs.loop, call, *args, timeout=location.deadline, **once, **named)
    except DaypassError:
        raise
    except FSTimeoutError:
        msg = f"{what} did not arrive within {location.deadline:g} s"
        raise DeadlineError(msg) from None
    except ResourceNotFoundError as error:
        if "ContainerNotFound" in _code(error):
            msg = f"{what}: there is no such container: check its name, and the account"
            raise StoreError(msg, status=404, store_code="ContainerNotFound") from None
        msg = f"{what}: the store has no such thing{_code(error)}"
        raise ObjectNotFoundError(msg) from None
    except HttpResponseError as error:
        raise _explained(error, what) from None
    except (AzureError, OSError, ValueError, TypeError) as error:
        why = unreachable(error) or "check the endpoint and that it can be reached"
        msg = f"{what} could not be had ({type(error).__name__}): {why}"
        raise StoreError(msg) from None


def _check_root(what: str, root: str, answered: Any) -> None:
    """Raise where a success is of another element, or none."""
    response = answered.http_response
    found = root_of(response.body())
    if response.status_code < HTTPStatus.BAD_REQUEST and found != root:
        brought = "something that is no XML" if found is None else f"<{found[:40]}>"
        msg = f"{what}: {brought} was answered in place of <{root}>: look at what answers there, such as a proxy or a log-in"
        raise StoreError(msg, status=response.status_code)


def _explained(error: HttpResponseError, what: str) -> DaypassError:
    """Translate an answer, by its status and Azure's own code: its text may hold more."""
    # Only answers of the store itself are given a code; Microsoft Entra's are not.
    if isinstance(error, ClientAuthenticationError) and not hasattr(error, "error_code"):
        return CredentialsError(
            f"{what}: no Microsoft Entra token could be had ({type(error).__name__}): check the "
            "credential in storage_options"
        )
    if error.status_code in _DENIED:
        date = getattr(error.response, "headers", {}).get("Date")
        return AccessDeniedError(
            f"{what}: the store refuses this credential{_code(error)}{clock_apart(date)}"
        )
    status = "" if error.status_code is None else f" {error.status_code}"
    return StoreError(
        f"{what}: the store answered{status}{_code(error)}",
        status=error.status_code,
        store_code=_code(error).strip(" ()") or None,
    )


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", None)
    return f" ({getattr(code, 'value', code)})" if code else ""
