"""What the sample's support was made with is found again by the models, at 20,000 customers."""

from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from compiled import run_models
from support_chain import TICKET_MODELS, empty_desk, load_rules

from retail_analytics.sample import write_sample
from retail_analytics.support.anomalies import readings, support_anomalies
from retail_analytics.support.teams import team_effects
from retail_analytics.support.waits import wait_forecasts

MODELS = {
    **TICKET_MODELS,
    "int_ticket_hours": "table",
    "int_ticket_waits": "table",
    "int_team_cells": "table",
    "int_support_readings": "view",
    "int_support_periods": "table",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Tickets, promises and what is made of them, of a generated shop with its truths."""
    out: Path = tmp_path_factory.mktemp("shop")
    write_sample(customers=20_000, out=out, file_format="parquet")
    con = empty_desk(date(2024, 12, 31))
    load_rules(con, out / "rules")
    con.execute(f"""
        insert into stg_support_tickets by name
        select * replace (try_cast(satisfaction_score as decimal(18, 4)) as satisfaction_score)
        from '{out}/support_tickets.parquet'
        where ticket_id not like 'X%' and opened_at > '2000-01-01'
    """)
    con.execute(f"insert into stg_ticket_events by name from '{out}/ticket_events.parquet'")
    for truth in ("truth_teams", "truth_agents", "truth_changes"):
        con.execute(f"create table {truth} as from '{out}/{truth}.parquet'")
    run_models(con, MODELS)
    return con


@pytest.fixture(scope="module")
def effects(shop: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return team_effects(
        shop.table("int_team_cells").df(), least_tickets=20, most_agents=500, interval_z=1.2816
    )


def test_business_minutes_are_those_the_sample_was_made_with(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    rows = shop.execute("""
        select
            any_value(reply_median_minutes),
            median(first_reply_business_minutes / exp(log_effect))
        from support_tickets
        inner join truth_teams using (team, priority)
        inner join truth_agents using (team, agent)
        where opened_at < '2024-03-01'
        group by team, priority
        having count(*) > 150
    """).fetchall()
    assert len(rows) >= 10
    declared, found = np.array(rows, dtype=float).T
    # medians of a few hundred values of log sd .8 have errors of 5 %
    assert np.abs(np.log(found / declared)).max() < 0.25
    assert np.abs(np.log(found / declared)).mean() < 0.08


def test_teams_are_inside_their_intervals(
    shop: duckdb.DuckDBPyConnection, effects: pd.DataFrame
) -> None:
    truth = (
        shop.execute("""
        select team, ln(max(reply_median_minutes)) + avg(log_effect) as log_minutes
        from truth_teams inner join truth_agents using (team)
        group by team
    """)
        .df()
        .set_index("team")["log_minutes"]
    )
    truth -= truth.mean()
    teams = effects[(effects["level"] == "team") & (effects["measure"] == "first_reply")]
    inside = [
        row.effect_log_lower - 0.05 <= truth[row.team] <= row.effect_log_upper + 0.05
        for row in teams.itertuples()
    ]
    assert sum(inside) >= 3
    assert list(teams.sort_values("performance_rank")["team"]) == list(truth.sort_values().index)


def test_agents_are_inside_their_intervals_and_the_newcomer_is_told(
    shop: duckdb.DuckDBPyConnection, effects: pd.DataFrame
) -> None:
    truth = shop.execute("select * from truth_agents").df()
    truth["within_team"] = truth["log_effect"] - truth.groupby("team")["log_effect"].transform(
        "mean"
    )
    agents = effects[effects["level"] == "agent"].merge(truth, on=["team", "agent"])
    agents = agents[agents["status"] == "ok"]
    centred = agents["effect_log"] - agents.groupby(["measure", "team"])["effect_log"].transform(
        "mean"
    )
    half = (agents["effect_log_upper"] - agents["effect_log_lower"]) / 2
    inside = (centred - agents["within_team"]).abs() <= half
    assert inside.mean() >= 0.7
    newcomer = agents[agents["is_newcomer"]]
    assert set(newcomer["verdict"]) == {"slower"}


def test_the_planted_changes_are_found(shop: duckdb.DuckDBPyConnection) -> None:
    rules = shop.execute("select * from support_anomaly_rules").df()
    periods = shop.table("int_support_periods").df()
    found = support_anomalies(periods, rules)
    for change in shop.execute("select * from truth_changes").df().itertuples():
        ends = found["period_starts_at"] + pd.to_timedelta(found["period_hours"], unit="h")
        hit = found[
            (found["kind"] == change.kind)
            & (found["entity"] == change.entity)
            # the desk's wall clock is an hour or two ahead
            & (found["period_starts_at"] < change.ends_at + pd.Timedelta(hours=2))
            & (ends > change.starts_at)
        ]
        if change.kind == "volume":
            # the extra tickets of the day are drawn, and 20 instead of the 27 meant came, as in one
            # draw of ten: what no limit of .05 false alerts a week over five series can tell from
            # 9. Of three times the usual it would have been said; how often such days are found is
            # in test_anomalies.py
            at = (periods["kind"] == "volume") & (periods["entity"] == "all")
            day = (change.starts_at - pd.Timestamp("1970-01-01")).days
            at &= periods["period"] == day
            read = readings(periods, "volume").set_index(["entity", "period_starts_at"])
            usual = read.loc[("all", change.starts_at), "expected"]
            assert read.loc[("all", change.starts_at), "z"] > 2.5
            meant = periods.assign(
                ticket_count=periods["ticket_count"].mask(at, round(change.size * usual))
            )
            days = support_anomalies(meant, rules).query("kind == 'volume' and entity == 'all'")
            assert change.starts_at in set(days["period_starts_at"])
            continue
        assert len(hit) > 0, change.kind
    weeks = 122
    by_kind = found.groupby("kind").size() / weeks
    # beyond what is planted: incidents and late parcels bring tickets, too
    assert by_kind.max() <= 0.1


def test_nine_of_ten_waited_no_longer_than_foretold(shop: duckdb.DuckDBPyConnection) -> None:
    result = wait_forecasts(
        shop.table("int_ticket_waits").df(),
        weeks_ahead=1,
        least_tickets=100,
        least_weeks=6,
        short_weeks=26,
        interval_z=1.2816,
    )
    assert set(result["status"]) == {"ok"}
    assert 0.85 <= result["share_below_p90"].iloc[0] <= 0.95
    assert (result["pinball_loss"] < 0.95 * result["constant_pinball_loss"]).all()


def test_every_promise_has_a_verdict(shop: duckdb.DuckDBPyConnection) -> None:
    tickets, verdicts, late = shop.execute("""
        select
            (select count(*) from support_tickets),
            count(*),
            count(*) filter (status = 'met' and kept_at > due_at)
            + count(*) filter (status = 'breached' and coalesce(kept_at, now()::timestamp) <=
            due_at)
        from sla_results
    """).fetchall()[0]
    assert (verdicts, late) == (2 * tickets, 0)
    assert shop.execute(
        "select max(due_at) < ? from sla_results", [datetime(2026, 1, 1)]
    ).fetchall()
