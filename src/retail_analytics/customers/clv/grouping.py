"""Customer histories counted in groups, so that the cost of a fit does not grow with customers.

A history is (frequency, recency_days, age_days): days with a repeat purchase, whole days from the
first purchase to the last, whole days from the first purchase to the as-of date. Customers with
the same history are one row with a `customer_count`.

With `resolution` 0 the bins are the exact values. Otherwise ages and gaps since the last purchase
are binned on a logarithmic scale, so that a bin is `resolution` wide relative to the time it stands
for. A fit reads the mean history of each group, so that what binning costs is of second order;
scores are computed for the middle of the bins, so that they depend on the customer alone and that,
for equal frequency and age, a later last purchase never lowers the chance to be alive. Every step
is one a SQL engine knows (`floor`, `ln`, `avg`), so the grouping can stay in the warehouse.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from retail_analytics.customers.clv.checks import Array, require_columns

HISTORY_COLUMNS = ["frequency", "recency_days", "age_days"]
BIN_COLUMNS = ["frequency_bin", "gap_bin", "age_bin"]
# A bin is resolution x (time + this many days) wide.
DAY_SCALE = 7.0
# Up to here each frequency is a bin of its own; few customers lie beyond it.
EXACT_FREQUENCY = 20
RESOLUTIONS = (0.0, 0.05, 0.1, 0.2, 0.4)


def history_bins(
    *, frequency: ArrayLike, recency_days: ArrayLike, age_days: ArrayLike, resolution: float
) -> pd.DataFrame:
    """Integer bins of each history: frequency_bin, gap_bin (days since the last) and age_bin."""
    frequency = np.asarray(frequency, dtype=float)
    age = np.asarray(age_days, dtype=float)
    gap = age - np.asarray(recency_days, dtype=float)
    if resolution == 0:
        bins = (frequency, gap, age)
    else:
        tail = np.log(np.maximum(frequency, EXACT_FREQUENCY) / EXACT_FREQUENCY) / resolution
        bins = (
            np.where(frequency <= EXACT_FREQUENCY, frequency, EXACT_FREQUENCY + 1 + np.floor(tail)),
            np.floor(np.log1p(gap / DAY_SCALE) / resolution),
            np.floor(np.log1p(age / DAY_SCALE) / resolution),
        )
    return pd.DataFrame(dict(zip(BIN_COLUMNS, bins, strict=True))).astype("int64")


def group_histories(
    customers: pd.DataFrame, *, resolution: float | None = None, max_groups: int = 40_000
) -> pd.DataFrame:
    """One row per group of customers with one history, sorted by the bins that are its key.

    `customers` has columns frequency, recency_days, age_days and optionally customer_count (1).
    Returns BIN_COLUMNS, resolution, the mean of each of HISTORY_COLUMNS and customer_count.
    Without a `resolution` the finest of RESOLUTIONS that gives at most `max_groups` rows is taken.
    """
    require_columns(customers, HISTORY_COLUMNS)
    if not customers["recency_days"].between(0, customers["age_days"]).all():
        raise ValueError("recency_days: must lie between 0 and age_days")
    weighted = customers[HISTORY_COLUMNS].astype("float64")
    count = customers.get("customer_count", pd.Series(1, index=customers.index))
    weighted = weighted.mul(count, axis=0).assign(customer_count=count)
    for step in RESOLUTIONS if resolution is None else (resolution,):
        columns = {name: customers[name] for name in HISTORY_COLUMNS}
        bins = history_bins(**columns, resolution=step).set_index(weighted.index)
        keyed = pd.concat([bins, weighted], axis=1)
        groups = keyed.groupby(BIN_COLUMNS, as_index=False, sort=True).sum()
        if len(groups) <= max_groups:
            break
    groups[HISTORY_COLUMNS] = groups[HISTORY_COLUMNS].div(groups["customer_count"], axis=0)
    groups.insert(len(BIN_COLUMNS), "resolution", float(step))
    return groups


def group_values(groups: pd.DataFrame, *, time_unit_days: float) -> dict[str, Array]:
    """What a fit reads: arrays frequency, recency, age (mean, in time units), customer_count."""
    require_columns(groups, [*HISTORY_COLUMNS, "customer_count"])
    frequency, recency, age = (groups[name].to_numpy(dtype=float) for name in HISTORY_COLUMNS)
    return {
        "frequency": frequency,
        "recency": recency / time_unit_days,
        "age": age / time_unit_days,
        "customer_count": groups["customer_count"].to_numpy(dtype=float),
    }


def bin_values(groups: pd.DataFrame, *, time_unit_days: float) -> dict[str, Array]:
    """What a score reads: frequency, recency, age (in time units) of the middle of the bins."""
    require_columns(groups, [*BIN_COLUMNS, "resolution"])
    if groups["resolution"].nunique() > 1:
        raise ValueError("resolution: the groups of one table must share one value")
    resolution = float(groups["resolution"].iloc[0]) if len(groups) else 0.0
    frequency, gap, age = (groups[column].to_numpy(dtype=float) for column in BIN_COLUMNS)
    if resolution > 0:
        beyond = np.maximum(frequency - EXACT_FREQUENCY - 0.5, 0.0)
        middle = np.rint(EXACT_FREQUENCY * np.exp(beyond * resolution))
        frequency = np.where(frequency <= EXACT_FREQUENCY, frequency, middle)
        age = _middle_day(age, resolution=resolution)
        gap = _middle_day(gap, resolution=resolution)
    recency = np.where(frequency > 0, np.maximum(age - gap, 0.0), 0.0)
    return {
        "frequency": frequency,
        "recency": recency / time_unit_days,
        "age": age / time_unit_days,
    }


def _middle_day(bins: Array, *, resolution: float) -> Array:
    """The middle of the whole days in each bin, so that a bin of one day stands for that day."""
    first, after = (np.ceil(DAY_SCALE * np.expm1((bins + end) * resolution)) for end in (0, 1))
    return (first + after - 1) / 2


def coarsen(values: Mapping[str, Array], *, resolution: float) -> dict[str, Array]:
    """Arrays as `group_values` returns them, with similar histories merged at their mean."""
    scale = np.average(values["age"], weights=values["customer_count"]) / 10
    gap = values["age"] - values["recency"]
    keys = [
        np.floor(np.log1p(time) / resolution)
        for time in (values["frequency"], gap / scale, values["age"] / scale)
    ]
    _, member = np.unique(np.column_stack(keys), axis=0, return_inverse=True)
    member = member.reshape(-1)
    count = np.bincount(member, weights=values["customer_count"])
    merged = {
        name: np.bincount(member, weights=values[name] * values["customer_count"]) / count
        for name in ("frequency", "recency", "age")
    }
    return {**merged, "customer_count": count}
