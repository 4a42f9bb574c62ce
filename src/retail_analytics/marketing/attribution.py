"""Markov credit of channels by removal, and its share-out over months.

Journeys are a chain of order one: start, channels, order or lost. A channel's removal effect is the
part of what journeys bring that is missed when everything that would reach the channel is lost
instead (Anderl and others 2016). It is solved, not simulated: with P the transitions between
channels and r what each brings next, (I - P) v = r once per removal.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

START, ORDER, LOST = "(start)", "(order)", "(lost)"
OK, INSUFFICIENT_DATA = "ok", "insufficient_data"
EFFECT_COLUMNS = ["channel", "status", "removal_effect", "removal_effect_on_value"]
EFFECT_COLUMNS += ["order_share", "value_share"]
MOST_ROUNDS = 2_000


def transitions_of_paths(paths: pd.DataFrame) -> pd.DataFrame:
    """Counted transitions of journeys that are already grouped by path.

    Parameters
    ----------
    paths : DataFrame
        path (`a > b > c`), conversions, value, lost: one row per path or part of it.

    Returns
    -------
    DataFrame : from_state, to_state, step_count, value (of the orders that follow directly).
    """
    states = paths["path"].str.split(" > ")
    chain = states.map(lambda channels: [START, *channels])
    inner = pd.DataFrame(
        {
            "from_state": [state for one in chain for state in one[:-1]],
            "to_state": [state for one in chain for state in one[1:]],
        }
    )
    lengths = states.str.len().to_numpy()
    inner["step_count"] = np.repeat((paths["conversions"] + paths["lost"]).to_numpy(), lengths)
    inner["value"] = 0.0
    ends = [
        pd.DataFrame(
            {
                "from_state": states.str[-1],
                "to_state": end,
                "step_count": paths[column],
                "value": paths["value"] if end == ORDER else 0.0,
            }
        )
        for end, column in ((ORDER, "conversions"), (LOST, "lost"))
    ]
    every = pd.concat([inner, *ends], ignore_index=True)
    summed = every.groupby(["from_state", "to_state"], as_index=False)[["step_count", "value"]]
    return summed.sum().query("step_count > 0").reset_index(drop=True)


def removal_effects(transitions: pd.DataFrame) -> pd.DataFrame:
    """Removal effects of channels, on orders and on their value.

    Parameters
    ----------
    transitions : DataFrame
        from_state, to_state, step_count, value: one row per pair of states or part of it; states
        are channels, START, ORDER and LOST; value is that of the steps into ORDER.

    Returns
    -------
    DataFrame : channel, status, removal_effect, removal_effect_on_value (0 to 1), order_share,
        value_share (each adds up to 1), by channel. Without an order or without a lost journey all
        effects are alike or unknown: null, with the status `insufficient_data`.

    Raises
    ------
    ValueError
        For a column that is missing or a count below zero.

    Example
    -------
    Two of five journeys by `a` alone end in an order, none by `b`: removing `a` misses all.
    """
    for column in ("from_state", "to_state", "step_count", "value"):
        if column not in transitions.columns:
            raise ValueError(f"{column}: column is missing")
    if (transitions["step_count"] < 0).any():
        raise ValueError("step_count: counts must not be negative")
    states = set(transitions["from_state"]) | set(transitions["to_state"])
    channels = sorted(states - {START, ORDER, LOST})
    counts = _matrix(transitions, "step_count", channels)
    values = _matrix(transitions, "value", channels)
    size = len(channels)
    orders, lost = counts[:, size].sum(), counts[:, size + 1].sum()
    table = pd.DataFrame({"channel": channels})
    if size == 0 or orders <= 0 or lost <= 0:
        unknown = {column: np.nan for column in EFFECT_COLUMNS[2:]}
        return table.assign(status=INSUFFICIENT_DATA, **unknown)[EFFECT_COLUMNS]

    leaving = counts.sum(axis=1, keepdims=True)
    steps = np.divide(counts, leaving, out=np.zeros_like(counts), where=leaving > 0)
    gains = np.divide(values, leaving, out=np.zeros_like(values), where=leaving > 0)
    # the last row is the start
    inner, start = steps[:size, :size], steps[size, :size]
    reward = np.stack([steps[:size, size], gains[:size, size]], axis=1)
    whole = start @ _solved(inner, reward)
    effects = np.empty((size, 2))
    for channel in range(size):
        open_ = np.ones(size)
        open_[channel] = 0.0
        left = start * open_ @ _solved(inner * open_[:, None] * open_, reward * open_[:, None])
        effects[channel] = 1 - np.divide(left, whole, out=np.ones(2), where=whole > 0)
    effects = np.clip(effects, 0.0, 1.0)
    total = effects.sum(axis=0)
    shares = np.divide(effects, total, out=np.full_like(effects, np.nan), where=total > 0)
    return table.assign(
        status=OK,
        removal_effect=effects[:, 0],
        removal_effect_on_value=effects[:, 1] if whole[1] > 0 else np.nan,
        order_share=shares[:, 0],
        value_share=shares[:, 1] if whole[1] > 0 else np.nan,
    )[EFFECT_COLUMNS]


def _matrix(transitions: pd.DataFrame, column: str, channels: list[str]) -> Array:
    """Channels and the start as rows; channels, ORDER and LOST as columns."""
    rows = {state: number for number, state in enumerate([*channels, START])}
    columns = {state: number for number, state in enumerate([*channels, ORDER, LOST])}
    matrix = np.zeros((len(rows), len(columns)))
    np.add.at(
        matrix,
        (
            transitions["from_state"].map(rows).to_numpy(),
            transitions["to_state"].map(columns).to_numpy(),
        ),
        transitions[column].fillna(0).to_numpy(dtype=float),
    )
    return matrix


def _solved(inner: Array, reward: Array) -> Array:
    """What each channel brings in the end. A channel that is only ever followed by itself brings
    nothing; its row would be singular."""
    stuck = np.diag(inner) >= 1
    return np.linalg.solve(
        np.eye(len(inner)) - np.where(stuck[:, None], 0.0, inner),
        np.where(stuck[:, None], 0.0, reward),
    )


def shared_over_months(seeds: Array, months: Array, channels: Array) -> Array:
    """A table month x channel with given sums, as close to the seeds as they allow (raking).

    Parameters
    ----------
    seeds : array, month x channel
        At least 0: a channel gets nothing in a month in which its seed is 0.
    months, channels : arrays
        What rows and columns are to add up to; both with the same total.

    Returns
    -------
    array, month x channel: rows add up exactly; columns do where the seeds leave a way. A month
    without any seed is shared by the channels' totals.

    Source: Deming and Stephan (1940).
    """
    whole = channels / channels.sum() if channels.sum() > 0 else np.zeros_like(channels)
    table = np.where(seeds.sum(axis=1, keepdims=True) > 0, seeds, whole).astype(float)
    for _ in range(MOST_ROUNDS):
        columns = table.sum(axis=0)
        table = table * np.divide(channels, columns, out=np.zeros_like(columns), where=columns > 0)
        empty = table.sum(axis=1) <= 0
        table = np.where((empty & (months > 0))[:, None], whole, table)
        rows = table.sum(axis=1)
        factor = np.divide(months, rows, out=np.zeros_like(rows), where=rows > 0)
        table = table * factor[:, None]
        if np.abs(table.sum(axis=0) - channels).max(initial=0.0) <= 1e-10 * channels.sum():
            break
    return table


def markov_credit(transitions: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Markov credit by month and channel.

    Parameters
    ----------
    transitions : DataFrame, as for `removal_effects`.
    months : DataFrame
        month, channel, touch_count, orders, revenue: one row per month and channel that has
        touches in journeys which ended in the month; orders and revenue are the month's own, of
        orders with a journey, the same in each of its rows.

    Returns
    -------
    DataFrame : month, channel, status, removal_effect, removal_effect_on_value, orders, revenue.
        Over the months each channel has its share by removal effect; over the channels each month
        its orders and revenue.
    """
    effects = removal_effects(transitions).set_index("channel")
    months = months.sort_values(["month", "channel"], ignore_index=True)
    touches = months.pivot_table(
        index="month", columns="channel", values="touch_count", aggfunc="sum", fill_value=0
    )
    names = [name for name in touches.columns if name in effects.index]
    touches = touches[names]
    found = []
    for column, share in (("orders", "order_share"), ("revenue", "value_share")):
        totals = months.groupby("month")[column].first().astype(float).fillna(0.0)
        shares = effects[share].reindex(names)
        if shares.isna().any() or (totals < 0).any():
            credit = np.full(touches.shape, np.nan)
            if column == "revenue" and effects["order_share"].notna().all() and len(names):
                # orders of unknown value are worth nothing, and known ones never less
                credit = np.zeros(touches.shape)
        else:
            shares = shares / shares.sum() if shares.sum() > 0 else shares
            credit = shared_over_months(
                touches.to_numpy(dtype=float), totals.to_numpy(), totals.sum() * shares.to_numpy()
            )
        by_channel = pd.DataFrame(credit, index=touches.index, columns=names)
        # unknown credit keeps its rows
        found.append(by_channel.stack(future_stack=True))
    table = pd.concat(found, axis=1, keys=["orders", "revenue"]).reset_index()
    table.columns = ["month", "channel", "orders", "revenue"]
    # without any journey the names of channels have no type to be compared by
    table = table.astype({"channel": "object"})
    effects.index = effects.index.astype("object")
    return table.merge(
        effects[["status", "removal_effect", "removal_effect_on_value"]],
        left_on="channel",
        right_index=True,
    )[
        ["month", "channel", "status", "removal_effect", "removal_effect_on_value"]
        + ["orders", "revenue"]
    ]
