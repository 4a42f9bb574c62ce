"""Reads a folder of input files into the schema `raw` of the build file, as text and nothing more.

Casting and rejecting are the staging models' work. This module only answers: is every file there
readable, and does it hold the columns that its table must have? If not, it says so in one message
that names the file and the column, before any model has run.
"""

import json
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from retail_analytics.inputs.csv_text import (
    SPACES,
    CsvText,
    FileFault,
    fields_of,
    longest_record,
    name_at,
    numbers_at,
    odd_line_end,
)
from retail_analytics.inputs.erasure import Erasure, read_erasure
from retail_analytics.inputs.files import (
    Contract,
    InputColumn,
    InputError,
    InputFile,
    describe,
    find_files,
    first_of,
    name_unused,
    naming,
    printable,
)
from retail_analytics.inputs.spelling import is_nothing, settle
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


# what a text of an unreadable line may hold at most: a line may be megabytes long
LINE_CHARACTERS = 2000


@dataclass(frozen=True)
class ShopSettings:
    """What the user says of the shop: the time zone of its days, the currency of its amounts.

    `currency_label` is what amounts are called where neither the user nor a file says.
    """

    time_zone: str = "UTC"
    currency: str = ""
    currency_label: str = ""


def parse_contract(text: str) -> Contract:
    """The input contract from JSON `{table: {column: {type, is_required}}}`, order kept."""
    return {
        table: [
            InputColumn(name, meta["type"], meta["is_required"], meta.get("is_personal", False))
            for name, meta in columns.items()
        ]
        for table, columns in json.loads(text).items()
    }


def load_inputs(
    con: duckdb.DuckDBPyConnection,
    *,
    folder: Path,
    contract: Contract,
    facts: dict[str, dict] | None = None,
    settings: ShopSettings = ShopSettings(),
    load_id: str = "",
) -> list[str]:
    """Fills the schema `raw` from the folder's files, all of them or (on an error) none.

    CSV becomes a table of text, Parquet a view. Every input table gets a relation with the columns
    `row_number` (bigint, 1 for the first row), the contract's and `extra_columns` (JSON of columns
    that the contract does not know, so that no two different rows look alike). `raw.input_files`
    says what was found, `raw.unreadable_rows` holds lines of a CSV that have no fixed shape, and
    `raw.input_events` the first and last event of each table.

    `facts` of a table: `contract`, kept in `raw.input_contracts` for macros that dbt does not show
    its graph (those of unit tests), and `event_queries`, of which the first with an answer counts.

    What a reading of the same folder with the same `load_id` left is not read again, only its facts
    are noted: `retail build` reads the files before dbt starts, whose hook comes here as well.

    Returns notes for the user: what was not used, or not read as it stands. Raises InputError.
    """
    if load_id and was_loaded(con, folder, load_id, settings.time_zone):
        con.execute("begin")
        note_facts(con, contract, facts or {})
        # the first reading knows no var of dbt
        con.execute(
            "update raw.settings set currency = coalesce(nullif(currency, ''), ?)",
            [settings.currency_label],
        )
        con.execute("commit")
        return []
    check_time_zone(con, settings.time_zone)
    with tempfile.TemporaryDirectory() as work:
        return load_files(con, folder, contract, facts or {}, settings, load_id, Path(work))


def was_loaded(con: duckdb.DuckDBPyConnection, folder: Path, load_id: str, time_zone: str) -> bool:
    """Whether the schema `raw` holds what this reading of the folder found."""
    try:
        rows = con.execute("select folder, load_id, time_zone from raw.settings").fetchall()
    except duckdb.CatalogException:
        return False
    return rows == [(str(folder.resolve()), load_id, time_zone)]


def check_time_zone(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raises InputError for a name that is no time zone's."""
    # the usual one need not be looked up: DuckDB reads all zones for it
    if name == "UTC":
        return
    known = con.execute("select count(*) from pg_timezone_names() where name = ?", [name])
    if not known.fetchall()[0][0]:
        raise InputError(
            f"SHOP_TIME_ZONE must be the name of a time zone such as Europe/Berlin, not '{name}'"
        )


def load_files(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    contract: Contract,
    facts: dict[str, dict],
    settings: ShopSettings,
    load_id: str,
    work: Path,
) -> list[str]:
    """Does the work of load_inputs; `work` is an empty folder."""
    paths, notes = find_files(folder, contract)
    files = {
        table: describe(con, path, table, contract[table], work=work)
        for table, path in paths.items()
    }
    types = {table: {column.name: column.type for column in contract[table]} for table in files}

    def read_as(file: InputFile, name: str) -> str:
        position = file.names().index(name)
        return as_read(
            file.scan_columns[position],
            types[file.table][name],
            file.types[position],
            time_zone=settings.time_zone,
        )

    erasure = read_erasure(con, files, read_as)
    con.execute("begin")
    try:
        con.execute("drop schema if exists raw cascade")
        con.execute("create schema raw")
        con.execute(
            "create table raw.input_files (input_table varchar, is_provided boolean, "
            "source_file varchar, rows_read bigint, column_names varchar)"
        )
        con.execute(
            "create table raw.unreadable_rows "
            "(input_table varchar, row_number bigint, order_id varchar, line_text varchar, "
            "fault varchar)"
        )
        for table, columns in contract.items():
            if table in files:
                notes += create_relation(con, files[table], columns, settings, erasure)
            else:
                create_empty(con, table, columns)
        currency = one_currency(con, files, contract, settings.currency) or settings.currency_label
        con.execute(
            "create table raw.settings "
            "(time_zone varchar, currency varchar, folder varchar, load_id varchar)"
        )
        con.execute(
            "insert into raw.settings values (?, ?, ?, ?)",
            [settings.time_zone, currency, str(folder.resolve()), load_id],
        )
        note_facts(con, contract, facts)
        con.execute("commit")
    except Exception:
        con.execute("rollback")
        raise
    finally:
        con.execute("drop table if exists temp.erased")
    for table, file in files.items():
        unused = name_unused(file, contract[table])
        if unused:
            notes.append(f"{printable(file.path)}: columns not used: {first_of(unused)}")
    return notes


def create_relation(
    con: duckdb.DuckDBPyConnection,
    file: InputFile,
    columns: list[InputColumn],
    settings: ShopSettings,
    erasure: Erasure | None = None,
) -> list[str]:
    """Makes `raw.<table>` from the file, and its row in `raw.input_files`; notes for the user."""
    names = file.names()
    expressions = []
    for column in columns:
        value = "cast(null as varchar)"
        if column.name in names:
            position = names.index(column.name)
            value = as_read(
                file.scan_columns[position],
                column.type,
                file.types[position],
                time_zone=settings.time_zone,
            )
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
    as_it_stands = f"raw.{identifier(file.table + '_as_read')}"
    provided = [column for column in columns if column.name in names]
    with naming(file.path):
        is_cleaned = erasure is not None and erasure.concerns(file.table, columns)
        if is_cleaned:
            # in the order of the file, with numbers to keep it by
            number = file.row_number if file.csv is None else "row_number() over ()"
            numbered = f"select {number} as row_number, {select}"
            cleaned = erasure.applied(file.table, columns, numbered)
        if file.csv is not None:
            rows = f"select {select}"
            if is_cleaned:
                rows = f"select * exclude (row_number) from ({cleaned})"
            load_csv(con, file, file.csv, select=rows, columns=columns, erasure=erasure)
        elif is_cleaned:
            # a view would hold in its text what is to be forgotten
            con.execute(f"create table {target} as {cleaned}")
        else:
            con.execute(f"create view {target} as select {file.row_number} as row_number, {select}")
        spelling = settle(con, target, provided, time_zone=settings.time_zone)
        spelling.notes.extend(blurred_ids(con, file, provided))
        if spelling.expressions:
            kind = "table" if file.csv is None and is_cleaned else "view"
            con.execute(f"alter {kind} {target} rename to {identifier(file.table + '_as_read')}")
            replaced = ", ".join(
                f"{expression} as {identifier(name)}"
                for name, expression in spelling.expressions.items()
            )
            con.execute(
                f"create view {target} as select * replace ({replaced}) from {as_it_stands}"
            )
    con.execute(
        f"insert into raw.input_files select ?, true, ?, count(*) + (select count(*) "
        f"from raw.unreadable_rows where input_table = ?), ? from {target}",
        [file.table, printable(file.path), file.table, column_names(file)],
    )
    notes = [*(file.csv.notes if file.csv else []), *spelling.notes]
    return [f"{printable(file.path)}: {note}" for note in notes]


def blurred_ids(
    con: duckdb.DuckDBPyConnection, file: InputFile, columns: list[InputColumn]
) -> list[str]:
    """Notes on ids stored as floats with more digits than a float has."""
    notes = []
    for column in columns:
        position = file.names().index(column.name)
        if column.name.endswith("_id") and file.types[position] in ("DOUBLE", "FLOAT"):
            digits = 2**53 if file.types[position] == "DOUBLE" else 2**24
            value = identifier(file.scan_columns[position])
            ((count,),) = con.execute(
                f"select count(*) from {file.scan} where abs({value}) >= {digits} "
                f"and not isnan({value})"
            ).fetchall()
            if count:
                notes.append(
                    f"{column.name}: {count:,} ids are stored as numbers with more digits than "
                    f"such a number holds: different ones may have become one; store ids as text"
                )
    return notes


def column_names(file: InputFile) -> str:
    """The columns of a file in the order of the alphabet, with their types where it has some."""
    kinds = [""] * len(file.types) if file.csv else [f" {kind.lower()}" for kind in file.types]
    return ", ".join(sorted(name + kind for name, kind in zip(file.names(), kinds, strict=True)))


def load_csv(
    con: duckdb.DuckDBPyConnection,
    file: InputFile,
    text: CsvText,
    *,
    select: str,
    columns: list[InputColumn],
    erasure: Erasure | None = None,
) -> None:
    """Reads a CSV file into a table, with a view on it that numbers the rows."""
    stored = f"raw.{identifier(file.table + '_file')}"
    con.execute("drop table if exists reject_errors")
    con.execute("drop table if exists reject_scans")
    try:
        con.execute(f"create table {stored} as {select}")
    except duckdb.Error as error:
        odd_line = odd_line_end(text)
        if odd_line is None:
            raise
        raise FileFault(
            f"line {odd_line} does not end as line {text.first_line} does; "
            f"make all line ends alike, LF or CRLF"
        ) from error
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
    rejected = con.execute(
        f"""
        select
            line_byte_position,
            trim(any_value(csv_line), chr(10) || chr(13))[:{LINE_CHARACTERS}],
            any_value(error_message)[:500]
        from reject_errors
        group by line_byte_position
        """
    ).fetchall()
    rows_read = con.execute(f"select count(*) from {stored}").fetchall()[0][0] + len(rejected)
    # in a file of one column a blank line is a row
    too_many = rows_read > text.record_count and len(text.columns) > 1
    if too_many or rows_read < text.record_count:
        raise FileFault(
            f"rows cannot be told apart: look at line {longest_record(text)}, "
            f"is a quotation mark not closed there, or the line very long?"
        )
    if not rejected and not text.surplus and not repeats_header(con, stored, columns):
        con.execute(
            f"create view raw.{identifier(file.table)} as "
            f"select rowid + 1 as row_number, * from {stored}"
        )
        return
    numbers = numbers_at(text, [position for position, *_ in rejected]) if rejected else {}
    faults = {numbers[position]: (line, fault) for position, line, fault in rejected}
    renumber(con, file, passed_over=sorted(faults))
    for number in set(text.surplus) - set(faults):
        faults[number] = (None, f"more fields than the {len(text.columns)} of the header")
    for number in header_rows(con, file, columns):
        faults[number] = (None, "the names of the columns once more")
    lines = {number for number, (line, _) in faults.items() if line is None}
    for number, (_, _, line) in enumerate(text.records() if lines else []):
        if number in lines:
            faults[number] = (line.strip("\r\n")[:LINE_CHARACTERS], faults[number][1])
    con.execute(f"delete from {stored} where row_number in (select unnest(?))", [sorted(lines)])
    if erasure is not None:
        faults = {
            number: (erasure.cleaned(line), erasure.cleaned(fault))
            for number, (line, fault) in faults.items()
        }
    con.executemany(
        "insert into raw.unreadable_rows values (?, ?, ?, ?, ?)",
        [
            [file.table, number, named_order(file, text, line), line, fault]
            for number, (line, fault) in sorted(faults.items())
        ],
    )


def named_order(file: InputFile, text: CsvText, line: str) -> str | None:
    """The order that a line of another shape names where the order's id stands in the others.

    Of more or fewer fields those at the beginning are mostly in their places; what is no order's
    id there meets no order.
    """
    names = file.names()
    if "order_id" not in names:
        return None
    fields = next(iter(fields_of(line, text.delimiter)), [])
    position = names.index("order_id")
    return fields[position].strip(SPACES) or None if position < len(fields) else None


def renumber(con: duckdb.DuckDBPyConnection, file: InputFile, *, passed_over: list[int]) -> None:
    """Gives the rows of a table the numbers of their records, where some records are no rows."""
    stored = f"raw.{identifier(file.table + '_file')}"
    numbered = f"raw.{identifier(file.table + '_numbered')}"
    con.execute(
        f"""
        create table {numbered} as
        select records.row_number, stored.*
        from (
            select row_number
            from range(1, (select count(*) from {stored}) + len($passed) + 1)
                as all_records (row_number)
            where not list_contains($passed, row_number)
        ) as records
        positional join {stored} as stored
        """,
        {"passed": passed_over},
    )
    con.execute(f"drop table {stored}")
    con.execute(f"alter table {numbered} rename to {identifier(file.table + '_file')}")
    con.execute(f"create view raw.{identifier(file.table)} as select * from {stored}")


def is_header(columns: Iterable[InputColumn]) -> str:
    """SQL for a row that says the names of the required columns once more."""
    return " and ".join(
        f"lower({identifier(column.name)}) = {literal(column.name)}"
        for column in columns
        if column.is_required
    )


def repeats_header(con: duckdb.DuckDBPyConnection, stored: str, columns: list[InputColumn]) -> bool:
    """Whether a row holds the names of the columns: files put together, or pages of a report."""
    return con.execute(f"select bool_or({is_header(columns)}) from {stored}").fetchall()[0][0]


def header_rows(
    con: duckdb.DuckDBPyConnection, file: InputFile, columns: list[InputColumn]
) -> list[int]:
    """The numbers of such rows."""
    found = con.execute(
        f"select row_number from raw.{identifier(file.table)} where {is_header(columns)}"
    ).fetchall()
    return [number for (number,) in found]


def currency_code(value: str) -> str:
    """SQL for the code of a currency; of its signs only those that stand for one alone."""
    return (
        f"case upper(trim({value})) when '€' then 'EUR' when 'EURO' then 'EUR' when '£' then 'GBP' "
        f"else upper(trim({value})) end"
    )


def one_currency(
    con: duckdb.DuckDBPyConnection, files: dict[str, InputFile], contract: Contract, given: str
) -> str:
    """The currency of all amounts: as given, else as the files say; stops where there are two."""
    found: dict[str, str] = {}
    for table, file in files.items():
        if "currency" not in file.names():
            continue
        is_known = any(column.name == "currency" for column in contract[table])
        name = literal(f'$."{file.columns[file.names().index("currency")]}"')
        value = "currency" if is_known else f"extra_columns ->> {name}"
        rows = con.execute(
            f"select {currency_code(value)} as code, count(*) from raw.{identifier(table)} "
            f"where code not in ('', 'NA', '--') and not {is_nothing('code', 'currency', 'text')} "
            f"group by code order by count(*) desc, code"
        ).fetchall()
        if len(rows) > 1:
            said = ", ".join(
                f"{code} in {count:,} row{'s' if count > 1 else ''}" for code, count in rows[:5]
            )
            raise InputError(
                f"{printable(file.path)}: amounts of {len(rows)} currencies would be added up "
                f"({said}); convert them to one, or leave the others out"
            )
        for code, _ in rows:
            found.setdefault(code, printable(file.path))
    codes = [*found, *([given.upper()] if given and given.upper() not in found else [])]
    if len(codes) > 1:
        said = " and ".join(
            f"{code} ({found.get(code, 'the setting CURRENCY')})" for code in codes[:5]
        )
        raise InputError(f"amounts of {len(codes)} currencies would be added up: {said}")
    return given or (codes[0] if codes else "")


def create_empty(con: duckdb.DuckDBPyConnection, table: str, columns: list[InputColumn]) -> None:
    """An input table that is not there: the same columns, no rows."""
    select = ", ".join(f"cast(null as varchar) as {identifier(column.name)}" for column in columns)
    con.execute(
        f"create view raw.{identifier(table)} as select cast(null as bigint) as row_number, "
        f"{select}, cast(null as varchar) as extra_columns where false"
    )
    con.execute("insert into raw.input_files values (?, false, null, 0, null)", [table])


def note_facts(con: duckdb.DuckDBPyConnection, contract: Contract, facts: dict[str, dict]) -> None:
    """Makes `raw.input_contracts` and `raw.input_events`, with a row per input table each."""
    con.execute(
        "create or replace table raw.input_contracts (input_table varchar, contract varchar)"
    )
    con.execute(
        "create or replace table raw.input_events "
        "(input_table varchar, first_event_at timestamp, last_event_at timestamp)"
    )
    read = {
        table
        for (table,) in con.execute(
            "select input_table from raw.input_files where is_provided"
        ).fetchall()
    }
    for table in contract:
        known = facts.get(table, {})
        text = json.dumps(known.get("contract"))
        con.execute("insert into raw.input_contracts values (?, ?)", [table, text])
        events = (None, None)
        # what is not there has no event, which is not worth planning two queries
        for query in known.get("event_queries", []) if table in read else []:
            (events,) = con.execute(query).fetchall()
            if events[1] is not None:
                break
        con.execute("insert into raw.input_events values (?, ?, ?)", [table, *events])


def as_read(name: str, contract_type: str, source_type: str, *, time_zone: str) -> str:
    """SQL for a value as staging reads it: native where the type fits, else trimmed text."""
    value = identifier(name)
    if contract_type in ("date", "timestamp") and re.fullmatch(TIME_IN_ZONE, source_type):
        # a day is one in the shop's zone, a time is stored in UTC; one so far off that it has
        # neither is none
        zone = time_zone if contract_type == "date" else "UTC"
        return f"try({value} at time zone {literal(zone)})"
    if source_type == "FLOAT" and contract_type in ("decimal", "count"):
        # DuckDB counts with single floats as such: 12345.125 would be 12345.1248
        return f"cast(cast({value} as varchar) as double)"
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
        # 18 digits: a float of more is written with an exponent, and is no id any more
        return (
            f"case when abs({value}) < 1e18 and {value} = trunc({value}) "
            f"then cast(try_cast({value} as bigint) as varchar) else nullif({text}, 'nan') end"
        )
    return text
