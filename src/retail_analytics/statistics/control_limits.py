"""Natural process limits of a series of single values (XmR chart)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retail_analytics.statistics.series import checked_series

# Three standard errors by the mean of ranges of two: 3 / 1.128 (Wheeler and Chambers 1992).
LIMIT_FACTOR = 2.66
RANGE_FACTOR = 3.268

LIMIT_COLUMNS = {
    "metric": "object",
    "entity": "object",
    "period": "datetime64[ns]",
    "value": "float64",
    "centre": "float64",
    "limit_lower": "float64",
    "limit_upper": "float64",
    "is_below": "bool",
    "is_above": "bool",
    "history_count": "int64",
    "status": "object",
}


@dataclass(frozen=True)
class XmrLimits:
    """`centre` is the mean, `lower` and `upper` hold single values of a stable process,
    `range_upper` their moving ranges; NaN where there are fewer than two values."""

    centre: float
    lower: float
    upper: float
    mean_range: float
    range_upper: float


def xmr_limits(values: np.ndarray) -> XmrLimits:
    """Limits at 2.66 mean moving ranges from the mean (Wheeler and Chambers 1992).

    NaN are left out; a moving range spans the two values next to each other in time.
    """
    seen = values[np.isfinite(values)]
    if len(seen) < 2:
        return XmrLimits(np.nan, np.nan, np.nan, np.nan, np.nan)
    centre = float(seen.mean())
    mean_range = float(np.abs(np.diff(seen)).mean())
    return XmrLimits(
        centre=centre,
        lower=centre - LIMIT_FACTOR * mean_range,
        upper=centre + LIMIT_FACTOR * mean_range,
        mean_range=mean_range,
        range_upper=RANGE_FACTOR * mean_range,
    )


def control_limits(
    frame: pd.DataFrame, *, fewest: int = 6, window: int | None = 24
) -> pd.DataFrame:
    """Each value of a long frame (metric, entity, period, value) against limits from what came
    before it: the last `window` values (all where None), at least `fewest`.

    A value has no part in its own limits, so a drop cannot widen what it is judged by. Of a stable
    normal process about 13 values in 1,000 lie outside (3 would with limits known for sure). One
    without enough before it has null limits and status `insufficient_data`; a missing value has
    limits and is neither below nor above. ValueError names the column at fault.
    """
    if fewest < 2:
        raise ValueError("fewest must be at least 2")
    rows = []
    for (metric, entity), one in checked_series(frame).groupby(["metric", "entity"]):
        values = one["value"].to_numpy()
        for place, (period, value) in enumerate(zip(one["period"], values, strict=True)):
            past = values[:place]
            past = past[np.isfinite(past)][-window if window else 0 :]
            enough = len(past) >= fewest
            limits = xmr_limits(past if enough else past[:0])
            rows.append(
                {
                    "metric": metric,
                    "entity": entity,
                    "period": period,
                    "value": value,
                    "centre": limits.centre,
                    "limit_lower": limits.lower,
                    "limit_upper": limits.upper,
                    "is_below": value < limits.lower,
                    "is_above": value > limits.upper,
                    "history_count": len(past),
                    "status": "ok" if enough else "insufficient_data",
                }
            )
    return pd.DataFrame(rows, columns=list(LIMIT_COLUMNS)).astype(LIMIT_COLUMNS)
