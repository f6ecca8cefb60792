"""What pystac-client finds in an API of STAC, signed for a store that verifies links and read by them."""

import urllib.request
from datetime import UTC, datetime

import pystac
import pytest
from pystac_client import Client

import daypass
from tests.servers.stac import stac_api

pytestmark = [pytest.mark.servers, pytest.mark.nightly]

PAGE = 10
NAMES = [f"scene {number}" for number in range(25)]
WHEN = datetime(2026, 5, 1, tzinfo=UTC)
EXTENT = pystac.Extent(
    pystac.SpatialExtent([[-180, -90, 180, 90]]), pystac.TemporalExtent([[WHEN, None]])
)
FOREIGN = "https://example.org/licence.html"


def item(name, bucket):
    image, licence = pystac.Asset(f"s3://{bucket}/{name}.tif"), pystac.Asset(FOREIGN)
    point = {"type": "Point", "coordinates": [8.5, 47.4]}
    return pystac.Item(
        name.replace(" ", "-"),
        point,
        [8.5, 47.4, 8.5, 47.4],
        WHEN,
        {},
        collection="maps",
        assets={"image": image, "licence": licence},
    )


@pytest.fixture
def catalog(server, admin, bucket, monkeypatch):
    """The URL of a catalog of what lies in a bucket, whose credentials are in the environment."""
    admin.pipe({f"{bucket}/{name}.tif": name.encode() for name in NAMES})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    monkeypatch.setenv("AWS_DEFAULT_REGION", server.region)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    items = pystac.ItemCollection([item(name, bucket) for name in NAMES])
    collection = pystac.Collection("maps", "Maps", EXTENT)
    with stac_api(collection.to_dict(), items.to_dict()) as url:
        yield url


def read(items):
    """Return what the images of items hold, by their links, in order; all else of them is as it was."""
    found = []
    for one in items:
        assert one.assets["licence"].href == FOREIGN
        with urllib.request.urlopen(one.assets["image"].href, timeout=60) as answer:
            found.append(answer.read().decode())
    return sorted(found)


def test_a_search_of_many_pages_is_signed_whole(catalog):
    search = Client.open(catalog).search(collections=["maps"], limit=PAGE)
    assert [len(page) for page in search.pages()] == [10, 10, 5]
    signed = daypass.sign(search)
    assert read(signed) == sorted(NAMES)
    assert all(one.self_href.startswith(f"{catalog}/collections/maps/items/") for one in signed)


def test_a_client_with_a_modifier_gives_what_is_signed_already(catalog, bucket):
    client = Client.open(catalog, modifier=daypass.sign_inplace)
    search = client.search(collections=["maps"], limit=PAGE)
    assert read(search.items()) == sorted(NAMES)
    assert read(map(pystac.Item.from_dict, search.items_as_dicts())) == sorted(NAMES)
    collection = client.get_collection("maps")
    assert read(collection.get_items()) == sorted(NAMES)
    assert read([collection.get_item("scene-7")]) == ["scene 7"]
    # What was signed stays as it is. By GET, this server gives no second page of a search for some collections.
    assert read(daypass.sign(client.search(limit=PAGE, method="GET"))) == sorted(NAMES)
