"""What a package gives out is imported when it is asked for, and is always the same thing."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

PACKAGES = ("daypass.audit", "daypass.policy")


@pytest.mark.parametrize("package", PACKAGES)
def test_all_that_a_package_names_is_there_and_nothing_else(package):
    module = importlib.import_module(package)
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        module.nothing  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_of_a_package_takes_the_place_of_what_it_gives_out(package):
    module = importlib.import_module(package)
    assert {found.name for found in pkgutil.iter_modules(module.__path__)}.isdisjoint(
        module.__all__
    )


#: What one link without configuration, policy or audit has no need of.
UNUSED = (
    "asyncio",
    "cattrs",
    "daypass.policy.rules",
    "daypass.audit.file",
    "daypass.config.tables",
)


@pytest.mark.parametrize("module", UNUSED)
def test_one_link_imports_nothing_that_it_does_not_use(module):
    code = (
        "import sys, daypass\n"
        "try:\n    daypass.create_signed_url('file:///a')\n"
        "except daypass.errors.SigningNotSupportedError:\n    pass\n"
        f"sys.exit({module!r} in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
