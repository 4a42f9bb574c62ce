"""Charts: a block's rows as a Vega-Lite chart, made with Altair, drawn once for all readers.

Colours are names of `page.css`, so that a chart follows the page into dark mode and onto paper;
`picture` gives the same chart as SVG with the colours of paper.
"""

import re
from collections import Counter
from datetime import date
from decimal import Decimal

import altair as alt
import vl_convert

from retail_analytics.serving.questions import AMOUNT, Block
from retail_analytics.serving.values import PERCENT, is_missing

ACCENT = "var(--accent)"
ALERT = "var(--alert)"
SERIES = [f"var(--series-{number})" for number in range(1, 5)]
ROW_HEIGHT = 28
# the scale of estimates with intervals: where they lie, zero or not
SPAN = alt.Scale(zero=False, nice=True, padding=12)
# lines of so few months show each of them; a single one would be no line at all
DOTTED_ROWS = 24
# numbers as `values.shown` writes them
NUMBERS = {
    "decimal": ".",
    "thousands": ",",
    "grouping": [3],
    "currency": ["", ""],
    "percent": PERCENT,
}
# a condition of Vega's over the page's choice
CHOSEN = "datum.slice == slice"
IS_ESTIMATE = "isValid(datum.lower)"
# what the names of colours are on paper, and the width of a picture in pixels
PAPER = {
    "--paper": "#ffffff",
    "--ink": "#000000",
    "--soft": "#444444",
    "--line": "#cccccc",
    "--accent": "#0a5fa8",
    "--alert": "#c2410c",
    "--series-1": "#0a5fa8",
    "--series-2": "#d55e00",
    "--series-3": "#009e73",
    "--series-4": "#b0699a",
}
PICTURE_WIDTH = 620
PICTURE_FONT = "Source Sans Pro, DejaVu Sans, sans-serif"


def chart(block: Block) -> dict:
    """The Vega-Lite specification of a block's chart."""
    made = KINDS[block.kind](block)
    if "slice" in block.names:
        made = made.add_params(alt.param(name="slice", value=block.slices[0]))
        made = made.transform_filter(CHOSEN)
    spec = made.properties(
        data=alt.InlineData(values=json_rows(block)),
        width="container",
        description=f"{block.title} {block.answer} Unit: {block.unit}.",
    ).to_dict()
    # names a page on the network, and says nothing that the program does not know
    del spec["$schema"]
    return spec


def picture(block: Block) -> str:
    """The chart as SVG, as wide as a page of paper; of several slices the first."""
    spec = chart(block)
    spec["width"] = PICTURE_WIDTH
    spec["config"]["font"] = PICTURE_FONT
    svg = vl_convert.vegalite_to_svg(spec)
    return re.sub(r"var\((--[a-z0-9-]+)\)", lambda name: PAPER[name[1]], svg)


def json_rows(block: Block) -> list[dict]:
    """The rows as values that JSON has: no decimals, no NaN; dates as ISO text."""
    return [{name: plain(value) for name, value in row.items()} for row in block.rows]


def plain(value: object) -> object:
    if is_missing(value):
        return None
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def form_of(block: Block) -> str:
    return block.spec.get("format", AMOUNT)


def axis(form: str, **more: object) -> alt.Axis:
    """An axis whose ticks have no more decimals than they need, and none twice."""
    if form.endswith(("d", ".0f")):
        more["tickMinStep"] = 1
    return alt.Axis(format=f"{form[:-1]}~{form[-1]}", **more)


def line(block: Block) -> alt.LayerChart:
    """A measure by month: as measured, then as forecast with its interval; flagged months."""
    has = set(block.names)
    form = form_of(block)
    colour = series_colour(block)
    month = alt.X(
        "month:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(grid=False, labelOverlap=True, labelSeparation=8),
    )
    value = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(zero=block.spec.get("from_zero", False), nice=True),
        axis=axis(form, tickCount=5),
    )
    base = alt.Chart().encode(month, color=colour)
    dots = {"size": 22} if len(block.rows) <= DOTTED_ROWS else False
    layers = []
    if "lower" in has:
        band = base.mark_area(opacity=0.2, line=False).encode(
            alt.Y("lower:Q", title=None), alt.Y2("upper:Q")
        )
        layers.append(band.transform_filter(IS_ESTIMATE))
    if "is_forecast" in has:
        measured = base.mark_line(strokeWidth=2, point=dots).encode(value)
        layers.append(measured.transform_filter("!datum.is_forecast"))
        ahead = base.mark_line(strokeWidth=2, strokeDash=[5, 4], point={"size": 22}).encode(value)
        layers.append(ahead.transform_filter("datum.is_forecast"))
    else:
        layers.append(base.mark_line(strokeWidth=2, point=dots).encode(value))
    aim = aims(base, is_flagged="flag" in has)
    # a measured month has no interval: nothing is said of one
    kinds = {is_missing(row.get("lower")) for row in block.rows}
    for is_measured in sorted(kinds):
        said = tips(block, without={"lower", "upper"} if is_measured else frozenset())
        layer = aim.encode(value, tooltip=said)
        if len(kinds) == 2:
            layer = layer.transform_filter(f"{'!' if is_measured else ''}{IS_ESTIMATE}")
        layers.append(layer)
    return configured(alt.layer(*layers)).properties(height=260)


def aims(base: alt.Chart, *, is_flagged: bool) -> alt.Chart:
    """What a finger or pointer meets: points, seen only where a month is flagged."""
    if not is_flagged:
        return base.mark_point(filled=True, size=300, opacity=0)
    flag = "isValid(datum.flag)"
    return base.mark_point(filled=True, shape="diamond").encode(
        color=alt.value(ALERT),
        opacity=alt.condition(flag, alt.value(1), alt.value(0)),
        size=alt.condition(flag, alt.value(90), alt.value(300)),
    )


def bars(block: Block) -> alt.LayerChart:
    """An amount by category, in the order of the query, with the figure at its end."""
    form = form_of(block)
    # room for the figure behind the longest bar
    values = [float(row["value"]) for row in block.rows]
    scale = alt.Scale(domain=[min(0, *values), 1.35 * max(0, *values) or 1])
    base = alt.Chart().encode(categories(), amounts(form, scale=scale), tooltip=tips(block))
    labels = base.mark_text(align="left", dx=5, color="var(--ink)").encode(
        text=alt.Text("value:Q", format=form)
    )
    return configured(base.mark_bar(color=ACCENT, height={"band": 0.62}) + labels).properties(
        height=ROW_HEIGHT * rows_at_once(block)
    )


def points(block: Block) -> alt.LayerChart:
    """An estimate by category with its interval."""
    form = form_of(block)
    base = alt.Chart().encode(categories(), tooltip=tips(block))
    interval = base.mark_rule(color=ACCENT, strokeWidth=6, opacity=0.3).encode(
        amounts(form, field="lower", scale=SPAN), alt.X2("upper:Q")
    )
    estimate = base.mark_point(color=ACCENT, filled=True, size=80, opacity=1).encode(
        amounts(form, scale=SPAN)
    )
    return configured(interval + estimate).properties(height=ROW_HEIGHT * rows_at_once(block) + 30)


def rows_at_once(block: Block) -> int:
    """Rows that are shown together: those of the largest slice, or all."""
    counts = Counter(row.get("slice") for row in block.rows)
    return max(counts.values(), default=0)


def curve(block: Block) -> alt.LayerChart:
    """A response with its interval: dashed where it is a guess, a mark where things stand today."""
    form = form_of(block)
    base = alt.Chart().encode(
        alt.X("x:Q", title=block.spec["x"], axis=alt.Axis(grid=False, tickCount=6))
    )
    value = alt.Y("value:Q", title=None, axis=axis(form, tickCount=5))
    band = base.mark_area(color=ACCENT, opacity=0.2, line=False).encode(
        alt.Y("lower:Q", title=None), alt.Y2("upper:Q")
    )
    guess = base.mark_line(color=ACCENT, strokeWidth=2, strokeDash=[5, 4]).encode(value)
    seen = base.mark_line(color=ACCENT, strokeWidth=3).encode(value)
    today = base.mark_point(color=ALERT, filled=True, size=120, opacity=1).encode(
        value, tooltip=tips(block)
    )
    return configured(
        band
        + guess
        + seen.transform_filter("!datum.is_extrapolated")
        + base.mark_point(filled=True, size=300, opacity=0).encode(value, tooltip=tips(block))
        + today.transform_filter("datum.is_current")
    ).properties(height=260)


def heatmap(block: Block) -> alt.Chart:
    """A share by row and column: the stronger the colour, the larger."""
    rows = list(dict.fromkeys(row["row"] for row in block.rows))
    made = alt.Chart().mark_rect(color=ACCENT, stroke="var(--paper)")
    made = made.encode(
        alt.X("column:O", title=block.spec["x"], axis=alt.Axis(labelAngle=0)),
        alt.Y("row:N", title=None, sort=rows),
        alt.Opacity(
            "value:Q",
            scale=alt.Scale(range=[0.06, 1]),
            legend=alt.Legend(title=None, format=form_of(block), orient="top", tickCount=4),
        ),
        tooltip=tips(block),
    )
    return configured(made).properties(height=22 * len(rows))


def series_colour(block: Block) -> alt.Color | dict:
    """The accent for one series, a palette safe for the colour-blind for up to four."""
    if "series" not in block.names:
        return alt.value(ACCENT)
    names = list(dict.fromkeys(row["series"] for row in block.rows))
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=SERIES[: len(names)]),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke"),
    )


def categories() -> alt.Y:
    return alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=230, ticks=False))


def amounts(form: str, *, scale: alt.Scale, field: str = "value") -> alt.X:
    return alt.X(f"{field}:Q", title=None, scale=scale, axis=axis(form, tickCount=4))


def tips(block: Block, without: set[str] = frozenset()) -> list[alt.Tooltip]:
    """What a person sees who points at a mark."""
    tooltips = []
    for column in block.columns:
        if column.name in without | {"is_forecast", "is_current", "is_extrapolated"}:
            continue
        if column.name == "month" and block.kind == "line":
            made = alt.Tooltip(
                "month:T", timeUnit="utcyearmonth", title=column.title, format=column.form
            )
        elif column.is_number:
            made = alt.Tooltip(f"{column.name}:Q", title=column.title, format=column.form)
        else:
            made = alt.Tooltip(f"{column.name}:N", title=column.title)
        tooltips.append(made)
    return tooltips


KINDS = {"line": line, "bars": bars, "points": points, "curve": curve, "heatmap": heatmap}


def configured(made: alt.Chart | alt.LayerChart) -> alt.Chart | alt.LayerChart:
    """The look that all charts share."""
    return (
        made.configure(
            background="transparent",
            font="system-ui, 'Segoe UI', 'Liberation Sans', sans-serif",
            locale=alt.Locale(number=alt.NumberLocale(**NUMBERS)),
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--soft)",
            titleColor="var(--soft)",
            titleFontWeight="normal",
            gridColor="var(--line)",
            domainColor="var(--line)",
            tickColor="var(--line)",
            labelFontSize=12,
            titleFontSize=12,
        )
        .configure_legend(labelColor="var(--ink)", labelFontSize=12)
    )
