"""The fit of the rhythms of customers' products, and how good it was.

The chances of `rhythms` know the pair alone. Whether the customer comes at all, and how often the
pair was bought in its whole age, say more; a logistic regression on the windows before corrects for
all of it (`CORRECTION_TERMS`).
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from retail_analytics.recommendations.backtest import calibration_slope, log_loss, logistic
from retail_analytics.recommendations.ordering import distinct, places
from retail_analytics.recommendations.pairs import Days, Known, known_pairs
from retail_analytics.recommendations.rhythms import (
    NextPurchases,
    Pairs,
    Rhythms,
    fit_rhythms,
    predict,
)

HORIZONS = (7, 14, 30)
# windows before the as-of day from which the correction is learned; the newest is the test
WINDOWS = 4
CORRECTION_TERMS = ("level", "rhythm", "frequency", "customer_elapsed", "customer_rate")
# purchases in the windows below which nothing is corrected
FEWEST_OUTCOMES = 30


def frequency_chances(pairs: Pairs, *, horizon: int) -> np.ndarray:
    """The naive chance: the pair's purchases over its whole age, at an even rate."""
    age = np.maximum(pairs.gap_days + pairs.elapsed, 1)
    return 1 - np.exp(-horizon * (pairs.gaps + 1) / age)


def correction_terms(known: Known, predicted: NextPurchases, *, horizon: int) -> np.ndarray:
    """The terms of the correction, pairs x CORRECTION_TERMS."""
    return np.column_stack(
        [
            np.ones(known.pairs.size),
            log_odds(predicted.chances[horizon]),
            log_odds(frequency_chances(known.pairs, horizon=horizon)),
            np.log1p(known.customer_elapsed),
            np.log(known.customer_rate),
        ]
    )


def log_odds(chances: np.ndarray) -> np.ndarray:
    """Log odds, of chances kept off 0 and 1."""
    inside = np.clip(chances, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside))


def bought_within(days: Days, known: Known, *, as_of: int, horizon: int) -> np.ndarray:
    """Whether each pair was bought in the days after `as_of`, as 0 and 1."""
    later = days.where((days.day > as_of) & (days.day <= as_of + horizon))
    size = max(days.products, 1)
    wanted = known.customer * size + known.pairs.product
    _, is_there = places(distinct(later.customer * size + later.product), wanted)
    return is_there.astype(float)


def corrected_chances(
    known: Known, predicted: NextPurchases, corrections: dict[int, np.ndarray | None]
) -> dict[int, np.ndarray]:
    """Chances by horizon, corrected where a correction was learned; longer is never less likely."""
    result: dict[int, np.ndarray] = {}
    before = np.zeros(known.pairs.size)
    for horizon in sorted(predicted.chances):
        chances = predicted.chances[horizon]
        if corrections.get(horizon) is not None:
            terms = correction_terms(known, predicted, horizon=horizon)
            chances = expit(terms @ corrections[horizon])
        before = np.maximum(before, chances)
        result[horizon] = before
    return result


def learn_corrections(
    windows: list[tuple[Known, NextPurchases, dict[int, np.ndarray]]],
) -> dict[int, np.ndarray | None]:
    """Coefficients by horizon from windows of pairs, chances and outcomes; None with too few."""
    learned: dict[int, np.ndarray | None] = {}
    for horizon in HORIZONS:
        outcome = np.concatenate([bought[horizon] for _, _, bought in windows] or [np.zeros(0)])
        if min(outcome.sum(), len(outcome) - outcome.sum()) < FEWEST_OUTCOMES:
            learned[horizon] = None
            continue
        terms = np.concatenate(
            [correction_terms(known, predicted, horizon=horizon) for known, predicted, _ in windows]
        )
        learned[horizon] = logistic(terms, outcome)
    return learned


def repeat_figures(days: Days, *, as_of: int) -> pd.DataFrame:
    """Corrections to serve, and how good the chances were in the newest window.

    Returns one row a part, horizon and metric: part `correction` (metric: a term) with the
    coefficient learned from all windows; part `quality` with figures of the newest window, its
    corrections learned from the windows before: log_loss and brier_score beside those of the naive
    frequency, calibration_slope, and gap_coverage (share of last gaps inside the 80 % interval
    drawn from the gaps before).
    """
    windows = []
    longest = max(HORIZONS)
    for number in range(WINDOWS, 0, -1):
        day = as_of - number * longest
        known = known_pairs(days, as_of=day)
        if not known.pairs.size:
            continue
        rhythms = fit_rhythms(known.pairs, products=days.products)
        predicted = predict(known.pairs, rhythms, horizons=HORIZONS)
        bought = {h: bought_within(days, known, as_of=day, horizon=h) for h in HORIZONS}
        windows.append((known, predicted, bought))
    rows = [
        ("correction", horizon, term, value, np.nan, sum(len(w[2][horizon]) for w in windows))
        for horizon, coefficients in learn_corrections(windows).items()
        if coefficients is not None
        for term, value in zip(CORRECTION_TERMS, coefficients, strict=True)
    ]
    if len(windows) >= 2:
        before = learn_corrections(windows[:-1])
        known, predicted, bought = windows[-1]
        chances = corrected_chances(known, predicted, before)
        for horizon in HORIZONS:
            outcome = bought[horizon]
            if min(outcome.sum(), len(outcome) - outcome.sum()) < FEWEST_OUTCOMES:
                continue
            naive = frequency_chances(known.pairs, horizon=horizon)
            for metric, value, baseline in (
                ("log_loss", log_loss(chances[horizon], outcome), log_loss(naive, outcome)),
                (
                    "brier_score",
                    float(np.mean((chances[horizon] - outcome) ** 2)),
                    float(np.mean((naive - outcome) ** 2)),
                ),
                (
                    "calibration_slope",
                    calibration_slope(chances[horizon], outcome),
                    calibration_slope(naive, outcome),
                ),
            ):
                rows.append(("quality", horizon, metric, value, baseline, len(outcome)))
    covered, count = gap_coverage(days, as_of=as_of)
    if count >= FEWEST_OUTCOMES:
        rows.append(("quality", 0, "coverage_rate", covered, np.nan, count))
    return pd.DataFrame(
        rows, columns=["part", "horizon_days", "metric", "value", "baseline_value", "row_count"]
    )


def gap_coverage(days: Days, *, as_of: int) -> tuple[float, int]:
    """Share of pairs whose last gap lies in the interval drawn from the gaps before; how many."""
    days = days.where(days.day <= as_of)
    code = days.customer * max(days.products, 1) + days.product
    is_last = np.concatenate([code[1:] != code[:-1], [True]])[: len(code)]
    before = known_pairs(days.where(~is_last), as_of=as_of)
    if not before.pairs.size:
        return np.nan, 0
    rhythms = fit_rhythms(before.pairs, products=days.products)
    last_day = days.day[is_last]
    place = np.searchsorted(
        code[is_last], before.customer * max(days.products, 1) + before.pairs.product
    )
    gap = (last_day[place] - before.last_day).astype(float)
    predicted = usual_interval(before.pairs, rhythms)
    inside = (gap >= np.floor(predicted[0])) & (gap <= np.ceil(predicted[1]))
    return float(inside.mean()), len(gap)


def usual_interval(pairs: Pairs, rhythms: Rhythms) -> tuple[np.ndarray, np.ndarray]:
    """The 80 % interval of the next gap."""
    predicted = predict(pairs, rhythms, horizons=())
    return predicted.usual_gap_lower, predicted.usual_gap_upper
