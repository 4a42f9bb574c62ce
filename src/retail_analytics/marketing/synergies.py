"""Whether two channels win more together than each adds by itself.

    log odds that an order follows a touch = level + channel of the touch + channels seen before it
                                             + how many were + interaction of each pair

The touch is the unit, not the journey: an order ends its journey, so that journeys with two
channels are those in which the first did not win, and independent channels would look as if they
were in each other's way. A pair has two interactions, of each channel after the other; the clearer
one is shown, with an interval and a p value that allow for the choice.

Pairs are added one by one, the strongest first, as long as one is found, and the others are judged
beside those: in one fit of all pairs only their differences could be told, and in fits of one pair
each a strong pair would lend its effect to its neighbours. Pairs that were not added are judged by
the efficient score (Rao 1948). False discoveries are controlled over all pairs (Benjamini and
Hochberg 1995).
"""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from retail_analytics.marketing.logistic import Array, fit_logit

COLUMNS = [
    *(
        "channel_a",
        "channel_b",
        "following_channel",
        "verdict",
        "status",
        "together_count",
        "together_order_count",
    ),
    *("apart_count", "apart_order_count", "expected_rate", "interaction"),
    *("interaction_lower", "interaction_upper", "p_value", "q_value"),
]
OK, INSUFFICIENT_DATA = "ok", "insufficient_data"
FITTED = ["expected_rate", "interaction", "error"]
# against coefficients that run away where journeys always or never win
RIDGE = 0.1
LEVEL_RIDGE = 1e-6
# touches after the other channel that an order follows, and that none follows
FEWEST_OUTCOMES = 10


def synergies(
    steps: pd.DataFrame,
    sets: pd.DataFrame,
    *,
    fewest_journeys: int,
    most_channels: int,
    most_q_value: float = 0.1,
    least_interaction: float = 0.0,
    level: float = 0.80,
    separator: str = " + ",
) -> pd.DataFrame:
    """Interaction of every pair of channels.

    Parameters
    ----------
    steps : DataFrame
        channel, earlier_set (channels seen before in the journey, as in channel_set; empty for
        none), touch_count, order_count (touches that an order follows before any other touch): one
        row per pair or part of it.
    sets : DataFrame
        channel_set (names in alphabetical order, `a + b + c`), journey_count, order_count: one row
        per set or part of it.
    fewest_journeys : int
        Journeys with both channels below which a pair is not compared.
    most_channels : int
        Channels that are compared, those with most journeys; the rest counts as one.
    most_q_value : float
        False discovery rate up to which a pair is called a synergy, or a clash.
    least_interaction : float
        Size in log odds from which on a pair is called so.
    level : float
        Level of the interval.

    Returns
    -------
    DataFrame, one row per pair of compared channels, by name: journeys and orders with both
    (together) and with one of the two (apart), the rate of orders expected of touches that follow
    the other channel were there no interaction, the interaction in log odds with interval, its p
    value (two-sided) and q value. `insufficient_data` with null figures for too few journeys.
    """
    grouped = sets.groupby("channel_set", as_index=False)[["journey_count", "order_count"]].sum()
    members = [set(text.split(separator)) for text in grouped["channel_set"]]
    journeys = grouped["journey_count"].to_numpy(dtype=float)
    ordered = grouped["order_count"].to_numpy(dtype=float)
    seen: dict[str, float] = {}
    for names, count in zip(members, journeys, strict=True):
        for name in names:
            seen[name] = seen.get(name, 0.0) + count
    ranked = sorted(seen, key=lambda name: (-seen[name], name))
    channels = sorted(ranked[:most_channels])
    if len(channels) < 2:
        return pd.DataFrame(columns=COLUMNS)
    has = np.array([[name in names for name in channels] for names in members], dtype=float)
    touches = steps.fillna({"earlier_set": ""}).groupby(["channel", "earlier_set"], as_index=False)
    touches = touches[["touch_count", "order_count"]].sum()
    before = [set(text.split(separator)) - {""} for text in touches["earlier_set"]]
    now = np.array([[name == c for c in channels] for name in touches["channel"]], dtype=float)
    then = np.array([[c in names for c in channels] for names in before], dtype=float)
    # another channel than the touch's own
    then = then * (1 - now)
    paired = list(zip(before, touches["channel"], strict=True))
    size = np.minimum([len(names - {channel}) for names, channel in paired], 3)
    again = [channel in names for names, channel in paired]
    won = touches["order_count"].to_numpy(dtype=float)
    lost = touches["touch_count"].to_numpy(dtype=float) - won
    levels = np.stack([size >= 1, size >= 2, size >= 3, again], axis=1).astype(float)
    x = np.hstack([np.ones((len(now), 1)), now, then, levels])

    rows, terms = [], []
    for first, second in combinations(range(len(channels)), 2):
        both = has[:, first] * has[:, second]
        either = np.abs(has[:, first] - has[:, second])
        is_enough = both @ journeys >= fewest_journeys
        for follower, leader in ((first, second), (second, first)):
            follows = now[:, follower] * then[:, leader]
            if is_enough and min(follows @ won, follows @ lost) >= FEWEST_OUTCOMES:
                terms.append((len(rows), channels[follower], follows))
        rows.append(
            {
                "channel_a": channels[first],
                "channel_b": channels[second],
                "status": OK if is_enough else INSUFFICIENT_DATA,
                "together_count": int(both @ journeys),
                "together_order_count": int(both @ ordered),
                "apart_count": int(either @ journeys),
                "apart_order_count": int(either @ ordered),
            }
        )
    table = pd.DataFrame(rows).assign(**dict.fromkeys(FITTED, np.nan), following_channel=None)
    if terms:
        found = pd.DataFrame(
            _interactions(
                x,
                won,
                lost,
                np.array([term for _, _, term in terms]).T,
                most_q_value=most_q_value,
            ),
            columns=FITTED,
        ).assign(row=[row for row, _, _ in terms], following_channel=[name for _, name, _ in terms])
        found["distance"] = (found["interaction"] / found["error"]).abs()
        clearest = found.dropna().sort_values("distance").groupby("row").last()
        table.loc[clearest.index, FITTED] = clearest[FITTED]
        table["following_channel"] = clearest["following_channel"].reindex(table.index)
    table.loc[table["interaction"].isna(), "status"] = INSUFFICIENT_DATA
    # of two interactions the clearer one is shown
    z = norm.ppf(1 - (1 - level) / 4)
    table["interaction_lower"] = table["interaction"] - z * table["error"]
    table["interaction_upper"] = table["interaction"] + z * table["error"]
    p_value = 4 * norm.sf(np.abs((table["interaction"] / table["error"]).to_numpy(dtype=float)))
    table["p_value"] = np.minimum(p_value, 1.0)
    table["q_value"] = q_values(table["p_value"].to_numpy(dtype=float))
    is_found = (table["q_value"] <= most_q_value) & (
        table["interaction"].abs() >= least_interaction
    )
    table["verdict"] = np.select(
        [is_found & (table["interaction"] > 0), is_found, table["status"] == OK],
        ["synergy", "clash", "none"],
        "unknown",
    )
    return table[COLUMNS]


def _interactions(x: Array, won: Array, lost: Array, pairs: Array, *, most_q_value: float) -> Array:
    """Expected rate, interaction and its standard error, one row per column of `pairs`."""
    cases = won + lost
    added: list[int] = []
    start = None
    while True:
        wide = np.hstack([x, pairs[:, added]])
        ridge = np.full(wide.shape[1], RIDGE)
        ridge[0] = LEVEL_RIDGE
        beta, information = fit_logit(wide, won, lost, ridge=ridge, start=start)
        chance = expit(wide @ beta)
        weight = cases * chance * (1 - chance)
        across = wide.T @ (weight[:, None] * pairs)
        known = weight @ pairs**2 - np.sum(across * np.linalg.solve(information, across), axis=0)
        score = (won - cases * chance) @ pairs
        is_told = known > 1e-6 * np.maximum(weight @ pairs**2, 1e-12)
        effect = np.where(is_told, score / np.where(is_told, known, 1.0), np.nan)
        error = np.where(is_told, 1 / np.sqrt(np.where(is_told, known, 1.0)), np.nan)
        errors = np.sqrt(np.diag(np.linalg.inv(information)))
        effect[added], error[added] = beta[x.shape[1] :], errors[x.shape[1] :]
        distance = np.abs(np.nan_to_num(effect / error))
        distance[added] = 0.0
        best = int(np.argmax(distance))
        left = pairs.shape[1] - len(added)
        if left == 0 or 2 * norm.sf(distance[best]) * left > most_q_value:
            break
        added.append(best)
        start = np.append(beta, 0.0)
    # the rate of the same touches, were the pair's own term 0
    odds = np.repeat((wide @ beta)[:, None], pairs.shape[1], axis=1)
    odds[:, added] -= pairs[:, added] * effect[added]
    touches = pairs * cases[:, None]
    expected = (touches * expit(odds)).sum(axis=0) / touches.sum(axis=0)
    return np.stack([np.where(np.isnan(error), np.nan, expected), effect, error], axis=1)


def q_values(p_values: Array) -> Array:
    """Smallest false discovery rate at which each is a discovery; NaN stays NaN."""
    found = np.full(len(p_values), np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found
