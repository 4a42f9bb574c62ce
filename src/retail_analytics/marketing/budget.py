"""Where the next euro goes: the best split of a weekly budget on saturating response curves.

A channel's curve is the mean over draws of coefficient * spend / (spend + half). Every such mean is
concave, so the best split fills channels up to one common marginal return ("water filling"): a
channel between its bounds returns exactly that, one at its lower bound no more, one at its upper
bound no less (Karush 1939, Kuhn and Tucker 1951).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]

INTERVAL = (0.1, 0.9)
HALVINGS = 90
# beyond it the curves have no slope that a computer sees
LARGEST = 1e12
# of a sum of amounts with decimals: .1 + .2 is not .3
ROUNDING = 1e-9


class BudgetError(ValueError):
    """The bounds or the total cannot be met; the message says why in one sentence."""


@dataclass(frozen=True)
class Curves:
    """Response curves of channels as draws.

    coefficient: draw x channel, sales per week at full saturation; half: draw x channel, spend per
    week at half of it.
    """

    channels: tuple[str, ...]
    coefficient: Array
    half: Array

    def draws(self, spend: Array) -> Array:
        """Sales per week that each channel adds, draw x channel."""
        return self.coefficient * spend / (spend + self.half)

    def mean(self, spend: Array) -> Array:
        """Expected sales per week that each channel adds."""
        return self.draws(spend).mean(axis=0)

    def marginal_draws(self, spend: Array) -> Array:
        """Sales per week that one more unit of spend adds, draw x channel."""
        return self.coefficient * self.half / (spend + self.half) ** 2

    def marginal(self, spend: Array) -> Array:
        """The same, expected."""
        return self.marginal_draws(spend).mean(axis=0)


def check_bounds(
    channels: tuple[str, ...],
    *,
    total: float,
    minimum: Mapping[str, float],
    maximum: Mapping[str, float],
) -> None:
    """Raises BudgetError for bounds that nothing can meet, saying which and why."""
    if not 0 <= total <= LARGEST:
        raise BudgetError(
            "the total must be an amount of 0 or more and at most "
            f"{written(LARGEST)}, not {written(total)}"
        )
    for name in [*minimum, *maximum]:
        if name not in channels:
            known = ", ".join(channels) if channels else "none"
            raise BudgetError(f"unknown channel {name}; known: {known}")
    for end, bounds in (("minimum", minimum), ("maximum", maximum)):
        for name, bound in bounds.items():
            # also what is no number
            if not bound >= 0:
                raise BudgetError(f"the {end} of {name} is below 0 or no amount: {written(bound)}")
    for name, least in minimum.items():
        if least > maximum.get(name, np.inf):
            raise BudgetError(
                f"the minimum of {name} ({written(least)}) is above its maximum "
                f"({written(maximum[name])})"
            )
    slack = ROUNDING * max(total, 1.0)
    least = sum(minimum.values())
    if least > total + slack:
        raise BudgetError(
            f"the minimums add up to {written(least)}, more than the total of {written(total)}"
        )
    if channels and all(name in maximum for name in channels):
        most = sum(maximum[name] for name in channels)
        if most < total - slack:
            raise BudgetError(
                f"the maximums add up to {written(most)}, less than the total of {written(total)}"
            )


def written(amount: float) -> str:
    """An amount as people write it: 1,234,567.5."""
    whole, _, decimals = f"{amount:,.4f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def best_split(curves: Curves, *, total: float, lower: Array, upper: Array) -> Array:
    """Spend per channel that adds up to `total` and brings the most expected sales.

    Parameters
    ----------
    curves : Curves
    total : float
        Spend per week.
    lower, upper : arrays, channel
        Bounds of each channel, per week; upper may be infinite.

    Returns
    -------
    array, channel. What no channel can use (all others full, the rest without effect) is spread
    over the channels without effect in proportion to their room.

    Raises
    ------
    BudgetError
        Where the bounds leave no way.

    Example
    -------
    Curves 100 x / (x + 10) and 60 x / (x + 30), total 40: 24.164079 and 15.835921.
    """
    lower = np.asarray(lower, dtype=float)
    upper = np.minimum(np.asarray(upper, dtype=float), total)
    upper = np.maximum(upper, lower)
    tolerance = ROUNDING * max(total, 1.0)
    if lower.sum() > total + tolerance or upper.sum() < total - tolerance:
        raise BudgetError("the bounds of the channels do not leave a way to spend the total")
    if lower.sum() >= total:
        return lower
    steepest, flattest = curves.marginal(lower), curves.marginal(upper)

    def filled(level: float) -> Array:
        """Spend at which each channel's marginal return is the level, within its bounds."""
        low, high = lower.copy(), upper.copy()
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            above = curves.marginal(middle) > level
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        spend = (low + high) / 2
        return np.where(steepest <= level, lower, np.where(flattest >= level, upper, spend))

    works = steepest > 0
    most = np.where(works, upper, lower).sum()
    if most <= total:
        # every channel with an effect is full
        spend = np.where(works, upper, lower)
        room = np.where(works, 0.0, upper - lower)
        return spend + (total - most) * room / max(room.sum(), 1e-300)
    top = float(steepest.max())
    if filled(0.0).sum() <= total:
        level = 0.0
    else:
        level = brentq(lambda level: filled(level).sum() - total, 0.0, top, xtol=1e-300, rtol=1e-15)
    spend = filled(level)
    between = (spend > lower) & (spend < upper)
    missing = total - spend.sum()
    weight = np.where(between, 1.0, 0.0) if between.any() else np.where(works, 1.0, 0.0)
    spend = spend + missing * weight / max(weight.sum(), 1.0)
    return np.clip(spend, lower, upper)


def kkt_residual(curves: Curves, spend: Array, *, lower: Array, upper: Array) -> float:
    """How far marginal returns lie from one common level, in parts of it; 0 at the best split."""
    marginal = curves.marginal(spend)
    slack = 1e-9 * max(float(spend.sum()), 1.0)
    at_lower, at_upper = spend <= lower + slack, spend >= upper - slack
    between = ~at_lower & ~at_upper
    scale = max(float(marginal.max()), 1e-300)
    if between.any():
        level = float(marginal[between].mean())
        off = np.where(
            between,
            np.abs(marginal - level),
            np.where(at_lower, np.maximum(marginal - level, 0), np.maximum(level - marginal, 0)),
        )
        off = np.where(at_lower & at_upper, 0.0, off)
        return float(off.max() / scale)
    down = marginal[at_upper & ~at_lower].min(initial=np.inf)
    up = marginal[at_lower & ~at_upper].max(initial=-np.inf)
    return max(0.0, float(up - down) / scale) if np.isfinite(down - up) else 0.0


@dataclass(frozen=True)
class Outcome:
    """What a split brings against another one, per week: mean and 80 % interval."""

    revenue: tuple[float, float, float]
    gain: tuple[float, float, float]

    @property
    def is_evident(self) -> bool:
        """Whether the interval of the gain lies above 0."""
        return self.gain[1] > 0


def outcome(curves: Curves, spend: Array, *, against: Array) -> Outcome:
    """Expected sales of a split with interval, and what it gains against another split."""
    brought = curves.draws(spend).sum(axis=1)
    gained = brought - curves.draws(against).sum(axis=1)
    return Outcome(revenue=_summary(brought), gain=_summary(gained))


def _summary(draws: Array) -> tuple[float, float, float]:
    if len(draws) == 0:
        return (np.nan, np.nan, np.nan)
    low, high = np.quantile(draws, INTERVAL)
    mean = float(draws.mean())
    return mean, float(min(low, mean)), float(max(high, mean))
