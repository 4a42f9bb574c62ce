"""A build as of a day is a build of the files as they stood on that day.

What begins later is not there yet, and what ends later is open. Two days of the sample's year here;
`AS_OF_DAYS=12 pytest tests/python/inputs/test_as_of.py` for days of every month.
"""

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, BuildWarehouse, Built

from retail_analytics.inputs.contract import read_tables

pytestmark = pytest.mark.slow

SAMPLE = ROOT / "seeds" / "sample"
COUNT = int(os.environ.get("AS_OF_DAYS", "2"))
DAYS = [date(2024, 1, 17) + timedelta(days=340 * number // COUNT) for number in range(COUNT)]
COLUMNS = {
    table["name"]: {column["name"]: column["config"]["meta"] for column in table["columns"]}
    for table in read_tables()
}


def cut_at(day: date, target: Path) -> Path:
    """The sample's files as they stood at the end of a day, as far as their contract says."""
    target.mkdir()
    with duckdb.connect() as con:
        for source in sorted(SAMPLE.glob("*.csv")):
            if source.stem in COLUMNS:
                cut_file(con, day, source, target / source.name)
    shutil.copytree(SAMPLE / "rules", target / "rules")
    return target


def cut_file(con: duckdb.DuckDBPyConnection, day: date, source: Path, target: Path) -> None:
    con.execute(
        "create or replace table given as "
        "from read_csv($source, all_varchar = true, header = true, delim = ',')",
        {"source": str(source)},
    )
    columns = COLUMNS[source.stem]
    names = [row[0] for row in con.execute("describe given").fetchall()]
    # what cannot be read as a time is no event: its row stays, and is rejected in both builds
    later = {name: f"coalesce(try_cast({name} as date) > date '{day}', false)" for name in names}
    values = []
    for name in names:
        end = name if columns[name].get("event") == "ends" else columns[name].get("known_since")
        values.append(f"case when not {later[end]} then {name} end as {name}" if end else name)
    begins = [later[name] for name in names if columns[name].get("event") == "begins"]
    is_later = " or ".join(begins) or "false"
    con.execute(
        f"copy (select {', '.join(values)} from given where not ({is_later})) "
        f"to '{target}' (header)"
    )


def rows_of(built: Built, table: str) -> list[tuple]:
    """The rows that are kept, and those that are rejected for a fault of their own.

    A day after today is a fault of the look back; a file of that day would not have had it.
    """
    names = [name for name, meta in COLUMNS[table].items() if not meta.get("is_personal")]
    return built.query_build(
        f"select {', '.join(names)}, reasons from staging.stg_{table} "
        "where row_status in ('kept', 'rejected') "
        "and not regexp_matches(coalesce(reasons[1], ''), '^(unknown_order|implausible_)') "
        "order by all",
    )


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_past_is_what_it_was_on_that_day(
    build_warehouse: BuildWarehouse, tmp_path: Path, day: date
):
    only_staging = ("--select", "staging", "--exclude-resource-type", "test")
    looking_back = build_warehouse(None, as_of=str(day), args=only_staging)
    on_that_day = build_warehouse(cut_at(day, tmp_path / "cut"), as_of=str(day), args=only_staging)
    assert looking_back.exit_code == 0, looking_back.output
    assert on_that_day.exit_code == 0, on_that_day.output
    for table in COLUMNS:
        assert rows_of(looking_back, table) == rows_of(on_that_day, table), table
    assert rows_of(on_that_day, "orders")
