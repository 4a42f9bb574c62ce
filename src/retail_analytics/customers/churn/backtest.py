"""How well the chances of no purchase did on held-out time, beside the naive ones.

Models are fitted for the newest cut-off, from older ones alone, and measured on it. Metrics:

- auc: the chance that of two customers the one who stayed away had the higher figure;
- brier_score, log_loss: mean squared error and mean surprise, lower is better (Brier 1950);
- calibration_slope, calibration_intercept: of the outcome's log odds on the predicted ones (Cox
  1958), 1 and 0 when the chances are right; a slope below 1 means they are too far apart;
- coverage_rate: share of customers whose group, of ten by predicted chance, had an observed rate
  within the interval.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata

from retail_analytics.customers.churn.model import (
    GROUPS,
    LOGISTIC,
    NO_CHANGE,
    NO_SEASON,
    RATE,
    RECENCY,
    Array,
    ChurnModel,
    at_last_years_level,
    fit_churn,
    fit_logits,
    prepared,
    stayed_away,
)
from retail_analytics.customers.season import TradeYear
from retail_analytics.statistics.champions import NO_REIGN, Reign, decide

TARGET = "no_purchase"
BACKTEST_COLUMNS = [
    *("model", "target", "horizon_days", "metric", "baseline", "is_serving", "value"),
    *("baseline_value", "row_count", "as_of_date", "decision"),
]
DECIDING_METRIC = "brier_score"
WORTH_IT = 0.01


def backtest(
    training: pd.DataFrame,
    *,
    horizons: Sequence[int],
    trade: TradeYear = NO_SEASON,
    reign: Reign = NO_REIGN,
) -> pd.DataFrame:
    """One row per model, horizon, metric and baseline; none without an older cut-off to learn from.

    training: as for `churn.prepared`; trade: the season as known by the newest cut-off; reign: what
    served before. Of the two levels of a baseline the better one is shown, as a model too, for it
    may serve. `decision` is that of `statistics.champions` as JSON, the same in every row.
    """
    training = prepared(training, horizons=horizons)
    newest = training["as_of_date"].max()
    customers = training[training["as_of_date"] == newest]
    models = []
    for method in (LOGISTIC, RECENCY, RATE):
        model = fit_churn(
            training, method=method, horizons=horizons, as_of_date=newest, trade=trade
        )
        if model is not None:
            models += [model, at_last_years_level(model, training, as_of_date=newest)]
    models = [model for model in models if model is not None]
    measured = {model.method: measure(model, customers) for model in models}
    if not measured:
        return pd.DataFrame(columns=BACKTEST_COLUMNS)

    baselines = [
        min((name for name in measured if name.startswith(method)), key=lambda n: loss(measured[n]))
        for method in (RECENCY, RATE)
    ]
    table = pd.concat(
        [
            measured[model]
            .merge(measured[baseline], on=["horizon_days", "metric"], suffixes=("", "_of_baseline"))
            .rename(columns={"value_of_baseline": "baseline_value"})
            .assign(model=model, baseline=baseline)
            for model in measured
            if model.startswith(LOGISTIC) or model in {*baselines, reign.champion, reign.pinned}
            for baseline in baselines
        ],
        ignore_index=True,
    )
    is_usual = table["model"].str.startswith(LOGISTIC) | table["model"].isin(baselines)
    by_name = {model.method: model for model in models}
    decision = decide(
        best=str(choose_method(table[is_usual])),
        baseline=min(baselines, key=lambda name: loss(measured[name])),
        losses={name: loss(figures) for name, figures in measured.items()},
        case_losses=lambda name: squared_errors(by_name[name], customers).mean(axis=1),
        reign=reign,
    )
    table = table.assign(
        target=TARGET,
        is_serving=table["model"] == decision.champion,
        row_count=len(customers),
        as_of_date=newest,
        decision=decision.to_json(),
    )
    return table[BACKTEST_COLUMNS]


def served_method(table: pd.DataFrame) -> str | None:
    """The method that `backtest` decided for; None without a backtest."""
    served = table.loc[table["is_serving"].astype(bool), "model"]
    return None if served.empty else str(served.iloc[0])


def choose_method(table: pd.DataFrame) -> str | None:
    """The best method, by the mean Brier score over the horizons; None without a backtest.

    It serves where nothing did before (`statistics.champions`). The best model is it when it takes
    WORTH_IT off the score of the best baseline, else that baseline: less than that is within the
    sampling error of one test.
    """
    table = table[table["metric"] == DECIDING_METRIC]
    if table.empty:
        return None
    is_model = table["model"].str.startswith(LOGISTIC)
    models = table[is_model].groupby("model")["value"].mean()
    baselines = table.groupby("baseline")["baseline_value"].mean()
    is_worth_it = len(models) and models.min() <= (1 - WORTH_IT) * baselines.min()
    return str(models.idxmin() if is_worth_it else baselines.idxmin())


def measure(model: ChurnModel, customers: pd.DataFrame) -> pd.DataFrame:
    """One row per horizon and metric, with its value."""
    log_odds = model.log_odds(customers)
    lower, upper = model.bounds(customers, group_size=len(customers) / GROUPS)
    outcomes = stayed_away(customers, model.horizons)
    rows = []
    for column, horizon in enumerate(model.horizons):
        odds, outcome = log_odds[:, column], outcomes[:, column]
        intercept, slope = calibration(odds, outcome)
        metrics = {
            "auc": area_under_curve(odds, outcome),
            "brier_score": float(np.mean((expit(odds) - outcome) ** 2)),
            "log_loss": float(np.mean(np.logaddexp(0.0, odds) - outcome * odds)),
            "calibration_slope": slope,
            "calibration_intercept": intercept,
            "coverage_rate": coverage(odds, lower[:, column], upper[:, column], outcome),
        }
        rows += [(horizon, name, value) for name, value in metrics.items()]
    return pd.DataFrame(rows, columns=["horizon_days", "metric", "value"])


def squared_errors(model: ChurnModel, customers: pd.DataFrame) -> Array:
    """Squared distance of chance and outcome, customers x horizons: the mean is the Brier score."""
    return (expit(model.log_odds(customers)) - stayed_away(customers, model.horizons)) ** 2


def loss(measured: pd.DataFrame) -> float:
    return float(measured.loc[measured["metric"] == DECIDING_METRIC, "value"].mean())


def area_under_curve(score: Array, outcome: Array) -> float:
    """Area under the receiver operating characteristic; ties count half (Hanley, McNeil 1982)."""
    positives = outcome.sum()
    above = rankdata(score) @ outcome - positives * (positives + 1) / 2
    return float(above / (positives * (len(outcome) - positives)))


def calibration(log_odds: Array, outcome: Array) -> tuple[float, float]:
    """Intercept and slope of the outcome on the log odds; none where these are all alike, or tell
    the outcomes apart without a mistake."""
    stayed, came = log_odds[outcome == 1], log_odds[outcome == 0]
    if np.ptp(log_odds) < NO_CHANGE or stayed.min() > came.max() or stayed.max() < came.min():
        return float("nan"), float("nan")
    level, _, slope = fit_logits(log_odds[:, None], outcome[:, None], ridge=0.0)
    return float(level), float(slope)


def coverage(log_odds: Array, lower: Array, upper: Array, outcome: Array) -> float:
    """Share of customers in groups whose observed rate lies within the group's mean interval."""
    covered = 0
    for rows in np.array_split(np.argsort(log_odds, kind="stable"), GROUPS):
        if len(rows):
            observed = outcome[rows].mean()
            covered += len(rows) * (lower[rows].mean() <= observed <= upper[rows].mean())
    return covered / len(outcome)
