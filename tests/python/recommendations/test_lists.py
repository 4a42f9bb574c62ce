"""Lists of customers: rules kept, parts that add up, odd shops, no look ahead."""

import weakref

import numpy as np
import pandas as pd
import pytest
from recommendation_shop import (
    TODAY,
    backtest,
    customer_rows,
    lists,
    product_rows,
    purchase_rows,
    random_orders,
    rules,
)

from retail_analytics.recommendations import tables
from retail_analytics.recommendations.ordering import best_entries, best_of_runs, ranks_in_rows
from retail_analytics.recommendations.strategies import STRATEGIES

PARTS = [f"{name}_part" for name in STRATEGIES]
CUSTOMERS, PRODUCTS = 240, 60


@pytest.fixture(scope="module")
def shop():
    orders = random_orders(customers=CUSTOMERS, products=PRODUCTS, orders=3000, days=500, seed=11)
    rows, products = purchase_rows(orders), product_rows(PRODUCTS)
    figures = backtest(rows, customers=CUSTOMERS, products=products)
    return orders, rows, products, figures


@pytest.fixture(scope="module")
def listed(shop) -> pd.DataFrame:
    _, rows, products, figures = shop
    return lists(rows, customers=customer_rows(CUSTOMERS), products=products, figures=figures)


def test_every_customer_has_ten_different_products_in_order_of_score(listed) -> None:
    assert listed.groupby("customer_number").size().eq(10).all()
    assert listed["customer_number"].nunique() == CUSTOMERS
    assert not listed.duplicated(["customer_number", "product_number"]).any()
    assert not listed.duplicated(["customer_number", "rank"]).any()
    falling = listed.sort_values(["customer_number", "rank"]).groupby("customer_number")["score"]
    assert falling.diff().fillna(0).le(1e-9).all()


def test_parts_add_up_to_the_score(listed) -> None:
    assert np.allclose(listed[PARTS].sum(axis=1), listed["score"])
    assert (listed[PARTS] >= 0).all().all()


def test_slots_say_what_was_bought_before(shop, listed) -> None:
    orders, *_ = shop
    bought = {(customer, product) for customer, _, basket in orders for product in basket}
    known = [
        pair in bought for pair in zip(listed.customer_number, listed.product_number, strict=True)
    ]
    assert (listed["slot"].eq("repeat") == known).all()
    kept = listed.assign(new=listed["slot"] == "explore").groupby("customer_number")["new"].sum()
    assert kept.ge(1).all()


def test_what_a_reason_names_is_the_customers_own(shop, listed) -> None:
    orders, *_ = shop
    bought = {(customer, product) for customer, _, basket in orders for product in basket}
    newest: dict[int, int] = {}
    for customer, age, _ in orders:
        newest[customer] = min(age, newest.get(customer, age))
    in_last = {(c, product) for c, age, basket in orders if age == newest[c] for product in basket}
    for column, own in (("because_product_number", bought), ("together_product_number", in_last)):
        named = listed.dropna(subset=[column])
        assert len(named) > 100
        assert all(
            pair in own
            for pair in zip(named.customer_number, named[column].astype(int), strict=True)
        )
        assert (named[column] != named["product_number"]).all()


def test_rows_in_another_order_give_the_same_lists(shop, listed) -> None:
    _, rows, products, figures = shop
    shuffled = rows.take(np.random.default_rng(12).permutation(rows.num_rows))
    again = lists(
        shuffled,
        customers=customer_rows(CUSTOMERS).sample(frac=1, random_state=1),
        products=products.sample(frac=1, random_state=2),
        figures=figures,
    )
    pd.testing.assert_frame_equal(listed, again)
    pd.testing.assert_frame_equal(
        figures, backtest(shuffled, customers=CUSTOMERS, products=products)
    )


def test_baskets_after_the_month_change_nothing_that_was_learned_or_tested(shop) -> None:
    """The test month ends on 30 November: what December brings is not known."""
    orders, _, products, figures = shop
    rng = np.random.default_rng(13)
    first_of_december = 30
    changed = [
        (customer, age, basket)
        if age > first_of_december
        else (int(rng.integers(CUSTOMERS)), age, rng.integers(0, PRODUCTS, 3).tolist())
        for customer, age, basket in orders
    ]
    again = backtest(
        purchase_rows([(c, a, sorted(set(b))) for c, a, b in changed]),
        customers=CUSTOMERS,
        products=products,
    )

    def of_month(table: pd.DataFrame) -> pd.DataFrame:
        month = table[(table["test"] == "next_month") | (table["part"] == "weight")]
        return month.reset_index(drop=True)

    assert len(of_month(figures)) > 50
    pd.testing.assert_frame_equal(of_month(figures), of_month(again))


def test_rules_of_products_and_consent_hold(shop) -> None:
    _, rows, _, figures = shop
    offered = [n % 5 != 0 for n in range(PRODUCTS)]
    allowed = [n % 2 == 0 for n in range(CUSTOMERS)]
    listed = lists(
        rows,
        customers=customer_rows(CUSTOMERS, is_listed=allowed),
        products=product_rows(PRODUCTS, is_offered=offered),
        figures=figures,
        rules=rules(category_cap=4, list_length=8, explore_slots=3),
    )
    assert listed["product_number"].mod(5).ne(0).all()
    assert listed["customer_number"].mod(2).eq(0).all()
    assert listed["rank"].max() == 8
    category = listed["product_number"] % 3
    assert listed.groupby(["customer_number", category]).size().le(4).all()


def test_slots_for_new_products_are_the_customers_strategy(shop) -> None:
    _, rows, products, figures = shop
    slots = [n % 6 for n in range(CUSTOMERS)]
    listed = lists(
        rows,
        customers=customer_rows(CUSTOMERS, explore_slots=slots),
        products=products,
        figures=figures,
        rules=rules(category_cap=10),
    )
    new = listed["slot"].eq("explore").groupby(listed["customer_number"]).sum()
    assert (new >= pd.Series(slots)).all()


def test_a_strategy_moves_the_price_of_what_is_listed(shop) -> None:
    _, rows, products, figures = shop
    mean_price = {}
    for factor in (0.5, 2.0):
        treated = customer_rows(
            CUSTOMERS,
            price_factor=[factor] * CUSTOMERS,
            price_affinity_factor=[1e9] * CUSTOMERS,
        )
        listed = lists(rows, customers=treated, products=products, figures=price_figures(figures))
        new = listed[listed["slot"] == "explore"]
        mean_price[factor] = products["price"].to_numpy()[new["product_number"]].mean()
    assert mean_price[0.5] < 0.8 * mean_price[2.0]


def price_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """The figures with the gate open and some weight on the price."""
    figures = figures.copy()
    served = (figures["part"] == "weight") & (figures["test"] == "served")
    figures.loc[served, "value"] = 0.2
    figures.loc[figures["metric"] == "is_open", "value"] = 1.0
    return figures


def test_what_was_sent_back_is_not_offered_again() -> None:
    orders = [(0, 10, [0, 1]), (1, 20, [0, 1, 2]), (2, 30, [0, 2, 3])]
    listed = lists(
        purchase_rows(orders, sent_back={(0, 1)}),
        customers=customer_rows(3),
        products=product_rows(4),
    )
    of_first = listed[listed["customer_number"] == 0]
    assert 1 not in set(of_first["product_number"])
    assert of_first.set_index("product_number")["slot"].to_dict()[0] == "repeat"


def test_who_never_bought_gets_what_sells_in_the_region_and_it_says_so() -> None:
    orders = [(n, n % 29, [0] if n < 40 else [1, 2]) for n in range(1, 60)]
    listed = lists(
        purchase_rows(orders),
        customers=customer_rows(
            61, popularity_group=["South", *["North"] * 39, *["South"] * 20, "North"]
        ),
        products=product_rows(5),
    )
    cold = listed[listed["customer_number"].isin([0, 60])]
    assert cold["is_fallback"].all()
    assert cold["purchase_probability"].isna().all()
    best = cold[cold["rank"] == 1].set_index("customer_number")["product_number"]
    assert best[0] in (1, 2)
    assert best[60] == 0
    # what nobody bought lately is in nobody's list
    assert set(cold["product_number"]) == {0, 1, 2}


@pytest.mark.parametrize(
    ("orders", "customers", "products"),
    [
        ([], 0, 0),
        ([], 3, 2),
        ([(0, 5, [0])], 1, 1),
        ([(None, 5, [0, 1])], 2, 2),
        ([(n, 5, [0, 1, 2]) for n in range(50)], 50, 3),
        ([(n, n % 300, [0]) for n in range(200)], 200, 1),
        ([(0, 200 - n, [n]) for n in range(200)], 1, 200),
    ],
    ids=[
        "nothing",
        "no order",
        "one customer, one product",
        "guests alone",
        "all customers alike",
        "one product",
        "one customer, everything once",
    ],
)
def test_odd_shops_have_lists_or_none_and_every_table_its_columns(
    orders, customers, products
) -> None:
    rows, items = purchase_rows(orders), product_rows(products)
    buyers = customer_rows(customers)
    figures = backtest(rows, customers=customers, products=items)
    assert not figures["value"].isin([np.inf, -np.inf]).any()
    gate = figures[figures["metric"] == "is_open"]["value"]
    assert gate.tolist() == [0.0]
    listed = lists(rows, customers=buyers, products=items, figures=figures)
    assert list(listed.columns) == tables.list_schema().names
    assert listed["is_fallback"].all()
    repeat = tables.repeat_fit_table(
        rows, customers=customers, products=products, rules=rules(), as_of=TODAY
    )
    due = tables.next_purchase_table(
        rows, customers=buyers, products=items, figures=repeat, as_of=TODAY
    )
    assert due.num_rows == 0
    found = tables.association_rule_table(rows, products=items, rules=rules(), z=1.28, as_of=TODAY)
    assert len(found) == (6 if len(orders) == 50 else 0)
    if len(orders) == 50:
        assert found["lift"].eq(1).all()
        assert not found["is_significant"].any()


def test_ten_thousand_products_bought_once_fit_into_a_little_memory() -> None:
    """One buyer of everything, and one of a single product who is not drowned by it."""
    orders = [(0, 40, list(range(10_000))), (1, 3, [7])]
    rows, items = purchase_rows(orders), product_rows(10_000)
    listed = lists(rows, customers=customer_rows(2), products=items)
    assert listed.groupby("customer_number").size().tolist() == [10, 10]
    assert listed[listed["customer_number"] == 1].iloc[0]["product_number"] == 7


def test_a_category_full_of_gift_cards_leaves_the_others() -> None:
    categories = ["Gift cards"] * 30 + ["Home"] * 3
    orders = [(n, n, [n % 30, 30 + n % 3]) for n in range(60)]
    listed = lists(
        purchase_rows(orders),
        customers=customer_rows(60),
        products=product_rows(
            33, category=categories, is_offered=[name == "Home" for name in categories]
        ),
    )
    assert listed["product_number"].ge(30).all()
    assert listed.groupby("customer_number").size().eq(3).all()


def test_products_without_category_brand_or_price_are_listed() -> None:
    items = product_rows(12, category=[None] * 12, brand=[None] * 12, price=[np.nan] * 12)
    orders = [(n, n, [n % 12, (n + 1) % 12]) for n in range(80)]
    listed = lists(purchase_rows(orders), customers=customer_rows(80), products=items)
    assert listed.groupby("customer_number").size().eq(10).all()
    assert listed[["content_part", "price_affinity_part"]].eq(0).all().all()


def test_the_packed_sort_is_the_plain_one() -> None:
    rng = np.random.default_rng(14)
    rows, scores = rng.integers(0, 50, 4000), rng.integers(0, 30, 4000) / 7
    best = best_entries(rows, scores, most=5)
    table = pd.DataFrame({"row": rows, "score": scores}).sort_values(
        ["row", "score"], ascending=[True, False], kind="stable"
    )
    assert best.tolist() == table.groupby("row").head(5).index.tolist()
    ordered = np.sort(rows)
    assert (best_of_runs(ordered, scores) == best_entries(ordered, scores, most=1)).all()
    expected = pd.Series(scores).groupby(rows).rank(method="min", ascending=False)
    assert (ranks_in_rows(rows, scores) == expected).all()
    with pytest.raises(ValueError, match="rows"):
        ranks_in_rows(np.array([2**16]), np.array([1.0]))


@pytest.mark.parametrize("column", ["product_number", "category", "price", "is_offered"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(ValueError, match=column):
        tables.read_catalogue(product_rows(2).drop(columns=column))


def test_a_missing_rule_is_named() -> None:
    without = rules().query("rule != 'list_length'")
    with pytest.raises(ValueError, match="list_length"):
        lists(
            purchase_rows([(0, 1, [0])]),
            customers=customer_rows(1),
            products=product_rows(1),
            rules=without,
        )


def test_what_was_bought_yesterday_is_not_listed_again_until_it_may_be_due() -> None:
    # all buy product 0 about every 60 days, six times, customer 0 last yesterday, customer 1 a
    # usual gap ago; product 1 on two days alone, yesterday again: no rhythm is known of it
    # product 3, bought every 30 days, is due within the month
    orders: list[tuple[int, int, list[int]]] = []
    for customer in range(40):
        orders += [(customer, 4 + 30 * n, [3]) for n in range(8)]
        last = 1 if customer == 0 else 60 if customer == 1 else 20 + customer
        orders += [(customer, last + 60 * n + (customer + n) % 5, [0, 2]) for n in range(1, 6)]
        orders += [(customer, last, [0]), (customer, 1, [1]), (customer, 120, [1])]
    rows, products = purchase_rows(orders), product_rows(12)

    def repeats(**changes: float) -> pd.Series:
        table = lists(rows, customers=customer_rows(40), products=products, rules=rules(**changes))
        return (
            table[table["slot"] == "repeat"].groupby("customer_number")["product_number"].agg(set)
        )

    assert repeats()[0] == {1, 2, 3}
    assert repeats()[1] == {0, 1, 2, 3}
    assert repeats(soonest_repeat=0)[0] == {0, 1, 2, 3}


def test_a_stream_of_lists_holds_no_row_that_was_read(shop) -> None:
    _, rows, products, figures = shop
    rows = rows.slice(0)
    customers = customer_rows(CUSTOMERS)
    held = [weakref.ref(rows), weakref.ref(customers)]
    reader = tables.list_table(
        rows, customers=customers, products=products, rules=rules(), figures=figures, as_of=TODAY
    )
    del rows, customers
    assert [one() for one in held] == [None, None]
    assert reader.read_next_batch().num_rows
