"""The four component forecasts, all on the working scale."""

from dataclasses import dataclass

import numpy as np

COMPONENTS = ("seasonal_naive", "drift", "damped_trend", "theta")
DAMPED_NEEDS = 10
THETA_NEEDS = 6


@dataclass(frozen=True)
class Paths:
    """Component forecasts from one origin.

    `components` has one row a component, in the order of COMPONENTS, and one column a step ahead;
    `spread` is the standard error that the damped trend model expects at each step.
    """

    components: np.ndarray
    spread: np.ndarray


def component_paths(working: np.ndarray, *, season_length: int, horizon: int) -> Paths:
    """Forecast a series (at least two points, no gaps) by seasonal naive, drift, damped trend
    exponential smoothing and Theta; the last three on the seasonally adjusted series.

    Damped trend: ETS(A,Ad,N), Gardner and McKenzie 1985. Theta: dynamic optimised Theta, Fiorucci
    and others 2016. Seasonal naive repeats the last season, or the last value where the history is
    shorter than two seasons. A path that is not finite or leaves three times the range of the
    history is discarded: the naive path stands in for it.
    """
    size = len(working)
    profile = seasonal_profile(working, season_length=season_length)
    adjusted = working - profile[np.arange(size) % len(profile)]
    season_ahead = profile[np.arange(size, size + horizon) % len(profile)]
    steps = np.arange(1, horizon + 1)

    if len(profile) > 1:
        naive = working[size - season_length + (steps - 1) % season_length]
    else:
        naive = np.full(horizon, working[-1])
    drift = adjusted[-1] + (adjusted[-1] - adjusted[0]) / (size - 1) * steps
    damped, spread, theta = _smoothing_paths(adjusted, horizon)

    components = np.vstack(
        [naive, drift + season_ahead, damped + season_ahead, theta + season_ahead]
    )
    return Paths(components=_sane(components, working), spread=spread)


def seasonal_profile(working: np.ndarray, *, season_length: int) -> np.ndarray:
    """Additive seasonal profile by phase, summing to zero, the first value belonging to the first
    point; a single zero where the history is shorter than two seasons.

    Classical decomposition in two passes: the second takes the trend from the series adjusted by
    the first, which reaches both ends. The profile is shrunk by the James-Stein rule of Miller and
    Williams 2003, so that weak seasonality fades out by itself instead of passing or failing a
    test that a strong trend would spoil.
    """
    size = len(working)
    if season_length < 2 or size < 2 * season_length:
        return np.zeros(1)
    phase = np.arange(size) % season_length
    window = np.ones(season_length)
    if season_length % 2 == 0:
        window = np.r_[0.5, np.ones(season_length - 1), 0.5]
    half = len(window) // 2
    detrended = working[half : size - half] - np.convolve(
        working, window / window.sum(), mode="valid"
    )
    rough = _phase_means(detrended, phase[half : size - half], season_length)

    short = (season_length // 2) | 1
    adjusted = working - rough[phase]
    ends = short // 2
    padded = np.r_[
        2 * adjusted[0] - adjusted[1 : ends + 1][::-1],
        adjusted,
        2 * adjusted[-1] - adjusted[-ends - 1 : -1][::-1],
    ]
    detrended = working - np.convolve(padded, np.ones(short) / short, mode="valid")
    profile = _phase_means(detrended, phase, season_length)

    noise = np.sum((detrended - profile[phase]) ** 2) / max(size - season_length, 1)
    profile = profile - profile.mean()
    strength = np.sum(profile**2)
    if strength == 0:
        return profile
    lost = max(season_length - 3, 0) * noise * season_length / size / strength
    return max(0.0, 1 - lost) * profile


def _phase_means(values: np.ndarray, phase: np.ndarray, season_length: int) -> np.ndarray:
    counts = np.bincount(phase, minlength=season_length)
    means = np.bincount(phase, values, minlength=season_length) / counts
    return means - means.mean()


def _smoothing_paths(
    adjusted: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # statsforecast takes seconds to import: only who fits a model pays for it.
    from statsforecast.ets import ets_f, forecast_ets
    from statsforecast.theta import auto_theta, forecast_theta

    size = len(adjusted)
    nothing = np.full(horizon, np.nan)
    changes = np.sqrt(np.mean(np.diff(adjusted) ** 2))
    spread = changes * np.sqrt(np.arange(1, horizon + 1))
    centre, unit = adjusted.mean(), adjusted.std()
    if unit <= 1e-12 * np.abs(adjusted).max():
        flat = np.full(horizon, adjusted[-1])
        return flat, np.zeros(horizon), flat
    # The optimisers start from fixed points, so they need a series of a standard size.
    standard = (adjusted - centre) / unit

    damped = theta = nothing
    if size >= THETA_NEEDS:
        # Starting at the first value costs no accuracy and a third less time than searching for it.
        model = auto_theta(standard, 1, model="DOTM", initial_smoothed=standard[0])
        theta = centre + unit * forecast_theta(model, horizon)["mean"]
    if size >= DAMPED_NEEDS:
        model = ets_f(standard, 1, model="AAN", damped=True)
        damped = centre + unit * forecast_ets(model, horizon)["mean"]
        spread = unit * _damped_spread(model["par"], model["sigma2"], horizon)
    return damped, spread, theta


def _damped_spread(parameters: np.ndarray, variance: float, horizon: int) -> np.ndarray:
    """Standard error of ETS(A,Ad,N) by step, Hyndman and others 2008, chapter 6."""
    alpha, beta, _, phi = parameters[:4]
    reaction = alpha + beta * np.cumsum(phi ** np.arange(1, horizon))
    return np.sqrt(variance * (1 + np.r_[0.0, np.cumsum(reaction**2)]))


def _sane(components: np.ndarray, working: np.ndarray) -> np.ndarray:
    low, high = working.min(), working.max()
    reach = high - low
    with np.errstate(invalid="ignore"):
        inside = (components >= low - reach) & (components <= high + reach)
    return np.where(inside.all(axis=1, keepdims=True), components, components[0])
