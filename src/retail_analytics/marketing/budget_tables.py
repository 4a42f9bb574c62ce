"""Budget recommendations and scenarios as tables, and the what-if of `retail budget`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from retail_analytics.marketing.budget import (
    Array,
    BudgetError,
    Curves,
    best_split,
    check_bounds,
    outcome,
)

MOVE, NO_EVIDENCE, INSUFFICIENT_DATA, OK = "move", "no_evidence", "insufficient_data", "ok"
DEFAULT = "default"
INTERVAL = (0.1, 0.9)
# commas part thousands only: 1,5 may be one and a half
AMOUNT = re.compile(r"[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

RECOMMENDATION_COLUMNS = [
    *("channel", "status", "reason", "is_extrapolated", "current_spend", "recommended_spend"),
    *("optimal_spend", "minimum_spend", "maximum_spend", "expected_gain", "expected_gain_lower"),
    *("expected_gain_upper", "plan_gain", "plan_gain_lower", "plan_gain_upper", "marginal_return"),
    "optimal_marginal_return",
]
SCENARIO_COLUMNS = [
    *("scenario", "status", "meaning", "outcome", "allocation", "is_extrapolated"),
    *("weekly_spend", "revenue", "revenue_lower", "revenue_upper", "gain", "gain_lower"),
    "gain_upper",
]
ASSUMPTIONS = (
    "Sales answer to spend as they did in the weeks the curves were fitted to.",
    "Spend is spread evenly over the weeks, so that carry-over is in balance.",
    "Revenue is what channels add, before the cost of goods.",
    "Competitors, prices and seasons are as they were on average.",
)


@dataclass(frozen=True)
class Market:
    """Channels that can be moved, with curves, today's weekly spend and stock ever seen."""

    curves: Curves
    current: Array
    lowest: Array
    highest: Array

    def is_extrapolated(self, spend: Array) -> Array:
        """Whether a weekly spend lies outside what was ever in the market."""
        slack = 1e-9 * np.maximum(self.highest, 1.0)
        return (spend < self.lowest - slack) | (spend > self.highest + slack)


def read_market(draws: pd.DataFrame, current: pd.DataFrame) -> Market:
    """The market of fitted channels that cost money, by name.

    draws: as `mix_tables.mix_draws` returns them; current: channel, weekly_spend.
    """
    heads = draws[(draws["draw"] == 0) & (draws["status"] == OK) & draws["is_paid"].astype(bool)]
    heads = heads[heads["channel"].isin(current["channel"])].sort_values("channel")
    channels = tuple(str(name) for name in heads["channel"])
    found = draws[(draws["draw"] > 0) & draws["channel"].isin(channels)]

    def drawn(column: str) -> Array:
        wide = found.pivot(index="draw", columns="channel", values=column)
        return wide.reindex(columns=list(channels)).to_numpy(dtype=float)

    spend = current.set_index("channel")["weekly_spend"].reindex(channels)
    return Market(
        curves=Curves(
            channels=channels,
            coefficient=drawn("coefficient"),
            half=drawn("half_media"),
        ),
        current=spend.to_numpy(dtype=float),
        lowest=heads["lowest_stock"].to_numpy(dtype=float),
        highest=heads["highest_stock"].to_numpy(dtype=float),
    )


def bounds_of(market: Market, bounds: pd.DataFrame) -> tuple[Array, Array]:
    """Weekly bounds of each channel, from the rule of its name or the default.

    bounds: channel, minimum_multiple, maximum_multiple of today's spend. ValueError where a
    minimum is above its maximum.
    """
    rules = bounds.assign(key=bounds["channel"].str.strip().str.lower()).set_index("key")
    if (rules["minimum_multiple"] > rules["maximum_multiple"]).any():
        raise ValueError("minimum_multiple: a minimum is above its maximum")
    own = [
        name.lower() if name.lower() in rules.index else DEFAULT for name in market.curves.channels
    ]
    lower = rules["minimum_multiple"].reindex(own).fillna(0.5).to_numpy(dtype=float)
    upper = rules["maximum_multiple"].reindex(own).fillna(1.5).to_numpy(dtype=float)
    return market.current * lower, market.current * upper


def budget_recommendations(
    draws: pd.DataFrame, current: pd.DataFrame, bounds: pd.DataFrame
) -> pd.DataFrame:
    """What to spend on each channel per week, today's total given.

    Parameters
    ----------
    draws : DataFrame, as `mix_tables.mix_draws` returns it.
    current : DataFrame, channel and weekly_spend today.
    bounds : DataFrame, as for `bounds_of`.

    Returns
    -------
    DataFrame, one row per channel with spend: optimal_spend is the best split on the mean curves;
    it is recommended (`move`) where the 80 % interval of its gain lies above 0, else today's split
    is (`no_evidence`). Gains are sales per week: the channel's own, and the whole plan's. A channel
    without a curve keeps its spend (`insufficient_data`).
    """
    market = read_market(draws, current)
    lower, upper = bounds_of(market, bounds)
    reasons = draws[draws["draw"] == 0].set_index("channel")["reason"]
    table = current[["channel"]].sort_values("channel", ignore_index=True)
    spend = current.set_index("channel")["weekly_spend"].astype(float)
    table["current_spend"] = table["channel"].map(spend)
    table["recommended_spend"] = table["current_spend"]
    table["status"] = INSUFFICIENT_DATA
    table["reason"] = table["channel"].map(reasons).fillna("no curve of this channel")
    table = table.reindex(columns=RECOMMENDATION_COLUMNS)
    table["is_extrapolated"] = table["is_extrapolated"].astype(object)
    if len(market.curves.channels) == 0:
        return table
    best = best_split(market.curves, total=market.current.sum(), lower=lower, upper=upper)
    plan = outcome(market.curves, best, against=market.current)
    gained = market.curves.draws(best) - market.curves.draws(market.current)
    mean, (low, high) = gained.mean(axis=0), np.quantile(gained, INTERVAL, axis=0)
    rows = table["channel"].isin(market.curves.channels)
    found = {
        "status": MOVE if plan.is_evident else NO_EVIDENCE,
        "reason": None if plan.is_evident else "the interval of the gain holds 0",
        "recommended_spend": best if plan.is_evident else market.current,
        "optimal_spend": best,
        "is_extrapolated": market.is_extrapolated(best),
        "minimum_spend": lower,
        "maximum_spend": upper,
        "expected_gain": mean,
        "expected_gain_lower": np.minimum(low, mean),
        "expected_gain_upper": np.maximum(high, mean),
        "plan_gain": plan.gain[0],
        "plan_gain_lower": plan.gain[1],
        "plan_gain_upper": plan.gain[2],
        "marginal_return": market.curves.marginal(market.current),
        "optimal_marginal_return": market.curves.marginal(best),
    }
    for column, values in found.items():
        table.loc[rows, column] = values
    return table


def budget_scenarios(
    draws: pd.DataFrame,
    current: pd.DataFrame,
    bounds: pd.DataFrame,
    scenarios: pd.DataFrame,
    plans: pd.DataFrame,
) -> pd.DataFrame:
    """What each scenario of the rules would bring per week: one row per scenario.

    Parameters
    ----------
    draws, current, bounds : as for `budget_recommendations`.
    scenarios : DataFrame
        scenario, scenario_order, budget_multiple, split (`current`, `best` or `own`), outcome
        (`mean`, `lower` or `upper` end of the 80 % interval), meaning.
    plans : DataFrame
        scenario, channel, spend_multiple of today: the splits of a user's own scenarios.

    Returns
    -------
    DataFrame : revenue is what channels add, gain is against today's plan; allocation is JSON.
    """
    market = read_market(draws, current)
    lower, upper = bounds_of(market, bounds)
    channels, total = market.curves.channels, float(market.current.sum())
    rows = []
    for rule in scenarios.sort_values(["scenario_order", "scenario"]).to_dict("records"):
        row = {key: rule[key] for key in ("scenario", "meaning", "outcome")}
        if not channels:
            rows.append(row | {"status": INSUFFICIENT_DATA})
            continue
        multiple = float(rule["budget_multiple"])
        if rule["split"] == "best":
            spend = best_split(
                market.curves,
                total=total * multiple,
                lower=lower * multiple,
                upper=upper * multiple,
            )
        elif rule["split"] == "own":
            own = plans[plans["scenario"] == rule["scenario"]]
            factor = dict(zip(own["channel"].str.lower(), own["spend_multiple"], strict=True))
            spend = market.current * [float(factor.get(name.lower(), 1.0)) for name in channels]
            spend = spend * multiple
        else:
            spend = market.current * multiple
        found = outcome(market.curves, spend, against=market.current)
        which = {"mean": 0, "lower": 1, "upper": 2}[rule["outcome"]]
        rows.append(
            row
            | {
                "status": OK,
                "allocation": json.dumps(
                    {name: round(float(x), 2) for name, x in zip(channels, spend, strict=True)}
                ),
                "is_extrapolated": bool(market.is_extrapolated(spend).any()),
                "weekly_spend": float(spend.sum()),
                "revenue": found.revenue[which],
                "revenue_lower": found.revenue[1],
                "revenue_upper": found.revenue[2],
                "gain": found.gain[which],
                "gain_lower": found.gain[1],
                "gain_upper": found.gain[2],
            }
        )
    return pd.DataFrame(rows).reindex(columns=SCENARIO_COLUMNS)


def named_amounts(texts: list[str]) -> dict[str, float]:
    """Amounts by channel from texts such as `search=3000`; BudgetError for one that is no such."""
    amounts: dict[str, float] = {}
    for text in texts:
        name, _, amount = text.rpartition("=")
        if not name.strip() or not AMOUNT.fullmatch(amount.strip()):
            raise BudgetError(f"a bound is written CHANNEL=AMOUNT, not {text}")
        if any(name.strip().lower() == known.lower() for known in amounts):
            raise BudgetError(f"{name.strip()} has two bounds of one kind")
        amounts[name.strip()] = float(amount.replace(",", ""))
    return amounts


def what_if(
    draws: pd.DataFrame,
    current: pd.DataFrame,
    *,
    total: float,
    minimum: Mapping[str, float],
    maximum: Mapping[str, float],
    weeks: int,
) -> dict[str, object]:
    """The best split of an amount over some weeks, and what it is worth.

    Parameters
    ----------
    draws, current : as for `budget_recommendations`.
    total : float
        Amount for all weeks together.
    minimum, maximum : mappings
        Bounds by channel, for all weeks together; equal bounds fix a channel.
    weeks : int
        Weeks that the amount is spread over evenly.

    Returns
    -------
    dict, fit for JSON: `allocation` (a list with one entry per channel), revenue and gain with
    intervals for all weeks, verdict, assumptions. The gain is against today's split of the same
    total.

    Raises
    ------
    BudgetError
        For bounds that cannot be met, fewer weeks than one, or no channel with a curve.
    """
    if weeks < 1:
        raise BudgetError(f"the horizon must be one week or more, not {weeks}")
    market = read_market(draws, current)
    names = market.curves.channels
    if not names:
        heads = draws[draws["draw"] == 0]
        why = "; ".join(sorted({str(r) for r in heads["reason"].dropna()})) or "no spend is known"
        raise BudgetError(f"there are no response curves to plan with: {why}")
    by_key = {name.lower(): name for name in names}
    minimum = {by_key.get(k.strip().lower(), k): v for k, v in minimum.items()}
    maximum = {by_key.get(k.strip().lower(), k): v for k, v in maximum.items()}
    check_bounds(names, total=total, minimum=minimum, maximum=maximum)
    lower = np.array([minimum.get(name, 0.0) for name in names]) / weeks
    upper = np.array([maximum.get(name, np.inf) for name in names]) / weeks
    weekly = total / weeks
    spend = best_split(market.curves, total=weekly, lower=lower, upper=upper)
    same_split = market.current * weekly / market.current.sum() if market.current.sum() else spend
    found = outcome(market.curves, spend, against=same_split)
    today = outcome(market.curves, spend, against=market.current)
    marginal = market.curves.marginal_draws(spend) - 1
    low, high = np.quantile(marginal, INTERVAL, axis=0)
    outside = market.is_extrapolated(spend)
    brought = market.curves.mean(spend)
    return {
        "total": total,
        "weeks": weeks,
        "verdict": "move" if found.is_evident else "no evidence to move",
        "is_extrapolation": bool(outside.any()),
        "allocation": [
            {
                "channel": name,
                "spend": round(float(spend[i]) * weeks, 2),
                "today": round(float(market.current[i]) * weeks, 2),
                "expected_revenue": round(float(brought[i]) * weeks, 2),
                "marginal_roi": round(float(marginal[:, i].mean()), 4),
                "marginal_roi_lower": round(float(low[i]), 4),
                "marginal_roi_upper": round(float(high[i]), 4),
                "is_extrapolation": bool(outside[i]),
            }
            for i, name in enumerate(names)
        ],
        **_interval("expected_revenue", found.revenue, weeks),
        **_interval("gain_over_todays_split", found.gain, weeks),
        **_interval("gain_over_todays_spend", today.gain, weeks),
        "assumptions": list(ASSUMPTIONS),
    }


def _interval(name: str, figures: tuple[float, float, float], weeks: int) -> dict[str, float]:
    ends = ("", "_lower", "_upper")
    return {name + end: round(x * weeks, 2) for end, x in zip(ends, figures, strict=True)}


def as_text(answer: dict[str, object], *, currency: str) -> str:
    """The answer of `what_if` as a table for people."""
    weeks, total = answer["weeks"], answer["total"]
    plural = "s" if weeks != 1 else ""
    lines = [
        f"{total:,.0f} {currency} over {weeks} week{plural}: {answer['verdict']}",
        "",
        f"{'channel':<20}{'spend':>12}{'today':>12}{'revenue':>12}"
        f"{f'the next {currency} returns':>28}",
    ]
    for row in answer["allocation"]:
        back = (
            f"{1 + row['marginal_roi']:.2f} "
            f"({1 + row['marginal_roi_lower']:.2f} to {1 + row['marginal_roi_upper']:.2f})"
        )
        mark = " *" if row["is_extrapolation"] else ""
        lines.append(
            f"{row['channel']:<20}{row['spend']:>12,.0f}{row['today']:>12,.0f}"
            f"{row['expected_revenue']:>12,.0f}{back:>28}{mark}"
        )
    lines.append("")
    for key, label in (
        ("expected_revenue", "Revenue that channels add"),
        ("gain_over_todays_split", "Gain over today's split of the same total"),
        ("gain_over_todays_spend", "Gain over today's spend"),
    ):
        lines.append(
            f"{label}: {answer[key]:,.0f} {currency} "
            f"({answer[key + '_lower']:,.0f} to {answer[key + '_upper']:,.0f} likely)"
        )
    if answer["is_extrapolation"]:
        lines.append("* beyond what was ever spent: a guess by the shape of the curve")
    return "\n".join([*lines, "", *answer["assumptions"]])
