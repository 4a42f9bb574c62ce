"""Many series watched at once: what each step was to be expected, and how unlike it was.

The expectation of a step is level + place in the season, both learned from the steps before it,
and its scale the spread of the steps before it, so that a step has no part in what it is compared
with. All three are exponentially weighted; a step beyond `CUT` of its scale teaches only as far as
that (robust smoothing: Gelper, Fried and Croux 2010). After `SHIFT_STEPS` such steps on one side
the level itself has moved and is learned anew.

Values are watched on the scale on which their noise is even: 2 sqrt(x + 3/8) for counts, whose
standard deviation is then 1 at least (Anscombe 1948), 2 sqrt(x) for sums, the arcsine for shares
of n cases, the logarithm for means.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.special import stdtr
from scipy.stats import norm, t

CUT = 2.5
SHIFT_STEPS = 6
# weight of a step in the level, of a step in its place of the season, of a step in the scale
LEVEL_WEIGHT, SEASON_WEIGHT, SCALE_WEIGHT = 0.07, 0.12, 0.025
# variance of a normal value cut at CUT standard deviations is this share of the whole
CUT_VARIANCE = float(1 - 2 * CUT * norm.pdf(CUT) - 2 * norm.sf(CUT) + 2 * CUT**2 * norm.sf(CUT))
# steps of a season before a series is tested
WARM_SEASONS = 4
FEWEST_STEPS = 8
# a series whose spread is below this share of it is as good as constant
LEAST_SPREAD = 1e-6
# how heavy the tails of a series may be: degrees of freedom of Student's t, and what it is believed
# to be before anything is known
TAILS = (3.0, 5.0, 9.0, np.inf)
TAIL_PRIOR = (0.02, 0.05, 0.13, 0.8)
# a year of days: older tails are forgotten
TAIL_MEMORY = 365
# no step speaks louder for heavy tails than this: what is found is not to hide what comes next
LOUDEST_STEP = 2.0
KINDS = ("count", "sum", "rate", "mean", "real")


@dataclass(frozen=True)
class Watched:
    """Of each series (row) and step (column), on the watched scale: what was seen and expected,
    the spread of a step around what is expected (its own and that of the expectation), its own
    alone, z, and the degrees of freedom that the spread rests on; NaN where a step was not tested.
    `weights` is the belief in each of `TAILS`, as of the steps before."""

    seen: np.ndarray
    expected: np.ndarray
    spread: np.ndarray
    noise: np.ndarray
    z: np.ndarray
    freedom: np.ndarray
    weights: np.ndarray

    def p_value(self, z: np.ndarray | None = None) -> np.ndarray:
        """Two-sided chance of `z` (of what was seen without it) in every series and step."""
        size = np.abs(self.z if z is None else z)
        at = np.nonzero(np.isfinite(size))
        total = np.full(size.shape, np.nan)
        total[at] = 0.0
        for number, tail in enumerate(TAILS):
            freedom = np.minimum(self.freedom[at], tail)
            # stdtr is Student's t without the checks of scipy.stats
            chance = 2 * stdtr(freedom, -size[at] * TAIL_SCALES[number])
            total[at] += self.weights[number][at] * chance
        # the weights add up to 1 but for the last digit
        return np.minimum(total, 1.0)


def cut_scale(tail: float) -> float:
    """How many scales of Student's t its spread is, as the watch measures spreads: cut at CUT."""
    if not np.isfinite(tail):
        return 1.0

    def excess(spread: float) -> float:
        limit = CUT * spread
        beyond = 2 * stdtr(tail, -limit)
        # of x^2 within the limits, by parts: x^2 t_v is made of t_v and a t of v - 2 degrees
        narrower = 1 - 2 * stdtr(tail - 2, -limit * np.sqrt((tail - 2) / tail))
        inside = tail / (tail - 2) * ((tail - 1) * narrower - (tail - 2) * (1 - beyond))
        return inside + limit**2 * beyond - CUT_VARIANCE * spread**2

    return float(brentq(excess, 0.5, 5))


TAIL_SCALES = tuple(cut_scale(tail) for tail in TAILS)


def tail_weights(z: np.ndarray) -> np.ndarray:
    """Belief in each of `TAILS` before each step, from the z of the steps before it.

    Shape (tails, series, steps). Bayes over Student's t of one spread; steps are forgotten over
    `TAIL_MEMORY`, and one that is far out again on the step after counts once.
    """
    known = np.where(np.isfinite(z), z, 0.0)
    plain = norm.logpdf(0) - known**2 / 2
    again = np.zeros(z.shape, dtype=bool)
    again[:, 1:] = (np.abs(known[:, 1:]) > CUT) & (np.abs(known[:, :-1]) > CUT)
    counted = np.isfinite(z) & ~again
    keep = 1 - 1 / TAIL_MEMORY
    logs = np.zeros((len(TAILS), *z.shape))
    for number, tail in enumerate(TAILS):
        if np.isfinite(tail):
            scale = TAIL_SCALES[number]
            said = t.logpdf(0, tail) + np.log(scale) - plain
            said -= (tail + 1) / 2 * np.log1p((known * scale) ** 2 / tail)
            said = np.where(counted, np.minimum(said, LOUDEST_STEP), 0.0)
            logs[number] = lfilter([0.0, 1.0], [1.0, -keep], said, axis=1)
        logs[number] += np.log(TAIL_PRIOR[number])
    logs -= logs.max(axis=0)
    weights = np.exp(logs)
    return weights / weights.sum(axis=0)


def to_scale(values: np.ndarray, cases: np.ndarray, kind: str) -> np.ndarray:
    """Values on the scale on which their noise is even; see the head of the module."""
    if kind == "count":
        return 2 * np.sqrt(np.maximum(values, 0) + 3 / 8)
    if kind == "sum":
        return 2 * np.sign(values) * np.sqrt(np.abs(values))
    if kind == "rate":
        # half a case each way: none of 3 is no more than few of 3
        share = (values * cases + 3 / 8) / (cases + 3 / 4)
        return 2 * np.arcsin(np.sqrt(np.clip(share, 0, 1)))
    if kind == "mean":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(values > 0, np.log(np.where(values > 0, values, 1)), np.nan)
    if kind == "real":
        return values.astype(float)
    raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")


def from_scale(seen: np.ndarray, kind: str) -> np.ndarray:
    """The inverse of `to_scale`; a value that no count or share has becomes the nearest."""
    if kind == "count":
        return np.maximum(np.maximum(seen, 0) ** 2 / 4 - 3 / 8, 0)
    if kind == "sum":
        return np.sign(seen) * (seen / 2) ** 2
    if kind == "rate":
        return np.sin(np.clip(seen, 0, np.pi) / 2) ** 2
    if kind == "mean":
        return np.exp(seen)
    if kind == "real":
        return seen
    raise ValueError(f"kind: {kind!r} is none of {', '.join(KINDS)}")


def watch(
    seen: np.ndarray,
    *,
    floor: np.ndarray | float = 0.0,
    season: int = 7,
    offset: int = 0,
    warm_seasons: int = WARM_SEASONS,
) -> Watched:
    """Each step of many series against the steps before it.

    Parameters
    ----------
    seen: one row per series, one column per step, on the watched scale; NaN is unknown. A series
        may begin late: its steps before are NaN.
    floor: standard deviation that a step has at least (1 for counts), one number, or one per
        series and step.
    season: steps of a season; 1 for none. offset: place of the first step in it.
    warm_seasons: seasons of known steps before a series is tested.

    Returns
    -------
    Watched. A step is tested once so many seasons of known steps, and FEWEST_STEPS, lie before it.
    """
    series, steps = seen.shape
    floor = np.broadcast_to(np.asarray(floor, dtype=float), seen.shape)
    place = (np.arange(steps) + offset) % season
    known = np.isfinite(seen)
    fewest = max(warm_seasons * season, FEWEST_STEPS)
    learned = without_early_outliers(seen, fewest)
    level = np.full(series, np.nan)
    # weight that the level, each place and the scale rest on: 1 / it is the variance of the first
    level_mass, place_mass = np.zeros(series), np.zeros((series, season))
    profile = np.zeros((series, season))
    variance, variance_mass = np.zeros(series), np.zeros(series)
    count, side, run = np.zeros(series, int), np.zeros(series), np.zeros(series, int)
    run_sum = np.zeros(series)
    expected, spread = np.full(seen.shape, np.nan), np.full(seen.shape, np.nan)
    noise, freedom = np.full(seen.shape, np.nan), np.full(seen.shape, np.nan)
    for step in range(steps):
        now = place[step]
        usable = known[:, step]
        started = usable & (level_mass > 0)
        base = np.where(level_mass > 0, level, learned[:, step]) + profile[:, now]
        # what few values say of the season is shrunk towards none
        least = np.maximum(floor[:, step], LEAST_SPREAD * np.maximum(np.abs(base), 1))
        scale = np.sqrt(np.maximum(variance, least**2))
        own = 1 / np.maximum(level_mass, 1) + (
            1 / np.maximum(place_mass[:, now], 1) if season > 1 else 0.0
        )
        error = learned[:, step] - base
        tested = started & (count >= fewest)
        tested &= (place_mass[:, now] >= warm_seasons - 1) | (season == 1)
        expected[tested, step] = base[tested]
        spread[tested, step] = (scale * np.sqrt(1 + own))[tested]
        noise[tested, step] = scale[tested]
        freedom[tested, step] = np.clip(variance_mass, 3, None)[tested]
        # learn, the step cut down to CUT of its scale once there is a scale
        warm = count >= fewest
        reach = np.where(warm, CUT * np.where(scale > 0, scale, np.inf) * np.sqrt(1 + own), np.inf)
        cut = np.clip(error, -reach, reach)
        far = started & warm & (np.abs(error) > reach)
        sign = np.where(far, np.sign(error), 0)
        run = np.where(far & (sign == side), run + 1, np.where(far, 1, np.where(usable, 0, run)))
        run_sum = np.where(far, np.where(run > 1, run_sum, 0) + error, 0.0)
        side = np.where(usable, sign, side)
        first = usable & (level_mass == 0)
        level = np.where(first, learned[:, step], level)
        level_weight = np.maximum(LEVEL_WEIGHT, 1 / (level_mass + 1))
        level = np.where(started, level + level_weight * cut, level)
        level_mass = np.where(usable, np.minimum(level_mass + 1, 2 / LEVEL_WEIGHT - 1), level_mass)
        if season > 1:
            # the level took its part of the error; a place learns once the level is there
            weight = np.maximum(SEASON_WEIGHT, 1 / (place_mass[:, now] + 2))
            learns = started & (count >= season // 2)
            moved = np.where(learns, weight * (1 - level_weight) * cut, 0.0)
            profile[:, now] += moved
            profile -= (moved / season)[:, None]
            place_mass[:, now] = np.where(
                usable,
                np.minimum(place_mass[:, now] + 1, 2 / SEASON_WEIGHT - 1),
                place_mass[:, now],
            )
        # the error of a step holds that of its expectation too
        learns = started & (count >= min(2 * season, FEWEST_STEPS // 2))
        weight = np.maximum(SCALE_WEIGHT, 1 / (variance_mass + 1))
        square = cut**2 / CUT_VARIANCE / (1 + own)
        variance = np.where(learns, variance + weight * (square - variance), variance)
        variance_mass = np.where(
            learns, np.minimum(variance_mass + 1, 2 / SCALE_WEIGHT - 1), variance_mass
        )
        count = count + usable
        moved_on = run >= SHIFT_STEPS
        if moved_on.any():
            level = np.where(moved_on, level + run_sum / np.maximum(run, 1), level)
            level_mass = np.where(moved_on, float(SHIFT_STEPS), level_mass)
            run = np.where(moved_on, 0, run)
            run_sum = np.where(moved_on, 0.0, run_sum)
    z = (seen - expected) / spread
    return Watched(seen, expected, spread, noise, z, freedom, tail_weights(z))


def without_early_outliers(seen: np.ndarray, size: int) -> np.ndarray:
    """The first `size` known values of each row brought within 5 robust deviations of their
    median: there is no scale yet that would hold them."""
    result = seen.copy()
    known = np.isfinite(seen)
    early = known & (np.cumsum(known, axis=1) <= size)
    for row in np.flatnonzero(early.any(axis=1)):
        first = seen[row, early[row]]
        centre = np.median(first)
        reach = 5 * 1.4826 * np.median(np.abs(first - centre))
        if reach > 0:
            result[row, early[row]] = np.clip(first, centre - reach, centre + reach)
    return result


def false_discovery_q(p_values: np.ndarray) -> np.ndarray:
    """q of each p-value of a vector (Benjamini and Hochberg 1995); NaN stays NaN, uncounted."""
    result = np.full(p_values.shape, np.nan)
    place = np.flatnonzero(np.isfinite(p_values))
    if len(place):
        order = place[np.argsort(p_values[place], kind="stable")]
        q = p_values[order] * len(order) / np.arange(1, len(order) + 1)
        result[order] = np.minimum(np.minimum.accumulate(q[::-1])[::-1], 1.0)
    return result
