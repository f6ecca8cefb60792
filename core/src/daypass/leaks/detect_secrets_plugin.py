"""Signed URLs for detect-secrets (https://github.com/Yelp/detect-secrets): S3, Google, Azure, CloudFront, links services.

It is loaded by path, and by detect-secrets alone: ``detect-secrets scan --plugin <path>``.
"""

from __future__ import annotations

import re
from typing import ClassVar

from detect_secrets.plugins.base import RegexBasedDetector

#: What stands between name and value in a URL, in one that is a parameter of another, in JSON, a dict, a header and a HAR.
_EQUALS = r"""(?:\\?["']?\s{0,9}[:=]\s{0,9}\\?["']?|%(?:25)*3D|\\+u003d|\\?["'],\s{0,9}\\?["']value\\?["']\s{0,9}:\s{0,9}\\?["'])"""
#: A slash, in a URL and in JSON.
_SLASH = r"(?:\\*/|%(?:25)*2f|\\+u002f)"


class SignedURLDetector(RegexBasedDetector):
    """Finds signatures and session tokens of signed URLs, and the tokens of links."""

    secret_type = "Signed URL"  # noqa: S105 - what detect-secrets calls a kind of secret

    denylist: ClassVar[list[re.Pattern[str]]] = [
        re.compile(
            rf"https?(?::|%(?:25)*3a){_SLASH}{{2}}[^\s\"'<>]{{1,300}}?{_SLASH}[lp]{_SLASH}"
            r"([a-z0-9_-]{22})(?![_-]*[a-z0-9]|\.[a-z0-9])",
            re.IGNORECASE,
        ),
        re.compile(rf"x-(?:amz|goog)-signature{_EQUALS}([0-9a-f]{{64,}})", re.IGNORECASE),
        re.compile(
            rf"(?:(?<![a-z0-9-])|(?<=26))signature{_EQUALS}([a-z0-9+/%~_-]{{24,}}={{0,2}})(?![a-z0-9+/%~_=(-])",
            re.IGNORECASE,
        ),
        re.compile(
            rf"(?:(?<![a-z0-9])|(?<=26)|(?<=3F))sig{_EQUALS}([a-z0-9+/%]{{43,}}={{0,2}})",
            re.IGNORECASE,
        ),
        re.compile(
            rf"x-amz-(?:security|s3session)-token{_EQUALS}([a-z0-9+/%=_-]{{32,}})", re.IGNORECASE
        ),
        re.compile(
            r"""value\\?["']\s{0,9}:\s{0,9}\\?["']([a-z0-9+/%=~_-]{24,})\\?["'],\s{0,9}\\?["']name\\?["']\s{0,9}:\s{0,9}\\?["']"""
            r"""(?:sig|[a-z-]{0,20}signature|x-amz-(?:security|s3session)-token)\\?["']""",
            re.IGNORECASE,
        ),
    ]
