"""The chance that a customer buys nothing in the days ahead: logistic regression with one set of
slopes for all horizons.

    log odds of no purchase in h days = level(h) + pull * season(h) + scale(h) * score
                                        + bend(h) * max(score, 0)
    score = sum over features of slope * (value - centre) / sd

Levels and slopes maximise the sum of the likelihoods of the horizons less a ridge on the slopes (le
Cessie and van Houwelingen 1992). Whether customers have left shows more the longer the horizon is:
the scales, near 1, are fitted next, each with its level and bend, and shrunk towards 1 and 0. Who
has left stays away for sure, and the best customers may leave too: the curve is bent upwards, and a
straight line misses at both ends in every shop (linear splines in logit calibration: Harrell 2015).

`season(h)` is the logarithm of how many days of trade the h days ahead hold, a day (`season`). The
chance of a rare event within a time is proportional to that time, so that the pull is about -1: it
is shrunk towards that.

The interval is that of the share that stays away of a group of customers of that chance, a tenth of
all: the sampling error of so many customers, what the form of the model usually misses by (MISFIT),
and the effect of the period. The model is fitted without each cut-off in turn, and predicts it;
what the shares of ten groups miss by beyond these two is the variance of a period (of the log odds,
the same for all). PRIOR_PERIODS periods of the usual size are added, for a few cut-offs of one shop
prove little; a shop whose season is not known yet has larger ones.

A feature separates where its slope lies further from 0 than the jackknife over the cut-offs leaves
to chance (Efron and Stein 1981).

`training` below is a frame of one row per customer and cut-off, every horizon complete: as_of_date
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
from scipy.stats import norm

from retail_analytics.customers.season import TradeYear

Array = NDArray[np.float64]

OK, SHORT_HISTORY, INSUFFICIENT_DATA = "ok", "short_history", "insufficient_data"
LOGISTIC, RECENCY, RATE = "logistic regression", "recency alone", "observed rate"
LAST_YEARS_LEVEL = " at last year's level"
NO_METHOD = "none"
NO_SEASON = TradeYear()

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
FEWEST_FOLDS = 4
INTERVAL_LEVEL = 0.80
RIDGE = 1.0
YEAR = timedelta(days=365)
# The scales are shrunk towards 1 as by as much information as a standard deviation of a seventh
# gives.
SCALE_PRECISION = 50.0
# Two years show each season twice, and how far a period lies from another.
TRAINING_TIME = timedelta(days=730)
# The pull of the season, and how surely: a standard deviation of a quarter.
PULL, PULL_PRECISION = -1.0, 16.0
GROUPS = 10
# A group of which hardly anything else is expected says nothing by an exception.
LEAST_LUCK = 0.5
# A feature separates at this level: of twenty that say nothing one does.
SEPARATING_LEVEL = 0.95
# Usual standard deviation of a period in log odds, with a known season and without, and how many
# periods that counts for.
USUAL_PERIOD_SD, UNKNOWN_SEASON_SD, PRIOR_PERIODS = 0.15, 0.3, 2.0
# What a group's share is usually off by for the form of the model, squared, of p (1 - p).
MISFIT = 0.002
MAX_STEPS = 100
NO_CHANGE = 1e-9
ROUNDING = 1e-13  # of the likelihood, a sum over all rows

LEVEL = "level"
COEFFICIENT_COLUMNS = [
    *("feature", "horizon_days", "method", "status", "is_separating", "centre", "sd", "scale"),
    *("bend", "coefficient", "period_variance", "group_size", "row_count", "as_of_date"),
]


@dataclass(frozen=True)
class ChurnModel:
    """A fitted model, for one day: `levels` hold the season ahead of `as_of_date`.

    errors: standard errors of the slopes. period_variances: by horizon, of the log odds.
    """

    method: str
    horizons: list[int]
    features: list[str]
    centre: Array
    sd: Array
    levels: Array
    slopes: Array
    errors: Array
    pull: float
    scales: Array
    bends: Array
    period_variances: Array
    row_count: int

    def log_odds(self, customers: pd.DataFrame) -> Array:
        """Log odds of no purchase, customer x horizon; never more than at a shorter horizon."""
        score = self.standardised(customers) @ self.slopes
        return np.minimum.accumulate(bent(score, self.scales, self.bends) + self.levels, axis=1)

    def bounds(self, customers: pd.DataFrame, *, group_size: float) -> tuple[Array, Array]:
        """Interval of the share that stays away of `group_size` such customers, as `log_odds`."""
        chance = expit(self.log_odds(customers))
        half = half_width(
            chance,
            period_variance=self.period_variances,
            group_size=telling_size(group_size),
        )
        return np.maximum(chance - half, 0.0), np.minimum(chance + half, 1.0)

    def standardised(self, customers: pd.DataFrame) -> Array:
        """(value - centre) / sd, customer x feature; what is not known counts as the centre."""
        values = customers[self.features].to_numpy(dtype=float)
        return np.nan_to_num((values - self.centre) / self.sd, nan=0.0)

    @property
    def is_separating(self) -> NDArray[np.bool_]:
        """Which slopes differ from 0 by more than chance."""
        z = norm.ppf((1 + SEPARATING_LEVEL) / 2)
        return np.abs(self.slopes) > np.maximum(z * self.errors, NO_CHANGE)


def telling_size(group_size: float) -> float:
    """Customers whose sampling error equals that of the group and the misfit of the model."""
    return 1 / (1 / max(group_size, 1.0) + MISFIT)


def half_width(chance: Array, *, period_variance: Array | float, group_size: float) -> Array:
    """Half the interval of the share of a group: its sampling error, and that of the period.

    One unit of log odds moves a chance by chance x (1 - chance).
    """
    luck = chance * (1 - chance)
    z = norm.ppf((1 + INTERVAL_LEVEL) / 2)
    return z * np.sqrt(luck / group_size + period_variance * luck**2)


def season_ahead(dates: pd.Series, horizons: Sequence[int], trade: TradeYear) -> Array:
    """log(days of trade / days) of the horizons after each date; dates x horizons."""
    known, number = np.unique(dates.to_numpy(), return_inverse=True)
    ahead = [
        [
            np.log(trade.days(pd.Timestamp(day), pd.Timestamp(day) + timedelta(days=int(h))) / h)
            for h in horizons
        ]
        for day in known
    ]
    return np.array(ahead).reshape(len(known), len(horizons))[number]


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
    training: pd.DataFrame,
    *,
    method: str,
    horizons: Sequence[int],
    as_of_date: pd.Timestamp,
    trade: TradeYear = NO_SEASON,
) -> ChurnModel | None:
    """The model for `as_of_date`, from the `prepared` rows of TRAINING_TIME; None for too few.

    method: LOGISTIC with all features but recency, RECENCY, or RATE without features. trade: the
    season as known by `as_of_date`.
    """
    horizons = sorted(horizons)
    age = as_of_date - training["as_of_date"]
    training = training[(age > timedelta(0)) & (age <= TRAINING_TIME + half_season(horizons))]
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
        errors=np.zeros(len(features)),
        pull=PULL,
        scales=np.ones(len(horizons)),
        bends=np.zeros(len(horizons)),
        period_variances=np.zeros(len(horizons)),
        row_count=len(training),
    )
    x = unfitted.standardised(training)
    season = season_ahead(training["as_of_date"], horizons, trade)
    fit = fit_logits(x, outcomes, season=season)
    periods = training["as_of_date"].nunique()
    fold_fits, missed = [], []
    for rows in fold_rows if len(fold_rows) > 1 else []:
        rest = ~rows
        left_out = fit_logits(x[rest], outcomes[rest], season=season[rest], start=fit)
        levels, scales, bends, pull, slopes = scaled(
            left_out, x[rest], outcomes[rest], season[rest]
        )
        odds = bent(x[rows] @ slopes, scales, bends) + levels + pull * season[rows]
        # customers of one period, left out by turns, say nothing of how periods differ
        if periods > 1:
            missed.append(excess_of_groups(expit(odds), outcomes[rows]))
        fold_fits.append(left_out)
    levels, scales, bends, pull, slopes = scaled(fit, x, outcomes, season)
    ahead = season_ahead(pd.Series([as_of_date]), horizons, trade)[0]
    return replace(
        unfitted,
        levels=levels + pull * ahead,
        pull=pull,
        scales=scales,
        bends=bends,
        slopes=slopes,
        errors=jackknife_errors(np.array(fold_fits))[len(horizons) + 1 :],
        period_variances=period_variances(
            np.array(missed).reshape(-1, 2, len(horizons)), is_season_known=trade.is_known
        ),
    )


def scaled(
    fit: Array, x: Array, outcomes: Array, season: Array
) -> tuple[Array, Array, Array, float, Array]:
    """Levels, scales and bends by horizon, pull and slopes, from what `fit_logits` returned."""
    levels, pull, slopes = split_parameters(fit, outcomes.shape[1])
    score = x @ slopes
    if np.ptp(score) < NO_CHANGE:
        return levels, np.ones(len(levels)), np.zeros(len(levels)), pull, slopes
    found = [
        fit_logits(
            np.column_stack([score, np.maximum(score, 0.0)]),
            outcomes[:, [column]],
            offset=score + pull * season[:, column],
            start=np.array([levels[column], PULL, 0.0, 0.0]),
            ridge=SCALE_PRECISION,
        )
        for column in range(len(levels))
    ]
    levels, scales, bends = np.array([[level, 1 + more, bend] for level, _, more, bend in found]).T
    return levels, scales, bends, pull, slopes


def bent(score: Array, scales: Array, bends: Array) -> Array:
    """What a score adds to the log odds of each horizon, rows x horizons."""
    return score[:, None] * scales + np.maximum(score, 0.0)[:, None] * bends


def split_parameters(fit: Array, horizon_count: int) -> tuple[Array, float, Array]:
    """Levels, pull and slopes of what `fit_logits` returns."""
    return fit[:horizon_count], float(fit[horizon_count]), fit[horizon_count + 1 :]


def jackknife_errors(left_out: Array) -> Array:
    """Standard errors of parameters, from fits each without one fold (folds x parameters)."""
    count = len(left_out)
    deviations = left_out - left_out.mean(axis=0)
    return np.sqrt((count - 1) / count * (deviations**2).sum(axis=0))


def excess_of_groups(chance: Array, outcomes: Array) -> Array:
    """What groups of similar chance missed by, squared, beyond sampling error, and its scale.

    A group that expects n p, with a period's shift of variance v, has the variance
    luck (1 + MISFIT n) + v luck^2, `luck` being n p (1 - p); groups count by 1 / luck (DerSimonian
    and Laird 1986). Two x horizons.
    """
    excess, scale = np.zeros(chance.shape[1]), np.zeros(chance.shape[1])
    for group in np.array_split(np.argsort(chance[:, 0], kind="stable"), GROUPS):
        luck = (chance[group] * (1 - chance[group])).sum(axis=0)
        missed = (outcomes[group] - chance[group]).sum(axis=0)
        excess += missed**2 / np.maximum(luck, LEAST_LUCK) - 1 - MISFIT * len(group)
        scale += luck
    return np.stack([excess, scale])


def period_variances(missed: Array, *, is_season_known: bool) -> Array:
    """Variance of the log odds of a period to come about the level that is fitted, by horizon.

    missed: what `excess_of_groups` found of each period, predicted from the others; nothing where
    there is one period only. The variance of a period is shrunk towards the usual one. A level
    fitted to n periods misses the next one by 1 + 1 / n of it, each of them, predicted from the
    others, by 1 + 1 / (n - 1).
    """
    count = len(missed)
    excess, scale = missed.sum(axis=0)
    found = np.divide(excess, scale, out=np.zeros(len(excess)), where=scale > 0)
    if count > 1:
        found = found / (1 + 1 / (count - 1))
    usual = USUAL_PERIOD_SD if is_season_known else UNKNOWN_SEASON_SD
    variance = (PRIOR_PERIODS * usual**2 + count * np.maximum(found, 0.0)) / (PRIOR_PERIODS + count)
    return variance * (1 + 1 / max(count, 1))


def at_last_years_level(
    model: ChurnModel, training: pd.DataFrame, *, as_of_date: pd.Timestamp
) -> ChurnModel | None:
    """The model with the levels of the cut-off in the same season a year before; None without."""
    age = as_of_date - training["as_of_date"]
    season = training[(age - YEAR).abs() <= half_season(model.horizons)]
    if season.empty:
        return None
    fit = fit_logits(
        np.empty((len(season), 0)),
        stayed_away(season, model.horizons),
        offset=bent(model.standardised(season) @ model.slopes, model.scales, model.bends),
    )
    levels = split_parameters(fit, len(model.horizons))[0]
    return replace(model, method=model.method + LAST_YEARS_LEVEL, levels=levels)


def half_season(horizons: Sequence[int]) -> timedelta:
    """Half the time between two cut-offs."""
    return timedelta(days=max(horizons) / 2)


def fold_numbers(as_of_dates: pd.Series) -> NDArray[np.int_]:
    """The fold of each row: its cut-off. Where there is one cut-off only, its customers are dealt
    out to FEWEST_FOLDS folds in turn."""
    dates, number = np.unique(as_of_dates.to_numpy(), return_inverse=True)
    return np.arange(len(number)) % FEWEST_FOLDS if len(dates) == 1 else number


def fit_logits(
    x: Array,
    outcomes: Array,
    *,
    season: Array | None = None,
    offset: Array | float = 0.0,
    start: Array | None = None,
    ridge: float = RIDGE,
) -> Array:
    """Levels (one per horizon), the pull of the season, slopes (one per feature), by Newton's
    method.

    x: rows x features; outcomes: rows x horizons, 0 or 1; season: rows x horizons; offset: a known
    part of each row's log odds, of each horizon's too; start: parameters to begin with. ValueError
    where a horizon has one outcome only.
    """
    rates = outcomes.mean(axis=0)
    if not np.all((rates > 0) & (rates < 1)):
        raise ValueError("outcomes: a horizon has one outcome only")
    count, feature_count = outcomes.shape[1], x.shape[1]
    season = np.zeros(outcomes.shape) if season is None else season
    own = np.asarray(offset, dtype=float)
    own = own[:, None] if own.ndim == 1 else own
    penalty = np.concatenate([np.zeros(count), [PULL_PRECISION], np.full(feature_count, ridge)])
    prior = np.zeros(len(penalty))
    prior[count] = PULL

    def log_odds(parameters: Array) -> Array:
        known = (x @ parameters[count + 1 :])[:, None] + own
        return known + parameters[:count] + parameters[count] * season

    def penalised_likelihood(parameters: Array, odds: Array) -> float:
        likelihood = np.sum(outcomes * odds - np.logaddexp(0.0, odds))
        return float(likelihood - penalty @ (parameters - prior) ** 2 / 2)

    if start is None:
        start = np.concatenate([logit(rates) - PULL * season.mean(axis=0), [PULL]])
        start = np.append(start, np.zeros(feature_count))
    parameters = start
    odds = log_odds(parameters)
    reached = penalised_likelihood(parameters, odds)
    for _ in range(MAX_STEPS):
        chance = expit(odds)
        missed, weight = outcomes - chance, chance * (1 - chance)
        gradient = np.concatenate(
            [missed.sum(axis=0), [(missed * season).sum()], x.T @ missed.sum(axis=1)]
        )
        pulled = weight * season
        by_level = np.column_stack([pulled.sum(axis=0), weight.T @ x])
        by_pull = np.append((pulled * season).sum(), x.T @ pulled.sum(axis=1))
        within = (x * weight.sum(axis=1)[:, None]).T @ x
        corner = np.block([[by_pull[:1, None], by_pull[None, 1:]], [by_pull[1:, None], within]])
        information = np.block([[np.diag(weight.sum(axis=0)), by_level], [by_level.T, corner]])
        slope = gradient - penalty * (parameters - prior)
        step = np.linalg.solve(information + np.diag(penalty), slope)
        # a full step can overshoot where the chances are extreme; at the top, rounding alone makes
        # the likelihood look smaller, and halved steps would end before it
        worse = reached - ROUNDING * abs(reached)
        while True:
            tried = parameters + step
            odds = log_odds(tried)
            new = penalised_likelihood(tried, odds)
            if not new < worse or np.abs(step).max() <= NO_CHANGE:
                break
            step = step / 2
        parameters, reached = tried, new
        if np.abs(step).max() <= NO_CHANGE:
            break
    return parameters


def churn_coefficients(
    training: pd.DataFrame,
    *,
    horizons: Sequence[int],
    as_of_date: pd.Timestamp | None,
    method: str | None,
    trade: TradeYear = NO_SEASON,
    customer_count: int = 0,
) -> pd.DataFrame:
    """The coefficient table: one row per horizon (LEVEL) and one per feature (horizon_days 0).

    method: what `churn_backtest.choose_method` chose; where nothing could be tested recency alone
    serves, with the status SHORT_HISTORY. That is the status too while the season of `trade` is not
    known: the chances are those of the days learned from, and the season ahead moves their mean by
    up to .25. customer_count: customers that are scored, a tenth of whom is the group that
    intervals are of. Features that the method does not use have the coefficient 0. Without a model
    coefficients are null, and the status says so.
    """
    training = prepared(training, horizons=horizons)
    base = (method or RECENCY).removesuffix(LAST_YEARS_LEVEL)
    model = None
    if not training.empty:
        model = fit_churn(
            training, method=base, horizons=horizons, as_of_date=as_of_date, trade=trade
        )
    if model is not None and method not in (base, None):
        model = at_last_years_level(model, training, as_of_date=as_of_date) or model

    keys = [(LEVEL, horizon) for horizon in sorted(horizons)]
    table = pd.DataFrame(
        keys + [(feature, 0) for feature in FEATURES], columns=["feature", "horizon_days"]
    )
    if model is None:
        table = table.assign(
            method=NO_METHOD, status=INSUFFICIENT_DATA, row_count=0, is_separating=False
        )
    else:
        nothing = np.zeros(len(model.features))
        found = pd.DataFrame(
            {
                "feature": [LEVEL] * len(model.horizons) + model.features,
                "horizon_days": model.horizons + [0] * len(model.features),
                "is_separating": np.append(np.zeros(len(model.horizons)), model.is_separating),
                "centre": np.append(np.zeros(len(model.horizons)), model.centre),
                "sd": np.append(np.ones(len(model.horizons)), model.sd),
                "coefficient": np.append(model.levels, model.slopes),
                "scale": np.append(model.scales, nothing + 1),
                "bend": np.append(model.bends, nothing),
                "period_variance": np.append(model.period_variances, nothing),
            }
        )
        table = table.merge(found, how="left").fillna({"sd": 1.0, "scale": 1.0}).fillna(0.0)
        table = table.assign(
            method=model.method,
            status=OK if method and trade.is_known else SHORT_HISTORY,
            is_separating=table["is_separating"].astype(bool),
            group_size=telling_size(customer_count / GROUPS),
            row_count=model.row_count,
        )
    return table.reindex(columns=COEFFICIENT_COLUMNS).assign(as_of_date=as_of_date)
