"""Gamma-Gamma: what a customer spends per purchase.

Fader and Hardie (2013), "The Gamma-Gamma model of monetary value". Each purchase of a customer is
worth Gamma(p, nu), nu differs between customers as Gamma(q, v), and neither depends on how often
they buy. Parameters p, q (no unit) and v (money).

As published, the parameters are fitted to the mean spend of repeat purchases. The first purchase is
often a trial and unlike those that follow, but all there is of the many who bought once: for the
expected spend of a customer it counts half (`known_purchases`). On 39 weeks held out of CDNOW that
gives the lowest squared error of customers' spend; counting it in full or not at all is worse, in
the sample and in the whole.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import nnls
from scipy.special import digamma, gammaln

from retail_analytics.customers.clv.checks import Array, require_columns
from retail_analytics.customers.clv.fit import MIN_REPEATERS, OK, Fit, no_fit
from retail_analytics.customers.clv.maximise import Objective, best_of, log_covariance

GAMMA_GAMMA, SHRUNKEN_MEAN = "gamma_gamma", "shrunken_mean"
PARAMETER_NAMES = ("p", "q", "v")
SPEND_COLUMNS = ["purchase_count", "mean_spend"]
# Beyond this, frequent buyers spend so differently that the independence the model rests on fails;
# on CDNOW the correlation is .11, in Fader and Hardie's donation data close to 0.
CORRELATION_LIMIT = 0.3
FIRST_PURCHASE_WEIGHT = 0.5
# A coefficient of variation below this is one value with rounding.
SMALLEST_VARIATION = 1e-3
STARTS = [(1.0, 2.0, 1.0), (6.0, 4.0, 0.5), (0.5, 10.0, 10.0), (20.0, 3.0, 0.1)]


def log_likelihood(
    parameters: Array, *, purchase_count: Array, mean_spend: Array
) -> tuple[Array, Array]:
    """Log likelihood of each mean spend, and its derivatives by the log parameters (n x 3)."""
    p, q, v = parameters
    shape, total = p * purchase_count, v + purchase_count * mean_spend
    value = (
        gammaln(shape + q)
        - gammaln(shape)
        - gammaln(q)
        + q * np.log(v)
        + (shape - 1) * np.log(mean_spend)
        + shape * np.log(purchase_count)
        - (shape + q) * np.log(total)
    )
    by_p = digamma(shape + q) - digamma(shape) + np.log(purchase_count * mean_spend / total)
    by_q = digamma(shape + q) - digamma(q) + np.log(v / total)
    by_v = q / v - (shape + q) / total
    return value, np.column_stack([by_p * purchase_count * p, by_q * q, by_v * v])


def known_purchases(
    *, frequency: ArrayLike, repeat_mean_spend: ArrayLike, first_spend: ArrayLike
) -> tuple[Array, Array]:
    """Number and total of purchases by which a customer's spend is estimated, the first by half.

    `repeat_mean_spend` may be missing where `frequency` is 0; spend below 0 counts as 0.
    """
    count = np.asarray(frequency, dtype=float)
    repeat, first = (
        np.maximum(np.nan_to_num(np.asarray(spend, dtype=float)), 0.0)
        for spend in (repeat_mean_spend, first_spend)
    )
    return count + FIRST_PURCHASE_WEIGHT, count * repeat + FIRST_PURCHASE_WEIGHT * first


def expected_spend(
    parameters: Mapping[str, float], *, purchase_count: ArrayLike, total_spend: ArrayLike
) -> Array:
    """Expected spend per future purchase: the customer's own mean, shrunk towards that of all.

    `total_spend` is that of the `purchase_count` purchases known, in the money of the fit.
    """
    p, q, v = (parameters[name] for name in PARAMETER_NAMES)
    count, total = (np.asarray(known, dtype=float) for known in (purchase_count, total_spend))
    return p * (v + total) / (p * count + q - 1)


def spend_coefficients(
    parameters: Mapping[str, float], *, frequency: ArrayLike
) -> tuple[Array, Array, Array]:
    """The expected spend of who has this frequency, as a level and two shares:

    level + repeat_share x repeat_mean_spend + first_share x first_spend.
    """
    frequency = np.asarray(frequency, dtype=float)

    def spend(repeat: float, first: float) -> Array:
        known, total = known_purchases(
            frequency=frequency,
            repeat_mean_spend=np.full_like(frequency, repeat),
            first_spend=np.full_like(frequency, first),
        )
        return expected_spend(parameters, purchase_count=known, total_spend=total)

    level = spend(0, 0)
    return level, spend(1, 0) - level, spend(0, 1) - level


def simulate_mean_spend(
    parameters: Mapping[str, float], *, purchase_count: ArrayLike, seed: int
) -> Array:
    """A mean spend drawn for each customer of that many purchases (at least 1)."""
    p, q, v = (parameters[name] for name in PARAMETER_NAMES)
    rng = np.random.default_rng(seed)
    count = np.asarray(purchase_count, dtype=float)
    scale = 1 / rng.gamma(q, 1 / v, len(count))
    return rng.gamma(p * count, scale) / count


def group_spends(customers: pd.DataFrame, *, resolution: float) -> pd.DataFrame:
    """Customers of equal purchase count and similar mean spend as one row, at their mean.

    `customers` has purchase_count, mean_spend and optionally customer_count. A bin is `resolution`
    wide relative to the spend and starts at the mean of all, so that the currency does not matter.
    """
    require_columns(customers, SPEND_COLUMNS)
    paid = customers[(customers["purchase_count"] > 0) & (customers["mean_spend"] > 0)]
    count = paid.get("customer_count", pd.Series(1, index=paid.index))
    centre = (paid["mean_spend"] * count).sum() / max(count.sum(), 1)
    keyed = pd.DataFrame(
        {
            "purchase_count": paid["purchase_count"],
            "spend_bin": np.floor(np.log(paid["mean_spend"] / centre) / resolution),
            "mean_spend": paid["mean_spend"] * count,
            "customer_count": count,
        }
    )
    groups = keyed.groupby(["purchase_count", "spend_bin"], as_index=False, sort=True).sum()
    groups["mean_spend"] /= groups["customer_count"]
    return groups


def spend_correlation(*, purchase_count: Array, mean_spend: Array, customer_count: Array) -> float:
    """Pearson correlation of purchase count and mean spend over customers; NaN without variety."""
    if len(purchase_count) < 2 or np.ptp(purchase_count) == 0 or np.ptp(mean_spend) == 0:
        return float("nan")
    covariance = np.cov(purchase_count, mean_spend, fweights=customer_count.astype("int64"))
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def fit_spend_model(
    customers: pd.DataFrame,
    *,
    correlation_limit: float = CORRELATION_LIMIT,
    max_groups: int = 20_000,
) -> Fit:
    """Fit the spend per purchase to columns purchase_count, mean_spend (and customer_count).

    Customers without a purchase or with a spend of 0 say nothing and are left out. The model is
    `gamma_gamma` by maximum likelihood; or, where spend and frequency correlate beyond the limit,
    where there are too few customers or no maximum, `shrunken_mean`: p, q, v by the moments of
    the spends, which makes `expected_spend` the best linear credibility estimate (Buehlmann 1967),
    right without the assumption of independence or of any distribution.
    """
    require_columns(customers, SPEND_COLUMNS)
    paid = customers[(customers["purchase_count"] > 0) & (customers["mean_spend"] > 0)]
    paid = paid.assign(customer_count=paid.get("customer_count", 1))
    if len(paid) > max_groups:
        paid = group_spends(paid, resolution=0.02)
    paid = paid.sort_values([*SPEND_COLUMNS, "customer_count"])
    values = {name: paid[name].to_numpy(dtype=float) for name in SPEND_COLUMNS}
    count = paid["customer_count"].to_numpy(dtype=float)
    customer_count = int(count.sum())
    if customer_count == 0:
        return no_fit(model=GAMMA_GAMMA, customer_count=0)

    # In units of the mean spend the starts and bounds fit any currency.
    unit = float(np.average(values["mean_spend"], weights=count))
    values["mean_spend"] = values["mean_spend"] / unit
    correlation = spend_correlation(**values, customer_count=count)
    variation = np.sqrt(np.average((values["mean_spend"] - 1) ** 2, weights=count))
    if (
        abs(np.nan_to_num(correlation)) <= correlation_limit
        and customer_count >= MIN_REPEATERS
        and variation > SMALLEST_VARIATION
    ):
        starts = [np.log(start) for start in STARTS]
        optimum = best_of(_objective(values, count), starts=starts)
        p, q, v = np.exp(optimum.log_parameters)
        if optimum.is_converged and q > 1:
            return Fit(
                model=GAMMA_GAMMA,
                status=OK,
                parameters={"p": float(p), "q": float(q), "v": float(v * unit)},
                log_covariance=log_covariance(optimum.information),
                log_likelihood=optimum.log_likelihood - customer_count * np.log(unit),
                iterations=optimum.iterations,
                is_converged=True,
                customer_count=customer_count,
                time_unit_days=None,
                spend_frequency_correlation=correlation,
            )
    p, q, v = _credibility(values, count)
    return Fit(
        model=SHRUNKEN_MEAN,
        status=OK,
        parameters={"p": p, "q": q, "v": v * unit},
        log_covariance=np.zeros((3, 3)),
        log_likelihood=float("nan"),
        iterations=0,
        is_converged=True,
        customer_count=customer_count,
        time_unit_days=None,
        spend_frequency_correlation=correlation,
    )


def _objective(values: Mapping[str, Array], count: Array) -> Objective:
    def objective(log_parameters: Array) -> tuple[float, Array]:
        value, score = log_likelihood(np.exp(log_parameters), **values)
        return float(value @ count), count @ score

    return objective


def _credibility(values: Mapping[str, Array], count: Array) -> tuple[float, float, float]:
    """p, q, v from the variance of spends within and between customers, for a mean spend of 1."""
    squares = (values["mean_spend"] - 1) ** 2
    weight = np.sqrt(count)
    share_within = 1 / values["purchase_count"]
    if np.ptp(share_within) == 0:
        # One purchase count tells the sum of the two variances only: half each.
        total = np.average(squares, weights=count)
        within, between = total / 2 / share_within[0], total / 2
    else:
        design = np.column_stack([share_within, np.ones_like(share_within)])
        (within, between), _ = nnls(design * weight[:, None], squares * weight)
    within, between = (max(value, SMALLEST_VARIATION**2) for value in (within, between))
    q = 2 + 1 / between
    p = (q - 1) / (within * (q - 2))
    return float(p), float(q), float((q - 1) / p)
