"""How lifetime values and churn chances of simulated shops turned out: the figures of
docs/decisions.md.

    .venv/bin/python tests/bench/bench_customers.py
    .venv/bin/python tests/bench/bench_customers.py --seeds 1 --kinds even season

Customers come with the trade, buy at rates of their own (gamma) in days of trade, and leave at a
time of their own. Shops differ in season, growth, shared luck and in how many ever come back.
"""

import argparse
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
from churn_chain import run_chain, shop  # noqa: E402
from value_chain import run_values, shop_from  # noqa: E402

from retail_analytics.customers.churn.backtest import calibration  # noqa: E402

DAYS_PER_MONTH = 365.25 / 12
CHRISTMAS = np.array([0.8, 0.8, 0.85, 0.9, 0.9, 0.9, 0.85, 0.85, 0.9, 1.0, 1.6, 2.4])


@dataclass(frozen=True)
class Kind:
    """season: standard deviation of a sine of the year, in logs; christmas: whether December is
    the peak; trend: growth of all rates a year, in logs; shock: standard deviation of a factor per
    month; returning: shape of the rates, small where few come back; rate: purchases a year."""

    season: float = 0.0
    christmas: bool = False
    trend: float = 0.0
    shock: float = 0.0
    returning: float = 0.8
    rate: float = 6.0
    customers: int = 1_500
    years: float = 3.2


KINDS = {
    "even": Kind(),
    "season": Kind(season=0.4),
    "christmas": Kind(christmas=True),
    "growth": Kind(trend=0.15),
    "all repeat": Kind(returning=3.0, rate=8.0),
    "few repeat": Kind(returning=0.25, rate=2.0),
    "shared shocks": Kind(shock=0.15),
    "falling": Kind(trend=-0.25),
    "large": Kind(customers=6_000, season=0.2),
    "young, season .3": Kind(season=0.3, years=1.4, customers=3_000),
    "young, season .6": Kind(season=0.6, years=1.9, customers=3_000),
}


def simulated(kind: Kind, seed: int) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Purchases (customer_id, date, spend) of a shop, with a year beyond the day that is today."""
    draw = np.random.default_rng(seed)
    known = round(kind.years * 365)
    # today lies anywhere in the year
    today = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(draw.integers(0, 366)))
    days = pd.date_range(today - pd.Timedelta(days=known), today + pd.Timedelta(days=370))
    year = days.dayofyear.to_numpy() / 365.25
    wave = np.sqrt(2) * kind.season * np.sin(2 * np.pi * (year + draw.random()))
    shocks = kind.shock * draw.normal(size=400)[np.asarray(days.year - 2015) * 12 + days.month - 1]
    pace = np.exp(wave + shocks + kind.trend * np.arange(len(days)) / 365)
    if kind.christmas:
        pace *= (CHRISTMAS / CHRISTMAS.mean())[days.month - 1]
    running, calendar = np.r_[0.0, np.cumsum(pace)], np.arange(len(days) + 1)
    weight = pace**0.7
    weight[:31] *= 6
    share = np.r_[0.0, np.cumsum(weight) / weight.sum()]
    count = kind.customers
    born = np.interp(draw.random(count), share, calendar)
    rate = draw.gamma(kind.returning, kind.rate / kind.returning / 365, count)
    gone = born + draw.exponential(1 / draw.gamma(0.8, 1 / 550, count))
    scale = 1 / draw.gamma(4, 1 / 15, count)
    now, is_customer = np.interp(born, calendar, running), np.ones(count, dtype=bool)
    found = [(np.arange(count), born.astype(int))]
    while is_customer.any():
        now = now + draw.exponential(1 / np.maximum(rate, 1e-9))
        day = np.interp(now, running, calendar)
        is_customer &= (now < running[-1]) & (day < gone)
        found.append((np.flatnonzero(is_customer), day[is_customer].astype(int)))
    customer, day = (np.concatenate(part) for part in zip(*found, strict=True))
    day = np.minimum(day, len(days) - 1)
    table = pd.DataFrame(
        {"customer_id": customer, "date": days[day], "spend": draw.gamma(6, 1 / scale[customer])}
    )
    table = table.groupby(["customer_id", "date"], as_index=False)["spend"].sum()
    return table, today


def lifetime_values(purchases: pd.DataFrame, today: pd.Timestamp) -> list[dict]:
    """Per horizon: customers and totals inside their intervals, and the error of the total."""
    con = shop_from(purchases, as_of_date=str(today.date()))
    run_values(con)
    customers = con.execute("""
        select found.*, histories.frequency + 1 as purchase_count
        from customer_lifetime_values as found
        inner join (from int_customer_histories where purpose = 'serving') as histories
            using (customer_id)
        where found.horizon_months in (3, 6, 12)
    """).df()
    totals = con.execute(
        "from customer_value_totals where segment = 'all' and horizon_months in (3, 6, 12)"
    ).df()
    # what would be held if the outcomes on a bound counted in part only
    in_part = con.execute("""
        select horizon_days, value
        from clv_backtest
        where is_serving and metric = 'randomised_coverage_rate' and target = 'value'
        group by all
        order by horizon_days
    """).df()
    purchases = purchases.assign(customer_id=purchases["customer_id"].astype(str))
    rows = []
    for months, own in customers.groupby("horizon_months"):
        days = round(months * DAYS_PER_MONTH)
        after = purchases[
            purchases["date"].gt(today) & purchases["date"].le(today + pd.Timedelta(days=days))
        ]
        discount = 1.1 ** (-days / 2 / 365.25)
        sums = after.groupby("customer_id")["spend"].agg(["sum", "size"])
        sums = sums.reindex(own["customer_id"]).fillna(0)
        value, orders = sums["sum"].to_numpy() * discount, sums["size"].to_numpy()
        inside = (own["value_lower"] <= value + 1e-6) & (value <= own["value_upper"] + 1e-6)
        counted = (own["orders_lower"] <= orders) & (orders <= own["orders_upper"])
        often = own["purchase_count"] >= 4
        buying = own["expected_orders"] > 0.5
        (total,) = totals[totals["horizon_months"] == months].to_dict("records")
        rows.append(
            {
                "months": months,
                "value inside": inside.mean(),
                "4+": inside[often].mean(),
                "of more than .5 orders": inside[buying].mean(),
                "in part": in_part["value"].mean(),
                "nothing came": (orders == 0).mean(),
                "orders inside": counted.mean(),
                "orders, 4+": counted[often].mean(),
                "total inside": total["value_lower"] <= value.sum() <= total["value_upper"],
                "total error": total["expected_value"] / value.sum() - 1,
                "total width": (total["value_upper"] - total["value_lower"]) / value.sum(),
            }
        )
    return rows


def churn(purchases: pd.DataFrame, today: pd.Timestamp) -> list[dict]:
    """Per day it is asked on and horizon: groups inside their intervals, slope, largest width."""
    rows = []
    for back in (0, 90, 180):
        day = today - pd.Timedelta(days=back)
        known = purchases[purchases["date"] <= day]
        pairs = [
            (f"{who:05}", when.date())
            for who, when in zip(known["customer_id"], known["date"], strict=True)
        ]
        con = shop(pairs, as_of_date=day.date())
        run_chain(con)
        risks = con.execute("from customer_churn_risks").df()
        if risks["no_purchase_probability"].isna().all():
            continue
        after = purchases[purchases["date"] > day].groupby("customer_id")["date"].min()
        after.index = [f"{who:05}" for who in after.index]
        for horizon, own in risks.groupby("horizon_days"):
            first = after.reindex(own["customer_id"]).to_numpy()
            stayed = ~(first <= np.datetime64(day + timedelta(days=int(horizon))))
            chance = own["no_purchase_probability"].to_numpy()
            groups = np.array_split(np.argsort(chance, kind="stable"), 10)
            inside = [
                own["no_purchase_probability_lower"].to_numpy()[g].mean()
                <= stayed[g].mean()
                <= own["no_purchase_probability_upper"].to_numpy()[g].mean()
                for g in groups
            ]
            width = (
                own["no_purchase_probability_upper"] - own["no_purchase_probability_lower"]
            ).max()
            level, slope = calibration(logit(chance.clip(1e-9, 1 - 1e-9)), stayed.astype(float))
            rows.append(
                {
                    "back": back,
                    "days": horizon,
                    "inside": np.mean(inside),
                    "slope": slope,
                    "level": level,
                    "predicted": chance.mean(),
                    "came": stayed.mean(),
                    "width": width,
                    "customers": len(own),
                }
            )
        con.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--only", choices=["values", "churn"])
    parser.add_argument("--out", type=Path, help="a CSV of every row")
    options = parser.parse_args()
    found: dict[str, list[dict]] = {"values": [], "churn": []}
    measures = {"values": lifetime_values, "churn": churn}
    for name in options.kinds:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            purchases, today = simulated(KINDS[name], seed)
            for what, measure in measures.items():
                if options.only in (None, what):
                    rows = measure(purchases, today)
                    found[what] += [{"kind": name, "seed": seed} | row for row in rows]
    for what, rows in found.items():
        if rows:
            table = pd.DataFrame(rows)
            if options.out:
                table.to_csv(options.out.with_suffix(f".{what}.csv"), index=False)
            keys = [["months"], ["kind"]] if what == "values" else [["days"], ["kind"]]
            for key in keys:
                print(what, "by", key)
                print(table.groupby(key).mean(numeric_only=True).round(3).to_string())


if __name__ == "__main__":
    main()
