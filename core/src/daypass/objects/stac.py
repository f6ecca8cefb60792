"""Items, collections and searches of pystac and pystac-client: the assets of each are signed."""

from __future__ import annotations

import sys
from typing import Any

from daypass.errors import InvalidRequestError
from daypass.hookspecs.signings import Signing

__all__ = ["sign_object"]


def sign_object(thing: Any, signing: Signing) -> Any:
    """Return a STAC object whose assets lead to signed URLs; of a search, what it finds; NotImplemented of another type.

    Raises:
        InvalidRequestError: for a search that is to be changed in place.

    """
    pystac = sys.modules["pystac"]
    client = sys.modules.get("pystac_client")
    if client is not None and isinstance(thing, client.ItemSearch):
        if signing.in_place:
            msg = "what a search finds cannot be changed before it is there: give daypass.sign_inplace to it as modifier"
            raise InvalidRequestError(msg, option="thing")
        thing = thing.item_collection()
        return _signed(thing, thing.items, signing)
    if isinstance(thing, pystac.ItemCollection):
        thing = thing if signing.in_place else thing.clone()
        return _signed(thing, thing.items, signing)
    if isinstance(thing, pystac.Asset):
        thing = thing if signing.in_place else thing.clone()
        _sign_assets([thing], signing)
        return thing
    if isinstance(thing, (pystac.Item, pystac.Collection)):
        thing = thing if signing.in_place else thing.clone()
        return _signed(thing, [thing], signing)
    return NotImplemented


def _signed(thing: Any, holders: Any, signing: Signing) -> Any:
    _sign_assets([asset for holder in holders for asset in holder.assets.values()], signing)
    return thing


def _sign_assets(assets: list[Any], signing: Signing) -> None:
    for asset, url in zip(assets, signing.urls([asset.href for asset in assets]), strict=True):
        asset.href = url
        # Other ways to the same data (https://github.com/stac-extensions/alternate-assets) are not fields of its own.
        asset.extra_fields = signing.inner(asset.extra_fields)
