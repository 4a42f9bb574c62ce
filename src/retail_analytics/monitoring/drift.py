"""Whether what models read, and what they say, is spread as it was.

The measure is the population stability index of binned shares, sum of (p - r) log(p / r). Its size
under no change depends on the counts: over k bins it is about chi-square with k - 1 degrees of
freedom times 1/n + 1/m (Yurdakul 2018), so that a fixed limit of .1 is false in most samples of a
hundred. Weeks of a shop also differ by more than chance: the statistic is divided by what nine of
ten unchanged weeks before stayed below, over what chance stays below as often (a dispersion never
below 1). What comes every year is no drift: a week must also differ from the weeks about it a year
before.
"""

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri

from retail_analytics.statistics.watch import false_discovery_q

Array = NDArray[np.float64]

OK, DRIFT, NOTHING = "stable", "drift", "insufficient_data"
FIRST_BUILD = "first_build"
REFERENCE_WEEKS = 13
# weeks before whose statistic says how much weeks differ; fewer say nothing
FEWEST_STATISTICS, MOST_STATISTICS = 8, 26
FEWEST_CASES, FEWEST_REFERENCE = 50, 200
# weeks in a row after which what changed is usual
NEW_NORMAL_WEEKS = 4
# the weeks about it a year before, with which a week is compared as well
YEAR_WEEKS, YEAR_WIDTH = 52, 2
USUAL_SHARE = 0.9
# bins of a smaller share are one
SMALL_SHARE = 0.01

FEATURE_COLUMNS = {
    "feature": "object",
    "status": "object",
    "psi": "float64",
    "psi_limit": "float64",
    "dispersion": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "moved_bin": "object",
    "share_before": "float64",
    "share_now": "float64",
    "bin_count": "int64",
    "case_count": "int64",
    "reference_count": "int64",
    "starts_on": "datetime64[us]",
    "ends_on": "datetime64[us]",
}
SCORE_COLUMNS = {
    "mart": "object",
    "score": "object",
    "status": "object",
    "method": "object",
    "method_before": "object",
    "bins": "object",
    "psi": "float64",
    "psi_limit": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "moved_bin": "object",
    "share_before": "float64",
    "share_now": "float64",
    "bin_count": "int64",
    "case_count": "int64",
    "reference_count": "int64",
    "reference_on": "datetime64[us]",
    "history_from": "datetime64[us]",
    "as_of_date": "datetime64[us]",
}


def stability_index(now: Array, before: Array) -> float:
    """The index of two rows of counts over the same bins; half a case is added to each bin."""
    bins = len(now)
    p = (now + 0.5) / (now.sum() + bins / 2)
    r = (before + 0.5) / (before.sum() + bins / 2)
    return float(np.sum((p - r) * np.log(p / r)))


def merged_bins(counts: Array, reference: Array) -> NDArray[np.int_]:
    """The number of the bin that each bin counts in: those of a small share of all are one."""
    total = counts + reference
    is_small = total < SMALL_SHARE * total.sum()
    numbers = np.cumsum(~is_small) - 1
    return np.where(is_small, (~is_small).sum(), numbers)


def compared(now: Array, before: Array, names: list[str], *, dispersion: float = 1.0) -> dict:
    """The comparison of two rows of counts; `status` OK where both have enough cases and there is
    more than one bin, and NaN figures where not."""
    result = {
        "status": NOTHING,
        "psi": np.nan,
        "psi_limit": np.nan,
        "p_value": np.nan,
        "moved_bin": None,
        "share_before": np.nan,
        "share_now": np.nan,
        "bin_count": 0,
        "case_count": int(now.sum()),
        "reference_count": int(before.sum()),
    }
    place = merged_bins(now, before)
    bins = int(place.max()) + 1 if len(place) else 0
    result["bin_count"] = bins
    if now.sum() < FEWEST_CASES or before.sum() < FEWEST_REFERENCE or bins < 2:
        return result
    counts = np.bincount(place, now, bins), np.bincount(place, before, bins)
    index = stability_index(*counts)
    scale = 1 / now.sum() + 1 / before.sum()
    share_now, share_before = (one / one.sum() for one in counts)
    moved = int(np.argmax(np.abs(share_now - share_before)))
    named = [name for name, number in zip(names, place, strict=True) if number == moved]
    return result | {
        "status": OK,
        "psi": index,
        "psi_limit": float(chdtri(bins - 1, 0.05)) * dispersion * scale,
        "p_value": float(chdtrc(bins - 1, index / scale / dispersion)),
        "moved_bin": named[0] if len(named) == 1 else "others",
        "share_before": float(share_before[moved]),
        "share_now": float(share_now[moved]),
    }


def feature_drift(counts: pd.DataFrame, *, settings: dict) -> pd.DataFrame:
    """Each feature in each of the newest weeks against the weeks before it.

    Parameters
    ----------
    counts: one row per feature, week and bin with case_count; `lowest` is the smallest value of the
        bin where the feature is a number.
    settings: drift_weeks (newest weeks that are told), drift_smallest_psi (below it a change is of
        no interest), drift_false_discovery_rate (over the features of a week).

    Returns
    -------
    One row per feature and told week; the reference are the REFERENCE_WEEKS unchanged weeks before,
    or the weeks about it a year before where those are nearer. What stays changed for
    NEW_NORMAL_WEEKS in a row is the new reference.
    """
    if counts.empty:
        return pd.DataFrame(columns=list(FEATURE_COLUMNS)).astype(FEATURE_COLUMNS)
    weeks = pd.DatetimeIndex(sorted(pd.to_datetime(counts["week"]).unique()))
    frame = counts.assign(week=pd.to_datetime(counts["week"]))
    told = weeks[-int(settings["drift_weeks"]) :]
    watched = {
        str(feature): Followed(rows, weeks) for feature, rows in frame.groupby("feature", sort=True)
    }
    rows = []
    for number, week in enumerate(weeks):
        found = pd.DataFrame(
            [{"feature": name} | one.read(number) for name, one in watched.items()]
        )
        found["q_value"] = false_discovery_q(found["p_value"].to_numpy(dtype=float))
        is_drift = (
            (found["status"] == OK)
            & (found["q_value"] <= settings["drift_false_discovery_rate"])
            & (found["psi"] >= settings["drift_smallest_psi"])
        )
        found["status"] = found["status"].mask(is_drift, DRIFT)
        for row in found.itertuples():
            watched[row.feature].learn(number, status=row.status, psi=row.psi, row=row)
        if week in told:
            rows.append(found.assign(starts_on=week, ends_on=week + pd.Timedelta(days=6)))
    return pd.concat(rows, ignore_index=True)[list(FEATURE_COLUMNS)].astype(FEATURE_COLUMNS)


class Followed:
    """One feature from week to week: its counts, the weeks it is compared with, and how far
    unchanged weeks lay from those before them."""

    def __init__(self, rows: pd.DataFrame, weeks: pd.DatetimeIndex) -> None:
        table = rows.pivot_table(
            index="week", columns="bin", values="case_count", aggfunc="sum", fill_value=0
        )
        is_number = rows["lowest"].notna().all()
        if is_number:
            lowest = rows.groupby("bin")["lowest"].min().sort_values()
            table = table[lowest.index]
            self.names = [f"from {value:.6g}" for value in lowest]
        else:
            self.names = [str(name) for name in table.columns]
        self.counts = table.reindex(weeks, fill_value=0).to_numpy(dtype=float)
        self.reference: list[int] = []
        self.changed: list[int] = []
        self.statistics: list[float] = []

    def dispersion(self) -> float:
        known = self.statistics[-MOST_STATISTICS:]
        if len(known) < FEWEST_STATISTICS:
            return 1.0
        return max(1.0, float(np.quantile(known, USUAL_SHARE)))

    def read(self, number: int) -> dict:
        before = self.counts[self.reference[-REFERENCE_WEEKS:]].sum(axis=0)
        dispersion = self.dispersion()
        now = self.counts[number]
        found = compared(now, before, self.names, dispersion=dispersion)
        if number >= YEAR_WEEKS and found["status"] == OK:
            start = max(number - YEAR_WEEKS - YEAR_WIDTH, 0)
            season = self.counts[start : number - YEAR_WEEKS + YEAR_WIDTH + 1].sum(axis=0)
            yearly = compared(now, season, self.names, dispersion=dispersion)
            if yearly["status"] == OK and yearly["p_value"] > found["p_value"]:
                found = yearly
        # until it is known how much weeks differ, and weeks to compare with are there
        if len(self.statistics) < FEWEST_STATISTICS and found["status"] == OK:
            found |= {"status": NOTHING, "psi_limit": np.nan, "p_value": np.nan}
        return found | {"dispersion": dispersion}

    def learn(self, number: int, *, status: str, psi: float, row: tuple) -> None:
        if not self.counts[number].sum():
            return
        if status == DRIFT:
            self.changed.append(number)
            if len(self.changed) < NEW_NORMAL_WEEKS:
                return
            self.reference, self.changed = self.changed, []
            return
        self.changed = []
        self.reference.append(number)
        if np.isfinite(psi):
            scale = 1 / row.case_count + 1 / row.reference_count
            usual = float(chdtri(row.bin_count - 1, 1 - USUAL_SHARE))
            self.statistics.append(psi / scale / usual)


def score_drift(scores: pd.DataFrame, *, settings: dict) -> pd.DataFrame:
    """The scores of this build against those of an earlier one, beside the rows of builds before.

    Parameters
    ----------
    scores: SCORE_COLUMNS, one row per mart, score and build; of this build (the newest as_of_date,
        `is_current`) mart, score, method, bins (JSON: label of the bin and cases) and history_from.
    settings: drift_reference_days (the newest build so many days back is the reference, else the
        oldest one), drift_smallest_psi, drift_false_discovery_rate, score_builds (rows kept).

    Returns
    -------
    One row per mart, score and build. The customers of two builds are mostly the same, so that the
    stated chances are upper bounds.
    """
    if scores.empty:
        return pd.DataFrame(columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)
    scores = scores.assign(as_of_date=pd.to_datetime(scores["as_of_date"]))
    is_current = scores["is_current"].astype(bool)
    past = scores[~is_current].sort_values("as_of_date")
    rows = []
    for row in scores[is_current].to_dict("records"):
        own = past[(past["mart"] == row["mart"]) & (past["score"] == row["score"])]
        rows.append(row | against_build(row, own, settings))
    found = pd.DataFrame(rows)
    if not found.empty:
        found["q_value"] = false_discovery_q(found["p_value"].to_numpy(dtype=float))
        is_drift = (
            (found["status"] == OK)
            & (found["q_value"] <= settings["drift_false_discovery_rate"])
            & (found["psi"] >= settings["drift_smallest_psi"])
        )
        found["status"] = found["status"].mask(is_drift, DRIFT)
    whole = pd.concat([found, past], ignore_index=True).sort_values(
        ["mart", "score", "as_of_date"], ascending=[True, True, False]
    )
    kept = whole.groupby(["mart", "score"]).cumcount() < settings["score_builds"]
    return whole[kept][list(SCORE_COLUMNS)].astype(SCORE_COLUMNS).reset_index(drop=True)


def against_build(row: dict, past: pd.DataFrame, settings: dict) -> dict:
    """This build's scores against those of the build that is the reference."""
    now = pd.Series(json.loads(row["bins"]), dtype=float)
    if past.empty:
        nothing = compared(now.to_numpy(), np.zeros(len(now)), list(now.index))
        return nothing | {"status": FIRST_BUILD, "method_before": None, "reference_on": pd.NaT}
    limit = row["as_of_date"] - pd.Timedelta(days=settings["drift_reference_days"])
    old = past[past["as_of_date"] <= limit]
    reference = old.iloc[-1] if len(old) else past.iloc[0]
    before = pd.Series(json.loads(reference["bins"]), dtype=float)
    bins = sorted(set(now.index) | set(before.index))
    now, before = (one.reindex(bins, fill_value=0.0).to_numpy() for one in (now, before))
    return compared(now, before, bins) | {
        "method_before": reference["method"],
        "reference_on": reference["as_of_date"],
    }
