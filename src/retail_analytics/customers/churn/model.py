"""The chance that a customer buys nothing in the days ahead: logistic regression with one set of
slopes for all horizons.

    log odds of no purchase in h days = level(h) + sum over features of
                                        slope * (value - centre) / sd

With one set of slopes the chance never rises with the horizon, and what a feature adds to the log
odds is the same at each. Levels and slopes maximise the sum of the likelihoods of the horizons less
a ridge on the slopes (le Cessie and van Houwelingen 1992); the levels then reproduce the observed
rate of each horizon, which never rises with it.

The interval comes from fitting the same model to folds: the cut-offs, or groups of them. Log odds
of the folds and of the period to come are taken for draws of one normal distribution, so that half
the width is t * sqrt(1 + 1 / folds) standard deviations of the folds. It holds what sampling,
seasons and slow change do to a chance, and not the luck of the single customer.

`training` below is a frame of one row a customer and cut-off, every horizon complete: as_of_date
(timestamp), customer_id, the features, and days_to_next_purchase (null where none followed).
Horizons are days; cut-offs lie one longest horizon apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import t

Array = NDArray[np.float64]

OK, SHORT_HISTORY, INSUFFICIENT_DATA = "ok", "short_history", "insufficient_data"
LOGISTIC, RECENCY, RATE = "logistic regression", "recency alone", "observed rate"
LAST_YEARS_LEVEL = " at last year's level"
NO_METHOD = "none"

HABITS = ("idleness", "silence", "days_per_purchase", "purchases", "single_purchase")
HABITS += ("trend", "order_value")
# what may happen to a customer, or not: counted from none and not from the mean
EVENTS = ("returns", "complaints", "late_deliveries", "cancelled")
# recency is the sum of idleness, days_per_purchase and purchases: it serves alone or not at all
METHOD_FEATURES = {LOGISTIC: [*HABITS, *EVENTS], RECENCY: ["recency"], RATE: []}
FEATURES = ["recency", *HABITS, *EVENTS]
OUTCOME = "days_to_next_purchase"

# a cut-off or fold says something when so many of its customers came back, and so many did not
MIN_CLASS = 10
MAX_FOLDS = 4
INTERVAL_LEVEL = 0.80
RIDGE = 1.0
YEAR = timedelta(days=365)
MAX_STEPS = 100
NO_CHANGE = 1e-9

LEVEL = "level"
SPREAD_COLUMNS = [f"spread_{number}" for number in range(1, MAX_FOLDS + 1)]
COEFFICIENT_COLUMNS = [
    *("feature", "horizon_days", "method", "status", "centre", "sd", "coefficient"),
    *SPREAD_COLUMNS,
    *("row_count", "as_of_date"),
]


@dataclass(frozen=True)
class ChurnModel:
    """A fitted model; `spreads` has a row a fold, and columns for the horizons and the features.

    The root of the sum of squares of the spreads' own log odds is half the interval.
    """

    method: str
    horizons: list[int]
    features: list[str]
    centre: Array
    sd: Array
    levels: Array
    slopes: Array
    spreads: Array
    row_count: int

    def log_odds(self, customers: pd.DataFrame) -> Array:
        """Log odds of no purchase, customer x horizon."""
        return (self.standardised(customers) @ self.slopes)[:, None] + self.levels

    def half_width(self, customers: pd.DataFrame) -> Array:
        """Half the width of the interval of the log odds, customer x horizon."""
        levels, slopes = np.split(self.spreads, [len(self.horizons)], axis=1)
        parts = (self.standardised(customers) @ slopes.T)[:, None, :] + levels.T
        return np.sqrt((parts**2).sum(axis=2))

    def standardised(self, customers: pd.DataFrame) -> Array:
        """(value - centre) / sd, customer x feature; what is not known counts as the centre."""
        values = customers[self.features].to_numpy(dtype=float)
        return np.nan_to_num((values - self.centre) / self.sd, nan=0.0)


def prepared(training: pd.DataFrame, *, horizons: Sequence[int]) -> pd.DataFrame:
    """The rows of the cut-offs that say something, newest first and by customer.

    ValueError for a column that is missing.
    """
    for column in ("as_of_date", "customer_id", OUTCOME, *FEATURES):
        if column not in training.columns:
            raise ValueError(f"{column}: column is missing")
    training = training.sort_values(
        ["as_of_date", "customer_id"], ascending=[False, True], ignore_index=True
    )
    telling = [
        date
        for date, rows in training.groupby("as_of_date").indices.items()
        if is_telling(stayed_away(training.iloc[rows], horizons))
    ]
    return training[training["as_of_date"].isin(telling)].reset_index(drop=True)


def stayed_away(training: pd.DataFrame, horizons: Sequence[int]) -> Array:
    """1 where a customer bought nothing within a horizon, else 0; rows x horizons."""
    days = training[OUTCOME].to_numpy(dtype=float, na_value=np.inf)
    return (days[:, None] > np.asarray(horizons)).astype(float)


def is_telling(outcomes: Array) -> bool:
    """Whether both outcomes are frequent enough at every horizon."""
    count = outcomes.sum(axis=0)
    return bool(min(count.min(), (len(outcomes) - count).min()) >= MIN_CLASS)


def fit_churn(
    training: pd.DataFrame, *, method: str, horizons: Sequence[int], as_of_date: pd.Timestamp
) -> ChurnModel | None:
    """The model for `as_of_date`, from the `prepared` rows of the year before; None for too few.

    method: LOGISTIC with all features but recency, RECENCY, or RATE without features.
    """
    horizons = sorted(horizons)
    age = as_of_date - training["as_of_date"]
    training = training[(age > timedelta(0)) & (age <= YEAR + half_season(horizons))]
    outcomes = stayed_away(training, horizons)
    folds = fold_numbers(training["as_of_date"])
    fold_rows = [folds == fold for fold in np.unique(folds)]
    if not fold_rows or not all(is_telling(outcomes[rows]) for rows in fold_rows):
        return None

    features = METHOD_FEATURES[method]
    values = training[features].astype(float)
    is_event = np.isin(features, EVENTS)
    sd = values.std(ddof=0).fillna(0.0).to_numpy()
    unfitted = ChurnModel(
        method=method,
        horizons=horizons,
        features=features,
        centre=np.where(is_event, 0.0, values.mean().fillna(0.0).to_numpy()),
        sd=np.where(sd > NO_CHANGE, sd, 1.0),
        levels=np.zeros(len(horizons)),
        slopes=np.zeros(len(features)),
        spreads=np.zeros((MAX_FOLDS, len(horizons) + len(features))),
        row_count=len(training),
    )
    x = unfitted.standardised(training)
    fit = fit_logits(x, outcomes)
    fold_fits = [fit_logits(x[rows], outcomes[rows], start=fit) for rows in fold_rows]
    levels, slopes = np.split(fit, [len(horizons)])
    return replace(
        unfitted, levels=levels, slopes=slopes, spreads=interval_spreads(np.array(fold_fits))
    )


def at_last_years_level(
    model: ChurnModel, training: pd.DataFrame, *, as_of_date: pd.Timestamp
) -> ChurnModel | None:
    """The model with the levels of the cut-off in the same season a year before; None without."""
    age = as_of_date - training["as_of_date"]
    season = training[(age - YEAR).abs() <= half_season(model.horizons)]
    if season.empty:
        return None
    levels = fit_logits(
        np.empty((len(season), 0)),
        stayed_away(season, model.horizons),
        offset=model.standardised(season) @ model.slopes,
    )
    return replace(model, method=model.method + LAST_YEARS_LEVEL, levels=levels)


def half_season(horizons: Sequence[int]) -> timedelta:
    """Half the time between two cut-offs."""
    return timedelta(days=max(horizons) / 2)


def fold_numbers(as_of_dates: pd.Series) -> NDArray[np.int_]:
    """The fold of each row: its cut-off, neighbouring ones together where there are many.

    Where there is one cut-off only, its customers are dealt out to the folds in turn.
    """
    dates, number = np.unique(as_of_dates.to_numpy(), return_inverse=True)
    if len(dates) == 1:
        return np.arange(len(number)) % MAX_FOLDS
    return number * min(len(dates), MAX_FOLDS) // max(len(dates), 1)


def fit_logits(
    x: Array,
    outcomes: Array,
    *,
    offset: Array | float = 0.0,
    start: Array | None = None,
    ridge: float = RIDGE,
) -> Array:
    """Levels (one a horizon), then slopes (one a feature), by Newton's method.

    x: rows x features; outcomes: rows x horizons, 0 or 1; offset: a known part of each row's log
    odds; start: parameters to begin with. ValueError where a horizon has one outcome only.
    """
    rates = outcomes.mean(axis=0)
    if not np.all((rates > 0) & (rates < 1)):
        raise ValueError("outcomes: a horizon has one outcome only")
    horizon_count, feature_count = outcomes.shape[1], x.shape[1]
    penalty = np.repeat([0.0, ridge], [horizon_count, feature_count])

    def log_odds(parameters: Array) -> Array:
        known = x @ parameters[horizon_count:] + offset
        return known[:, None] + parameters[:horizon_count]

    def penalised_likelihood(parameters: Array) -> float:
        odds = log_odds(parameters)
        likelihood = np.sum(outcomes * odds - np.logaddexp(0.0, odds))
        return float(likelihood - penalty @ parameters**2 / 2)

    parameters = np.append(logit(rates), np.zeros(feature_count)) if start is None else start
    reached = penalised_likelihood(parameters)
    for _ in range(MAX_STEPS):
        chance = expit(log_odds(parameters))
        missed, weight = outcomes - chance, chance * (1 - chance)
        gradient = np.append(missed.sum(axis=0), x.T @ missed.sum(axis=1))
        across = weight.T @ x
        within = (x * weight.sum(axis=1)[:, None]).T @ x
        information = np.block([[np.diag(weight.sum(axis=0)), across], [across.T, within]])
        step = np.linalg.solve(information + np.diag(penalty), gradient - penalty * parameters)
        # a full step can overshoot where the chances are extreme
        while (new := penalised_likelihood(parameters + step)) < reached and (
            np.abs(step).max() > NO_CHANGE
        ):
            step = step / 2
        parameters, reached = parameters + step, new
        if np.abs(step).max() <= NO_CHANGE:
            break
    return parameters


def interval_spreads(fold_fits: Array) -> Array:
    """Deviations of the folds (folds x parameters), scaled so that the root of the sum of their
    squares is half the interval; filled up with zeros to MAX_FOLDS rows."""
    count = len(fold_fits)
    quantile = t.ppf((1 + INTERVAL_LEVEL) / 2, count - 1)
    scale = quantile * np.sqrt((1 + 1 / count) / (count - 1))
    spreads = np.zeros((MAX_FOLDS, fold_fits.shape[1]))
    spreads[:count] = scale * (fold_fits - fold_fits.mean(axis=0))
    return spreads


def churn_coefficients(
    training: pd.DataFrame,
    *,
    horizons: Sequence[int],
    as_of_date: pd.Timestamp | None,
    method: str | None,
) -> pd.DataFrame:
    """The coefficient table: one row a horizon (LEVEL) and one a feature (horizon_days 0).

    method: what `churn_backtest.choose_method` chose; where nothing could be tested recency alone
    serves, with the status SHORT_HISTORY. Features that the method does not use have the
    coefficient 0. Without a model coefficients are null, and the status says so.
    """
    training = prepared(training, horizons=horizons)
    base = (method or RECENCY).removesuffix(LAST_YEARS_LEVEL)
    model = None
    if not training.empty:
        model = fit_churn(training, method=base, horizons=horizons, as_of_date=as_of_date)
    if model is not None and method not in (base, None):
        model = at_last_years_level(model, training, as_of_date=as_of_date) or model

    keys = [(LEVEL, horizon) for horizon in sorted(horizons)]
    table = pd.DataFrame(
        keys + [(feature, 0) for feature in FEATURES], columns=["feature", "horizon_days"]
    )
    if model is None:
        table = table.assign(method=NO_METHOD, status=INSUFFICIENT_DATA, row_count=0)
    else:
        weights = np.vstack([np.append(model.levels, model.slopes), model.spreads]).T
        found = pd.DataFrame(weights, columns=["coefficient", *SPREAD_COLUMNS]).assign(
            feature=[LEVEL] * len(model.horizons) + model.features,
            horizon_days=model.horizons + [0] * len(model.features),
            centre=np.append(np.zeros(len(model.horizons)), model.centre),
            sd=np.append(np.ones(len(model.horizons)), model.sd),
        )
        table = table.merge(found, how="left").fillna({"sd": 1.0}).fillna(0.0)
        status = OK if method else SHORT_HISTORY
        table = table.assign(method=model.method, status=status, row_count=model.row_count)
    return table.reindex(columns=COEFFICIENT_COLUMNS).assign(as_of_date=as_of_date)
