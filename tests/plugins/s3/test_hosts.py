"""Hosts are read back as botocore made them: of every partition, every kind; a wrong name is never said."""

from __future__ import annotations

from unittest.mock import patch

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

import daypass
from tests.plugins.s3.sdk import NOW

KEY = "a b//é.tif"
DATA = botocore.session.Session().get_component("data_loader").load_data("endpoints")
#: One region of each partition, beside those with words of their own.
REGIONS = sorted(
    {"us-east-1", "us-gov-west-1", "ap-southeast-7", "mx-central-1"}
    | {
        next(
            name
            for name in one["services"]["s3"]["endpoints"]
            if name in one["regions"] and not name.startswith("fips")
        )
        for one in DATA["partitions"]
        if "s3" in one["services"]
    }
)
POINT = "123456789012:accesspoint/mine"


def arns(region):
    partition = next(one["partition"] for one in DATA["partitions"] if region in one["regions"])
    return {
        "access point": f"arn:{partition}:s3:{region}:{POINT}",
        "object lambda": f"arn:{partition}:s3-object-lambda:{region}:{POINT}",
        "outpost": f"arn:{partition}:s3-outposts:{region}:123456789012:outpost/op-01234567890123456/accesspoint/mine",
    }


KINDS = {
    "virtual": {"s3": {"addressing_style": "virtual"}},
    "path": {"s3": {"addressing_style": "path"}},
    "dualstack": {"use_dualstack_endpoint": True},
    "fips": {"use_fips_endpoint": True},
    "accelerate": {"s3": {"use_accelerate_endpoint": True}},
}
BUCKETS = ["maps", "dotted.bucket.name", "access point", "object lambda", "outpost",
           "test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3"]  # fmt: skip


def made(bucket, region, kind, **more):
    """Return botocore's URL, or None where it makes none."""
    try:
        client = boto3.client(
            "s3",
            aws_access_key_id="AK",
            aws_secret_access_key="made-up",
            region_name=region,
            config=Config(signature_version="s3v4", **KINDS[kind]),
            **more,
        )
        with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
            return client.generate_presigned_url(
                "get_object", Params={"Bucket": bucket, "Key": KEY}
            )
    except (BotoCoreError, ValueError):
        return None


@pytest.mark.parametrize("region", REGIONS)
def test_every_host_of_botocore_s_is_read_back(region):
    read = 0
    for kind in KINDS:
        for name in BUCKETS:
            bucket = arns(region).get(name, name)
            url = made(bucket, region, kind)
            if url is None or ".aws-global." in url:  # which no host of Amazon's is
                continue
            read += 1
            answer = daypass.explain(url, now=NOW)
            assert (answer.bucket, answer.key) == (bucket, KEY), url.partition("?")[0]
            errors = [one for one in answer.findings if one.severity == "error"]
            # Where a region has no host by FIPS 140, botocore takes one elsewhere, and Amazon refuses that.
            elsewhere = kind == "fips" and f".{region}." not in url
            assert [one.code for one in errors] == (["region"] if elsewhere else []), url
    assert read > 8


@pytest.mark.parametrize(
    ("endpoint", "bucket"),
    [
        ("https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com", "maps"),
        ("https://accesspoint.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com", f"arn:aws:s3:us-east-1:{POINT}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["virtual", "path"])
def test_an_interface_endpoint_is_read_back(endpoint, bucket, kind):
    url = made(bucket, "us-east-1", kind, endpoint_url=endpoint)
    answer = daypass.explain(url, now=NOW)
    assert (answer.bucket, answer.key) == (bucket, KEY), url.partition("?")[0]


SIGNED = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20261102%2Fauto%2Fs3%2Faws4_request&X-Amz-Date=20261102T090000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"


@pytest.mark.parametrize(
    ("place", "bucket", "key"),
    [
        ("maps.nyc3.digitaloceanspaces.com/a/b", "maps", "a/b"),
        ("nyc3.digitaloceanspaces.com/maps/a/b", "maps", "a/b"),
        ("maps.nyc3.cdn.digitaloceanspaces.com/a/b", "maps", "a/b"),
        ("maps.fsn1.your-objectstorage.com/a/b", "maps", "a/b"),
        ("fsn1.your-objectstorage.com/maps/a/b", "maps", "a/b"),
        ("maps.us-ord-10.linodeobjects.com/a/b", "maps", "a/b"),
        ("us-east-1.linodeobjects.com/maps/a/b", "maps", "a/b"),
        ("maps--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com/a/b", "maps--usw2-az1--x-s3", "a/b"),
        ("mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com/a/b", None, "a/b"),
        ("control.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com/a/b", None, "a/b"),
        ("something.new.us-east-1.amazonaws.com/a/b", None, "a/b"),
        ("maps.s3-website-us-east-1.amazonaws.com/a/b", "maps", "a/b"),
        ("maps.s3-website.eu-central-1.amazonaws.com/a/b", "maps", "a/b"),
        ("maps.s3-us-gov-west-1.amazonaws.com/a/b", "maps", "a/b"),
        ("s3-external-1.amazonaws.com/maps/a/b", "maps", "a/b"),
    ],
)  # fmt: skip
def test_other_hosts_name_the_bucket_or_none_with_a_note(place, bucket, key):
    answer = daypass.explain(f"https://{place}?{SIGNED}", now=NOW)
    assert (answer.bucket, answer.key) == (bucket, key)
    if bucket is None:
        assert answer.path is None
        assert any(one.code == "addressing" for one in answer.findings)
