"""Tables of the warehouse in, tables out: numbers become ids again here.

Customers and products are numbered from 0 without gaps (int_recommendation_customers and
int_recommendation_products); days are days since 1970-01-01.
"""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from retail_analytics.recommendations.backtest import (
    FIGURE_COLUMNS,
    PROBABILITY_TERMS,
    Backtest,
    run_backtest,
)
from retail_analytics.recommendations.basket_rules import association_rules
from retail_analytics.recommendations.histories import Purchases, build_histories, sorted_purchases
from retail_analytics.recommendations.ordering import order_by
from retail_analytics.recommendations.pairs import Days, known_pairs
from retail_analytics.recommendations.repeats import (
    CORRECTION_TERMS,
    HORIZONS,
    corrected_chances,
    frequency_chances,
    repeat_figures,
)
from retail_analytics.recommendations.replays import sampled
from retail_analytics.recommendations.rhythms import fit_rhythms, predict
from retail_analytics.recommendations.serving import Lists, Treatment, all_lists
from retail_analytics.recommendations.settings import (
    list_rules,
    rule_values,
    scoring_settings,
    wanted,
)
from retail_analytics.recommendations.strategies import (
    STRATEGIES,
    Catalogue,
    build_seasons,
    fit_model,
)

EPOCH = date(1970, 1, 1)
# a date that no calendar runs out of
FURTHEST_DAYS = 36_500
FACTORS = [f"{name}_factor" for name in STRATEGIES]
# what is read of purchases for lists, and of customers
PURCHASE_COLUMNS = (
    "customer_number",
    "product_number",
    "basket_number",
    "ordered_on",
    "is_sent_back",
)
TREATMENT_COLUMNS = (
    "customer_number",
    *FACTORS,
    "price_factor",
    "explore_slots",
    "popularity_group",
    "is_listed",
)


def day_number(day: date | pd.Timestamp | None) -> int:
    """Days since 1970-01-01; 0 for no day."""
    if day is None or pd.isna(day):
        return 0
    return (pd.Timestamp(day).date() - EPOCH).days


def numbers(table: pa.Table, name: str, *, missing: int = -1) -> np.ndarray:
    """A column as whole numbers, null as `missing`; days count from 1970-01-01."""
    if name not in table.column_names:
        raise ValueError(f"{name}: column is missing")
    column = table[name]
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return column.fill_null(missing).to_numpy().astype(np.int64, copy=False)


def read_purchases(rows: pa.Table, *, customers: int, products: int) -> Purchases:
    """Purchases of known customers that were not sent back, in order."""
    customer = numbers(rows, "customer_number")
    kept = (customer >= 0) & ~rows["is_sent_back"].to_numpy().astype(bool)
    return sorted_purchases(
        customer=customer[kept],
        product=numbers(rows, "product_number")[kept],
        basket=numbers(rows, "basket_number")[kept],
        day=numbers(rows, "ordered_on")[kept],
        customers=customers,
        products=products,
    )


def sent_back(rows: pa.Table, *, customers: int, products: int) -> sparse.csr_matrix:
    """Customers x products, ones for what a customer bought and sent back."""
    customer = numbers(rows, "customer_number")
    kept = (customer >= 0) & rows["is_sent_back"].to_numpy().astype(bool)
    table = sparse.csr_matrix(
        (
            np.ones(int(kept.sum()), dtype=np.float32),
            (customer[kept], numbers(rows, "product_number")[kept]),
        ),
        shape=(customers, products),
    )
    table.sum_duplicates()
    return table


def read_catalogue(products: pd.DataFrame) -> Catalogue:
    """Products in order of number: product_number, category, brand, price, is_offered."""
    for column in ("product_number", "category", "brand", "price", "is_offered"):
        if column not in products.columns:
            raise ValueError(f"{column}: column is missing")
    products = products.sort_values("product_number")
    price = products["price"].to_numpy(dtype=float, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_price = np.where(price > 0, np.log(price), np.nan)
    return Catalogue(
        category=codes(products["category"]),
        brand=codes(products["brand"]),
        log_price=log_price,
        is_offered=products["is_offered"].to_numpy(dtype=bool),
    )


def codes(labels: pd.Series) -> np.ndarray:
    """0, 1, ... by label in order, -1 where there is none."""
    return pd.Categorical(labels.astype(object)).codes.astype(np.int64)


def association_rule_table(
    rows: pa.Table, *, products: pd.DataFrame, rules: pd.DataFrame, z: float, as_of: date
) -> pd.DataFrame:
    """Rules of the basket by product id, of all purchases, those of guests too."""
    values = rule_values(rules)
    ids = products.sort_values("product_number")["product_id"].to_numpy(dtype=object)
    if not rows.num_rows:
        baskets = sparse.csr_matrix((0, len(ids)))
    else:
        basket = numbers(rows, "basket_number")
        baskets = sparse.csr_matrix(
            (
                np.ones(rows.num_rows, dtype=np.float32),
                (basket, numbers(rows, "product_number")),
            ),
            shape=(int(basket.max()) + 1, len(ids)),
        )
        baskets.sum_duplicates()
        baskets.data[:] = 1
    found = association_rules(
        baskets, fewest_baskets=int(wanted(values, "rule_baskets_fewest")), z=z
    )
    found["antecedent_product_id"] = ids[found.pop("antecedent").to_numpy(dtype=int)]
    found["consequent_product_id"] = ids[found.pop("consequent").to_numpy(dtype=int)]
    found["is_significant"] = found["q_value"] <= wanted(values, "rule_false_discovery_rate")
    found = found.rename(
        columns={
            "antecedent_count": "antecedent_basket_count",
            "consequent_count": "consequent_basket_count",
            "total_count": "total_basket_count",
        }
    )
    found["as_of_date"] = as_of
    return found


def backtest_table(
    rows: pa.Table,
    *,
    customers: int,
    products: pd.DataFrame,
    rules: pd.DataFrame,
    last_month: date | None,
    as_of: date | None,
    z: float,
    seed: int,
) -> pd.DataFrame:
    """All that the backtest measured and learned, as a long table."""
    values = rule_values(rules)
    catalogue = read_catalogue(products)
    purchases = read_purchases(rows, customers=customers, products=catalogue.size)
    most = int(wanted(values, "backtest_customers_most"))
    if customers > most:
        kept = np.zeros(customers, dtype=bool)
        kept[sampled(np.arange(customers), most=most)] = True
        purchases = purchases.where(kept[purchases.customer])
    month = pd.Timestamp(last_month or EPOCH)
    done = run_backtest(
        purchases,
        catalogue,
        settings=scoring_settings(values),
        rules=list_rules(values, catalogue),
        month_starts=tuple(
            day_number(month + pd.DateOffset(months=months)) for months in (-1, 0, 1)
        ),
        most_customers=int(wanted(values, "test_customers_most")),
        z=z,
        seed=seed,
    )
    figures = done.figures.copy()
    figures["as_of_date"] = as_of
    return figures.dropna(subset=["as_of_date"])


def read_backtest(figures: pd.DataFrame) -> Backtest:
    """What serves, from the table of the backtest; the baseline where there is none."""
    named = figures.set_index(["part", "test", "name", "metric"])["value"].to_dict()
    is_open = named.get(("gate", "next_month", "blend", "is_open")) == 1.0
    weights = [named.get(("weight", "served", name, "weight")) for name in STRATEGIES]
    terms = [named.get(("probability", "served", n, "coefficient")) for n in PROBABILITY_TERMS]
    methods = figures.loc[figures["part"] == "method", "name"].tolist()
    return Backtest(
        weights=np.array(weights) if is_open else None,
        is_open=is_open,
        collaborative_method=methods[0] if methods else None,
        probability=None if None in terms or not is_open else np.array(terms),
        figures=figures[FIGURE_COLUMNS],
    )


def list_table(
    rows: pa.Table,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    rules: pd.DataFrame,
    figures: pd.DataFrame,
    as_of: date | None,
) -> pa.RecordBatchReader:
    """One row per customer and place of the list, by number, as a stream."""
    values = rule_values(rules)
    catalogue = read_catalogue(products)
    backtest = read_backtest(figures)
    day = day_number(as_of)
    if not len(customers):
        return pa.RecordBatchReader.from_batches(list_schema(), [])
    purchases = read_purchases(rows, customers=len(customers), products=catalogue.size)
    model = fit_model(
        build_histories(purchases),
        purchases,
        catalogue,
        settings=scoring_settings(values),
        method=backtest.collaborative_method,
    )
    # what the stream holds while it is read: not the rows, nor the purchases
    made = all_lists(
        model,
        build_seasons(purchases),
        read_treatment(customers),
        customers=np.arange(len(customers)),
        day=day,
        rules=list_rules(values, catalogue),
        weights=backtest.weights,
        probability=backtest.probability,
        blocked=sent_back(rows, customers=len(customers), products=catalogue.size),
    )
    method = model.collaborative_method
    batches = (list_batch(lists, method=method) for lists in made)
    return pa.RecordBatchReader.from_batches(list_schema(), batches)


def read_treatment(customers: pd.DataFrame) -> Treatment:
    """The segment rules of each customer, in order of number."""
    customers = customers.sort_values("customer_number")
    return Treatment(
        factors=customers[FACTORS].to_numpy(dtype=float),
        price_factor=customers["price_factor"].to_numpy(dtype=float),
        explore_slots=customers["explore_slots"].to_numpy(dtype=np.int64),
        group=codes(customers["popularity_group"]),
        is_listed=customers["is_listed"].to_numpy(dtype=bool),
    )


def list_schema() -> pa.Schema:
    """Columns of the lists."""
    return pa.schema(
        [
            ("customer_number", pa.int32()),
            ("rank", pa.int32()),
            ("product_number", pa.int32()),
            ("slot", pa.string()),
            ("score", pa.float64()),
            *((f"{name}_part", pa.float64()) for name in STRATEGIES),
            ("because_product_number", pa.int32()),
            ("together_product_number", pa.int32()),
            ("purchase_probability", pa.float64()),
            ("is_fallback", pa.bool_()),
            ("collaborative_method", pa.string()),
        ]
    )


def list_batch(lists: Lists, *, method: str) -> pa.RecordBatch:
    """A block of lists as Arrow."""

    def number(values: np.ndarray) -> pa.Array:
        return pa.array(values.astype(np.int32), mask=values < 0)

    slots = pa.array(["explore", "repeat"]).take(pa.array(lists.is_repeat.astype(np.int8)))
    return pa.record_batch(
        [
            number(lists.customer),
            number(lists.place),
            number(lists.product),
            slots,
            pa.array(lists.score),
            *(pa.array(lists.parts[:, place]) for place in range(len(STRATEGIES))),
            number(lists.because),
            number(lists.together),
            pa.array(lists.chance, mask=np.isnan(lists.chance)),
            pa.array(lists.is_fallback),
            pa.array(np.full(len(lists.score), method, dtype=object), pa.string()),
        ],
        schema=list_schema(),
    )


def read_days(rows: pa.Table, *, customers: int, products: int) -> Days:
    """Days with purchases of each customer and product; several baskets of a day are one."""
    customer = numbers(rows, "customer_number")
    kept = (customer >= 0) & ~rows["is_sent_back"].to_numpy().astype(bool)
    customer, product, day = (
        customer[kept],
        numbers(rows, "product_number")[kept],
        numbers(rows, "ordered_on")[kept],
    )
    quantity = rows["quantity"].to_numpy().astype(float)[kept]
    order = order_by(customer, product, day)
    customer, product, day, quantity = (
        values[order] for values in (customer, product, day, quantity)
    )
    if len(order):
        new = (
            (customer[1:] != customer[:-1]) | (product[1:] != product[:-1]) | (day[1:] != day[:-1])
        )
        starts = np.flatnonzero(np.concatenate([[True], new]))
        quantity = np.add.reduceat(quantity, starts)
        customer, product, day = customer[starts], product[starts], day[starts]
    return Days(
        customer=customer,
        product=product,
        day=day,
        quantity=quantity,
        customers=customers,
        products=products,
    )


def repeat_fit_table(
    rows: pa.Table, *, customers: int, products: int, rules: pd.DataFrame, as_of: date | None
) -> pd.DataFrame:
    """Corrections and quality of the chances of next purchases, from a sample of customers."""
    most = int(wanted(rule_values(rules), "backtest_customers_most"))
    days = read_days(rows, customers=customers, products=products)
    if customers > most:
        kept = np.zeros(customers, dtype=bool)
        kept[sampled(np.arange(customers), most=most)] = True
        days = days.where(kept[days.customer])
    figures = repeat_figures(days, as_of=day_number(as_of))
    figures["as_of_date"] = as_of
    return figures


def next_purchase_table(
    rows: pa.Table,
    *,
    customers: pd.DataFrame,
    products: pd.DataFrame,
    figures: pd.DataFrame,
    as_of: date | None,
) -> pa.Table:
    """One row per customer and product bought on two days or more: what, when, how many."""
    days = read_days(rows, customers=len(customers), products=len(products))
    known = known_pairs(days, as_of=day_number(as_of))
    rhythms = fit_rhythms(known.pairs, products=len(products))
    predicted = predict(known.pairs, rhythms, horizons=HORIZONS)
    chances = corrected_chances(known, predicted, read_corrections(figures))
    is_worse = worse_than_naive(figures)
    if is_worse:
        chances = {h: frequency_chances(known.pairs, horizon=h) for h in HORIZONS}
    customer_ids = customers.sort_values("customer_number")["customer_id"].to_numpy(dtype=object)
    product_ids = products.sort_values("product_number")["product_id"].to_numpy(dtype=object)
    today = np.datetime64(as_of or EPOCH, "D")

    def ahead(values: np.ndarray, rounded: np.ufunc) -> np.ndarray:
        return today + rounded(np.minimum(values, FURTHEST_DAYS)).astype("timedelta64[D]")

    is_overdue = known.pairs.elapsed > predicted.usual_gap_upper
    size = known.pairs.size
    return pa.table(
        {
            "customer_id": pa.array(customer_ids[known.customer], pa.string()),
            "product_id": pa.array(product_ids[known.pairs.product], pa.string()),
            "purchase_count": known.pairs.gaps + 1,
            "usual_interval_days": predicted.usual_gap,
            "usual_interval_days_lower": predicted.usual_gap_lower,
            "usual_interval_days_upper": predicted.usual_gap_upper,
            "days_since_last": known.pairs.elapsed.astype(np.int64),
            **{f"purchase_probability_{h}_days": chances[h] for h in HORIZONS},
            "stopped_probability": predicted.stopped_chance,
            "expected_quantity": predicted.quantity,
            "is_overdue": is_overdue,
            "method": pa.array(
                ["personal_frequency" if is_worse else "gamma_renewal"] * size, pa.string()
            ),
            "status": pa.array(
                np.where(known.pairs.gaps >= 2, "ok", "short_history").astype(object), pa.string()
            ),
            "last_purchased_on": known.last_day.astype("datetime64[D]"),
            "next_purchase_on": ahead(predicted.days_ahead, np.rint),
            "next_purchase_on_lower": ahead(predicted.days_ahead_lower, np.floor),
            "next_purchase_on_upper": ahead(predicted.days_ahead_upper, np.ceil),
            "as_of_date": np.full(size, today),
        }
    )


def worse_than_naive(figures: pd.DataFrame) -> bool:
    """Whether the chances lost to the naive ones over all horizons, where that was measured."""
    own = figures[(figures["part"] == "quality") & (figures["metric"] == "log_loss")]
    return bool(len(own)) and bool(own["value"].sum() >= own["baseline_value"].sum())


def read_corrections(figures: pd.DataFrame) -> dict[int, np.ndarray | None]:
    """The learned corrections by horizon."""
    rows = figures[figures["part"] == "correction"]
    result: dict[int, np.ndarray | None] = {}
    for horizon in HORIZONS:
        own = rows[rows["horizon_days"] == horizon].set_index("metric")["value"]
        result[horizon] = own.reindex(CORRECTION_TERMS).to_numpy() if len(own) else None
    return result
