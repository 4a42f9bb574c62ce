"""The component forecasts, all on the working scale."""

from dataclasses import dataclass

import numpy as np

COMPONENTS = ("seasonal_naive", "drift", "damped_trend", "theta", "airline")
DAMPED_NEEDS = 10
THETA_NEEDS = 6
# Seasons that a fit of the airline model needs.
AIRLINE_SEASONS = 3
# Values of its two parameters that are tried.
AIRLINE_GRID = np.array([0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.9, 0.97])
# What is averaged with the combination at the newest origin (docs/decisions.md).
RICHER = {
    "plain": (),
    "ets": ("ets",),
    "ets_ces": ("ets", "ces"),
    "ets_ces_airline": ("ets", "ces", "airline"),
}
# Seasons from which on that is worth it: of three, models of all twelve months learn noise.
RICHER_SEASONS = 4
# Longer seasons, of weeks or days, are not theirs.
LONGEST_SEASON = 24
# How wide its intervals are, of those of the replayed combination: it errs less.
RICHER_WIDTH = 0.95
NO_MODEL = "no model able to be fitted"
# Points that a seasonal profile takes from the residuals, over its degrees of freedom, and over its
# phases from the noise around it: the trend under it takes some as well.
PROFILE_COST = 1.65
NOISE_COST = 1.5
# The model takes its own parameters for known, too: what they miss by grows with the steps and
# falls with the points they were learned from (of a random walk with drift by 1, of its trend).
PARAMETER_COST = 3.0


@dataclass(frozen=True)
class Paths:
    """Component forecasts from one origin.

    `components` has one row per component, in the order of COMPONENTS, and one column per step
    ahead; `spread` is the standard error that the damped trend model expects at each step, with
    that of the seasonal profile.
    """

    components: np.ndarray
    spread: np.ndarray


@dataclass(frozen=True)
class Season:
    """Seasonal profile: `values` by phase, the `variance` of each, the degrees of `freedom` that
    it takes from the residuals."""

    values: np.ndarray
    variance: float
    freedom: float


def component_paths(
    working: np.ndarray, *, season_length: int, horizon: int, with_airline: bool = False
) -> Paths:
    """Forecast a series (at least two points, no gaps) by seasonal naive, drift, damped trend
    exponential smoothing and Theta, these three on the seasonally adjusted series, and by the
    airline model where asked for.

    Damped trend: ETS(A,Ad,N), Gardner and McKenzie 1985. Theta: dynamic optimised Theta, Fiorucci
    and others 2016. Airline: `airline_path`. Seasonal naive repeats the last season, or the last
    value where the history is shorter than two seasons. A path that is not finite or leaves three
    times the range of the history is discarded: the naive path stands in for it.
    """
    size = len(working)
    season = seasonal_profile(working, season_length=season_length)
    profile = season.values
    adjusted = working - profile[np.arange(size) % len(profile)]
    season_ahead = profile[np.arange(size, size + horizon) % len(profile)]
    steps = np.arange(1, horizon + 1)

    if len(profile) > 1:
        naive = working[size - season_length + (steps - 1) % season_length]
    else:
        naive = np.full(horizon, working[-1])
    drift = adjusted[-1] + (adjusted[-1] - adjusted[0]) / (size - 1) * steps
    damped, spread, theta = _smoothing_paths(adjusted, horizon)
    # The model takes the profile for known: its residuals are too small by the points it took, and
    # the profile has an error of its own.
    taken = PROFILE_COST * season.freedom
    spread = np.sqrt(spread**2 * size / max(size - taken, 3.0) + season.variance)

    rows = [naive, drift + season_ahead, damped + season_ahead, theta + season_ahead]
    if with_airline:
        rows.append(
            airline_path(working, season_length=season_length, horizon=horizon)
            if size >= AIRLINE_SEASONS * season_length
            else np.full(horizon, np.nan)
        )
    return Paths(components=_sane(np.vstack(rows), working), spread=spread)


def is_long(size: int, *, season_length: int) -> bool:
    """Whether a history of `size` points has the airline model among its components, and richer
    models beside them at its newest origin."""
    return 1 < season_length <= LONGEST_SEASON and size >= RICHER_SEASONS * season_length


def airline_path(working: np.ndarray, *, season_length: int, horizon: int) -> np.ndarray:
    """Forecast of the ARIMA(0,1,1)(0,1,1) model of Box and Jenkins 1970, their airline model.

    Its two parameters are not searched for: their values on a grid count by their likelihood
    (conditional least squares, a flat prior), for all of which the recursion runs at once. That
    takes a fiftieth of the time of a search by maximum likelihood.
    """
    season, unit = season_length, working.std()
    if unit <= 1e-12 * np.abs(working).max():
        return np.full(horizon, working[-1])
    standard = (working - working.mean()) / unit
    changes = np.diff(standard)
    changes = changes[season:] - changes[:-season]
    size, start = len(changes), season + 1
    step, year = (grid.ravel() for grid in np.meshgrid(AIRLINE_GRID, AIRLINE_GRID))
    both = step * year
    errors = np.zeros((start + size + horizon, len(step)))

    def expected(at: int) -> np.ndarray:
        before = errors[at - 1], errors[at - season], errors[at - season - 1]
        return both * before[2] - step * before[0] - year * before[1]

    for time in range(size):
        errors[start + time] = changes[time] - expected(start + time)
    squares = np.maximum((errors[start:] ** 2).sum(axis=0), np.finfo(float).tiny)
    likelihood = -size / 2 * np.log(squares)
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    path = np.r_[standard, np.zeros(horizon)]
    for time in range(len(standard), len(path)):
        level = path[time - 1] + path[time - season] - path[time - season - 1]
        path[time] = level + weights @ expected(time - len(standard) + start + size)
    return working.mean() + unit * path[-horizon:]


def newest_path(
    combined: np.ndarray, working: np.ndarray, *, season_length: int, combination: str
) -> tuple[np.ndarray, float]:
    """The combination's path with those of models that are too slow to be replayed, and how wide
    its interval is, of the combination's own.

    `combination` is `plain` (as it is), `ets` (mean with AutoETS), `ets_ces` (median with AutoETS
    and complex exponential smoothing) or `ets_ces_airline` (and the airline model). Histories
    shorter than four seasons, and seasons longer than two years of months, have the combination
    alone. Hyndman and others 2008; Svetunkov and others 2022; the median of simple models:
    Petropoulos and Svetunkov 2020.
    """
    size, unit = len(working), working.std()
    few = not is_long(size, season_length=season_length)
    if not RICHER[combination] or few or unit <= 1e-12 * np.abs(working).max():
        return combined, 1.0
    # statsforecast takes seconds to import: only who fits a model pays for it.
    from statsforecast.models import AutoCES, AutoETS

    models = {"ets": AutoETS, "ces": AutoCES}
    centre, horizon = working.mean(), len(combined)
    paths = [combined]
    for name in RICHER[combination]:
        if name == "airline":
            paths.append(airline_path(working, season_length=season_length, horizon=horizon))
            continue
        model = models[name](season_length=season_length)
        try:
            found = model.forecast((working - centre) / unit, horizon)["mean"]
        except Exception as error:
            # so statsforecast says, in an exception of no class, that the others have to do
            if NO_MODEL not in str(error):
                raise
            continue
        paths.append(centre + unit * np.asarray(found))
    # of two the median is the mean
    path = np.median(_sane(np.vstack(paths), working), axis=0)
    return path, RICHER_WIDTH if len(paths) > 1 else 1.0


def seasonal_profile(working: np.ndarray, *, season_length: int) -> Season:
    """Additive seasonal profile by phase, summing to zero, the first value belonging to the first
    point; a single zero where the history is shorter than two seasons.

    Classical decomposition in two passes: the second takes the trend from the series adjusted by
    the first, which reaches both ends. The profile is shrunk by the James-Stein rule of Miller and
    Williams 2003, so that weak seasonality fades out by itself instead of passing or failing a
    test that a strong trend would spoil.
    """
    size = len(working)
    if season_length < 2 or size < 2 * season_length:
        return Season(np.zeros(1), 0.0, 0.0)
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

    squares = np.sum((detrended - profile[phase]) ** 2)
    noise = squares / max(size - season_length, 1)
    profile = profile - profile.mean()
    strength = np.sum(profile**2)
    if strength == 0:
        return Season(profile, 0.0, 0.0)
    lost = max(season_length - 3, 0) * noise * season_length / size / strength
    kept = max(0.0, 1 - lost)
    return Season(
        values=kept * profile,
        variance=float(
            kept * squares / max(size - NOISE_COST * season_length, 3.0) * season_length / size
        ),
        freedom=kept * (season_length - 1),
    )


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
        spread = unit * _damped_spread(model["par"], model["sigma2"], size=size, horizon=horizon)
    return damped, spread, theta


def _damped_spread(
    parameters: np.ndarray, variance: float, *, size: int, horizon: int
) -> np.ndarray:
    """Standard error of ETS(A,Ad,N) by step, Hyndman and others 2008, chapter 6, with that of its
    parameters, fitted to `size` points."""
    alpha, beta, _, phi = parameters[:4]
    reaction = alpha + beta * np.cumsum(phi ** np.arange(1, horizon))
    unknown = 1 + PARAMETER_COST * np.arange(horizon) / size
    return np.sqrt(variance * unknown * (1 + np.r_[0.0, np.cumsum(reaction**2)]))


def _sane(components: np.ndarray, working: np.ndarray) -> np.ndarray:
    low, high = working.min(), working.max()
    reach = high - low
    with np.errstate(invalid="ignore"):
        inside = (components >= low - reach) & (components <= high + reach)
    return np.where(inside.all(axis=1, keepdims=True), components, components[0])
