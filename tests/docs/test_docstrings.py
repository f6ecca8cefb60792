"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = (
    "daypass",
    "daypass_azure",
    "daypass_cloudfront",
    "daypass_gcs",
    "daypass_links",
    "daypass_notebook",
    "daypass_redis",
    "daypass_s3",
)


def modules():
    for package in PACKAGES:
        found = importlib.import_module(package)
        yield package
        for module in pkgutil.walk_packages(found.__path__, f"{package}."):
            if not module.name.endswith(
                (".__main__", ".child", ".migrations.env")
            ):  # they act when imported
                yield module.name


@pytest.mark.parametrize("name", list(modules()))
def test_docstrings(name):
    failures, _ = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert failures == 0
