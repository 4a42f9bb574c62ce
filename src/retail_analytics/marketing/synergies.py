"""Whether two channels win more together than each adds by itself.

    log odds of an order = level + sum over channels seen + sum over pairs seen of an interaction

Every channel and every pair with enough journeys has a term, in one fit: a pair is not credited
with what a third channel, or another pair, does for the same journeys. False discoveries are
controlled over all pairs (Benjamini and Hochberg 1995).
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from retail_analytics.marketing.logistic import Array, fit_logit

COLUMNS = [
    *("channel_a", "channel_b", "verdict", "status", "together_count", "together_order_count"),
    *("apart_count", "apart_order_count", "expected_rate", "interaction"),
    *("interaction_lower", "interaction_upper", "p_value", "q_value"),
]
OK, INSUFFICIENT_DATA = "ok", "insufficient_data"
FITTED = ["expected_rate", "interaction", "error"]
# against coefficients that run away where journeys always or never win
RIDGE = 0.1
LEVEL_RIDGE = 1e-6


def synergies(
    sets: pd.DataFrame,
    *,
    fewest_journeys: int,
    most_channels: int,
    most_q_value: float = 0.1,
    level: float = 0.80,
    separator: str = " + ",
) -> pd.DataFrame:
    """Interaction of every pair of channels.

    Parameters
    ----------
    sets : DataFrame
        channel_set (names in alphabetical order, `a + b + c`), journey_count, order_count: one row
        per set or part of it.
    fewest_journeys : int
        Journeys with both channels, with orders and without, below which a pair is not compared.
    most_channels : int
        Channels that are compared, those with most journeys; the rest counts as one.
    most_q_value : float
        False discovery rate up to which a pair is called a synergy, or a clash.
    level : float
        Level of the interval.

    Returns
    -------
    DataFrame, one row per pair of compared channels, by name: journeys and orders with both
    (together) and with one of the two (apart), the rate expected of both without interaction, the
    interaction in log odds with interval, its p value (two-sided) and q value. `insufficient_data`
    with null figures below `fewest_journeys`.
    """
    grouped = sets.groupby("channel_set", as_index=False)[["journey_count", "order_count"]].sum()
    members = [set(text.split(separator)) for text in grouped["channel_set"]]
    won = grouped["order_count"].to_numpy(dtype=float)
    lost = grouped["journey_count"].to_numpy(dtype=float) - won
    seen: dict[str, float] = {}
    for names, count in zip(members, won + lost, strict=True):
        for name in names:
            seen[name] = seen.get(name, 0.0) + count
    ranked = sorted(seen, key=lambda name: (-seen[name], name))
    channels = sorted(ranked[:most_channels])
    if len(channels) < 2:
        return pd.DataFrame(columns=COLUMNS)
    others = set(ranked[most_channels:])
    has = np.array([[name in names for name in channels] for names in members], dtype=float)
    rest = np.array([[bool(names & others)] for names in members], dtype=float)
    x = np.hstack([np.ones((len(has), 1)), has, rest[:, : int(bool(others))]])
    rows, terms = [], []
    for first, second in combinations(range(len(channels)), 2):
        both = has[:, first] * has[:, second]
        either = np.abs(has[:, first] - has[:, second])
        is_enough = min(both @ won, both @ lost) >= fewest_journeys
        if is_enough:
            terms.append(both)
        rows.append(
            {
                "channel_a": channels[first],
                "channel_b": channels[second],
                "status": OK if is_enough else INSUFFICIENT_DATA,
                "together_count": int(both @ (won + lost)),
                "together_order_count": int(both @ won),
                "apart_count": int(either @ (won + lost)),
                "apart_order_count": int(either @ won),
            }
        )
    table = pd.DataFrame(rows).assign(**dict.fromkeys(FITTED, np.nan))
    if terms:
        table.loc[table["status"] == OK, FITTED] = _interactions(x, won, lost, np.array(terms).T)
    z = norm.ppf((1 + level) / 2)
    table["interaction_lower"] = table["interaction"] - z * table["error"]
    table["interaction_upper"] = table["interaction"] + z * table["error"]
    table["p_value"] = 2 * norm.sf(np.abs(table["interaction"] / table["error"]))
    table["q_value"] = q_values(table["p_value"].to_numpy(dtype=float))
    is_found = table["q_value"] <= most_q_value
    table["verdict"] = np.select(
        [is_found & (table["interaction"] > 0), is_found, table["status"] == OK],
        ["synergy", "clash", "none"],
        "unknown",
    )
    return table[COLUMNS]


def _interactions(x: Array, won: Array, lost: Array, pairs: Array) -> Array:
    """Expected rate, interaction and its standard error, one row per column of `pairs`."""
    wide = np.hstack([x, pairs])
    ridge = np.full(wide.shape[1], RIDGE)
    ridge[0] = LEVEL_RIDGE
    beta, information = fit_logit(wide, won, lost, ridge=ridge)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))[-pairs.shape[1] :]
    own = beta[-pairs.shape[1] :]
    # the rate of the same journeys, were the pair's own term 0
    odds = (wide @ beta)[:, None] - pairs * own
    cases = pairs * (won + lost)[:, None]
    expected = (cases * expit(odds)).sum(axis=0) / cases.sum(axis=0)
    return np.stack([expected, own, errors], axis=1)


def q_values(p_values: Array) -> Array:
    """Smallest false discovery rate at which each is a discovery; NaN stays NaN."""
    found = np.full(len(p_values), np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found
