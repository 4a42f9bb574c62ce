"""Pairs of customer and product bought on several days, as of a day."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from retail_analytics.recommendations.histories import Purchases
from retail_analytics.recommendations.ordering import begins_run, distinct, order_by
from retail_analytics.recommendations.rhythms import Pairs

TENURE_DAYS = 30


@dataclass(frozen=True)
class Days:
    """One entry per customer, product and day of purchase, sorted by them.

    quantity: units of the day. customers, products: how many there are.
    """

    customer: np.ndarray
    product: np.ndarray
    day: np.ndarray
    quantity: np.ndarray
    customers: int
    products: int

    def where(self, kept: np.ndarray) -> Self:
        """Those of a mask."""
        return replace(
            self,
            customer=self.customer[kept],
            product=self.product[kept],
            day=self.day[kept],
            quantity=self.quantity[kept],
        )


@dataclass(frozen=True)
class Known:
    """Pairs bought on two days or more until a day, with who they are and what corrects them."""

    customer: np.ndarray
    pairs: Pairs
    first_day: np.ndarray
    last_day: np.ndarray
    customer_elapsed: np.ndarray
    customer_rate: np.ndarray


def known_pairs(days: Days, *, as_of: int) -> Known:
    """Adds up the days until `as_of` by customer and product."""
    days = days.where(days.day <= as_of)
    code = days.customer * max(days.products, 1) + days.product
    begins = begins_run(code)
    starts = np.flatnonzero(begins)
    size = np.diff(np.concatenate([starts, [len(code)]]))
    gap = np.diff(days.day, prepend=days.day[:1]).astype(float)
    log_gap = np.zeros(len(gap))
    log_gap[~begins] = np.log(gap[~begins])

    def added(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, starts) if len(starts) else np.zeros(0)

    log_sum, square_sum, units = added(log_gap), added(log_gap**2), added(days.quantity)
    again = size >= 2
    first, last = days.day[starts][again], days.day[starts + size - 1][again]
    customer = days.customer[starts][again]
    visits, first_visit, last_visit = customer_visits(days)
    tenure = as_of - first_visit[customer] + TENURE_DAYS
    return Known(
        customer=customer,
        pairs=Pairs(
            product=days.product[starts][again],
            gaps=size[again] - 1,
            gap_days=(last - first).astype(float),
            log_gap_sum=log_sum[again],
            log_gap_square_sum=square_sum[again],
            elapsed=(as_of - last).astype(float),
            quantity=units[again] / size[again],
        ),
        first_day=first,
        last_day=last,
        customer_elapsed=(as_of - last_visit[customer]).astype(float),
        customer_rate=visits[customer] / tenure,
    )


def customer_visits(days: Days) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By customer: days with a purchase, the first and the last of them."""
    first = np.zeros(days.customers, dtype=np.int64)
    last = np.zeros(days.customers, dtype=np.int64)
    if not len(days.day):
        return np.zeros(days.customers, dtype=np.int64), first, last
    low = int(days.day.min())
    span = int(days.day.max()) - low + 1
    visit = distinct(days.customer * span + (days.day - low))
    customer, day = np.divmod(visit, span)
    first[customer[::-1]] = day[::-1] + low
    last[customer] = day + low
    return np.bincount(customer, minlength=days.customers), first, last


def purchase_days(purchases: Purchases) -> Days:
    """The days of purchases (sorted by customer and day), without quantities."""
    order = order_by(purchases.customer, purchases.product, purchases.day)
    customer, product, day = (
        values[order] for values in (purchases.customer, purchases.product, purchases.day)
    )
    new = (customer[1:] != customer[:-1]) | (product[1:] != product[:-1]) | (day[1:] != day[:-1])
    first = np.flatnonzero(np.concatenate([[True], new])[: len(order)])
    return Days(
        customer=customer[first],
        product=product[first],
        day=day[first],
        quantity=np.ones(len(first)),
        customers=purchases.customers,
        products=purchases.products,
    )
