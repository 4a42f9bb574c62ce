"""Scores, trends and drops of delivery months, over the models' own SQL where there is some."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from compiled import run_models
from hypothesis import given, settings
from hypothesis import strategies as st
from operations_chain import empty_shop

from retail_analytics.deliveries.series import delivery_limits, delivery_trends

AS_OF = date(2024, 12, 31)
SCALES = {"score": "real", "average_delivery_days": "positive", "on_time_rate": "rate"}
BETTER = {"score": "higher", "average_delivery_days": "lower"}


def months(
    values,
    *,
    measure: str = "score",
    entity: str = "all",
    dimension: str = "all",
    cases: float = np.nan,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dimension": dimension,
            "entity": entity,
            "measure": measure,
            "month": pd.date_range("2021-01-01", periods=len(values), freq="MS"),
            "value": np.asarray(values, dtype=float),
            "delivery_count": cases,
        }
    )


def limits_of(frame: pd.DataFrame) -> pd.DataFrame:
    return delivery_limits(frame, scales=SCALES, months=36, tail=0.0075)


def trend_of(values, *, measure: str = "score", last: int = 24) -> pd.Series:
    frame = months(values, measure=measure)
    (row,) = delivery_trends(frame, better=BETTER, as_of_date=AS_OF, months=last).iloc
    return row


@pytest.mark.parametrize(
    ("measure", "slope", "assessment"),
    [
        ("average_delivery_days", 0.2, "worsening"),
        ("average_delivery_days", -0.2, "improving"),
        ("score", 0.2, "improving"),
        ("score", -0.2, "worsening"),
    ],
)
def test_a_trend_is_judged_by_what_is_better(measure, slope, assessment) -> None:
    noise = np.random.default_rng(1).normal(scale=0.3, size=24)
    found = trend_of(5 + slope * np.arange(24) + noise, measure=measure)
    assert found["assessment"] == assessment
    assert found["direction"] == ("rising" if slope > 0 else "falling")
    assert found["slope_per_month_lower"] <= slope <= found["slope_per_month_upper"]
    assert found["status"] == "ok"


def test_only_the_last_months_count() -> None:
    long_ago = np.r_[np.arange(30.0), np.tile([5.0, 6.0], 6)]
    assert trend_of(long_ago, last=12)["assessment"] == "no trend"
    assert trend_of(long_ago, last=12)["month_count"] == 12
    assert trend_of(long_ago, last=42)["from_month"] == pd.Timestamp("2021-01-01")


def test_too_few_months_have_no_trend() -> None:
    for few in ([1, 2], np.arange(11.0)):
        assert trend_of(few)["status"] == "insufficient_data"
        assert pd.isna(trend_of(few)["assessment"])
    assert trend_of([3.0] * 12)["assessment"] == "no trend"


def test_stable_months_show_a_trend_as_often_as_stated() -> None:
    draws = np.random.default_rng(3).normal(size=(400, 24))
    frame = pd.concat([months(draw, entity=str(place)) for place, draw in enumerate(draws)])
    found = delivery_trends(frame, better=BETTER, as_of_date=AS_OF, months=24)
    assert 0.02 <= (found["assessment"] != "no trend").mean() <= 0.08


def test_any_name_of_a_carrier_comes_back() -> None:
    frame = months([1, 2, 3], dimension="carrier", entity="a|b |")
    for found in (
        delivery_trends(frame, better=BETTER, as_of_date=AS_OF, months=24),
        limits_of(frame),
    ):
        assert set(found["dimension"]) == {"carrier"}
        assert set(found["entity"]) == {"a|b |"}


def test_no_months_make_empty_tables() -> None:
    assert limits_of(months([])).empty
    assert delivery_trends(months([]), better=BETTER, as_of_date=None, months=24).empty


def degradations(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of delivery_degradations for these months."""
    con = empty_shop()
    limits = limits_of(frame)
    con.register("limits", limits)
    con.execute(
        "create table delivery_limits as select * replace (cast(month as date) as month) "
        "from limits"
    )
    run_models(con, {"delivery_degradations": "table"})
    return con.execute("from delivery_degradations order by entity, measure, month").df()


def test_injected_drops_are_found() -> None:
    frames, truth = [], set()
    random = np.random.default_rng(7)
    for place in range(60):
        values = random.normal(80, 1.5, size=36)
        fallen = int(random.integers(12, 36))
        values[fallen] -= 10
        frames.append(months(values, entity=f"{place:02}"))
        truth.add((f"{place:02}", frames[-1]["month"][fallen]))
    found = degradations(pd.concat(frames))
    hits = set(zip(found["entity"], found["month"], strict=True))
    assert len(hits & truth) >= 0.95 * len(truth)
    assert found["found_by"].str.startswith("limit").all()


def test_rises_of_what_should_be_low_are_found_and_its_falls_are_not() -> None:
    usual = np.tile([4.0, 4.2], 12)
    late, early = np.r_[usual, 7.0], np.r_[usual, 1.0]
    assert len(degradations(months(late, measure="average_delivery_days"))) == 1
    assert degradations(months(early, measure="average_delivery_days")).empty


def test_stable_months_raise_false_alarms_at_the_stated_rate() -> None:
    draws = np.random.default_rng(11).normal(80, 2, size=(200, 48))
    frame = pd.concat([months(draw, entity=f"{place:03}") for place, draw in enumerate(draws)])
    found = degradations(frame)
    judged = limits_of(frame).query("status == 'ok'")
    assert 0.05 <= 12 * len(found) / len(judged) <= found["expected_false_alarms_per_year"].max()
    assert found["expected_false_alarms_per_year"].max() <= 0.15


def on_time_rates(cases: int, *, rate: float, seed: int, size: int = 48) -> pd.DataFrame:
    """200 series of months of `cases` deliveries."""
    draws = np.random.default_rng(seed).binomial(cases, rate, size=(200, size)) / cases
    return pd.concat(
        months(draw, measure="on_time_rate", entity=f"{place:03}", cases=cases)
        for place, draw in enumerate(draws)
    )


@pytest.mark.parametrize("cases", [10, 500])
@pytest.mark.parametrize("rate", [0.8, 0.9, 0.97])
def test_rates_of_few_or_many_deliveries_raise_few_false_alarms(cases, rate) -> None:
    found = degradations(on_time_rates(cases, rate=rate, seed=cases))
    assert 12 * len(found) / (200 * 42) <= 0.15


@pytest.mark.parametrize("cases", [10, 500])
def test_a_rate_that_falls_by_three_standard_errors_is_found_within_six_months(cases) -> None:
    before = on_time_rates(cases, rate=0.9, seed=1, size=30)
    fallen = on_time_rates(cases, rate=0.9 - 3 * np.sqrt(0.09 / cases), seed=2, size=6)
    fallen["month"] += pd.DateOffset(months=30)
    found = degradations(pd.concat([before, fallen])).query("month >= '2023-07-01'")
    assert found["entity"].nunique() >= 0.85 * 200


def test_a_drop_below_the_minimum_effect_is_none() -> None:
    steady = np.tile([80.0, 80.1], 12)
    assert degradations(months(np.r_[steady, 77.5])).empty
    assert degradations(months(np.r_[steady, 76.5]))["severity"].tolist() == ["Medium"]


def test_severity_follows_from_the_month_before() -> None:
    steady = np.tile([80.0, 81.0], 12)
    found = degradations(months(np.r_[steady, 70.0, 55.0, 30.0]))
    assert found["severity"].tolist() == ["Medium", "High", "Critical"]


def test_contoso_fell_slowly_enough_for_no_drop() -> None:
    assert degradations(months([88.3, 83.0, 77.2, 69.8, 63.0, 81.9, 88.2])).empty


@pytest.fixture(scope="module")
def scores():
    """Scores of months, each (days, on-time rate, complaints), by the model's SQL."""
    con = empty_shop()

    def score(rows: list[tuple[float, float, int]]) -> list[float]:
        frame = pd.DataFrame(rows, columns=["days", "rate", "complaints"])
        con.register("rows", frame)
        con.execute(
            "create or replace table int_delivery_months as select 'all' as dimension, "
            "cast(row_number() over () as varchar) as entity, 'parcels' as figures_from, "
            "1 as delivery_count, 1 as on_time_count, days as average_delivery_days, "
            "days as median_delivery_days, days as p90_delivery_days, rate as on_time_rate, "
            "complaints as complaint_count, true as is_complete, "
            "date '2024-01-01' as month from rows"
        )
        run_models(con, {"delivery_performance": "view"})
        query = "select score from delivery_performance order by cast(entity as integer)"
        return [value for (value,) in con.execute(query).fetchall()]

    return score


MONTH = st.tuples(
    st.floats(0, 40, allow_nan=False), st.floats(0, 1, allow_nan=False), st.integers(0, 400)
)


@settings(max_examples=40)
@given(first=MONTH, second=MONTH)
def test_no_part_that_gets_better_lowers_a_score(scores, first, second) -> None:
    worse = (max(first[0], second[0]), min(first[1], second[1]), max(first[2], second[2]))
    better = (min(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]))
    steps = [worse, (better[0], *worse[1:]), (*better[:2], worse[2]), better]
    found = scores(steps)
    assert found == sorted(found)
    assert found[0] >= 0 and found[-1] <= 100
