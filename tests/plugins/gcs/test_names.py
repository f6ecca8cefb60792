"""Misspelt storage options of GCS are refused, and name the nearest."""

import pytest

import daypass


@pytest.mark.parametrize(
    ("name", "nearest"), [("tokn", "token"), ("endpont_url", "endpoint_url"), ("projet", "project")]
)
def test_a_misspelt_storage_option_is_refused(name, nearest):
    with pytest.raises(daypass.UnknownOptionError, match=nearest):
        daypass.create_signed_url("gs://bucket/key", storage_options={name: "x"})
