"""The examples for Ray in docs/how-to/pipelines.md, in a Ray of two workers."""

import pyarrow.parquet as pq
import pytest

from tests.engines.oracle import assert_signed
from tests.engines.page import LOOPBACK, run

pytestmark = [
    pytest.mark.engines,
    pytest.mark.filterwarnings("ignore:`use_:DeprecationWarning"),
]


def test_the_page_signs_a_manifest_and_reads_what_it_names(store, ray_logs, heard):
    names = run("Ray")
    assert_signed(pq.read_table("signed"), store)
    images = names["images"].take_all()
    assert len(images) == 200
    assert all(f"s3://maps/{row['bytes'].decode()}" == row["path"] for row in images)
    assert names["cities"].sum("n") == sum(range(1000))
    assert heard() <= LOOPBACK
    for log in ray_logs.rglob("*"):
        if log.is_file():
            text = log.read_bytes()
            assert store.secret.encode() not in text, log.name
            assert b"Signature=" not in text, log.name
