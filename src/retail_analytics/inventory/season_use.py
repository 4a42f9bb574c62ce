"""When the shop's season was known, and whether forecasts were better for it."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from retail_analytics.inventory.backtest import (
    MIN_GAIN,
    MIN_ORIGINS,
    Paths,
    forecast_paths,
    interval_losses,
)
from retail_analytics.inventory.demand_matrix import first_demand
from retail_analytics.inventory.lead_time_demand import lead_time_draws
from retail_analytics.inventory.replay import refit_weeks
from retail_analytics.inventory.season import (
    DAYS_AHEAD,
    LEAST_DAYS,
    LEAST_PEAK_DAYS,
    peak_index,
    season_index,
)
from retail_analytics.inventory.settings import (
    ArticleParameters,
    InventorySettings,
    product_parameters,
)
from retail_analytics.inventory.streams import ORIGIN_STREAM, product_keys

# Weeks from one estimate of the index to the next, counted back from the last.
ESTIMATE_WEEKS = 26

# Paths, their losses (methods, products, weeks) and those of the flat rule (products, weeks).
Forecasts = tuple[Paths, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Season:
    """What was known of the season at the end of some weeks, and whether it was of use.

    `indices` holds the index by day (days + DAYS_AHEAD,) as known at the end of a week, in the
    order of weeks; of less than two years of sales, only where there was a peak. `used` are those
    at whose end forecasts had been better with it, or no worse where it is a peak's.
    """

    indices: dict[int, np.ndarray] = field(default_factory=dict)
    used: frozenset[int] = frozenset()

    def index(self, week: int) -> np.ndarray | None:
        """The index that serves what is forecast at the end of `week`; None where none does."""
        return self.indices[week] if week in self.used else None


NO_SEASON = Season()


def shop_season(
    sold: np.ndarray,
    demand: np.ndarray,
    articles: pd.DataFrame,
    *,
    settings: InventorySettings,
    seed: int,
) -> Season:
    """The season of the shop, and since when it has been of use to the forecasts of `articles`.

    `sold` (days,) are the units of all products; `demand` (products, days) those of `articles`,
    of which a part of all will do.
    """
    indices = known_indices(sold)
    if not indices or not len(articles):
        return Season(indices)
    parameters = product_parameters(articles, settings=settings)
    keys = product_keys(articles["product_id"].tolist(), seed=seed)
    plain = plain_forecasts(demand, parameters=parameters, keys=keys)
    own = seasonal_forecasts(demand, plain, season=Season(indices), parameters=parameters)
    # The method that serves most is the reference.
    used = weeks_with_gain(
        plain[1][0], own[1][0], paths=plain[0], full_from=first_week(sold, least_days=LEAST_DAYS)
    )
    return Season(indices, used & frozenset(indices))


def plain_forecasts(
    demand: np.ndarray, *, parameters: ArticleParameters, keys: np.ndarray
) -> Forecasts:
    """Forecasts without a season."""
    lead_times = lead_time_draws(
        keys,
        mean=parameters.lead_time_days,
        sd=parameters.lead_time_sd_days,
        stream=ORIGIN_STREAM,
        count=demand.shape[1] // 7,
    )
    paths = forecast_paths(
        demand,
        interval_days=parameters.interval_days,
        # Drawn back from the last week: a longer window without demand changes nothing.
        drawn_days=parameters.review_period_days[:, None].astype(int) + lead_times[:, ::-1],
    )
    losses = interval_losses(
        paths,
        service=parameters.service_target,
        lead_time_sd_days=parameters.lead_time_sd_days,
    )
    return paths, *losses


def known_indices(sold: np.ndarray) -> dict[int, np.ndarray]:
    """The index as known at the end of each week in which it is estimated anew.

    `sold` (days,) are the units of all products. The first weeks with a year and with two years of
    sales are such, those in which the replay sets levels, and every half year back from the last.
    """
    weeks = len(sold) // 7
    last = weeks - 1
    first, full = (first_week(sold, least_days=days) for days in (LEAST_PEAK_DAYS, LEAST_DAYS))
    estimated = {first, full, last, *refit_weeks(weeks), *range(last, first, -ESTIMATE_WEEKS)}
    indices = {}
    for week in sorted(week for week in estimated if first <= week <= last):
        later = 7 * (last - week)
        index = season_index if week >= full else peak_index
        found = index(sold[: len(sold) - later], days_ahead=later + DAYS_AHEAD)
        if found is not None:
            indices[week] = found
    return indices


def first_week(sold: np.ndarray, *, least_days: int) -> int:
    """The week at whose end the sales of `sold` (days,) cover so many days."""
    last = len(sold) // 7 - 1
    return last - (len(sold) - int(first_demand(sold[None, :])[0]) - least_days) // 7


def seasonal_forecasts(
    demand: np.ndarray, plain: Forecasts, *, season: Season, parameters: ArticleParameters
) -> Forecasts:
    """Forecasts of each week with the index known by then, and their losses from the first on.

    The flat rule knows no season: its losses are `plain`'s, of the same weeks.
    """
    paths, _, flat_losses = plain
    weeks, count = list(season.indices), len(paths.week_end)
    mixed = {name: getattr(paths, name).copy() for name in ("rate", "variance", "share", "season")}
    for week, until in zip(weeks, [*weeks[1:], count], strict=True):
        own = forecast_paths(
            demand,
            interval_days=paths.interval_days,
            drawn_days=paths.drawn_days,
            index=season.indices[week],
        )
        for name, values in mixed.items():
            values[..., week:until] = getattr(own, name)[..., week:until]
    paths = replace(paths, **mixed)
    losses, _ = interval_losses(
        paths,
        service=parameters.service_target,
        lead_time_sd_days=parameters.lead_time_sd_days,
    )
    known = np.arange(count) >= weeks[0]
    return paths, np.where(known, losses, np.nan), np.where(known, flat_losses, np.nan)


def weeks_with_gain(
    plain: np.ndarray, seasonal: np.ndarray, *, paths: Paths, full_from: int
) -> frozenset[int]:
    """Weeks at whose end the index had lowered the loss of all products together by 2 %; before the
    week `full_from`, when a peak is all it holds, those at whose end it had not raised it by 2 %.

    `plain` and `seasonal` (products, weeks) are losses in units, NaN where there is no index yet;
    intervals that were over by then count.
    """
    both = np.isfinite(plain) & np.isfinite(seasonal)
    found = set()
    for week, end in enumerate(paths.week_end):
        over = both & (paths.last_day <= end)
        enough = over.any(axis=0).sum() >= MIN_ORIGINS
        ratio = seasonal[over].sum() / max(plain[over].sum(), 1e-300)
        if (enough and ratio < 1 - MIN_GAIN) or (week < full_from and ratio <= 1 + MIN_GAIN):
            found.add(week)
    return frozenset(found)
