"""What customers bought until a day, as arrays: one entry per customer and product."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from retail_analytics.recommendations.ordering import begins_run, order_by


@dataclass(frozen=True)
class Purchases:
    """One entry per order and product, sorted by customer, day, basket, product.

    customer, product, basket: numbers from 0 (no guests here). day: days since any fixed day.
    """

    customer: np.ndarray
    product: np.ndarray
    basket: np.ndarray
    day: np.ndarray
    customers: int
    products: int

    def where(self, kept: np.ndarray) -> Self:
        """Those of a mask."""
        return Purchases(
            customer=self.customer[kept],
            product=self.product[kept],
            basket=self.basket[kept],
            day=self.day[kept],
            customers=self.customers,
            products=self.products,
        )

    @property
    def baskets_left(self) -> np.ndarray:
        """How many later baskets the same customer has, for each entry (0 in the last)."""
        if not len(self.customer):
            return np.zeros(0, dtype=np.int64)
        starts = begins_run(self.basket)
        number = np.cumsum(starts)
        last = np.zeros(self.customers, dtype=np.int64)
        last[self.customer] = number
        return last[self.customer] - number


def sorted_purchases(
    *,
    customer: np.ndarray,
    product: np.ndarray,
    basket: np.ndarray,
    day: np.ndarray,
    customers: int,
    products: int,
) -> Purchases:
    """Purchases in order, each product of a basket once, whatever the order of the rows given."""
    order = order_by(customer, day, basket, product)
    arrays = [array[order] for array in (customer, product, basket, day)]
    if len(order):
        again = (arrays[2][1:] == arrays[2][:-1]) & (arrays[1][1:] == arrays[1][:-1])
        kept = np.concatenate([[True], ~again])
        arrays = [array[kept] for array in arrays]
    return Purchases(*arrays, customers=customers, products=products)


@dataclass(frozen=True)
class Histories:
    """What each customer bought: one entry per customer and product, by customer, then product.

    customer, product: numbers. baskets: how many baskets held it. first_day, last_day: of these.
    later_baskets: the customer's baskets after the first with it. start: customers + 1 offsets into
    the entries. basket_count, first_basket_day, last_basket_day: by customer (0, -1 and -1 without
    a purchase). product_baskets: by product. last_basket: products of each customer's last basket,
    as a matrix customers x products of ones; bought: of all baskets.
    """

    customer: np.ndarray
    product: np.ndarray
    baskets: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray
    start: np.ndarray
    later_baskets: np.ndarray
    basket_count: np.ndarray
    first_basket_day: np.ndarray
    last_basket_day: np.ndarray
    product_baskets: np.ndarray
    last_basket: sparse.csr_matrix
    bought: sparse.csr_matrix
    products: int

    @property
    def customers(self) -> int:
        """Number of customers, with and without purchases."""
        return len(self.basket_count)


def build_histories(purchases: Purchases) -> Histories:
    """Adds up purchases (sorted) by customer and product."""
    customers, products = purchases.customers, purchases.products
    code = purchases.customer.astype(np.int64) * max(products, 1) + purchases.product
    order = order_by(purchases.customer, purchases.product)
    code = code[order]
    starts = np.flatnonzero(begins_run(code))
    ends = np.concatenate([starts[1:], [len(code)]])[: len(starts)]
    day = purchases.day[order]
    customer, product = purchases.customer[order][starts], purchases.product[order][starts]

    new_basket = np.concatenate([[True], purchases.basket[1:] != purchases.basket[:-1]])
    new_basket = new_basket[: len(code)]
    basket_number = np.cumsum(new_basket)
    basket_count = np.bincount(purchases.customer[new_basket], minlength=customers).astype(np.int64)
    last_day = np.full(customers, -1, dtype=np.int64)
    last_day[purchases.customer] = purchases.day
    last_number = np.zeros(customers, dtype=np.int64)
    last_number[purchases.customer] = basket_number
    in_last = basket_number == last_number[purchases.customer]
    first_number = basket_number[order][starts]
    first_day = np.full(customers, -1, dtype=np.int64)
    first_day[purchases.customer[::-1]] = purchases.day[::-1]
    start = np.concatenate([[0], np.cumsum(np.bincount(customer, minlength=customers))])
    return Histories(
        customer=customer,
        product=product,
        baskets=(ends - starts).astype(np.int64),
        first_day=day[starts],
        last_day=day[ends - 1] if len(ends) else day,
        start=start,
        later_baskets=last_number[customer] - first_number,
        basket_count=basket_count,
        first_basket_day=first_day,
        last_basket_day=last_day,
        product_baskets=np.bincount(purchases.product, minlength=products).astype(np.int64),
        last_basket=sparse.csr_matrix(
            (
                np.ones(int(in_last.sum()), dtype=np.float32),
                (purchases.customer[in_last], purchases.product[in_last]),
            ),
            shape=(customers, products),
        ),
        bought=sparse.csr_matrix(
            (np.ones(len(product), dtype=np.float32), product, start), shape=(customers, products)
        ),
        products=products,
    )
