"""Charts as SVG text: lines with their intervals, columns by month, bars by category.

Every chart carries its unit, its as-of day and, where it has one, what its interval is. All text
goes through `text_at`, which escapes it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.sax.saxutils import escape, quoteattr

from retail_analytics.serving.reports.numbers import month_name, short, shown, without_controls

Scale = Callable[[float], float]
DateScale = Callable[[date], float]

FONT = "'Source Sans Pro', 'Segoe UI', system-ui, sans-serif"
INK, SOFT, GRID = "#1d2733", "#5b6673", "#e1e5ea"
COLOURS = ("#1f5f8b", "#c8642b", "#4f8a5b", "#7a5aa0")
WIDTH, HEIGHT = 680, 205
LEFT, RIGHT, TOP, BOTTOM = 58, 30, 30, 26
BAR_HEIGHT, BAR_LABEL = 24, 190
MOST_DATE_LABELS = 8


@dataclass(frozen=True)
class Point:
    """A value at a month or of a category, with its interval where it has one."""

    x: date | str
    y: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Series:
    """Points in order of x; those of a forecast are drawn dashed."""

    name: str
    points: Sequence[Point]
    forecast: Sequence[Point] = field(default_factory=list)

    @property
    def everything(self) -> list[Point]:
        return [*self.points, *self.forecast]


@dataclass(frozen=True)
class Frame:
    """What every chart says: its name for who cannot see it, its kind of number and its line."""

    name: str
    kind: str
    caption: str
    width: int = WIDTH
    height: int = HEIGHT


def line_chart(series: Sequence[Series], frame: Frame, *, from_zero: bool = False) -> str:
    """Lines over months, the intervals as bands."""
    points = [point for one in series for point in one.everything]
    low, high, ticks = value_axis(points, frame.kind, from_zero=from_zero)
    days = [point.x.toordinal() for point in points]
    first, last = min(days), max(days)
    # room at the right for the names of the lines
    right = RIGHT + (90 if len(series) > 1 else 0)

    def x(day: date) -> float:
        if first == last:
            return (LEFT + frame.width - right) / 2
        return LEFT + (day.toordinal() - first) / (last - first) * (frame.width - right - LEFT)

    y = vertical(frame, low, high)
    parts = [value_grid(frame, ticks, y, right)]
    parts += date_labels(sorted({point.x for point in points}), x, frame)
    names_at: list[float] = []
    for colour, one in zip(COLOURS, series, strict=False):
        parts.append(band(one.points, x, y, colour, 0.16))
        parts.append(polyline(one.points, x, y, colour, ""))
        if one.forecast:
            # the line goes on from the last measured point
            ahead = [*one.points[-1:], *one.forecast]
            start = [Point(p.x, p.y, p.y, p.y) for p in one.points[-1:]]
            parts.append(band([*start, *one.forecast], x, y, colour, 0.16))
            parts.append(polyline(ahead, x, y, colour, "5 4"))
        parts.append(dots(one, x, y, colour))
        if len(series) > 1 and one.everything:
            end = one.everything[-1]
            at = free_place(y(end.y) + 4, names_at, frame)
            parts.append(text_at(x(end.x) + 7, at, one.name, colour=colour, weight="600"))
    return document(frame, parts)


def column_chart(series: Series, frame: Frame) -> str:
    """A column a month, from zero; a forecast as lighter columns with its interval."""
    points = series.everything
    low, high, ticks = value_axis(points, frame.kind, from_zero=True)
    step = (frame.width - RIGHT - LEFT) / max(len(points), 6)
    y = vertical(frame, low, high)
    place = {point.x: LEFT + (number + 0.5) * step for number, point in enumerate(points)}
    parts = [value_grid(frame, ticks, y, RIGHT)]
    for number, point in enumerate(points):
        is_ahead = number >= len(series.points)
        top, foot = y(max(point.y, 0)), y(min(point.y, 0))
        parts.append(
            f'<rect x="{place[point.x] - step * 0.36:.1f}" y="{top:.1f}" width="{step * 0.72:.1f}" '
            f'height="{max(foot - top, 0.5):.1f}" fill="{COLOURS[0]}" '
            f'fill-opacity="{0.35 if is_ahead else 1}"/>'
        )
        parts.append(whisker_up(place[point.x], y, point))
    parts += date_labels([point.x for point in points], place.__getitem__, frame)
    return document(frame, parts)


def bar_chart(points: Sequence[Point], frame: Frame) -> str:
    """A bar a category, the largest where the rows have it; the interval as a whisker."""
    height = TOP + BAR_HEIGHT * len(points) + 8
    frame = Frame(frame.name, frame.kind, frame.caption, frame.width, height)
    low, high, _ = value_axis(points, frame.kind, from_zero=True)
    start, end = BAR_LABEL, frame.width - 70

    def x(value: float) -> float:
        return start + (value - low) / (high - low) * (end - start)

    parts = []
    for number, point in enumerate(points):
        middle = TOP + BAR_HEIGHT * (number + 0.5)
        left, right = x(min(point.y, 0)), x(max(point.y, 0))
        parts.append(
            f'<rect x="{left:.1f}" y="{middle - 8:.1f}" width="{max(right - left, 0.5):.1f}" '
            f'height="16" fill="{COLOURS[0]}"/>'
        )
        furthest = right
        if point.lower is not None and point.upper is not None:
            furthest = max(furthest, x(point.upper))
            parts.append(
                f'<path d="M{x(point.lower):.1f} {middle:.1f}H{x(point.upper):.1f}" '
                f'stroke="{INK}" stroke-width="1.4"/>'
            )
        parts.append(text_at(start - 8, middle + 4, cut(str(point.x)), anchor="end", colour=INK))
        parts.append(text_at(furthest + 6, middle + 4, shown(point.y, frame.kind), colour=INK))
    return document(frame, parts)


def value_axis(
    points: Sequence[Point], kind: str, *, from_zero: bool
) -> tuple[float, float, list[float]]:
    """Lowest and highest value of the axis, and its ticks."""
    ends = [v for p in points for v in (p.y, p.lower, p.upper) if v is not None]
    low, high = min(ends), max(ends)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-9:
        high = low + (0.1 if kind == "percent" else 1.0)
    size = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(size * n for n in (1, 2, 2.5, 5, 10) if (high - low) / (size * n) <= 5)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    count = round((high - low) / step)
    return low, high, [round(low + step * number, 10) for number in range(count + 1)]


def vertical(frame: Frame, low: float, high: float) -> Scale:
    """From a value to its place."""

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (frame.height - TOP - BOTTOM)

    return y


def value_grid(frame: Frame, ticks: Sequence[float], y: Scale, right: float) -> str:
    lines = []
    for tick in ticks:
        colour = "#aab2bc" if tick == 0 else GRID
        lines.append(
            f'<path d="M{LEFT} {y(tick):.1f}H{frame.width - right:.1f}" stroke="{colour}"/>'
        )
        lines.append(text_at(LEFT - 7, y(tick) + 4, short(tick, frame.kind), anchor="end"))
    return "".join(lines)


def date_labels(days: Sequence[date], x: DateScale, frame: Frame) -> list[str]:
    """Months below the axis: as many as there is room for, evenly, the first among them."""
    step = math.ceil(len(days) / MOST_DATE_LABELS)
    # whole quarters, halves or years where the months go on for long
    step = next((n for n in (1, 2, 3, 6, 12, 24, 36) if n >= step), step)
    return [
        text_at(x(day), frame.height - 8, month_name(day), anchor="middle") for day in days[::step]
    ]


def band(points: Sequence[Point], x: DateScale, y: Scale, colour: str, opacity: float) -> str:
    known = [p for p in points if p.lower is not None and p.upper is not None]
    if len(known) < 2:
        return ""
    upper = [f"{x(p.x):.1f} {y(p.upper):.1f}" for p in known]
    lower = [f"{x(p.x):.1f} {y(p.lower):.1f}" for p in reversed(known)]
    return (
        f'<path class="interval" d="M{"L".join([*upper, *lower])}Z" '
        f'fill="{colour}" fill-opacity="{opacity}"/>'
    )


def polyline(points: Sequence[Point], x: DateScale, y: Scale, colour: str, dashes: str) -> str:
    if len(points) < 2:
        return ""
    path = "L".join(f"{x(p.x):.1f} {y(p.y):.1f}" for p in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'


def dots(series: Series, x: DateScale, y: Scale, colour: str) -> str:
    """The last measured point; every point where there are too few for a line to be seen."""
    points = series.points if len(series.points) < 4 else series.points[-1:]
    return "".join(
        f'<circle cx="{x(p.x):.1f}" cy="{y(p.y):.1f}" r="3.2" fill="{colour}"/>' for p in points
    )


def whisker_up(x: float, y: Scale, point: Point) -> str:
    if point.lower is None or point.upper is None:
        return ""
    return (
        f'<path class="interval" d="M{x:.1f} {y(point.lower):.1f}V{y(point.upper):.1f}" '
        f'stroke="{INK}" stroke-width="1.4"/>'
    )


def free_place(wanted: float, taken: list[float], frame: Frame) -> float:
    """Where a name can stand without covering another; the place is then taken."""
    while any(abs(wanted - other) < 13 for other in taken):
        wanted += 1 if wanted < frame.height - BOTTOM else -40
    taken.append(wanted)
    return wanted


def cut(text: str, most: int = 32) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def text_at(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = SOFT, weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="12" font-weight="{weight}">{escape(without_controls(text))}</text>'
    )


def document(frame: Frame, parts: Sequence[str]) -> str:
    name = quoteattr(without_controls(f"{frame.name}. {frame.caption}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {frame.width} {frame.height}" '
        f'role="img" aria-label={name} font-family={quoteattr(FONT)}>'
        f"{text_at(0, 13, frame.caption)}{''.join(parts)}</svg>"
    )
