"""The support models run in memory: their SQL as it stands, without dbt."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
from compiled import ROOT, render

INPUTS = {
    "stg_support_tickets": "ticket_id varchar, customer_id varchar, team varchar, agent varchar, "
    "channel varchar, priority varchar, topic varchar, message varchar, "
    "satisfaction_score decimal(18,4), handle_minutes decimal(18,4), opened_at timestamp, "
    "first_replied_at timestamp, resolved_at timestamp, has_rejected_state boolean, "
    "row_number bigint",
    "stg_ticket_events": "ticket_id varchar, event varchar, agent varchar, team varchar, "
    "reasons varchar[], occurred_at timestamp, row_number bigint",
    "stg_llm_outputs": "subject_type varchar, subject_id varchar, kind varchar, text varchar, "
    "model varchar, input_hash varchar, made_at timestamp, row_number bigint",
    "support_hours": "schedule varchar, time_zone varchar, iso_weekday bigint, opens_at varchar, "
    "closes_at varchar",
    "support_holidays": "schedule varchar, closed_on date, holiday varchar",
    "sla_targets": "target varchar, priority varchar, channel varchar, team varchar, "
    "target_minutes double, clock varchar",
}
CLOCK_MODELS = {
    "int_support_hours": "table",
    "int_support_days": "view",
    "int_support_spans": "view",
    "int_support_clock": "table",
}
TICKET_MODELS = {
    **CLOCK_MODELS,
    "int_ticket_event_facts": "view",
    "int_ticket_histories": "table",
    "int_ticket_states": "view",
    "int_ticket_spans": "table",
    "support_tickets": "table",
    "int_sla_targets": "table",
    "int_sla_promises": "view",
    "int_sla_runs": "view",
    "sla_results": "table",
}


def empty_desk(as_of_date: date | None = date(2025, 3, 31)) -> duckdb.DuckDBPyConnection:
    """A database with empty inputs and rule tables, and the day that counts as today."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    for table, columns in INPUTS.items():
        con.execute(f"create table {table} ({columns})")
    con.execute("create table int_as_of as select cast($1 as date) as as_of_date", [as_of_date])
    return con


def load_states(con: duckdb.DuckDBPyConnection) -> None:
    """What events do to a ticket, as the rules say it."""
    path = ROOT / "seeds" / "rules" / "support" / "ticket_event_states.csv"
    con.execute(f"create table ticket_event_states as from read_csv('{path}')")


def load_rules(con: duckdb.DuckDBPyConnection, own: Path | None = None) -> None:
    """All rule tables of support as they stand, or as a folder of a shop's own replaces them."""
    for path in sorted((ROOT / "seeds" / "rules" / "support").glob("*.csv")):
        if own and (own / path.name).exists():
            path = own / path.name
        if path.stem in INPUTS:
            con.execute(
                f"insert into {path.stem} by name "
                f"from read_csv('{path}', all_varchar = true, header = true, delim = ',')"
            )
        else:
            con.execute(f"create table {path.stem} as from read_csv('{path}')")


def open_minutes(
    con: duckdb.DuckDBPyConnection, spans: Sequence[tuple[str, str, str]]
) -> list[float]:
    """Business minutes of spans (schedule, from, to) by the clock's table."""
    con.execute(
        "create or replace table asked (number bigint, schedule varchar, a bigint, b bigint)"
    )
    if spans:
        con.executemany(
            "insert into asked values (?, ?, epoch(?::timestamp), epoch(?::timestamp))",
            [(number, *span) for number, span in enumerate(spans)],
        )
    return [minutes for (minutes,) in con.execute(minutes_asked()).fetchall()]


@cache
def minutes_asked() -> str:
    """The SQL of the business minutes of the spans in `asked`."""
    return render(
        """
        with clock as (from int_support_clock)
        select
            ({{ open_seconds('stops', 'asked.b') }} - {{ open_seconds('begins', 'asked.a') }}) / 60
        from asked
        {{ clock_join('begins', 'asked.schedule', 'asked.a') }}
        {{ clock_join('stops', 'asked.schedule', 'asked.b') }}
        order by number
        """
    )
