"""Bad input through a whole build: bad rows are rejected and named, bad files stop it at once."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from bad_rows import DUPLICATE, KEPT, LONG_ID, fates, write_bad_rows
from conftest import BuildWarehouse, Built

pytestmark = pytest.mark.slow

ALL = fates()


@pytest.fixture(scope="module")
def built(build_warehouse: BuildWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One build of everything that is bad, from a folder whose name is bad, too."""
    folder = tmp_path_factory.mktemp("data") / "my 'own' \"data\" [1] {{ x }} {% y %} 50%s é"
    folder.mkdir()
    write_bad_rows(folder)
    built = build_warehouse(folder)
    assert built.exit_code == 0, built.output
    return built


def test_a_folder_full_of_bad_rows_is_published(built: Built):
    assert "published: " in built.output
    assert built.published.exists()


def test_a_build_says_how_many_rows_it_rejected_and_of_which_files(built: Built):
    rejected = [(table, fate[0]) for table, _, _, fate in ALL if isinstance(fate, list)]
    assert f"rejected: {len(rejected)} rows; quality.rejected_rows says why" in built.output
    for table in {table for table, _ in rejected}:
        read = len([name for name, *_ in ALL if name == table])
        reasons = [reason for name, reason in rejected if name == table]
        most = max(reasons, key=lambda reason: (reasons.count(reason), reason))
        line = rf"note: {table}\.\w+: {len(reasons)} of {read} rows were rejected, .* for {most}\b"
        assert re.search(line, built.output), line


def test_a_build_says_where_rows_that_nothing_tells_apart_count_once(built: Built):
    of_table = [fate for table, _, _, fate in ALL if table == "loyalty_events"]
    said = f"{of_table.count(DUPLICATE)} of {len(of_table)} rows equal another one in every column"
    assert re.search(rf"note: loyalty_events\.\w+: {said} and count once", built.output)


@pytest.fixture(scope="module")
def rejected(built: Built) -> dict[tuple[str, int], list[str]]:
    rows = built.query("select input_table, row_number, reasons from quality.rejected_rows")
    return {(table, number): reasons for table, number, reasons in rows}


@pytest.fixture(scope="module")
def statuses(built: Built) -> dict[tuple[str, int], str]:
    """What staging says of every row that has a shape."""
    union = " union all ".join(
        f"select '{table}', row_number, row_status from staging.stg_{table}"
        for table in sorted({table for table, *_ in ALL})
    )
    return {(table, number): status for table, number, status in built.query_build(union)}


@pytest.mark.parametrize(
    ("table", "number", "fate"),
    [(table, number, fate) for table, number, _, fate in ALL],
    ids=[f"{table}: {shows}" for table, _, shows, _ in ALL],
)
def test_every_row_has_the_fate_it_deserves(rejected, statuses, table, number, fate):
    if fate in (KEPT, DUPLICATE):
        assert (table, number) not in rejected
        assert statuses[table, number] == fate
    else:
        assert rejected[table, number] == fate


def test_no_row_is_rejected_that_nobody_expected(rejected):
    expected = {(table, number) for table, number, _, fate in ALL if isinstance(fate, list)}
    assert set(rejected) == expected


def test_the_first_reason_stands_alone_beside_the_list(built: Built):
    wrong = built.query("select * from quality.rejected_rows where reason <> reasons[1]")
    assert wrong == []


def test_every_row_read_is_kept_rejected_or_a_duplicate(built: Built):
    counts = built.query(
        "select input_table, rows_read, rows_kept, rows_rejected, rows_duplicate "
        "from quality.input_summary"
    )
    expected = {
        table: [
            len(own := [fate for name, _, _, fate in ALL if name == table]),
            own.count(KEPT),
            sum(isinstance(fate, list) for fate in own),
            own.count(DUPLICATE),
        ]
        for table, *_ in counts
    }
    assert {table: rows for table, *rows in counts} == expected


def test_a_rejected_row_is_shown_whole(built: Built):
    shown = built.query(
        "select row_key, row_json from quality.rejected_rows "
        "where input_table in ('products', 'stock_levels', 'ad_spend') and row_number in (2, 3) "
        "order by input_table, row_number"
    )
    keys, rows = zip(*[(key, json.loads(text)) for key, text in shown], strict=True)
    assert keys == (None, None, "P2", "P3", "1, 2024-01-01 12:00:00", "2, 2024-01-01 12:00:00")
    assert rows[0]["line"] == "2024-03-01,tv"
    assert rows[2]["list_price"] == "10 EUR"
    assert rows[3]["list_price"] == "NaN"
    assert rows[4]["on_hand_units"] == "nan"
    assert rows[4]["other_columns"] == ["shelves"]


def test_what_is_personal_is_withheld(built: Built):
    rows = built.query("select row_json from quality.rejected_rows where input_table = 'customers'")
    names = {json.loads(text).get("customer_name") for (text,) in rows}
    assert names == {"(withheld)"}


def test_every_row_json_is_json(built: Built):
    for (text,) in built.query("select row_json from quality.rejected_rows"):
        json.loads(text, parse_constant=pytest.fail)


def test_ids_arrive_as_they_are(built: Built):
    ids = {row[0] for row in built.query("select customer_id from marts.customers")}
    assert ids == {
        *("C1", "C 9", "C10", 'C"11', "'; drop table orders; --", "{{ ref('orders') }}"),
        *(LONG_ID, "C12", "C99"),
    }


def test_of_rows_with_one_key_the_newest_without_a_fault_is_kept(built: Built):
    rows = built.query("select customer_name from marts.customers where customer_id = 'C1'")
    assert rows == [("Anna",)]


def test_the_largest_amounts_add_up(built: Built):
    largest = Decimal("9999999999.9999")
    revenue = dict(built.query("select order_id, revenue from marts.orders"))
    assert revenue == {
        # a line of these three was rejected: their totals count
        "O1": Decimal(100),
        "O5": -largest,
        "O6": largest,
        "O7": largest,
        "O8": Decimal(5),
        "O10": None,
    }


def test_what_was_sold_without_any_known_price_has_no_known_revenue(built: Built):
    rows = built.query(
        "select revenue, abc_class from marts.inventory_levels where product_id = 'P405'"
    )
    assert rows == [(None, None)]


def test_a_channel_named_as_the_whole_is_beside_it(built: Built):
    channels = built.query("select channel from marts.touchpoints where touchpoint_id = 'T6'")
    assert channels == [("All",)]
    forecast = "select distinct channel from marts.revenue_forecasts order by channel"
    assert built.query(forecast) == [("All",), ("all",), ("unattributed",)]


def test_an_order_is_on_its_day_in_utc(built: Built):
    rows = built.query("select cast(ordered_on as varchar) from marts.orders where order_id = 'O1'")
    assert rows == [("2024-02-29",)]


def test_two_competitors_make_a_position_without_what_is_no_price(built: Built):
    rows = built.query("""
        select entity, status, competitor_count, own_price, competitor_median_price,
            competitor_lowest_price
        from marts.price_positions where level = 'product'
    """)
    assert rows == [("P1", "ok", 2, Decimal(10), Decimal("9.5"), Decimal(8))]


def test_unused_columns_are_named(built: Built):
    assert "note: order_lines.csv: columns not used: 'note'" in built.output
    assert "note: stock_levels.parquet: columns not used: 'shelves'" in built.output


def test_an_unreadable_file_stops_before_any_model_and_leaves_the_published_file(
    built: Built, build_warehouse: BuildWarehouse, tmp_path: Path
):
    before = built.published.read_bytes()
    (tmp_path / "customers.csv").write_text("customer_id,signed_up_on\nC1,2024-01-01\n")
    (tmp_path / "orders.csv").write_text("order_id,order_date\nO1,2024-01-01\n")

    stopped = build_warehouse(tmp_path, warehouse=built.warehouse)

    assert stopped.exit_code != 0
    assert (
        "orders.csv: the required column 'ordered_at' is missing; is it 'order_date'? "
        "(columns found: order_id, order_date)"
    ) in stopped.output
    assert "OK created" not in stopped.output
    assert "Traceback" not in stopped.output
    assert built.published.read_bytes() == before
    assert built.query_build("select count(*) from raw.orders") == [(11,)]


@pytest.mark.parametrize("as_of", ["2024-02-30", "9999-12-31"])
def test_an_as_of_date_that_is_none_stops_the_build(
    built: Built, build_warehouse: BuildWarehouse, tmp_path: Path, as_of: str
):
    before = built.published.read_bytes()
    stopped = build_warehouse(tmp_path, as_of=as_of, warehouse=built.warehouse)
    assert stopped.exit_code != 0
    assert "AS_OF must be a day from 1990-01-01 to today" in stopped.output
    assert f"not '{as_of}'" in stopped.output
    assert built.published.read_bytes() == before


def test_an_as_of_date_before_all_data_leaves_every_event_out(
    build_warehouse: BuildWarehouse, tmp_path: Path
):
    write_bad_rows(tmp_path)
    built = build_warehouse(
        tmp_path, as_of="1995-01-01", args=("--exclude-resource-type", "unit_test")
    )
    assert built.exit_code == 0, built.output
    kept = built.query_build(
        "select input_table, rows_kept from quality.input_summary "
        "where rows_kept > 0 and not (first_event_at is null)"
    )
    assert kept == []
    later = built.query_build(
        "select rows_after_as_of from quality.input_summary where input_table = 'mentions'"
    )
    # the one with a negative count too: whatever is wrong with it, it comes later
    assert later == [(5,)]
    assert not built.published.exists()
