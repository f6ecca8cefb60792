"""No notebook that shows results holds a secret, saved or exported: without any guard, and with the states of its widgets."""

from __future__ import annotations

import json
import warnings
from uuid import uuid4

import pytest

from tests.plugins.notebook.made import SECRET, TOKEN

#: Whatever a cell ends in is shown. What is secret in it goes to a file that the test reads.
_REAL = """
import json, os, daypass
from daypass_notebook import live, show

options = json.loads(os.environ["MADE_UP_OPTIONS"])
bucket = "s3://" + os.environ["MADE_UP_BUCKET"]
link = daypass.share(b"day,degrees\\nmonday,-3\\n", f"{bucket}/a.csv", expires_in="1h", storage_options=options)
form = daypass.request_upload(f"{bucket}/in/", max_bytes="1MB", expires_in="1h", storage_options=options)
upload = daypass.create_signed_url(f"{bucket}/b.csv", method="PUT", expires_in="1h", storage_options=options)
batch = daypass.create_signed_urls([f"{bucket}/a.csv", f"{bucket}/b.csv"], expires_in="1h", storage_options=options)
store = daypass.Store(bucket, storage_options=options)
explanation = daypass.explain(link.url)
verification = daypass.verify(link.url, storage_options=options)
"""
_KEPT = """
with open(os.environ["MADE_UP_FILE"], "w") as file:
    urls = [link.url, upload.url, *(one.url for one in batch)]
    secrets = [url.partition("X-Amz-Signature=")[2][:64] for url in urls]
    json.dump([*secrets, form.fields["x-amz-signature"], form.fields["policy"]], file)
"""
_SHOWN = [
    *("link", "form", "upload", "batch", "store", "explanation", "verification"),
    *("daypass.head_metadata(f'{bucket}/a.csv', storage_options=options)", "show(link, preview=True)"),
    *("live(link)", "live(form)", "live(upload)", "[link, form, upload]", "{'form': form}", "print(link.__repr__(), form)"),
    "from tests.plugins.notebook.made import RESULTS\ndisplay(*RESULTS.values())",
    "from tests.plugins.notebook.made import *\ndisplay(live(prefix()), live(inbox()), live(link_ := link(url=URLS['links'])))",
]  # fmt: skip


@pytest.mark.nightly
@pytest.mark.servers
def test_no_result_that_a_notebook_shows_is_saved_or_exported_with_a_secret(
    tmp_path, servers, monkeypatch
):
    from nbformat import v4

    local, bucket = servers("localstack"), f"b{uuid4().hex[:12]}"
    local.client.create_bucket(Bucket=bucket)
    monkeypatch.setenv("MADE_UP_BUCKET", bucket)
    monkeypatch.setenv("MADE_UP_OPTIONS", json.dumps(local.storage_options))
    monkeypatch.setenv("MADE_UP_FILE", str(tmp_path / "secrets.json"))
    book = v4.new_notebook(cells=[v4.new_code_cell(code) for code in (_REAL, _KEPT, *_SHOWN)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Jupyter's own
        from nbclient import NotebookClient
        from nbconvert import HTMLExporter, MarkdownExporter

        NotebookClient(book, timeout=300, store_widget_state=True).execute()
        exporters = (HTMLExporter(), HTMLExporter(template_name="basic"), MarkdownExporter())
        pages = [exporter.from_notebook_node(book)[0] for exporter in exporters]
    assert all(cell.outputs for cell in book.cells[2:])
    secrets = json.loads((tmp_path / "secrets.json").read_text())
    assert all(len(secret) >= 8 for secret in secrets)
    assert book.metadata.widgets
    for text in (json.dumps(book), *pages):
        assert "monday" in text
        assert not [secret for secret in (*secrets, SECRET, TOKEN) if secret in text]
