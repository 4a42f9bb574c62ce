"""Replay of the past: what would have been forecast at earlier origins, and how it turned out."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from retail_analytics.statistics.forecasting.combine import combination_weights
from retail_analytics.statistics.forecasting.intervals import (
    conformal_factor,
    grown,
    spread_growth,
)
from retail_analytics.statistics.forecasting.models import component_paths, is_long

ORIGINS = 12
FEWEST_POINTS = 6


@dataclass(frozen=True)
class Replay:
    """Forecasts from earlier origins on the working scale.

    `origins` (origin) counts the points known at each; `components` (origin, component, step) and
    `spread` (origin, step) are the forecasts; `actual` (origin, step) is what came, NaN where
    nothing is known.
    """

    origins: np.ndarray
    components: np.ndarray
    spread: np.ndarray
    actual: np.ndarray

    @cached_property
    def combined(self) -> np.ndarray:
        """The combination (origin, step), each origin with the weights known to it."""
        pairs = zip(self.origins, self.components, strict=True)
        return np.stack([self.weights_at(origin) @ paths for origin, paths in pairs])

    def outcomes(self, values: np.ndarray) -> np.ndarray:
        """What came of a series (origin, step), NaN beyond its end."""
        return _outcomes(values, self.origins, self.actual.shape[1])

    def known_at(self, time: int) -> np.ndarray:
        """Which outcomes (origin, step) had been seen when `time` points were known."""
        steps = np.arange(1, self.actual.shape[1] + 1)
        seen = self.origins[:, None] + steps <= time
        return seen & np.isfinite(self.actual)

    def weights_at(self, time: int) -> np.ndarray:
        """Weights of the components by the errors seen until `time`."""
        known = self.known_at(time)
        errors = np.abs(self.components - self.actual[:, None, :])
        return combination_weights(errors.transpose(0, 2, 1)[known])

    def half_widths_at(
        self,
        time: int,
        *,
        served: np.ndarray,
        spread: np.ndarray,
        level: float,
        without: int | None = None,
    ) -> np.ndarray:
        """Interval half-widths by step, for an origin of this `spread`, by the errors of `served`
        seen until `time`; the origin in row `without` has no say."""
        known = self.known_at(time)
        # as many as count now: what is measured is the interval as it is given
        origins = int(known.any(axis=1).sum())
        if without is not None:
            known[without] = False
        errors = np.abs(served - self.actual)
        # A series that was forecast without error has no spread either.
        unit = np.where(self.spread > 0, self.spread, 1.0)
        growth = spread_growth(errors, unit, known)
        scores = (errors / grown(unit, growth))[known]
        return conformal_factor(scores, origins=origins, level=level) * grown(spread, growth)


def replay(working: np.ndarray, known: np.ndarray, *, season_length: int, horizon: int) -> Replay:
    """Forecast a gap-filled series again from up to twelve origins spread evenly over its later
    two thirds, each fitted on nothing but the points before it.

    The first origin has two seasons where that leaves half of the history to be forecast. The last
    one stays a third of the horizon before the end, so that it has outcomes to learn from, but no
    more than an eighth of the history. An origin follows a known value, because the filling of a
    gap knows both its ends.
    """
    size = len(working)
    first = max(FEWEST_POINTS, size // 3, min(2 * season_length, size // 2))
    last = size - max(1, min(horizon // 3, size // 8))
    possible = np.flatnonzero(known[:-1]) + 1
    chosen = possible[(possible >= first) & (possible <= last)]
    if len(chosen) == 0:
        chosen = possible[-1:]
    origins = chosen[np.unique(np.linspace(0, len(chosen) - 1, ORIGINS).round().astype(int))]
    paths = [
        component_paths(
            working[:origin],
            season_length=season_length,
            horizon=horizon,
            with_airline=is_long(size, season_length=season_length),
        )
        for origin in origins
    ]
    return Replay(
        origins=origins,
        components=np.stack([path.components for path in paths]),
        spread=np.stack([path.spread for path in paths]),
        actual=_outcomes(np.where(known, working, np.nan), origins, horizon),
    )


def replayed_half_widths(past: Replay, *, served: np.ndarray, level: float) -> np.ndarray:
    """Half-widths (origin, step) of intervals as they are given now, each origin's from the errors
    of all the others."""
    now = past.origins[-1] + past.actual.shape[1]
    return np.stack(
        [
            past.half_widths_at(now, served=served, spread=spread, level=level, without=row)
            for row, spread in enumerate(past.spread)
        ]
    )


def replayed_hits(past: Replay, *, served: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Whether each outcome (origin, step) lies in its interval; NaN where it is unknown."""
    inside = np.abs(past.actual - served) <= half + 1e-9 * np.abs(past.actual)
    return np.where(np.isfinite(past.actual), inside, np.nan)


def _outcomes(values: np.ndarray, origins: np.ndarray, horizon: int) -> np.ndarray:
    padded = np.r_[values, np.full(horizon, np.nan)]
    return padded[origins[:, None] + np.arange(horizon)]
