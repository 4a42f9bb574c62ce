"""How many units an answer needs, and how small an effect so many units can show."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri


def power_factor(*, alpha: float, power: float) -> float:
    """Standard errors between zero and an effect that is found with this power, two-sided."""
    return float(ndtri(1 - alpha / 2) + ndtri(power))


def units_per_arm(
    *, variance: np.ndarray, effect: np.ndarray, alpha: float, power: float
) -> np.ndarray:
    """Units in each of two equal arms that find an effect with this power.

    Parameters
    ----------
    variance : of the value per unit (after CUPED, what it leaves).
    effect : difference of means to be found, in the unit of the value; NaN or 0 needs more units
        than there are: the result is NaN.

    Source: two-sample z formula, n = 2 (z + z)^2 variance / effect^2.
    """
    variance, effect = np.asarray(variance, float), np.asarray(effect, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        units = 2 * power_factor(alpha=alpha, power=power) ** 2 * variance / effect**2
    return np.where(np.isfinite(units) & (units > 0), np.ceil(units), np.nan)


def smallest_effect(standard_error: np.ndarray, *, alpha: float, power: float) -> np.ndarray:
    """Difference of means that a comparison with this standard error finds with this power."""
    return power_factor(alpha=alpha, power=power) * np.asarray(standard_error, float)


def days_until(units: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """First day on which so many units have come, NaN where they never do.

    Parameters
    ----------
    units : units needed in all.
    reached : units that have come by the end of day 1, 2, ...; never falling.
    """
    units = np.asarray(units, float)
    day = np.searchsorted(reached, units, side="left") + 1.0
    return np.where(np.isfinite(units) & (day <= len(reached)), day, np.nan)


POWER_COLUMNS = [
    *("metric", "relative_effect", "status", "unit_count", "baseline_mean", "baseline_sd"),
    *("variance_kept", "units_per_arm", "units_per_arm_cuped", "days", "days_cuped", "as_of_date"),
]


def experiment_power(
    baselines: pd.DataFrame,
    *,
    traffic: pd.DataFrame,
    effects: Sequence[float],
    settings: Mapping[str, float],
) -> pd.DataFrame:
    """Units and days that a test of two equal arms needs, by metric and effect.

    Parameters
    ----------
    baselines : one row per metric: `unit_count`, `mean`, `variance`, `variance_kept`, `as_of_date`.
    traffic : one row per day from the start: `day_number` (1, 2, ...), `unit_count` come by then.
    effects : relative effects, above 0.
    settings : `alpha` and `power`.

    Returns
    -------
    One row per metric and effect: POWER_COLUMNS. Status `ok`, `not_within_days` (more units than
    come in the days that traffic was measured over), `insufficient_data` (nothing to plan from).
    """
    if baselines.empty:
        return pd.DataFrame(columns=POWER_COLUMNS)
    frame = baselines.merge(pd.DataFrame({"relative_effect": sorted(effects)}), how="cross")
    reached = traffic.sort_values("day_number")["unit_count"].to_numpy(float)
    for name, variance in (("", frame["variance"]), ("_cuped", adjusted_variance(frame))):
        units = units_per_arm(
            variance=variance.to_numpy(float),
            effect=(frame["relative_effect"] * frame["mean"]).to_numpy(float),
            alpha=settings["alpha"],
            power=settings["power"],
        )
        frame[f"units_per_arm{name}"] = units
        frame[f"days{name}"] = days_until(2 * units, reached)
    frame["status"] = np.select(
        [frame["units_per_arm"].isna(), frame["days_cuped"].isna()],
        ["insufficient_data", "not_within_days"],
        "ok",
    )
    frame = frame.assign(baseline_mean=frame["mean"], baseline_sd=np.sqrt(frame["variance"]))
    return frame[POWER_COLUMNS].sort_values(["metric", "relative_effect"], ignore_index=True)


def adjusted_variance(baselines: pd.DataFrame) -> pd.Series:
    """What CUPED leaves of the variance; all of it where that is unknown."""
    return baselines["variance"] * baselines["variance_kept"].fillna(1.0)


def units_and_days(
    baseline: pd.Series, *, traffic: pd.DataFrame, effect: float, settings: Mapping[str, float]
) -> pd.Series:
    """The row of `experiment_power` for one metric and any effect.

    Parameters
    ----------
    baseline : a row of `experiment_power`, for what it says of the metric.
    """
    known = pd.DataFrame(
        {
            "metric": [baseline["metric"]],
            "unit_count": baseline["unit_count"],
            "mean": baseline["baseline_mean"],
            "variance": baseline["baseline_sd"] ** 2,
            "variance_kept": baseline["variance_kept"],
            "as_of_date": baseline["as_of_date"],
        }
    )
    return experiment_power(known, traffic=traffic, effects=[effect], settings=settings).iloc[0]


def visible_effects(
    baseline: pd.Series, *, traffic: pd.DataFrame, settings: Mapping[str, float]
) -> pd.DataFrame:
    """Smallest relative effect that a test of two equal arms can show, by days of traffic.

    Parameters
    ----------
    baseline : a row of `experiment_power`, for what it says of the metric.

    Returns
    -------
    `day_number`, `unit_count`, `smallest_effect` (with CUPED), NaN where the baseline is nothing.
    """
    arm = traffic["unit_count"].to_numpy(float) / 2
    kept = 1.0 if pd.isna(baseline["variance_kept"]) else baseline["variance_kept"]
    mean, variance = float(baseline["baseline_mean"]), baseline["baseline_sd"] ** 2 * kept
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(2 * variance / arm)
        effect = smallest_effect(error, alpha=settings["alpha"], power=settings["power"])
        relative = np.where((mean > 0) & (arm > 0), effect / mean, np.nan)
    return traffic[["day_number", "unit_count"]].assign(smallest_effect=relative)
