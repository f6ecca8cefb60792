"""``explain`` names the truth of every answer: of those that are recorded, of those that stores give now, and of others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

import daypass
from daypass.reading.answers import parse_error
from tests.answers.cases import CASES, ELSEWHERE, Answer, Shop, send
from tests.answers.record import place_of, record
from tests.answers.shops import shop
from tests.answers.truths import truth
from tests.each import each

RECORDED = {name: json.loads(place_of(name).read_text()) for name in CASES}
EACH = [(name, case) for name, cases in CASES.items() for case in cases]
DOCUMENTED = json.loads((Path(__file__).parent / "documented.json").read_text())


def said(kept: dict[str, Any]) -> daypass.Explanation:
    """Explain an answer, at the moment when it was given."""
    answer = Answer(status=kept["status"], headers=kept["headers"], body=kept["body"])
    date = {name.lower(): value for name, value in kept["headers"].items()}.get("date")
    now = datetime.now(UTC) if date is None else parsedate_to_datetime(date)
    url = kept["url"] if "fields" not in kept else {"url": kept["url"], "fields": kept["fields"]}
    return daypass.explain(url, error=answer.raw(), now=now)


def check(answer: daypass.Explanation, kept: dict[str, Any], patterns: list[str]) -> None:
    text = str(answer)
    for pattern in patterns:
        assert re.search(pattern, text), f"{pattern!r} is not in\n{text}"
    # Always, and whatever we make of it.
    message = " ".join(parse_error(kept["body"]).message.split())
    assert message[:200] in text.replace('\\"', '"')
    assert not answer.ok
    assert not re.search(r"(?i)signature=(?!\*)\w", text)


@each("store, case", EACH)
def test_the_recorded_answer_of_a_store_is_told_for_what_it_is(store, case):
    kept = RECORDED[store][case]
    check(said(kept), kept, list(truth(store, case)))


@pytest.fixture(params=[name for name in CASES if name not in ELSEWHERE])
def opened(request, servers) -> Iterator[tuple[str, Shop]]:
    with shop(request.param, servers) as running:
        yield request.param, running


def test_what_a_store_answers_now_is_what_was_recorded_and_told_alike(opened):
    store, running = opened
    for case, make in CASES[store].items():
        sent = make(running)
        kept = record(sent, send(sent))
        then = RECORDED[store][case]
        assert _names(kept) == _names(then), case
        check(said(kept), kept, list(truth(store, case)))


def _names(kept: dict[str, Any]) -> tuple[int, str, frozenset[str]]:
    found = parse_error(kept["body"])
    return kept["status"], found.code, frozenset(found.details) - {"SignatureProvided"}


@each("kept", DOCUMENTED)
def test_the_answer_of_a_store_that_cannot_be_started_here_is_told_for_what_it_is(kept):
    check(said(kept), kept, kept["truth"])
