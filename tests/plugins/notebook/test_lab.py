"""JupyterLab shows a card as it is drawn, whether it trusts the notebook or not, on a light and on a dark page."""

from __future__ import annotations

import os
import re
import socket
import sys
from contextlib import contextmanager
from html import unescape
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

import pytest

from tests.plugins.notebook.made import RESULTS, SECRET
from tests.servers.chromium import chromium
from tests.servers.process import serving
from tests.servers.serving import serving as serving_here

pytestmark = pytest.mark.nightly

#: The HTML of all cards, and what of them lies beyond the cell that they are in.
_CARDS = """() => {
    const cards = [...document.querySelectorAll('.jp-RenderedHTML')];
    return {
        html: cards.map(card => card.innerHTML),
        wide: cards.filter(card => card.scrollWidth > card.clientWidth).length,
        colours: cards.map(card => getComputedStyle(card.querySelector('td') || card).color),
        dark: document.body.dataset.jpThemeLight === 'false',
    };
}"""


@contextmanager
def lab(folder, environment):
    """Run JupyterLab over a folder for as long as the block lasts; yield the address of a notebook in it."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    command = [
        *(sys.executable, "-W", "ignore", "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=t"),
        *(f"--ServerApp.root_dir={folder / 'work'}", "--LabApp.news_url="),
        f"--LabApp.user_settings_dir={folder / 'settings'}",
    ]
    own = folder / "server"
    own.mkdir()
    with serving(command, str(own), {**os.environ, **environment}) as output:
        output.wait_for("is running at:")
        yield f"http://127.0.0.1:{port}/lab/tree/a.ipynb?reset&token=t"


def shown(browser, url):
    """Return what a browser shows of the notebook's cards."""
    context = browser.new_context(viewport={"width": 900, "height": 9000})
    page = context.new_page()
    page.goto(url, timeout=120_000)
    page.wait_for_function(
        f"document.querySelectorAll('.jp-RenderedHTML').length === {len(RESULTS)}", timeout=120_000
    )
    found = page.evaluate(_CARDS)
    context.close()
    return found


def bare(html):
    """Return HTML without what may be written in two ways: quotes as entities, and the end of a style."""
    return re.sub(r"\s+|;", "", unescape(html))


def test_cards_are_the_same_trusted_and_not_light_and_dark(tmp_path, monkeypatch):
    import nbformat
    from nbformat import v4
    from nbformat.sign import NotebookNotary

    drawn = [result._repr_html_() for result in RESULTS.values()]
    (tmp_path / "work").mkdir()
    book = v4.new_notebook(
        cells=[
            v4.new_code_cell("", outputs=[v4.new_output("display_data", data={"text/html": html})])
            for html in drawn
        ]
    )
    nbformat.write(book, tmp_path / "work" / "a.ipynb")
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    settings = tmp_path / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    monkeypatch.setenv("JUPYTER_DATA_DIR", own["JUPYTER_DATA_DIR"])
    seen = {}
    with lab(tmp_path, own) as url, chromium() as browser:
        for trusted in (False, True):
            if trusted:
                notary = NotebookNotary()
                notary.sign(book)
                notary.store.close()
            for theme in ("Light", "Dark"):
                wanted = f'{{"theme": "JupyterLab {theme}"}}'
                (settings / "themes.jupyterlab-settings").write_text(wanted)
                seen[theme, trusted] = shown(browser, url)
    for (theme, _), found in seen.items():
        assert found["html"] == seen["Light", True]["html"]
        assert found["wide"] == 0
        assert found["dark"] is (theme == "Dark")
    # Nothing of what was drawn is left out.
    assert [bare(html) for html in seen["Light", False]["html"]] == [bare(html) for html in drawn]


class _Store(BaseHTTPRequestHandler):
    """A store that lets every page send to it."""

    protocol_version = "HTTP/1.1"
    kept: ClassVar[dict[str, bytes]] = {}

    def log_message(self, *_):
        pass

    def do_OPTIONS(self):
        self._answer()

    def do_PUT(self):
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def _answer(self):
        self.send_response(200)
        for name in ("Origin", "Methods", "Headers"):
            self.send_header(f"Access-Control-Allow-{name}", "PUT" if name == "Methods" else "*")
        self.send_header("Content-Length", "0")
        self.end_headers()


#: The address comes from the kernel's environment: what is written into a cell is saved.
_LIVE = """
import os
from datetime import UTC, datetime, timedelta
from daypass import SignedURL
from daypass_notebook import live

live(SignedURL(
    url=os.environ["MADE_UP_LINK"], method="PUT", headers={}, expires_at=datetime.now(UTC) + timedelta(days=7),
    expires_because="requested", permits=frozenset({"PUT"}), unenforced=frozenset(), path="s3://team/a.csv", backend="s3",
))
"""
#: What stands for the service's client.
_OF_SERVICE = """
from types import SimpleNamespace

def link_of(days):
    return SimpleNamespace(
        link_id="lnk_1", url=os.environ["MADE_UP_LINK"], path="s3://team/q3.csv", methods={"GET"},
        expires_at=datetime.now(UTC) + timedelta(days=days),
    )

class Client:
    def extend(self, link_id, expires_in):
        return link_of(14)

    def revoke(self, link_id):
        return 1

live(link_of(7), client=Client())
"""


def test_a_live_card_works_on_a_click_and_is_saved_without_a_secret(tmp_path, monkeypatch):
    import nbformat
    from nbformat import v4

    (tmp_path / "work").mkdir()
    notebook = tmp_path / "work" / "a.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [v4.new_code_cell(code) for code in (_LIVE, _OF_SERVICE)]
    nbformat.write(v4.new_notebook(cells=cells, metadata=kernel), notebook)
    (tmp_path / "b.csv").write_bytes(b"1,2\n" * 9)
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    with serving_here(_Store) as port, chromium() as browser:
        link = f"http://127.0.0.1:{port}/team/a.csv?X-Amz-Signature={SECRET}"
        with lab(tmp_path, {**own, "MADE_UP_LINK": link}) as url:
            context = browser.new_context(viewport={"width": 900, "height": 900})
            context.grant_permissions(["clipboard-read", "clipboard-write"])
            page = context.new_page()
            page.goto(url, timeout=120_000)
            page.click(".jp-Notebook .jp-InputArea-editor", timeout=120_000)
            page.keyboard.press("Shift+Enter")
            page.get_by_text("PUT a.csv").wait_for(timeout=120_000)
            page.keyboard.press("Shift+Enter")
            assert "6 d 23 h" in page.locator(".jp-OutputArea").first.inner_text()
            page.get_by_role("button", name="Copy", exact=True).first.click()
            page.get_by_text("copied", exact=True).wait_for()
            assert page.evaluate("navigator.clipboard.readText()") == link
            page.get_by_label("files to upload").set_input_files(tmp_path / "b.csv")
            page.get_by_text("b.csv: is there").wait_for()
            page.get_by_text("GET q3.csv").wait_for(timeout=120_000)
            page.get_by_role("button", name="Extend by 7 days").click()
            page.get_by_text("13 d 23 h").wait_for()
            page.get_by_role("button", name="Revoke").click()
            page.get_by_role("button", name="Revoke for good?").click()
            page.get_by_text("revoked", exact=True).first.wait_for()
            assert page.get_by_role("button", name="Copy", exact=True).count() == 1
            assert SECRET not in page.content()
            before = notebook.stat().st_mtime_ns
            page.keyboard.press("Control+s")
            while notebook.stat().st_mtime_ns == before:
                page.wait_for_timeout(100)
            context.close()
    assert _Store.kept == {f"/team/a.csv?X-Amz-Signature={SECRET}": b"1,2\n" * 9}
    assert "widget-view" in notebook.read_text()
    assert SECRET not in notebook.read_text()
