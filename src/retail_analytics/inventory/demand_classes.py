"""The class of a product's demand: how often it sells and how even its amounts are."""

import numpy as np
import pandas as pd

from retail_analytics.inventory.demand_matrix import first_demand

ADI_CUT = 1.32
CV2_CUT = 0.49


def demand_classes(demand: np.ndarray) -> pd.DataFrame:
    """Class and description of each product's demand since its first sale.

    `demand` is (products, periods). One row per product: history_periods and demand_periods
    (since and with the first demand), mean_demand and sd_demand per period, adi (average periods
    from demand to demand), cv2 (squared coefficient of variation of the amounts that are not
    zero) and demand_class. The cuts of Syntetos, Boylan and Croston (2005): smooth below ADI 1.32
    and CV2 .49, erratic below the first only, intermittent below the second only, else lumpy;
    no_demand where nothing was sold, with means of 0 and the rest missing.
    """
    periods = demand.shape[1]
    started = first_demand(demand)
    history = periods - started
    sold = demand > 0
    events = sold.sum(axis=1)
    total = demand.sum(axis=1)
    spread = ((demand - _ratio(total, history)[:, None]) ** 2).sum(axis=1)
    # The zeros before the start are no history: their share of the squares is taken out again.
    spread = spread - started * _ratio(total, history) ** 2
    size = _ratio(total, events)
    size_spread = np.where(sold, (demand - size[:, None]) ** 2, 0.0).sum(axis=1)
    cv2 = _ratio(_ratio(size_spread, events - 1), size**2)
    adi = np.where(events > 0, _ratio(history, events), np.nan)
    often, even = adi < ADI_CUT, cv2 < CV2_CUT
    names = np.select(
        [events == 0, often & even, often, even],
        ["no_demand", "smooth", "erratic", "intermittent"],
        default="lumpy",
    )
    return pd.DataFrame(
        {
            "demand_class": names,
            "history_periods": history,
            "demand_periods": events,
            "mean_demand": _ratio(total, history),
            "sd_demand": np.sqrt(np.maximum(_ratio(spread, history - 1), 0)),
            "adi": adi,
            "cv2": np.where(events > 0, cv2, np.nan),
        }
    )


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Numerator over denominator, 0 where the denominator is not positive."""
    result = np.zeros(np.shape(numerator), dtype=float)
    return np.divide(numerator, denominator, out=result, where=np.asarray(denominator) > 0)
