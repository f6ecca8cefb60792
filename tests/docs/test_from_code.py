"""What the reference says of the code is what the code is now."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path

import attrs
import pytest

import daypass
from daypass import errors
from daypass.model.options import OPTIONS

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted(path.name for path in REFERENCE.glob("*.md"))
#: Pages elsewhere that hold something from the code.
OTHERS = ["../how-to/write-a-backend.md"]


@pytest.fixture(scope="module")
def made():
    """Return the names of the program that writes the pages."""
    return runpy.run_path(str(ROOT / "docs" / "from_code"))


def in_the_reference():
    return "\n".join((REFERENCE / name).read_text("utf-8") for name in PAGES)


@pytest.mark.parametrize("name", [*PAGES, *OTHERS])
def test_a_page_is_current(made, name):
    text = (REFERENCE / name).read_text("utf-8")
    assert made["current"](text) == text, "the code has changed: run `python docs/from_code`"


def test_a_page_that_is_not_current_is_written_anew_and_the_rest_of_it_left_alone(made):
    page = "# Mine\n\n<!-- from the code: daypass.redact -->\nold\n<!-- end -->\n\nMine too.\n"
    new = made["current"](page)
    assert "\nold\n" not in new
    assert "```py\ndef redact(text: str) -> str\n```" in new
    assert new.startswith("# Mine\n\n<!-- from the code: daypass.redact -->\n")
    assert new.endswith("\n<!-- end -->\n\nMine too.\n")
    assert made["current"](new) == new


def test_every_public_name_has_a_section_that_the_repository_shows():
    sections = set(re.findall(r"^### (?:class )?`([\w.]+)`$", in_the_reference(), re.MULTILINE))
    assert set(daypass.__all__) - sections == {"FormOptions", "SignOptions", "hookimpl"}


def test_every_field_of_a_result_and_a_request_is_shown_with_its_type():
    text = in_the_reference()
    for kind in (daypass.BackendInfo, daypass.SignRequest, daypass.ObjectMetadata):
        section = text.partition(f"\n### class `{kind.__name__}`\n")[2].partition("\n### ")[0]
        shown = re.findall(r"^\| `(\w+)` \| `.+?` \|", section, re.MULTILINE)
        assert {field.name for field in attrs.fields(kind)} <= set(shown)


def test_every_field_is_described():
    assert re.findall(r"^\| `(\w+)` \|.*\|\s*\|$", in_the_reference(), re.MULTILINE) == []


def test_an_error_is_shown_with_its_kind_and_what_it_holds():
    section = in_the_reference().partition("\n### class `StoreError`\n")[2].partition("\n### ")[0]
    assert "A kind of `DaypassError` and `OSError`." in section
    assert inspect.getdoc(errors.StoreError) in section
    assert "| `status` | `int \\| None` | The HTTP status that the store answered with" in section


def test_the_tables_of_options_name_each_of_them():
    page = (REFERENCE / "options.md").read_text("utf-8")
    for name, option in OPTIONS.items():
        assert re.search(
            rf"^\| `{name}` \| [\w ,]* \| {re.escape(option.help)} \|$", page, re.MULTILINE
        )


@pytest.mark.parametrize("name", PAGES)
def test_an_overview_links_headings_that_are_there_once(name):
    text = (REFERENCE / name).read_text("utf-8")
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE
    )
    # As GitHub makes anchors of headings, and MyST after it.
    anchors = [re.sub(r"[^\w -]", "", each).replace(" ", "-").lower() for each in headings]
    links = re.findall(r"^\* \[`[\w.]+`\]\(#([^)]+)\): \S", text, re.MULTILINE)
    assert [link for link in links if anchors.count(link) != 1] == []
    assert bool(links) == (name in ("api.md", "audit.md", "config.md", "links.md", "policy.md"))


def test_a_link_to_the_source_leads_to_a_file(made):
    links = set(re.findall(r"\]\((\.\./\.\./[^)]+\.py)\)", in_the_reference()))
    assert links
    assert [link for link in links if not (REFERENCE / link).resolve().is_file()] == []


def test_a_docstring_becomes_markdown(made):
    said = """Read ``it``.

    >>> 1 + 1
    2

    Like this::

        it()

    Args:
        it: the thing,
            in two lines.

    Returns:
        The thing.

    Raises:
        ValueError: for none.
    """
    assert made["docstrings"].markdown(inspect.cleandoc(said)) == (
        "Read `it`.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nLike this:\n\n```text\nit()\n```\n\n"
        "Arguments:\n\n* `it`: the thing, in two lines.\n\nReturns: The thing.\n\n"
        "Raises:\n\n* `ValueError`: for none."
    )


def test_a_section_that_cannot_be_read_is_no_silence(made):
    with pytest.raises(ValueError, match="a name, a colon and words, not 'what is it'"):
        made["docstrings"].markdown("Read.\n\nArgs:\n    what is it\n")
