"""Values as programs read them, and the unit of a column by the project's names."""

import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from retail_analytics.serving.catalog import Column, Table

# what a text may hold in one cell
CELL_CHARACTERS = 2000
BOUNDS = re.compile(r"_(lower|upper|p50|p80|p90)$")
# the endings that CONTRIBUTING.md promises, and the words that stand for a unit
UNITS = (
    (r"_(count|rank|score|points)$", ""),
    (r"(^|_)days$|^(average|median|p90)_days_|^days_", "days"),
    (r"(^|_)months$", "months"),
    (r"(^|_)weeks$", "weeks"),
    (r"(^|_)hours$|^hours_", "hours"),
    (r"(^|_)minutes$|^minutes_", "minutes"),
    (r"_daily_demand$", "units per day"),
    (r"(^|_)(units|quantity)$|^units_", "units"),
    (r"(^|_)orders$", "orders"),
    (r"_deliveries$", "deliveries"),
    (r"^points_", "points"),
    (r"^volume$", "tickets"),
    (r"_pct(_per_month)?$", "percent, 0 to 100"),
    (r"^(marginal_)?roi$", "multiple of the spend; 0 is even"),
    (r"(^|_)(rate|share|probability|p_value|q_value|confidence|coverage|occupancy)$", "share of 1"),
    (r"^p_(alive|value)$|^q_value$|^share_|_(rate|share)_(before|difference)$", "share of 1"),
    (
        r"(^|_)(uplift|discount)$|^(relative_difference|relative_effect|margin_change)$",
        "share of 1",
    ),
    (r"^(cycle_service|service_(target|achieved|level.*)|fill_rate_achieved)$", "share of 1"),
    (r"^(minimum_effect|smallest_visible_effect)$", "share of 1"),
    (r"net_sentiment", "-1 to 1"),
)
MONEY = re.compile(
    r"(^|_)(revenue|margin|cost|costs|amount|spend|price|gain|monetary|money)$"
    r"|^(order_total|list_price|holding_cost)$|^average_order_value$"
    r"|(^|_)(expected_value|historical_value|value_at_stake|revenue_per_customer)$"
    r"|^(contribution|response|marginal_response|(optimal_)?marginal_return)$"
)
UNIT_COLUMNS = ("unit", "metric_unit", "figure_unit")
OF_ROW = re.compile(
    r"^(value|figure|threshold|usual_value|mean|control_mean|difference|observed|expected|change"
    r"|numerator|level_before|level_after|size|smallest_(fall|rise)_seen|trend_slope"
    r"|slope_per_month)$"
)
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
    >>> unit_of(churn, Column("caused_orders_lower", "DOUBLE", ""), "EUR")
    'orders'
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
