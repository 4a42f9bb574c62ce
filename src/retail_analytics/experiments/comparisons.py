"""Two variants compared from the moments of their units: difference, interval, p-value.

Every function works on arrays, one entry per comparison. A comparison that says nothing (fewer than
two units, no variation) has NaN, never a p-value of nothing.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit


@dataclass(frozen=True)
class Arms:
    """Mean and variance of one value per unit in each of many arms.

    Attributes
    ----------
    units : units in the arm.
    mean : mean per unit, or the ratio of two means.
    variance : sample variance of the value (of the linearised ratio), so that the variance of
        `mean` is `variance / units`.
    """

    units: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """Estimates with the ends of their intervals and a two-sided p-value; arrays of one shape."""

    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p_value: np.ndarray
    standard_error: np.ndarray


def sample_variance(sum_of_squares: np.ndarray, total: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Sample variance from the sum and the sum of squares; NaN with fewer than two units."""
    units = np.asarray(units, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (sum_of_squares - total * total / units) / (units - 1)
    return np.where(units >= 2, np.maximum(variance, 0), np.nan)


def ratio_arms(
    *,
    units: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    denominator_mean: np.ndarray,
    denominator_variance: np.ndarray,
    covariance: np.ndarray,
) -> Arms:
    """Arms of a ratio of two means, its variance by the delta method.

    Parameters
    ----------
    mean, variance : of the numerator per unit.
    denominator_mean, denominator_variance, covariance : of the denominator, and of both.

    Source: Deng, Knoblich, Lu 2018, Applying the delta method in metric analytics, section 3.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(denominator_mean != 0, mean / denominator_mean, np.nan)
        linearised = variance - 2 * ratio * covariance + ratio**2 * denominator_variance
        return Arms(units, ratio, np.maximum(linearised, 0) / denominator_mean**2)


def with_shared_spread(control: Arms, treated: Arms) -> tuple[Arms, Arms]:
    """The arms, where nothing varied in one of them with the variance of the other.

    Of 13 buyers without a complaint the sample variance is 0, and with it the standard error of
    the arm: any complaint in the other arm would be beyond chance. Where there is no difference
    the arms vary alike, so the variance of the other one is the best that is known.
    """

    def shared(own: Arms, other: Arms) -> Arms:
        with np.errstate(invalid="ignore"):
            takes_other = (own.variance == 0) & (other.variance > 0)
        return Arms(own.units, own.mean, np.where(takes_other, other.variance, own.variance))

    return shared(control, treated), shared(treated, control)


def difference(control: Arms, treated: Arms) -> tuple[np.ndarray, np.ndarray]:
    """Difference of means, treated less control, and its standard error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = treated.variance / treated.units + control.variance / control.units
    return treated.mean - control.mean, np.sqrt(variance)


def relative_difference(
    control: Arms, treated: Arms, *, estimate: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Difference over the control's mean, and its standard error by the delta method.

    Parameters
    ----------
    estimate : difference to relate to the control's mean, where it is not the plain one (CUPED:
        then `control` and `treated` carry the plain means and the adjusted variances).

    Returns
    -------
    NaN where the control's mean is not above zero: a percentage of nothing, or of a loss, misleads.
    """
    base = np.where(control.mean > 0, control.mean, np.nan)
    if estimate is None:
        estimate = treated.mean - control.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (
            treated.variance / treated.units / base**2
            + control.variance / control.units * treated.mean**2 / base**4
        )
    return estimate / base, np.sqrt(variance)


def welch_degrees(control: Arms, treated: Arms) -> np.ndarray:
    """Degrees of freedom of Welch and Satterthwaite for the difference of two means."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [arm.variance / arm.units for arm in (control, treated)]
        return (parts[0] + parts[1]) ** 2 / (
            parts[0] ** 2 / (control.units - 1) + parts[1] ** 2 / (treated.units - 1)
        )


def fixed_horizon(
    estimate: np.ndarray, standard_error: np.ndarray, *, degrees: np.ndarray, alpha: float
) -> Comparison:
    """Interval and p-value of Student's t: valid for one look, at a time set beforehand."""
    known = np.isfinite(estimate) & (standard_error > 0) & (degrees > 0)
    estimate, error = np.where(known, estimate, np.nan), np.where(known, standard_error, np.nan)
    width = stdtrit(np.where(known, degrees, np.nan), 1 - alpha / 2) * error
    p_value = 2 * stdtr(np.where(known, degrees, np.nan), -np.abs(estimate / error))
    return Comparison(estimate, estimate - width, estimate + width, p_value, error)


def confidence_sequence(
    estimate: np.ndarray,
    standard_error: np.ndarray,
    *,
    units: np.ndarray,
    alpha: float,
    tuning: float,
) -> Comparison:
    """Asymptotic confidence sequence: valid however often, and whenever, somebody looks.

    Parameters
    ----------
    units : units of both arms together.
    tuning : number of units at which the interval is as tight as can be.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, Time-uniform central limit theory and
    asymptotic confidence sequences, equations (9), (155) and (161) of the preprint's version 7.
    """
    known = np.isfinite(estimate) & (standard_error > 0) & (units > 0)
    estimate, error = np.where(known, estimate, np.nan), np.where(known, standard_error, np.nan)
    squared_rho = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / tuning
    growth = np.where(known, units, np.nan) * squared_rho
    width = error * np.sqrt(2 * (growth + 1) / growth * np.log(np.sqrt(growth + 1) / alpha))
    log_evidence = growth * (estimate / error) ** 2 / (2 * (growth + 1)) - np.log(growth + 1) / 2
    p_value = np.exp(np.minimum(-log_evidence, 0))
    return Comparison(estimate, estimate - width, estimate + width, p_value, error)


@dataclass(frozen=True)
class Covariate:
    """Moments of what was known of the units before, in each of many arms."""

    mean: np.ndarray
    variance: np.ndarray
    covariance: np.ndarray


def pooled_slope(
    control: Arms, treated: Arms, control_before: Covariate, treated_before: Covariate
) -> np.ndarray:
    """Slope of the value on the covariate over the units of both arms together.

    0 where the covariate does not vary: then nothing is adjusted.
    """

    def total(arm: Arms, before: Covariate, name: str) -> np.ndarray:
        return getattr(before, name) * (arm.units - 1)

    with np.errstate(divide="ignore", invalid="ignore"):
        between = control.units * treated.units / (control.units + treated.units)
        apart = treated_before.mean - control_before.mean
        variance = (
            total(control, control_before, "variance")
            + total(treated, treated_before, "variance")
            + between * apart**2
        )
        covariance = (
            total(control, control_before, "covariance")
            + total(treated, treated_before, "covariance")
            + between * apart * (treated.mean - control.mean)
        )
        return np.where(variance > 0, covariance / variance, 0.0)


def adjusted(arm: Arms, before: Covariate, slope: np.ndarray) -> Arms:
    """The arm with its value less the slope times the covariate: CUPED.

    Source: Deng, Xu, Kohavi, Walker 2013, Improving the sensitivity of online controlled
    experiments by utilizing pre-experiment data.
    """
    variance = arm.variance + slope**2 * before.variance - 2 * slope * before.covariance
    return Arms(arm.units, arm.mean - slope * before.mean, np.maximum(variance, 0))


def chance_to_win(
    estimate: np.ndarray, standard_error: np.ndarray, *, higher_is_better: np.ndarray
) -> np.ndarray:
    """Probability that the treated variant is the better one, from a flat prior.

    The posterior of the difference is normal about the estimate with its standard error.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(higher_is_better, 1, -1) * estimate / standard_error
    return np.where(standard_error > 0, ndtr(z), np.nan)


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values corrected for looking at several, by Holm's step-down method; NaN stay NaN.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    p_values = np.asarray(p_values, float)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    corrected = np.full(p_values.shape, np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return corrected
