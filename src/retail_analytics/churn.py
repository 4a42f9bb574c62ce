"""The chance that a customer buys nothing in the days ahead: logistic regression with one set of
slopes for all horizons.

    log odds of no purchase in h days = level(h) + sum over features of slope * (value - mean) / sd

With one set of slopes the chance never rises with the horizon, and what a feature adds to the log
odds is the same at each. Levels and slopes maximise the sum of the likelihoods of the horizons less
a ridge on the slopes (le Cessie and van Houwelingen 1992); the levels then reproduce the observed
rate of each horizon, which never rises with it.

The interval comes from fitting the same model to folds: the cut-offs, or groups of them. Log odds
of the folds and of the period to come are taken for draws of one normal distribution, so that half
the width is t * sqrt(1 + 1 / folds) standard deviations of the folds. It holds what sampling,
seasons and slow change do to a chance, and not the luck of the single customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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

RECENCY_FEATURE = "recency"
OUTCOME = "days_to_next_purchase"
LEVEL = "level"
# a cut-off, or fold of one, says something from so many customers on who came back, and who did not
MIN_CLASS = 10
MAX_FOLDS = 4
INTERVAL_LEVEL = 0.80
RIDGE = 1.0
MAX_STEPS = 100
SPREAD_COLUMNS = [f"spread_{number}" for number in range(1, MAX_FOLDS + 1)]
COEFFICIENT_COLUMNS = [
    *("feature", "horizon_days", "method", "status", "mean", "sd", "coefficient"),
    *SPREAD_COLUMNS,
    *("row_count", "as_of_date"),
]


@dataclass(frozen=True)
class ChurnModel:
    """A fitted model; `spreads` has a row a fold, and columns for the horizons and the features.

    Half the interval of the log odds is the root of the sum of squares of the spreads' own log odds.
    """

    method: str
    horizons: Array
    features: list[str]
    mean: Array
    sd: Array
    levels: Array
    slopes: Array
    spreads: Array
    row_count: int

    def log_odds(self, customers: pd.DataFrame) -> Array:
        """Log odds of no purchase, customer x horizon."""
        x = standardised(customers[self.features], mean=self.mean, sd=self.sd)
        return (x @ self.slopes)[:, None] + self.levels

    def half_width(self, customers: pd.DataFrame) -> Array:
        """Half the width of the interval of the log odds, customer x horizon."""
        x = standardised(customers[self.features], mean=self.mean, sd=self.sd)
        levels, slopes = np.split(self.spreads, [len(self.horizons)], axis=1)
        return np.sqrt((((x @ slopes.T)[:, None, :] + levels.T) ** 2).sum(axis=2))


def fit_logits(
    x: Array, stayed_away: Array, *, offset: Array | float = 0.0, ridge: float = RIDGE
) -> tuple[Array, Array]:
    """Levels (one a horizon) and slopes (one a feature) by Newton's method.

    x: rows x features; stayed_away: rows x horizons, 1 where nothing was bought; offset: a known
    part of each row's log odds. ValueError where a horizon has one outcome only.
    """
    rates = stayed_away.mean(axis=0)
    if not np.all((rates > 0) & (rates < 1)):
        raise ValueError("stayed_away: a horizon has one outcome only")
    horizon_count, feature_count = stayed_away.shape[1], x.shape[1]
    penalty = np.repeat([0.0, ridge], [horizon_count, feature_count])

    def log_odds(parameters: Array) -> Array:
        known = x @ parameters[horizon_count:] + offset
        return known[:, None] + parameters[:horizon_count]

    def penalised_likelihood(parameters: Array) -> float:
        odds = log_odds(parameters)
        likelihood = np.sum(stayed_away * odds - np.logaddexp(0.0, odds))
        return float(likelihood - penalty @ parameters**2 / 2)

    parameters = np.concatenate([logit(rates), np.zeros(feature_count)])
    reached = penalised_likelihood(parameters)
    for _ in range(MAX_STEPS):
        chance = expit(log_odds(parameters))
        missed, weight = stayed_away - chance, chance * (1 - chance)
        gradient = np.concatenate([missed.sum(axis=0), x.T @ missed.sum(axis=1)])
        across = weight.T @ x
        within = (x * weight.sum(axis=1)[:, None]).T @ x
        information = np.block([[np.diag(weight.sum(axis=0)), across], [across.T, within]])
        step = np.linalg.solve(information + np.diag(penalty), gradient - penalty * parameters)
        # a full step can overshoot where the chances are extreme
        while (new := penalised_likelihood(parameters + step)) < reached and np.ptp(step) > 1e-9:
            step = step / 2
        parameters, reached = parameters + step, new
        if np.abs(step).max() < 1e-9:
            break
    return parameters[:horizon_count], parameters[horizon_count:]


def prepared(
    training: pd.DataFrame, *, features: Sequence[str], horizons: Sequence[int]
) -> pd.DataFrame:
    """The rows of the cut-offs that say something, newest first, by customer.

    training: as_of_date, customer_id, the features, and days_to_next_purchase (days; null where
    none followed); one row a customer and cut-off, every horizon complete. ValueError for a column
    that is missing.
    """
    for column in ("as_of_date", "customer_id", OUTCOME, *features):
        if column not in training.columns:
            raise ValueError(f"{column}: column is missing")
    training = training.sort_values(
        ["as_of_date", "customer_id"], ascending=[False, True], ignore_index=True
    )
    rows = training.groupby("as_of_date").indices
    telling = [
        date for date, row in rows.items() if is_telling(stayed_away(training.iloc[row], horizons))
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


def standardised(values: pd.DataFrame, *, mean: Array, sd: Array) -> Array:
    """(value - mean) / sd; what is not known counts as average."""
    return np.nan_to_num((values.to_numpy(dtype=float) - mean) / sd, nan=0.0)


def fit_churn(
    training: pd.DataFrame,
    *,
    method: str,
    features: Sequence[str],
    horizons: Sequence[int],
    as_of_date: pd.Timestamp,
) -> ChurnModel | None:
    """The model for `as_of_date`, from the `prepared` rows of the year before; None for too few.

    method: LOGISTIC with all features, RECENCY, or RATE with none. Followed by LAST_YEARS_LEVEL it
    takes the levels from the cut-off in the same season a year before, where there is one; the
    method of the answer says so.
    """
    horizons = sorted(horizons)
    # the cut-offs lie one longest horizon apart
    age = as_of_date - training["as_of_date"]
    season = timedelta(days=max(horizons) / 2)
    year = timedelta(days=365)
    training = training[(age > timedelta(0)) & (age <= year + season)]
    is_last_year = (as_of_date - training["as_of_date"] >= year - season).to_numpy()

    folds = fold_numbers(training["as_of_date"])
    outcomes = stayed_away(training, horizons)
    fold_rows = [folds == fold for fold in np.unique(folds)]
    if not fold_rows or not all(is_telling(outcomes[rows]) for rows in fold_rows):
        return None

    base = method.removesuffix(LAST_YEARS_LEVEL)
    used = {LOGISTIC: list(features), RECENCY: [RECENCY_FEATURE], RATE: []}[base]
    mean = training[used].mean().fillna(0.0).to_numpy(dtype=float)
    sd = training[used].std(ddof=0).fillna(0.0).to_numpy(dtype=float)
    sd = np.where(sd > 1e-9, sd, 1.0)
    x = standardised(training[used], mean=mean, sd=sd)
    levels, slopes = fit_logits(x, outcomes)
    has_last_year = method != base and bool(is_last_year.any())
    if has_last_year:
        levels, _ = fit_logits(
            x[is_last_year, :0], outcomes[is_last_year], offset=x[is_last_year] @ slopes
        )
    fold_fits = [np.concatenate(fit_logits(x[rows], outcomes[rows])) for rows in fold_rows]
    return ChurnModel(
        method=method if has_last_year else base,
        horizons=np.array(horizons, dtype=float),
        features=used,
        mean=mean,
        sd=sd,
        levels=levels,
        slopes=slopes,
        spreads=interval_spreads(np.array(fold_fits)),
        row_count=len(training),
    )


def fold_numbers(as_of_dates: pd.Series) -> Array:
    """The fold of each row: its cut-off, neighbouring ones together where there are many.

    Where there is one cut-off only, the customers are dealt out to the folds in turn.
    """
    dates, number = np.unique(as_of_dates.to_numpy(), return_inverse=True)
    if len(dates) == 1:
        return np.arange(len(number)) % MAX_FOLDS
    return number * min(len(dates), MAX_FOLDS) // len(dates)


def interval_spreads(fold_fits: Array) -> Array:
    """Deviations of the folds, folds x parameters, scaled so that their root of squares is half
    the interval; filled up with zeros to MAX_FOLDS rows."""
    count = len(fold_fits)
    quantile = t.ppf((1 + INTERVAL_LEVEL) / 2, count - 1)
    scale = quantile * np.sqrt((1 + 1 / count) / (count - 1))
    spreads = np.zeros((MAX_FOLDS, fold_fits.shape[1]))
    spreads[:count] = scale * (fold_fits - fold_fits.mean(axis=0))
    return spreads


def churn_coefficients(
    training: pd.DataFrame,
    *,
    features: Sequence[str],
    horizons: Sequence[int],
    as_of_date: pd.Timestamp,
    method: str | None,
) -> pd.DataFrame:
    """The coefficient table: one row a feature (horizon_days 0) and one a horizon (LEVEL).

    method: what `churn_backtest.choose_method` chose; without a backtest recency alone serves, with
    the status SHORT_HISTORY. Features that the method does not use have the coefficient 0. Without
    a model all coefficients are null and the status says so.
    """
    training = prepared(training, features=features, horizons=horizons)
    model = fit_churn(
        training,
        method=method or RECENCY,
        features=features,
        horizons=horizons,
        as_of_date=as_of_date,
    )
    keys = [(LEVEL, horizon) for horizon in sorted(horizons)]
    keys += [(feature, 0) for feature in sorted(features)]
    table = pd.DataFrame(keys, columns=["feature", "horizon_days"])
    if model is None:
        table = table.assign(method=NO_METHOD, status=INSUFFICIENT_DATA, row_count=0)
    else:
        found = pd.DataFrame(
            np.vstack([np.concatenate([model.levels, model.slopes]), model.spreads]).T,
            columns=["coefficient", *SPREAD_COLUMNS],
        ).assign(
            feature=[LEVEL] * len(model.levels) + model.features,
            horizon_days=np.append(model.horizons, np.zeros(len(model.features))).astype(int),
            mean=np.append(np.zeros(len(model.levels)), model.mean),
            sd=np.append(np.ones(len(model.levels)), model.sd),
        )
        table = table.merge(found, how="left").fillna({"mean": 0.0, "sd": 1.0}).fillna(0.0)
        status = OK if method else SHORT_HISTORY
        table = table.assign(method=model.method, status=status, row_count=model.row_count)
    return table.reindex(columns=COEFFICIENT_COLUMNS[:-1]).assign(as_of_date=as_of_date)
