"""marimo shows cards as they are drawn, lets live ones work, and keeps no secret of either."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.notebook.made import RESULTS, SECRET, TOKEN, URLS
from tests.servers.chromium import chromium
from tests.servers.process import serving

pytestmark = pytest.mark.marimo

#: One cell for each result, and live cards: of a link, and of a form.
APP = """
import marimo

app = marimo.App()

@app.cell
def _():
    from daypass_notebook import live
    from tests.plugins.notebook.made import RESULTS, form, link
    return RESULTS, form, link, live
{cells}
@app.cell
def _(link, live):
    live(link())

@app.cell
def _(form, live):
    live(form())
"""
CELL = """
@app.cell
def _(RESULTS):
    RESULTS[{name!r}]
"""
#: An app that shows what its author ought not to: URLs as texts, as results and in errors.
CARELESS = """
import marimo

app = marimo.App()

@app.cell
def _():
    import daypass
    from IPython import get_ipython
    from tests.plugins.notebook.made import URLS
    daypass.load_ipython_extension(get_ipython())
    return URLS,
{cells}
"""
CARELESS_CELL = """
@app.cell
def _(URLS):
    print(URLS[{name!r}])
    URLS[{name!r}]

@app.cell
def _(URLS):
    raise ValueError(URLS[{name!r}])
"""
#: What docs/how-to/notebooks.md has for marimo.
MASKING = re.search(
    r"^### In marimo$.+?^```py$(.+?)^```$",
    (Path(__file__).parents[2] / "docs/how-to/notebooks.md").read_text(),
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def app(tmp_path):
    """The file of an app in a folder of its own, and the environment that marimo runs in."""
    cells = "".join(CELL.format(name=name) for name in RESULTS)
    (tmp_path / "app.py").write_text(APP.format(cells=cells))
    return tmp_path / "app.py", environment(tmp_path)


def environment(tmp_path):
    own = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "DATA", "STATE")}  # fmt: skip
    root = str(Path(__file__).parents[2])
    return {**os.environ, **own, "PYTHONPATH": root}


def command(*words):
    return [sys.executable, "-W", "ignore", "-m", "marimo", *words]


#: Cards as the browser writes styles, one for each HTML that is given, and what it shows.
CARDS = """(drawn) => {
    const written = (card) => {
        for (const one of [card, ...card.querySelectorAll("[style]")]) one.style.cssText = one.style.cssText;
        return card.outerHTML;
    };
    const parsed = (html) => Object.assign(document.createElement("div"), { innerHTML: html }).firstChild;
    const shown = [...document.querySelectorAll(".output > div")].map((card) => written(card.cloneNode(true)));
    return [drawn.map(parsed).map(written), shown];
}"""


def undated(card):
    """Return a card without how far off its end was when it was drawn."""
    return re.sub(r"[^<>]* this card was drawn \([^<>]*UTC\)", "", card)


def test_an_exported_page_and_what_marimo_keeps_hold_no_secret(app):
    file, env = app
    subprocess.run(
        command("export", "html", file.name, "-o", "app.html"),
        cwd=file.parent,
        env=env,
        check=True,
        timeout=300,
    )
    assert "europe.csv" in (file.parent / "app.html").read_text()
    kept = [found for found in file.parent.rglob("*") if found.is_file()]
    assert len(kept) > 2
    for found in kept:
        content = found.read_bytes()
        assert SECRET.encode() not in content, found
        assert TOKEN.encode() not in content, found


def test_what_an_app_shows_all_the_same_is_masked_in_its_files_as_the_page_says(
    tmp_path, monkeypatch
):
    cells = "".join(CARELESS_CELL.format(name=name) for name in URLS)
    (tmp_path / "app.py").write_text(CARELESS.format(cells=cells))
    words = command("export", "html", "app.py", "-o", "app.html")
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env=environment(tmp_path),
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "some cells failed to execute" in done.stderr
    files = [tmp_path / "app.html", tmp_path / "__marimo__/session/app.py.json"]
    for file in files:
        text = file.read_text()
        assert text.count(SECRET) > 2 * len(URLS)
        assert TOKEN in text
    monkeypatch.chdir(tmp_path)
    exec(compile(MASKING[1], "notebooks.md, In marimo", "exec"), {})
    for file in files:
        text = file.read_text()
        assert SECRET not in text
        assert TOKEN not in text
        assert "europe.csv" in text
    json.loads(files[1].read_text())


def test_cards_are_as_they_are_drawn_and_a_click_on_a_live_one_copies_its_link(app):
    file, env = app
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    words = (
        "run",
        file.name,
        "--headless",
        "--no-token",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    )
    with serving(command(*words), str(file.parent), env) as output, chromium() as browser:
        output.wait_for("URL:")
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.set_default_timeout(300_000)
        page.goto(f"http://127.0.0.1:{port}")
        page.get_by_role("button", name="Copy", exact=True).click()
        page.get_by_text("copied", exact=True).wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == URLS["S3"]
        page.get_by_text("Drop files here, or choose them:").wait_for()
        content = page.content()
        drawn, shown = page.evaluate(CARDS, [one._repr_html_() for one in RESULTS.values()])
        context.close()
    assert not {*map(undated, drawn)} - {*map(undated, shown)}
    assert SECRET not in content
    assert TOKEN not in content
