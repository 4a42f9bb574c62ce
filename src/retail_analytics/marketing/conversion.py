"""The chance of an order in the days ahead, for customers with a recent touch.

    log odds = level + sum over features of coefficient * (value - centre) / sd

Features come in long form, one row per customer, day and feature: numbers, and names such as
`last channel: mail` that are 1 where they hold. A number that is not known counts as its centre, a
name that does not hold as 0; neither adds anything. The last weeks are held out: where the model
does not beat the rate of the last channel there, that rate serves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import rankdata, t

from retail_analytics.marketing.logistic import Array, fit_logit

OK, SHORT_HISTORY, INSUFFICIENT_DATA = "ok", "short_history", "insufficient_data"
LOGISTIC, CHANNEL_RATE = "logistic regression", "rate of the last channel"
BOOSTING, FOREST = "histogram boosting", "random forest"
NO_METHOD = "none"
LEVEL, LAST_CHANNEL, NAME = "level", "last channel: ", ": "
TARGET = "order"

# penalties that are tried, on the squares of standardised coefficients
RIDGES = (1.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
# a channel's rate is shrunk towards the rate of all by so many customers
SHRUNK_BY = 20.0
# orders, and customers without one, that learning or testing needs
FEWEST = 20
HELD_OUT = 0.3
FOLDS, FOLD_COLUMNS = 4, ["spread_1", "spread_2", "spread_3", "spread_4"]
INTERVAL_LEVEL = 0.80
DECILES = 10

COEFFICIENT_COLUMNS = ["feature", "method", "status", "centre", "sd", "coefficient", *FOLD_COLUMNS]
COEFFICIENT_COLUMNS += ["base_rate", "row_count", "order_count"]
BACKTEST_COLUMNS = ["model", "target", "horizon_days", "metric", "baseline", "is_serving", "value"]
BACKTEST_COLUMNS += ["baseline_value", "row_count", "as_of_date"]


@dataclass(frozen=True)
class Cases:
    """Customers and days with what followed: features as columns, unknown ones NaN."""

    features: pd.DataFrame
    days: np.ndarray
    last_channel: np.ndarray
    ordered: Array

    def part(self, rows: np.ndarray) -> "Cases":
        return Cases(
            self.features.iloc[rows], self.days[rows], self.last_channel[rows], self.ordered[rows]
        )

    @property
    def is_enough(self) -> bool:
        won = self.ordered.sum()
        return bool(min(won, len(self.ordered) - won) >= FEWEST)


@dataclass(frozen=True)
class Model:
    """A fitted logistic model; spreads: fold x (level, features)."""

    method: str
    features: list[str]
    centre: Array
    sd: Array
    weights: Array
    spreads: Array

    def log_odds(self, features: pd.DataFrame) -> Array:
        return _design(features, self.features, self.centre, self.sd) @ self.weights


def cases(values: pd.DataFrame, outcomes: pd.DataFrame) -> Cases:
    """Features and outcomes side by side, by day and customer.

    values: customer_id, as_of_date, feature, value; outcomes: customer_id, as_of_date,
    last_channel, has_ordered. ValueError names a column that is missing.
    """
    for frame, columns in (
        (values, ("customer_id", "as_of_date", "feature", "value")),
        (outcomes, ("customer_id", "as_of_date", "last_channel", "has_ordered")),
    ):
        for column in columns:
            if column not in frame.columns:
                raise ValueError(f"{column}: column is missing")
    outcomes = outcomes.sort_values(["as_of_date", "customer_id"], ignore_index=True)
    keys = pd.MultiIndex.from_frame(outcomes[["as_of_date", "customer_id"]])
    names = sorted(values["feature"].unique())
    where = keys.get_indexer(pd.MultiIndex.from_frame(values[["as_of_date", "customer_id"]]))
    table = np.full((len(outcomes), len(names)), np.nan)
    found = where >= 0
    column = pd.Index(names).get_indexer(values["feature"])
    table[where[found], column[found]] = values["value"].to_numpy(dtype=float)[found]
    features = pd.DataFrame(table, columns=names)
    named = [name for name in names if NAME in name]
    features[named] = features[named].fillna(0.0)
    return Cases(
        features=features,
        days=outcomes["as_of_date"].to_numpy(),
        last_channel=outcomes["last_channel"].to_numpy(dtype=object),
        ordered=outcomes["has_ordered"].to_numpy(dtype=float),
    )


def fit_logistic(known: Cases) -> Model:
    """Ridge logistic on standardised features, and its spread over folds of days."""
    names = [n for n in known.features.columns if known.features[n].nunique(dropna=False) > 1]
    table = known.features[names]
    is_name = np.array([NAME in name for name in names], dtype=bool)
    mean = table.mean().fillna(0.0).to_numpy()
    sd = table.std(ddof=0).fillna(0.0).to_numpy()
    centre, sd = np.where(is_name, 0.0, mean), np.where(sd > 1e-9, sd, 1.0)
    x = _design(table, names, centre, sd)
    penalty, shrinkage = best_ridge(x, known)
    ridge = np.append(0.0, np.full(len(names), penalty))
    weights, _ = fit_logit(x, known.ordered, 1 - known.ordered, ridge=ridge)
    folds = []
    for rows in fold_rows(known):
        won = known.ordered[rows]
        fold, _ = fit_logit(x[rows], won, 1 - won, ridge=ridge, start=weights)
        folds.append(shrunk(fold, x[rows], won, shrinkage))
    weights = shrunk(weights, x, known.ordered, shrinkage)
    return Model(LOGISTIC, names, centre, sd, weights, spreads_of(np.array(folds)))


def best_ridge(x: Array, known: Cases) -> tuple[float, float]:
    """The penalty with the least log loss on later days, learned from earlier ones, and the slope
    of their outcomes on these chances less its standard error (at most 1): of what later days do
    not tell apart the more modest stands (rule of one standard error: Breiman and others 1984).

    Where there are too few days or orders to tell, the middle penalty and 1.
    """
    days = np.unique(known.days)
    losses = np.zeros(len(RIDGES))
    later_odds: list[list[Array]] = [[] for _ in RIDGES]
    outcomes = []
    for part in (0.5, 0.75):
        first, last = (days[min(int(len(days) * p), len(days) - 1)] for p in (part, part + 0.25))
        earlier, later = known.days < first, (known.days >= first) & (known.days <= last)
        won = known.ordered[earlier]
        if min(won.sum(), (1 - won).sum(), known.ordered[later].sum()) < FEWEST:
            return RIDGES[len(RIDGES) // 2], 1.0
        outcomes.append(known.ordered[later])
        weights = None
        for number, ridge in enumerate(RIDGES):
            penalty = np.append(0.0, np.full(x.shape[1] - 1, ridge))
            weights, _ = fit_logit(x[earlier], won, 1 - won, ridge=penalty, start=weights)
            odds = x[later] @ weights
            later_odds[number].append(odds)
            losses[number] += np.sum(np.logaddexp(0.0, odds) - known.ordered[later] * odds)
    best = int(np.argmin(losses))
    odds, won = np.concatenate(later_odds[best]), np.concatenate(outcomes)
    line = np.stack([np.ones(len(odds)), odds], axis=1)
    fitted, information = fit_logit(line, won, 1 - won, ridge=1e-9)
    error = np.sqrt(np.linalg.inv(information)[1, 1]) if np.ptp(odds) > 1e-9 else 0.0
    return RIDGES[best], float(np.clip(fitted[1] - error, 0.0, 1.0))


def shrunk(weights: Array, x: Array, won: Array, factor: float) -> Array:
    """The weights times the factor, with the level that gives the observed rate (Copas 1983)."""
    odds = factor * (x[:, 1:] @ weights[1:])
    level = weights[0]
    for _ in range(50):
        chance = expit(level + odds)
        step = (won - chance).sum() / max((chance * (1 - chance)).sum(), 1e-12)
        level += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-10:
            break
    return np.append(level, factor * weights[1:])


def fit_channel_rate(known: Cases) -> Model:
    """The rate of each last channel, shrunk towards the rate of all, in the same form."""
    channels = sorted(set(known.last_channel))

    def weights_of(rows: np.ndarray) -> Array:
        won, channel = known.ordered[rows], known.last_channel[rows]
        rate = (won.sum() + 0.5) / (len(won) + 1)
        parts = [logit(rate)]
        for name in channels:
            mine = won[channel == name]
            shrunk = (mine.sum() + SHRUNK_BY * rate) / (len(mine) + SHRUNK_BY)
            parts.append(logit(shrunk) - logit(rate))
        return np.array(parts)

    folds = [weights_of(rows) for rows in fold_rows(known)]
    return Model(
        CHANNEL_RATE,
        [LAST_CHANNEL + name for name in channels],
        np.zeros(len(channels)),
        np.ones(len(channels)),
        weights_of(np.arange(len(known.ordered))),
        spreads_of(np.array(folds)),
    )


def fold_rows(known: Cases) -> list[np.ndarray]:
    """Rows of each fold: neighbouring days together, rows in turn where there are few days."""
    days, number = np.unique(known.days, return_inverse=True)
    fold = number * FOLDS // len(days) if len(days) >= FOLDS else np.arange(len(number)) % FOLDS
    return [np.flatnonzero(fold == one) for one in np.unique(fold)]


def spreads_of(folds: Array) -> Array:
    """Deviations of the folds: the root of the sum of their squares is half the interval."""
    count = len(folds)
    spreads = np.zeros((FOLDS, folds.shape[1]))
    if count > 1:
        quantile = t.ppf((1 + INTERVAL_LEVEL) / 2, count - 1)
        scale = quantile * np.sqrt((1 + 1 / count) / (count - 1))
        spreads[:count] = scale * (folds - folds.mean(axis=0))
    return spreads


def split(known: Cases) -> tuple[Cases, Cases]:
    """Earlier days to learn from and the latest ones to test on, none of them in both."""
    days = np.unique(known.days)
    first_held = days[int(np.ceil(len(days) * (1 - HELD_OUT)))] if len(days) > 2 else None
    is_held = (
        known.days >= first_held if first_held is not None else np.zeros(len(known.days), bool)
    )
    return known.part(np.flatnonzero(~is_held)), known.part(np.flatnonzero(is_held))


def conversion_backtest(
    values: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    horizon_days: int,
    cut_lift: float,
    most_rows: int,
    seed: int,
) -> pd.DataFrame:
    """How well the chances did on the latest days, beside the rate of the last channel.

    Parameters
    ----------
    values, outcomes : DataFrames, as for `cases`.
    horizon_days : int
        Days in which an order was looked for.
    cut_lift : float
        Chance over the mean rate from which on a customer counts as about to buy.
    most_rows : int
        Rows that the challengers learn from, at most.
    seed : int

    Returns
    -------
    DataFrame, one row per model and metric: auc, brier_score, log_loss, calibration_slope with the
    ends of its 80 % interval, calibration_intercept, precision and recall at the cut, counts of the
    confusion table at the cut, and by tenth of the chance `decile_1_chance`, `decile_1_rate` and so
    on. Empty where there is too little to learn from or to test on.
    """
    learned, held = split(cases(values, outcomes))
    if not (learned.is_enough and held.is_enough):
        return pd.DataFrame(columns=BACKTEST_COLUMNS)
    base_rate = learned.ordered.mean()
    chances = {
        model.method: expit(model.log_odds(held.features))
        for model in (fit_logistic(learned), fit_channel_rate(learned))
    }
    for method, challenger in _challengers(seed).items():
        rng = np.random.default_rng(seed)
        rows = np.arange(len(learned.ordered))
        if len(rows) > most_rows:
            rows = np.sort(rng.choice(rows, most_rows, replace=False))
        part = learned.part(rows)
        fitted = challenger().fit(part.features.fillna(-1.0).to_numpy(), part.ordered)
        chances[method] = fitted.predict_proba(held.features.fillna(-1.0).to_numpy())[:, 1]
    measured = {
        method: measures(chance, held.ordered, cut=cut_lift * base_rate)
        | slope_interval(chance, held.ordered, held.days)
        for method, chance in chances.items()
    }
    serving = served(measured)
    rows = [
        {
            "model": method,
            "metric": metric,
            "is_serving": method == serving,
            "value": value,
            "baseline_value": measured[CHANNEL_RATE][metric],
        }
        for method, figures in measured.items()
        for metric, value in figures.items()
    ]
    table = pd.DataFrame(rows).assign(
        target=TARGET,
        horizon_days=horizon_days,
        baseline=CHANNEL_RATE,
        row_count=len(held.ordered),
        as_of_date=pd.Timestamp(held.days.min()),
    )
    return table[BACKTEST_COLUMNS]


def served(measured: dict[str, dict[str, float]]) -> str:
    """The logistic where its Brier score and log loss beat the last channel's rate, else that."""
    better = all(
        measured[LOGISTIC][metric] < measured[CHANNEL_RATE][metric]
        for metric in ("brier_score", "log_loss")
    )
    return LOGISTIC if better else CHANNEL_RATE


def measures(chance: Array, ordered: Array, *, cut: float) -> dict[str, float]:
    """Figures of chances against outcomes; see `conversion_backtest`."""
    chance = np.clip(chance, 1e-9, 1 - 1e-9)
    won = ordered.sum()
    auc = (rankdata(chance)[ordered == 1].sum() - won * (won + 1) / 2) / (
        won * (len(ordered) - won)
    )
    flagged = chance >= cut
    hits = float((flagged & (ordered == 1)).sum())
    odds = np.stack([np.ones(len(chance)), logit(chance)], axis=1)
    calibration = (np.nan, np.nan)
    if np.ptp(chance) > 1e-12:
        calibration = tuple(fit_logit(odds, ordered, 1 - ordered, ridge=1e-9)[0])
    figures = {
        "auc": float(auc),
        "brier_score": float(np.mean((chance - ordered) ** 2)),
        "log_loss": float(-np.mean(np.log(np.where(ordered == 1, chance, 1 - chance)))),
        "calibration_slope": float(calibration[1]),
        "calibration_intercept": float(calibration[0]),
        "precision_rate": hits / flagged.sum() if flagged.any() else np.nan,
        "recall_rate": hits / won,
        "true_positive_count": hits,
        "false_positive_count": float(flagged.sum() - hits),
        "false_negative_count": float(won - hits),
        "true_negative_count": float((~flagged & (ordered == 0)).sum()),
    }
    ranks = rankdata(chance, method="ordinal") - 1
    decile = (ranks * DECILES // len(chance)).astype(int)
    for number in range(DECILES):
        mine = decile == number
        known = bool(mine.any())
        figures[f"decile_{number + 1}_chance"] = float(chance[mine].mean()) if known else np.nan
        figures[f"decile_{number + 1}_rate"] = float(ordered[mine].mean()) if known else np.nan
    return figures


def slope_interval(chance: Array, ordered: Array, days: np.ndarray) -> dict[str, float]:
    """Ends of the 80 % interval of the calibration slope, from how days differ among themselves.

    Chances that are right still have a slope of 1 by chance only; days that are unlike the others,
    as before Christmas, widen it. NaN where there are fewer than two days.

    Source: Liang and Zeger (1986), for days as clusters.
    """
    ends = {"calibration_slope_lower": np.nan, "calibration_slope_upper": np.nan}
    names, number = np.unique(days, return_inverse=True)
    chance = np.clip(chance, 1e-9, 1 - 1e-9)
    if len(names) < 2 or np.ptp(chance) <= 1e-12:
        return ends
    line = np.stack([np.ones(len(chance)), logit(chance)], axis=1)
    fitted, information = fit_logit(line, ordered, 1 - ordered, ridge=1e-9)
    scores = np.zeros((len(names), 2))
    np.add.at(scores, number, line * (ordered - expit(line @ fitted))[:, None])
    inverse = np.linalg.inv(information)
    spread = inverse @ (scores.T @ scores) @ inverse * len(names) / (len(names) - 1)
    reach = t.ppf((1 + INTERVAL_LEVEL) / 2, len(names) - 1) * np.sqrt(spread[1, 1])
    return dict(zip(ends, (float(fitted[1] - reach), float(fitted[1] + reach)), strict=True))


def conversion_coefficients(
    values: pd.DataFrame, outcomes: pd.DataFrame, backtest: pd.DataFrame
) -> pd.DataFrame:
    """The coefficient table that scores are made from: one row per feature, and the level.

    Parameters
    ----------
    values, outcomes : DataFrames, as for `cases`.
    backtest : DataFrame
        What `conversion_backtest` returned: it decides what serves. Without it the rate of the
        last channel does, as `short_history`.

    Returns
    -------
    DataFrame : half the interval of a log odds is the root of the sum over folds of the squared
    spreads. `insufficient_data`, with a level without value, where there is too little to learn
    from.
    """
    known = cases(values, outcomes)
    head = {"row_count": len(known.ordered), "order_count": int(known.ordered.sum())}
    if not known.is_enough:
        table = pd.DataFrame([{"feature": LEVEL, "method": NO_METHOD, "status": INSUFFICIENT_DATA}])
        return table.assign(**head).reindex(columns=COEFFICIENT_COLUMNS)
    serving = backtest.loc[backtest["is_serving"].astype(bool), "model"]
    method = serving.iloc[0] if len(serving) else CHANNEL_RATE
    model = fit_logistic(known) if method == LOGISTIC else fit_channel_rate(known)
    table = pd.DataFrame(
        {
            "feature": [LEVEL, *model.features],
            "method": model.method,
            "status": OK if len(serving) else SHORT_HISTORY,
            "centre": np.append(0.0, model.centre),
            "sd": np.append(1.0, model.sd),
            "coefficient": model.weights,
            **dict(zip(FOLD_COLUMNS, model.spreads, strict=True)),
            "base_rate": float(known.ordered.mean()),
        }
    )
    return table.assign(**head)[COEFFICIENT_COLUMNS]


def _design(features: pd.DataFrame, names: list[str], centre: Array, sd: Array) -> Array:
    """A column of ones and the standardised features; what is not known adds nothing."""
    table = features.reindex(columns=names).to_numpy(dtype=float)
    standard = np.nan_to_num((table - centre) / sd, nan=0.0)
    return np.hstack([np.ones((len(table), 1)), standard])


def _challengers(seed: int) -> dict[str, Callable]:
    # scikit-learn is slow to import, and nothing else here needs it
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    return {
        BOOSTING: lambda: HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.08, max_leaf_nodes=15, random_state=seed
        ),
        FOREST: lambda: RandomForestClassifier(
            n_estimators=60, min_samples_leaf=20, max_features="sqrt", random_state=seed, n_jobs=1
        ),
    }
