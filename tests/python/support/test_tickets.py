"""Tickets as desks really leave them: each a case with what must come of it."""

from datetime import date, datetime

import duckdb
import pytest
from compiled import run_models
from support_chain import TICKET_MODELS, empty_desk, load_states

MONDAY = "2024-03-04"


def desk(*, hours: bool = True, as_of: date = date(2024, 3, 8)) -> duckdb.DuckDBPyConnection:
    """Open on weekdays from 9 to 17 in UTC; a reply within 4 open hours, a solution within 24."""
    con = empty_desk(as_of)
    load_states(con)
    if hours:
        con.executemany(
            "insert into support_hours values ('default', 'UTC', ?, '09:00', '17:00')",
            [[day] for day in range(1, 6)],
        )
    con.execute(
        "insert into sla_targets values ('first_reply', null, null, null, 240, 'business'), "
        "('resolution', null, null, null, 1440, 'business')"
    )
    return con


def add_ticket(con: duckdb.DuckDBPyConnection, **columns: object) -> None:
    row = {"ticket_id": "t", "opened_at": f"{MONDAY} 10:00:00", **columns}
    con.execute(
        f"insert into stg_support_tickets ({', '.join(row)}) values ({', '.join('?' * len(row))})",
        list(row.values()),
    )


def add_events(con: duckdb.DuckDBPyConnection, *events: tuple[str, str]) -> None:
    for number, (event, moment) in enumerate(events):
        con.execute(
            "insert into stg_ticket_events (ticket_id, event, occurred_at, row_number) "
            "values ('t', ?, ?, ?)",
            [event, moment, number],
        )


def reject_event(con: duckdb.DuckDBPyConnection, event: str) -> None:
    """An event at a time that could not be read."""
    con.execute(
        "insert into stg_ticket_events (ticket_id, event, reasons, row_number) "
        "values ('t', ?, ['unreadable_occurred_at'], 99)",
        [event],
    )


def verdict(con: duckdb.DuckDBPyConnection, target: str) -> tuple:
    """Status, reason, elapsed minutes and due time of ticket t."""
    run_models(con, TICKET_MODELS)
    rows = con.execute(
        "select status, reason, elapsed_minutes, due_at from sla_results "
        "where ticket_id = 't' and target = ?",
        [target],
    ).fetchall()
    assert len(rows) == 1
    assert (
        con.execute("select count(*) from sla_results").fetchall()
        == con.execute("select 2 * count(*) from stg_support_tickets").fetchall()
    )
    return rows[0]


def test_resolved_before_replied_the_reply_no_longer_counts() -> None:
    con = desk()
    add_ticket(con, first_replied_at=f"{MONDAY} 16:00:00", resolved_at=f"{MONDAY} 11:00:00")
    status, reason, elapsed, _ = verdict(con, "first_reply")
    assert (status, reason, elapsed) == ("not_applicable", "resolved_without_reply", 60)
    assert verdict(con, "resolution")[0] == "met"


def test_never_replied_is_broken_once_it_is_due() -> None:
    con = desk()
    add_ticket(con)
    status, reason, elapsed, due = verdict(con, "first_reply")
    # 7 hours of Monday, 4 days of 8 hours
    assert (status, reason, elapsed, due) == ("breached", None, 39 * 60, datetime(2024, 3, 4, 14))


def test_never_replied_runs_until_it_is_due() -> None:
    con = desk(as_of=date(2024, 3, 4))
    add_ticket(con, opened_at=f"{MONDAY} 16:00:00")
    assert verdict(con, "first_reply") == ("running", None, 60, datetime(2024, 3, 5, 12))


def test_a_reopened_ticket_is_solved_when_it_is_solved_for_good() -> None:
    con = desk()
    add_ticket(con, resolved_at=f"{MONDAY} 12:00:00")
    add_events(
        con,
        ("resolved", f"{MONDAY} 12:00:00"),
        ("reopened", "2024-03-06 09:00:00"),
        ("resolved", "2024-03-06 10:30:00"),
    )
    status, _, elapsed, _ = verdict(con, "resolution")
    # what lay between the solution and the reopening is nobody's fault
    assert (status, elapsed) == ("met", 120 + 90)
    row = con.execute(
        "select status, reopened_count, resolved_at, resolution_business_minutes, waiting_minutes "
        "from support_tickets"
    ).fetchall()
    assert row == [("resolved", 1, datetime(2024, 3, 6, 10, 30), 7 * 60 + 8 * 60 + 90, 45 * 60)]


def test_a_reopened_ticket_is_open_until_then() -> None:
    con = desk()
    add_ticket(con, resolved_at=f"{MONDAY} 12:00:00")
    add_events(con, ("reopened", "2024-03-06 09:00:00"))
    status, _, elapsed, _ = verdict(con, "resolution")
    assert (status, elapsed) == ("breached", 120 + 24 * 60)
    assert con.execute("select is_open, resolved_at from support_tickets").fetchall() == [
        (True, None)
    ]


def test_the_clock_stands_still_while_the_customer_has_to_answer() -> None:
    con = desk()
    add_ticket(con, resolved_at="2024-03-07 12:00:00")
    add_events(con, ("waiting", f"{MONDAY} 11:00:00"), ("replied", "2024-03-07 10:00:00"))
    assert verdict(con, "resolution")[2] == 60 + 120
    assert con.execute("select first_replied_at from support_tickets").fetchall() == [
        (datetime(2024, 3, 7, 10),)
    ]


def test_of_two_promises_the_one_that_names_more_holds() -> None:
    con = desk()
    con.execute(
        "insert into sla_targets values ('first_reply', 'high', null, null, 30, 'calendar')"
    )
    add_ticket(con, priority="High", first_replied_at=f"{MONDAY} 11:00:00")
    assert verdict(con, "first_reply") == ("breached", None, 60, datetime(2024, 3, 4, 10, 30))


def test_a_ticket_without_team_goes_by_the_default_hours() -> None:
    con = desk()
    con.execute("insert into support_hours values ('Blue', 'UTC', 1, '10:00', '11:00')")
    add_ticket(con, first_replied_at=f"{MONDAY} 13:00:00")
    assert verdict(con, "first_reply")[2] == 180
    con.execute("update stg_support_tickets set team = 'Blue'")
    assert verdict(con, "first_reply")[2] == 60


def test_without_hours_there_are_no_business_minutes() -> None:
    con = desk(hours=False)
    add_ticket(con, first_replied_at=f"{MONDAY} 13:00:00")
    assert verdict(con, "first_reply") == ("not_applicable", "no_hours", None, None)
    assert con.execute(
        "select first_reply_minutes, first_reply_business_minutes from support_tickets"
    ).fetchall() == [(180, None)]


def test_a_ticket_open_for_four_years_has_aged_them() -> None:
    con = desk()
    add_ticket(con, opened_at="2020-03-02 09:00:00")
    status, _, elapsed, due = verdict(con, "resolution")
    weeks = 209
    assert (status, elapsed, due) == ("breached", (weeks + 1) * 40 * 60, datetime(2020, 3, 4, 17))
    assert con.execute("select age_business_minutes from support_tickets").fetchall() == [
        ((weeks + 1) * 40 * 60,)
    ]


def test_a_reply_before_the_opening_measures_nothing() -> None:
    con = desk()
    add_ticket(con, first_replied_at="2024-02-01 10:00:00")
    assert verdict(con, "first_reply")[:2] == ("not_applicable", "times_out_of_order")
    assert con.execute(
        "select first_reply_minutes, has_times_out_of_order from support_tickets"
    ).fetchall() == [(None, True)]


@pytest.mark.parametrize("closed", ["2024-03-04 09:59:59", "2024-03-04 10:00:00"])
def test_a_ticket_solved_as_it_is_opened_took_no_time(closed: str) -> None:
    con = desk()
    add_ticket(con, resolved_at=closed)
    status, reason, elapsed, _ = verdict(con, "resolution")
    if closed.endswith("10:00:00"):
        assert (status, elapsed) == ("met", 0)
    else:
        assert (status, reason) == ("not_applicable", "times_out_of_order")


def test_events_of_one_second_are_read_in_the_order_of_the_file() -> None:
    con = desk()
    add_ticket(con)
    add_events(
        con,
        ("resolved", f"{MONDAY} 12:00:00"),
        ("reopened", f"{MONDAY} 12:00:00"),
        ("waiting", f"{MONDAY} 13:00:00"),
        ("assigned", f"{MONDAY} 13:00:00"),
    )
    assert verdict(con, "resolution")[2] == 39 * 60


@pytest.mark.parametrize(
    ("own", "kept", "rejected", "is_known"),
    [
        pytest.param(None, "closed", "resolved", False, id="closed a day later"),
        pytest.param(None, "closed", "closed", False, id="closed twice"),
        pytest.param(None, "resolved", "closed", True, id="closed at a time nobody knows"),
        pytest.param(None, "closed", "assigned", True, id="another event"),
        pytest.param("11:00:00", "closed", "resolved", True, id="the ticket says it itself"),
    ],
)
def test_how_long_a_solution_took_is_unknown_where_an_earlier_one_was_rejected(
    own: str | None, kept: str, rejected: str, is_known: bool
) -> None:
    con = desk()
    add_ticket(con, first_replied_at=f"{MONDAY} 11:00:00", resolved_at=own and f"{MONDAY} {own}")
    add_events(con, (kept, "2024-03-08 12:00:00"))
    reject_event(con, rejected)
    status, reason, *_ = verdict(con, "resolution")
    if is_known:
        assert (status, reason) == ("met" if own else "breached", None)
    else:
        assert (status, reason) == ("not_applicable", "newer_state_rejected")
    assert verdict(con, "first_reply")[0] == "met"
    ((state, is_unknown, minutes, waiting),) = con.execute(
        "select status, is_solution_time_unknown, resolution_minutes, waiting_minutes "
        "from support_tickets"
    ).fetchall()
    assert (state, is_unknown) == ("resolved", not is_known)
    assert (minutes is None, waiting is None) == (not is_known,) * 2


@pytest.mark.parametrize(
    ("kept", "rejected", "is_known"),
    [
        pytest.param(None, "waiting", False, id="a wait"),
        pytest.param("waiting", "assigned", False, id="what may have ended one"),
        pytest.param(None, "assigned", True, id="what ends none"),
    ],
)
def test_no_promise_is_broken_by_a_wait_that_was_rejected(
    kept: str | None, rejected: str, is_known: bool
) -> None:
    con = desk()
    add_ticket(con, resolved_at="2024-03-08 12:00:00")
    if kept:
        add_events(con, (kept, f"{MONDAY} 10:30:00"), ("assigned", "2024-03-07 16:30:00"))
    reject_event(con, rejected)
    assert verdict(con, "resolution")[:2] == (
        ("breached", None) if is_known else ("not_applicable", "newer_state_rejected")
    )
    assert con.execute(
        "select waiting_minutes is not null, resolution_minutes is not null from support_tickets"
    ).fetchall() == [(is_known, True)]
