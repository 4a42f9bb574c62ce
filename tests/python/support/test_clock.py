"""Business time: known answers, and what must hold for any schedule, zone and moment."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from compiled import ROOT, run_models
from hypothesis import given, settings
from hypothesis import strategies as st
from support_chain import CLOCK_MODELS, TICKET_MODELS, empty_desk, load_states, open_minutes

from retail_analytics.support.clock import Hours, open_spans

ANSWERS = ROOT.parent / "shared" / "data" / "business_hours"
needs_answers = pytest.mark.skipif(not ANSWERS.exists(), reason=f"{ANSWERS} is not there")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
FIRST, LAST = datetime(2024, 1, 2), datetime(2024, 12, 20)


def rows_of(name: str) -> list[dict[str, str]]:
    with (ANSWERS / name).open() as file:
        return list(csv.DictReader(file))


def desk(hours: list[tuple], holidays: tuple[date, ...] = ()):
    """A desk with hours (schedule, zone, weekday, opens, closes), and tickets all over 2024."""
    con = empty_desk(date(2024, 12, 31))
    con.executemany("insert into support_hours values (?, ?, ?, ?, ?)", hours)
    for day in holidays:
        con.execute("insert into support_holidays values (null, ?, 'a day off')", [day])
    con.execute(
        "insert into stg_support_tickets (ticket_id, opened_at) values ('a', ?), ('b', ?)",
        [FIRST, LAST],
    )
    return con


def berlin(holidays: bool = True):
    days = tuple(date.fromisoformat(row["closed_on"]) for row in rows_of("holidays.csv"))
    return desk(
        [
            (None, "Europe/Berlin", int(r["iso_weekday"]), r["opens_at"], r["closes_at"])
            for r in rows_of("schedule.csv")
        ],
        days if holidays else (),
    )


@needs_answers
def test_business_minutes_are_the_known_ones() -> None:
    con = berlin()
    run_models(con, CLOCK_MODELS)
    cases = rows_of("cases.csv")
    found = open_minutes(con, [("default", case["from_utc"], case["to_utc"]) for case in cases])
    assert [(case["case"], minutes) for case, minutes in zip(cases, found, strict=True)] == [
        (case["case"], float(case["business_minutes"])) for case in cases
    ]
    assert len(cases) == 10


@needs_answers
def test_promises_are_due_when_they_are_known_to_be() -> None:
    con = berlin()
    load_states(con)
    cases = rows_of("due.csv")
    for number, case in enumerate(cases):
        con.execute(
            "insert into stg_support_tickets (ticket_id, opened_at, priority) "
            "values (?, cast(? as timestamptz) at time zone 'UTC', ?)",
            [f"t{number}", case["from_utc"], f"p{number}"],
        )
        con.execute(
            "insert into sla_targets values ('resolution', ?, null, null, ?, 'business')",
            [f"p{number}", float(case["business_minutes"])],
        )
    run_models(con, TICKET_MODELS)
    due = con.execute(
        "select due_at from sla_results where due_at is not null order by ticket_id"
    ).fetchall()
    assert [moment for (moment,) in due] == [
        datetime.fromisoformat(case["due_utc"]).replace(tzinfo=None) for case in cases
    ]


def by_the_minute(
    hours: list[tuple], holidays: tuple[date, ...], start: datetime, minutes: int
) -> int:
    """Open minutes after a UTC moment, looked at one by one on the wall clock."""
    zone = ZoneInfo(hours[0][1])
    count = 0
    for number in range(minutes):
        wall = (start + timedelta(minutes=number)).replace(tzinfo=UTC).astimezone(zone)
        if wall.date() in holidays:
            continue
        now = wall.hour * 60 + wall.minute
        yesterday = wall.isoweekday() - 1 or 7
        for _, _, weekday, opens, closes in hours:
            a, b = (int(t[:2]) * 60 + int(t[3:]) for t in (opens, closes))
            over_midnight = b <= a
            if weekday == wall.isoweekday() and a <= now and (now < b or over_midnight):
                count += 1
                break
            if over_midnight and weekday == yesterday and now < b:
                count += 1
                break
    return count


wall_times = st.builds(
    lambda hour, quarter: f"{hour:02}:{quarter * 15:02}", st.integers(0, 23), st.integers(0, 3)
)
schedules = st.lists(
    st.tuples(st.integers(1, 7), wall_times, wall_times), min_size=1, max_size=6, unique=True
)


@settings(max_examples=25)
@given(
    zone=st.sampled_from(ZONES),
    schedule=schedules,
    holiday=st.sampled_from([date(2024, 3, 31), date(2024, 10, 27), date(2024, 11, 3)]),
    # around both changes of the clock in Europe, America and Australia, and elsewhere
    day=st.sampled_from(
        [date(2024, 3, 30), date(2024, 10, 26), date(2024, 3, 9), date(2024, 11, 2)]
        + [date(2024, 4, 6), date(2024, 10, 5), date(2024, 6, 14)]
    ),
    minute=st.integers(0, 1439),
    length=st.integers(0, 2 * 1440),
)
def test_business_minutes_are_those_that_a_wall_clock_shows(
    zone: str,
    schedule: list[tuple[int, str, str]],
    holiday: date,
    day: date,
    minute: int,
    length: int,
) -> None:
    hours = [("default", zone, *row) for row in schedule]
    con = desk(hours, (holiday,))
    run_models(con, CLOCK_MODELS)
    start = datetime.combine(day, time()) + timedelta(minutes=minute)
    middle, end = start + timedelta(minutes=length // 3), start + timedelta(minutes=length)
    whole, first, second = open_minutes(
        con,
        [
            ("default", str(start), str(end)),
            ("default", str(start), str(middle)),
            ("default", str(middle), str(end)),
        ],
    )
    assert whole == by_the_minute(hours, (holiday,), start, length)
    assert first + second == whole
    assert 0 <= first <= whole <= length


@settings(max_examples=15)
@given(zone=st.sampled_from(ZONES), minutes=st.integers(1, 20_000), start=st.integers(0, 400_000))
def test_a_promise_is_due_when_its_minutes_have_passed(zone: str, minutes: int, start: int) -> None:
    # broken hours, over midnight, and a lunch break
    con = desk(
        [
            ("default", zone, 1, "22:00", "06:00"),
            ("default", zone, 3, "09:00", "12:00"),
            ("default", zone, 3, "13:00", "17:30"),
            ("default", zone, 7, "00:00", "24:00"),
        ]
    )
    load_states(con)
    opened = datetime(2024, 1, 8) + timedelta(minutes=start)
    con.execute("delete from stg_support_tickets where ticket_id = 'a'")
    con.execute("insert into stg_support_tickets (ticket_id, opened_at) values ('a', ?)", [opened])
    con.execute(
        "insert into sla_targets values ('resolution', null, null, null, ?, 'business')", [minutes]
    )
    run_models(con, TICKET_MODELS)
    ((due,),) = con.execute(
        "select due_at from sla_results where ticket_id = 'a' and target = 'resolution'"
    ).fetchall()
    before = due - timedelta(minutes=1)
    elapsed, shortly_before = open_minutes(
        con, [("default", str(opened), str(due)), ("default", str(opened), str(before))]
    )
    assert (elapsed, shortly_before) == (minutes, minutes - 1)


def test_the_two_clocks_of_the_project_agree() -> None:
    rng = np.random.default_rng(1)
    for zone in ZONES:
        rows = [(day, "08:15", "17:45") for day in range(1, 6)] + [(6, "10:00", "14:00")]
        con = desk([("default", zone, *row) for row in rows], (date(2024, 5, 1),))
        run_models(con, CLOCK_MODELS)
        spans = open_spans(
            [Hours(d, time.fromisoformat(a), time.fromisoformat(b)) for d, a, b in rows],
            zone=zone,
            first_day=date(2024, 1, 1),
            days=400,
            holidays=frozenset([date(2024, 5, 1)]),
        )
        low = int(datetime(2024, 1, 6, tzinfo=UTC).timestamp())
        start = low + rng.integers(0, 200 * 86_400, 50)
        end = start + rng.integers(0, 100 * 86_400, 50)
        asked = [
            (
                "default",
                str(datetime.fromtimestamp(int(a), UTC).replace(tzinfo=None)),
                str(datetime.fromtimestamp(int(b), UTC).replace(tzinfo=None)),
            )
            for a, b in zip(start, end, strict=True)
        ]
        assert open_minutes(con, asked) == list(spans.elapsed(start, end) / 60)
        seconds = rng.integers(1, 200_000, 50)
        assert np.array_equal(spans.elapsed(start, spans.due(start, seconds)), seconds)


def test_round_the_clock_every_minute_is_open() -> None:
    con = desk([("default", "Europe/Berlin", day, "00:00", "24:00") for day in range(1, 8)])
    run_models(con, CLOCK_MODELS)
    assert open_minutes(con, [("default", "2024-03-30 01:02:00", "2024-11-02 03:04:00")]) == [
        (datetime(2024, 11, 2, 3, 4) - datetime(2024, 3, 30, 1, 2)).total_seconds() / 60
    ]


def test_without_tickets_there_is_no_clock() -> None:
    con = empty_desk(None)
    load_states(con)
    run_models(con, TICKET_MODELS)
    assert con.execute("select count(*) from int_support_clock").fetchall() == [(0,)]
    assert con.execute("select count(*) from sla_results").fetchall() == [(0,)]


def test_more_than_is_ever_open_is_refused() -> None:
    spans = open_spans(
        [Hours(1, time(9), time(10))], zone="UTC", first_day=date(2024, 1, 1), days=14
    )
    with pytest.raises(ValueError, match="seconds"):
        spans.due(np.array([0]), np.array([7_201]))
