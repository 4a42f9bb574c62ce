"""Anomalies as findings: what happened at one time is one episode, told by the most severe of them
with the others as witnesses."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd

from retail_analytics.monitoring.findings import (
    DAY,
    KEY,
    OPPOSITE,
    WEEK,
    YEAR,
    Finding,
    leaders,
    of_series,
    printed,
    span,
    usual,
    where,
)
from retail_analytics.statistics.watch import SHIFT_STEPS

# below it an anomaly is an alert at most
LEAST_SEVERITY = 2
# so many like it in the year before, and it is what the series does
MANY_TIMES = 3
WITNESSES = 3


def newest_anomalies(anomalies: pd.DataFrame, settings: dict, as_of_date: date) -> pd.DataFrame:
    """Recent anomalies that are to be told, the most severe of those in a row, with `times`,
    `run_from`, `run_to`, `run_count` and `run_money`. Good ones that come often are none, nor what
    they make of the other slices, nor a return to where it was."""
    known = in_a_row(anomalies)
    newest = known["run_to"] > as_of_date - timedelta(days=settings["insight_days"])
    frame = known[newest & (known["severity"] >= LEAST_SEVERITY)]
    returns = np.array([is_return(row, known) for row in frame.itertuples()], dtype=bool)
    frame = frame[~returns]
    by_weight = frame.assign(distance=frame["z"].abs()).sort_values(
        ["severity", "distance", "starts_on"], ascending=[False, False, True]
    )
    frame = frame.loc[by_weight.drop_duplicates([*KEY, "period", "direction", "run_from"]).index]
    frame = frame.assign(times=[times_before(row, known) for row in frame.itertuples()])
    is_habit = (frame["times"] >= MANY_TIMES) & ~frame["is_better"].isin([False])
    return frame[~is_habit & ~made_by(frame[is_habit], frame)]


def in_a_row(anomalies: pd.DataFrame) -> pd.DataFrame:
    """Anomalies with the first and last day, number and money of those in a row with each."""
    series = [*KEY, "period", "direction"]
    known = anomalies.assign(
        starts_on=pd.to_datetime(anomalies["starts_on"]).dt.date,
        ends_on=pd.to_datetime(anomalies["ends_on"]).dt.date,
    ).sort_values([*series, "starts_on"], ignore_index=True)
    gap = known["starts_on"] - known.groupby(series)["ends_on"].shift()
    number = (gap.isna() | (gap > DAY)).cumsum().rename("run")
    runs = known.groupby(number)
    return known.assign(
        run_from=runs["starts_on"].transform("min"),
        run_to=runs["ends_on"].transform("max"),
        run_count=runs["starts_on"].transform("size"),
        # unknown where one of them is
        run_money=known["money"].astype(float).groupby(number).transform("sum", min_count=1),
    )


def is_return(row: tuple, known: pd.DataFrame) -> bool:
    """Whether its series was on the other side until a week before at most, for so long that the
    level was learned from it, and went no further than was expected before that: such a level calls
    usual days high."""
    series = (known[KEY] == [getattr(row, name) for name in KEY]).all(axis=1)
    others = known[series & (known["direction"] == OPPOSITE[row.direction])]
    just_before = others[
        (others["run_to"] < row.run_from)
        & (others["run_to"] >= row.run_from - WEEK)
        & (others["run_to"] - others["run_from"] >= (SHIFT_STEPS - 1) * DAY)
    ]
    if just_before.empty:
        return False
    since = just_before["run_from"].min() - WEEK
    before = others[
        (others["period"] == row.period)
        & (others["starts_on"] >= since)
        & (others["ends_on"] < row.run_from)
    ]
    if before.empty:
        return False
    if row.direction == "above":
        is_moved = row.expected < before["expected"].min()
        return bool(is_moved and row.observed <= before["expected_upper"].max())
    is_moved = row.expected > before["expected"].max()
    return bool(is_moved and row.observed >= before["expected_lower"].min())


def episodes(frame: pd.DataFrame, names: dict) -> Iterator[Finding]:
    """The newest anomalies, those of overlapping periods as one."""
    for _, episode in frame.groupby(episode_numbers(frame)):
        told = told_once(episode, names)
        lead = told.iloc[0]
        unit = names[lead["metric"]]["unit"]
        witnesses = told.iloc[1:].drop_duplicates("metric")
        witnesses = witnesses[witnesses["metric"] != lead["metric"]].head(WITNESSES)
        figures: dict[str, tuple] = {
            "when": (str(lead["ends_on"]), span(lead["starts_on"], lead["ends_on"])),
            "observed": (lead["observed"], printed(lead["observed"], unit)),
            "expected": (lead["expected"], usual(lead["expected"], lead["metric"], names)),
        }
        times = int(lead["times"])
        is_often = times >= MANY_TIMES
        figures["times"] = (times, f" (as {times} times in the year before)" if is_often else "")
        run = int(lead["run_count"])
        rows = f"{run} {lead['period']}s in a row {span(lead['run_from'], lead['run_to'])}"
        figures["run"] = (run, f" (one of {rows})" if run > 1 else "")
        also = []
        for number, other in enumerate(witnesses.itertuples(), start=1):
            other_unit = names[other.metric]["unit"]
            observed = printed(other.observed, other_unit)
            expected = usual(other.expected, other.metric, names)
            figures[f"observed_{number}"] = (other.observed, observed)
            figures[f"expected_{number}"] = (other.expected, expected)
            also.append(
                f"{names[other.metric]['label']}{where(other.dimension, other.entity)} "
                f"{observed} (usually {expected})"
            )
        text = "; at the same time: " + ", ".join(also) if also else ""
        figures["also"] = (len(also), text)
        money = lead["run_money"]
        width = (lead["expected_upper"] - lead["expected_lower"]) / 2
        # the usual band is wider than 80 % of what could have been expected
        reach = (
            abs(lead["money"] / lead["change"]) * width * 0.4 * run
            if lead["change"] and pd.notna(money) and pd.notna(lead["money"])
            else np.nan
        )
        yield of_series(
            lead,
            names,
            figures,
            template="anomaly",
            source_table="marts.metric_anomalies",
            from_date=lead["run_from"],
            to_date=lead["run_to"],
            q_value=float(lead["q_value"]),
            money=money,
            money_lower=money - reach,
            money_upper=money + reach,
            weight=float(lead["severity"]) + 0.3 * len(witnesses),
        )


def made_by(habits: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray:
    """Which good anomalies are made for the larger part by one of `habits`: a slice of the same
    metric by another dimension, the same way at the same time."""
    found = np.zeros(len(frame), dtype=bool)
    for habit in habits[habits["dimension"] != "all"].itertuples():
        found |= (
            (frame["metric"] == habit.metric)
            & (frame["dimension"] != habit.dimension)
            & (frame["direction"] == habit.direction)
            & ~frame["is_better"].isin([False])
            & (frame["starts_on"] <= habit.ends_on)
            & (frame["ends_on"] >= habit.starts_on)
            & (frame["change"].abs() < 2 * abs(habit.change))
        ).to_numpy()
    return found


def times_before(row: tuple, known: pd.DataFrame) -> int:
    """How often in the year before its series lay on its side by a quarter as much at least; those
    in a row count once."""
    same = [*KEY, "period", "direction"]
    alike = (known[same] == [getattr(row, name) for name in same]).all(axis=1)
    alike &= known["change"].abs() >= abs(row.change) / 4
    alike &= (known["ends_on"] < row.run_from) & (known["ends_on"] >= row.run_from - YEAR)
    rows = known[alike].sort_values("starts_on")
    gap = rows["starts_on"] - rows["ends_on"].shift()
    return int((gap.isna() | (gap > DAY)).sum())


def episode_numbers(frame: pd.DataFrame) -> np.ndarray:
    """A number for each row, the same where periods overlap or touch through others."""
    order = np.argsort(frame["run_from"].to_numpy(), kind="stable")
    numbers = np.zeros(len(frame), dtype=int)
    reach, number = None, 0
    for place in order:
        row = frame.iloc[place]
        if reach is None or row["run_from"] > reach:
            number += 1
            reach = row["run_to"]
        reach = max(reach, row["run_to"])
        numbers[place] = number
    return numbers


def told_once(frame: pd.DataFrame, names: dict) -> pd.DataFrame:
    """The most severe first; without metrics whose leader goes the same way, and with each metric's
    whole before its slices."""
    going = set(frame[["metric", "direction"]].itertuples(index=False, name=None))
    led = [
        any(leader in going for leader in leaders(names, metric, direction))
        for metric, direction in zip(frame["metric"], frame["direction"], strict=True)
    ]
    kept = frame[~np.array(led)] if not all(led) else frame
    return kept.assign(is_whole=kept["dimension"] == "all", distance=kept["z"].abs()).sort_values(
        ["severity", "distance", "is_whole", *KEY],
        ascending=[False, False, False, True, True, True],
    )
