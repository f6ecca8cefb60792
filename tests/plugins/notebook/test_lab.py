"""JupyterLab shows a card as it is drawn, whether it trusts the notebook or not, on a light and on a dark page."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import time
from contextlib import contextmanager

import pytest

import daypass
from daypass.base.urls import token_of
from tests.plugins.notebook.made import RESULTS, bare
from tests.servers.chromium import chromium
from tests.servers.process import serving

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
    own.mkdir(exist_ok=True)
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


#: The addresses come from the kernel's environment: what is written into a cell is saved.
_LIVE = [
    """
import json
import os

import daypass
import daypass_links
from daypass_notebook import live

client = daypass_links.Client()
bucket = "s3://" + os.environ["MADE_UP_BUCKET"]
live(client.create(f"{bucket}/a.csv", expires_in="1h"), client=client)
""",
    """
options = json.loads(os.environ["MADE_UP_OPTIONS"])
live(daypass.request_upload(f"{bucket}/in/", max_bytes="1MB", expires_in="1h", storage_options=options))
""",
    """
live(daypass.create_signed_prefix(f"{bucket}/below/", method="PUT", expires_in="1h", signer="links"))
""",
    # What no card is, and the server does not save.
    "print(client.create(f'{bucket}/a.csv', label='printed').url)",
]
#: Drops a file on a card.
_DROP = """(card, name) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([name], name));
    for (const kind of ["dragover", "drop"])
        card.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
}"""
_HOOK = """
from daypass import mask_before_saving

c.FileContentsManager.pre_save_hook = mask_before_saving
"""


def ran(page, url):
    """Open the notebook, run its cells, and return them."""
    page.set_default_timeout(300_000)
    page.goto(url)
    page.click(".jp-Notebook .jp-InputArea-editor")
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
    cells = [page.locator(".jp-CodeCell").nth(at) for at in range(len(_LIVE))]
    for cell in cells:
        cell.locator(".jp-InputArea-editor").click()  # or keys may go where nobody takes them yet
        page.keyboard.press("Shift+Enter")
        cell.locator(".jp-OutputArea-output").first.wait_for()
    return cells


def save(page, notebook):
    """Save the notebook as people do, and return what was written."""
    page.keyboard.press("Control+s")
    deadline = time.monotonic() + 300
    while "widget-view" not in (saved := notebook.read_text()):
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
    return saved


def click(cell, name):
    cell.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def notebook(tmp_path):
    """The file of a notebook, and a server's configuration that masks what is saved, beside it."""
    import nbformat
    from nbformat import v4

    (tmp_path / "work").mkdir()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [v4.new_code_cell(code.strip()) for code in _LIVE]
    nbformat.write(v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "work" / "a.ipynb")
    (tmp_path / "CONFIG").mkdir()
    (tmp_path / "CONFIG" / "jupyter_server_config.py").write_text(_HOOK)
    return tmp_path / "work" / "a.ipynb"


@pytest.mark.servers
def test_live_cards_work_on_a_click_and_are_saved_without_a_secret(tmp_path, local, bucket, service, notebook):  # fmt: skip
    env = {
        **{f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")},
        "DAYPASS_LINKS_URL": service.address,
        "DAYPASS_LINKS_KEY": service.key,
        "MADE_UP_BUCKET": bucket,
        "MADE_UP_OPTIONS": json.dumps(local.storage_options),
    }
    with lab(tmp_path, env) as url, chromium() as browser:
        context = browser.new_context(viewport={"width": 900, "height": 1400})
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        link, form, grant, printed = ran(page, url)
        link.get_by_text(re.compile(r", in 59 min \d+ s$")).wait_for()
        click(link, "Copy")
        link.get_by_text("copied", exact=True).wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        click(link, "Extend by 7 days")
        link.get_by_text("extended to").wait_for()
        link.get_by_text(re.compile(r", in 6 d 23 h$")).wait_for()
        for cell, name in ((form, "b.csv"), (grant, "c.csv")):
            card = cell.locator(".jp-OutputArea-output div").filter(has_text="Drop files here")
            card.last.evaluate(_DROP, name)
            cell.get_by_text(f"{name}: is there").wait_for()
        click(link, "Revoke")
        click(link, "Revoke for good?")
        link.get_by_text("revoked", exact=True).first.wait_for()
        tokens = [token_of(copied), token_of(printed.inner_text())]
        saved = save(page, notebook)
        context.close()
    # Somebody else opens it, without the kernel, and does not trust it.
    env["JUPYTER_DATA_DIR"] = str(tmp_path / "another")
    with lab(tmp_path, env) as url, chromium() as browser:
        page = browser.new_page()
        page.goto(url, timeout=300_000)
        page.locator(".jp-RenderedHTML").filter(has_text="upload form").wait_for(timeout=300_000)
        page.locator(".jp-RenderedText").filter(has_text="[GET] a.csv").wait_for()
    for key, expected in (("in/b.csv", b"b.csv"), ("below/c.csv", b"c.csv")):
        assert local.client.get_object(Bucket=bucket, Key=key)["Body"].read() == expected
    assert sorted(made.state for made in service.client.all()) == ["alive", "alive", "revoked"]
    assert "/l/****" in saved
    for token in tokens:
        assert token
        assert token not in saved
    assert daypass.redact(saved) == saved
