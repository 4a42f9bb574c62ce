"""Folders of input files, written and loaded without dbt."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from retail_analytics.inputs.contract import read_tables
from retail_analytics.inputs.load import ShopSettings, load_inputs, parse_contract

CONTRACT = parse_contract(
    json.dumps(
        {
            table["name"]: {column["name"]: column["config"]["meta"] for column in table["columns"]}
            for table in read_tables()
        }
    )
)
HEADER = "order_id,ordered_at,customer_id\n"
PLAIN = HEADER + "O1,2024-01-01,C1\nO2,2024-01-02,\n"
Content = str | bytes | pa.Table


@dataclass(frozen=True)
class Loaded:
    """A database after load_inputs, and the notes it gave."""

    con: duckdb.DuckDBPyConnection
    notes: list[str]

    def query(self, statement: str) -> list[tuple]:
        return self.con.execute(statement).fetchall()

    def orders(self, columns: str = "order_id, ordered_at, customer_id") -> list[tuple]:
        return self.query(f"select {columns} from raw.orders order by row_number")

    def rows_read(self, table: str = "orders") -> int:
        return self.query(f"select rows_read from raw.input_files where input_table = '{table}'")[
            0
        ][0]


def write(folder: Path, files: dict[str, Content]) -> None:
    for name, content in files.items():
        if isinstance(content, pa.Table):
            pq.write_table(content, folder / name)
        else:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def load(folder: Path, files: dict[str, Content], *, shop: ShopSettings | None = None) -> Loaded:
    """Writes files into a folder and loads it into a new database."""
    write(folder, files)
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    settings = shop or ShopSettings()
    return Loaded(con, load_inputs(con, folder=folder, contract=CONTRACT, settings=settings))
