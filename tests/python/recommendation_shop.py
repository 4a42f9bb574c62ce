"""Small shops as the tables that recommendations read, and the lists that come of them."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
from conftest import ROOT

from retail_analytics.recommendations import tables

TODAY = date(2024, 12, 31)
LAST_MONTH = date(2024, 11, 1)
RULES = pd.read_csv(ROOT / "seeds/rules/recommendations/recommendation_rules.csv")
Z = 1.2815515655446004


def rules(**changes: float) -> pd.DataFrame:
    """The rule table with other values."""
    table = RULES.copy()
    for name, value in changes.items():
        assert (table["rule"] == name).any(), name
        table.loc[table["rule"] == name, "value"] = value
    return table


def purchase_rows(orders: list[tuple[int | None, int, list[int]]], *, sent_back=()) -> pa.Table:
    """Orders of (customer, days ago, products); sent_back: pairs of customer and product."""
    ordered = sorted(range(len(orders)), key=lambda n: -orders[n][1])
    rows = [
        (basket, product, orders[n][0], (orders[n][0], product) in sent_back, orders[n][1])
        for basket, n in enumerate(ordered)
        for product in orders[n][2]
    ]
    baskets, products, customers, back, ages = zip(*rows, strict=True) if rows else [()] * 5
    return pa.table(
        {
            "basket_number": pa.array(baskets, pa.int32()),
            "product_number": pa.array(products, pa.int32()),
            "customer_number": pa.array(customers, pa.int32()),
            "is_sent_back": pa.array(back, pa.bool_()),
            "quantity": pa.array(np.ones(len(rows))),
            "ordered_on": pa.array([TODAY - timedelta(days=age) for age in ages], pa.date32()),
        }
    )


def product_rows(count: int, **columns: list) -> pd.DataFrame:
    """So many products of three categories and two brands, at prices of 5 and more."""
    table = {
        "product_number": range(count),
        "product_id": [f"P{n:05d}" for n in range(count)],
        "product_name": [f"Product {n}" for n in range(count)],
        "category": [["Home", "Books", "Toys"][n % 3] for n in range(count)],
        "brand": [["Alder", "Birk"][n % 2] for n in range(count)],
        "price": [5.0 + n % 40 for n in range(count)],
        "is_offered": [True] * count,
    }
    return pd.DataFrame({**table, **columns})


def customer_rows(count: int, **columns: list) -> pd.DataFrame:
    """So many customers with the balanced strategy."""
    table = {
        "customer_number": range(count),
        "customer_id": [f"C{n:05d}" for n in range(count)],
        "popularity_group": ["North"] * count,
        "is_listed": [True] * count,
        **{name: [1.0] * count for name in tables.FACTORS},
        "price_factor": [1.0] * count,
        "explore_slots": [1] * count,
    }
    return pd.DataFrame({**table, **columns})


def random_orders(
    *, customers: int, products: int, orders: int, days: int, seed: int
) -> list[tuple[int, int, list[int]]]:
    """Customers with tastes: each draws from a third of the products, the lower numbers most."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(orders):
        customer = int(rng.integers(customers))
        taste = customer % 3
        wanted = (rng.random(rng.integers(1, 5)) ** 2.5 * products / 3).astype(int) * 3 + taste
        rows.append((customer, int(rng.integers(days)), sorted(set(wanted.tolist()))))
    return rows


def backtest(rows: pa.Table, *, customers: int, products: pd.DataFrame, **changes) -> pd.DataFrame:
    """The table of the backtest."""
    return tables.backtest_table(
        rows,
        customers=customers,
        products=products,
        rules=changes.pop("rules", RULES),
        last_month=LAST_MONTH,
        as_of=TODAY,
        z=Z,
        seed=1,
    )


def lists(
    rows: pa.Table,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    figures: pd.DataFrame | None = None,
    rules: pd.DataFrame = RULES,
) -> pd.DataFrame:
    """The lists of all customers; by the baseline without figures."""
    if figures is None:
        figures = pd.DataFrame(columns=tables.FIGURE_COLUMNS)
    reader = tables.list_table(
        rows, customers=customers, products=products, rules=rules, figures=figures, as_of=TODAY
    )
    return reader.read_all().to_pandas()
