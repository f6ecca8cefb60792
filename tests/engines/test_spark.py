"""The example for Spark in docs/how-to/pipelines.md, in a Spark of two workers."""

import pyarrow.parquet as pq
import pytest

from tests.engines.oracle import assert_signed
from tests.engines.page import LOOPBACK, run

pytestmark = [
    pytest.mark.engines,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


def test_the_page_signs_a_manifest(store, spark, heard):
    run("Spark", spark=spark)
    assert_signed(pq.read_table("signed"), store)
    assert heard() <= LOOPBACK
