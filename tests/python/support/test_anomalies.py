"""What is unusual is found, and chance brings no more alerts than stated."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, poisson

from retail_analytics.support.anomalies import (
    COLUMNS,
    count_readings,
    mean_readings,
    support_anomalies,
)

DAY = np.concatenate([np.full(8, 0.1), np.full(10, 1.0), np.full(6, 0.4)])
WEEK = np.outer([1, 1, 1, 1, 1, 0.4, 0.2], DAY).ravel()


def false_alerts_per_week(scores: list[np.ndarray], *, per_week: int, stated: float) -> float:
    limit = norm.isf(stated / per_week / 2)
    hits = sum(int((np.abs(z) >= limit).sum()) for z in scores)
    return hits / (sum(len(z) for z in scores) / per_week)


def test_counts_alarm_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(1)
    for level, per_week in ((0.3, 168), (2.0, 168)):
        scores = [
            count_readings(
                rng.poisson(level * np.tile(WEEK, 130)).astype(float), per_week=168, offset=0
            ).z
            for _ in range(6)
        ]
        assert false_alerts_per_week(scores, per_week=per_week, stated=0.05) <= 0.07
    for level in (1.0, 10.0, 100.0):
        week = np.array([1.2, 1, 1, 1, 1, 0.7, 0.5])
        scores = [
            count_readings(
                rng.poisson(level * np.tile(week, 130)).astype(float), per_week=7, offset=0
            ).z
            for _ in range(12)
        ]
        assert false_alerts_per_week(scores, per_week=7, stated=0.05) <= 0.07


def test_means_and_spreads_alarm_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(2)
    for size, is_spread in ((10, False), (100, False), (30, True)):
        scores = []
        for _ in range(30):
            count = rng.poisson(size, 130).astype(float)
            values = [rng.normal(4, 0.8, int(n)) for n in count]
            total = np.array([v.sum() for v in values])
            squares = np.array([(v**2).sum() for v in values])
            scores.append(mean_readings(count, total, squares, is_spread=is_spread).z)
        assert false_alerts_per_week(scores, per_week=1, stated=0.05) <= 0.07


RULES = pd.DataFrame(
    {
        "kind": ["volume", "volume", "team", "temporal"],
        "severity": ["low", "high", "low", "low"],
        "false_alerts_per_week": [0.02, 0.0002, 0.02, 0.02],
        "minimum_change": [0.3, 1.0, 0.1, 1.0],
        "minimum_tickets": [3.0, 3.0, 0.0, 3.0],
        "direction": ["both", "both", "above", "above"],
    }
)
MONDAY = 19_786


def series(kind: str, entity: str, values: np.ndarray, first: int, **columns) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": kind,
            "measure": "ticket_count",
            "entity": entity,
            "period": np.arange(len(values)) + first,
            "ticket_count": values,
            "total": np.nan,
            "squares": np.nan,
            "first_period": first,
            "last_period": first + len(values) - 1,
            **columns,
        }
    )


def test_a_planted_day_hour_and_week_are_found_where_they_are() -> None:
    rng = np.random.default_rng(3)
    days = rng.poisson(30, 300)
    days[200] = 90
    hours = rng.poisson(1.0 * np.tile(WEEK, 40))
    hours[30 * 168 + 3] = 9
    count = np.full(60, 50)
    values = [
        rng.normal(0, 0.8, 50) + (np.log(2.5) if week in (40, 41) else 0) for week in range(60)
    ]
    weeks = series(
        "team",
        "Returns",
        count,
        2_827,
        measure="log_reply_minutes",
        total=[v.sum() for v in values],
        squares=[(v**2).sum() for v in values],
    )
    found = support_anomalies(
        pd.concat(
            [
                series("volume", "all", days, MONDAY),
                series("temporal", "all", hours, MONDAY * 24),
                weeks,
            ]
        ),
        RULES,
    )
    assert list(found.columns) == list(COLUMNS)
    by_kind = found.groupby("kind")["period_starts_at"].apply(list)
    assert pd.Timestamp("2024-03-04") + pd.Timedelta(days=200) in by_kind["volume"]
    assert pd.Timestamp("2024-03-04") + pd.Timedelta(weeks=30, hours=3) in by_kind["temporal"]
    monday = pd.Timestamp("2024-03-04") + pd.Timedelta(weeks=40)
    assert {monday, monday + pd.Timedelta(weeks=1)} <= set(by_kind["team"])
    planted = found[found["kind"] == "volume"].set_index("period_starts_at")
    row = planted.loc[pd.Timestamp("2024-03-04") + pd.Timedelta(days=200)]
    assert (row["severity"], row["direction"], row["observed"]) == ("high", "above", 90)
    # the next days are not compared with the planted one
    assert len(found) <= 6


def test_two_cases_after_weeks_of_none_are_no_alarm_and_empty_gives_empty() -> None:
    days = np.zeros(120)
    days[100] = 2
    found = support_anomalies(series("volume", "all", days, MONDAY), RULES)
    assert found.empty
    assert list(found.columns) == list(COLUMNS)
    assert support_anomalies(series("volume", "all", days[:0], MONDAY), RULES).empty
    assert support_anomalies(series("volume", "all", days[:20], MONDAY), RULES).empty


def found_share(usual: float, planted: float, *, shops: int = 120) -> tuple[float, float]:
    """Share of planted days that are found at .05 false alerts a week, and of those that can be."""
    rng = np.random.default_rng(4)
    week = np.array([1.2, 1, 1, 1, 1, 0.7, 0.5])
    week /= week.mean()
    limit = norm.isf(0.05 / 7 / 2)
    places = rng.integers(150, 200, shops)
    found, power = 0, 0.0
    for place in places:
        mean = usual * week[np.arange(200) % 7]
        count = rng.poisson(mean).astype(float)
        count[place] = rng.poisson(planted * mean[place])
        read = count_readings(count, per_week=7, offset=0)
        found += read.z[read.place == place][0] >= limit
        least = poisson.isf(norm.sf(limit), mean[place]) + 1
        power += poisson.sf(least - 1, planted * mean[place])
    return found / shops, power / shops


@pytest.mark.parametrize("usual", [2.0, 9.0, 30.0])
def test_a_day_of_three_times_the_tickets_is_found_as_often_as_can_be(usual: float) -> None:
    """Of nine tickets a day, as at 20,000 customers of the sample, nine in ten such days can be
    told from chance at all; of two a day three in ten, of thirty all."""
    found, power = found_share(usual, 3.0)
    assert found >= power - 0.1
    assert power > {2.0: 0.25, 9.0: 0.9, 30.0: 0.99}[usual]
