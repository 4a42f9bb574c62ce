"""Anomalies of simulated months of mentions, by the model's own SQL."""

import numpy as np
import pandas as pd
import pytest
from churn_chain import load_rules
from compiled import run_models
from operations_chain import empty_shop

from retail_analytics.reputation.limits import sentiment_limits

SERIES, SIZE = 150, 48


def counts(net: np.ndarray, mentions: int, seed: int) -> pd.DataFrame:
    """Months of `mentions`, two fifths of them neutral, whose expected net sentiment is `net`
    (series, month)."""
    draw = np.random.default_rng(seed)
    positive = np.clip(0.3 + net / 2, 0.0, 0.6)
    shares = np.stack([positive, 0.6 - positive, np.full(net.shape, 0.4)], axis=-1)
    drawn = draw.multinomial(mentions, shares)
    return pd.DataFrame(
        {
            "dimension": "source",
            "entity": np.repeat([f"{place:03}" for place in range(len(net))], net.shape[1]),
            "month": np.tile(
                pd.date_range("2020-01-01", periods=net.shape[1], freq="MS"), len(net)
            ),
            "assessment": "Neutral",
            "mention_count": mentions,
            "positive_count": drawn[..., 0].ravel(),
            "negative_count": drawn[..., 1].ravel(),
            "net_sentiment": ((drawn[..., 0] - drawn[..., 1]) / mentions).ravel(),
        }
    )


def wandering(spread: float, rho: float, seed: int) -> np.ndarray:
    """Expected net sentiment (series, month) about .2 with this autocorrelation."""
    values = np.random.default_rng(seed).normal(size=(SERIES, SIZE))
    for place in range(1, SIZE):
        fresh = np.sqrt(1 - rho**2) * values[:, place]
        values[:, place] = rho * values[:, place - 1] + fresh
    return 0.2 + spread * values


def anomalies(sentiment: pd.DataFrame) -> pd.DataFrame:
    con = empty_shop()
    load_rules(con, ("sentiment_severities",))
    limits = sentiment_limits(sentiment, tail=0.003)
    for name, frame in (("sentiment", sentiment), ("sentiment_limits", limits)):
        con.register("frame", frame)
        con.execute(
            f"create table {name} as select * replace (cast(month as date) as month) from frame"
        )
    run_models(con, {"int_sentiment_readings": "view", "sentiment_anomalies": "table"})
    return con.execute("from sentiment_anomalies order by entity, month").df()


@pytest.mark.parametrize("mentions", [50, 2000])
@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_where_nothing_happens_anomalies_are_as_rare_as_stated(mentions, rho) -> None:
    found = anomalies(counts(wandering(0.08, rho, seed=3), mentions, seed=4))
    judged = found.query("status == 'ok'")
    per_year = 12 * judged["is_anomaly"].sum() / len(judged)
    assert per_year <= judged["expected_false_alarms_per_year"].max() <= 0.15


@pytest.mark.parametrize("mentions", [50, 2000])
def test_a_fall_by_three_standard_deviations_is_found_within_six_months(mentions) -> None:
    net = wandering(0.08, 0.0, seed=5)
    spread = np.sqrt(0.08**2 + 0.56 / mentions)
    net[:, 36:42] -= 3 * spread
    found = anomalies(counts(net, mentions, seed=6))
    fallen = (found["direction"] == "drop").to_numpy().reshape(SERIES, SIZE)[:, 36:42]
    assert fallen.any(axis=1).mean() >= 0.85


def test_no_mentions_at_all_make_an_empty_table() -> None:
    empty = counts(np.zeros((1, 2)), 10, seed=1).iloc[:0]
    assert sentiment_limits(empty, tail=0.003).empty
