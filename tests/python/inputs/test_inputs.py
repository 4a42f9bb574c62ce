"""`load_inputs`: what can be read comes out as it should, whatever its spelling."""

import csv
import io
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from input_folder import CONTRACT, HEADER, PLAIN, load, write

from retail_analytics.inputs.csv_text import SPACES
from retail_analytics.inputs.load import load_inputs


def test_a_table_without_a_file_is_there_and_empty(tmp_path):
    loaded = load(tmp_path, {"orders.csv": HEADER + "O1,2024-01-01,C1\n"})
    for table, columns in CONTRACT.items():
        found = [row[0] for row in loaded.query(f"describe raw.{table}")]
        assert found == ["row_number", *(column.name for column in columns), "extra_columns"]
    assert loaded.query("select input_table from raw.input_files where is_provided") == [
        ("orders",)
    ]
    assert loaded.query("select count(*) from raw.customers") == [(0,)]


TWO_ROWS = [("O1", "2024-01-01", "C1"), ("O2", "2024-01-02", None)]
SPELLINGS = {
    "plain": PLAIN,
    "no last line end": PLAIN.rstrip(),
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "CR": PLAIN.replace("\n", "\r"),
    "byte-order mark": "\ufeff" + PLAIN,
    "byte-order mark and quotation marks": '\ufeff"order_id","ordered_at","customer_id"\n'
    '"O1","2024-01-01","C1"\n"O2","2024-01-02",""\n',
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "names in other case and with spaces": PLAIN.replace(
        HEADER, " Order_ID ,ORDERED_AT,\xa0customer_id\u200b\n"
    ),
    "names with quotation marks and spaces": PLAIN.replace(
        HEADER, '"Order_id", "ordered_at" , " customer_id"\n'
    ),
    "columns in other order": "customer_id,ordered_at,order_id\nC1,2024-01-01,O1\n,2024-01-02,O2\n",
    "blank lines": PLAIN.replace("\nO", "\n\n\nO") + "\n",
    "values with spaces": HEADER + " O1\t, 2024-01-01 ,\xa0C1\u3000\nO2,2024-01-02,  \xa0 \n",
    "spaces around quotation marks": HEADER + '"O1" , "2024-01-01","C1"\nO2,2024-01-02,\n',
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_one_table_in_many_spellings(tmp_path, text):
    loaded = load(tmp_path, {"orders.csv": text})
    assert loaded.orders() == TWO_ROWS
    assert loaded.rows_read() == 2
    assert loaded.notes == []


@pytest.mark.parametrize("text", [HEADER, HEADER.strip()])
def test_a_file_with_only_a_header_is_provided_and_empty(tmp_path, text):
    loaded = load(tmp_path, {"orders.csv": text})
    assert loaded.query("select * from raw.input_files where input_table = 'orders'") == [
        ("orders", True, "orders.csv", 0, "customer_id, order_id, ordered_at")
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_within_quotation_marks_belong_to_the_value(tmp_path, line_end):
    lines = [
        "order_id,ordered_at,customer_id",
        'O1,2024-01-01,"a\nb\r\nc\rd"',
        "O2,2024-01-01,x",
    ]
    loaded = load(tmp_path, {"orders.csv": line_end.join(lines) + line_end})
    assert loaded.orders("customer_id") == [("a\nb\r\nc\rd",), ("x",)]


@pytest.mark.parametrize(
    "order_id",
    [
        "'; drop table orders; --",
        "x" * 10_000,
        "a b",
        "it's",
        "{{ x }}",
        "%s",
        "a,b",
        'a"b',
        "Ä€😀",
    ],
)
def test_an_id_is_text_whatever_it_holds(tmp_path, order_id):
    quoted = '"' + order_id.replace('"', '""') + '"'
    loaded = load(tmp_path, {"orders.csv": f"{HEADER}{quoted},2024-01-01,\n"})
    assert loaded.orders("order_id") == [(order_id,)]


def test_a_line_of_another_shape_is_one_unreadable_row(tmp_path):
    lines = [
        "O1,2024-01-01",
        "O2,2024-01-01,C1,x",
        'O3,2024-01-01,"C"1',
        'O4,2024-01-01,C"1',
        "O5,2024-01-01," + "x" * 2_100_000,
        'O6,2024-01-01,"C1',
    ]
    loaded = load(tmp_path, {"orders.csv": HEADER + "\n".join(lines) + "\n"})
    assert loaded.orders("order_id, customer_id") == [("O4", 'C"1')]
    unreadable = loaded.query(
        "select row_number, line_text[:12] from raw.unreadable_rows order by row_number"
    )
    # numbered as they stand in the file
    assert loaded.query("select row_number from raw.orders") == [(4,)]
    assert unreadable == [
        (number, line[:12]) for number, line in enumerate(lines, start=1) if number != 4
    ]
    assert loaded.rows_read() == len(lines)
    ((longest,),) = loaded.query("select max(length(line_text)) from raw.unreadable_rows")
    assert longest <= 2000


@pytest.mark.parametrize("quoted", [False, True], ids=["plain", "with quotation marks"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_line_with_more_fields_than_the_header_is_no_row(tmp_path, line_end, quoted):
    lines = [
        HEADER.strip(),
        "O1,2024-01-01,C1",
        "O2,2024-01-01,Sale, summer,",
        "O3,2024-01-01,C3,",
        "",
        "O4,2024-01-01",
        "O5,2024-01-01,C5,,",
        "O6,2024-01-01,C6",
        "O7,2024-01-01,C7,x",
        "O8,2024-01-01,C8",
    ]
    if quoted:
        lines[1] = 'O1,2024-01-01,"C1"'
        lines[7] = f'O6,2024-01-01,"C{line_end}6"'
    loaded = load(tmp_path, {"orders.csv": line_end.join(lines) + line_end})
    six = f"C{line_end}6" if quoted else "C6"
    assert loaded.orders("row_number, order_id, customer_id") == [
        *((1, "O1", "C1"), (6, "O6", six), (8, "O8", "C8")),
    ]
    unreadable = loaded.query(
        "select row_number, line_text, fault from raw.unreadable_rows order by row_number"
    )
    assert [row[0] for row in unreadable] == [2, 3, 4, 5, 7]
    assert [row[1] for row in unreadable][:2] == lines[2:4]
    assert unreadable[1][2] == "more fields than the 3 of the header"
    assert loaded.rows_read() == 8


@pytest.mark.parametrize("quote", ["", '"'])
def test_one_more_separator_at_the_end_of_every_line_is_harmless(tmp_path, quote):
    text = HEADER + f"O1,2024-01-01,{quote}C1{quote},\nO2,2024-01-02,,\n"
    loaded = load(tmp_path, {"orders.csv": text})
    assert loaded.orders() == TWO_ROWS
    assert loaded.query("select * from raw.unreadable_rows") == []
    # in the header as well it is a column without a name
    loaded = load(tmp_path, {"orders.csv": text.replace(HEADER, HEADER.strip() + ",\n")})
    assert loaded.orders() == TWO_ROWS


def test_the_names_of_the_columns_once_more_are_no_row(tmp_path):
    header = "product_id,product_name\n"
    text = header + "P1,Mug\n" + header + "P2,Cup\nPRODUCT_ID,Product_Name\n"
    loaded = load(tmp_path, {"products.csv": text})
    assert loaded.query("select row_number, product_id from raw.products") == [(1, "P1"), (3, "P2")]
    unreadable = loaded.query("select row_number, line_text, fault from raw.unreadable_rows")
    assert unreadable == [
        (2, header.strip(), "the names of the columns once more"),
        (4, "PRODUCT_ID,Product_Name", "the names of the columns once more"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\n" + PLAIN.replace(",", ";"),
        '"sep=;"\r\n' + PLAIN.replace(",", ";").replace("\n", "\r\n"),
        "\ufeffSEP=;\n" + PLAIN.replace(",", ";"),
        "sep=~\n" + PLAIN.replace(",", "~"),
        "sep=,\n" + PLAIN.replace("C1", '"C1"'),
    ],
)
def test_a_first_line_that_names_the_separator(tmp_path, text):
    loaded = load(tmp_path, {"orders.csv": text})
    assert loaded.orders() == TWO_ROWS
    assert loaded.rows_read() == 2
    loaded = load(tmp_path, {"orders.csv": text + ("x\r\n" if "\r" in text else "x\n")})
    assert loaded.query("select row_number, line_text from raw.unreadable_rows") == [(3, "x")]


def test_a_header_with_as_many_commas_as_semicolons(tmp_path):
    text = "order_id;ordered_at;note, free, long\nO1;2024-01-01;a\nO2;2024-01-02;b, c\n"
    assert load(tmp_path, {"orders.csv": text}).orders() == [
        ("O1", "2024-01-01", None),
        ("O2", "2024-01-02", None),
    ]


def test_a_slipped_line_among_lines_that_end_in_one_more_comma_costs_itself_only(tmp_path):
    good = "O1,2024-01-01,C1,\nO2,2024-01-02,,\n"
    slipped = "O3,2024-01-03,Smith, John,\n"
    text = HEADER + good + slipped + good.replace("O", "P")
    loaded = load(tmp_path, {"orders.csv": text})
    assert [row[0] for row in loaded.orders("order_id")] == ["O1", "O2", "P1", "P2"]
    unreadable = "select row_number, line_text from raw.unreadable_rows"
    assert loaded.query(unreadable) == [(3, slipped.strip())]


@pytest.mark.parametrize("ends", [",", ",,,"])
def test_separators_after_the_last_name_are_no_columns_to_slip_into(tmp_path, ends):
    header, good = HEADER.strip() + ends + "\n", f"O1,2024-01-01,C1{ends}\n"
    slipped = f"O2,2024-01-02,Smith, John{ends[1:]}"
    loaded = load(tmp_path, {"orders.csv": header + good * 3 + slipped + "\n"})
    assert loaded.orders("customer_id") == [("C1",)] * 3
    unreadable = "select row_number, line_text from raw.unreadable_rows"
    assert loaded.query(unreadable) == [(4, slipped)]
    # what most lines have is a column, if one without a name
    named = load(tmp_path, {"orders.csv": header + "O1,2024-01-01,C1,a" + ends[1:] + "\n"})
    assert named.notes == [
        "orders.csv: columns not used: "
        + ", ".join(f"number {4 + i} (it has no name)" for i in range(len(ends)))
    ]


def test_a_word_for_nothing_is_no_second_currency(tmp_path):
    words = ["EUR", "eur", "NA", "(null)", "N/A", "-", ""]
    lines = "".join(f"O{i},2024-01-01,{word}\n" for i, word in enumerate(words))
    loaded = load(tmp_path, {"orders.csv": "order_id,ordered_at,currency\n" + lines})
    assert loaded.query("select currency from raw.settings") == [("EUR",)]


@pytest.mark.parametrize("padding", [b"\0" * 512, b"\x1a", b"\0" * 3_000_000])
def test_zero_bytes_at_the_end_are_passed_over_and_said(tmp_path, padding):
    loaded = load(tmp_path, {"orders.csv": PLAIN.encode() + padding})
    assert loaded.orders() == TWO_ROWS
    (note,) = loaded.notes
    assert note.startswith(f"orders.csv: {len(padding):,} zero bytes at the end were passed over")


def test_columns_of_no_use_tell_rows_apart_and_are_noted(tmp_path):
    text = "order_id,ordered_at,custmer_id,,row_number,note,note\n" + "O1,2024-01-01,C1,,7,a,b\n"
    loaded = load(tmp_path, {"orders.csv": text})
    (row,) = loaded.orders("row_number, customer_id, extra_columns")
    assert row == (
        1,
        None,
        '{"custmer_id":"C1","":null,"row_number":"7","note":"a","note":"b"}',
    )
    assert loaded.notes == [
        "orders.csv: columns not used: 'custmer_id' (did you mean 'customer_id'?), "
        "number 4 (it has no name), 'row_number', 'note', 'note'"
    ]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_writes_is_read_back_trimmed(rows, delimiter, line_end, quoting):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows([("complained_on", "topic", "order_id"), *rows])
    contract = {"complaints": CONTRACT["complaints"]}
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        write(Path(folder), {"complaints.csv": text.getvalue()})
        load_inputs(con, folder=Path(folder), contract=contract)
        found = con.execute(
            "select complained_on, topic, order_id from raw.complaints order by row_number"
        ).fetchall()
    assert found == [tuple(cell.strip(SPACES) or None for cell in row) for row in rows]


def test_native_types_stay_and_ids_become_text(tmp_path):
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    loaded = load(
        tmp_path,
        {
            "orders.parquet": pa.table(
                {
                    "order_id": pa.array([1, 2]),
                    "ordered_at": pa.array([noon, None], pa.timestamp("ns", "America/New_York")),
                    # a column of whole numbers with gaps leaves pandas as floats
                    "customer_id": pa.array([17850.0, float("nan")]),
                    "sales_channel": pa.array([b"Stra\xc3\x9fe", b"\xff"]),
                    "order_total": pa.array([Decimal("9.99"), None]),
                    "discount_amount": pa.array([0.5, None]),
                }
            )
        },
    )
    assert loaded.orders("* exclude (order_status, currency, extra_columns)") == [
        (1, "1", noon.replace(tzinfo=None), "17850", "Straße", Decimal("9.99"), 0.5),
        (2, "2", None, None, "\\xFF", None, None),
    ]


@pytest.mark.parametrize("row_count", [0, 1, 3])
def test_a_parquet_file_of_days_and_counts_alone_is_read(tmp_path, row_count):
    counts = ("positive_count", "negative_count", "neutral_count")
    columns = {name: pa.array([1] * row_count, pa.int64()) for name in counts}
    days = pa.array([date(2024, 1, 1)] * row_count, pa.date32())
    loaded = load(tmp_path, {"mentions.parquet": pa.table({"mentioned_on": days, **columns})})
    assert loaded.rows_read("mentions") == row_count


def test_a_decimal_id_without_a_fraction_is_a_whole_number(tmp_path):
    ids = pa.array([Decimal("17850.0000"), Decimal("1.5000")], pa.decimal128(38, 4))
    loaded = load(
        tmp_path, {"orders.parquet": pa.table({"order_id": ids, "ordered_at": ["2024-01-01"] * 2})}
    )
    assert loaded.orders("order_id") == [("17850",), ("1.5000",)]


def test_an_id_of_sixteen_digits_stored_as_a_float_is_a_whole_number(tmp_path):
    ids = pa.array([4539578763621486.0, 123456789012345680.0])
    table = pa.table({"order_id": ids, "ordered_at": ["2024-01-01"] * 2})
    found = load(tmp_path, {"orders.parquet": table}).orders("order_id")
    assert found == [("4539578763621486",), ("123456789012345680",)]


@pytest.mark.parametrize("name", ["file_row_number", "File_Row_Number"])
def test_a_parquet_file_may_have_a_column_named_as_duckdb_s_own(tmp_path, name):
    table = pa.table({"order_id": ["O1", "O2"], "ordered_at": ["2024-01-01"] * 2, name: [7, 7]})
    loaded = load(tmp_path, {"orders.parquet": table})
    assert loaded.orders("row_number, order_id") == [(1, "O1"), (2, "O2")]
    assert loaded.notes == [f"orders.parquet: columns not used: {name.lower()!r}"]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param(pa.array([[1, 2]]), "[1, 2]", id="list"),
        pytest.param(pa.array([{"a": 1}]), "{'a': 1}", id="struct"),
        pytest.param(pa.array([True]), "true", id="boolean"),
        pytest.param(pa.array(["nine"]).dictionary_encode(), "nine", id="dictionary"),
    ],
)
def test_a_type_that_is_no_amount_becomes_text_for_staging_to_reject(tmp_path, values, text):
    table = pa.table({"order_id": ["O1"], "ordered_at": ["2024-01-01"], "order_total": values})
    assert load(tmp_path, {"orders.parquet": table}).orders("order_total") == [(text,)]


def test_numbers_that_are_none_are_left_for_staging_to_reject(tmp_path):
    totals = [float("nan"), float("inf"), 1e308]
    table = pa.table(
        {"order_id": list("abc"), "ordered_at": ["2024-01-01"] * 3, "order_total": totals}
    )
    read = load(tmp_path, {"orders.parquet": table}).orders("order_total")
    assert str(read) == "[(nan,), (inf,), (1e+308,)]"


def test_a_path_may_hold_anything(tmp_path):
    folder = tmp_path / "my 'own' \"data\" [1] * {{ x }} {% y %} 50%s é;"
    folder.mkdir()
    orders = pa.table({"order_id": ["O1"], "ordered_at": ["2024-01-01"]})
    customers = "customer_id,signed_up_on\nC1,2024-01-01\n"
    loaded = load(folder, {"orders.parquet": orders, "customers.csv": customers})
    assert loaded.rows_read("orders") == loaded.rows_read("customers") == 1


def test_a_star_in_a_path_does_not_reach_into_its_neighbours(tmp_path):
    for name in ("a*", "ab"):
        (tmp_path / name).mkdir()
    write(tmp_path / "ab", {"orders.csv": HEADER + "O1,2024-01-01,\n"})
    assert load(tmp_path / "a*", {"orders.csv": HEADER}).rows_read() == 0


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "export.txt").write_text(HEADER + "O1,2024-01-01,\n")
    (tmp_path / "orders.csv").symlink_to("export.txt")
    assert load(tmp_path, {}).rows_read() == 1


def test_file_names_are_matched_regardless_of_case_and_near_misses_are_noted(tmp_path):
    loaded = load(
        tmp_path,
        {
            "Orders.CSV": HEADER,
            "Order-Lines.csv": "x",
            "delivery.parquet": b"x",
            "truth_customers.csv": "x",
            "orders.sql": "x",
            "notes.txt": "x",
        },
    )
    assert loaded.query("select source_file from raw.input_files where is_provided") == [
        ("Orders.CSV",)
    ]
    assert loaded.notes == ["Order-Lines.csv: not used; did you mean order_lines.csv?"]


def test_parts_and_copies_of_an_input_are_not_passed_over_in_silence(tmp_path):
    names = [
        "orders_2024.csv",
        "orders (1).csv",
        "Old-Orders.csv",
        "preorders.csv",
        "truth_orders.csv",
    ]
    loaded = load(tmp_path, {"orders.csv": PLAIN, **dict.fromkeys(names, PLAIN)})
    said = "not used; an input is one file: put its parts together in orders.csv"
    assert [note for note in loaded.notes if "put its parts" in note] == [
        f"{name}: {said}" for name in ("Old-Orders.csv", "orders (1).csv", "orders_2024.csv")
    ]


def test_text_that_was_damaged_before_is_said(tmp_path):
    text = (
        HEADER
        + "O1,2024-01-01,M\u00c3\u00bcller\nO2,2024-01-01,M\ufffdller\nO3,2024-01-01,S\u00c3O\n"
    )
    loaded = load(tmp_path, {"orders.csv": text})
    assert loaded.notes == [
        "orders.csv: in 1 places the text looks as if it was encoded twice (`Ã¼` for `ü`); names "
        "stay as they are",
        "orders.csv: 1 characters were lost before, and read \ufffd",
    ]
    assert loaded.orders("customer_id")[0] == ("M\u00c3\u00bcller",)


def test_a_line_of_another_shape_says_which_order_it_is_of(tmp_path):
    text = 'order_id,product_id,quantity,unit_price\nO1,P1,1,5,9\nO2,P1\n"O3" ,P1,1\n,P1,1,2,3\n'
    loaded = load(tmp_path, {"orders.csv": PLAIN, "order_lines.csv": text})
    assert loaded.query("select row_number, order_id from raw.unreadable_rows order by 1") == [
        *((1, "O1"), (2, "O2"), (3, "O3"), (4, None))
    ]
