"""When the shop's season was known, and whether forecasts were better for it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .backtest import (
    MIN_GAIN,
    MIN_ORIGINS,
    Paths,
    forecast_paths,
    interval_losses,
)
from .demand_matrix import first_demand
from .replay import refit_weeks
from .season import DAYS_AHEAD, LEAST_DAYS, season_index
from .settings import ArticleParameters

# Weeks from one estimate of the index to the next, counted back from the last.
ESTIMATE_WEEKS = 26


@dataclass(frozen=True)
class Season:
    """What was known of the season at the end of some weeks, and whether it was of use.

    `indices` holds the index by day (days + DAYS_AHEAD,) as known at the end of a week, in the
    order of weeks; empty below two years of sales. `used` are those at whose end forecasts had been
    better with it.
    """

    indices: dict[int, np.ndarray] = field(default_factory=dict)
    used: frozenset[int] = frozenset()

    def index(self, week: int) -> np.ndarray | None:
        """The index that serves what is forecast at the end of `week`; None where none does."""
        return self.indices[week] if week in self.used else None


NO_SEASON = Season()


def known_indices(sold: np.ndarray) -> dict[int, np.ndarray]:
    """The index as known at the end of each week in which it is estimated anew.

    `sold` (days,) are the units of all articles. The first week with two years of sales is one,
    those in which the replay sets levels, and every half year back from the last.
    """
    weeks = len(sold) // 7
    last = weeks - 1
    first = last - (len(sold) - int(first_demand(sold[None, :])[0]) - LEAST_DAYS) // 7
    estimated = {first, last, *refit_weeks(weeks), *range(last, first, -ESTIMATE_WEEKS)}
    found = {}
    for week in sorted(week for week in estimated if first <= week <= last):
        later = 7 * (last - week)
        index = season_index(sold[: len(sold) - later], days_ahead=later + DAYS_AHEAD)
        if index is not None:
            found[week] = index
    return found


def seasonal_paths(demand: np.ndarray, *, plain: Paths, indices: dict[int, np.ndarray]) -> Paths:
    """The forecasts of each week with the index known by then; without any, `plain`'s."""
    weeks = list(indices)
    names = ("rate", "variance", "share", "season")
    mixed = {name: getattr(plain, name).copy() for name in names}
    for week, until in zip(weeks, [*weeks[1:], plain.rate.shape[2]], strict=True):
        own = forecast_paths(
            demand,
            interval_days=plain.interval_days,
            drawn_days=plain.drawn_days,
            index=indices[week],
        )
        for name in names:
            mixed[name][..., week:until] = getattr(own, name)[..., week:until]
    return Paths(**(vars(plain) | mixed))


def seasonal_losses(
    paths: Paths, flat_losses: np.ndarray, *, parameters: ArticleParameters, season: Season
) -> tuple[np.ndarray, np.ndarray]:
    """`interval_losses` of forecasts with an index, from the first week on that knew one.

    The flat rule knows no season: its losses are those of plain forecasts, `flat_losses`.
    """
    losses, _ = interval_losses(
        paths,
        service=parameters.service_target,
        lead_time_sd_days=parameters.lead_time_sd_days,
    )
    known = np.arange(paths.rate.shape[2]) >= min(season.indices)
    return np.where(known, losses, np.nan), np.where(known, flat_losses, np.nan)


def weeks_with_gain(plain: np.ndarray, seasonal: np.ndarray, *, paths: Paths) -> frozenset[int]:
    """Weeks at whose end the index had lowered the loss of all articles together by 2 %.

    `plain` and `seasonal` (articles, weeks) are losses in units, NaN where there is no index yet;
    intervals that were over by then count.
    """
    both = np.isfinite(plain) & np.isfinite(seasonal)
    found = set()
    for week, end in enumerate(paths.week_end):
        over = both & (paths.last_day <= end)
        enough = over.any(axis=0).sum() >= MIN_ORIGINS
        if enough and seasonal[over].sum() < (1 - MIN_GAIN) * plain[over].sum():
            found.add(week)
    return frozenset(found)
