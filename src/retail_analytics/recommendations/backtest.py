"""The evaluation of lists: every strategy on held-out baskets, the blend's gate, the variants.

The blend's weights are learned in one month and tested in the next. It serves only where its gain
in nDCG over what the customer buys anyway (ties by popularity) is above zero at the lower end of
its interval; else the baseline serves, and says so.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from retail_analytics.recommendations.blend import learn_weights
from retail_analytics.recommendations.evaluation import (
    Outcomes,
    bootstrap_interval,
    level_of,
    mean_interval,
    measure,
    novelty,
)
from retail_analytics.recommendations.histories import Purchases
from retail_analytics.recommendations.lists import ListRules, choose
from retail_analytics.recommendations.replays import (
    Replay,
    basket_replay,
    best_lists,
    candidates_of,
    month_replay,
    sampled,
)
from retail_analytics.recommendations.strategies import (
    BASELINE_WEIGHTS,
    FIXED_WEIGHTS,
    STRATEGIES,
    Catalogue,
    Settings,
    build_seasons,
)

FIXED = "fixed_30_25_20_15_10"
BASELINE = "personal_frequency"
RATES = ("recall", "ndcg", "hit", "repeat_recall", "explore_recall")
# customers of a test below which nothing is learned from it, nor said about it
FEWEST_CUSTOMERS = 30
# entries of a probability's features: level, score, repeat, log of the purchases a
# day, log of the purchases missed since the last at that rate
PROBABILITY_TERMS = ("level", "score", "is_repeat", "log_rate", "log_missed")
PROBABILITY_DAYS = 30


@dataclass(frozen=True)
class Backtest:
    """What serves and how it was proved.

    weights: by strategy, of the blend; None when nothing could be learned. is_open: whether the
    blend beat the baseline. collaborative_method: which similarity serves. probability: terms of
    the chance that a listed product is bought within 30 days, None when it could not be learned.
    figures: long table of all that was measured (`FIGURE_COLUMNS`).
    """

    weights: np.ndarray | None
    is_open: bool
    collaborative_method: str | None
    probability: np.ndarray | None
    figures: pd.DataFrame


@dataclass(frozen=True)
class Learned:
    """Weights of a replay with the nDCG of each of its customers."""

    weights: np.ndarray
    ndcg: np.ndarray
    customers: np.ndarray


FIGURE_COLUMNS = [
    "part",
    "test",
    "name",
    "metric",
    "value",
    "value_lower",
    "value_upper",
    "row_count",
]


def run_backtest(
    purchases: Purchases,
    catalogue: Catalogue,
    *,
    settings: Settings,
    rules: ListRules,
    month_starts: tuple[int, int, int],
    most_customers: int,
    z: float,
    seed: int,
) -> Backtest:
    """Learns the weights, tests them, and measures every strategy and variant.

    Parameters: purchases until the as-of day, all of them or those of a sample of customers;
    month_starts, first days of the month to learn from, of the month to test in, and the first day
    after it; most_customers, of each test; z, the normal quantile of intervals; seed, of the
    bootstrap.
    """
    common = {"settings": settings, "most": most_customers}
    learn_start, test_start, test_end = month_starts
    learned: Learned | None = None
    method = None
    probability = None
    for candidate in (
        ("item_knn", "ease") if catalogue.size <= settings.ease_products else ("item_knn",)
    ):
        replayed = month_replay(
            purchases,
            catalogue,
            first_day=learn_start,
            last_day=test_start - 1,
            method=candidate,
            **common,
        )
        weights = learn(replayed)
        if weights is None:
            break
        value = outcomes(replayed, replayed.features @ weights, length=rules.length).ndcg
        # neighbours serve unless EASE is better by its interval: it needs products squared
        if learned is None or gain_interval(replayed, learned, value, z=z, seed=seed)[1] > 0:
            learned = Learned(weights=weights, ndcg=value, customers=replayed.customers)
            method = candidate
            probability = learn_probability(
                purchases, replayed, weights, rules=rules, day=learn_start - 1
            )
    weights = learned.weights if learned else None

    figures = []
    tested = month_replay(
        purchases,
        catalogue,
        first_day=test_start,
        last_day=test_end - 1,
        method=method,
        **common,
    )
    month = measured(tested, weights, rules=rules, serving=None)
    gain = gains(month["blend"], month[BASELINE]) if "blend" in month else np.zeros(0)
    mean, lower, upper = bootstrap_interval(gain, level=level_of(z), seed=seed)
    is_open = bool(len(gain) >= FEWEST_CUSTOMERS and lower > 0)
    month = measured(tested, weights, rules=rules, serving=weights if is_open else None)
    figures += quality_rows("next_month", month, tested, z=z, seed=seed)
    if probability is not None:
        figures += probability_rows(
            probability, purchases, tested, weights, rules=rules, day=test_start - 1
        )

    before = basket_replay(purchases, catalogue, left=1, method=method, **common)
    basket_weights = learn(before)
    last = basket_replay(purchases, catalogue, left=0, method=method, **common)
    if basket_weights is None:
        basket_weights = weights
    last_served = basket_weights if is_open else None
    results = measured(last, basket_weights, rules=rules, serving=last_served)
    figures += quality_rows("last_basket", results, last, z=z, seed=seed)
    figures += replay_rows(last, basket_weights, last_served, rules=rules, z=z, seed=seed)

    figures += [
        row("weight", "next_month", name, "weight", value)
        for name, value in zip(STRATEGIES, weights if weights is not None else [], strict=False)
    ]
    figures += [
        row("weight", "served", name, "weight", value)
        for name, value in zip(STRATEGIES, weights if is_open else BASELINE_WEIGHTS, strict=True)
    ]
    figures.append(
        row("gate", "next_month", "blend", "ndcg_gain", mean, lower, upper, count=len(gain))
    )
    figures.append(row("gate", "next_month", "blend", "is_open", float(is_open), count=len(gain)))
    figures.append(row("method", "served", method or default_method(catalogue, settings), "", 1.0))
    if probability is not None:
        figures += [
            row("probability", "served", name, "coefficient", value)
            for name, value in zip(PROBABILITY_TERMS, probability, strict=True)
        ]
    return Backtest(
        weights=weights,
        is_open=is_open,
        collaborative_method=method,
        probability=probability,
        figures=pd.DataFrame(figures, columns=FIGURE_COLUMNS),
    )


def gain_interval(
    replayed: Replay, learned: Learned, value: np.ndarray, *, z: float, seed: int
) -> tuple[float, float, float]:
    """Mean gain of a challenger over what was learned before, with its interval; same customers."""
    before = dict(zip(learned.customers.tolist(), learned.ndcg, strict=True))
    gain = value - np.array([before[customer] for customer in replayed.customers.tolist()])
    return bootstrap_interval(gain, level=level_of(z), seed=seed)


def default_method(catalogue: Catalogue, settings: Settings) -> str:
    """What serves where nothing could be learned."""
    return "ease" if catalogue.size <= settings.ease_products else "item_knn"


def row(
    part: str,
    test: str,
    name: str,
    metric: str,
    value: float,
    lower: float = np.nan,
    upper: float = np.nan,
    *,
    count: int = 0,
) -> tuple:
    """A row of the figures."""
    return part, test, name, metric, value, lower, upper, count


def learn(replayed: Replay) -> np.ndarray | None:
    """The weights of a replay; None with too few customers."""
    if replayed.targets.customers < FEWEST_CUSTOMERS:
        return None
    is_bought = replayed.targets.find(replayed.candidates.row, replayed.candidates.product) >= 0
    return learn_weights(replayed.candidates.row, replayed.features, is_bought)


def outcomes(replayed: Replay, score: np.ndarray, *, length: int) -> Outcomes:
    """Outcomes of the lists that are best by a score."""
    entry, place = best_lists(replayed, score, length=length)
    candidates = replayed.candidates
    return measure(
        replayed.targets,
        row=candidates.row[entry],
        product=candidates.product[entry],
        place=place,
        length=length,
    )


def chosen(
    replayed: Replay, score: np.ndarray, *, rules: ListRules
) -> tuple[np.ndarray, np.ndarray]:
    """Entries and places of the lists with slots, caps and variety, in blocks of customers."""
    candidates = replayed.candidates
    entries, places = [], []
    step = 5_000
    for first in range(0, replayed.targets.customers, step):
        start, end = np.searchsorted(candidates.row, [first, first + step])
        part = candidates.take(slice(start, end))
        entry, place = choose(
            replace(part, row=part.row - first),
            score[start:end],
            catalogue=replayed.model.catalogue,
            rules=rules,
            customers=min(step, replayed.targets.customers - first),
        )
        entries.append(entry + start)
        places.append(place)
    if not entries:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(entries), np.concatenate(places)


def served_outcomes(replayed: Replay, weights: np.ndarray | None, *, rules: ListRules) -> Outcomes:
    """Outcomes of the lists as they are published; without weights those of the baseline."""
    candidates = replayed.candidates
    if weights is None:
        score = candidates.by_count().features() @ np.array(BASELINE_WEIGHTS)
    else:
        score = replayed.features @ weights
    entry, place = chosen(replayed, score, rules=rules)
    return measure(
        replayed.targets,
        row=candidates.row[entry],
        product=candidates.product[entry],
        place=place,
        length=rules.length,
    )


def measured(
    replayed: Replay,
    weights: np.ndarray | None,
    *,
    rules: ListRules,
    serving: np.ndarray | None,
) -> dict[str, Outcomes]:
    """Outcomes of every strategy, the baselines, the fixed and the learned blend, and the lists."""
    counts = replayed.model.histories.product_baskets
    popularity = counts / max(counts.max(initial=0), 1)
    product, baskets = replayed.candidates.product, replayed.candidates.baskets
    scores = {
        "popularity": popularity[product],
        BASELINE: baskets + 0.5 * popularity[product],
        **{name: replayed.features[:, number] for number, name in enumerate(STRATEGIES)},
        FIXED: replayed.features @ np.array(FIXED_WEIGHTS),
    }
    if weights is not None:
        scores["blend"] = replayed.features @ weights
    results = {
        name: outcomes(replayed, score, length=rules.length) for name, score in scores.items()
    }
    results["served_list"] = served_outcomes(replayed, serving, rules=rules)
    return results


def gains(outcome: Outcomes, baseline: Outcomes) -> np.ndarray:
    """nDCG of each customer's list less that of the baseline's."""
    return outcome.ndcg - baseline.ndcg


def quality_rows(
    test: str, results: dict[str, Outcomes], replayed: Replay, *, z: float, seed: int
) -> list[tuple]:
    """Each strategy's figures of a test."""
    if replayed.targets.customers < FEWEST_CUSTOMERS:
        return [
            row("quality", test, name, metric, np.nan, count=replayed.targets.customers)
            for name in results
            for metric in RATES
        ]
    counts = replayed.model.histories.product_baskets
    offered = max(int(replayed.model.catalogue.is_offered.sum()), 1)
    rows = []
    for name, outcome in results.items():
        for metric in RATES:
            values = getattr(outcome, metric)
            rows.append(
                row(
                    *("quality", test, name, metric),
                    *mean_interval(values, z=z),
                    count=int(np.isfinite(values).sum()),
                )
            )
        for baseline in (BASELINE, "popularity"):
            gain = gains(outcome, results[baseline])
            mean, lower, upper = bootstrap_interval(gain, level=level_of(z), seed=seed)
            metric = f"ndcg_gain_over_{baseline}"
            rows.append(row("quality", test, name, metric, mean, lower, upper, count=len(gain)))
        shown = outcome.recommended
        rows.append(row("quality", test, name, "coverage", float((shown > 0).sum() / offered)))
        rows.append(row("quality", test, name, "novelty", novelty(shown, counts)))
    return rows


def replay_rows(
    replayed: Replay,
    weights: np.ndarray | None,
    serving: np.ndarray | None,
    *,
    rules: ListRules,
    z: float,
    seed: int,
) -> list[tuple]:
    """Lists that could have been sent instead, on the same held-out baskets."""
    if replayed.targets.customers < FEWEST_CUSTOMERS:
        return []

    def with_rules(**changes: object) -> ListRules:
        return ListRules(**{**rules.__dict__, **changes})

    variants = {
        "served": (serving, rules),
        "no_slot_for_new_products": (serving, with_rules(explore_slots=0)),
        "three_slots_for_new_products": (serving, with_rules(explore_slots=3)),
        "new_products_only": (serving, with_rules(explore_slots=rules.length)),
        "no_variety_rule": (serving, with_rules(diversity=0.0)),
        "repeats_at_once": (serving, with_rules(soonest_repeat=0.0)),
        "fixed_weights": (np.array(FIXED_WEIGHTS), rules),
        BASELINE: (None, rules),
    }
    if weights is not None:
        variants["learned_weights"] = (weights, rules)
    results = {
        name: served_outcomes(replayed, used, rules=own) for name, (used, own) in variants.items()
    }
    rows = []
    for name, outcome in results.items():
        for metric in ("recall", "ndcg", "hit"):
            values = getattr(outcome, metric)
            difference = values - getattr(results["served"], metric)
            for kind, figures in (("", values), ("_difference", difference)):
                mean, lower, upper = bootstrap_interval(figures, level=level_of(z), seed=seed)
                rows.append(
                    row(
                        *("replay", "last_basket", name, f"{metric}{kind}", mean, lower, upper),
                        count=int(np.isfinite(figures).sum()),
                    )
                )
    return rows


def probability_features(
    replayed: Replay, entry: np.ndarray, score: np.ndarray, *, day: int
) -> np.ndarray:
    """Terms of the chance of a purchase for list entries: candidates x PROBABILITY_TERMS."""
    histories, candidates = replayed.model.histories, replayed.candidates
    customer = replayed.customers[candidates.row[entry]]
    return probability_terms(
        score=score[entry],
        is_repeat=candidates.is_repeat[entry],
        baskets=histories.basket_count[customer],
        first_day=histories.first_basket_day[customer],
        last_day=histories.last_basket_day[customer],
        day=day,
    )


def probability_terms(
    *,
    score: np.ndarray,
    is_repeat: np.ndarray,
    baskets: np.ndarray,
    first_day: np.ndarray,
    last_day: np.ndarray,
    day: int,
) -> np.ndarray:
    """The terms of a listed product's chance: level, score, repeat, rate, and what was missed."""
    rate = baskets / (day - first_day + PROBABILITY_DAYS)
    return np.column_stack(
        [
            np.ones(len(score)),
            score,
            is_repeat.astype(float),
            np.log(rate),
            np.log1p((day - last_day) * rate),
        ]
    )


def listed_and_bought(
    purchases: Purchases, replayed: Replay, weights: np.ndarray, *, rules: ListRules, day: int
) -> tuple[np.ndarray, np.ndarray]:
    """Terms of all listed products of all known customers, and whether they bought them in 30 days.

    Everybody with a history is asked, also who bought nothing.
    """
    known = purchases.where(purchases.day <= day)
    later = purchases.where((purchases.day > day) & (purchases.day <= day + PROBABILITY_DAYS))
    histories = replayed.model.histories
    everyone = sampled(
        np.flatnonzero(histories.basket_count > 0), most=max(replayed.targets.customers, 1000)
    )
    asked = candidates_of(
        replayed.model,
        everyone,
        build_seasons(known),
        day=np.full(histories.customers, day),
        today=np.full(histories.customers, day),
        later=later,
    )
    score = asked.features @ weights
    entry, _ = chosen(asked, score, rules=rules)
    terms = probability_features(asked, entry, score, day=day)
    found = asked.targets.find(asked.candidates.row[entry], asked.candidates.product[entry])
    return terms, (found >= 0).astype(float)


def learn_probability(
    purchases: Purchases, replayed: Replay, weights: np.ndarray, *, rules: ListRules, day: int
) -> np.ndarray | None:
    """Coefficients of the chance that a listed product is bought within 30 days (logistic)."""
    terms, bought = listed_and_bought(purchases, replayed, weights, rules=rules, day=day)
    if bought.sum() < FEWEST_CUSTOMERS:
        return None
    return logistic(terms, bought)


def logistic(terms: np.ndarray, outcome: np.ndarray, *, ridge: float = 1e-5) -> np.ndarray:
    """Coefficients of a logistic regression; the first term is the level and is not shrunk."""
    penalty = np.full(terms.shape[1], ridge)
    penalty[0] = 0

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        logit = terms @ coefficients
        value = np.mean(np.logaddexp(0, logit) - outcome * logit) + penalty @ coefficients**2
        gradient = terms.T @ (expit(logit) - outcome) / len(outcome) + 2 * penalty * coefficients
        return value, gradient

    start = np.zeros(terms.shape[1])
    start[0] = np.log(outcome.mean() / (1 - outcome.mean()))
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x


def calibration_slope(chances: np.ndarray, outcome: np.ndarray) -> float:
    """Slope of a logistic regression of the outcome on the log odds; 1 is right."""
    if not len(outcome) or outcome.min() == outcome.max():
        return np.nan
    inside = np.clip(chances, 1e-9, 1 - 1e-9)
    odds = np.log(inside / (1 - inside))
    if np.ptp(odds) < 1e-9:
        return np.nan
    return float(logistic(np.column_stack([np.ones(len(odds)), odds]), outcome, ridge=0)[1])


def log_loss(chances: np.ndarray, outcome: np.ndarray) -> float:
    """Mean log score of the outcome."""
    inside = np.clip(chances, 1e-9, 1 - 1e-9)
    return float(-np.mean(outcome * np.log(inside) + (1 - outcome) * np.log(1 - inside)))


def probability_rows(
    probability: np.ndarray,
    purchases: Purchases,
    tested: Replay,
    weights: np.ndarray,
    *,
    rules: ListRules,
    day: int,
) -> list[tuple]:
    """How good the chances are in the month after they were learned, beside everybody's mean."""
    terms, bought = listed_and_bought(purchases, tested, weights, rules=rules, day=day)
    if bought.sum() < FEWEST_CUSTOMERS:
        return []
    chances = expit(terms @ probability)
    names = {
        "log_loss": log_loss(chances, bought),
        "baseline_log_loss": log_loss(np.full(len(bought), bought.mean()), bought),
        "calibration_slope": calibration_slope(chances, bought),
        "mean_chance": float(chances.mean()),
        "bought_share": float(bought.mean()),
    }
    return [
        row("probability_quality", "next_month", "served_list", name, value, count=len(bought))
        for name, value in names.items()
    ]
