"""Months of delivery figures: whether they rise or fall, and the limits of what is usual."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from retail_analytics.statistics.control_limits import control_limits, false_alarms_per_year
from retail_analytics.statistics.trend import trends

METHOD = "Mann-Kendall corrected for autocorrelation, Sen's slope"
KEY = ["dimension", "entity", "measure"]


def delivery_trends(
    measures: pd.DataFrame, *, better: dict[str, str], as_of_date: date | None, months: int
) -> pd.DataFrame:
    """One row per series of `measures` (dimension, entity, measure, month, value): its trend over
    the last `months`.

    `better` says for each measure whether higher or lower is better: `assessment` is `improving`
    or `worsening` where there is a trend, else `no trend`; null below 12 months.
    """
    found = trends(series(measures), periods=months)
    risen = found["direction"] == "rising"
    fallen = found["direction"] == "falling"
    wanted = found["metric"].map(better) == "higher"
    found["assessment"] = found["direction"].replace("none", "no trend")
    found.loc[(risen & wanted) | (fallen & ~wanted), "assessment"] = "improving"
    found.loc[(risen & ~wanted) | (fallen & wanted), "assessment"] = "worsening"
    found["method"] = METHOD
    found = found.drop(columns="autocorrelation")
    found["as_of_date"] = as_of_date
    names = {
        "slope": "slope_per_month",
        "slope_lower": "slope_per_month_lower",
        "slope_upper": "slope_per_month_upper",
        "point_count": "month_count",
        "from_period": "from_month",
        "to_period": "to_month",
    }
    return keyed(found).rename(columns=names)


def delivery_limits(
    measures: pd.DataFrame, *, scales: Mapping[str, str], months: int, tail: float
) -> pd.DataFrame:
    """One row per series and month of `measures`: its limits from the last `months` before it.

    `scales` names the scale of each measure as in `control_limits`; a rate has `delivery_count`
    cases. `tail` is the share of usual months beyond one limit.
    """
    found = control_limits(series(measures), scales=scales, window=months, tail=tail)
    found["false_alarms_per_year"] = false_alarms_per_year(tail=tail)
    names = {"period": "month", "history_count": "history_month_count"}
    return keyed(found).drop(columns=["is_below", "is_above"]).rename(columns=names)


def series(measures: pd.DataFrame) -> pd.DataFrame:
    """The long frame of series; dimension and entity as one name."""
    return pd.DataFrame(
        {
            "metric": measures["measure"],
            "entity": measures["dimension"] + "|" + measures["entity"],
            "period": measures["month"],
            "value": measures["value"],
            "weight": measures["delivery_count"],
        }
    )


def keyed(found: pd.DataFrame) -> pd.DataFrame:
    """A table of series with dimension, entity and measure again as its first columns."""
    # an entity may hold the sign, a dimension does not
    names = found["entity"].str.partition("|", expand=True).reindex(columns=[0, 2])
    key = pd.DataFrame(
        {"dimension": names[0], "entity": names[2], "measure": found["metric"]}, columns=KEY
    )
    return pd.concat([key, found.drop(columns=["metric", "entity"])], axis=1)
