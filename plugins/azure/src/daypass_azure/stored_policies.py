"""A container's stored access policy: what it says of the links that name it."""

from __future__ import annotations

import attrs

from daypass.errors import InvalidRequestError, UnsupportedOptionError
from daypass.model.locations import Location
from daypass_azure.account import Account
from daypass_azure.network import call_sdk, filesystem


@attrs.frozen
class StoredAccessPolicy:
    """What a stored access policy holds. Azure takes each field from the policy or the link, never both."""

    name: str
    #: Its permission letters, empty where the link is to say.
    permissions: str
    #: True where it says from when on.
    starts: bool


def read_policy(location: Location, account: Account, name: str) -> StoredAccessPolicy:
    """Read one policy of the location's container.

    Raises:
        InvalidRequestError: if there is no such policy, or it holds an expiry of its own: the owner
            may move that at any time, so nobody could tell when the link ends.
        AccessDeniedError: if the container's policies may not be read.
        DeadlineError: if the store did not answer in time.

    """
    fs = filesystem(location, account.place)
    container = account.place.container
    client = fs.service_client.get_container_client(container)
    what = f"the stored access policies of the container {container}"
    found = call_sdk(
        location, fs, what, client.get_container_access_policy, root="SignedIdentifiers"
    )
    for identifier in found["signed_identifiers"]:
        if identifier.id != name:
            continue
        held = identifier.access_policy
        if held is not None and held.expiry:
            msg = (
                f"the stored access policy {name!r} holds an expiry of its own, so that the link's "
                "end could not be told: take it out of the policy, and the link will hold it"
            )
            raise InvalidRequestError(msg, option="stored_access_policy")
        if held is None:
            return StoredAccessPolicy(name, "", starts=False)
        return StoredAccessPolicy(name, held.permission or "", starts=bool(held.start))
    msg = f"the container {container} has no stored access policy {name!r}"
    raise InvalidRequestError(msg, option="stored_access_policy")


def check_permission(policy: StoredAccessPolicy, needed: str) -> None:
    """Raise where a policy's own permissions are not exactly what a link needs.

    Raises:
        UnsupportedOptionError: naming what it holds and what would be right.

    """
    if policy.permissions and set(policy.permissions) != set(needed):
        msg = (
            f"the stored access policy {policy.name!r} holds the permissions "
            f"{policy.permissions!r}, and this link needs exactly {needed!r}: take another policy, "
            "or one that holds none"
        )
        raise UnsupportedOptionError(msg, option="method", backend="azure")
