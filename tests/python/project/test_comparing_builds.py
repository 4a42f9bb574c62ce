"""The two scripts that say whether a faster build is the same build."""

import sys
from copy import deepcopy
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "tests"))

from compare_promises import promises  # noqa: E402
from compare_published import differences  # noqa: E402

ROWS = "(1, 'a', 0.5, 1.0), (2, 'b', null, 'infinity'), (3, null, 'nan', 2.0)"


def published(path: Path, rows: str = ROWS, *, key: str = "primary key") -> Path:
    with duckdb.connect(str(path)) as con:
        con.execute(
            f"create schema marts; create table marts.scores "
            f"(id bigint {key}, is_new varchar, score double, weight double); "
            f"insert into marts.scores values {rows}"
        )
    return path


@pytest.mark.parametrize("key", ["primary key", ""], ids=["keyed", "without a key"])
@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (ROWS, []),
        ("(3, null, 'nan', 2.0), (2, 'b', null, 'infinity'), (1, 'a', 0.5, 1.0)", []),
        (ROWS.replace("0.5", "0.5000000001"), []),
        (ROWS.replace("0.5", "0.50001"), ["marts.scores.score: 1 values changed"]),
        (ROWS.replace("0.5", "null"), ["marts.scores.score: 1 values changed"]),
        (ROWS.replace("'nan'", "null"), ["marts.scores.score: 1 values changed"]),
        (ROWS.replace("'infinity'", "3.0"), ["marts.scores.weight: 1 values changed"]),
        (ROWS.replace("'b'", "'B'"), ["marts.scores.is_new: 1 values changed"]),
    ],
    ids=["same", "other order", "noise", "value", "gone", "unknown", "infinite", "text"],
)
def test_differences_of_values_are_listed(tmp_path, rows, lines, key):
    before = published(tmp_path / "before.duckdb", key=key)
    after = published(tmp_path / "after.duckdb", rows, key=key)
    assert differences(before, after) == lines


def test_differences_of_rows_columns_and_tables_are_listed(tmp_path):
    before = published(tmp_path / "before.duckdb")
    after = published(tmp_path / "after.duckdb", ROWS + ", (4, 'd', 1, 1)")
    assert differences(before, after) == ["marts.scores: 1 rows added"]
    assert differences(after, before) == ["marts.scores: 1 rows removed"]
    with duckdb.connect(str(after)) as con:
        con.execute("alter table marts.scores drop column weight; create table marts.more (id int)")
    first, second = differences(before, after)
    assert first == f"marts.more: only in {after}"
    assert second.startswith("marts.scores: columns ")


def test_a_promise_that_is_gone_is_missed(manifest: dict) -> None:
    kept = promises(manifest)
    kinds = ("test ", "unit test ", "column ", "not_null ", "check ", "primary_key ", "is_key ")
    assert all(any(name.startswith(kind) for name in kept) for kind in kinds)
    less = deepcopy(manifest)
    nodes = less["nodes"]
    test = next(name for name in nodes if nodes[name]["resource_type"] == "test")
    nodes.pop(test)
    less["unit_tests"].pop(next(iter(less["unit_tests"])))
    orders = nodes["model.retail_analytics.orders"]
    orders["constraints"] = []
    next(iter(orders["columns"].values()))["constraints"] = []
    lost = kept - promises(less)
    assert {name.split()[0] for name in lost} >= {"test", "unit", "primary_key", "not_null"}
