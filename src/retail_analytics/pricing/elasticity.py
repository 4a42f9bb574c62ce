"""Price elasticity of units sold, within product and week."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

TOLERANCE = 1e-10
MOST_ROUNDS = 2_000
ELASTICITY_COLUMNS = [
    *("level", "category", "status", "method", "elasticity", "elasticity_lower"),
    *("elasticity_upper", "own_elasticity", "own_standard_error", "promotion_effect"),
    *("row_count", "product_count", "price_moves", "price_variation_kept"),
]


@dataclass(frozen=True)
class Slopes:
    """Slopes of a regression within groups and periods.

    Attributes
    ----------
    values, standard_errors : one per column of the regressors; errors go together within a group.
    variation_kept : share of the variance of the first regressor that groups, periods and the
        other regressors leave to it, 0 to 1.
    """

    values: np.ndarray
    standard_errors: np.ndarray
    variation_kept: float


def within_two_ways(values: np.ndarray, group: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Values less what their group and their period explain.

    Parameters
    ----------
    values : rows x columns.
    group, period : codes from 0, one per row.

    Source: alternating projections (Gaure 2013, OLS with multiple high dimensional category
    variables).
    """
    left = np.array(values, float)
    sizes = [np.maximum(np.bincount(codes), 1) for codes in (group, period)]
    for _ in range(MOST_ROUNDS):
        before = left.copy()
        for codes, size in zip((group, period), sizes, strict=True):
            for place in range(left.shape[1]):
                left[:, place] -= (np.bincount(codes, left[:, place]) / size)[codes]
        if not len(left) or np.abs(left - before).max() < TOLERANCE:
            break
    return left


def two_way_slopes(
    outcome: np.ndarray, regressors: np.ndarray, *, group: np.ndarray, period: np.ndarray
) -> Slopes | None:
    """Slopes of the outcome on the regressors within group and period.

    Standard errors are those of groups whose errors go together, with the factor G / (G - 1).
    None where the regressors do not vary within groups and periods, or there is one group only.
    """
    groups = len(np.unique(group))
    inside = within_two_ways(np.column_stack([outcome, regressors]), group, period)
    y, x = inside[:, 0], inside[:, 1:]
    spread = np.var(regressors, axis=0) * len(y)
    moment = x.T @ x
    has_all = (spread > 0) & (np.diag(moment) > 1e-8 * np.maximum(spread, 1e-300))
    if groups < 2 or not has_all[0] or len(y) <= groups + len(np.unique(period)):
        return None
    used = np.flatnonzero(has_all)
    x, moment = x[:, used], moment[np.ix_(used, used)]
    if np.linalg.matrix_rank(moment) < len(used):
        return None
    inverse = np.linalg.inv(moment)
    slopes = inverse @ x.T @ y
    rest = y - x @ slopes
    scores = np.zeros((group.max() + 1, len(used)))
    np.add.at(scores, group, x * rest[:, None])
    variance = inverse @ (scores.T @ scores) @ inverse * groups / (groups - 1)
    values, errors = (np.full(regressors.shape[1], np.nan) for _ in range(2))
    values[used], errors[used] = slopes, np.sqrt(np.diag(variance))
    return Slopes(values, errors, float(1 / inverse[0, 0] / spread[0]))


def shrunk(
    estimates: np.ndarray, errors: np.ndarray, *, towards: float, towards_error: float
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates shrunk towards a common value by how much they differ beyond their errors.

    Parameters
    ----------
    estimates, errors : of each; NaN has nothing of its own and takes the common value.
    towards, towards_error : the common value and its standard error.

    Returns
    -------
    Shrunk estimates and their standard errors (normal-normal empirical Bayes, the variance between
    by the method of moments; DerSimonian and Laird 1986).
    """
    known = np.isfinite(estimates) & (errors > 0)
    weights = np.where(known, 1 / np.where(known, errors, 1) ** 2, 0.0)
    between = 0.0
    if known.sum() > 1:
        mean = np.sum(weights * np.where(known, estimates, 0)) / weights.sum()
        scatter = np.sum(weights * (np.where(known, estimates, mean) - mean) ** 2)
        scale = weights.sum() - np.sum(weights**2) / weights.sum()
        between = max((scatter - (known.sum() - 1)) / scale, 0.0)
    own = between / (between + np.where(known, errors, np.inf) ** 2)
    own = np.where(known, own, 0.0)
    values = own * np.where(known, estimates, 0.0) + (1 - own) * towards
    variance = own * np.where(known, errors, 0.0) ** 2 + (1 - own) ** 2 * towards_error**2
    return values, np.sqrt(variance + (1 - own) * between * ~known)


def price_elasticities(weeks: pd.DataFrame, *, settings: Mapping[str, float]) -> pd.DataFrame:
    """Elasticity of the shop and of each category.

    Parameters
    ----------
    weeks : one row per product and week in which it sold: `product_id`, `category`, `week`, `units`
        (above 0), `price` (paid per unit, above 0), `promotion_share` (share of the units sold in
        orders with a discount, 0 to 1).
    settings : `minimum_rows`, `minimum_products`, `minimum_price_moves`,
        `minimum_variation_kept`, `interval_z`.

    Returns
    -------
    One row per level and category: ELASTICITY_COLUMNS. `own_elasticity` is from the rows of the
    category alone; `elasticity` is shrunk towards that of the shop. Status
    `insufficient_data`, `no_price_change`, `only_with_season` (prices moved with the weeks or the
    promotions only), else `ok`; without it there is no elasticity.
    """
    rows = []
    if len(weeks):
        weeks = weeks.sort_values(["product_id", "week"], ignore_index=True)
        rows.append({"level": "shop", "category": "all"} | fitted(weeks, settings=settings))
        for category, own in weeks.groupby("category", dropna=False, sort=True):
            rows.append(
                {"level": "category", "category": category} | fitted(own, settings=settings)
            )
    frame = pd.DataFrame(rows, columns=ELASTICITY_COLUMNS)
    if frame.empty:
        return frame
    shop = frame.iloc[0]
    is_category = frame["level"] == "category"
    if shop["status"] == "ok":
        values, errors = shrunk(
            frame.loc[is_category, "own_elasticity"].to_numpy(float),
            frame.loc[is_category, "own_standard_error"].to_numpy(float),
            towards=shop["own_elasticity"],
            towards_error=shop["own_standard_error"],
        )
        frame.loc[is_category, "elasticity"] = values
        frame.loc[is_category, "error"] = errors
        frame.loc[0, ["elasticity", "error"]] = shop["own_elasticity"], shop["own_standard_error"]
    else:
        frame["error"] = frame["own_standard_error"]
        frame["elasticity"] = frame["own_elasticity"]
    # what has no figures of its own shows none, not the shop's
    frame.loc[frame["status"] != "ok", ["elasticity", "error"]] = np.nan
    z = settings["interval_z"]
    frame["elasticity_lower"] = frame["elasticity"] - z * frame["error"]
    frame["elasticity_upper"] = frame["elasticity"] + z * frame["error"]
    frame["method"] = np.where(frame["status"] == "ok", "two-way within, shrunk", None)
    return frame[ELASTICITY_COLUMNS]


def fitted(weeks: pd.DataFrame, *, settings: Mapping[str, float]) -> dict[str, object]:
    """Elasticity of some product weeks, or why there is none."""
    price = np.log(weeks["price"].to_numpy(float))
    product, week = (pd.factorize(weeks[name])[0] for name in ("product_id", "week"))
    moved = weeks["product_id"].eq(weeks["product_id"].shift()) & (
        np.abs(np.diff(price, prepend=price[:1])) > 1e-6
    )
    row = {
        "row_count": len(weeks),
        "product_count": int(weeks["product_id"].nunique()),
        "price_moves": int(moved.sum()),
    }
    if row["row_count"] < settings["minimum_rows"]:
        return row | {"status": "insufficient_data"}
    if row["product_count"] < settings["minimum_products"]:
        return row | {"status": "insufficient_data"}
    if row["price_moves"] < settings["minimum_price_moves"]:
        return row | {"status": "no_price_change"}
    regressors = np.column_stack([price, weeks["promotion_share"].to_numpy(float)])
    found = two_way_slopes(
        np.log(weeks["units"].to_numpy(float)), regressors, group=product, period=week
    )
    if found is None:
        return row | {"status": "only_with_season", "price_variation_kept": 0.0}
    row |= {"price_variation_kept": found.variation_kept}
    if found.variation_kept < settings["minimum_variation_kept"]:
        return row | {"status": "only_with_season"}
    return row | {
        "status": "ok",
        "own_elasticity": found.values[0],
        "own_standard_error": found.standard_errors[0],
        "promotion_effect": found.values[1],
    }
