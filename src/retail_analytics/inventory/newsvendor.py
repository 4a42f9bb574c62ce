"""How much to stock of what is worth less tomorrow."""

import numpy as np
from scipy import stats


def critical_ratio(*, underage_cost: np.ndarray, overage_cost: np.ndarray) -> np.ndarray:
    """Service that balances a unit short against a unit left over: cu / (cu + co).

    Costs in money per unit: cu = price - cost, or the penalty of a unit short; co = cost - salvage,
    or the cost of holding one. Raises ValueError for a negative cost or two zeros.
    """
    under, over = np.asarray(underage_cost, float), np.asarray(overage_cost, float)
    if not (under >= 0).all():
        raise ValueError("underage_cost: missing or below zero")
    if not (over >= 0).all():
        raise ValueError("overage_cost: missing or below zero")
    if (under + over <= 0).any():
        raise ValueError("overage_cost: both costs are zero")
    return under / (under + over)


def newsvendor_normal(
    *, mean: np.ndarray, sd: np.ndarray, underage_cost: np.ndarray, overage_cost: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Best order (units) and its expected cost (money) for one period of normal demand.

    Q = mean + z sd at the critical ratio, cost = (cu + co) sd phi(z) (Snyder and Shen 2019,
    section 4.3, whose example is h 2, p 18, mean 120, sd 10: order 132.8155, cost 35.0997).
    """
    ratio = critical_ratio(underage_cost=underage_cost, overage_cost=overage_cost)
    z = stats.norm.ppf(ratio)
    cost = (np.asarray(underage_cost) + np.asarray(overage_cost)) * sd * stats.norm.pdf(z)
    return np.asarray(mean) + z * np.asarray(sd), cost
