"""Daily metrics watched: what a shop is told of, and what it is spared."""

import numpy as np
import pandas as pd
import pytest

from retail_analytics.monitoring.anomalies import COLUMNS, metric_readings
from retail_analytics.monitoring.changes import CHANGE_COLUMNS, change_points

SETTINGS = {
    "watched_days": 1096,
    "shown_days": 366,
    "day_false_alerts_per_year": 0.7,
    "week_false_alerts_per_year": 0.3,
    "false_discovery_rate": 0.1,
    "tail_z": 2.0,
    "fewest_cases": 4,
}
RULES = pd.DataFrame(
    [
        ("order_count", "count", "orders", "order", True, 0.1),
        ("revenue", "sum", "currency", "value", True, 0.1),
        ("average_order_value", "mean", "currency", "none", True, 0.1),
        ("on_time_rate", "rate", "share", "none", True, 0.03),
    ],
    columns=["metric", "kind", "unit", "worth", "is_higher_better", "minimum_change"],
)
FIRST = pd.Timestamp("2022-01-03")


def series(metric, numerator, denominator=None, *, entity="all", first=FIRST):
    days = len(numerator)
    return pd.DataFrame(
        {
            "metric": metric,
            "dimension": "all" if entity == "all" else "channel",
            "entity": entity,
            "numerator": np.asarray(numerator, dtype=float),
            "denominator": np.nan if denominator is None else np.asarray(denominator, dtype=float),
            "day": pd.date_range(first, periods=days, freq="D"),
        }
    )


def readings(*frames, settings=SETTINGS):
    return metric_readings(pd.concat(frames, ignore_index=True), RULES, settings)


def anomalies(found):
    return found[found["is_anomaly"]]


def week_shape(days):
    return np.array([1, 1, 1, 1.1, 1.2, 1.4, 0.6])[np.arange(days) % 7]


def test_an_unchanged_shop_alerts_less_than_once_a_series_year():
    draw = np.random.default_rng(1)
    frames = [
        series("order_count", draw.poisson(12 * week_shape(900)), entity=f"c{number}")
        for number in range(30)
    ]
    found = readings(*frames, settings={**SETTINGS, "shown_days": 900})
    years = 30 * (900 - 28) / 365.25
    assert len(anomalies(found)) / years < 1
    # what the rows promise is what happens, before the false discovery rate makes it less
    last = found.drop_duplicates(["entity", "period"], keep="last")
    promised = last.groupby("period")["expected_false_alerts_per_week"].mean().sum() * 365.25 / 7
    assert 0.9 < promised < 2


def test_a_day_without_orders_is_found_named_and_priced():
    draw = np.random.default_rng(2)
    orders = draw.poisson(40 * week_shape(500))
    orders[450] = 0
    money = orders * 30.0
    found = anomalies(
        readings(
            series("order_count", orders),
            series("revenue", money, orders),
            series("average_order_value", money, orders),
        )
    )
    day = FIRST + pd.Timedelta(days=450)
    hit = found[(found["ends_on"] == day) & (found["period"] == "day")]
    assert set(hit["metric"]) == {"order_count", "revenue"}
    row = hit[hit["metric"] == "order_count"].iloc[0]
    assert row["direction"] == "below"
    assert not row["is_better"]
    assert row["money"] == pytest.approx(-30 * row["expected"], rel=0.01)
    assert row["severity"] >= 6
    assert row["expected"] == pytest.approx(40 * week_shape(500)[450], rel=0.25)


def test_five_days_without_contacts_of_a_small_channel_show_in_its_week():
    """Two and a half a day: no single day without any is unusual, and the day is not tested."""
    draw = np.random.default_rng(3)
    contacts = draw.poisson(2.5, 700)
    contacts[630:635] = 0
    found = readings(series("order_count", contacts, entity="affiliate"))
    of_days = found[found["period"] == "day"]
    assert set(of_days["status"]) == {"too_few_cases"}
    hit = anomalies(found)
    week = FIRST + pd.Timedelta(days=636)
    assert week.day_name() == "Sunday"
    assert list(hit.loc[hit["direction"] == "below", "ends_on"]) == [week]


def test_a_series_of_five_a_day_is_watched_and_says_what_it_cannot_see():
    found = readings(series("order_count", np.random.default_rng(4).poisson(5, 500)))
    last = found[found["period"] == "day"].iloc[-1]
    assert last["status"] == "ok"
    assert np.isnan(last["smallest_fall_seen"])
    # 3.3 + 1.3 standard deviations above 5 on the scale of square roots
    assert 14 < last["smallest_rise_seen"] < 18
    assert last["found_5_sigma"] > 0.6


def test_the_smallest_change_stated_is_found_nine_times_in_ten():
    draw = np.random.default_rng(5)
    counts = [draw.poisson(100, 401) for _ in range(60)]
    plain = readings(
        *[series("order_count", count[:400], entity=f"c{n}") for n, count in enumerate(counts)]
    )
    last = plain[plain["period"] == "day"].drop_duplicates("entity", keep="last")
    smallest = last.set_index("entity")["smallest_rise_seen"]
    frames = []
    for number, count in enumerate(counts):
        count[400] = round(100 + smallest[f"c{number}"])
        frames.append(series("order_count", count, entity=f"c{number}"))
    found = readings(*frames)
    newest = found[found["period"] == "day"].drop_duplicates("entity", keep="last")
    assert (newest["p_value"] < 0.7 / 365.25).mean() >= 0.8


def test_zeros_short_series_and_empty_frames_give_statuses():
    zero = readings(series("order_count", np.zeros(400)), series("revenue", np.zeros(400)))
    assert anomalies(zero).empty
    short = readings(series("order_count", np.full(20, 9)))
    assert set(short["status"]) == {"insufficient_data"}
    assert short["z"].isna().all()
    assert list(readings(series("order_count", [])).columns) == list(COLUMNS)
    one = readings(series("order_count", [9.0]))
    assert anomalies(one).empty


def test_a_metric_that_starts_last_week_is_not_tested():
    old = series("order_count", np.random.default_rng(6).poisson(30, 400))
    first = FIRST + pd.Timedelta(days=393)
    new = series("order_count", [90, 1, 80, 2, 70, 3, 60], entity="new", first=first)
    found = readings(old, new)
    assert set(found.loc[found["entity"] == "new", "status"]) == {"insufficient_data"}
    assert anomalies(found[found["entity"] == "new"]).empty


def test_a_holiday_is_not_tested_and_teaches_nothing():
    draw = np.random.default_rng(13)
    orders = draw.poisson(40, 400)
    orders[380] = 0
    day = FIRST + pd.Timedelta(days=380)
    frame = series("order_count", orders)
    found = metric_readings(frame, RULES, SETTINGS, holidays={day.date()})
    of_days = found[found["period"] == "day"].set_index("ends_on")
    assert of_days.loc[day, "status"] == "holiday"
    assert np.isnan(of_days.loc[day, "z"])
    assert not of_days.loc[day, "is_anomaly"]
    # without the rule it is one, and the day after is expected to be lower for it
    without = readings(frame)
    of_days_without = without[without["period"] == "day"].set_index("ends_on")
    assert of_days_without.loc[day, "is_anomaly"]
    after = day + pd.Timedelta(days=1)
    assert of_days_without.loc[after, "expected"] < of_days.loc[after, "expected"]


def test_what_is_unknown_is_not_zero():
    draw = np.random.default_rng(7)
    orders = draw.poisson(40, 400)
    money = orders * 30.0
    money[380] = np.nan
    found = readings(series("revenue", money, orders))
    day = FIRST + pd.Timedelta(days=380)
    assert day not in set(found["ends_on"])
    sunday = day + pd.Timedelta(days=6 - day.weekday())
    assert sunday not in set(found.loc[found["period"] == "week", "ends_on"])
    assert anomalies(found[found["ends_on"] > day - pd.Timedelta(days=300)]).empty


def test_a_yearly_season_is_known_the_second_time():
    draw = np.random.default_rng(8)
    days = 1090
    place = np.arange(days) % 364
    busy = np.where((place >= 300) & (place < 330), 2.0, 1.0)
    found = anomalies(
        readings(
            series("order_count", draw.poisson(40 * busy * week_shape(days))),
            settings={**SETTINGS, "shown_days": 1090},
        )
    )
    turns = found[found["period"] == "day"]
    first_time = turns[turns["ends_on"] < FIRST + pd.Timedelta(days=364)]
    third_time = turns[turns["ends_on"] >= FIRST + pd.Timedelta(days=728)]
    assert len(first_time) >= 2
    assert len(third_time) < len(first_time)


def test_later_days_change_nothing_of_what_was_said():
    """A build a day is one build at the end: readings come from the days before them."""
    draw = np.random.default_rng(9)
    frames = [
        series("order_count", draw.poisson(20 * week_shape(450)), entity=f"c{n}") for n in range(4)
    ]
    whole = pd.concat(frames, ignore_index=True)
    key = ["metric", "entity", "period", "ends_on"]
    said = ["observed", "expected", "z", "p_value", "q_value", "is_anomaly", "severity"]
    later = readings(whole).set_index(key)
    for days in range(440, 450):
        early = whole[whole["day"] < FIRST + pd.Timedelta(days=days)]
        then = readings(early).set_index(key)
        both = then.index.intersection(later.index)
        assert len(both) > 1000
        pd.testing.assert_frame_equal(then.loc[both, said], later.loc[both, said])


def test_rows_may_come_in_any_order():
    draw = np.random.default_rng(10)
    frame = pd.concat(
        [series("order_count", draw.poisson(20, 200), entity=f"c{n}") for n in range(3)]
    )
    pd.testing.assert_frame_equal(readings(frame), readings(frame.sample(frac=1, random_state=1)))


def test_a_change_of_level_is_found_in_its_week_and_a_season_is_none():
    draw = np.random.default_rng(11)
    days = 1092
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(days) / 364)
    steady = draw.poisson(40 * season)
    changed = draw.poisson(40 * season * np.where(np.arange(days) >= 7 * 130, 1.5, 1.0))
    found = change_points(
        pd.concat(
            [series("order_count", steady, entity="steady"), series("order_count", changed)],
            ignore_index=True,
        ),
        RULES,
        SETTINGS,
    )
    assert list(found["entity"]) == ["all"]
    row = found.iloc[0]
    assert abs((row["changed_on"] - FIRST).days // 7 - 130) <= 1
    assert row["is_season_known"]
    assert row["direction"] == "up"
    assert 35 < row["size_pct"] < 65
    assert row["size_lower"] <= row["size"] <= row["size_upper"]
    assert list(change_points(series("order_count", []), RULES, SETTINGS)) == list(CHANGE_COLUMNS)


def test_two_hundred_series_of_three_years_take_seconds():
    """Half of the time that the design allows, on one core that is not alone."""
    import time

    draw = np.random.default_rng(12)
    frames = [
        series("order_count", draw.poisson(20 * week_shape(1096)), entity=f"c{n}")
        for n in range(200)
    ]
    frame = pd.concat(frames, ignore_index=True)
    begin = time.process_time()
    readings(frame)
    change_points(frame, RULES, SETTINGS)
    assert time.process_time() - begin < 30
