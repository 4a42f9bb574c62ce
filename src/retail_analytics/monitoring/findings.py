"""A finding of the marts before it becomes a sentence, and how its figures are written."""

import re
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from scipy.special import ndtri

LEVEL_80 = float(ndtri(0.9))


@dataclass
class Finding:
    """One finding before it is ranked: what it is of, its figures, and how it weighs."""

    template: str
    metric: str
    dimension: str
    entity: str
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


def printed(value: float, unit: str, *, has_unit: bool = True) -> str:
    """A number as a person would write it, with its unit; without one before another of it."""
    if unit.startswith("share"):
        return f"{100 * value:.0f} %" if abs(value) >= 0.1 or value == 0 else f"{100 * value:.1f} %"
    size = abs(value)
    digits = 0 if size >= 100 or float(value).is_integer() else 1 if size >= 10 else 2
    if 0 < size < 0.1:
        # two figures: a step of 0.015 per month is not one of 0.01
        digits = 1 - int(np.floor(np.log10(size)))
    text = f"{value:,.{digits}f}"
    if text == "1":
        # 1 complaint per month
        unit = re.sub(r"^(\w+)s\b", r"\1", unit)
    return f"{text} {unit if has_unit else ''}".rstrip()


def percent(value: float) -> str:
    # what is nearly all is not all
    is_whole = abs(value) >= 10 and not 99 < abs(value) < 100
    return f"{abs(value):.0f} %" if is_whole else f"{abs(value):.1f} %"


def where(dimension: str, entity: str) -> str:
    """` (carrier Falcon)`; nothing for the whole."""
    return "" if dimension == "all" else f" ({dimension.replace('_', ' ')} {entity})"


def span(first: date, last: date) -> str:
    return f"on {last:%Y-%m-%d}" if first == last else f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
