"""What a discount does to units and margin, and what it must do to pay."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from retail_analytics.pricing.elasticity import goes_by_quantity, panel, usable_regressors

DISCOUNT_COLUMNS = [
    *("level", "category", "minimum_discount", "status", "verdict", "week_count"),
    *("product_count", "mean_discount", "uplift", "uplift_lower", "uplift_upper", "margin_rate"),
    *("break_even_uplift", "margin_change", "margin_change_lower", "margin_change_upper"),
]
NONE = -1


def discount_effects(
    weeks: pd.DataFrame, *, steps: np.ndarray, settings: Mapping[str, float]
) -> pd.DataFrame:
    """Units and margin of weeks at a discount against weeks of the same products without one.

    Parameters
    ----------
    weeks : as in `price_elasticities`, with `reference_price` (the price without discount) and
        `unit_cost` (NaN where it is not known).
    steps : lowest discount of each step (0 to 1), rising.
    settings : `minimum_rows`, `minimum_products`, `minimum_discount_weeks`,
        `minimum_variation_kept`, `maximum_quantity_prices`, `interval_z`.

    Returns
    -------
    One row per level, category and step: DISCOUNT_COLUMNS. `uplift` is the change of units within
        product and week, with all that came along with the discount. Status `no_discount`,
        `insufficient_data`, `only_with_season` (the discount came in the same weeks for all),
        `quantity_prices` (larger quantities cost less per unit), else `ok`. `verdict` is null where
        costs are not known: `pays`, `does_not_pay`, `unclear`.

    Source: break-even uplift d / (m - d) at margin rate m and discount d (Nagle and Mueller 2018,
    The Strategy and Tactics of Pricing, chapter 9).
    """
    rows = []
    if len(weeks):
        weeks = weeks.sort_values(["product_id", "week"], ignore_index=True)
        parts = [("shop", "all", weeks)]
        for category, own in weeks.groupby("category", dropna=False, sort=True):
            parts.append(("category", category, own))
        for level, category, own in parts:
            for row in effects_of(own, steps=steps, settings=settings):
                rows.append({"level": level, "category": category} | row)
    return pd.DataFrame(rows, columns=DISCOUNT_COLUMNS)


def effects_of(
    weeks: pd.DataFrame, *, steps: np.ndarray, settings: Mapping[str, float]
) -> list[dict[str, object]]:
    """The steps of some product weeks."""
    known = weeks[weeks["reference_price"] > 0]
    rows = panel(known, settings=settings)
    discount = 1 - rows.price / rows.weeks["reference_price"].to_numpy(float)
    # a discount a rounding below its step is of the step
    step = np.searchsorted(steps, discount + 1e-6, side="right") - 1
    dummies = (step[:, None] == np.arange(len(steps))).astype(float)
    found = []
    counts = [int(np.sum(step == place)) for place in range(len(steps))]
    sizes = [rows.weeks["product_id"][step == place].nunique() for place in range(len(steps))]
    enough = [
        place
        for place in range(len(steps))
        if len(rows.weeks) >= settings["minimum_rows"]
        and counts[place] >= settings["minimum_discount_weeks"]
        and sizes[place] >= settings["minimum_products"]
        and np.sum(step == NONE) >= settings["minimum_discount_weeks"]
    ]
    # weeks of a step with too few are no weeks without discount
    usable = np.isin(step, [NONE, *enough])
    slopes, kept = None, np.zeros(len(enough))
    by_quantity = goes_by_quantity(rows, settings=settings)
    if enough and not by_quantity:
        part = type(rows)(rows.weeks[usable], rows.price[usable], rows.has_zeros)
        regressors = dummies[usable][:, enough]
        _, kept = usable_regressors(regressors, part.product, part.week)
        varying = np.flatnonzero(kept >= settings["minimum_variation_kept"])
        if len(varying):
            slopes = part.slopes(regressors[:, varying])
            order = {enough[place]: number for number, place in enumerate(varying)}
    for place, lowest in enumerate(steps):
        row: dict[str, object] = {
            "minimum_discount": float(lowest),
            "week_count": counts[place],
            "product_count": int(sizes[place]),
        }
        if not counts[place]:
            found.append(row | {"status": "no_discount"})
            continue
        own = rows.weeks[step == place]
        row["mean_discount"] = float(discount[step == place].mean())
        row |= margins(own, discount=row["mean_discount"])
        if place not in enough:
            found.append(row | {"status": "insufficient_data"})
        elif by_quantity:
            found.append(row | {"status": "quantity_prices"})
        elif kept[enough.index(place)] < settings["minimum_variation_kept"]:
            found.append(row | {"status": "only_with_season"})
        elif slopes is None or not np.isfinite(slopes.values[order[place]]):
            found.append(row | {"status": "insufficient_data"})
        else:
            number, z = order[place], settings["interval_z"]
            value, error = slopes.values[number], slopes.half_widths(z)[number]
            found.append(row | {"status": "ok"} | judged(row, value=value, error=error))
    return found


def margins(weeks: pd.DataFrame, *, discount: float) -> dict[str, object]:
    """Margin rate without the discount, and the uplift at which the discount earns the same."""
    price = weeks["reference_price"].to_numpy(float)
    cost = weeks["unit_cost"].to_numpy(float)
    if not len(weeks) or not np.isfinite(cost).all():
        return {}
    rate = float(1 - cost.sum() / price.sum())
    return {
        "margin_rate": rate,
        "break_even_uplift": discount / (rate - discount) if rate > discount else np.nan,
    }


def judged(row: Mapping[str, object], *, value: float, error: float) -> dict[str, object]:
    """Uplift and margin with intervals, and whether the discount pays."""
    uplift, lower, upper = np.expm1([value, value - error, value + error])
    found: dict[str, object] = {"uplift": uplift, "uplift_lower": lower, "uplift_upper": upper}
    rate = row.get("margin_rate")
    if rate is None or rate <= 0:
        return found
    kept = (rate - row["mean_discount"]) / rate
    ends = sorted([(1 + lower) * kept - 1, (1 + upper) * kept - 1])
    found |= {
        "margin_change": (1 + uplift) * kept - 1,
        "margin_change_lower": ends[0],
        "margin_change_upper": ends[1],
    }
    if ends[0] > 0:
        return found | {"verdict": "pays"}
    return found | {"verdict": "does_not_pay" if ends[1] < 0 else "unclear"}
