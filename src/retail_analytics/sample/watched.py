"""A watched market: what a watch over the shop's figures should find and name.

Nothing of it is in the other markets. Five changes: contacts of a channel that are not recorded
for some days, hours in which nobody could order, a device that many more use from a day on, prices
that rise by the month, and a week of minutes that are seconds. Every draw has a random stream of
its own.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from retail_analytics.sample import columns as col
from retail_analytics.sample.columns import DAY, Stream, choose

if TYPE_CHECKING:
    from retail_analytics.sample.process import PlantedChange, Process
    from retail_analytics.sample.world import World

HOUR = 3_600
DAYS_OF_MONTH = 365.25 / 12


def planted(process: "Process", kind: str) -> "PlantedChange | None":
    """The change of this kind; None in the other markets."""
    changes = process.planted_changes if process.is_watched else ()
    return next((change for change in changes if change.kind == kind), None)


def seconds_of(world: "World", change: "PlantedChange") -> tuple[int, int]:
    """First and last second of a change, from the sample's first; without days it lasts."""
    start = (change.starts_on - world.first_day).days * DAY + change.hour * HOUR
    length = change.days * DAY if change.hours == 0 else change.hours * HOUR
    return start, start + length if length else world.days * DAY


def is_within(world: "World", kind: str, second: np.ndarray) -> np.ndarray:
    """Which of these seconds lie in the change of this kind."""
    change = planted(world.process, kind)
    if change is None:
        return np.zeros(len(second), dtype=bool)
    start, end = seconds_of(world, change)
    return (second >= start) & (second < end)


def is_unrecorded(world: "World", *, second: np.ndarray, channel: np.ndarray) -> np.ndarray:
    """Which touches nobody recorded; channel: codes."""
    change = planted(world.process, "tracking_gap")
    if change is None:
        return np.zeros(len(second), dtype=bool)
    names = [one.name for one in world.process.channels]
    return is_within(world, "tracking_gap", second) & (channel == names.index(change.entity))


def devices(world: "World", drawn: np.ndarray, *, second: np.ndarray, block: int) -> np.ndarray:
    """Codes of devices: those drawn, or drawn anew with the share of one of them changed."""
    change = planted(world.process, "devices")
    if change is None:
        return drawn
    weights = np.array(world.process.device_weights)
    number = world.process.devices.index(change.entity)
    others = np.arange(len(weights)) != number
    weights = np.where(others, weights / weights[others].sum() * (1 - change.size), change.size)
    again = choose(world.stream(Stream.WATCHED, block), tuple(weights), len(drawn))
    return np.where(is_within(world, "devices", second), again, drawn)


def monthly_price_factors(process: "Process", *, days: int) -> np.ndarray:
    """What prices of a day are times those of the first month, by the month."""
    change = planted(process, "prices")
    if change is None:
        return np.ones(days)
    return (1 + change.size) ** (np.arange(days) // DAYS_OF_MONTH)


def minutes_written(world: "World", minutes: np.ndarray, *, second: np.ndarray) -> np.ndarray:
    """Minutes as they are written down: in a wrong unit within a week."""
    change = planted(world.process, "unit")
    if change is None:
        return minutes
    return np.where(is_within(world, "unit", second), minutes * change.size, minutes)


def planted_truths(world: "World") -> pa.Table:
    """A change: what, where, from when to when (UTC), and how large."""
    changes = world.process.planted_changes
    windows = [seconds_of(world, change) for change in changes]
    return pa.table(
        {
            "kind": pa.array([change.kind for change in changes]),
            "entity": pa.array([change.entity for change in changes]),
            "starts_at": col.stamps(np.array([start for start, _ in windows]), world.first_day),
            "ends_at": col.stamps(np.array([end for _, end in windows]), world.first_day),
            "size": pa.array([change.size for change in changes]),
        }
    )
