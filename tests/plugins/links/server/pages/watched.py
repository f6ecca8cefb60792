"""Pages in a real browser, watched: no policy is violated, no script fails, nothing is missing; and what axe-core finds."""

from __future__ import annotations

from contextlib import contextmanager

from tests.servers.install import page_modules

#: Has every violation of the policy told.
WATCH = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`refused: ${event.violatedDirective} ${event.blockedURI}`));"""
#: Says which rules of axe-core a page breaks, and where.
AXE = """async () => (await axe.run()).violations.map(
    (found) => `${found.id}: ${found.nodes.map((node) => node.html).join(" ")}`)"""


@contextmanager
def opened(browser, service, missing=(), **options):
    """Open a page in a browser of its own, and see that no policy was violated, no script failed and nothing was missing.

    Of the provider's pages nothing is asked, and those of ours that are missing are named.
    """
    context = browser.new_context(**{"locale": "en-GB", **options})
    context.set_default_timeout(30_000)
    context.add_init_script(WATCH)
    said = []

    def hear(message):
        place = message.location["url"]
        is_missing = place.removeprefix(service.address) in missing
        if place.startswith(service.address) and not (
            is_missing and message.text.startswith("Failed to load resource")
        ):
            said.append(f"{place} {message.text}")

    context.on("console", hear)
    context.on("weberror", lambda error: said.append(str(error.error)))
    page = context.new_page()
    yield page
    context.close()
    assert said == [], said


def look(page):
    """Return which rules of axe-core the page breaks that is open."""
    page.evaluate((page_modules() / "axe-core" / "axe.min.js").read_text())
    return page.evaluate(AXE)
