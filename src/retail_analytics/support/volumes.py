"""How many tickets each hour of the week will bring, and how many more it may be.

A week's level follows the last weeks (exponential smoothing, the constant chosen by its error one
week ahead); its hours are shares of the level, each shrunk towards the product of what its day and
its hour have on the whole. Counts are negative binomial: the variance beyond Poisson is measured.
"""

import numpy as np
import pandas as pd
from scipy.stats import nbinom, poisson

HOURS = 168
COLUMNS = {
    "channel": "object",
    "hour_of_week": "int64",
    "iso_weekday": "int64",
    "hour_of_day": "int64",
    "volume": "float64",
    "volume_p50": "float64",
    "volume_p80": "float64",
    "overdispersion": "float64",
    "method": "object",
    "status": "object",
    "week_count": "int64",
    "share_below_p80": "float64",
}
CONSTANTS = (0.05, 0.1, 0.2, 0.35, 0.5)
# tickets by which an hour is shrunk towards its day and hour of day
PRIOR_TICKETS = 50.0
TEST_WEEKS = 8
METHOD = "level by smoothing x shrunken hours of the week, negative binomial"


def volume_forecasts(
    counts: pd.DataFrame, *, least_weeks: int, short_weeks: int, quantile: float
) -> pd.DataFrame:
    """The hours of an average week ahead, by channel.

    Parameters
    ----------
    counts: one row per channel, week (0 for the oldest) and hour of the week (0 Monday midnight to
        167) that had tickets, with ticket_count; whole weeks only. `week_count` of every row is the
        number of weeks the data has, so that weeks without tickets count as such.
    least_weeks, short_weeks: below the first there is no forecast (`insufficient_data`), below the
        second it is `short_history`.
    quantile: of the upper volume, 0.8.

    Returns
    -------
    168 rows per channel, `volume` the mean; `share_below_p80` how often the last weeks' counts,
    each forecast from those before, were at or below the upper volume (randomised between whole
    counts).
    """
    if counts.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    parts = []
    for channel, part in counts.groupby("channel", sort=True):
        weeks = int(part["week_count"].iloc[0])
        table = np.zeros((weeks, HOURS))
        np.add.at(
            table,
            (part["week"].to_numpy(), part["hour_of_week"].to_numpy()),
            part["ticket_count"].to_numpy(),
        )
        parts.append(
            channel_forecast(
                table, least_weeks=least_weeks, short_weeks=short_weeks, quantile=quantile
            ).assign(channel=channel)
        )
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)].astype(COLUMNS)


def channel_forecast(
    table: np.ndarray, *, least_weeks: int, short_weeks: int, quantile: float
) -> pd.DataFrame:
    """The week ahead of one channel; table: weeks x 168 counts."""
    weeks = len(table)
    hour = np.arange(HOURS)
    frame = pd.DataFrame(
        {
            "hour_of_week": hour,
            "iso_weekday": hour // 24 + 1,
            "hour_of_day": hour % 24,
            "volume": np.nan,
            "volume_p50": np.nan,
            "volume_p80": np.nan,
            "overdispersion": np.nan,
            "method": METHOD,
            "status": "insufficient_data",
            "week_count": weeks,
            "share_below_p80": np.nan,
        }
    )
    if weeks < least_weeks:
        return frame
    levels = levels_ahead(table.sum(axis=1))
    mean = levels[weeks] * shares_of_week(table)
    spread = overdispersion(table, levels)
    frame["volume"] = mean
    frame["overdispersion"] = spread
    frame["volume_p50"] = count_quantile(mean, spread, 0.5)
    frame["volume_p80"] = count_quantile(mean, spread, quantile)
    frame["status"] = "short_history" if weeks < short_weeks else "ok"
    tested = range(max(least_weeks, weeks - TEST_WEEKS), weeks)
    shares = [share_below(table, levels, week, quantile) for week in tested]
    frame["share_below_p80"] = float(np.mean(shares)) if shares else np.nan
    return frame


def levels_ahead(totals: np.ndarray) -> np.ndarray:
    """The total of each week and of the next, from those before (NaN for the first).

    Exponential smoothing, each time with the constant that erred least so far.
    """
    weeks = len(totals)
    ahead = np.full((len(CONSTANTS), weeks + 1), np.nan)
    for number, constant in enumerate(CONSTANTS):
        level = 0.0
        for week, total in enumerate(totals):
            # begins as the mean of all weeks so far while they are few
            level += max(constant, 1 / (week + 1)) * (total - level)
            ahead[number, week + 1] = level
    errors = np.nancumsum(np.abs(ahead[:, :-1] - totals), axis=1)
    best = np.argmin(np.concatenate([np.zeros((len(CONSTANTS), 1)), errors], axis=1), axis=0)
    best[:2] = 0
    return ahead[best, np.arange(weeks + 1)]


def shares_of_week(table: np.ndarray) -> np.ndarray:
    """Shares of the hours, adding up to one, shrunk towards day x hour of the day."""
    seen = table.sum(axis=0)
    if seen.sum() == 0:
        return np.full(HOURS, 1 / HOURS)
    grid = seen.reshape(7, 24)
    product = np.outer(grid.sum(axis=1), grid.sum(axis=0)).ravel() / seen.sum() ** 2
    product = (product + 1e-4 / HOURS) / (1 + 1e-4)
    return (seen + PRIOR_TICKETS * product) / (seen.sum() + PRIOR_TICKETS)


def overdispersion(table: np.ndarray, levels: np.ndarray) -> float:
    """Variance of counts beyond Poisson over the squared mean, one week ahead, by moments.

    Of days, whose counts are large enough to tell; of hours where they vary more by themselves,
    beyond a standard error.
    """
    weeks = len(table)
    tested = np.arange(max(1, weeks - 26), weeks)
    mean = levels[tested][:, None] * shares_of_week(table)
    of_days, _ = beyond_poisson(
        table[tested].reshape(-1, 24).sum(axis=1), mean.reshape(-1, 24).sum(axis=1)
    )
    of_hours, error = beyond_poisson(table[tested], mean)
    return max(of_days, of_hours - error, 0.0)


def beyond_poisson(count: np.ndarray, mean: np.ndarray) -> tuple[float, float]:
    """Overdispersion and its standard error while counts are Poisson."""
    square = float((mean**2).sum())
    if square == 0:
        return 0.0, 0.0
    over = float(((count - mean) ** 2 - mean).sum())
    return over / square, float(np.sqrt((mean + 2 * mean**2).sum())) / square


def count_quantile(mean: np.ndarray, spread: float, quantile: float) -> np.ndarray:
    """Quantile of a count with this mean and variance mean + spread x mean squared."""
    safe = np.maximum(mean, 1e-12)
    if spread < 1e-9:
        return poisson.ppf(quantile, safe)
    size = 1 / spread
    return nbinom.ppf(quantile, size, size / (size + safe))


def count_below(count: np.ndarray, mean: np.ndarray, spread: float) -> np.ndarray:
    """Probability of at most this count."""
    safe = np.maximum(mean, 1e-12)
    if spread < 1e-9:
        return poisson.cdf(count, safe)
    size = 1 / spread
    return nbinom.cdf(count, size, size / (size + safe))


def share_below(table: np.ndarray, levels: np.ndarray, week: int, quantile: float) -> float:
    """Share of a week's hours below their quantile, forecast from the weeks before.

    A count splits the probability that lies on it, so that whole numbers do not make the share 1.
    """
    mean = levels[week] * shares_of_week(table[:week])
    spread = overdispersion(table[:week], levels)
    top = count_below(table[week], mean, spread)
    bottom = count_below(table[week] - 1, mean, spread)
    return float(np.clip((quantile - bottom) / np.maximum(top - bottom, 1e-12), 0, 1).mean())
