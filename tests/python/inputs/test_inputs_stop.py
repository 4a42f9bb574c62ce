"""`load_inputs`: what cannot be read stops it with one message, and changes nothing."""

import gzip
import io
import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from input_folder import CONTRACT, HEADER, PLAIN, load, write

from retail_analytics.inputs.load import InputError, ShopSettings, load_inputs

PARQUET = pa.table({"order_id": ["O1"] * 1000, "ordered_at": ["2024-01-01"] * 1000})


def parquet_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def table_of(names: list[str]) -> pa.Table:
    return pa.Table.from_arrays([pa.array(["x"])] * len(names), names)


def latin_1_text() -> pa.Array:
    raw = pa.array([b"M\xfcller"])
    return pa.Array.from_buffers(pa.string(), 1, raw.buffers())


def wide_decimals(count: int) -> pa.Array:
    return pa.array([Decimal(7000)] * count, pa.decimal256(40, 0))


STOPS = {
    "empty folder": (
        {},
        "no input table in this folder; expected one CSV or Parquet file each, named customers, ",
    ),
    "Excel": (
        {"orders.xlsx": "x"},
        "orders.xlsx: only .csv and .parquet files can be read; "
        "expected orders.csv or orders.parquet",
    ),
    "gzip": (
        {"orders.csv.gz": "x", "customers.csv": "customer_id,signed_up_on"},
        "orders.csv.gz: only .csv and .parquet files can be read; ",
    ),
    "Excel named CSV": (
        {"orders.csv": b"PK\3\4\0\0"},
        "orders.csv: this is not a CSV file, it holds binary data: a workbook or a zip archive",
    ),
    "compressed and named CSV": (
        {"orders.csv": gzip.compress(PLAIN.encode())},
        "orders.csv: this is not a CSV file, it holds binary data: it is compressed, unpack it ",
    ),
    "Parquet named CSV": (
        {"orders.csv": b"PAR1\x15\x04"},
        "orders.csv: this is not a CSV file, it holds binary data: a Parquet file, whose name ",
    ),
    "UTF-32": (
        {"orders.csv": HEADER.encode("utf-32")},
        "orders.csv: the text is UTF-32; save it as UTF-8",
    ),
    "two files": (
        {"orders.csv": HEADER, "orders.parquet": PARQUET},
        "orders: there are two files, orders.csv and orders.parquet; keep one",
    ),
    "empty file": (
        {"orders.csv": ""},
        "orders.csv: the file is empty; it needs at least the names of its columns",
    ),
    "empty first line": (
        {"orders.csv": "\n" + HEADER},
        "orders.csv: line 1 is empty; it must hold the column names",
    ),
    "missing column": (
        {"orders.csv": "order_id,order_date\n"},
        "orders.csv: the required column 'ordered_at' is missing; is it 'order_date'? "
        "(columns found: order_id, order_date)",
    ),
    "column twice": (
        {"orders.csv": "order_id,ordered_at,ORDER_ID \n"},
        "orders.csv: the column 'order_id' is there more than once",
    ),
    "Latin-1": (
        {"orders.csv": (PLAIN + "O3,2024-01-01,Müller\n").encode("latin-1")},
        "orders.csv: line 4, column customer_id: the byte 0xFC is not UTF-8; save the file as "
        "UTF-8. In which encoding it is can only be guessed: the value reads 'Müller' as "
        "WINDOWS-1252, ",
    ),
    "Latin-1 after a line end in quotation marks": (
        {"orders.csv": (HEADER + '"a\nb",2024-01-01,Müller\n').encode("latin-1")},
        "orders.csv: line 2, column customer_id: the byte 0xFC is not UTF-8; ",
    ),
    "UTF-16": (
        {"orders.csv": HEADER.encode("utf-16")},
        "orders.csv: the text is UTF-16; save it as UTF-8",
    ),
    "UTF-16 without a mark": (
        {"orders.csv": HEADER.encode("utf-16-le")},
        "orders.csv: the text is UTF-16; save it as UTF-8",
    ),
    "UTF-16 of the other order without a mark": (
        {"orders.csv": HEADER.encode("utf-16-be")},
        "orders.csv: the text is UTF-16; save it as UTF-8",
    ),
    "lines that end in another sign": (
        {"orders.csv": PLAIN.replace("\n", "\u2028")},
        "orders.csv: lines end with a sign that ends none in a CSV file; use LF or CRLF",
    ),
    "whole lines in quotation marks": (
        {"orders.csv": "".join(f'"{line}"\n' for line in PLAIN.splitlines())},
        "orders.csv: line 1 is one single field: separate fields by a comma, a semicolon, a tab "
        "or |, without quotation marks around a whole line",
    ),
    "another separator": (
        {"orders.csv": PLAIN.replace(",", "^")},
        "orders.csv: line 1 is one single field: ",
    ),
    "zero byte": (
        {"orders.csv": HEADER + "O1,2024-01-01,\n" * 99 + "O1,2024\0-01-01,\n"},
        "orders.csv: line 101, column ordered_at: there is a zero byte in the text; remove it",
    ),
    "zero byte at once": (
        {"orders.csv": HEADER + "O1,2024-01-01,C\0001\n"},
        "orders.csv: line 2, column customer_id: there is a zero byte in the text; remove it",
    ),
    "a title above the columns": (
        {"orders.csv": "Orders of 2024\n\n" + PLAIN},
        "orders.csv: the first line names no column of this input; it must name order_id, "
        "ordered_at (found: orders of 2024)",
    ),
    "broken off": (
        {"orders.csv": PLAIN.encode() + b"O3,2024" + b"\0" * 100},
        "orders.csv: the file breaks off within its last line, 100 zero bytes follow; export it "
        "again",
    ),
    "two currencies": (
        {"orders.csv": "order_id,ordered_at,currency\nO1,2024-01-01,EUR\nO2,2024-01-01,usd\n"},
        "orders.csv: amounts of 2 currencies would be added up (EUR in 1 row, USD in 1 row); "
        "convert them to one, or leave the others out",
    ),
    "two currencies in two files": (
        {
            "orders.csv": "order_id,ordered_at,currency\nO1,2024-01-01,EUR\n",
            "products.csv": "product_id,product_name,Currency\nP1,Mug,USD\n",
        },
        "amounts of 2 currencies would be added up: EUR (orders.csv) and USD (products.csv)",
    ),
    "open quotation mark": (
        {"orders.csv": PLAIN + 'O3,2024-01-01,"C1\nO4,2024-01-01,"C2"\n'},
        "orders.csv: line 4, column customer_id: a quotation mark is opened and not closed ",
    ),
    "mixed line ends": (
        {"orders.csv": PLAIN + "O3,2024-01-01,C1\r\n"},
        "orders.csv: line 4 does not end as line 1 does; make all line ends alike, LF or CRLF",
    ),
    "CSV named Parquet": (
        {"orders.parquet": HEADER},
        "orders.parquet: this is not a whole Parquet file; it is cut off, damaged or of another "
        "kind (No magic bytes",
    ),
    "truncated Parquet": (
        {"orders.parquet": parquet_bytes(PARQUET)[:-100]},
        "orders.parquet: this is not a whole Parquet file; it is cut off, ",
    ),
    "Latin-1 in Parquet": (
        {"orders.parquet": pa.table({"order_id": ["O1"], "ordered_at": latin_1_text()})},
        "orders.parquet: column ordered_at: the file is damaged or its text is not UTF-8",
    ),
    "missing column in Parquet": (
        {"orders.parquet": pa.table({"order_id": ["O1"]})},
        "orders.parquet: the required column 'ordered_at' is missing (columns found: order_id)",
    ),
    "decimals too wide for Parquet": (
        {"orders.parquet": PARQUET.append_column("Order_total", wide_decimals(1000))},
        "orders.parquet: column Order_total: decimals of 40 digits cannot be read; store it with "
        "38 digits at most, or as text",
    ),
    "column twice in Parquet": (
        {"orders.parquet": table_of(["order_id", "ordered_at", "Order_Id"])},
        "orders.parquet: the column 'order_id' is there more than once",
    ),
}


@pytest.mark.parametrize(("files", "message"), STOPS.values(), ids=STOPS)
def test_one_message_names_file_and_column(tmp_path, files, message):
    with pytest.raises(InputError) as caught:
        load(tmp_path, files)
    assert message in str(caught.value)


def test_decimals_too_wide_in_a_column_of_no_use_stop_nothing(tmp_path):
    table = PARQUET.append_column("weight", wide_decimals(1000))
    assert load(tmp_path, {"orders.parquet": table}).rows_read() == 1000


def test_a_damaged_page_of_a_parquet_file_is_found_before_any_model_runs(tmp_path):
    ids = [f"order {number * 7919 % 1000}" for number in range(1000)]
    whole = bytearray(parquet_bytes(PARQUET.set_column(0, "order_id", pa.array(ids))))
    whole[1000:1100] = bytes(100)
    with pytest.raises(InputError, match="orders.parquet: column order_id: the file is damaged"):
        load(tmp_path, {"orders.parquet": bytes(whole)})


@pytest.mark.parametrize(
    "bad_row",
    ['O,2024-01-01,"open\n', '"O,2024-01-01,open\n', f"O,2024-01-01,{'x' * 40_000_000}\n"],
    ids=["last column", "first column", "longer than DuckDB's buffer"],
)
def test_rows_that_duckdb_would_lose_without_a_word_stop_the_build(tmp_path, bad_row):
    row = f"O,2024-01-01,{'x' * 2000}\n"
    with pytest.raises(InputError, match="orders.csv: rows cannot be told apart: look at line 12,"):
        load(tmp_path, {"orders.csv": HEADER + row * 10 + bad_row + row * 20_000})


def test_quoted_line_ends_in_a_file_of_many_buffers_are_no_reason_to_stop(tmp_path):
    row = 'O,2024-01-01,"' + "x" * 1000 + "\n" + "y" * 1000 + '"\n'
    assert load(tmp_path, {"orders.csv": HEADER + row * 20_000}).rows_read() == 20_000


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(InputError, match="nowhere: this folder does not exist"):
        load(tmp_path / "nowhere", {})
    (tmp_path / "orders.csv").write_text(HEADER)
    with pytest.raises(InputError, match="orders.csv: this is a file; DATA must name a folder"):
        load(tmp_path / "orders.csv", {})


def test_a_folder_or_a_broken_link_in_place_of_a_file(tmp_path):
    (tmp_path / "orders.csv").symlink_to("gone.csv")
    with pytest.raises(
        InputError, match="orders.csv: this is a folder or a broken link, not a file"
    ):
        load(tmp_path, {})


@pytest.mark.parametrize("name", ["orders.csv", "orders.parquet"])
def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch, name):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    write(tmp_path, {name: HEADER})
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=f"{name}: cannot be opened .Permission denied."):
        load(tmp_path, {})


@pytest.mark.parametrize(
    "bad", ["order_id\n", HEADER + 'O1,2024-01-01,"a\nO2,2024-01-01,"b"\n'], ids=["column", "row"]
)
def test_what_was_loaded_before_stays_when_a_file_is_bad(tmp_path, bad):
    con = duckdb.connect()
    write(tmp_path, {"customers.csv": "customer_id,signed_up_on\nC1,2024-01-01\n"})
    load_inputs(con, folder=tmp_path, contract=CONTRACT)

    write(tmp_path, {"customers.csv": "customer_id,signed_up_on\n", "orders.csv": bad})
    with pytest.raises(InputError):
        load_inputs(con, folder=tmp_path, contract=CONTRACT)

    assert con.execute("select customer_id from raw.customers").fetchall() == [("C1",)]


def test_another_currency_than_the_setting_says(tmp_path):
    text = "order_id,ordered_at,currency\nO1,2024-01-01,EUR\nO2,2024-01-01,\n"
    with pytest.raises(InputError, match="EUR .orders.csv. and USD .the setting CURRENCY."):
        load(tmp_path, {"orders.csv": text}, shop=ShopSettings(currency="USD"))
    loaded = load(tmp_path, {}, shop=ShopSettings(currency="eur", currency_label="GBP"))
    assert loaded.query("select currency from raw.settings") == [("eur",)]
    loaded = load(tmp_path, {}, shop=ShopSettings(currency_label="GBP"))
    assert loaded.query("select currency from raw.settings") == [("EUR",)]


def test_the_advice_on_encodings_names_a_guess_a_guess():
    case = Path(__file__).parents[2] / "fixtures" / "cases" / "shift_jis_advice"
    with pytest.raises(InputError) as caught, duckdb.connect() as con:
        load_inputs(con, folder=case, contract=CONTRACT)
    message = str(caught.value)
    assert "iconv -f WINDOWS-1252" not in message
    assert "can only be guessed" in message
    assert "'ペン' as SHIFT_JIS" in message and "as WINDOWS-1252" in message


def test_a_message_stays_short_however_long_the_header(tmp_path):
    names = ",".join(f"column_{number}" for number in range(2000))
    with pytest.raises(InputError) as caught:
        load(tmp_path, {"orders.csv": names + "\n"})
    assert "the first line names no column of this input" in str(caught.value)
    assert "and 1,970 more" in str(caught.value)
    assert len(str(caught.value)) < 700
    with pytest.raises(InputError) as caught:
        load(tmp_path, {"orders.csv": HEADER + "O1,2024-01-01," + "x" * 5000 + "\0\n"})
    assert len(str(caught.value)) < 700


def test_names_that_are_not_utf_8_are_named_all_the_same(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/daten\xe4"))
    folder.mkdir()
    with pytest.raises(InputError, match="orders.csv: the name of the file or its folder is not"):
        load(folder, {"orders.csv": PLAIN})
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/orders\xe4.csv"))
    odd.write_text("x")
    (note,) = load(
        tmp_path, {"orders.csv": PLAIN, "customers.csv": "customer_id,signed_up_on\n"}
    ).notes
    note.encode()
