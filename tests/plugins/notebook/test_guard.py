"""With the extension in the kernel, or the hook on the server, no saved notebook and no page made of it holds a secret."""

from __future__ import annotations

import json
import warnings

import pytest

import daypass
from tests.plugins.notebook.made import SECRET, TOKEN, URLS

PRINTING = f"""
URLS = {URLS!r}
"""
#: Each way in which a kernel shows something.
CELLS = [
    "for url in URLS.values(): print(url)",
    "import sys\nfor url in URLS.values(): print(url, file=sys.stderr)",
    "URLS",
    "from IPython.display import HTML, JSON, Markdown, display\n[display(HTML(f'<a href=\"{url}\">x</a>'), Markdown(url), JSON({'url': url})) for url in URLS.values()]",
    "handle = display('', display_id=True)\nfor url in URLS.values(): handle.update(url)",
    "raise ValueError(' '.join(URLS.values()))",
    "from daypass_notebook import show\nfrom tests.plugins.notebook.made import link\nshow(link(url=URLS['links']), qr=True)",
]


def is_clean(text):
    return SECRET not in text and TOKEN not in text


def outputs(text):
    """Return a notebook's text without what was written into its cells."""
    book = json.loads(text)
    for cell in book["cells"]:
        cell["source"] = ""
    return json.dumps(book)


@pytest.fixture
def shown():
    """A notebook that shows links of every kind, as its kernel has shown them without the extension."""
    from nbformat import v4

    text = "\n".join(URLS.values())
    cell = v4.new_code_cell(
        "shown before",
        outputs=[
            v4.new_output("stream", text=text),
            v4.new_output(
                "execute_result", data={"text/plain": text, "text/html": f"<p>{text}</p>"}
            ),
            v4.new_output("display_data", data={"application/json": URLS}),
            v4.new_output("error", ename="E", evalue=text, traceback=text.splitlines()),
        ],
    )
    return v4.new_notebook(cells=[cell])


def test_a_jupyter_server_saves_no_secret(shown, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own
        from jupyter_server.services.contents.filemanager import FileContentsManager

        hook = daypass.mask_before_saving
        manager = FileContentsManager(root_dir=str(tmp_path), pre_save_hook=hook)
    manager.save({"type": "notebook", "content": shown, "format": "json"}, "a.ipynb")
    saved = (tmp_path / "a.ipynb").read_text()
    assert "europe.csv" in saved
    assert is_clean(saved)
    read = manager.get("a.ipynb")["content"]
    assert [output["output_type"] for output in read.cells[0].outputs] == [
        *("stream", "execute_result", "display_data", "error"),
    ]
    manager.notary.store.close()


@pytest.mark.nightly
def test_a_kernel_with_the_extension_shows_no_secret_and_no_page_has_one(tmp_path):
    from nbformat import v4

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own
        from nbclient import NotebookClient
        from nbconvert import HTMLExporter, MarkdownExporter

        cells = [v4.new_code_cell(code) for code in ("%load_ext daypass", PRINTING, *CELLS)]
        book = v4.new_notebook(cells=cells)
        NotebookClient(book, timeout=120, allow_errors=True).execute()
        assert all(cell.outputs for cell in book.cells[2:])
        assert is_clean(outputs(json.dumps(book)))
        book.cells[1].source = ""  # where the links were written
        for exporter in (HTMLExporter(), MarkdownExporter()):
            page, _ = exporter.from_notebook_node(book)
            assert "europe.csv" in page
            assert is_clean(page)
        # A live card is saved with what its traits hold.
        code = "from daypass_notebook import live\nfrom tests.plugins.notebook.made import link\nlive(link())"
        live = v4.new_notebook(cells=[v4.new_code_cell(code)])
        NotebookClient(live, timeout=120, store_widget_state=True).execute()
        assert "europe.csv" in json.dumps(live.metadata.widgets)
        assert is_clean(json.dumps(live))
        assert is_clean(HTMLExporter().from_notebook_node(live)[0])
        # And each was there to be seen: without the extension every one is shown.
        book = v4.new_notebook(cells=[v4.new_code_cell(code) for code in (PRINTING, CELLS[0])])
        NotebookClient(book, timeout=120).execute()
    assert not is_clean(book.cells[1].outputs[0].text)
