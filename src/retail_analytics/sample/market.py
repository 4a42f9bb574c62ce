"""The market day by day: seasons, spend on channels, and the intensity of buying they make."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from retail_analytics.sample.columns import Stream, stream
from retail_analytics.sample.process import END, Channel, Process


@dataclass(frozen=True)
class Market:
    """Intensities over `days` days; cumulative tables have days + 1 entries and start at 0.

    spend, response: channels x days, mean one. intensity: steady and seasonal x days + 1,
    cumulative, slope one on average. arrival: the same for new customers, ends at one.
    touch: steady and seasonal x channels x days + 1, cumulative touches without effect of a
    customer with buying rate one. cause: channels x days, probability that an order of the day
    was caused by the channel.
    """

    first_day: date
    days: int
    month: np.ndarray
    weekday: np.ndarray
    spend: np.ndarray
    response: np.ndarray
    intensity: np.ndarray
    arrival: np.ndarray
    touch: np.ndarray
    cause: np.ndarray
    is_sale: np.ndarray

    def day_at(self, is_seasonal: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Days (with fractions) at which the cumulative intensity reaches the positions."""
        return invert(self.intensity, is_seasonal, position)

    def position_at(self, is_seasonal: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Cumulative intensity reached at these days (with fractions)."""
        grid = np.arange(self.days + 1.0)
        steady, seasonal = (np.interp(day, grid, row) for row in self.intensity)
        return np.where(is_seasonal, seasonal, steady)


def build_market(process: Process, *, seed: int, years: int) -> Market:
    """The market of the last `years` calendar years before END."""
    first_day = date(END.year - years, END.month, END.day)
    calendar = [first_day + timedelta(n) for n in range((END - first_day).days)]
    month = np.array([day.month for day in calendar])
    day_of_month = np.array([day.day for day in calendar])
    weekday = np.array([day.weekday() for day in calendar])
    week = np.array(process.weekday_weights)[weekday]
    season = np.array(process.season_by_month, dtype=float)[month - 1]

    rng = stream(seed, Stream.MARKET)
    spend = np.stack([spend_series(rng, channel, month, week) for channel in process.channels])
    if process.is_lively:
        spend = spend * lively_weeks(process, seed=seed, days=len(calendar))
        spend = spend / spend.mean(axis=1, keepdims=True)
    response = np.stack(
        [
            channel_response(row, carry_over=channel.carry_over, half=channel.half_saturation)
            for channel, row in zip(process.channels, spend, strict=True)
        ]
    )
    shares = np.array([channel.order_share for channel in process.channels])
    pull = 1 - shares.sum() + shares @ response
    shape = np.stack([week, week * season])
    scale = (shape * pull).mean(axis=1, keepdims=True)
    launch = 1 + process.launch_boost * np.exp(-np.arange(len(calendar)) / process.launch_days)
    arrival = cumulative(shape * pull * launch)
    idle = np.array([idle_touches(process, channel) for channel in process.channels])
    touch_rate = (shape / scale)[:, None, :] * (idle[:, None] * response)[None, :, :]
    return Market(
        first_day=first_day,
        days=len(calendar),
        month=month,
        weekday=weekday,
        spend=spend,
        response=response,
        intensity=cumulative(shape * pull / scale),
        arrival=arrival / arrival[:, -1:],
        touch=cumulative(touch_rate),
        cause=shares[:, None] * response / pull,
        is_sale=((month == 11) & (day_of_month >= 20) & (day_of_month < 30))
        | ((month == 6) & (day_of_month >= 10) & (day_of_month <= 20)),
    )


def idle_touches(process: Process, channel: Channel) -> float:
    """Touches without effect per order of a customer, where a touch works with the known chance.

    A channel that never works is shown after visits: to those that led to an order, and as many
    times more to those that did not.
    """
    if channel.purchase_effect == 0:
        return process.visits_without_order * channel.shadow_share
    return channel.order_share * (1 - channel.purchase_effect) / channel.purchase_effect


def spend_series(
    rng: np.random.Generator, channel: Channel, month: np.ndarray, week: np.ndarray
) -> np.ndarray:
    """Daily spend with mean one: weekday, busy season, flights, and a slow random wander."""
    days = len(month)
    shocks = rng.normal(0, 0.12, days)
    wander = np.empty(days)
    level = 0.0
    for day in range(days):
        level = 0.9 * level + shocks[day]
        wander[day] = level
    flight = np.where(
        np.arange(days) % (channel.days_on + channel.days_off) < channel.days_on, 1, 0.1
    )
    busy = np.where(np.isin(month, (6, 11, 12)), 1.5, 1.0)
    series = week * busy * flight * np.exp(wander)
    return series / series.mean()


def lively_weeks(process: Process, *, seed: int, days: int) -> np.ndarray:
    """Factors of spend, channels x days: whole weeks vary, and whole weeks pause."""
    rng = stream(seed, Stream.LIVELY)
    shape = (len(process.channels), -(-days // 7))
    level = np.exp(rng.normal(0, process.lively_log_sd, shape))
    level[rng.random(shape) < process.lively_pause_share] = 0.0
    return np.repeat(level, 7, axis=1)[:, :days]


def channel_response(spend: np.ndarray, *, carry_over: float, half: float) -> np.ndarray:
    """Response to spend with mean one: geometric adstock, then saturation.

    a_t = (1 - carry_over) spend_t + carry_over a_(t-1), from a_(-1) = 1; response a / (a + half).
    """
    stock = np.empty(len(spend))
    level = 1.0
    for day, amount in enumerate(spend):
        level = (1 - carry_over) * amount + carry_over * level
        stock[day] = level
    response = stock / (stock + half)
    return response / response.mean()


def cumulative(rates: np.ndarray) -> np.ndarray:
    """Running sums along the last axis, with a leading zero."""
    return np.concatenate([np.zeros((*rates.shape[:-1], 1)), np.cumsum(rates, axis=-1)], axis=-1)


def invert(tables: np.ndarray, is_seasonal: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Days at which the steady or the seasonal cumulative table reaches the positions."""
    grid = np.arange(tables.shape[1], dtype=float)
    day = np.empty(len(position))
    for row, mask in enumerate((~is_seasonal, is_seasonal)):
        day[mask] = np.interp(position[mask], tables[row], grid)
    return np.minimum(day, np.nextafter(grid[-1], 0))
