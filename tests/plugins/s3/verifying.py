"""``verify`` with the key that signed, five minutes later, and the errors that it finds."""

from __future__ import annotations

from datetime import timedelta

import daypass
from tests.plugins.s3.sdk import NOW

KEY = {"key": "AKIAIOSFODNN7EXAMPLE", "secret": "made-up"}


def verified(url, method="GET", headers=None, **options):
    options = {"storage_options": KEY, "now": NOW + timedelta(minutes=5), **options}
    return daypass.verify(url, method=method, headers=headers, **options)


def codes(answer):
    return {finding.code for finding in answer.findings if finding.severity == "error"}
