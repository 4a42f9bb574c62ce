"""Forecasts of many series with intervals and a backtest, frames in, frames out."""

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from retail_analytics.statistics.forecasting.intervals import short_half_widths
from retail_analytics.statistics.forecasting.models import (
    RICHER,
    component_paths,
    is_long,
    newest_path,
)
from retail_analytics.statistics.forecasting.replay import (
    Replay,
    replay,
    replayed_half_widths,
    replayed_hits,
)
from retail_analytics.statistics.forecasting.series import (
    Series,
    bounds_from_working,
    from_working,
    held_within,
    read_series,
    unseen_step,
)

FEWEST_FOR_FORECAST = 3
FEWEST_FOR_REPLAY = 8
# The baseline serves where its error is at most this much of the combination's: what is less is
# chance of a few origins, after which the combination does better more often than not.
BASELINE_MUST_BE = 1 / 1.1

FORECAST_COLUMNS = {
    "metric": "object",
    "entity": "object",
    "period": "datetime64[ns]",
    "horizon": "int64",
    "value": "float64",
    "value_lower": "float64",
    "value_upper": "float64",
    "method": "object",
    "status": "object",
    "as_of_period": "datetime64[ns]",
    "history_count": "int64",
    "missing_count": "int64",
}
BACKTEST_COLUMNS = {
    "metric": "object",
    "entity": "object",
    "horizon": "int64",
    "method": "object",
    "baseline": "object",
    "status": "object",
    "origin_count": "int64",
    "mae": "float64",
    "mase": "float64",
    "smape": "float64",
    "baseline_mae": "float64",
    "baseline_mase": "float64",
    "baseline_smape": "float64",
    "relative_mae": "float64",
    "combination_relative_mae": "float64",
    "coverage": "float64",
    "scaled_interval_score": "float64",
    "baseline_scaled_interval_score": "float64",
    "as_of_period": "datetime64[ns]",
}


class Forecasts(NamedTuple):
    """The two frames of `forecast`: one row per series and step ahead in each."""

    forecasts: pd.DataFrame
    backtest: pd.DataFrame


def forecast(
    frame: pd.DataFrame,
    *,
    scales: Mapping[str, str],
    horizon: int = 6,
    season_length: int = 12,
    level: float = 0.80,
    freq: str = "MS",
    as_of: pd.Timestamp | None = None,
    workers: int = 1,
    combination: str = "ets_ces_airline",
) -> Forecasts:
    """Forecast every series of a long frame (metric, entity, period, value, optional weight).

    `scales` gives each metric its scale: `rate_pct` (0 to 100), `rate` (0 to 1), `balance` (-1 to
    1), `count` (from 0), `positive`, `net` (what comes in less what goes out) or `real`. Values and
    bounds come out in the metric's unit and inside its scale; the value is a median, the bounds
    hold `level` of the outcomes. `freq` is a
    pandas offset such as MS, W-MON or D on which the periods lie. `weight` is the number of cases
    behind a rate. Nothing is random; each series is forecast by itself, so neither row order nor
    other series change it. `workers` above 1 spreads the series over that many processes.

    The combination serves unless the mean absolute error over the replay of the seasonal naive (of
    the naive where the history is shorter than two seasons) is a tenth lower; then that baseline
    does. `combination` says what it is averaged with at the newest origin (`models.newest_path`).
    Status: `ok`; `short_history` below 8 known values (naive, or drift where it would have erred
    less); `insufficient_data` below 3, with null values. ValueError names the column at fault.
    """
    if horizon < 1 or season_length < 1:
        raise ValueError("horizon and season_length must be at least 1")
    if combination not in RICHER:
        raise ValueError(f"combination must be one of {', '.join(RICHER)}")
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1")
    series = read_series(frame, scales=scales, season_length=season_length, freq=freq, as_of=as_of)
    work = partial(
        _forecast_one,
        horizon=horizon,
        season_length=season_length,
        level=level,
        freq=freq,
        combination=combination,
    )
    if workers > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=workers, mp_context=context) as pool:
            pairs = list(pool.map(work, series, chunksize=16))
    else:
        pairs = [work(one) for one in series]
    return Forecasts(
        forecasts=_stack([pair[0] for pair in pairs], FORECAST_COLUMNS, horizon),
        backtest=_stack([pair[1] for pair in pairs], BACKTEST_COLUMNS, horizon),
    )


def backtest(frame: pd.DataFrame, **options) -> pd.DataFrame:
    """The backtest of `forecast` alone, with the same options: by series and step ahead the errors
    of the method that serves and of the baseline over rolling origins.

    `mase` is the error in units of the mean seasonal change before the first origin (Hyndman and
    Koehler 2006),
    `smape` in percent of 200; `relative_mae` compares with the baseline at that step,
    `combination_relative_mae` is the figure over all steps that decided which of them serves.
    `coverage` is the share of outcomes inside the interval as it is given now, from the residuals
    of the other origins; `scaled_interval_score` is the score of those intervals (width and 10
    times what an outcome lies outside, Winkler 1972) in the units of `mase`.
    """
    return forecast(frame, **options).backtest


def _forecast_one(
    one: Series, *, horizon: int, season_length: int, level: float, freq: str, combination: str
) -> tuple[dict[str, object], dict[str, object]]:
    count = int(one.known.sum())
    value = lower = upper = np.full(horizon, np.nan)
    method, status = None, "insufficient_data"
    scores: dict[str, object] = {"baseline": None, "origin_count": 0}
    if count >= FEWEST_FOR_REPLAY:
        status = "ok"
        path, half, method, scores = _replayed(one, season_length, horizon, level, combination)
    elif count >= FEWEST_FOR_FORECAST:
        status = "short_history"
        path, method = _short_path(one.working, horizon)
        half = short_half_widths(one.working, horizon=horizon, level=level, unseen=unseen_step(one))
    if count >= FEWEST_FOR_FORECAST:
        value = held_within(from_working(path, scale=one.scale, start=one.start), one)
        lower, upper = (
            held_within(bound, one) for bound in bounds_from_working(path - half, path + half, one)
        )
        observed = one.values[one.known]
        if observed.min() == observed.max():
            # Back and forth through a logit would cost the last digit, or draw 100 % in.
            value = np.full(horizon, observed[0])
            if status == "ok":
                lower = upper = value
            lower, upper = np.minimum(lower, value), np.maximum(upper, value)
    shared = {
        "metric": one.metric,
        "entity": one.entity,
        "horizon": np.arange(1, horizon + 1),
        "method": method,
        "status": status,
        "as_of_period": one.as_of_period,
    }
    forecasts = shared | {
        "period": pd.date_range(one.as_of_period, periods=horizon + 1, freq=freq)[1:],
        "value": value,
        "value_lower": lower,
        "value_upper": upper,
        "history_count": count,
        "missing_count": len(one.values) - count,
    }
    return forecasts, shared | scores


def _replayed(
    one: Series, season_length: int, horizon: int, level: float, combination: str
) -> tuple[np.ndarray, np.ndarray, str, dict[str, object]]:
    size = len(one.working)
    past = replay(one.working, one.known, season_length=season_length, horizon=horizon)
    now = component_paths(
        one.working,
        season_length=season_length,
        horizon=horizon,
        with_airline=is_long(size, season_length=season_length),
    )
    baseline = "seasonal_naive" if size >= 2 * season_length > 2 else "naive"

    actual = past.outcomes(one.values)
    naive = past.components[:, 0]
    naive_mae, combined_mae = (
        _mean(np.abs(from_working(paths, scale=one.scale, start=one.start) - actual))
        for paths in (naive, past.combined)
    )
    if BASELINE_MUST_BE * combined_mae < naive_mae:
        method, served = "combination", past.combined
        path, width = newest_path(
            past.weights_at(size) @ now.components,
            one.working,
            season_length=season_length,
            combination=combination,
        )
    else:
        method, path, served = baseline, now.components[0], naive
        width = 1.0
    half = width * past.half_widths_at(size, served=served, spread=now.spread, level=level)
    widths = replayed_half_widths(past, served=served, level=level)
    score = interval_score(past, one, served=served, half=widths, level=level)
    baseline_score = score
    if served is not naive:
        baseline_widths = replayed_half_widths(past, served=naive, level=level)
        baseline_score = interval_score(past, one, served=naive, half=baseline_widths, level=level)
    scores = {
        **_scores(from_working(served, scale=one.scale, start=one.start), actual),
        **_scores(
            from_working(naive, scale=one.scale, start=one.start), actual, prefix="baseline_"
        ),
        "origin_count": np.isfinite(actual).sum(axis=0),
        "baseline": baseline,
        "combination_relative_mae": combined_mae / naive_mae if naive_mae > 0 else np.nan,
        "coverage": _step_means(replayed_hits(past, served=served, half=widths)),
    }
    # Of what was known before the first forecast: what is to be foretold is no measure of itself.
    unit = _usual_change(one.values[: past.origins[0]], season_length)
    for prefix in ("", "baseline_"):
        scores[f"{prefix}mase"] = _ratio(scores[f"{prefix}mae"], np.full(horizon, unit))
    scores["scaled_interval_score"] = _ratio(score, np.full(horizon, unit))
    scores["baseline_scaled_interval_score"] = _ratio(baseline_score, np.full(horizon, unit))
    scores["relative_mae"] = _ratio(scores["mae"], scores["baseline_mae"])
    return path, half, method, scores


def _scores(paths: np.ndarray, actual: np.ndarray, *, prefix: str = "") -> dict[str, np.ndarray]:
    """Errors by step, in the metric's unit and in percent."""
    errors, size = np.abs(paths - actual), np.abs(paths) + np.abs(actual)
    percent = 200 * np.divide(errors, size, out=np.zeros_like(errors), where=size > 0)
    percent[np.isnan(actual)] = np.nan
    return {f"{prefix}mae": _step_means(errors), f"{prefix}smape": _step_means(percent)}


def interval_score(
    past: Replay, one: Series, *, served: np.ndarray, half: np.ndarray, level: float
) -> np.ndarray:
    """Mean score of the replayed intervals by step, in the metric's unit: the width, and 2 / (1 -
    level) times the distance of an outcome outside (Winkler 1972)."""
    actual = past.outcomes(one.values)
    lower, upper = (
        held_within(bound, one) for bound in bounds_from_working(served - half, served + half, one)
    )
    outside = np.maximum(lower - actual, 0.0) + np.maximum(actual - upper, 0.0)
    return _step_means(upper - lower + 2 / (1 - level) * outside)


def _usual_change(values: np.ndarray, season_length: int) -> float:
    """Mean change from season to season, from period to period below two seasons."""
    lag = season_length if len(values) >= 2 * season_length else 1
    return _mean(np.abs(values[lag:] - values[:-lag]))


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)


def _mean(table: np.ndarray) -> float:
    known = table[np.isfinite(table)]
    return float(known.mean()) if len(known) else np.nan


def _step_means(table: np.ndarray) -> np.ndarray:
    """Column means over what is known, NaN where nothing is."""
    known = np.isfinite(table)
    total, count = np.where(known, table, 0.0).sum(axis=0), known.sum(axis=0)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def _short_path(working: np.ndarray, horizon: int) -> tuple[np.ndarray, str]:
    """Naive, or drift where from the third point on it would have erred less one step ahead."""
    size = len(working)
    steps = np.arange(1, horizon + 1)
    if size >= 5:
        changes = np.diff(working)
        slopes = (working[1:-1] - working[0]) / np.arange(1, size - 1)
        if np.abs(changes[1:] - slopes).mean() < np.abs(changes[1:]).mean():
            return working[-1] + (working[-1] - working[0]) / (size - 1) * steps, "drift"
    return np.full(horizon, working[-1]), "naive"


def _stack(parts: list[dict[str, object]], columns: dict[str, str], horizon: int) -> pd.DataFrame:
    """One frame from the columns of each series; what a series lacks is null."""
    stacked = {}
    for name, kind in columns.items():
        lacking = None if kind == "object" else np.nan
        pieces = [
            np.broadcast_to(np.asarray(part.get(name, lacking), dtype=kind), horizon)
            for part in parts
        ]
        stacked[name] = np.concatenate(pieces) if pieces else np.array([], dtype=kind)
    return pd.DataFrame(stacked)
