"""The watched market: what was planted is found on its days and named; without it nothing is."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from retail_analytics.monitoring.anomalies import metric_readings
from retail_analytics.monitoring.changes import metric_trends
from retail_analytics.monitoring.drift import feature_drift
from retail_analytics.monitoring.insights import insights
from retail_analytics.sample import write_sample

RULES = ROOT / "seeds" / "rules" / "monitoring"
DAILY = pd.read_csv(RULES / "daily_metrics.csv")
SETTINGS = pd.read_csv(RULES / "monitoring_settings.csv").set_index("setting")["value"].to_dict()
TODAY = date(2024, 12, 31)
DAY_COUNTS = """
    with days as (
        select cast(day as date) as day
        from range(date '2022-01-01', date '2024-12-31', interval 1 day) as days (day)
    ),
    facts as (
        select 'order_count' as metric, 'all' as dimension, 'all' as entity,
            cast(ordered_at as date) as day
        from orders where order_status in ('completed', 'placed')
        union all
        select 'touch_count', 'channel', channel, cast(touched_at as date) from touchpoints
        union all
        select 'touch_count', 'all', 'all', cast(touched_at as date) from touchpoints
    ),
    series as (select distinct metric, dimension, entity from facts where entity is not null)
    select metric, dimension, entity, cast(count(facts.day) as double) as numerator,
        cast(null as double) as denominator, cast(days.day as timestamp) as day
    from days cross join series left join facts using (metric, dimension, entity, day)
    group by all order by all
"""
FEATURES = """
    select 'touch_device' as feature, device as bin, null as lowest,
        date_trunc('week', touched_at) as week
    from touchpoints
    union all
    select 'touch_region', region, null, date_trunc('week', touched_at) from touchpoints
    union all
    select 'ticket_handle_minutes',
        cast(ntile(10) over (order by handle_minutes) - 1 as varchar), handle_minutes,
        date_trunc('week', opened_at)
    from support_tickets where handle_minutes is not null
"""
MONTHS = """
    select 'average_order_value' as metric, 'all' as dimension, 'all' as entity,
        'currency' as unit, true as is_higher_better, date_trunc('month', ordered_at) as period,
        cast(avg(order_total) as double) as value
    from orders
    where order_status = 'completed' and ordered_at between '2022-01-01' and '2024-12-31'
    group by all order by period
"""


class Found:
    """What the watch finds in a market."""

    def __init__(self, folder: Path, market: str) -> None:
        write_sample(customers=20_000, out=folder, market=market, file_format="parquet")
        con = duckdb.connect()
        for path in folder.glob("*.parquet"):
            con.execute(f"create view {path.stem} as from read_parquet('{path}')")
        readings = metric_readings(con.sql(DAY_COUNTS).df(), DAILY, SETTINGS, holidays=set())
        self.anomalies = readings[readings["is_anomaly"]].assign(
            starts_on=lambda rows: (
                rows["ends_on"]
                - pd.to_timedelta(np.where(rows["period"] == "week", 6, 0), unit="D")
            )
        )
        counts = con.sql(
            f"select feature, bin, min(lowest) as lowest, count(*) as case_count, week "
            f"from ({FEATURES}) where week >= '2023-10-02' and week < '2024-12-30' "
            f"and bin is not null group by all"
        ).df()
        self.drifts = feature_drift(counts, settings=SETTINGS)
        self.trends = metric_trends(con.sql(MONTHS).df(), settings=SETTINGS, as_of_date=TODAY)
        self.texts = insights(
            anomalies=self.anomalies,
            trends=self.trends,
            changes=pd.DataFrame(),
            months=pd.DataFrame(columns=["month", "order_count", "revenue", "revenue_squares"]),
            journeys=pd.DataFrame(columns=["touch_count", "journey_count", "converted_count"]),
            rules=DAILY,
            monthly_rules=pd.read_csv(RULES / "metrics.csv"),
            templates=pd.read_csv(RULES / "insight_templates.csv"),
            settings=SETTINGS,
            currency="EUR",
            as_of_date=TODAY,
            drifts=self.drifts,
        )["text"].tolist()

    def days(self, metric: str, entity: str, direction: str) -> list[str]:
        own = self.anomalies[
            (self.anomalies["metric"] == metric)
            & (self.anomalies["entity"] == entity)
            & (self.anomalies["direction"] == direction)
            & (self.anomalies["period"] == "day")
        ]
        return sorted(own["ends_on"].dt.strftime("%Y-%m-%d"))

    def drift_weeks(self, feature: str) -> list[str]:
        own = self.drifts[(self.drifts["feature"] == feature) & (self.drifts["status"] == "drift")]
        return sorted(own["starts_on"].dt.strftime("%Y-%m-%d"))


@pytest.fixture(scope="module")
def watched(tmp_path_factory) -> Found:
    return Found(tmp_path_factory.mktemp("watched"), "watched")


@pytest.fixture(scope="module")
def steady(tmp_path_factory) -> Found:
    return Found(tmp_path_factory.mktemp("steady"), "steady")


GAP = ["2024-12-09", "2024-12-10", "2024-12-11", "2024-12-12", "2024-12-13"]


def test_five_days_without_records_of_a_channel_are_found(watched, steady) -> None:
    assert set(GAP) <= set(watched.days("touch_count", "search", "below"))
    assert not set(GAP) & set(steady.days("touch_count", "search", "below"))
    assert any("channel search" in text and "2024-12-" in text for text in watched.texts)


def test_six_hours_without_a_checkout_are_found(watched, steady) -> None:
    assert "2024-12-17" in watched.days("order_count", "all", "below")
    assert "2024-12-17" not in steady.days("order_count", "all", "below")


def test_a_device_that_more_people_use_is_found_from_its_week_on(watched, steady) -> None:
    weeks = watched.drift_weeks("touch_device")
    assert weeks[0] == "2024-10-14" and len(weeks) <= 4
    first = watched.drifts[
        (watched.drifts["feature"] == "touch_device")
        & (watched.drifts["starts_on"] == "2024-10-14")
    ].iloc[0]
    assert first["share_before"] == pytest.approx(0.58, abs=0.03)
    assert steady.drift_weeks("touch_device") == []
    assert watched.drift_weeks("touch_region") == steady.drift_weeks("touch_region") == []


def test_a_week_in_a_wrong_unit_is_found_and_named(watched, steady) -> None:
    assert watched.drift_weeks("ticket_handle_minutes") == ["2024-12-02"]
    assert steady.drift_weeks("ticket_handle_minutes") == []
    assert any(
        text.startswith("Since the week of 2024-12-02 ticket handle minutes is spread otherwise")
        for text in watched.texts
    )
    assert not any("spread otherwise" in text for text in steady.texts)


def test_prices_that_rise_by_the_month_are_a_trend(watched, steady) -> None:
    (trend,) = watched.trends.to_dict("records")
    assert trend["direction"] == "rising"
    assert trend["slope_pct_per_month"] == pytest.approx(0.3, abs=0.12)
    (none,) = steady.trends.to_dict("records")
    assert none["direction"] != "rising"
