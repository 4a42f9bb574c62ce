"""How well the chances of no purchase did on held-out time, beside the naive ones.

Models are fitted for the newest cut-off, from older ones alone, and measured on it. Metrics:

- area_under_curve: the chance that of two customers the one who stayed away had the higher figure;
- brier_score, log_loss: mean squared error and mean surprise, lower is better (Brier 1950);
- calibration_slope, calibration_intercept: of the outcome's log odds on the predicted ones (Cox
  1958), 1 and 0 when the chances are right; a slope below 1 means they are too far apart.

Skill is the part of the way from the baseline to perfection: 1 - loss / loss of the baseline.
Coverage is the share of customers whose group, of ten by predicted chance, had an observed rate
within the interval, allowing for the luck of a group of its size.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm, rankdata

from retail_analytics.churn import (
    INTERVAL_LEVEL,
    LAST_YEARS_LEVEL,
    LOGISTIC,
    RATE,
    RECENCY,
    Array,
    ChurnModel,
    fit_churn,
    fit_logits,
    prepared,
    stayed_away,
)

TARGET = "no_purchase"
BACKTEST_COLUMNS = [
    *("model", "target", "horizon_days", "metric", "baseline", "value", "baseline_value"),
    *("skill", "coverage", "row_count", "as_of_date"),
]
# what a perfect model reaches; calibration is no contest
PERFECT = {"area_under_curve": 1.0, "brier_score": 0.0, "log_loss": 0.0}
DECIDING_METRIC = "brier_score"
GROUPS = 10


def backtest(
    training: pd.DataFrame, *, features: Sequence[str], horizons: Sequence[int]
) -> pd.DataFrame:
    """One row a model, horizon, metric and baseline; none without an older cut-off to learn from.

    training: as for `churn.prepared`. Each baseline is the better of its two levels.
    """
    training = prepared(training, features=features, horizons=horizons)
    if training["as_of_date"].nunique() < 2:
        return pd.DataFrame(columns=BACKTEST_COLUMNS)
    newest = training["as_of_date"].max()
    customers = training[training["as_of_date"] == newest]
    outcomes = stayed_away(customers, sorted(horizons))
    measured: dict[str, pd.DataFrame] = {}
    for method in (LOGISTIC, RECENCY, RATE):
        for name in (method, method + LAST_YEARS_LEVEL):
            model = fit_churn(
                training,
                method=name,
                features=features,
                horizons=horizons,
                as_of_date=newest,
            )
            if model is not None and model.method == name:
                measured[name] = measure(model, customers, outcomes)
    rows = [
        measured[model].merge(
            measured[baseline][["horizon_days", "metric", "value"]].rename(
                columns={"value": "baseline_value"}
            ),
            on=["horizon_days", "metric"],
        ).assign(model=model, baseline=baseline)
        for model in measured if model.startswith(LOGISTIC)
        for baseline in (
            min(
                (name for name in measured if name.startswith(method)),
                key=lambda name: mean_loss(measured[name]),
            )
            for method in (RECENCY, RATE)
        )
    ]
    if not rows:
        return pd.DataFrame(columns=BACKTEST_COLUMNS)
    table = pd.concat(rows, ignore_index=True)
    perfect = table["metric"].map(PERFECT)
    skill = (table["value"] - table["baseline_value"]) / (perfect - table["baseline_value"])
    table = table.assign(
        target=TARGET, skill=skill, row_count=len(customers), as_of_date=newest
    )
    return table[BACKTEST_COLUMNS]
