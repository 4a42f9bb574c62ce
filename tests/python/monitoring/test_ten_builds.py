"""Ten builds of growing data, each over the file that the one before published.

The SQL of the tables runs as it stands, without dbt, and `load_memory` reads the published files.
"""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from compiled import run_models
from conftest import ROOT

from retail_analytics.customers.champions import CHURN, customer_reign
from retail_analytics.monitoring.anomalies import metric_readings
from retail_analytics.monitoring.changes import change_points
from retail_analytics.monitoring.insights import insights
from retail_analytics.statistics.champions import Decision, decide
from retail_analytics.warehouse.memory import load_memory

RULES = ROOT / "seeds" / "rules"
FIRST, LAST = date(2024, 1, 1), date(2024, 12, 20)
DAYS = pd.date_range(FIRST, LAST, freq="D")
# what a published file holds of them
PUBLISHED = ("alerts", "model_champions", "model_registry", "insights")
# made of the data alone
WITHOUT_MEMORY = ("metric_anomalies", "change_points")
ALERTS = (
    *("metric_anomalies", "int_alert_episodes", "int_alert_memory"),
    *("alerts", "alert_outbox"),
)
# when a thing was first seen, and the name that it has since
REMEMBERED = ["first_reported_on", "first_told_on", "is_new", "insight_id"]
NOTHING = {
    "months": pd.DataFrame(columns=["month", "order_count", "revenue", "revenue_squares"]),
    "journeys": pd.DataFrame(columns=["touch_count", "journey_count", "converted_count"]),
    "trends": pd.DataFrame(columns=["direction", "metric", "dimension", "entity"]),
}
MODEL, NAIVE = "logistic regression", "observed rate"


@dataclass
class Shop:
    """A shop whose orders stop on two days, and whose churn model gets worse than its baseline."""

    folder: Path
    orders: np.ndarray = field(
        default_factory=lambda: np.random.default_rng(4).poisson(
            60 * np.array([1, 1, 1, 1.1, 1.2, 1.4, 0.6])[np.arange(len(DAYS)) % 7]
        )
    )

    def __post_init__(self) -> None:
        for day in ("2024-12-12", "2024-12-16"):
            self.orders[DAYS.get_loc(day)] = 3

    @property
    def published(self) -> Path:
        return self.folder / "retail.duckdb"

    def build(self, today: date, *, is_killed: bool = False) -> dict[str, pd.DataFrame]:
        """The tables of a build, published unless it is killed."""
        con = duckdb.connect()
        con.execute("create schema raw")
        load_memory(con, self.published)
        for name in ("daily_metrics", "monitoring_settings", "alert_responses", "served_models"):
            (path,) = RULES.rglob(f"{name}.csv")
            con.execute(f"create table {name} as from read_csv('{path}', all_varchar = true)")
        con.execute("alter table monitoring_settings alter value type double")
        con.execute("alter table alert_responses alter until_on type date")
        con.execute("alter table served_models alter until_on type date")
        con.execute(
            "create table int_as_of as select ? as as_of_date, ? as first_event_on", [today, FIRST]
        )
        con.execute(
            "create table int_source_coverage (source varchar, newest_day date, "
            "longest_gap_days integer)"
        )
        known = pd.Timestamp(today) > DAYS
        daily = pd.DataFrame(
            {
                "metric": "order_count",
                "dimension": "all",
                "entity": "all",
                "numerator": self.orders[known].astype(float),
                "denominator": np.nan,
                "day": DAYS[known],
            }
        )
        settings = con.table("monitoring_settings").df().set_index("setting")["value"].to_dict()
        rules = pd.read_csv(RULES / "monitoring" / "daily_metrics.csv")
        con.register("found", metric_readings(daily, rules, settings))
        con.execute(
            "create table metric_readings as "
            "select * replace (cast(ends_on as date) as ends_on) from found"
        )
        run_models(con, dict.fromkeys(ALERTS, "table"))
        self.tell(con, today, daily, rules, settings)
        self.learn(con, today)
        tables = {
            name: con.table(name).df() for name in (*PUBLISHED, *WITHOUT_MEMORY, "alert_outbox")
        }
        if not is_killed:
            self.publish(con)
        return {
            name: table.sort_values(list(table.columns[:3]), ignore_index=True)
            for name, table in tables.items()
        }

    def tell(
        self,
        con: duckdb.DuckDBPyConnection,
        today: date,
        daily: pd.DataFrame,
        rules: pd.DataFrame,
        settings: dict,
    ) -> None:
        """Changes of level, and what is said of them and of the anomalies."""
        changes = change_points(daily, rules, settings)
        con.register("changes", changes)
        con.execute("create table change_points as from changes")
        run_models(con, {"int_insight_memory": "table"})
        told = insights(
            **NOTHING,
            anomalies=con.table("metric_anomalies").df(),
            changes=changes,
            rules=rules,
            monthly_rules=pd.read_csv(RULES / "monitoring" / "metrics.csv"),
            templates=pd.read_csv(RULES / "monitoring" / "insight_templates.csv"),
            settings=settings,
            currency="EUR",
            as_of_date=today,
            history_from=FIRST,
            memory=con.table("int_insight_memory").df(),
        )
        con.register("told", told)
        con.execute("create table insights as from told")

    def learn(self, con: duckdb.DuckDBPyConnection, today: date) -> None:
        """The churn model: from 15 December on worse than its baseline, but not surely."""
        run_models(con, {"int_model_reigns": "view"})
        decision = self.decision(con, today)
        con.execute("create table churn_backtest as select ? as decision", [decision.to_json()])
        con.execute("create table churn_coefficients as select ? as method", [decision.champion])
        con.execute("create table clv_backtest (decision varchar)")
        con.execute("create table clv_group_scores (method varchar)")
        con.execute(
            """
            create table int_model_measures as
            select 'customer_churn_risks' as mart, 'logistic regression' as model,
                'no_purchase' as target, 'brier_score' as metric, 'observed rate' as baseline,
                true as is_serving, 30 as horizon_days, 0.1 as value, 0.2 as baseline_value,
                100 as row_count, current_date as as_of_date
            """
        )
        # new parameters every other day
        con.execute(
            "create table int_model_parameters as select 'customer_churn_risks' as mart, "
            "'logistic regression' as model, ? as parameters, 1 as parameter_count, "
            "100 as case_count, cast(null as integer) as window_days",
            [f"level: {today.day // 2}"],
        )
        for name in ("int_model_memory", "int_code_version", "int_model_versions"):
            run_models(con, {name: "view"})
        run_models(con, dict.fromkeys(("model_registry", "model_champions"), "table"))

    def decision(self, con: duckdb.DuckDBPyConnection, today: date) -> Decision:
        is_bad = today >= date(2024, 12, 15)
        losses = {MODEL: 0.21 if is_bad else 0.10, NAIVE: 0.20}
        rng = np.random.default_rng(today.day)
        return decide(
            best=NAIVE if is_bad else MODEL,
            baseline=NAIVE,
            losses=losses,
            case_losses=lambda name: losses[name] + rng.standard_normal(100),
            reign=customer_reign(CHURN, reigns=con.table("int_model_reigns").df()),
        )

    def publish(self, con: duckdb.DuckDBPyConnection) -> None:
        new = self.folder / "new.duckdb"
        new.unlink(missing_ok=True)
        con.execute(f"attach '{new}' as published")
        con.execute("create schema published.marts")
        for name in PUBLISHED:
            con.execute(f"create table published.marts.{name} as from {name}")
        con.execute("detach published")
        new.replace(self.published)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def builds(shop) -> list[tuple[date, dict[str, pd.DataFrame]]]:
    """Ten builds on ten days; each is repeated, and one is killed before it publishes."""
    done = []
    for number in range(10):
        today = date(2024, 12, 11) + timedelta(days=number)
        if number == 5:
            shop.build(today, is_killed=True)
        first = shop.build(today)
        again = shop.build(today)
        for name, table in first.items():
            pd.testing.assert_frame_equal(table, again[name])
        done.append((today, first))
    return done


def test_a_build_repeated_or_killed_changes_nothing(builds) -> None:
    # the fixture compares every table of every build with that of the build repeated
    assert len(builds) == 10


def test_ten_builds_equal_one_at_the_end_but_for_when_a_thing_was_first_seen(
    builds, tmp_path_factory
) -> None:
    today, last = builds[-1]
    once = Shop(tmp_path_factory.mktemp("once")).build(today)
    for name in ("alerts", "insights", *WITHOUT_MEMORY):
        by_day, at_once = (
            tables[name].drop(columns=REMEMBERED, errors="ignore") for tables in (last, once)
        )
        assert len(by_day) >= 1 or name == "change_points"
        by_name = list(by_day.columns)
        pd.testing.assert_frame_equal(
            by_day.sort_values(by_name, ignore_index=True),
            at_once.sort_values(by_name, ignore_index=True),
        )


def test_an_insight_is_new_on_one_day(builds) -> None:
    new = [
        (name, today)
        for today, tables in builds
        for name in tables["insights"].loc[tables["insights"]["is_new"], "insight_id"]
    ]
    told = {name for _, tables in builds for name in tables["insights"]["insight_id"]}
    assert len(told) >= 2
    assert sorted(name for name, _ in new) == sorted(told)


def test_an_alert_is_reported_on_its_first_day_and_sent_once(builds) -> None:
    first_seen: dict[str, date] = {}
    messages: dict[str, pd.Timestamp] = {}
    for today, tables in builds:
        for row in tables["alerts"].itertuples():
            first_seen.setdefault(row.alert_id, today)
            assert pd.Timestamp(row.first_reported_on).date() == first_seen[row.alert_id]
        for row in tables["alert_outbox"].itertuples():
            # a message keeps its name, and the day that it is due on
            assert messages.setdefault(row.message_id, row.due_on) == row.due_on
    (grave,) = [name for name in first_seen if ":below:2024-12-12" in name]
    # the day after: today is not over
    assert first_seen[grave] == date(2024, 12, 13)
    assert f"{grave}:opened" in messages


def test_a_model_worse_twice_gives_way_on_the_second_day_and_says_so(builds) -> None:
    said = {
        today.day: (row.champion, row.reason, int(row.worse_builds))
        for today, tables in builds
        for row in tables["model_champions"].itertuples()
        if row.mart == CHURN
    }
    assert said[11] == (MODEL, "first_decision", 0)
    assert said[14] == (MODEL, "still_best", 0)
    assert said[15] == (MODEL, "challenger_not_surely_better", 1)
    assert said[16] == (NAIVE, "worse_than_baseline_twice", 0)
    assert said[20] == (NAIVE, "still_best", 0)
    since = {
        today.day: pd.Timestamp(row.champion_since).day
        for today, tables in builds
        for row in tables["model_champions"].itertuples()
        if row.mart == CHURN
    }
    assert since == {**{day: 11 for day in range(11, 16)}, **{day: 16 for day in range(16, 21)}}


def test_every_version_of_a_model_is_kept_once(builds) -> None:
    _, last = builds[-1]
    own = last["model_registry"]
    assert own["version"].is_unique and len(own) == 6
    assert own["is_current"].sum() == 1
    spans = {
        (pd.Timestamp(row.first_built_on).day, pd.Timestamp(row.last_built_on).day)
        for row in own.itertuples()
    }
    assert spans == {(11, 11), (12, 13), (14, 15), (16, 17), (18, 19), (20, 20)}
    assert json.loads(own["figures"].iloc[0])[0]["value"] == 0.1
