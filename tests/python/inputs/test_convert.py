"""`convert`: a script and a folder of raw files in, a folder of input tables out."""

from pathlib import Path

import duckdb
import pytest

from retail_analytics.inputs.contract import input_table_names
from retail_analytics.inputs.convert import convert
from retail_analytics.inputs.load import InputError

OWN_DATA = Path(__file__).parents[3] / "docs" / "own_data"

TWO_TABLES = """
create temp macro raw_file(file_name) as table
    from read_csv(getvariable('source') || '/' || file_name, header = true, all_varchar = true);
create temp view baskets as select * from raw_file('raw.csv');
create table orders as select distinct "No" as order_id, "Day" as ordered_at from baskets;
create view customers as select 'C1' as customer_id, min("Day") as signed_up_on from baskets;
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "raw.csv").write_text("No,Day\nA,2024-01-01\nB,2024-01-02\nB,2024-01-02\n")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def script_of(folder: Path, text: str) -> Path:
    script = folder / "shop.sql"
    script.write_text(text, encoding="utf-8")
    return script


def rows(path: Path) -> list[tuple]:
    return duckdb.sql(f"from read_parquet('{path}') order by all").fetchall()


def test_tables_and_views_are_written_and_temporary_steps_are_not(raw, out, tmp_path):
    row_counts = convert(script_of(tmp_path, TWO_TABLES), source=raw, out=out)

    assert list(row_counts.items()) == [("customers", 1), ("orders", 2)]
    assert sorted(path.name for path in out.iterdir()) == ["customers.parquet", "orders.parquet"]
    assert rows(out / "orders.parquet") == [("A", "2024-01-01"), ("B", "2024-01-02")]


def test_paths_may_hold_spaces_quotes_and_wild_cards(raw, tmp_path):
    strange = tmp_path / "my 'raw' [1] *\"files\", 50%? {x} é"
    strange.mkdir()
    source, out = raw.rename(strange / "in"), strange / "new" / "out's"

    convert(script_of(strange, TWO_TABLES), source=source, out=out)

    assert sorted(path.name for path in out.iterdir()) == ["customers.parquet", "orders.parquet"]


def test_a_star_in_a_folder_name_does_not_reach_into_its_neighbours(raw, out, tmp_path):
    source = tmp_path / "raw*"
    source.mkdir()
    (source / "raw.csv").write_text("No,Day\nZ,2024-05-05\n")

    convert(script_of(tmp_path, TWO_TABLES), source=source, out=out)

    assert rows(out / "orders.parquet") == [("Z", "2024-05-05")]


def test_a_second_run_replaces_its_own_files_and_no_others(raw, out, tmp_path):
    script = script_of(tmp_path, TWO_TABLES)
    convert(script, source=raw, out=out)
    (out / "stock_levels.csv").write_text("kept")
    (raw / "raw.csv").write_text("No,Day\nC,2024-02-01\n")

    convert(script, source=raw, out=out)

    assert rows(out / "orders.parquet") == [("C", "2024-02-01")]
    assert (out / "stock_levels.csv").read_text() == "kept"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("create table orders as selec 1;", "syntax error"),
        ("create table orders as select * from read_csv('/nowhere.csv');", "nowhere.csv"),
        # orders is written before the view that fails only when it is read
        (
            "create table customers as select 1 as customer_id;"
            "create view orders as select cast(no_number as int) as order_id "
            "from (values ('1'), ('x')) as numbers(no_number);",
            "Could not convert string 'x'",
        ),
        ("create table shipments as select 1 as a;", "shipments is not an input table"),
        ("create temp view orders as select 1 as order_id;", "creates no input table"),
        ("", "creates no input table"),
    ],
)
def test_a_faulty_script_is_named_and_leaves_nothing_behind(raw, out, tmp_path, text, message):
    script = script_of(tmp_path, TWO_TABLES)
    convert(script, source=raw, out=out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    script_of(tmp_path, text)

    with pytest.raises(InputError, match="shop.sql: ") as caught:
        convert(script, source=raw, out=out)

    assert message in str(caught.value)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "out", "shop.sql"}


def test_a_script_in_another_encoding_is_named(raw, out, tmp_path):
    script = tmp_path / "shop.sql"
    script.write_bytes("-- Händler".encode("latin-1"))
    with pytest.raises(InputError, match="shop.sql: the script is not UTF-8"):
        convert(script, source=raw, out=out)


def test_missing_folders_and_scripts_are_named(raw, out, tmp_path):
    script = script_of(tmp_path, TWO_TABLES)
    with pytest.raises(InputError, match="nothing: this folder does not exist"):
        convert(script, source=tmp_path / "nothing", out=out)
    with pytest.raises(InputError, match="nothing.sql: this script does not exist"):
        convert(tmp_path / "nothing.sql", source=raw, out=out)
    with pytest.raises(InputError, match="shop.sql: this is a file"):
        convert(script, source=raw, out=script)
    with pytest.raises(InputError, match="a folder of their own"):
        convert(script, source=raw, out=raw / ".." / "raw")
    assert not out.exists()


def test_every_input_table_has_a_line_in_the_readme():
    text = (OWN_DATA / "README.md").read_text(encoding="utf-8")
    assert [table for table in input_table_names() if f"| `{table}` |" not in text] == []
