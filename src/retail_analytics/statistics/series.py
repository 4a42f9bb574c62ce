"""The long frame of measured series (metric, entity, period, value) that several modules read."""

from collections.abc import Iterator

import pandas as pd

KEY = ["metric", "entity", "period"]


def checked_series(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy with periods as timestamps and numbers as floats, sorted by metric, entity, period.

    ValueError names the column that is missing, has an empty key or two values for one period.
    """
    for column in (*KEY, "value"):
        if column not in frame.columns:
            raise ValueError(f"{column}: column is missing")
    for column in KEY:
        if frame[column].isna().any():
            raise ValueError(f"{column}: a row has none")
    columns = (*KEY, "value", "weight", "sampling_variance")
    data = frame[[c for c in columns if c in frame.columns]].copy()
    data["period"] = pd.to_datetime(data["period"])
    for column in data.columns.difference(KEY):
        data[column] = data[column].astype(float)
    if data.duplicated(KEY).any():
        raise ValueError("period: a metric of an entity has two values for one period")
    return data.sort_values(KEY, ignore_index=True)


def on_grid(data: pd.DataFrame, *, freq: str) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each series of a checked frame, indexed by every period from its first row to its last.

    `freq` is a pandas offset such as MS, W-MON or D. ValueError where a period does not lie on it.
    """
    for (metric, entity), rows in data.groupby(["metric", "entity"], sort=True):
        rows = rows.set_index("period").drop(columns=["metric", "entity"])
        grid = pd.date_range(rows.index[0], rows.index[-1], freq=freq)
        if not rows.index.isin(grid).all():
            raise ValueError(
                f"period: {metric} of {entity} has periods that are not on grid {freq}"
            )
        yield metric, entity, rows.reindex(grid)


def grid_of(data: pd.DataFrame, *, freq: str) -> pd.DatetimeIndex:
    """Every period from the first row of a checked frame to the last, of whatever series.

    ValueError where a period does not lie on it.
    """
    if data.empty:
        return pd.DatetimeIndex([])
    grid = pd.date_range(data["period"].min(), data["period"].max(), freq=freq)
    if not data["period"].isin(grid).all():
        raise ValueError(f"period: not all periods are on grid {freq}")
    return grid
