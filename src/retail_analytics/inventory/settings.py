"""What a product's row may say about itself, and what stands in where it says nothing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from retail_analytics.inventory.newsvendor import critical_ratio


@dataclass(frozen=True)
class InventorySettings:
    """Defaults for products whose own column is missing or null, and the rules compared with.

    `service_target` is the probability of no stock-out in a protection interval (0 to 1),
    `holding_cost_rate` the yearly cost of stock over its value, `order_cost` the money an order
    costs whatever its size, `salvage_rate` what a spoilt unit still brings over its cost,
    `lead_time_sd_share` the standard deviation of a lead time over its mean where only the mean is
    known, `cover_weeks` the stock beyond review and lead time of the weeks-of-cover rule.
    """

    service_target: float
    review_period_days: int
    lead_time_days: float
    lead_time_sd_share: float
    holding_cost_rate: float
    order_cost: float
    salvage_rate: float
    cover_weeks: float


@dataclass(frozen=True)
class ArticleParameters:
    """The settings of each product, arrays of (products,); amounts are NaN where unknown."""

    service_target: np.ndarray
    service_source: np.ndarray
    review_period_days: np.ndarray
    lead_time_days: np.ndarray
    lead_time_sd_days: np.ndarray
    lead_time_source: np.ndarray
    holding_cost_rate: np.ndarray
    order_cost: np.ndarray
    unit_cost: np.ndarray
    on_hand: np.ndarray
    on_order: np.ndarray
    cover_weeks: np.ndarray
    in_stock_share: np.ndarray

    @property
    def interval_days(self) -> np.ndarray:
        return self.review_period_days + self.lead_time_days


def product_parameters(articles: pd.DataFrame, *, settings: InventorySettings) -> ArticleParameters:
    """Each product's parameters: its own column where there is a value, else the setting.

    Optional columns: service_target, review_period_days, lead_time_days, lead_time_sd_days,
    default_lead_time_days (where the product's own is missing), lead_time_sd_share,
    holding_cost_rate, order_cost, salvage_rate, cover_weeks, unit_cost, list_price, is_perishable,
    on_hand_units, on_order_units, in_stock_share (of the counts since the last sale those at which
    there was stock; 1 where there is none). A perishable product with price above cost gets the
    critical ratio as its service. `lead_time_source` is `input`, `input_days` (the deviation from
    the default share) or `default`. Raises ValueError naming the column for a value out of range.
    """
    own_lead_time = _column(articles, "lead_time_days")
    own_sd = _column(articles, "lead_time_sd_days")
    default = _column(articles, "default_lead_time_days", default=settings.lead_time_days)
    lead_time = np.where(np.isnan(own_lead_time), default, own_lead_time)
    sd_share = _column(articles, "lead_time_sd_share", default=settings.lead_time_sd_share)
    # A deviation without its mean says nothing about the default's.
    known_sd = ~np.isnan(own_sd) & ~np.isnan(own_lead_time)
    review = _column(articles, "review_period_days", default=settings.review_period_days)
    if (review < 1).any() or (review != np.floor(review)).any():
        raise ValueError("review_period_days: not a whole number of at least 1")

    service = _column(articles, "service_target", default=settings.service_target)
    if ((service <= 0) | (service >= 1)).any():
        raise ValueError("service_target: not between 0 and 1")
    unit_cost, price = _column(articles, "unit_cost"), _column(articles, "list_price")
    spoils = np.zeros(len(articles), dtype=bool)
    if "is_perishable" in articles.columns:
        spoils = articles["is_perishable"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    salvage_rate = _column(articles, "salvage_rate", default=settings.salvage_rate)
    left_over = unit_cost * (1 - salvage_rate)
    by_ratio = spoils & (price > unit_cost) & (left_over > 0)
    service = service.copy()
    service[by_ratio] = critical_ratio(
        underage_cost=(price - unit_cost)[by_ratio], overage_cost=left_over[by_ratio]
    )
    return ArticleParameters(
        service_target=service,
        service_source=np.where(by_ratio, "critical_ratio", "rule"),
        review_period_days=review,
        lead_time_days=lead_time,
        lead_time_sd_days=np.where(
            lead_time > 0, np.where(known_sd, own_sd, lead_time * sd_share), 0.0
        ),
        lead_time_source=np.select(
            [np.isnan(own_lead_time), known_sd], ["default", "input"], default="input_days"
        ),
        holding_cost_rate=_column(
            articles, "holding_cost_rate", default=settings.holding_cost_rate
        ),
        order_cost=_column(articles, "order_cost", default=settings.order_cost),
        unit_cost=unit_cost,
        # Below zero is sold and not yet there.
        on_hand=_column(articles, "on_hand_units", least=-np.inf),
        on_order=_column(articles, "on_order_units", default=0.0),
        cover_weeks=_column(articles, "cover_weeks", default=settings.cover_weeks),
        in_stock_share=_column(articles, "in_stock_share", default=1.0),
    )


def _column(
    articles: pd.DataFrame, name: str, *, default: float = np.nan, least: float = 0.0
) -> np.ndarray:
    """The column as float64 with `default` for nulls; ValueError for what is no amount."""
    if name not in articles.columns:
        return np.full(len(articles), float(default))
    given = articles[name]
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    there = given.notna().to_numpy()
    if not np.isfinite(values[there]).all():
        raise ValueError(f"{name}: a value is not a finite number")
    if (values[there] < least).any():
        raise ValueError(f"{name}: a value is below zero")
    return np.where(np.isnan(values), default, values)
