"""Business time as arithmetic on arrays: what was open between two moments, and what is due when.

The warehouse counts business time in SQL (`int_support_clock`); the sample retailer is made with
this one, by other means, so that each is a check of the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np


@dataclass(frozen=True)
class Hours:
    """Open hours of one weekday (1 Monday to 7 Sunday) on the wall clock of a zone."""

    iso_weekday: int
    opens_at: time
    closes_at: time


@dataclass(frozen=True)
class OpenSpans:
    """Open spans in UTC seconds since 1970, in order; `before` is what was open earlier."""

    starts: np.ndarray
    ends: np.ndarray
    before: np.ndarray

    def open_seconds(self, moment: np.ndarray) -> np.ndarray:
        """Open seconds from the first span to each moment (UTC seconds)."""
        span = np.searchsorted(self.starts, moment, side="right") - 1
        known = np.maximum(span, 0)
        inside = np.minimum(moment - self.starts[known], (self.ends - self.starts)[known])
        return np.where(span < 0, 0, self.before[known] + inside)

    def elapsed(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Open seconds between two moments."""
        return self.open_seconds(end) - self.open_seconds(start)

    def due(self, start: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """The first moment by which so many open seconds have passed since the start.

        Raises ValueError where the spans end before.
        """
        target = self.open_seconds(start) + seconds
        span = np.searchsorted(self.before, target, side="left") - 1
        found = self.starts[np.maximum(span, 0)] + target - self.before[np.maximum(span, 0)]
        if np.any((found > self.ends[np.maximum(span, 0)]) & (seconds > 0)):
            raise ValueError("seconds: more than is open until the last span ends")
        return np.where(seconds > 0, found, start)


def open_spans(
    hours: Sequence[Hours],
    *,
    zone: str,
    first_day: date,
    days: int,
    holidays: frozenset[date] = frozenset(),
) -> OpenSpans:
    """The open spans of so many local days.

    Hours close on the day they open. A wall time that a change of the clock skips or repeats is
    read as the zone database's first of the two.
    """
    tz = ZoneInfo(zone)
    spans = [
        (
            int(datetime.combine(day, row.opens_at, tz).astimezone(UTC).timestamp()),
            int(datetime.combine(day, row.closes_at, tz).astimezone(UTC).timestamp()),
        )
        for day in (first_day + timedelta(days=n) for n in range(days))
        if day not in holidays
        for row in sorted(hours, key=lambda row: row.opens_at)
        if row.iso_weekday == day.isoweekday()
    ]
    bounds = np.array(spans, dtype=np.int64).reshape(-1, 2)
    length = bounds[:, 1] - bounds[:, 0]
    return OpenSpans(bounds[:, 0], bounds[:, 1], np.cumsum(length) - length)
