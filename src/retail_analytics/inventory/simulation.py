"""A stock policy replayed day by day: the service it gives and the stock it takes."""

import numpy as np
import pandas as pd


def simulate_policy(
    demand: np.ndarray,
    *,
    reorder_point: np.ndarray,
    order_up_to: np.ndarray,
    review_period_days: np.ndarray,
    lead_time_days: np.ndarray,
    first_day: np.ndarray | None = None,
) -> pd.DataFrame:
    """Replay of an (R, s, S) policy with backorders for each row of `demand` (rows, days).

    At the end of every `review_period_days`-th day, a row whose position (on hand + on order -
    backorders) is at or below its reorder point orders up to its order-up-to level; with both
    equal, it orders at each review (base stock), if only 0 units. Review 1 is continuous review by
    days. The levels are (rows,) or (rows, days) where they change in time. `lead_time_days` (rows,
    days) holds the whole days that an order placed that day takes: it is there in the morning,
    that many full days later. A row starts on `first_day` (default 0) with its level on hand.

    One row each: cycles (orders that arrived), cycle_service (the share of them before whose
    arrival nothing was short), fill_rate (units served at once over units demanded),
    average_on_hand_units, average_short_units, orders and days. NaN where there is nothing to
    divide by. Raises ValueError for a review below a day, a negative lead time, or levels out of
    order.
    """
    rows, days = demand.shape
    reorder = _by_day(reorder_point, rows, days)
    up_to = _by_day(order_up_to, rows, days)
    review = np.broadcast_to(np.asarray(review_period_days, dtype=int), (rows,))
    lead = np.broadcast_to(np.asarray(lead_time_days, dtype=int), (rows, days))
    first = np.zeros(rows, dtype=int) if first_day is None else np.asarray(first_day)
    if (review < 1).any():
        raise ValueError("review_period_days: below one day")
    if (lead < 0).any():
        raise ValueError("lead_time_days: below zero")
    if (reorder > up_to).any():
        raise ValueError("order_up_to: below the reorder point")

    # What arrives after the end is as good as never, however late: slots need no more days.
    lead = np.minimum(lead, days)
    slots = int(lead.max(initial=0)) + 2
    due_units, due_orders = np.zeros((slots, rows)), np.zeros((slots, rows))
    net, on_order = np.zeros(rows), np.zeros(rows)
    total = {
        name: np.zeros(rows)
        for name in ("cycles", "short", "demanded", "served", "on_hand", "backlog", "orders")
    }
    every_row = np.arange(rows)
    for day in range(days):
        net = np.where(first == day, up_to[:, day], net)
        alive = first <= day
        slot = day % slots
        arrived = due_orders[slot]
        total["cycles"] += arrived
        total["short"] += np.where(net < 0, arrived, 0)
        net = net + due_units[slot]
        on_order = on_order - due_units[slot]
        due_units[slot], due_orders[slot] = 0, 0

        units = np.where(alive, demand[:, day], 0.0)
        total["demanded"] += units
        total["served"] += np.clip(net, 0, units)
        net = net - units
        total["on_hand"] += np.maximum(net, 0)
        total["backlog"] += np.maximum(-net, 0)

        reviewed = alive & ((day - first + 1) % review == 0)
        position = net + on_order
        ordering = reviewed & (position <= reorder[:, day])
        quantity = np.where(ordering, up_to[:, day] - position, 0.0)
        arrival = (day + 1 + lead[:, day]) % slots
        due_units[arrival, every_row] += quantity
        due_orders[arrival, every_row] += ordering
        on_order = on_order + quantity
        total["orders"] += quantity > 0

    lived = np.maximum(days - first, 0).astype(float)
    return pd.DataFrame(
        {
            "cycles": total["cycles"].astype(int),
            "cycle_service": 1 - _ratio(total["short"], total["cycles"]),
            "fill_rate": _ratio(total["served"], total["demanded"]),
            "average_on_hand_units": _ratio(total["on_hand"], lived),
            "average_short_units": _ratio(total["backlog"], lived),
            "orders": total["orders"].astype(int),
            "days": lived.astype(int),
        }
    )


def _by_day(level: np.ndarray, rows: int, days: int) -> np.ndarray:
    level = np.asarray(level, dtype=float)
    return np.broadcast_to(level[:, None] if level.ndim == 1 else level, (rows, days))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    result = np.full(len(numerator), np.nan)
    return np.divide(numerator, denominator, out=result, where=denominator > 0)
