"""The pages as the repository shows them, where nothing but Markdown is understood."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.each import each

ROOT = Path(__file__).parents[2]
PAGES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "core/README.md"),
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "plugins").glob("*/README.md"))),
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("*.md"))),
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").glob("[!_]*/*.md"))),
]
#: Tables of contents, for the pages that Sphinx builds.
CONTENTS = ("docs/index.md", "docs/decisions/index.md")


def prose(page):
    """Return a page without its blocks of code."""
    return re.sub(
        r"^```.*?^```", "", (ROOT / page).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each) for each in headings]
    return {re.sub(r"[^\w -]", "", each).replace(" ", "-").lower() for each in plain}


@each("page", sorted({*PAGES} - {*CONTENTS}))
def test_a_page_holds_nothing_that_only_sphinx_understands(page):
    text = (ROOT / page).read_text("utf-8")
    assert re.findall(r"^(?:```|:::)\{.*|(?<!\$)\{[a-z]+\}`", text, re.MULTILINE) == []


@each("page", PAGES)
def test_a_link_leads_to_a_file_and_a_heading(page):
    dead = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(page)):
        file, _, anchor = link.partition("#")
        to = os.path.normpath(Path(page).parent / file) if file else page
        if not (ROOT / to).exists() or (anchor and anchor not in anchors(to)):
            dead.append(link)
    assert dead == []
