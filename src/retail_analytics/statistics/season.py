"""Season of short series: what belongs to the time of year."""

import numpy as np

# A season is estimated from this many years at most: habits change.
SEASON_YEARS = 4


def season_of(working: np.ndarray, season_length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Season of each value of `working` (series, period), NaN where unknown, and of the next.

    Returns the season (series, period + 1), zero below two whole seasons of known values, the
    variance of the next one's, and the degrees of freedom it takes. Phase means, once a straight
    line is taken out whose slope comes from changes over whole seasons, which no season disturbs;
    shrunk by James and Stein's rule (Miller and Williams 2003), so that noise fades out.
    """
    series, size = working.shape
    if season_length < 2 or size < 2 * season_length:
        return np.zeros((series, size + 1)), np.zeros(series), np.zeros(series)
    known = np.isfinite(working)
    count = known.sum(axis=1)
    yearly = working[:, season_length:] - working[:, :-season_length]
    slope = _row_means(yearly) / season_length
    straight = working - slope[:, None] * np.arange(size)
    years = -(-size // season_length)
    padded = np.full((series, years * season_length), np.nan)
    padded[:, -size:] = straight
    cube = padded.reshape(series, years, season_length)
    seen = np.isfinite(cube)
    per_phase = seen.sum(axis=1)
    means = np.where(seen, cube, 0.0).sum(axis=1) / np.maximum(per_phase, 1)
    profile = np.where(per_phase > 0, means, np.nan)
    profile = np.nan_to_num(profile - _row_means(profile)[:, None])
    residuals = np.where(seen, cube - means[:, None, :], 0.0)
    noise = (residuals**2).sum(axis=(1, 2)) / np.maximum(count - season_length - 1, 1)
    strength = (profile**2).sum(axis=1)
    lost = max(season_length - 3, 0) * noise * season_length / np.maximum(count, 1)
    kept = np.where(strength > 0, 1 - lost / np.where(strength > 0, strength, 1.0), 0.0)
    kept = np.where(count >= 2 * season_length, np.maximum(kept, 0.0), 0.0)
    phases = (np.arange(size + 1) - size) % season_length
    variance = kept * noise * season_length / np.maximum(count, 1)
    return (kept[:, None] * profile)[:, phases], variance, (season_length - 1) * kept


def _row_means(table: np.ndarray) -> np.ndarray:
    known = np.isfinite(table)
    return np.where(known, table, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
