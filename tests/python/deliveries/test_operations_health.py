"""Properties of operations health: its SQL as it stands, on months and incidents at random."""

from datetime import date, timedelta

import duckdb
from churn_chain import load_rules
from compiled import run_models
from hypothesis import given, settings
from hypothesis import strategies as st

MONTHS = [date(2024, month, 1) for month in range(1, 13)]
incidents = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 2_000)),
    max_size=6,
)


def health(scores: list[float], happened: list[tuple[int, int]]) -> list[float]:
    """The score of each month, after incidents of (days after 2023-12-01, orders affected)."""
    con = duckdb.connect()
    con.execute(
        "create table delivery_performance (month date, dimension varchar, score double, "
        "grade varchar, delivery_count bigint, is_complete boolean, has_unknown_part boolean)"
    )
    con.executemany(
        "insert into delivery_performance values (?, 'all', ?, null, 100, true, false)",
        list(zip(MONTHS, scores, strict=True)),
    )
    con.execute("create table incidents (occurred_on date, affected_orders bigint)")
    con.execute("create table int_rejected_days (input_table varchar, day date)")
    for days, orders in happened:
        con.execute(
            "insert into incidents values (?, ?)", [date(2023, 12, 1) + timedelta(days), orders]
        )
    load_rules(con, ("health_rules", "score_grades", "delivery_measures"))
    con.execute("create table int_as_of as select date '2024-12-31' as as_of_date")
    run_models(con, {"operations_health": "table"})
    rows = con.execute("select score from operations_health order by month").fetchall()
    return [score for (score,) in rows]


@settings(max_examples=25)
@given(
    st.lists(st.floats(0, 100), min_size=12, max_size=12),
    incidents,
    st.tuples(st.integers(0, 400), st.integers(0, 2_000)),
)
def test_another_incident_never_raises_health(scores, happened, another):
    before, after = health(scores, happened), health(scores, [*happened, another])
    assert all(late <= early for early, late in zip(before, after, strict=True))
    assert all(0 <= score <= 100 for score in after)


@settings(max_examples=15)
@given(st.lists(st.floats(0, 100), min_size=12, max_size=12), incidents, st.floats(0, 20))
def test_a_better_delivery_score_never_lowers_health(scores, happened, more):
    better = [min(100, score + more) for score in scores]
    pairs = zip(health(scores, happened), health(better, happened), strict=True)
    assert all(low <= high for low, high in pairs)
