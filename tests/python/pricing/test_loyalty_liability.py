"""What members are owed, from SQL that runs without dbt."""

import duckdb
import pytest
from compiled import compiled, project_vars

MEMBERS = [
    # tier, points of each member that are settled, of them used
    ("even", 100, 0),
    ("even", 100, 0),
    ("uneven", 300, 0),
    ("uneven", 100, 0),
    ("used", 100, 100),
    ("used", 100, 100),
]


def test_points_that_nobody_or_everybody_used_are_not_surely_lost_or_used():
    """After Wilson, of as many members as would weigh the same with equal points: 1.6 of 300 and
    100."""
    with duckdb.connect() as con:
        con.execute(
            "create table int_loyalty_members (tier varchar, balance double, earned double, "
            "redeemed double, settled double, settled_used double, expiring double)"
        )
        rows = [(tier, n - used, n, used, n, used, 0) for tier, n, used in MEMBERS]
        con.executemany("insert into int_loyalty_members values (?, ?, ?, ?, ?, ?, ?)", rows)
        con.execute(
            "create table int_pricing_settings as "
            "select 400 as loyalty_valid_days, 2 as loyalty_minimum_members"
        )
        con.execute("create table int_as_of as select date '2024-01-05' as as_of_date")
        found = {
            tier: bounds
            for tier, *bounds in con.execute(
                "select tier, breakage_rate_lower, breakage_rate_upper, "
                "points_to_be_redeemed_upper "
                f"from ({compiled('loyalty_liability')})"
            ).fetchall()
        }
    z2 = project_vars()["interval_z"] ** 2
    assert found["even"] == pytest.approx([2 / (2 + z2), 1, 200 * z2 / (2 + z2)])
    assert found["uneven"] == pytest.approx([1.6 / (1.6 + z2), 1, 400 * z2 / (1.6 + z2)])
    assert found["used"] == pytest.approx([0, z2 / (2 + z2), 0])
