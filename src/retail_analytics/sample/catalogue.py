"""The articles: prices, costs, popularity, and which product a buyer's taste leads to."""

from dataclasses import dataclass

import numpy as np

from retail_analytics.sample.columns import Stream, choose, stream
from retail_analytics.sample.process import Process

FEWEST_PRODUCTS = 40


@dataclass(frozen=True)
class Catalogue:
    """One entry per product; `chances` has one row per group of taste (see `group_of`).

    substitute: the product that is bought on days when this one is not asked for. is_asked:
    products x days.
    """

    category: np.ndarray
    tier: np.ndarray
    kind: np.ndarray
    brand: np.ndarray
    warehouse: np.ndarray
    list_cents: np.ndarray
    cost_cents: np.ndarray
    lead_time_days: np.ndarray
    lead_time_sd_days: np.ndarray
    weight: np.ndarray
    substitute: np.ndarray
    is_asked: np.ndarray
    chances: np.ndarray
    categories: int

    @property
    def size(self) -> int:
        """Number of articles."""
        return len(self.category)

    def group_of(self, taste: np.ndarray, category: np.ndarray) -> np.ndarray:
        """Row of `chances` for a price taste and a category (`categories` = any category)."""
        return taste * (self.categories + 1) + category

    def draw(self, rng: np.random.Generator, group: np.ndarray) -> np.ndarray:
        """A product for each group of taste."""
        # a draw that rounded up to the next whole number would fall into the next group
        position = group + rng.random(len(group)) * (1 - 1e-9)
        return np.searchsorted(self.chances.ravel(), position, side="right") - group * self.size


def build_catalogue(process: Process, *, customers: int, seed: int, days: int) -> Catalogue:
    """Draws the products of a shop with this many customers."""
    rng = stream(seed, Stream.CATALOGUE)
    categories = len(process.categories)
    growth = (customers / 2000) ** process.product_growth
    size = max(FEWEST_PRODUCTS, round(process.products_at_2000 * growth))
    category = np.arange(size) % categories
    rank = rng.permutation(size)
    weight = (rank + process.zipf_shift) ** -process.zipf_exponent
    weight /= weight.sum()

    kind = choose(rng, tuple(kind.share for kind in process.demand_kinds), size)
    kind[rank < process.steady_top_share * size] = 0
    medians = np.array([c.median_price for c in process.categories])[category]
    price = medians * np.exp(rng.normal(0, process.price_log_sd, size))
    list_cents = np.maximum(np.round(price), 1).astype(int) * 100 - 1
    margins = np.array([c.margin for c in process.categories])[category]
    cost_cents = np.round(list_cents * (1 - margins * rng.uniform(0.8, 1.1, size))).astype(int)
    lead_means = np.array([c.lead_time_days for c in process.categories])[category]
    lead_time_days = np.maximum(1, np.round(lead_means * rng.uniform(0.7, 1.3, size))).astype(int)

    tier = price_tiers(category, list_cents, tiers=len(process.price_tiers))
    substitute = substitutes(category=category, tier=tier, rank=rank, is_steady=kind == 0)
    active = np.array([k.active_day_share for k in process.demand_kinds])[kind]
    return Catalogue(
        category=category,
        tier=tier,
        kind=kind,
        brand=rng.integers(0, len(process.brands), size),
        warehouse=np.array([c.warehouse for c in process.categories])[category],
        list_cents=list_cents,
        cost_cents=cost_cents,
        lead_time_days=lead_time_days,
        lead_time_sd_days=np.round(lead_time_days * rng.uniform(0.1, 0.35, size), 1),
        weight=weight,
        substitute=substitute,
        is_asked=rng.random((size, days)) < active[:, None],
        chances=taste_chances(process, weight=weight, tier=tier, category=category),
        categories=categories,
    )


def price_tiers(category: np.ndarray, list_cents: np.ndarray, *, tiers: int) -> np.ndarray:
    """Tier 0, 1, 2 of each product by the rank of its price within its category."""
    tier = np.empty(len(category), dtype=int)
    for own in np.unique(category):
        members = np.flatnonzero(category == own)
        order = members[np.lexsort((members, list_cents[members]))]
        tier[order] = np.arange(len(order)) * tiers // len(order)
    return tier


def substitutes(
    *, category: np.ndarray, tier: np.ndarray, rank: np.ndarray, is_steady: np.ndarray
) -> np.ndarray:
    """The most popular steady peer: same category, and same price tier where there is one."""
    best = np.arange(len(category))
    for item in range(len(category)):
        peers = np.flatnonzero((category == category[item]) & is_steady)
        if len(peers):
            best[item] = peers[np.lexsort((rank[peers], tier[peers] != tier[item]))[0]]
    return best


def taste_chances(
    process: Process, *, weight: np.ndarray, tier: np.ndarray, category: np.ndarray
) -> np.ndarray:
    """Cumulative chances of the products by taste group, each row shifted by its own number."""
    rows = []
    for taste in range(len(process.price_tiers)):
        liked = weight * np.where(tier == taste, process.taste_factor, 1.0)
        for own in range(len(process.categories) + 1):
            inside = liked * ((category == own) | (own == len(process.categories)))
            rows.append(np.cumsum(inside) / inside.sum())
    chances = np.array(rows)
    chances /= chances[:, -1:]
    return chances + np.arange(len(chances))[:, None]
