"""A long frame of demand made into a dense matrix of products by days."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

DEMAND_COLUMNS = ("product_id", "demanded_on", "units")


def demand_matrix(
    demand: pd.DataFrame, *, product_ids: Sequence[str], as_of_date: date, days: int
) -> np.ndarray:
    """Units demanded by product and day, for the `days` days that end on `as_of_date`.

    `demand` has a row for each sale (product_id, demanded_on, units); several rows of one product
    and day add up, days without a row are 0, and rows outside the window are left out, so that
    nothing later than `as_of_date` is seen. Returns float64 (products, days), the rows in the
    order of `product_ids`. Raises ValueError naming the column for a missing column, units that
    are not finite or below zero, an unreadable day, or a product that is not in `product_ids`.
    """
    check_columns(demand)
    articles = pd.Index(product_ids)
    if articles.has_duplicates:
        raise ValueError("product_id: an article is listed twice")
    rows = articles.get_indexer(demand["product_id"])
    if (rows < 0).any():
        raise ValueError("product_id: demand of an article that is not in product_ids")
    units = checked_amounts(demand["units"], column="units")
    demanded_on = pd.to_datetime(demand["demanded_on"], errors="coerce")
    if demanded_on.isna().any():
        raise ValueError("demanded_on: a day is missing or unreadable")
    first_day = pd.Timestamp(as_of_date) - pd.Timedelta(days=days - 1)
    day = (demanded_on.dt.normalize() - first_day).dt.days.to_numpy()
    kept = (day >= 0) & (day < days)
    cells = rows[kept] * days + day[kept]
    # A fixed order of addition keeps the last bit of fractional units independent of row order.
    order = np.lexsort((units[kept], cells))
    sums = np.bincount(cells[order], weights=units[kept][order], minlength=len(articles) * days)
    return sums.reshape(len(articles), days)


def check_columns(demand: pd.DataFrame) -> None:
    """ValueError naming the first column that a demand frame lacks, or its missing product_id."""
    for column in DEMAND_COLUMNS:
        if column not in demand.columns:
            raise ValueError(f"{column}: missing from the demand frame")
    if demand["product_id"].isna().any():
        raise ValueError("product_id: missing in a row of demand")


def checked_amounts(values: pd.Series | np.ndarray, *, column: str) -> np.ndarray:
    """`values` as float64; ValueError naming `column` for what is no finite amount of 0 or more."""
    numbers = pd.to_numeric(pd.Series(np.asarray(values).ravel()), errors="coerce").to_numpy(float)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{column}: a value is missing, unreadable or not finite")
    if (numbers < 0).any():
        raise ValueError(f"{column}: a value is below zero")
    return numbers.reshape(np.shape(values))


def first_demand(demand: np.ndarray) -> np.ndarray:
    """Index of the first period with demand, a product's start; the period count where none."""
    sold = demand > 0
    return np.where(sold.any(axis=1), sold.argmax(axis=1), demand.shape[1])


def week_sums(demand: np.ndarray) -> np.ndarray:
    """Demand by whole weeks counted back from the last day: (products, days // 7)."""
    weeks = demand.shape[1] // 7
    kept = demand[:, demand.shape[1] - 7 * weeks :]
    return kept.reshape(len(demand), weeks, 7).sum(axis=2)
