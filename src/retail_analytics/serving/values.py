"""Values as people read them: one way for pages, charts, tables, workbooks and texts."""

import math
import re
from datetime import date, datetime
from decimal import Decimal

NONE = "–"
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DAY = "%-d %b %Y"
# a number of any unit: whole from 100 on, two decimals at most below
FIGURE = "figure"
# a space that does not break stands before the sign, as in the sentences of the marts
PERCENT = "\N{NO-BREAK SPACE}%"
# Python's format of a number, such as `+,.1f` or `.1%`
NUMBER_FORMAT = re.compile(r"(?P<sign>\+?)(?P<comma>,?)(?:\.(?P<digits>\d+))?(?P<kind>[fd%])")


def is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def shown(value: object, form: str = "") -> str:
    """A value as text; `form` is Python's format of a number or a day, or `figure` for a number of
    any unit, as which a number with a point is shown that has no form. A dash where it is unknown.

    Example
    -------
    >>> shown(-1234.5, ",.1f"), shown(0.656, ".1%"), shown(None, ".1%")
    ('−1,234.5', '65.6\xa0%', '–')
    >>> shown(1183.07, "figure"), shown(18.5, "figure"), shown(4.0, "figure")
    ('1,183', '18.5', '4')
    """
    if is_missing(value):
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and "%" not in form:
        return f"{value:%-d %b %Y, %H:%M} UTC"
    if isinstance(value, date):
        return value.strftime(form if "%" in form else DAY)
    if is_number(value):
        is_plain = not form and isinstance(value, float)
        text = figure(float(value)) if is_plain or form == FIGURE else format(value, form)
        text = text.replace("%", PERCENT)
        # a true minus sign, and none before zero
        return text.replace("-", "\N{MINUS SIGN}" if set(text) & set("123456789") else "")
    return without_controls(str(value))


def figure(value: float) -> str:
    """A number of any unit: whole from 100 on, below with the decimals that it has, two at most."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def excel_format(form: str) -> str:
    """The number format of a spreadsheet for a format of Python; empty for text.

    Example
    -------
    >>> excel_format(",.0f"), excel_format("+.1f"), excel_format(".1%")
    ('#,##0', '+0.0;-0.0;0.0', '0.0%')
    """
    if form.startswith("%"):
        return "mmm yyyy" if "%d" not in form and "%-d" not in form else "yyyy-mm-dd"
    if form == FIGURE:
        return "#,##0.00"
    found = NUMBER_FORMAT.fullmatch(form)
    if not found:
        return ""
    digits = int(found["digits"] or 0)
    text = ("#,##0" if found["comma"] else "0") + ("." + "0" * digits if digits else "")
    text += "%" if found["kind"] == "%" else ""
    return f"+{text};-{text};{text}" if found["sign"] else text


def without_controls(text: str) -> str:
    """Text without the characters that XML forbids."""
    return FORBIDDEN.sub("", text)
