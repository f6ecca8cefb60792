"""A figure of each library, of the same two points."""

from __future__ import annotations

from typing import Any


def matplotlib() -> Any:
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([1, 2], [-3, -5])
    axes.set_title("Degrees")
    return figure


def plotly() -> Any:
    import plotly.graph_objects as go

    return go.Figure(go.Scatter(x=[1, 2], y=[-3, -5]), layout={"title": {"text": "Degrees"}})


def altair() -> Any:
    import altair as alt

    data = alt.Data(values=[{"day": 1, "degrees": -3}, {"day": 2, "degrees": -5}])
    return alt.Chart(data, title="Degrees").mark_line().encode(x="day:Q", y="degrees:Q")
