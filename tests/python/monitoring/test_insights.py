"""Insights: said once, true to their tables, and silent where nothing happened."""

import importlib.util
import json
import re
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from retail_analytics.monitoring.findings import printed, signed_percent
from retail_analytics.monitoring.insights import INSIGHT_COLUMNS, insights

RULES = ROOT / "seeds" / "rules" / "monitoring"
TODAY = date(2024, 6, 3)
NO_ANOMALIES = pd.DataFrame(
    columns=[
        *["metric", "dimension", "entity", "period", "direction", "is_better", "observed"],
        *["expected", "expected_lower", "expected_upper", "z", "q_value", "change", "money"],
        *["severity", "starts_on", "ends_on"],
    ]
)
NO_TRENDS = pd.DataFrame(
    columns=[
        *["metric", "dimension", "entity", "direction", "is_better", "month_count", "q_value"],
        *["slope_per_month", "slope_per_month_lower", "slope_per_month_upper"],
        *["slope_pct_per_month", "from_month", "to_month"],
    ]
)
NO_CHANGES = pd.DataFrame(
    columns=[
        *["metric", "dimension", "entity", "direction", "is_better", "is_season_known"],
        *["level_before", "level_after", "size", "size_lower", "size_upper", "size_pct"],
        "changed_on",
    ]
)


def told(*, today=TODAY, **given):
    nothing = {
        "anomalies": NO_ANOMALIES,
        "trends": NO_TRENDS,
        "changes": NO_CHANGES,
        "months": pd.DataFrame(columns=["month", "order_count", "revenue", "revenue_squares"]),
        "journeys": pd.DataFrame(columns=["touch_count", "journey_count", "converted_count"]),
    }
    return insights(
        **{**nothing, **given},
        rules=pd.read_csv(RULES / "daily_metrics.csv"),
        monthly_rules=pd.read_csv(RULES / "metrics.csv"),
        templates=pd.read_csv(RULES / "insight_templates.csv"),
        settings=pd.read_csv(RULES / "monitoring_settings.csv")
        .set_index("setting")["value"]
        .to_dict(),
        currency="EUR",
        as_of_date=today,
    )


def anomaly(metric, day, observed, expected, *, entity="all", dimension="all", severity=5):
    above = observed > expected
    return {
        "metric": metric,
        "dimension": dimension,
        "entity": entity,
        "period": "day",
        "direction": "above" if above else "below",
        "is_better": above,
        "observed": observed,
        "expected": expected,
        "expected_lower": 0.7 * expected,
        "expected_upper": 1.3 * expected,
        "z": 5.0 if above else -5.0,
        "q_value": 0.01,
        "change": observed - expected,
        "money": 50.0 * (observed - expected) if metric == "order_count" else np.nan,
        "severity": severity,
        "starts_on": pd.Timestamp(day),
        "ends_on": pd.Timestamp(day),
    }


def trend(metric, slope, *, entity="all", dimension="all"):
    return {
        "metric": metric,
        "dimension": dimension,
        "entity": entity,
        "direction": "rising" if slope > 0 else "falling",
        "is_better": slope > 0,
        "month_count": 36,
        "slope_per_month": slope,
        "slope_per_month_lower": slope - 1,
        "slope_per_month_upper": slope + 1,
        "slope_pct_per_month": 2.0,
        "q_value": 0.01,
        "from_month": pd.Timestamp("2021-06-01"),
        "to_month": pd.Timestamp("2024-05-01"),
    }


def change(metric, size, *, is_season_known=True, on="2024-05-06"):
    return {
        "metric": metric,
        "dimension": "all",
        "entity": "all",
        "direction": "up" if size > 0 else "down",
        "is_better": size > 0,
        "is_season_known": is_season_known,
        "level_before": 60.0,
        "level_after": 60.0 + size,
        "size": size,
        "size_lower": size - 4,
        "size_upper": size + 4,
        "size_pct": 100 * size / 60,
        "changed_on": pd.Timestamp(on),
    }


MONTHS = pd.DataFrame(
    {
        "month": pd.to_datetime(["2023-05-01", "2024-05-01"]),
        "order_count": [1000, 1300],
        "revenue": [50_000.0, 60_000.0],
        "revenue_squares": [3e6, 4e6],
    }
)
JOURNEYS = pd.DataFrame(
    {
        "touch_count": [1, 2, 3],
        "journey_count": [1000, 500, 400],
        "converted_count": [150, 90, 180],
    }
)
EVERYTHING = {
    "anomalies": pd.DataFrame(
        [
            anomaly("order_count", "2024-05-30", 12, 41, severity=8),
            anomaly("revenue", "2024-05-30", 400, 1500),
            anomaly("on_time_rate", "2024-05-30", 0.41, 0.86),
        ]
    ),
    "trends": pd.DataFrame([trend("complaint_count", 12.5)]),
    "changes": pd.DataFrame([change("mention_count", 25.0)]),
    "months": MONTHS,
    "journeys": JOURNEYS,
}


def test_nothing_is_said_where_nothing_happened():
    found = told()
    assert list(found.columns) == list(INSIGHT_COLUMNS)
    assert found.empty


def test_every_number_of_a_text_is_in_its_figures():
    found = told(**EVERYTHING)
    assert set(found["template"]) == {"anomaly", "trend", "level_change", "year_before", "touches"}
    for row in found.itertuples():
        figures = json.loads(row.figures)
        printed = " ".join(str(figure["printed"]) for figure in figures.values())
        for number in re.findall(r"\d[\d,.]*", row.text):
            assert number.rstrip(".,") in printed, (row.text, number)
        assert "{" not in row.text
        assert row.source_table.startswith("marts.")


def test_figures_are_those_of_the_marts():
    row = told(**EVERYTHING).set_index("template").loc["anomaly"]
    figures = json.loads(row["figures"])
    assert figures["observed"] == {"value": 12, "printed": "12 orders"}
    assert figures["expected"]["value"] == 41
    assert row["money"] == 50.0 * (12 - 41)
    assert row["money_lower"] <= row["money"] <= row["money_upper"]
    assert row["text"].startswith("Orders: 12 orders on 2024-05-30, usually 41 orders")
    assert "share of parcels on time 41 % (usually 86 %)" in row["text"]
    # revenue fell because orders did
    assert "revenue" not in row["text"]


def test_the_year_before_tells_orders_and_their_value_apart():
    row = told(months=MONTHS).iloc[0]
    assert "60,000 EUR, +20 % against 50,000 EUR" in row["text"]
    assert "orders +30 %" in row["text"]
    assert "value per order -7.7 %" in row["text"]
    assert row["money"] == 10_000
    reach = 1.2815515655446004 * 7e6**0.5
    assert row["money_lower"] == pytest.approx(10_000 - reach)


def test_a_difference_that_chance_brings_is_not_told():
    noise = MONTHS.assign(revenue=[50_000.0, 51_000.0])
    assert told(months=noise).empty
    alike = JOURNEYS.assign(converted_count=[150, 75, 62])
    assert told(journeys=alike).empty
    few = JOURNEYS.assign(converted_count=[3, 2, 8])
    assert told(journeys=few).empty


def test_customers_with_more_contacts_order_more_often():
    """180 of 400 against 240 of 1,500: 2.8 times as often, and no effect claimed."""
    row = told(journeys=JOURNEYS).iloc[0]
    assert "order 2.8 times as often" in row["text"]
    assert "no effect" in row["text"]


def test_a_finding_is_told_once():
    trends = pd.DataFrame(
        [
            trend("order_count", 3.0),
            trend("revenue", 300.0),
            trend("delivery_count", 3.0),
            trend("delivery_count", 1.0, dimension="carrier", entity="Falcon"),
            trend("ticket_count", -2.0),
        ]
    )
    found = told(trends=trends)
    # tickets fall while orders rise: that is news
    assert set(found["metric"]) == {"order_count", "ticket_count"}
    assert found["insight_id"].is_unique


def test_what_comes_often_is_no_news_where_it_is_good_and_says_so_where_it_is_bad():
    days = ["2023-09-04", "2023-12-04", "2023-12-05", "2024-03-04", "2024-05-30"]
    batches = [anomaly("delivery_count", day, 49, 1) for day in days]
    assert told(anomalies=pd.DataFrame(batches)).empty
    two = pd.DataFrame([*batches[:3], *batches[4:]])
    assert told(anomalies=two)["text"].tolist() == [
        "Parcels delivered: 49 parcels on 2024-05-30, usually 1 parcel"
    ]
    # a small one is not like it
    small = pd.DataFrame([*batches[:3], anomaly("delivery_count", days[3], 10, 1), batches[4]])
    assert len(told(anomalies=small)) == 1
    gaps = pd.DataFrame([anomaly("delivery_count", day, 0, 40) for day in days])
    (text,) = told(anomalies=gaps)["text"]
    assert "usually 40 parcels (as 3 times in the year before)" in text


def test_what_a_habit_of_one_slice_makes_of_others_is_no_news():
    days = ["2023-09-04", "2023-12-04", "2024-03-04", "2024-05-30"]
    slice_ = {"dimension": "warehouse", "entity": "Batches"}
    batches = [anomaly("delivery_count", day, 49, 1, **slice_) for day in days]
    truck = {"dimension": "carrier", "entity": "Truck"}
    made = anomaly("delivery_count", days[-1], 60, 7.03, **truck)
    assert told(anomalies=pd.DataFrame([*batches, made])).empty
    # the larger part came otherwise; another of its own dimension; another day; worse
    others = [
        anomaly("delivery_count", days[-1], 150, 7.03, **truck),
        anomaly("delivery_count", days[-1], 60, 7.03, dimension="warehouse", entity="South"),
        anomaly("delivery_count", "2024-05-28", 60, 7.03, **truck),
        {**made, "is_better": False},
    ]
    for other in others:
        (text,) = told(anomalies=pd.DataFrame([*batches, other]))["text"]
        assert "usually 7.0 parcels" in text


def test_the_least_severe_is_an_alert_and_no_news():
    quiet = anomaly("ad_spend", "2024-05-30", 0, 12, severity=1)
    assert told(anomalies=pd.DataFrame([quiet])).empty
    assert len(told(anomalies=pd.DataFrame([quiet | {"severity": 2}]))) == 1


def test_days_apart_are_two_findings_and_old_ones_none():
    found = told(
        anomalies=pd.DataFrame(
            [
                anomaly("order_count", "2024-05-30", 12, 41),
                anomaly("order_count", "2024-05-20", 99, 41),
                anomaly("order_count", "2024-03-20", 99, 41),
            ]
        )
    )
    assert sorted(found["from_date"].dt.strftime("%Y-%m-%d")) == ["2024-05-20", "2024-05-30"]


def week(metric, starts_on, observed, expected, **rest):
    monday = pd.Timestamp(starts_on)
    return {
        **anomaly(metric, starts_on, observed, expected, **rest),
        **{"period": "week", "ends_on": monday + pd.Timedelta(6, "D")},
    }


def test_weeks_in_a_row_are_one_finding_worth_all_of_them():
    weeks = [
        week("order_count", day, 0, expected, severity=severity)
        for day, expected, severity in (
            ("2024-05-06", 171, 8),
            ("2024-05-13", 168, 9),
            ("2024-05-20", 165, 8),
        )
    ]
    found = told(anomalies=pd.DataFrame(weeks))
    assert found["text"].tolist() == [
        "Orders: 0 orders from 2024-05-13 to 2024-05-19, usually 168 orders "
        "(one of 3 weeks in a row from 2024-05-06 to 2024-05-26)"
    ]
    assert found["money"][0] == -50.0 * (171 + 168 + 165)
    assert found["money_lower"][0] < found["money"][0] < found["money_upper"][0]
    assert found["from_date"][0] == pd.Timestamp("2024-05-06")
    # the same finding a week later, and the same name
    more = [*weeks, week("order_count", "2024-05-27", 0, 164, severity=10)]
    later = told(anomalies=pd.DataFrame(more), memory=found, today=date(2024, 6, 10))
    assert later["insight_id"].tolist() == found["insight_id"].tolist()
    assert "one of 4 weeks in a row" in later["text"][0]
    assert not later["is_new"][0]
    # with a week between them they are two
    assert len(told(anomalies=pd.DataFrame(more[1::2]))) == 2


def test_a_return_to_what_was_usual_is_no_news():
    """Nothing for three weeks; the level learned from it calls the days after it high."""
    stop = [
        *(anomaly("order_count", f"2024-05-{day}", 0, 24) for day in (6, 7, 8)),
        *(week("order_count", f"2024-05-{day:02}", 0, 168) for day in (6, 13, 20)),
    ]
    back = anomaly("order_count", "2024-05-28", 24, 0.4)
    (text,) = told(anomalies=pd.DataFrame([*stop, back]))["text"]
    assert text.startswith("Orders: 0 orders")
    # more than was usual before, or long after, is news
    for other in (
        anomaly("order_count", "2024-05-28", 60, 0.4),
        anomaly("order_count", "2024-06-03", 24, 0.4),
    ):
        assert len(told(anomalies=pd.DataFrame([*stop, other]))) == 2
    # and days after many high ones are not low, but after three, of which no level was learned
    spike = [anomaly("order_count", f"2024-05-{day}", 90, 24) for day in range(18, 24)]
    low = anomaly("order_count", "2024-05-28", 22, 70)
    assert len(told(anomalies=pd.DataFrame([*spike, low]))) == 1
    assert len(told(anomalies=pd.DataFrame([*spike[3:], low]))) == 2
    # where no more was expected than on those days no level was learned
    monday = anomaly("order_count", "2024-05-28", 17, 23)
    assert len(told(anomalies=pd.DataFrame([*spike, monday]))) == 2


def test_a_level_of_which_an_anomaly_tells_is_not_told_again():
    new = [change("mention_count", 25.0, on="2024-05-06"), change("order_count", 25.0)]
    up = week("mention_count", "2024-05-06", 90, 60)
    found = told(changes=pd.DataFrame(new), anomalies=pd.DataFrame([up]))
    assert sorted(zip(found["template"], found["metric"], strict=True)) == [
        ("anomaly", "mention_count"),
        ("level_change", "order_count"),
    ]
    # the other side, and another week, are other news
    for other in (
        week("mention_count", "2024-05-06", 30, 60),
        week("mention_count", "2024-05-27", 90, 60),
    ):
        assert len(told(changes=pd.DataFrame(new), anomalies=pd.DataFrame([other]))) == 3


def test_what_may_be_a_season_or_is_unsure_is_not_told():
    assert told(changes=pd.DataFrame([change("mention_count", 25.0, is_season_known=False)])).empty
    assert told(changes=pd.DataFrame([change("mention_count", 3.0)])).empty
    assert told(changes=pd.DataFrame([change("mention_count", 25.0, on="2023-05-01")])).empty


def test_the_gravest_comes_first_and_only_so_many_are_shown():
    days = pd.date_range("2024-05-08", periods=13, freq="2D")
    found = told(
        anomalies=pd.DataFrame(
            [
                anomaly("order_count", day, 12, 41, severity=max(1 + number % 9, 2))
                for number, day in enumerate(days)
            ]
        )
    )
    assert list(found["insight_rank"]) == list(range(1, 14))
    assert found["is_shown"].sum() == 10
    assert "2024-05-24" in found.iloc[0]["text"]


def drift(feature="touch_device", *, monday="2024-05-13", status="drift"):
    return {
        "feature": feature,
        "status": status,
        "psi": 0.3 if status == "drift" else 0.0,
        "q_value": 0.001,
        "moved_bin": "mobile",
        "share_before": 0.58,
        "share_now": 0.70,
        "starts_on": pd.Timestamp(monday),
        "ends_on": pd.Timestamp(monday) + pd.Timedelta(days=6),
    }


def test_a_drift_is_told_once_by_its_first_week():
    rows = [drift(monday=day) for day in ("2024-05-13", "2024-05-20")]
    rows.append(drift("touch_region", status="stable"))
    # found, and too small to be told
    rows.append(drift("touch_channel") | {"psi": 0.1})
    (found,) = told(drifts=pd.DataFrame(rows)).to_dict("records")
    assert found["text"] == (
        "Since the week of 2024-05-13 touch device is spread otherwise: mobile has a share of "
        "70 %, 58 % in the weeks before"
    )
    assert found["insight_id"] == "drift:touch_device:all:all:2024-05-13"


def test_what_was_told_before_says_since_when():
    before = told(
        trends=pd.DataFrame([trend("revenue", 500.0)]),
        changes=pd.DataFrame([change("order_count", 20, on="2024-05-06")]),
        today=date(2024, 5, 27),
    )
    assert before["is_new"].all()
    # a week on: the trend ends with another month, the change is dated a week later, one is new
    moved = trend("revenue", 510.0) | {"from_month": pd.Timestamp("2021-07-01")}
    changes = [
        change("order_count", 21, on="2024-05-13"),
        change("complaint_count", 9, on="2024-05-20"),
    ]
    given = {"trends": pd.DataFrame([moved]), "changes": pd.DataFrame(changes)}
    found = told(**given, memory=before)
    day = {row.metric: row.first_told_on.date() for row in found.itertuples()}
    assert day == {
        "revenue": date(2024, 5, 27),
        "order_count": date(2024, 5, 27),
        "complaint_count": TODAY,
    }
    assert set(found.loc[found["is_new"], "metric"]) == {"complaint_count"}
    # its name stays, and the build repeated over what it left says the same
    assert set(before["insight_id"]) < set(found["insight_id"])
    pd.testing.assert_frame_equal(told(**given, memory=found), found)
    # a change of the other side, or months later, is another finding
    other = told(changes=pd.DataFrame([change("order_count", 20, on="2024-03-04")]), memory=before)
    assert other["is_new"].all()


def test_ten_days_tell_each_thing_once():
    """Day by day, each build over what the one before left: a finding is new on one day only."""
    memory, new = None, []
    for number in range(10):
        today = date(2024, 6, 3 + number)
        rows = [anomaly("order_count", "2024-05-29", 20, 60)]
        if number >= 4:
            rows.append(anomaly("order_count", "2024-06-06", 25, 60))
        memory = told(
            anomalies=pd.DataFrame(rows),
            trends=pd.DataFrame([trend("revenue", 500.0 + number)]),
            journeys=JOURNEYS,
            memory=memory,
            today=today,
        )
        new += [(number, one) for one in memory.loc[memory["is_new"], "template"]]
    assert sorted(new) == [(0, "anomaly"), (0, "touches"), (0, "trend"), (4, "anomaly")]


def test_a_score_is_not_told_beside_what_it_is_made_of():
    """Days to deliver rise, so that the score falls: one thing."""
    slower = trend("average_delivery_days", 0.02, entity="Central", dimension="warehouse")
    score = trend("delivery_score", -0.2, entity="Central", dimension="warehouse")
    found = told(trends=pd.DataFrame([slower | {"is_better": False}, score]))
    assert found["metric"].tolist() == ["average_delivery_days"]
    # where the days are as ever, the score is told
    assert told(trends=pd.DataFrame([score]))["metric"].tolist() == ["delivery_score"]
    better = trend("delivery_score", 0.2, entity="Central", dimension="warehouse")
    both = told(trends=pd.DataFrame([slower | {"is_better": False}, better]))
    assert len(both) == 2


def test_a_change_of_level_says_its_unit_once():
    (found,) = told(changes=pd.DataFrame([change("order_count", 20)]))["text"]
    assert "80 instead of 60 orders per week" in found


def test_a_month_of_which_files_hold_a_part_is_no_fall_of_revenue():
    part = MONTHS.assign(order_count=[1000, 60], revenue=[50_000.0, 90.0])
    (found,) = told(months=part).to_dict("records")
    assert found["template"] == "month_in_part" and np.isnan(found["money"])
    assert found["text"] == (
        "2024-05 has 60 orders, 1,000 in the same month a year before: the files may hold a part "
        "of it only"
    )
    # nearly all is not all
    fell = MONTHS.assign(order_count=[1000, 101], revenue=[50_000.0, 90.0])
    assert "-99.8 % against" in told(months=fell)["text"].iloc[0]


def months_of(revenue: list[float], *, first="2023-05-01"):
    """Complete months of orders worth 50 each."""
    return pd.DataFrame(
        {
            "month": pd.date_range(first, periods=len(revenue), freq="MS"),
            "order_count": [amount / 50 for amount in revenue],
            "revenue": revenue,
            "revenue_squares": [amount * 50 for amount in revenue],
        }
    )


def test_a_month_is_held_against_the_step_of_the_year_before():
    """May as a year ago (nothing to tell of the year), but April was twice that of then."""
    usual = [100e3] * 10
    found = told(months=months_of([100e3, *usual, 200e3, 100e3]))
    (row,) = found.to_dict("records")
    # 100,000 in 31 days against 200,000 in 30; there is no April of a year before
    assert row["template"] == "month_before" and not row["is_better"]
    assert row["text"].startswith("Revenue of 2024-05: 3,226 EUR per day, -52 % against 6,667 in")
    assert row["text"].endswith("whether that is the season a second year will say")
    # the same fall came a year before: it is the season
    season = months_of([200e3, 100e3, *usual, 200e3, 100e3], first="2023-04-01")
    assert told(months=season).empty
    # a year before it was none
    falls = told(months=months_of([100e3, 100e3, *usual, 200e3, 100e3], first="2023-04-01"))
    assert falls["text"].iloc[0].endswith("a year before the same step was -3.2 %")


def test_orders_are_told_where_the_revenue_of_one_is_unknown():
    months = months_of([100e3] * 10 + [200e3, 100e3]).assign(revenue=np.nan)
    (row,) = told(months=months).to_dict("records")
    assert row["metric"] == "order_count"
    assert row["text"].startswith("Orders of 2024-04: 66.7 orders per day, -48 % against 129 in")


def test_a_month_is_told_once():
    """Against the year before, and then not against the month before as well."""
    found = told(months=months_of([100e3] * 12 + [200e3]))
    assert list(found["template"]) == ["year_before"]


def hours_of(per_day: list[float], *, weeks=52, open_hours=(9, 15), seed=3):
    """Orders of 52 weeks up to Sunday, by day of the week from Monday and spread over hours."""
    draw = np.random.default_rng(seed)
    days = pd.date_range("2023-06-05", periods=7 * weeks, freq="D")
    hours = np.arange(*open_hours)
    counts = draw.poisson(np.tile(per_day, weeks)[:, None] / len(hours), (len(days), len(hours)))
    frame = pd.DataFrame(
        {
            "ordered_on": np.repeat(days, len(hours)),
            "hour": np.tile(hours, len(days)),
            "order_count": counts.ravel(),
        }
    )
    return frame[frame["order_count"] > 0]


def test_the_busiest_day_of_the_week_is_told_and_a_closed_one_is_none():
    found = told(hours=hours_of([20, 20, 20, 20, 40, 20, 0], open_hours=(0, 24)))
    (row,) = found.to_dict("records")
    assert row["template"] == "weekday" and row["entity"] == "Fridays"
    assert "Orders: 2." in row["text"] and "Sundays" not in row["text"]
    figures = json.loads(row["figures"])
    assert figures["low"]["value"] < 2.05 < figures["high"]["value"] * 1.1
    assert figures["most"]["value"] == pytest.approx(40, rel=0.05)
    # two orders more on a Friday plan nobody's day
    assert told(hours=hours_of([2, 2, 2, 2, 4, 2, 0], open_hours=(0, 24))).empty
    # of seven days alike one is always the busiest, and half a year tells no pattern
    assert told(hours=hours_of([20] * 7, open_hours=(0, 24))).empty
    assert told(hours=hours_of([20, 20, 20, 20, 40, 20, 0], weeks=20, open_hours=(0, 24))).empty


def test_the_hours_of_half_the_orders_are_told():
    found = told(hours=hours_of([20] * 7, open_hours=(9, 15)))
    (row,) = found.to_dict("records")
    assert row["template"] == "hours"
    assert re.search(r"came between (9|10|11|12):00 and (12|13|14|15):00$", row["text"])
    assert json.loads(row["figures"])["share"]["value"] == pytest.approx(0.5, abs=0.03)
    # orders dated by day alone have no hours
    assert told(hours=hours_of([20] * 7, open_hours=(0, 1))).empty


def test_the_channel_of_the_largest_orders_is_told_beside_the_others():
    columns = ["sales_channel", "order_count", "revenue", "revenue_squares"]
    channels = pd.DataFrame(
        [
            ("app", 400, 400 * 60.0, 400 * 2 * 60.0**2),
            ("web", 300, 300 * 40.0, 300 * 2 * 40.0**2),
            ("shop", 100, 100 * 40.0, 100 * 2 * 40.0**2),
            ("fax", 3, 3 * 900.0, 3 * 900.0**2),
        ],
        columns=columns,
    )
    (row,) = told(channels=channels).to_dict("records")
    assert row["text"].startswith("Orders by app are worth 1.5 times those of the other sales")
    assert "(60 EUR against 40 EUR per order" in row["text"]
    # alike, and two of which nothing sure is known
    assert told(channels=channels[channels["sales_channel"] != "app"]).empty
    few = channels.assign(order_count=40, revenue_squares=40 * 90.0**2)
    assert told(channels=few.assign(revenue=[40 * 60.0, 40 * 40.0, 40 * 48.0, 40 * 48.0])).empty


def parcels_of(shares: dict[str, list[float]], *, late=(0.1, 0.4), customers=400, seed=1):
    """Customers of each segment, of which a share has the last parcel in each month; `late` is the
    share of a month's parcels that are, or one by segment and month."""
    draw = np.random.default_rng(seed)
    rows = []
    for segment, months in shares.items():
        for number, share in enumerate(months):
            count = round(share * customers)
            chance = late[segment][number] if isinstance(late, dict) else late[number]
            rows.append((f"2024-0{number + 4}-01", segment, count, draw.binomial(count, chance)))
    return pd.DataFrame(rows, columns=["month", "segment", "customer_count", "late_count"])


def test_a_segment_whose_last_parcels_were_late_is_told_against_the_same_months():
    shares = {"Can't Lose": [0.5, 0.5], "Loyal": [0.5, 0.5], "New": [0.2, 0.8]}
    late = {"Can't Lose": (0.2, 0.8), "Loyal": (0.1, 0.4), "New": (0.1, 0.4)}
    (row,) = told(parcels=parcels_of(shares, late=late)).to_dict("records")
    assert row["text"].startswith(
        "The last parcel of customers in the segment Can't Lose was late 1.9 times as often as that"
    )
    assert not row["is_better"] and "not shown by this" in row["text"]
    figures = json.loads(row["figures"])
    assert figures["low"]["value"] < 2 < figures["high"]["value"]
    assert figures["usual"]["value"] == pytest.approx(0.25, abs=0.03)
    # parcels of late months are late of every segment: 34 % of the new, 16 % of those who left
    months = {"Hibernating": [0.8, 0.2], "New": [0.2, 0.8], "Loyal": [0.5, 0.5]}
    assert told(parcels=parcels_of(months)).empty
    # few customers, and a month that only one segment has
    assert told(parcels=parcels_of(shares, late=late, customers=20)).empty
    assert told(parcels=parcels_of({"New": [0, 1], "Lost": [1, 0]})).empty


def test_segments_alike_are_told_no_more_often_than_stated():
    shares = {f"s{number}": [0.5, 0.5] for number in range(6)}
    told_of = [len(told(parcels=parcels_of(shares, seed=seed))) for seed in range(60)]
    # 12 are allowed by chance at most once in a hundred times
    assert sum(told_of) <= 12


def test_patterns_that_stay_are_new_once():
    first = told(hours=hours_of([20, 20, 20, 20, 40, 20, 0]))
    again = told(today=date(2024, 6, 4), hours=hours_of([20, 20, 20, 20, 40, 20, 0], seed=4))
    assert set(first["insight_id"]) & set(again["insight_id"])
    assert all(":better" in name for name in first["insight_id"])


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (0.01476, "points", "0.015 points"),
        (0.5, "days", "0.50 days"),
        (18.4828, "contacts", "18.5 contacts"),
        (1234.5, "EUR", "1,234 EUR"),
        (1.0, "orders per week", "1 order per week"),
        (0.0, "orders", "0 orders"),
        (4e-7, "EUR", "0 EUR"),
        (-1.4e-11, "EUR", "0 EUR"),
        (0.0125, "share", "1.2 %"),
    ],
)
def test_a_number_is_written_with_as_many_figures_as_tell(value, unit, text):
    assert printed(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0 %"), (-0.01, "0.0 %"), (0.2, "+0.2 %"), (-12.4, "-12 %"), (3110.2, "+3,110 %")],
)
def test_a_change_has_a_sign_where_there_is_one(value, text):
    assert signed_percent(value) == text


def test_what_is_usually_counted_has_no_hundredths():
    assert printed(7.0278, "parcels", most_digits=1) == "7.0 parcels"
    assert printed(0.0278, "parcels", most_digits=1) == "0.028 parcels"
    calls = pd.DataFrame([change("mention_count", -51.72)])
    assert "8.3 instead of 60 mentions per week" in told(changes=calls)["text"][0]


@pytest.mark.parametrize(
    ("covered_until", "months"),
    [("2024-06-30", [date(2024, 4, 1), date(2024, 6, 1)]), ("2024-06-29", [])],
)
def test_a_month_that_the_orders_do_not_cover_is_compared_with_none(covered_until, months):
    path = ROOT / "python_models" / "monitoring" / "insights.py"
    spec = importlib.util.spec_from_file_location("insights_model", path)
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    with duckdb.connect() as con:
        con.execute(
            "create table orders as select cast(day as date) as ordered_on, true as is_purchase, "
            "cast(10 as decimal(18, 4)) as revenue "
            "from (values ('2024-04-02'), ('2024-06-03'), ('2024-07-01')) as days (day)"
        )
        con.execute("create table as_of as select date '2024-06-01' as last_month")
        con.execute(
            "create table coverage as select * from (values ('orders', cast(? as date)), "
            "('mentions', date '2024-07-01')) as inputs (input_table, covered_until)",
            [covered_until],
        )
        rows = con.execute(f"select cast(month as date) from ({model.MONTHS}) order by 1")
        assert [month for (month,) in rows.fetchall()] == months
