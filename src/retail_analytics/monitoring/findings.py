"""A finding of the marts before it becomes a sentence, and how its figures are written."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

KEY = ["metric", "dimension", "entity"]
LEVEL_80 = float(ndtri(0.9))
# what is usually counted needs no hundredth of an order
COUNT_DIGITS, MOST_DIGITS = 1, 2
DAY, WEEK, YEAR = timedelta(days=1), timedelta(days=7), timedelta(days=365)
OPPOSITE = {
    "above": "below",
    "below": "above",
    "up": "down",
    "down": "up",
    "rising": "falling",
    "falling": "rising",
}


@dataclass(kw_only=True)
class Finding:
    """One finding before it is ranked: what it is of, its figures, and how it weighs."""

    template: str
    metric: str
    dimension: str = "all"
    entity: str = "all"
    is_better: bool | None
    source_table: str
    from_date: date
    to_date: date
    # by name: the value of the mart, and how it is printed
    figures: dict[str, tuple[float | str | None, str]] = field(default_factory=dict)
    q_value: float = np.nan
    money: float = np.nan
    money_lower: float = np.nan
    money_upper: float = np.nan
    # 0 to 10
    weight: float = 0.0


def of_series(row: Any, names: dict, figures: dict, *, weight: float, **rest: Any) -> Finding:
    """The finding of a series; row: its metric, dimension, entity and is_better; what is worse
    weighs more."""
    return Finding(
        metric=row.metric,
        dimension=row.dimension,
        entity=row.entity,
        is_better=bool(row.is_better),
        figures={
            "label": (row.metric, names[row.metric]["label"]),
            "where": (row.entity, where(row.dimension, row.entity)),
            **figures,
        },
        weight=weight + (0 if row.is_better else 1),
        **rest,
    )


def of_month(month: pd.Timestamp, figures: dict, **rest: Any) -> Finding:
    """The finding of a month of the whole shop."""
    return Finding(
        source_table="marts.metric_series",
        from_date=month.date(),
        to_date=(month + pd.offsets.MonthEnd(0)).date(),
        figures={"month": (f"{month:%Y-%m}", f"{month:%Y-%m}"), **figures},
        **rest,
    )


def told_ratio(
    ratio: float, error: float, *, least: float, settings: dict, tests: int = 1, digits: int = 1
) -> tuple[float, dict] | None:
    """Chance and figures of a ratio of two sides; None where it is not to be told: nearer to 1 than
    `least`, or chance. error: standard error of its logarithm; tests: how many could have been
    it."""
    chance = float(2 * ndtr(-abs(np.log(ratio)) / error)) * tests if error > 0 else 1.0
    if min(chance, 1.0) > settings["false_discovery_rate"] or 1 / least < ratio < least:
        return None
    low, high = (float(ratio * np.exp(sign * LEVEL_80 * error)) for sign in (-1, 1))
    return chance, {
        "ratio": (ratio, f"{ratio:.1f}"),
        "level": (80, "80 %"),
        "low": (low, f"{low:.{digits}f}"),
        "high": (high, f"{high:.{digits}f}"),
    }


def printed(
    value: float, unit: str, *, has_unit: bool = True, most_digits: int = MOST_DIGITS
) -> str:
    """A number as a person would write it, with its unit; without one before another of it.
    most_digits: after the point, of .1 and more."""
    if unit.startswith("share"):
        return f"{100 * value:.0f} %" if abs(value) >= 0.1 or value == 0 else f"{100 * value:.1f} %"
    # what a fit leaves over is nothing: usually 0.0000004 EUR
    value = 0.0 if abs(value) < 1e-4 else value
    size = abs(value)
    digits = 0 if size >= 100 or float(value).is_integer() else 1 if size >= 10 else 2
    if 0 < size < 0.1:
        # two figures: a step of 0.015 per month is not one of 0.01
        digits = 1 - int(np.floor(np.log10(size)))
    elif digits > most_digits:
        digits = most_digits
    text = f"{value:,.{digits}f}"
    if text == "1":
        # 1 complaint per month
        unit = re.sub(r"^(\w+)s\b", r"\1", unit)
    return f"{text} {unit if has_unit else ''}".rstrip()


def percent(value: float) -> str:
    # what is nearly all is not all
    is_whole = abs(value) >= 10 and not 99 < abs(value) < 100
    return f"{abs(value):,.0f} %" if is_whole else f"{abs(value):.1f} %"


def where(dimension: str, entity: str) -> str:
    """` (carrier Falcon)`; nothing for the whole."""
    return "" if dimension == "all" else f" ({dimension.replace('_', ' ')} {entity})"


def span(first: date, last: date) -> str:
    return f"on {last:%Y-%m-%d}" if first == last else f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def signed_percent(value: float) -> str:
    text = percent(value)
    if text == percent(0):
        return text
    return ("+" if value > 0 else "-") + text


def usual(value: float, metric: str, names: dict) -> str:
    """What was expected, as it is printed."""
    return printed(value, names[metric]["unit"], most_digits=most_digits(metric, names))


def most_digits(metric: str, names: dict) -> int:
    """Digits after the point of what is usual for a metric: of counts one is enough."""
    return COUNT_DIGITS if names[metric]["kind"] == "count" else MOST_DIGITS


def leaders(names: dict, metric: str, direction: str) -> list[tuple[str, str]]:
    """What a metric follows (`follows`: names between |, one with - goes the other way), each with
    the direction that it has where both say the same."""
    found = []
    for name in (names[metric]["follows"] or "").split("|"):
        leader = name.removeprefix("-")
        if leader:
            found.append((leader, OPPOSITE[direction] if name != leader else direction))
    return found
