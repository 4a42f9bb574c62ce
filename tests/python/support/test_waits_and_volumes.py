"""Forecasts of waits and volumes against simulated desks whose truth is known."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from retail_analytics.support import volumes, waits
from retail_analytics.support.volumes import volume_forecasts
from retail_analytics.support.waits import wait_forecasts

SETTINGS = {
    "weeks_ahead": 4,
    "least_tickets": 100,
    "least_weeks": 6,
    "short_weeks": 26,
    "interval_z": 1.2816,
}


def tickets(seed: int, per_week: int, *, spread: float = 0.6, weeks: int = 53):  # noqa: ANN201
    """Tickets with the mean of their log minutes; the last week is for testing."""
    rng = np.random.default_rng(seed)
    block = rng.normal(0, spread, 56)
    level = np.cumsum(rng.normal(0, 0.02, weeks))
    count = rng.poisson(per_week, weeks)
    week = np.repeat(np.arange(weeks), count)
    where, priority = rng.integers(0, 56, len(week)), rng.integers(0, 4, len(week))
    effect = np.array([0.5, 0.0, -0.35, -0.9]) if spread else np.zeros(4)
    mean = 4 + block[where] + effect[priority] + level[week]
    value = mean + rng.normal(0, 0.8, len(week))
    frame = pd.DataFrame(
        {
            "week": week,
            "iso_weekday": where // 8 + 1,
            "hour_of_day": where % 8 * 3 + 1,
            "priority": np.array(["low", "normal", "high", "urgent"])[priority],
            "minutes": np.exp(value),
        }
    )
    return frame, mean, value


def pinball(error: np.ndarray) -> float:
    return float(np.maximum(0.9 * error, -0.1 * error).mean())


def test_nine_of_ten_wait_no_longer_and_nobody_could_do_much_better() -> None:
    losses, best, below = [], [], []
    for seed in range(8):
        frame, mean, value = tickets(seed, 700)
        is_next = frame["week"] == 52
        result = wait_forecasts(frame[~is_next], **SETTINGS)
        assert set(result["method"]) == {waits.BLOCK_METHOD}
        cell = result[result["weeks_ahead"] == 1].set_index(
            ["priority", "iso_weekday", "block_starts_hour"]
        )
        asked = frame[is_next]
        keys = zip(
            asked["priority"], asked["iso_weekday"], asked["hour_of_day"] // 3 * 3, strict=True
        )
        p90 = np.log(cell.loc[list(keys), "p90_minutes"].to_numpy())
        below.append(value[is_next] <= p90)
        losses.append(pinball(value[is_next] - p90))
        best.append(pinball(value[is_next] - mean[is_next] - 0.8 * norm.ppf(0.9)))
    assert np.mean(losses) / np.mean(best) <= 1.02
    assert 0.88 <= np.concatenate(below).mean() <= 0.92


def test_where_blocks_do_not_differ_the_constant_serves() -> None:
    served = []
    for seed in range(10):
        frame, _, _ = tickets(seed, 40, spread=0.0)
        result = wait_forecasts(frame, **SETTINGS)
        assert (result["pinball_loss"] <= result["constant_pinball_loss"]).all()
        served.append(result["method"].iloc[0] == waits.CONSTANT_METHOD)
    assert np.mean(served) >= 0.5


def test_few_tickets_have_no_forecast_and_no_tickets_no_rows() -> None:
    frame, _, _ = tickets(1, 5, weeks=4)
    result = wait_forecasts(frame, **SETTINGS)
    assert set(result["status"]) == {"insufficient_data"}
    assert result["p50_minutes"].isna().all()
    assert wait_forecasts(frame.head(0), **SETTINGS).empty
    short = wait_forecasts(tickets(1, 60, weeks=10)[0], **SETTINGS)
    assert set(short["status"]) == {"short_history"}
    assert (short["p50_minutes"] <= short["p90_minutes"]).all()
    assert (short["p50_minutes_lower"] <= short["p50_minutes"]).all()


def week_counts(table: np.ndarray) -> pd.DataFrame:
    week, hour = np.nonzero(table)
    return pd.DataFrame(
        {
            "channel": "chat",
            "week": week,
            "hour_of_week": hour,
            "week_count": len(table),
            "ticket_count": table[week, hour],
        }
    )


def test_four_of_five_hours_bring_no_more_than_their_upper_volume() -> None:
    rng = np.random.default_rng(5)
    day = np.concatenate([np.full(8, 0.1), np.full(10, 1.0), np.full(6, 0.4)])
    shape = np.outer([1, 1, 1, 1, 1, 0.4, 0.2], day).ravel()
    shape /= shape.sum()
    below, error = [], []
    for per_week in (10, 100, 1_000):
        for _ in range(4):
            level = per_week * np.exp(np.cumsum(rng.normal(0, 0.03, 53)))
            table = rng.poisson(level[:, None] * shape * rng.gamma(10, 0.1, (53, 168)))
            result = volume_forecasts(
                week_counts(table[:-1]), least_weeks=4, short_weeks=12, quantile=0.8
            )
            levels = volumes.levels_ahead(table.sum(axis=1))
            below.append(volumes.share_below(table, levels, 52, 0.8))
            error.append(abs(result["volume"].sum() / level[-1] - 1))
            assert set(result["status"]) == {"ok"}
            assert len(result) == 168
            assert (result["volume_p50"] <= result["volume_p80"]).all()
    assert 0.77 <= np.mean(below) <= 0.83
    assert np.mean(error) <= 0.15


def test_too_few_weeks_have_no_volume() -> None:
    table = np.ones((3, 168), dtype=int)
    options = {"least_weeks": 4, "short_weeks": 12, "quantile": 0.8}
    few = volume_forecasts(week_counts(table), **options)
    assert set(few["status"]) == {"insufficient_data"}
    assert few["volume"].isna().all()
    assert volume_forecasts(week_counts(table).head(0), **options).empty
    steady = volume_forecasts(week_counts(np.ones((8, 168), dtype=int)), **options)
    assert set(steady["status"]) == {"short_history"}
    assert np.allclose(steady["volume"], 1, rtol=1e-3)
