"""From the quantile of interval demand to what to order now."""

import numpy as np
import pandas as pd

DAYS_A_YEAR = 365.0
ABC_CUTS = {"A": 0.80, "B": 0.95}


def stock_levels(
    quantile: np.ndarray, *, mean: np.ndarray, order_quantity: np.ndarray
) -> pd.DataFrame:
    """Safety stock, reorder point and order-up-to level in whole units.

    `quantile` and `mean` are of the demand that the reorder point has to cover. The reorder point
    is the quantile rounded up, the safety stock what it holds above the mean (not below 0), and
    the order-up-to level adds `order_quantity`; with 0, each review orders up to the reorder point
    itself (base stock).
    """
    reorder_point, order_up_to = whole_levels(quantile, order_quantity=order_quantity)
    return pd.DataFrame(
        {
            "safety_stock_units": np.maximum(reorder_point - mean, 0.0),
            "reorder_point_units": reorder_point,
            "order_up_to_units": order_up_to,
        }
    )


def whole_levels(
    quantile: np.ndarray, *, order_quantity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Reorder point and order-up-to level in whole units (broadcast together)."""
    # Adding 0 turns the negative zero of a rounded-up nothing into zero.
    reorder_point = np.ceil(np.maximum(quantile, 0.0) - 1e-9) + 0.0
    return reorder_point, reorder_point + np.ceil(order_quantity - 1e-9)


def economic_order_quantity(
    *,
    mean_daily: np.ndarray,
    order_cost: np.ndarray,
    unit_cost: np.ndarray,
    holding_cost_rate: np.ndarray,
    least_units: np.ndarray,
) -> np.ndarray:
    """Order size that balances ordering and holding (Harris 1913), in units.

    At most a year's demand; 0 (order at each review) where it is below `least_units`, or where a
    cost is missing or zero.
    """
    yearly = mean_daily * DAYS_A_YEAR
    holding = np.nan_to_num(np.asarray(unit_cost, float) * holding_cost_rate)
    known = holding > 0
    ratio = np.divide(2 * order_cost * yearly, holding, out=np.zeros_like(yearly), where=known)
    quantity = np.minimum(np.sqrt(ratio), yearly)
    return np.where(quantity >= least_units, quantity, 0.0)


def order_now(
    *,
    on_hand: np.ndarray,
    on_order: np.ndarray,
    reorder_point: np.ndarray,
    order_up_to: np.ndarray,
) -> np.ndarray:
    """Units to order today: up to the level where on hand + on order is at the reorder point.

    0 above it; NaN where the stock or the levels are unknown.
    """
    position = on_hand + on_order
    units = np.where(position <= reorder_point, np.ceil(order_up_to - position - 1e-9), 0.0)
    return np.where(np.isnan(position) | np.isnan(reorder_point), np.nan, np.maximum(units, 0.0))


def days_of_cover(*, on_hand: np.ndarray, mean_daily: np.ndarray) -> np.ndarray:
    """Days that the stock lasts at the expected demand; NaN without demand or without a count."""
    result = np.full(np.shape(on_hand), np.nan)
    return np.divide(np.maximum(on_hand, 0.0), mean_daily, out=result, where=mean_daily > 0)


def abc_classes(articles: pd.DataFrame) -> pd.Series:
    """A for the products that bring the first 80 % of revenue, B to 95 %, C the rest.

    `articles` has product_id and revenue; the index of the result is its index. A product counts
    by the share of revenue before it, so the one that passes a cut is still above it. No revenue,
    or less than none, is C. All products have to be there: a chunk of them gives other classes.
    """
    for column in ("product_id", "revenue"):
        if column not in articles.columns:
            raise ValueError(f"{column}: missing from the articles frame")
    revenue = pd.to_numeric(articles["revenue"]).fillna(0.0).astype(float)
    ordered = pd.DataFrame({"id": articles["product_id"], "revenue": revenue.clip(lower=0.0)})
    ordered = ordered.sort_values(["revenue", "id"], ascending=[False, True])
    before = ordered["revenue"].cumsum() - ordered["revenue"]
    share = before / max(ordered["revenue"].sum(), 1e-300)
    sells = ordered["revenue"] > 0
    classes = np.select(
        [sells & (share < cut - 1e-12) for cut in ABC_CUTS.values()],
        list(ABC_CUTS),
        default="C",
    )
    return pd.Series(classes, index=ordered.index, name="abc_class").reindex(articles.index)
