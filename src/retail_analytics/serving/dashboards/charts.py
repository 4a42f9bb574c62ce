"""Charts: a block's rows as a Vega-Lite chart, made with Altair.

Colours are names of `page.css`, so that a chart follows the page into dark mode and onto paper.
"""

import altair as alt

from retail_analytics.serving.dashboards.boards import Block

ACCENT = "var(--accent)"
ALERT = "var(--alert)"
SERIES = [f"var(--series-{number})" for number in range(1, 5)]
ROW_HEIGHT = 28
# the scale of estimates with intervals: where they lie, zero or not
SPAN = alt.Scale(zero=False, nice=True, padding=12)
# lines of so few months show each of them; a single one would be no line at all
DOTTED_ROWS = 24
# a condition of Vega's over the page's choice
CHOSEN = "datum.slice == slice"


def chart(block: Block) -> dict:
    """The Vega-Lite specification of a block's chart."""
    made = {"line": line, "bars": bars, "points": points, "heatmap": heatmap}[block.kind](block)
    if "slice" in block.columns:
        made = made.add_params(alt.param(name="slice", value=block.rows[0]["slice"]))
        made = made.transform_filter(CHOSEN)
    spec = made.properties(
        data=alt.InlineData(values=block.rows),
        width="container",
        description=f"{block.title} {block.answer} Unit: {block.unit}.",
    ).to_dict()
    # names a page on the network, and says nothing that the program does not know
    del spec["$schema"]
    return spec


def line(block: Block) -> alt.LayerChart:
    """A measure by month: as measured, then as forecast with its interval; flagged months."""
    has = set(block.columns)
    form = block.spec.get("format", ",.0f")
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
        axis=alt.Axis(format=form, tickCount=5),
    )
    base = alt.Chart().encode(month, color=colour)
    dots = {"size": 22} if len(block.rows) <= DOTTED_ROWS else False
    layers = []
    if "lower" in has:
        band = base.mark_area(opacity=0.2, line=False).encode(
            alt.Y("lower:Q", title=None), alt.Y2("upper:Q")
        )
        layers.append(band.transform_filter("isValid(datum.lower)"))
    if "is_forecast" in has:
        measured = base.mark_line(strokeWidth=2, point=dots).encode(value)
        layers.append(measured.transform_filter("!datum.is_forecast"))
        ahead = base.mark_line(strokeWidth=2, strokeDash=[5, 4], point={"size": 22}).encode(value)
        layers.append(ahead.transform_filter("datum.is_forecast"))
    else:
        layers.append(base.mark_line(strokeWidth=2, point=dots).encode(value))
    layers.append(aims(base.encode(value, tooltip=tips(block)), is_flagged="flag" in has))
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
    form = block.spec.get("format", ",.0f")
    # room for the figure behind the longest bar
    values = [row["value"] for row in block.rows]
    scale = alt.Scale(domain=[min(0, *values), 1.35 * max(0, *values) or 1])
    base = alt.Chart().encode(categories(), amounts(form, scale=scale), tooltip=tips(block))
    labels = base.mark_text(align="left", dx=5, color="var(--ink)").encode(
        text=alt.Text("value:Q", format=form)
    )
    return configured(base.mark_bar(color=ACCENT, height={"band": 0.62}) + labels).properties(
        height=ROW_HEIGHT * len(block.rows)
    )


def points(block: Block) -> alt.LayerChart:
    """An estimate by category with its interval."""
    form = block.spec.get("format", ",.0f")
    base = alt.Chart().encode(categories(), tooltip=tips(block))
    interval = base.mark_rule(color=ACCENT, strokeWidth=6, opacity=0.3).encode(
        amounts(form, field="lower", scale=SPAN), alt.X2("upper:Q")
    )
    estimate = base.mark_point(color=ACCENT, filled=True, size=80, opacity=1).encode(
        amounts(form, scale=SPAN)
    )
    return configured(interval + estimate).properties(height=ROW_HEIGHT * len(block.rows) + 30)


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
            legend=alt.Legend(
                title=None, format=block.spec.get("format", ",.0f"), orient="top", tickCount=4
            ),
        ),
        tooltip=tips(block),
    )
    return configured(made).properties(height=22 * len(rows))


def series_colour(block: Block) -> alt.Color | dict:
    """The accent for one series, a palette safe for the colour-blind for up to four."""
    if "series" not in block.columns:
        return alt.value(ACCENT)
    names = list(dict.fromkeys(row["series"] for row in block.rows))
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=SERIES[: len(names)]),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke"),
    )


def categories() -> alt.Y:
    return alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=150, ticks=False))


def amounts(form: str, *, scale: alt.Scale, field: str = "value") -> alt.X:
    return alt.X(f"{field}:Q", title=None, scale=scale, axis=alt.Axis(format=form, tickCount=4))


def tips(block: Block) -> list[alt.Tooltip]:
    """What a person sees who points at a mark."""
    form = block.spec.get("format", ",.0f")
    kinds = {"month": ("T", "%B %Y"), "value": ("Q", form), "lower": ("Q", form)}
    kinds["upper"] = ("Q", form)
    tooltips = []
    for name in block.columns:
        kind, shape = kinds.get(name, ("N", None))
        title = name.replace("_", " ").capitalize()
        if kind == "T":
            made = alt.Tooltip("month:T", timeUnit="utcyearmonth", title=title, format=shape)
        elif shape:
            made = alt.Tooltip(f"{name}:{kind}", title=title, format=shape)
        elif name == "is_forecast":
            continue
        else:
            made = alt.Tooltip(f"{name}:{kind}", title=title)
        tooltips.append(made)
    return tooltips


def configured(made: alt.Chart | alt.LayerChart) -> alt.Chart | alt.LayerChart:
    """The look that all charts share."""
    return (
        made.configure(
            background="transparent", font="system-ui, 'Segoe UI', 'Liberation Sans', sans-serif"
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
