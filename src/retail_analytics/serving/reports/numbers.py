"""Values as people read them: one way for pages, charts and tables."""

import math
import re
from datetime import date, datetime
from decimal import Decimal

NONE = "–"
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# kind: decimals
DECIMALS = {"count": 0, "money": 0, "price": 2, "number": 1, "ratio": 2, "percent": 1}
NUMERIC = frozenset(DECIMALS)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def shown(value: object, kind: str) -> str:
    """A value as text; `kind` is one of DECIMALS, or date, month, text."""
    if is_missing(value):
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "month":
        return month_name(value)
    if isinstance(value, datetime):
        return f"{day_name(value)}, {value:%H:%M} UTC"
    if isinstance(value, date):
        return day_name(value)
    if is_number(value):
        if kind == "percent":
            return f"{minus(f'{100 * float(value):,.1f}')} %"
        return minus(f"{value:,.{DECIMALS.get(kind, 0)}f}")
    return without_controls(str(value))


def minus(text: str) -> str:
    """Digits with a true minus sign, and none before a zero."""
    if not text.startswith("-"):
        return text
    return f"\N{MINUS SIGN}{text[1:]}" if text.strip("-0.,") else text[1:]


def short(value: float, kind: str) -> str:
    """A tick of an axis: 20k rather than 20,000."""
    if kind == "percent":
        return f"{minus(f'{100 * value:,.10g}')} %"
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size and abs(value) >= 10_000:
            return f"{minus(f'{value / size:,.10g}')}{letter}"
    return minus(f"{value:,.10g}")


def day_name(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def month_name(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.year}"


def unit_of(kind: str, unit: str | None, currency: str) -> str:
    """What a number of this kind is counted in."""
    if kind in ("money", "price"):
        return f"{currency or 'money'}{f' {unit}' if unit else ''}"
    return unit or {"percent": "per cent", "count": "number"}.get(kind, "")


def without_controls(text: str) -> str:
    """Text without the characters that XML forbids."""
    return FORBIDDEN.sub("", text)
