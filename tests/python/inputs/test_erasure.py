"""Who asked to be forgotten is in no file of the warehouse, and the sums are as they were."""

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from conftest import ROOT
from input_folder import CONTRACT, Loaded, load, write

from retail_analytics.inputs.load import load_inputs

REQUESTS = "customer_id,requested_on\nKUND-00002,2024-05-01\nKUND-00001,2024-03-01\n"
CUSTOMERS = (
    "customer_id,signed_up_on,customer_name,email,region,marketing_consent,phone\n"
    "KUND-00001,2024-01-01,Ada Lovelace,ada@example.com,North,true,555-1\n"
    "KUND-00002,2024-01-02,Bo Diddley,bo@example.com,South,,555-2\n"
    "KUND-00003,2024-01-03,Cy Twombly,cy@example.com,South,true,555-3\n"
)
ORDERS = (
    "order_id,ordered_at,customer_id,order_total\n"
    "O1,2024-02-01,KUND-00001,10\nO2,2024-02-02, KUND-00003 ,20\nO3,2024-02-03,,30\n"
    'O4,2024-02-04, KUND-00002 ,40\nO5,2024-02-05,"=""KUND-00001""",50\n'
)
TICKETS = (
    "ticket_id,opened_at,customer_id,message\n"
    "T1,2024-02-01,KUND-00001,I am Ada\n"
    "T2,2024-02-02,KUND-00003,Write to ADA@example.com or ask Bo Diddley (KUND-00002)\n"
)
FILES = {
    "erasure_requests.csv": REQUESTS,
    "customers.csv": CUSTOMERS,
    "orders.csv": ORDERS,
    "support_tickets.csv": TICKETS,
}
FORGOTTEN = ["KUND-00001", "KUND-00002", "Ada Lovelace", "ada@example.com", "Bo Diddley", "555-1"]


def found_in(con: duckdb.DuckDBPyConnection, words: list[str], schema: str = "%") -> set[str]:
    """Every table and column in which one of the words stands, in any part and case.

    Bytes alone prove nothing: DuckDB compresses text.
    """
    con.execute("create or replace temp table words as select lower(unnest(?)) as word", [words])
    columns = con.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal "
        "and schema_name like ? and table_name <> 'words'",
        [schema],
    ).fetchall()
    return {
        f"{schema}.{table}.{column}"
        for schema, table, column in columns
        if con.execute(
            f'select count(*) from {schema}."{table}", words '
            f'where contains(lower(cast("{column}" as varchar)), word)'
        ).fetchall()[0][0]
    }


def parquet(text: str) -> pa.Table:
    header, *rows = [line.split(",") for line in text.strip().split("\n")]
    rows = [[cell.strip() or None for cell in row] for row in rows]
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(header)})


@pytest.fixture(params=["csv", "parquet"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Loaded:
    if request.param == "csv":
        return load(tmp_path, FILES)
    tables = FILES | {"orders.csv": ORDERS.replace('"=""KUND-00001"""', "KUND-00001")}
    return load(
        tmp_path,
        {name.replace("csv", "parquet"): parquet(text) for name, text in tables.items()},
    )


def test_nothing_of_theirs_is_stored(loaded: Loaded) -> None:
    assert found_in(loaded.con, FORGOTTEN) == set()
    assert found_in(loaded.con, ["KUND-00003", "Cy Twombly", "555-3"]) >= {
        "raw.customers.customer_id",
        "raw.customers.customer_name",
        "raw.customers.extra_columns",
    }
    views = loaded.query("select sql from duckdb_views() where not internal")
    assert not any(word in str(views) for word in FORGOTTEN)
    assert loaded.query("select count(*) from duckdb_tables() where table_name = 'erased'") == [
        (0,)
    ]


def test_each_has_one_pseudonym_and_rows_keep_their_order_and_amounts(loaded: Loaded) -> None:
    assert loaded.query(
        "select order_id, customer_id, order_total from raw.orders order by row_number"
    ) == [
        ("O1", "erased-000001", "10"),
        ("O2", "KUND-00003", "20"),
        ("O3", None, "30"),
        ("O4", "erased-000002", "40"),
        ("O5", "erased-000001", "50"),
    ]
    assert loaded.query("select row_number, customer_id from raw.erasure_requests") == [
        (1, "erased-000002"),
        (2, "erased-000001"),
    ]


def test_they_are_never_written_to_and_texts_of_others_do_not_name_them(loaded: Loaded) -> None:
    assert loaded.query(
        "select customer_id, customer_name, email, region, marketing_consent from raw.customers "
        "order by row_number"
    ) == [
        ("erased-000001", None, None, "North", "false"),
        ("erased-000002", None, None, "South", "false"),
        ("KUND-00003", "Cy Twombly", "cy@example.com", "South", "true"),
    ]
    assert loaded.query("select message from raw.support_tickets order by row_number") == [
        (None,),
        ("Write to (erased) or ask (erased) ((erased))",),
    ]


def test_a_line_that_cannot_be_read_does_not_tell_either(tmp_path: Path) -> None:
    broken = ORDERS + "O6,2024-02-06,KUND-00002,60,70,80\nO7,2024-02-07,KUND-00003,1,2,3\n"
    loaded = load(tmp_path, FILES | {"orders.csv": broken})
    lines = loaded.query("select line_text from raw.unreadable_rows order by row_number")
    assert lines == [("(erased)",), ("O7,2024-02-07,KUND-00003,1,2,3",)]
    assert found_in(loaded.con, FORGOTTEN) == set()


def test_a_request_is_met_whatever_its_day(tmp_path: Path) -> None:
    requests = "customer_id,requested_on\n KUND-00001 ,soon\nKUND-00001,2024-01-01\n,2024-01-01\n"
    loaded = load(tmp_path, FILES | {"erasure_requests.csv": requests})
    assert found_in(loaded.con, ["KUND-00001", "Ada Lovelace"]) == set()
    assert found_in(loaded.con, ["KUND-00002"]) != set()


def test_without_a_request_everything_is_as_before(tmp_path: Path) -> None:
    loaded = load(tmp_path, {**FILES, "erasure_requests.csv": "customer_id,requested_on\n"})
    assert loaded.query("select count(*) from raw.customers where customer_name is null") == [(0,)]
    assert loaded.query("select count(*) from duckdb_views() where view_name = 'orders'") == [(1,)]


def test_the_file_of_the_sample_holds_no_trace_and_the_same_sums(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "seeds" / "sample", data)
    with duckdb.connect() as con:
        people = con.execute(
            f"select customer_id, email from '{data}/customers.csv' "
            "where email is not null order by customer_id limit 25"
        ).fetchall()
    ids = "".join(f"{customer},2024-12-31\n" for customer, _ in people)
    write(data, {"erasure_requests.csv": f"customer_id,requested_on\n{ids}"})
    path = tmp_path / "build.duckdb"
    sums = []
    for folder in (ROOT / "seeds" / "sample", data):
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as con:
            con.execute("set TimeZone = 'UTC'")
            load_inputs(con, folder=folder, contract=CONTRACT)
            sums.append(
                con.execute(
                    "select count(*), sum(try_cast(order_total as double)), "
                    "count(distinct customer_id) from raw.orders"
                ).fetchall()
            )
            forgotten = [word for person in people for word in person]
            traces = found_in(con, forgotten, "raw")
            con.execute("checkpoint")
        content = b"".join(file.read_bytes() for file in tmp_path.glob("build.duckdb*")).lower()
        # the control: the file of those who were not erased shows them
        assert bool(traces) == (folder != data)
    assert sums[0] == sums[1]
    assert [word for word in forgotten if word.lower().encode() in content] == []


def test_a_word_for_nothing_is_nobody_who_asked(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        {
            "erasure_requests.csv": "customer_id,requested_on\nNULL,2024-03-01\n ,2024-03-01\n",
            "orders.csv": "order_id,ordered_at,customer_id\nO1,2024-02-01,NULL\nO2,2024-02-02,C1\n",
        },
    )
    assert loaded.orders("customer_id") == [("NULL",), ("C1",)]
