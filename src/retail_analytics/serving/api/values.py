"""Values as programs read them, and the unit of a column by the project's names."""

import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from retail_analytics.serving.catalog import Column, Table

# what a text may hold in one cell
CELL_CHARACTERS = 2000
BOUNDS = re.compile(r"_(lower|upper|p50|p80|p90)$")
# the endings that CONTRIBUTING.md promises
UNITS = (
    (r"_(count|rank|score|points)$", ""),
    (r"(^|_)days$", "days"),
    (r"(^|_)months$", "months"),
    (r"(^|_)weeks$", "weeks"),
    (r"(^|_)hours$", "hours"),
    (r"(^|_)minutes$", "minutes"),
    (r"(^|_)units$", "units"),
    (r"_pct$", "percent, 0 to 100"),
    (r"(^|_)(rate|share|probability|p_value|q_value)$", "share of 1"),
    (r"^p_(alive|value)$|^q_value$", "share of 1"),
)
MONEY = re.compile(
    r"(^|_)(revenue|margin|cost|costs|amount|spend|price|gain|monetary)$"
    r"|^(order_total|list_price|holding_cost)$|^average_order_value$"
    r"|(^|_)(expected_value|historical_value|value_at_stake)$"
)
UNIT_COLUMNS = ("unit", "metric_unit", "figure_unit")
OF_ROW = re.compile(r"^(value|figure|threshold|usual_value|mean|control_mean|difference)$")
JSON_TYPES = (
    (r"\[\]$", "array"),
    (r"^(STRUCT|MAP)", "object"),
    (r"^BOOLEAN", "boolean"),
    (r"^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)", "integer"),
    (r"^(DECIMAL|DOUBLE|FLOAT)", "number"),
)


def unit_of(table: Table, column: Column, currency: str) -> str:
    """The unit of a column, empty where it has none.

    Example
    -------
    >>> churn = Table("marts", "c", "", 0, "", (), ())
    >>> unit_of(churn, Column("value_at_stake", "DOUBLE", ""), "EUR")
    'EUR'
    """
    if column.type.startswith("TIMESTAMP"):
        return "time, UTC"
    if column.type == "DATE":
        return "date"
    if json_type(column.type) not in ("integer", "number"):
        return ""
    name = BOUNDS.sub("", column.name)
    own = next((unit for unit in UNIT_COLUMNS if unit in table.column_names), None)
    if own and OF_ROW.search(name):
        return f"see column {own}"
    if name == "value" and "expected_value" in table.column_names:
        return currency
    if MONEY.search(name):
        return currency
    return next((unit for pattern, unit in UNITS if re.search(pattern, name)), "")


def json_type(data_type: str) -> str:
    """The type in JSON of a DuckDB type."""
    return next((kind for pattern, kind in JSON_TYPES if re.search(pattern, data_type)), "string")


def as_json(value: object) -> object:
    """A value that JSON can hold: days and times as ISO 8601, what is no number as null.

    Example
    -------
    >>> as_json(Decimal("1.50")), as_json(float("nan")), as_json(date(2024, 12, 31))
    (1.5, None, '2024-12-31')
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value if len(value) <= CELL_CHARACTERS else value[: CELL_CHARACTERS - 1] + "…"
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, bytes | bytearray):
        return value.hex()[:CELL_CHARACTERS]
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)[:CELL_CHARACTERS]
