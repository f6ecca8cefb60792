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


def modules(package):
    found = importlib.import_module(package)
    yield package
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        if not module.name.endswith(
            (".__main__", ".child", ".migrations.env")
        ):  # they act when imported
            yield module.name


@pytest.mark.parametrize(
    ("package", "part"), [("daypass", part) for part in range(4)] + [(p, 0) for p in PACKAGES[1:]]
)
def test_docstrings(package, part):
    """The core has as many modules as all others: in four parts, so that workers share them."""
    names = list(modules(package))
    for name in names[part::4] if package == "daypass" else names:
        failures, _ = doctest.testmod(
            importlib.import_module(name),
            optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
        )
        assert failures == 0, name
