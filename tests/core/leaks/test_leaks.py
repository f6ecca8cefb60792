"""The shipped rules find every kind of signed URL, with the real scanners' engines, and little else."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest
import re2

from daypass.leaks import DETECT_SECRETS, GITLEAKS
from tests.core.values import TOKEN, URLS, WRITTEN
from tests.each import each

RULES = {rule["id"]: rule for rule in tomllib.loads(GITLEAKS.read_text())["rules"]}
#: A made-up Azure signature has 44 characters; the one of S3 in Version 2 has 28.
AZURE = "https://a.example/c/k?se=2026-11-02T09%3A00Z&sig=ZEuqL17Enw3SO6zeRjYDnedXYngQ8GrQMUBx82BGelY%3D&sp=r"
#: What S3 Express signs with: the token alone, as the header of a request holds it.
EXPRESS = f"https://b.example/k?x=1&X-Amz-S3session-Token={TOKEN}"
FOUND = {
    **{kind: url for kind, (url, _) in URLS.items()},
    "Azure": AZURE,
    "a session of S3 Express": EXPRESS,
}
INNOCENT = [
    "the signature of the function is unknown",
    "signature=None, sig=None",
    "def check(signature: str, sig: bytes) -> None:",
    "X-Amz-Signature=****&sig=****",
    "X-Goog-SignedHeaders=host&X-Goog-Expires=3600",
    '"signature": "see below"',
    "design=minimal-and-very-long-name-of-a-design-of-ours-2026",
    "https://example.com/?key=value&sign=1",
    "signature: see https://docs.example/a-page",
    "the signature = base64_of_the_signed_text(key)",
    '{"value": "a-value-that-is-long-and-of-no-secret", "name": "design"}',
]
#: A link that is secret by the token in its path, and such as look like one.
LINK = "https://links.example/team/l/8w2-aB_dEfGhIjKlMnOpQg"
LINKS = {
    f"{kind}, {way}": WRITTEN[way](LINK + rest)
    for kind, rest in {"an object": "", "below a prefix": "/a/b.csv", "with a marker": "?as=json", "a page": "#top"}.items()
    for way in ("bare", "in a sentence", "percent-encoded", "encoded twice", "in JSON", "in JSON within JSON", "in HTML", "in a dict", "in bytes")
} | {"slashes escaped": json.dumps({"url": LINK}).replace("/", "\\/"), "at the end of a sentence": f"See {LINK}."}  # fmt: skip
INNOCENT += [
    "https://www.instagram.com/p/CGxYzAbCdEf/",
    "https://files.example/p/abcdefghijklmnopqrstuv.csv",
    "https://files.example/p/abcdefghijklmnopqrstuv-and-more",
    "https://files.example/s/8w2-aB_dEfGhIjKlMnOpQg",
    "https://files.example/l/8w2-aB_dEfGhIjKlMnOpQ",
    "s3://results/p/8w2-aB_dEfGhIjKlMnOpQg",
    "import src/l/abcdefghijklmnopqrstuv",
]
#: A scanner looks at lines, so that what is written over bytes or capitals is no other case.
WAYS = [way for way in WRITTEN if way not in ("as pairs", "in upper case", "in bytes")]


def matches(text) -> Iterator[str]:
    """Find as gitleaks does: a keyword, then the regular expression in RE2."""
    for name, rule in RULES.items():
        if any(word in text.lower() for word in rule["keywords"]) and re2.search(
            rule["regex"], text
        ):
            yield name


@each("way", WAYS)
@pytest.mark.parametrize("kind", FOUND)
def test_gitleaks_rules_find_every_signed_url(kind, way):
    assert list(matches(WRITTEN[way](FOUND[kind])))


@pytest.mark.parametrize("text", INNOCENT)
def test_gitleaks_rules_leave_other_text_alone(text):
    assert list(matches(text)) == []


@pytest.mark.parametrize("name", RULES)
def test_each_rule_of_gitleaks_is_whole(name):
    rule = RULES[name]
    assert rule.keys() >= {"id", "description", "regex", "secretGroup", "keywords"}
    assert re2.compile(rule["regex"]).groups >= rule["secretGroup"]
    assert all(word == word.lower() for word in rule["keywords"])


@each("case", LINKS)
def test_gitleaks_rules_find_every_link_by_its_token(case):
    assert "link-by-token" in matches(LINKS[case])


TEXTS = LINKS | {f"{kind}, {way}": WRITTEN[way](url) for kind, url in FOUND.items() for way in WAYS}


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """Let the real detect-secrets scan a file for each text, once; return the names of what it found."""
    place = tmp_path_factory.mktemp("repository")
    names = {}
    for number, (name, text) in enumerate([*TEXTS.items(), *((text, text) for text in INNOCENT)]):
        (place / f"{number}.txt").write_text(f"{text}\n")
        names[f"{number}.txt"] = name
    done = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "--no-verify",
         "--plugin", DETECT_SECRETS, "."],
        cwd=place, capture_output=True, check=True, text=True, timeout=120,
    )  # fmt: skip
    report = json.loads(done.stdout)["results"]
    return {
        names[file]
        for file, hits in report.items()
        if any(hit["type"] == "Signed URL" for hit in hits)
    }


def test_detect_secrets_finds_every_signed_url(scanned):
    assert TEXTS.keys() - scanned == set()


def test_detect_secrets_leaves_other_text_alone(scanned):
    assert scanned & set(INNOCENT) == set()
