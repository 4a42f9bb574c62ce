"""The real tickets of a problem desk: the known medians, several teams per ticket, no replies."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
from compiled import ROOT, run_models
from support_chain import TICKET_MODELS, empty_desk, load_rules

from retail_analytics.inputs.convert import convert

SOURCE = ROOT.parent / "shared" / "data" / "problem_log"
SCRIPT = ROOT / "docs" / "own_data" / "problem_log.sql"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    if not SOURCE.is_dir():
        pytest.skip(f"{SOURCE} is not there")
    out: Path = tmp_path_factory.mktemp("problem_log")
    convert(SCRIPT, source=SOURCE, out=out)
    con = empty_desk(date(2012, 12, 31))
    load_rules(con)
    for table in ("support_tickets", "ticket_events"):
        # the project counts exact duplicates once
        con.execute(
            f"insert into stg_{table} by name select distinct * from '{out}/{table}.parquet'"
        )
    con.execute(
        "insert into sla_targets values ('first_reply', null, null, null, 240, 'business'), "
        "('resolution', null, null, null, 60000, 'calendar')"
    )
    run_models(con, TICKET_MODELS)
    return con


def test_tickets_take_the_known_medians_by_impact(desk: duckdb.DuckDBPyConnection) -> None:
    assert desk.execute(
        "select round(median(resolution_minutes) / 60)::int from support_tickets"
    ).fetchall() == [(1_968,)]
    assert dict(
        desk.execute(
            "select priority, round(median(resolution_minutes) / 60)::int "
            "from support_tickets group by priority"
        ).fetchall()
    ) == {"Major": 837, "High": 1_405, "Low": 1_989, "Medium": 2_727}


def test_several_teams_have_a_ticket_and_the_last_one_is_its_own(
    desk: duckdb.DuckDBPyConnection,
) -> None:
    tickets, several, not_last = desk.execute("""
        select
            count(*),
            count(*) filter (where team_count > 1),
            count(*) filter (where support_tickets.team <> newest.team)
        from support_tickets
        inner join (
            select ticket_id, max_by(team, (occurred_at, row_number)) as team
            from stg_ticket_events where team is not null group by ticket_id
        ) as newest using (ticket_id)
    """).fetchall()[0]
    assert (tickets, not_last) == (1_487, 0)
    assert several > 0


def test_no_reply_times_are_said_as_such(desk: duckdb.DuckDBPyConnection) -> None:
    assert desk.execute(
        "select target, status, reason, count(*) from sla_results "
        "where target = 'first_reply' group by all"
    ).fetchall() == [("first_reply", "not_applicable", "no_reply_times", 1_487)]
    assert desk.execute("select count(first_reply_minutes) from support_tickets").fetchall() == [
        (0,)
    ]
    verdicts = dict(
        desk.execute(
            "select status, count(*) from sla_results where target = 'resolution' group by 1"
        ).fetchall()
    )
    assert set(verdicts) == {"met", "breached"}
    assert sum(verdicts.values()) == 1_487


def test_without_hours_of_its_own_every_minute_counts(desk: duckdb.DuckDBPyConnection) -> None:
    assert desk.execute("""
        select count(*) from support_tickets
        where resolution_business_minutes is distinct from resolution_minutes
    """).fetchall() == [(0,)]
