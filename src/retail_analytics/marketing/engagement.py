"""The chance that a customer opens or clicks the next mailing.

    log odds = level + sum over features of coefficient * (value - centre) / sd

Features are what was known when a mailing was sent: the customer's own rate so far, shrunk towards
the rate of all, mailings, opens, clicks and orders before, and how long ago the last ones were. The
latest mailings are held out: where the model does not beat the own rate there, that serves. Own
rates are beta-binomial: how far they are shrunk follows from how much customers differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betaln, expit, logit, polygamma
from scipy.stats import beta, norm

from retail_analytics.marketing.conversion import (
    BACKTEST_COLUMNS,
    INSUFFICIENT_DATA,
    INTERVAL_LEVEL,
    LOGISTIC,
    NO_METHOD,
    OK,
    SHORT_HISTORY,
    Cases,
    Model,
    fit_logistic,
    measures,
    split,
)
from retail_analytics.marketing.logistic import Array

OWN_RATE = "own rate so far"
NOT_TO_BE_MAILED = "not_to_be_mailed"
# outcome of a mailing: column with it, column with how often it happened before
OUTCOMES = {"open": ("has_opened", "opened_count"), "click": ("has_clicked", "clicked_count")}
# mailings by which own rates may be shrunk towards the rate of all: customers hardly alike to alike
STRENGTHS = np.geomspace(0.5, 500, 61)
METRICS = ("auc", "brier_score", "log_loss", "calibration_slope", "calibration_intercept")
COUNTS = {
    "mailings before": "sent_count",
    "opens before": "opened_count",
    "clicks before": "clicked_count",
    "orders before": "order_count",
    "days since last mailing": "last_sent_days",
    "days since last open": "last_opened_days",
    "days since last order": "last_ordered_days",
}
SCORE_COLUMNS = [
    *("customer_id", "channel", "outcome", "status", "method", "driver", "mailing_count"),
    *("response_count", "response_probability", "response_probability_lower"),
    *("response_probability_upper", "base_rate", "as_of_date"),
]


@dataclass(frozen=True)
class Habit:
    """How customers differ in an outcome: beta with this mean, worth so many mailings."""

    rate: float
    strength: float

    def counts(self, rows: pd.DataFrame, outcome: str) -> tuple[Array, Array]:
        """Parameters of each row's beta distribution: prior, and what came and did not before."""
        before = rows[OUTCOMES[outcome][1]].to_numpy(float)
        sent = rows["sent_count"].to_numpy(float)
        return (
            before + self.strength * self.rate,
            sent - before + self.strength * (1 - self.rate),
        )

    def own_rate(self, rows: pd.DataFrame, outcome: str) -> Array:
        """The rate of each row's customer so far, shrunk towards the rate of all."""
        came, did_not = self.counts(rows, outcome)
        return came / (came + did_not)


def habits(rows: pd.DataFrame) -> dict[str, Habit]:
    """The habit of each outcome, by maximum likelihood of the strength over STRENGTHS.

    Source: beta-binomial (Skellam 1948). The mean is the rate of all; of nothing, and where all or
    none did it, not quite that.
    """
    found = {}
    for name, (column, _) in OUTCOMES.items():
        rate = float((rows[column].sum() + 0.5) / (len(rows) + 1))
        own = rows.groupby(["customer_id", "channel"])[column].agg(["sum", "size"])
        came = own["sum"].to_numpy(float)[:, None]
        did_not = own["size"].to_numpy(float)[:, None] - came
        a, b = STRENGTHS * rate, STRENGTHS * (1 - rate)
        likelihood = np.sum(betaln(came + a, did_not + b) - betaln(a, b), axis=0)
        found[name] = Habit(rate, float(STRENGTHS[int(np.argmax(likelihood))]))
    return found


def features(rows: pd.DataFrame, known: dict[str, Habit]) -> pd.DataFrame:
    """What was known of each row's customer; numbers that are not known are NaN."""
    table = {f"own {name} rate": logit(known[name].own_rate(rows, name)) for name in OUTCOMES}
    for name, column in COUNTS.items():
        table[name] = np.log1p(rows[column].to_numpy(float))
    table["history: never opened"] = (rows["opened_count"] == 0).to_numpy(float)
    for channel in sorted(rows["channel"].unique()):
        table[f"channel: {channel}"] = (rows["channel"] == channel).to_numpy(float)
    return pd.DataFrame(table)


def cases(rows: pd.DataFrame, outcome: str, known: dict[str, Habit]) -> Cases:
    """Mailings with what became of them."""
    return Cases(
        features=features(rows, known),
        days=rows["as_of_date"].to_numpy(),
        last_channel=rows["channel"].to_numpy(object),
        ordered=rows[OUTCOMES[outcome][0]].to_numpy(float),
    )


def past_mailings(histories: pd.DataFrame) -> pd.DataFrame:
    """Mailings whose outcome is known, by day and customer."""
    past = histories[~histories["is_current"].astype(bool)]
    order = ["as_of_date", "customer_id", "channel", "sent_count"]
    past = past.sort_values(order, ignore_index=True)
    return past.astype({column: bool for column, _ in OUTCOMES.values()})


def engagement_backtest(histories: pd.DataFrame, *, engagement_days: int) -> pd.DataFrame:
    """How well the chances did on the latest mailings, beside the own rate so far.

    Parameters
    ----------
    histories : DataFrame, one row per customer and mailing, and per customer today (`is_current`):
        `customer_id`, `channel`, `has_opened`, `has_clicked`, `as_of_date` (day of sending), the
        counts `sent_count`, `opened_count`, `clicked_count`, `order_count` and the days
        `last_sent_days`, `last_opened_days`, `last_ordered_days` (NaN without one) before it.
    engagement_days : int
        Days after sending in which a response counts: what was sent in so many days before the
        latest mailings is not learned from, for its outcome was not known yet.

    Returns
    -------
    DataFrame, one row per outcome, model and metric (METRICS). An outcome with too little to learn
    from or to test on has none.
    """
    past = past_mailings(histories)
    parts = []
    for outcome in OUTCOMES:
        _, held = split(cases(past, outcome, habits(past)))
        if not len(held.days):
            continue
        first_held = held.days.min()
        latest = past["as_of_date"].to_numpy() >= first_held
        gap = pd.Timedelta(days=engagement_days)
        earlier = pd.to_datetime(past["as_of_date"]) + gap < pd.Timestamp(first_held)
        learned, tested = past[earlier.to_numpy()], past[latest]
        own = habits(learned)
        known, held = (cases(rows, outcome, own) for rows in (learned, tested))
        if not (known.is_enough and held.is_enough):
            continue
        chances = {
            LOGISTIC: expit(fit_logistic(known).log_odds(held.features)),
            OWN_RATE: own[outcome].own_rate(tested, outcome),
        }
        measured = {
            method: measures(chance, held.ordered, cut=1.0) for method, chance in chances.items()
        }
        parts += [
            {
                "model": method,
                "target": outcome,
                "metric": metric,
                "is_serving": method == served(measured),
                "value": figures[metric],
                "baseline_value": measured[OWN_RATE][metric],
                "row_count": len(tested),
                "as_of_date": pd.Timestamp(first_held),
            }
            for method, figures in measured.items()
            for metric in METRICS
        ]
    table = pd.DataFrame(parts).assign(horizon_days=engagement_days, baseline=OWN_RATE)
    return table.reindex(columns=BACKTEST_COLUMNS)


def served(measured: dict[str, dict[str, float]]) -> str:
    """The logistic where its Brier score and log loss beat the own rate, else that."""
    better = all(
        measured[LOGISTIC][metric] < measured[OWN_RATE][metric]
        for metric in ("brier_score", "log_loss")
    )
    return LOGISTIC if better else OWN_RATE


def engagement_scores(histories: pd.DataFrame, backtest: pd.DataFrame) -> pd.DataFrame:
    """The chance that each customer opens, and that they click, what is sent next.

    Parameters
    ----------
    histories : DataFrame, as for `engagement_backtest`, with `may_be_mailed` of today's rows.
    backtest : DataFrame
        What `engagement_backtest` returned: it decides what serves. Without it the own rate does,
        as `short_history`.

    Returns
    -------
    DataFrame : SCORE_COLUMNS, one row per customer, channel and outcome. The interval of an own
    rate is that of its beta distribution; the logistic adds to it the spread of its folds of days.
    Status `insufficient_data` where too little was opened or clicked by anybody, and
    `not_to_be_mailed` of who gave no consent or unsubscribed: there is no chance.
    """
    past = past_mailings(histories)
    today = histories[histories["is_current"].astype(bool)]
    today = today.sort_values(["customer_id", "channel"], ignore_index=True)
    parts = [frame for frame in scored(past, today, backtest) if len(frame)]
    if not parts:
        return pd.DataFrame(columns=SCORE_COLUMNS)
    return pd.concat(parts, ignore_index=True).reindex(columns=SCORE_COLUMNS)


def scored(
    past: pd.DataFrame, today: pd.DataFrame, backtest: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """The rows of `engagement_scores`, an outcome at a time."""
    own = habits(past)
    for outcome, (_, count) in OUTCOMES.items():
        known = cases(past, outcome, own)
        serving = backtest[(backtest["target"] == outcome) & backtest["is_serving"].astype(bool)]
        status = OK if len(serving) else SHORT_HISTORY
        frame = pd.DataFrame(
            {
                "customer_id": today["customer_id"],
                "channel": today["channel"],
                "outcome": outcome,
                "mailing_count": today["sent_count"],
                "response_count": today[count],
                "as_of_date": today["as_of_date"],
            }
        )
        if not known.is_enough:
            yield frame.assign(status=INSUFFICIENT_DATA, method=NO_METHOD)
            continue
        method = serving["model"].iloc[0] if len(serving) else OWN_RATE
        if method == LOGISTIC:
            chance, driver = logistic_chances(
                fit_logistic(known), features(today, own), own[outcome].counts(today, outcome)
            )
        else:
            chance, driver = own_chances(*own[outcome].counts(today, outcome)), None
        frame = frame.assign(
            status=status, method=method, driver=driver, base_rate=own[outcome].rate
        )
        names = ["", "_lower", "_upper"]
        for name, values in zip(names, chance, strict=True):
            frame[f"response_probability{name}"] = values
        kept_back = ~today["may_be_mailed"].astype(bool)
        frame.loc[kept_back, "status"] = NOT_TO_BE_MAILED
        frame.loc[kept_back, ["driver", *(f"response_probability{name}" for name in names)]] = None
        yield frame


def own_chances(came: Array, did_not: Array) -> tuple[Array, Array, Array]:
    """The means of beta distributions with their intervals."""
    mean, tail = came / (came + did_not), (1 - INTERVAL_LEVEL) / 2
    lower, upper = (beta.ppf(p, came, did_not) for p in (tail, 1 - tail))
    # of a very lopsided distribution the mean lies outside
    return mean, np.minimum(lower, mean), np.maximum(upper, mean)


def logistic_chances(
    model: Model, table: pd.DataFrame, counts: tuple[Array, Array]
) -> tuple[tuple[Array, Array, Array], np.ndarray]:
    """Chances with their intervals, and the feature that moves each most.

    counts: parameters of each customer's beta distribution, whose spread is that of the habit.
    """
    table = table.reindex(columns=model.features, fill_value=0.0)
    centred = ((table - model.centre) / model.sd).fillna(0.0).to_numpy(float)
    odds = model.weights[0] + centred @ model.weights[1:]
    folds = np.sum((model.spreads[:, :1] + model.spreads[:, 1:] @ centred.T) ** 2, axis=0)
    habit = polygamma(1, counts[0]) + polygamma(1, counts[1])
    half = np.sqrt(folds + norm.ppf((1 + INTERVAL_LEVEL) / 2) ** 2 * habit)
    moves = np.abs(centred * model.weights[1:])
    driver = np.array(model.features, object)[moves.argmax(axis=1)]
    return (expit(odds), expit(odds - half), expit(odds + half)), driver
