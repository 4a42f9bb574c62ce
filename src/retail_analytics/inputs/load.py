"""Reads a folder of input files into the schema `raw` of the build file, as text and nothing more.

Casting and rejecting are the staging models' work. This module only answers: is every file there
readable, and does it hold the columns that its table must have? If not, it says so in one message
that names the file and the column, before any model has run.
"""

import json
import re
from pathlib import Path

import duckdb

from retail_analytics.inputs.csv_text import (
    SPACES,
    CsvText,
    FileFault,
    longest_record,
    name_at,
    odd_line_end,
)
from retail_analytics.inputs.files import (
    Contract,
    InputColumn,
    InputError,
    InputFile,
    describe,
    find_files,
    name_unused,
    naming,
)
from retail_analytics.storage.sql import identifier, literal

__all__ = ["Contract", "InputColumn", "InputError", "load_inputs", "parse_contract"]

# DuckDB types in which a column of a contract type stays as it is; any other becomes text
NUMBER = r"DECIMAL\(\d+,\d+\)|DOUBLE|FLOAT|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)"
DAY_OR_TIME = r"DATE|TIMESTAMP(_\w+)?"
TIME_IN_ZONE = r"TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ(_\w+)?"
NATIVE_TYPES = {
    "date": DAY_OR_TIME,
    "timestamp": DAY_OR_TIME,
    "decimal": NUMBER,
    "count": NUMBER,
    "boolean": "BOOLEAN",
}


def parse_contract(text: str) -> Contract:
    """The input contract from JSON `{table: {column: {type, is_required}}}`, order kept."""
    return {
        table: [
            InputColumn(name, meta["type"], meta["is_required"]) for name, meta in columns.items()
        ]
        for table, columns in json.loads(text).items()
    }


def load_inputs(
    con: duckdb.DuckDBPyConnection,
    *,
    folder: Path,
    contract: Contract,
    facts: dict[str, dict] | None = None,
) -> list[str]:
    """Fills the schema `raw` from the folder's files, all of them or (on an error) none.

    CSV becomes a table of text, Parquet a view. Every input table gets a relation with the columns
    `row_number` (bigint, 1 for the first row), the contract's and `extra_columns` (JSON of columns
    that the contract does not know, so that no two different rows look alike). `raw.input_files`
    says what was found, `raw.unreadable_rows` holds lines of a CSV that have no fixed shape, and
    `raw.input_events` the first and last event of each table.

    `facts` of a table: `contract`, kept in `raw.input_contracts` for macros that dbt does not show
    its graph (those of unit tests), and `event_queries`, of which the first with an answer counts.

    Returns notes for the user: files and columns that were not used. Raises InputError.
    """
    paths, notes = find_files(folder, contract)
    files = {table: describe(con, path, table, contract[table]) for table, path in paths.items()}
    con.execute("begin")
    try:
        con.execute("drop schema if exists raw cascade")
        con.execute("create schema raw")
        con.execute(
            "create table raw.input_files (input_table varchar, is_provided boolean, "
            "source_file varchar, rows_read bigint)"
        )
        con.execute(
            "create table raw.unreadable_rows "
            "(input_table varchar, row_number bigint, line_text varchar, fault varchar)"
        )
        for table, columns in contract.items():
            if table in files:
                create_relation(con, files[table], columns)
            else:
                create_empty(con, table, columns)
        note_facts(con, contract, facts or {})
        con.execute("commit")
    except Exception:
        con.execute("rollback")
        raise
    for table, file in files.items():
        unused = name_unused(file, contract[table])
        if unused:
            notes.append(f"{file.path.name}: columns not used: {', '.join(unused)}")
    return notes


def create_relation(
    con: duckdb.DuckDBPyConnection, file: InputFile, columns: list[InputColumn]
) -> None:
    """Makes `raw.<table>` from the file, and its row in `raw.input_files`."""
    names = file.names()
    expressions = []
    for column in columns:
        value = "cast(null as varchar)"
        if column.name in names:
            position = names.index(column.name)
            value = as_read(file.scan_columns[position], column.type, file.types[position])
        expressions.append(f"{value} as {identifier(column.name)}")
    known = {column.name for column in columns}
    extra = ", ".join(
        f"{literal(file.columns[i])}, cast({identifier(file.scan_columns[i])} as varchar)"
        for i, name in enumerate(names)
        if name not in known
    )
    expressions.append(f"cast({f'json_object({extra})' if extra else 'null'} as varchar)")
    select = f"{', '.join(expressions)} as extra_columns from {file.scan}"
    target = f"raw.{identifier(file.table)}"
    with naming(file.path):
        if file.csv is None:
            con.execute(
                f"create view {target} as select file_row_number + 1 as row_number, {select}"
            )
        else:
            load_csv(con, file, file.csv, select=f"select {select}")
    con.execute(
        f"insert into raw.input_files select ?, true, ?, count(*) + (select count(*) "
        f"from raw.unreadable_rows where input_table = ?) from {target}",
        [file.table, file.path.name, file.table],
    )


def load_csv(
    con: duckdb.DuckDBPyConnection, file: InputFile, text: CsvText, *, select: str
) -> None:
    """Reads a CSV file into a table, with a view on it that numbers the rows."""
    stored = f"raw.{identifier(file.table + '_file')}"
    con.execute("drop table if exists reject_errors")
    con.execute("drop table if exists reject_scans")
    try:
        con.execute(f"create table {stored} as {select}")
    except duckdb.Error as error:
        odd_line = odd_line_end(file.path)
        if odd_line is None:
            raise
        raise FileFault(
            f"line {odd_line} does not end as line 1 does; make all line ends alike, LF or CRLF"
        ) from error
    con.execute(
        f"create view raw.{identifier(file.table)} as "
        f"select rowid + 1 as row_number, * from {stored}"
    )
    # a quotation mark that swallows the lines after it would hide rows: that is no single bad row
    unclosed = con.execute(
        "select line, column_idx from reject_errors where error_type = 'UNQUOTED VALUE' "
        "and contains(trim(csv_line, chr(10)), chr(10)) order by line limit 1"
    ).fetchall()
    for line, position in unclosed:
        raise FileFault(
            f"line {line}, column {name_at(file.columns, position - 1)}: a quotation mark is "
            f"opened and not closed properly"
        )
    con.execute(
        f"""
        insert into raw.unreadable_rows
        select
            ?,
            (select count(*) from {stored}) + row_number() over (order by line_byte_position),
            trim(any_value(csv_line), chr(10) || chr(13)),
            any_value(error_message)
        from reject_errors
        group by line_byte_position
        """,
        [file.table],
    )
    rows_read = con.execute(
        f"select (select count(*) from {stored}) + count(*) from raw.unreadable_rows "
        f"where input_table = ?",
        [file.table],
    ).fetchall()[0][0]
    # in a file of one column a blank line is a row
    too_many = rows_read > text.record_count and len(text.columns) > 1
    if too_many or rows_read < text.record_count:
        raise FileFault(
            f"rows cannot be told apart: look at line {longest_record(file.path, text.delimiter)}, "
            f"is a quotation mark not closed there, or the line very long?"
        )


def create_empty(con: duckdb.DuckDBPyConnection, table: str, columns: list[InputColumn]) -> None:
    """An input table that is not there: the same columns, no rows."""
    select = ", ".join(f"cast(null as varchar) as {identifier(column.name)}" for column in columns)
    con.execute(
        f"create view raw.{identifier(table)} as select cast(null as bigint) as row_number, "
        f"{select}, cast(null as varchar) as extra_columns where false"
    )
    con.execute("insert into raw.input_files values (?, false, null, 0)", [table])


def note_facts(con: duckdb.DuckDBPyConnection, contract: Contract, facts: dict[str, dict]) -> None:
    """Makes `raw.input_contracts` and `raw.input_events`, with a row per input table each."""
    con.execute("create table raw.input_contracts (input_table varchar, contract varchar)")
    con.execute(
        "create table raw.input_events "
        "(input_table varchar, first_event_at timestamp, last_event_at timestamp)"
    )
    for table in contract:
        known = facts.get(table, {})
        text = json.dumps(known.get("contract"))
        con.execute("insert into raw.input_contracts values (?, ?)", [table, text])
        events = (None, None)
        for query in known.get("event_queries", []):
            (events,) = con.execute(query).fetchall()
            if events[1] is not None:
                break
        con.execute("insert into raw.input_events values (?, ?, ?)", [table, *events])


def as_read(name: str, contract_type: str, source_type: str) -> str:
    """SQL for a value as staging reads it: native where the type fits, else trimmed text."""
    value = identifier(name)
    if contract_type in ("date", "timestamp") and re.fullmatch(TIME_IN_ZONE, source_type):
        # a time so far off that it has no UTC is none
        return f"try({value} at time zone 'UTC')"
    if re.fullmatch(NATIVE_TYPES.get(contract_type, ""), source_type):
        return value
    text = as_text(value, source_type)
    # most values have nothing to trim, and looking at both ends is cheaper than trimming
    return (
        f"case when {text}[1] between '!' and '~' and {text}[-1] between '!' and '~' then {text} "
        f"else nullif(trim({text}, {literal(SPACES)}), '') end"
    )


def as_text(value: str, source_type: str) -> str:
    """SQL for a value as text; an id that was stored as the number 17850.0 is `17850`."""
    text = f"cast({value} as varchar)"
    if source_type == "BLOB":
        return f"coalesce(try(decode({value})), {text})"
    if re.fullmatch(r"DOUBLE|FLOAT|DECIMAL\(\d+,[1-9]\d*\)", source_type):
        return (
            f"case when abs({value}) < 1e15 and {value} = trunc({value}) "
            f"then cast(try_cast({value} as bigint) as varchar) else nullif({text}, 'nan') end"
        )
    return text
