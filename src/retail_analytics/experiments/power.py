"""How many units an answer needs, and how small an effect so many units can show."""

import numpy as np
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
