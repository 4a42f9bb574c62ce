"""How DuckDB would run the models: no join that compares every row with every other.

`left join ... on a.id = b.id and a.status = 'returned'` looks like a join by id. DuckDB 1.5 cannot
hash an outer join with a condition on one side alone and compares all pairs: 3 s for the sample's
orders, 4 minutes for those of 100,000 customers.
"""

import json

import duckdb
import pytest
from build_files import read_build
from conftest import Built

# a side this small is a rule table or a handful of dates: pairs with it grow with the data only
FEW_ROWS = 1_000


def estimate(node: dict) -> int:
    known = node["extra_info"].get("Estimated Cardinality")
    return int(known) if known else max(map(estimate, node["children"]), default=0)


def outer_joins_of_all_pairs(plan: dict) -> list[list[int]]:
    """Estimated rows of both sides of each outer join that DuckDB would run pair by pair."""
    found = [pairs for child in plan["children"] for pairs in outer_joins_of_all_pairs(child)]
    if plan["name"] == "BLOCKWISE_NL_JOIN" and plan["extra_info"]["Join Type"] != "INNER":
        sides = [estimate(child) for child in plan["children"]]
        if min(sides) > FEW_ROWS:
            found.append(sides)
    return found


def planned(con: duckdb.DuckDBPyConnection, sql: str) -> list[list[int]]:
    [(_, plan)] = con.execute(f"explain (format json) {sql}").fetchall()
    return outer_joins_of_all_pairs(json.loads(plan)[0])


def test_no_model_compares_every_row_with_every_other(
    manifest: dict, sample_warehouse: Built
) -> None:
    with read_build(sample_warehouse.warehouse) as con:
        found = {
            node["name"]: pairs
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
            and node["language"] == "sql"
            and node["config"]["materialized"] in ("table", "view")
            and (pairs := planned(con, node["compiled_code"]))
        }
    assert found == {}


@pytest.mark.parametrize(
    ("condition", "is_slow"),
    [("a.id = b.id", False), ("a.id = b.id and (a.word = 'x' or b.word = 'y')", True)],
)
def test_a_join_of_all_pairs_is_noticed(condition: str, is_slow: bool) -> None:
    with duckdb.connect() as con:
        con.execute("create table a as select range as id, 'x' as word from range(5000)")
        con.execute("create table b as select * from a")
        assert bool(planned(con, f"select * from a left join b on {condition}")) is is_slow
