"""Drift: the index against its own chance, planted changes found, none at the stated rate."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from retail_analytics.monitoring.drift import (
    compared,
    feature_drift,
    score_drift,
    stability_index,
)

SETTINGS = {
    "drift_weeks": 13,
    "drift_smallest_psi": 0.05,
    "drift_false_discovery_rate": 0.01,
    "drift_reference_days": 28,
    "score_builds": 3,
}
NAMES = [str(number) for number in range(10)]
FIRST = pd.Timestamp("2023-01-02")


def weekly(name: str, draws: list[np.ndarray], bins: list[str], lowest=None) -> pd.DataFrame:
    rows = []
    for week, codes in enumerate(draws):
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
            rows.append((name, FIRST + pd.Timedelta(weeks=week), bins[code], int(count)))
    frame = pd.DataFrame(rows, columns=["feature", "week", "bin", "case_count"])
    return frame.assign(lowest=np.nan if lowest is None else frame["bin"].map(lowest))


def test_the_index_is_its_formula() -> None:
    # shares .7 and .3 against .58 and .42: .12 log(.7 / .58) + .12 log(.42 / .3)
    now, before = np.array([70_000.0, 30_000]), np.array([58_000.0, 42_000])
    expected = 0.12 * np.log(0.7 / 0.58) + 0.12 * np.log(0.42 / 0.3)
    assert stability_index(now, before) == pytest.approx(expected, rel=1e-3)
    assert stability_index(before, before) == 0


@pytest.mark.parametrize("size", [100, 1_000])
def test_chance_exceeds_the_limit_in_one_of_twenty(size: int) -> None:
    """10 bins: 95 % at 16.919 x 2/n. A fixed limit of .1 is false in most samples of 100."""
    rng = np.random.default_rng(11)
    reads = [
        compared(
            np.bincount(rng.integers(0, 10, size), minlength=10).astype(float),
            np.bincount(rng.integers(0, 10, size), minlength=10).astype(float),
            NAMES,
        )
        for _ in range(2_000)
        if size >= 200
    ] or [
        {
            "psi": stability_index(*rng.multinomial(size, np.full(10, 0.1), 2).astype(float)),
            "psi_limit": 16.919 * 2 / size,
        }
        for _ in range(2_000)
    ]
    false = np.mean([read["psi"] > read["psi_limit"] for read in reads])
    assert 0.035 < false < 0.065
    assert chi2.ppf(0.95, 9) * 2 / size == pytest.approx(16.919 * 2 / size, rel=1e-4)
    if size == 100:
        assert np.mean([read["psi"] > 0.1 for read in reads]) > 0.8


def test_the_devices_and_the_wrong_unit_are_found_and_named_and_nothing_else() -> None:
    """A share of .58 that becomes .70 for good, and a week of minutes in seconds."""
    rng = np.random.default_rng(5)
    weeks = 60
    devices = [
        rng.choice(3, 900, p=(0.7, 0.22, 0.08) if week >= 55 else (0.58, 0.34, 0.08))
        for week in range(weeks)
    ]
    minutes = [np.full(300, 9) if week == 57 else rng.integers(0, 10, 300) for week in range(weeks)]
    quiet = [rng.choice(4, 500) for _ in range(weeks)]
    counts = pd.concat(
        [
            weekly("device", devices, ["mobile", "desktop", "tablet"]),
            weekly("minutes", minutes, NAMES, {name: 10.0 * int(name) for name in NAMES}),
            weekly("quiet", quiet, ["a", "b", "c", "d"]),
        ]
    )
    found = feature_drift(counts, settings=SETTINGS)
    assert len(found) == 3 * 13
    drifts = found[found["status"] == "drift"]
    week = {
        name: [(day - FIRST).days // 7 for day in rows["starts_on"]]
        for name, rows in drifts.groupby("feature")
    }
    # told for four weeks, then it is usual
    assert week == {"device": [55, 56, 57, 58], "minutes": [57]}
    first = drifts[drifts["feature"] == "device"].iloc[0]
    assert first["moved_bin"] in ("mobile", "desktop")
    assert abs(first["share_now"] - first["share_before"]) > 0.08
    wrong = drifts[drifts["feature"] == "minutes"].iloc[0]
    assert (wrong["moved_bin"], wrong["share_now"]) == ("from 90", 1.0)
    # the weeks after it are compared with weeks without it
    assert found[(found["feature"] == "minutes")]["share_before"].max() < 0.2


def test_weeks_that_always_differ_are_no_drift() -> None:
    """Shares that vary from week to week by more than chance raise what is usual."""
    rng = np.random.default_rng(2)
    draws = []
    for _ in range(200):
        share = np.clip(0.5 + 0.05 * rng.standard_normal(), 0.1, 0.9)
        draws.append((rng.random(3_000) < share).astype(int))
    found = feature_drift(
        weekly("share", draws, ["a", "b"]),
        settings={**SETTINGS, "drift_weeks": 170, "drift_smallest_psi": 0.0},
    )
    assert (found["dispersion"] > 3).mean() > 0.9
    assert (found["status"] == "drift").mean() < 0.15
    even = [rng.choice(2, 3_000) for _ in range(200)]
    found = feature_drift(
        weekly("share", even, ["a", "b"]),
        settings={**SETTINGS, "drift_weeks": 170, "drift_smallest_psi": 0.0},
    )
    assert (found["status"] == "drift").mean() < 0.1


def test_what_comes_every_year_is_no_drift() -> None:
    """Twice as many of a kind in the weeks before Christmas, in both years; the second time it is
    known. A kind that is new then is found all the same."""
    rng = np.random.default_rng(9)
    shares = [0.4 if week % 52 >= 47 else 0.2 for week in range(104)]
    season = [(rng.random(600) < share).astype(int) for share in shares]
    found = feature_drift(
        weekly("kind", season, ["usual", "gift"]), settings={**SETTINGS, "drift_weeks": 57}
    )
    drift = found[found["status"] == "drift"]["starts_on"]
    assert set((drift - FIRST).dt.days // 7) == {47, 48, 49, 50}
    season[102] = np.full(600, 1)
    found = feature_drift(weekly("kind", season, ["usual", "gift"]), settings=SETTINGS)
    assert (found["status"] == "drift").sum() == 1


def test_too_little_is_said_to_be_too_little() -> None:
    empty = weekly("a", [], ["x"])
    assert feature_drift(empty, settings=SETTINGS).empty
    alike = weekly("a", [np.zeros(500, dtype=int)] * 30, ["x"])
    few = weekly("b", [np.arange(10) % 2] * 30, ["x", "y"])
    young = weekly("c", [np.arange(500) % 2] * 4, ["x", "y"])
    found = feature_drift(pd.concat([alike, few, young]), settings=SETTINGS)
    assert set(found["status"]) == {"insufficient_data"}
    assert found["p_value"].isna().all()


def scores(*builds: tuple[str, dict, bool], method: str = "m") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "mart": "risks",
                "score": "chance",
                "method": method,
                "bins": json.dumps(bins),
                "is_current": is_current,
                "status": None if is_current else "stable",
                "history_from": pd.Timestamp("2022-01-01"),
                "as_of_date": day,
                "case_count": 0,
                "reference_count": 0,
                "bin_count": 0,
            }
            for day, bins, is_current in builds
        ]
    )


EVEN, MOVED = {"low": 500, "high": 500}, {"low": 300, "high": 700}


def test_scores_are_compared_with_a_build_four_weeks_back() -> None:
    first = score_drift(scores(("2024-05-31", EVEN, True)), settings=SETTINGS)
    assert first["status"].tolist() == ["first_build"]
    found = score_drift(
        scores(
            ("2024-04-01", EVEN, False),
            ("2024-05-02", MOVED, False),
            ("2024-05-20", EVEN, False),
            ("2024-05-31", MOVED, True),
        ),
        settings=SETTINGS,
    )
    # the newest three are kept, as they were said
    assert found["as_of_date"].dt.strftime("%m-%d").tolist() == ["05-31", "05-20", "05-02"]
    now = found.iloc[0]
    assert (now["status"], now["reference_on"]) == ("stable", pd.Timestamp("2024-05-02"))
    moved = score_drift(
        scores(("2024-05-20", EVEN, False), ("2024-05-31", MOVED, True)), settings=SETTINGS
    ).iloc[0]
    assert (moved["status"], moved["share_before"]) == ("drift", 0.5)
    assert moved["psi"] == pytest.approx(
        0.2 * np.log(0.7 / 0.5) + 0.2 * np.log(0.5 / 0.3), rel=0.01
    )
    assert score_drift(scores(), settings=SETTINGS).empty


def test_scores_built_day_by_day_and_again_are_the_same() -> None:
    """Ten builds; the last one repeated over what it left changes nothing."""
    rng = np.random.default_rng(3)
    memory = scores()
    for day in range(10):
        bins = {"low": int(500 + rng.integers(0, 20)), "high": 500}
        now = scores((f"2024-05-{10 + day}", bins, True))
        told = score_drift(pd.concat([memory, now]), settings={**SETTINGS, "score_builds": 60})
        again = score_drift(pd.concat([memory, now]), settings={**SETTINGS, "score_builds": 60})
        pd.testing.assert_frame_equal(told, again)
        memory = told.assign(is_current=False)
    assert len(memory) == 10
    assert (memory["status"] != "drift").all()
