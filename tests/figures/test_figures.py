"""A figure goes to a real store as its library writes it, and what the link brings is judged by other readers."""

from __future__ import annotations

import asyncio
import io
import json
import operator
import re
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

import daypass
from daypass.errors import InvalidRequestError, StoreError
from daypass.sharing.formats import WRITERS
from tests.figures import made
from tests.servers.chromium import chromium

pytestmark = pytest.mark.figures

#: By the library: what makes a figure, and the suffixes that share knows for it.
LIBRARIES = {
    "matplotlib": (made.matplotlib, WRITERS["matplotlib", "Figure"]),
    "plotly": (made.plotly, WRITERS["plotly", "BaseFigure"]),
    "altair": (made.altair, WRITERS["altair", "TopLevelMixin"]),
}
#: As the registry of media types has them.
TYPES = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".html": "text/html",
    ".json": "application/json",
}


def is_picture(body):
    """Say whether the whole of it can be drawn, and is not empty paper."""
    with Image.open(io.BytesIO(body)) as picture:
        picture.load()
        colours = picture.convert("RGB").getcolors(picture.width * picture.height)
        return picture.get_format_mimetype(), min(picture.size) > 200 and len(colours) > 2


def is_drawing(body):
    """Say whether it is SVG, with the title as text or, as matplotlib does, beside its outlines."""
    builder = ET.TreeBuilder(insert_comments=True)
    root = ET.fromstring(body, ET.XMLParser(target=builder))
    says = [(one.text or "").strip() for one in root.iter()]
    return {"{http://www.w3.org/2000/svg}svg": "image/svg+xml"}[root.tag], "Degrees" in says


def is_document(body):
    kind = "application/pdf" if re.match(rb"%PDF-1\.\d\s", body) else None
    return kind, body.rstrip().endswith(b"%%EOF") and b"/MediaBox" in body


def is_page(body):
    text = body.decode()
    kind = "text/html" if re.match(r"<!doctype html>", text, re.IGNORECASE) else None
    return kind, '<meta charset="utf-8"' in text.lower() and "Degrees" in text


def is_data(body):
    return "application/json", "Degrees" in json.dumps(json.loads(body))


JUDGES = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp"), is_picture),
    ".svg": is_drawing,
    ".pdf": is_document,
    ".html": is_page,
    ".json": is_data,
}


@pytest.mark.parametrize(
    ("library", "suffix"),
    [(name, suffix) for name, (_, suffixes) in LIBRARIES.items() for suffix in suffixes],
)
def test_a_link_brings_what_the_suffix_says(shared, library, suffix):
    make, _ = LIBRARIES[library]
    brought = shared(make(), f"{library}/plot{suffix}")
    assert brought.content_type == TYPES[suffix]
    assert JUDGES[suffix](brought.body) == (TYPES[suffix], True)
    card = brought.link._repr_html_()
    assert f"plot{suffix}" in card
    assert f"{len(brought.body):,}" in card


def test_of_plotly_and_altair_the_libraries_read_their_figures_again(shared):
    import altair as alt
    import plotly.io

    figure, chart = made.plotly(), made.altair()
    read = plotly.io.from_json(shared(figure, "again/plotly.json").body.decode())
    assert read == figure
    read = alt.Chart.from_json(shared(chart, "again/altair.json").body.decode()).to_dict()
    (points,) = read.pop("datasets").values()  # which it names, and puts at the end
    assert {**read, "data": {"values": points}} == chart.to_dict()


def test_a_browser_that_opens_the_link_draws_plotlys_page_and_needs_nothing_else(shared):
    link = shared(made.plotly(), "opened/plot.html").link
    with chromium() as browser:
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(link.url)
        page.locator(".gtitle").wait_for()
        assert page.locator(".gtitle").text_content() == "Degrees"
    assert asked == [link.url]


def test_altairs_page_loads_vega_from_a_host_that_the_page_of_share_names(shared):
    body = shared(made.altair(), "opened/chart.html").body.decode()
    assert set(re.findall(r'(?:src|href)="https?://([^/"]+)', body)) == {"cdn.jsdelivr.net"}


def test_plotly_draws_in_an_event_loop_too_as_a_notebook_has(shared, place):
    bucket, options = place

    async def main():
        link = await daypass.ashare(made.plotly(), f"{bucket}/thread.png", storage_options=options)
        return link.size, shared(made.plotly(), "loop.png").body

    size, body = asyncio.run(main())
    assert is_picture(body) == ("image/png", True)
    assert size == len(body)


def test_nothing_is_overwritten_unless_it_is_said(shared):
    first = shared(made.matplotlib(), "twice.png").body
    other = made.matplotlib()
    other.set_size_inches(12, 3)
    with pytest.raises(StoreError, match=r"twice\.png is there already.*overwrite=True"):
        shared(other, "twice.png")
    assert shared(other, "twice.png", overwrite=True).body != first


def test_what_pyplot_draws_on_is_shared_and_stays_open(shared):
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    try:
        plt.plot([1, 2], [-3, -5])
        _, whole = is_picture(shared(plt.gcf(), "pyplot.png").body)
        assert whole
        plt.title("Degrees")
        _, titled = is_drawing(shared(plt.gcf(), "pyplot.svg").body)
        assert titled
    finally:
        plt.close("all")


@pytest.mark.parametrize(
    "part",
    [
        lambda figure: figure.axes[0],
        lambda figure: figure.axes[0].lines[0],
        lambda figure: figure.subfigures(1, 2)[0],
        lambda figure: figure.subfigures(1, 2)[0].subplots(),
    ],
    ids=["axes", "line", "part", "axes of a part"],
)
def test_of_what_is_drawn_on_a_figure_it_says_to_share_the_figure(shared, part):
    drawn = part(made.matplotlib())
    refused = r"^matplotlib\.\w+ is drawn on a figure: share its \.figure$"
    with pytest.raises(InvalidRequestError, match=refused) as caught:
        shared(drawn, "part.png")
    assert caught.value.option == "thing"


def test_a_format_that_the_library_has_not_says_which_it_has(shared):
    with pytest.raises(
        InvalidRequestError,
        match=r"altair\.Chart is written as \.html, \.json, \.png, \.svg, \.pdf, and the path ends in \.webp",
    ):
        shared(made.altair(), "chart.webp")


@pytest.mark.parametrize("join", [operator.or_, operator.and_, operator.add])
def test_charts_of_altair_that_are_put_together_are_one(shared, join):
    several = join(made.altair(), made.altair())
    _, titled = is_drawing(shared(several, f"{join.__name__}.svg").body)
    assert titled
