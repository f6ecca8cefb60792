"""The example of docs/how-to/notebooks.md that shares what libraries make, as it stands there."""

from __future__ import annotations

import io
import re
import urllib.request
from pathlib import Path

import openpyxl
import pytest

import daypass
from daypass.demo.server import make_bucket

pytestmark = pytest.mark.figures

PAGE = (Path(__file__).parents[2] / "docs/how-to/notebooks.md").read_text()
(EXAMPLE,) = (
    text
    for text in re.findall(r"^```py\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    if "import plotly" in text
)


@pytest.fixture
def team(servers, monkeypatch):
    """The page's bucket, with credentials where S3's SDK looks for them."""
    server = servers("swift")
    make_bucket(server, "team")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
    monkeypatch.setenv("AWS_DEFAULT_REGION", server.region)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint)
    monkeypatch.setenv("MPLBACKEND", "Agg")


def body(link):
    with urllib.request.urlopen(link.url, timeout=60) as response:
        return response.headers, response.read()


def test_it_shares_a_workbook_a_drawing_and_a_page_that_a_browser_shows(team):
    names = {}
    exec(compile(EXAMPLE, "notebooks.md", "exec"), names)
    headers, page = body(names["link"])
    assert headers["Content-Type"] == "text/html"
    assert b"wednesday" in page
    _, drawing = body(daypass.share("s3://team/reports/degrees.svg"))
    assert b"<!-- wednesday -->" in drawing
    _, book = body(daypass.share("s3://team/reports/degrees.xlsx"))
    (sheet,) = openpyxl.load_workbook(io.BytesIO(book)).worksheets
    assert [*sheet.iter_rows(values_only=True)][1:3] == [("monday", -3), ("tuesday", -5)]
