"""Small inputs from reports of what went wrong, each with what must be true (tests/fixtures/cases).

A case is a folder of CSV files with `expected.json`: `as_of`, `shop_time_zone` where it matters,
and `checks` of SQL and its rows over the tables that the SQL names. It is built from the CSV files,
and where values are read in another way, from Parquet files of the same text, too.
"""

import json
import re
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, BuildWarehouse

pytestmark = pytest.mark.slow

CASES = ROOT / "tests" / "fixtures" / "cases"
NAMES = sorted(
    path.parent.name
    for path in CASES.glob("*/expected.json")
    if any("sql" in check for check in json.loads(path.read_text())["checks"])
)
# cases of how values are written
ABOUT_READING = {
    "days_in_the_shop_s_zone",
    "promise_and_arrival_in_one_zone",
    "shop_timestamps",
    "words_for_nothing",
}
FORMS = [(name, "csv") for name in NAMES] + [(name, "parquet") for name in sorted(ABOUT_READING)]


def as_parquet(folder: Path, target: Path) -> Path:
    """The CSV files of a folder as Parquet files of text."""
    target.mkdir()
    with duckdb.connect() as con:
        for path in sorted(folder.glob("*.csv")):
            con.execute(
                "copy (from read_csv($source, all_varchar = true, header = true, delim = ',')) "
                f"to '{target / path.stem}.parquet' (format parquet)",
                {"source": str(path)},
            )
    return target


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_case_comes_out_right(build_warehouse: BuildWarehouse, tmp_path: Path, name, form):
    case = json.loads((CASES / name / "expected.json").read_text())
    data = CASES / name
    if form == "parquet":
        data = as_parquet(data, tmp_path / "data")
    tables = {
        table for check in case["checks"] for table in re.findall(r"marts\.(\w+)", check["sql"])
    }
    chosen = ("--select", *(f"+{table}" for table in sorted(tables)))
    built = build_warehouse(
        data,
        as_of=case["as_of"],
        args=("--shop-time-zone", case.get("shop_time_zone", "UTC"))
        + ("--exclude-resource-type", "test", *chosen),
    )
    assert built.exit_code == 0, built.output
    for check in case["checks"]:
        rows = built.query_build(check["sql"])
        as_written = [
            [value if isinstance(value, bool | int) else str(value) for value in row]
            for row in rows
        ]
        assert as_written == check["rows"], check["sql"]
