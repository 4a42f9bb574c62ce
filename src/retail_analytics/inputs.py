"""Reads a folder of input files into the schema `raw` of the build file, as text and nothing more.

Casting, trimming to meaning and rejecting are the staging models' work. This module only answers:
is every file there readable, and does it hold the columns that its table must have? If not, it says
so in one message that names the file and the column, before any model has run.
"""

import codecs
import csv
import difflib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

FORMATS = (".csv", ".parquet")
# not input tables, but written beside them by `retail sample`
IGNORED_PREFIX = "truth_"
DELIMITERS = ",;\t|"
# DuckDB types that a column of this contract type may keep; any other becomes text
NATIVE_TYPES = {
    "date": ("DATE", "TIMESTAMP"),
    "timestamp": ("DATE", "TIMESTAMP"),
    "decimal": ("DECIMAL", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "U"),
    "count": ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT"),
    "boolean": ("BOOLEAN",),
}


class InputError(ValueError):
    """Something is wrong with the user's files; the message is meant for the user as it stands."""


@dataclass(frozen=True)
class InputColumn:
    """A column of an input table: its name, contract type and whether every row must have it."""

    name: str
    type: str
    is_required: bool


Contract = dict[str, list[InputColumn]]


@dataclass
class InputFile:
    """A file found for an input table, with its own column names in the order of the file."""

    table: str
    path: Path
    columns: list[str]
    types: list[str] = field(default_factory=list)
    delimiter: str = ""

    def position(self, column: str) -> int | None:
        """Where the contract's column stands in the file; None where it is absent."""
        names = [normalised(name) for name in self.columns]
        return names.index(column) if column in names else None


def parse_contract(text: str) -> Contract:
    """The input contract from JSON `{table: {column: {type, is_required}}}`, order kept."""
    return {
        table: [InputColumn(name, meta["type"], meta["is_required"]) for name, meta in columns.items()]
        for table, columns in json.loads(text).items()
    }


def load_inputs(con: duckdb.DuckDBPyConnection, *, folder: Path, contract: Contract) -> list[str]:
    """Fills the schema `raw` from the folder's files, all of them or (on an error) none.

    CSV becomes a table of text, Parquet a view. Every input table gets a relation with the columns
    `row_number` (bigint, 1 for the first row), the contract's and `extra_columns` (JSON of columns
    that the contract does not know, so that no two different rows look alike). `raw.input_files`
    says what was found, `raw.unreadable_rows` holds lines of a CSV that have no fixed shape.

    Returns notes for the user: files and columns that were not used. Raises InputError.
    """
    files, notes = find_files(folder, contract)
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
                file = describe(con, files[table], table)
                notes += check_columns(file, columns)
                create_relation(con, file, columns)
            else:
                create_empty(con, table, columns)
        con.execute("commit")
    except duckdb.Error:
        con.execute("rollback")
        raise
    except InputError:
        con.execute("rollback")
        raise
    return notes


def find_files(folder: Path, contract: Contract) -> tuple[dict[str, Path], list[str]]:
    """The file of each input table in the folder, and notes on files that look misnamed."""
    if not folder.exists():
        raise InputError(f"{folder}: this folder does not exist")
    if not folder.is_dir():
        raise InputError(f"{folder}: this is a file; DATA must name a folder of CSV or Parquet files")
    files: dict[str, Path] = {}
    notes: list[str] = []
    for path in sorted(folder.iterdir()):
        table, suffix = path.stem.strip().lower(), path.suffix.lower()
        if table not in contract:
            near = difflib.get_close_matches(table, contract, n=1, cutoff=0.8)
            if suffix in FORMATS and near and not table.startswith(IGNORED_PREFIX):
                notes.append(f"{path.name}: not an input table; did you mean {near[0]}{suffix}?")
            continue
        if suffix not in FORMATS:
            raise InputError(f"{path.name}: only .csv and .parquet files can be read")
        if table in files:
            raise InputError(f"{table}: there are two files, {files[table].name} and {path.name}")
        if not path.is_file():
            raise InputError(f"{path.name}: this is not a file")
        files[table] = path
    if not files:
        raise InputError(
            f"{folder}: no input table in this folder; expected one CSV or Parquet file each, "
            f"named {', '.join(contract)}"
        )
    return files, notes


def normalised(name: str) -> str:
    """A column name as it is compared: without spaces around it, in lower case."""
    return name.strip().lower()


def describe(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> InputFile:
    """The columns of a file, after checking that it can be read at all."""
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{path.name}: the file is empty; it needs at least a header line")
        if path.suffix.lower() == ".parquet":
            return describe_parquet(con, path, table)
        return describe_csv(path, table)
    except OSError as error:
        raise InputError(f"{path.name}: cannot be opened ({error.strerror})") from error


def describe_parquet(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> InputFile:
    try:
        rows = con.execute(f"describe select * from {parquet_scan(path)}").fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path.name}: cannot be read as Parquet ({reason})") from error
    # file_row_number is DuckDB's own column, always the last
    return InputFile(table, path, [row[0] for row in rows[:-1]], [row[1] for row in rows[:-1]])


def describe_csv(path: Path, table: str) -> InputFile:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise InputError(f"{path.name}: the text is UTF-16; save it as UTF-8")
    fault = find_bad_byte(path)
    header = read_header(path)
    if fault is None:
        return InputFile(table, path, header.columns, delimiter=header.delimiter)
    if fault.byte == 0:
        raise InputError(f"{path.name}: this is not a CSV file (it holds binary data)")
    column = header.column_at(fault.line_start)
    raise InputError(
        f"{path.name}: line {fault.line}, column {column}: the byte 0x{fault.byte:02X} is not UTF-8 "
        f"text; save the file as UTF-8, or convert it: "
        f"iconv -f WINDOWS-1252 -t UTF-8 {path.name}"
    )


@dataclass(frozen=True)
class BadByte:
    """The first byte of a file that is not text: its line (from 1) and what stands before it."""

    line: int
    line_start: bytes
    byte: int


def find_bad_byte(path: Path, chunk_bytes: int = 1 << 20) -> BadByte | None:
    """The first byte that is NUL or not UTF-8, or None; one pass, a chunk at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, tail = 1, b""
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(chunk_bytes)
            pending = decoder.getstate()[0]
            fault = chunk.find(b"\0")
            try:
                decoder.decode(chunk[:fault] if fault >= 0 else chunk, final=not chunk)
            except UnicodeDecodeError as error:
                # the decoder counts from the first byte it had kept back from the chunk before
                fault = max(error.start - len(pending), 0)
            if fault >= 0:
                before = tail + chunk[:fault]
                line += chunk[:fault].count(b"\n")
                byte = chunk[fault] if fault < len(chunk) else pending[0]
                return BadByte(line, before[before.rfind(b"\n") + 1 :], byte)
            if not chunk:
                return None
            line += chunk.count(b"\n")
            tail = (tail + chunk)[-chunk_bytes:]


@dataclass(frozen=True)
class Header:
    """The first record of a CSV file."""

    columns: list[str]
    delimiter: str

    def column_at(self, line_start: bytes) -> str:
        """The name of the column that a line has reached after these bytes."""
        text = line_start.decode("utf-8", errors="replace")
        fields = next(csv.reader([text], delimiter=self.delimiter), [""])
        position = max(len(fields) - 1, 0)
        return self.columns[position] if position < len(self.columns) else f"number {position + 1}"


def read_header(path: Path) -> Header:
    """Column names and delimiter of a CSV file: the delimiter that gives the most columns."""
    with path.open("rb") as stream:
        text = stream.read(1 << 20).decode("utf-8-sig", errors="replace")
    best = Header([], ",")
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            columns = next(reader, [])
        except csv.Error as error:
            raise InputError(f"{path.name}: the header line cannot be read ({error})") from error
        if len(columns) > len(best.columns):
            best = Header(columns, delimiter)
    return best


def check_columns(file: InputFile, columns: list[InputColumn]) -> list[str]:
    """Raises InputError for a column that is missing or there twice; notes the unknown ones."""
    names = [normalised(name) for name in file.columns]
    known = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{file.path.name}: the column {name!r} is there more than once")
    missing = [column.name for column in columns if column.is_required and column.name not in names]
    if missing:
        raise InputError(
            f"{file.path.name}: the required column {missing[0]!r} is missing "
            f"(columns found: {', '.join(names)})"
        )
    notes = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, set(known) - set(names), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            notes.append(f"{file.path.name}: the column {name!r} is not used{hint}")
    return notes


def create_relation(
    con: duckdb.DuckDBPyConnection, file: InputFile, columns: list[InputColumn]
) -> None:
    """Makes `raw.<table>` from the file, and its row in `raw.input_files`."""
    known = {column.name for column in columns}
    extra = [i for i, name in enumerate(file.columns) if normalised(name) not in known]
    is_parquet = bool(file.types)
    source_names = file.columns if is_parquet else [f"c{i}" for i in range(len(file.columns))]
    expressions = []
    for column in columns:
        position = file.position(column.name)
        if position is None:
            value = "cast(null as varchar)"
        else:
            value = expression(
                identifier(source_names[position]),
                column.type,
                file.types[position] if is_parquet else "VARCHAR",
            )
        expressions.append(f"{value} as {identifier(column.name)}")
    fields = ", ".join(f"{literal(file.columns[i])}: {identifier(source_names[i])}" for i in extra)
    expressions.append(
        f"cast(to_json({{{fields}}}) as varchar) as extra_columns"
        if extra
        else "cast(null as varchar) as extra_columns"
    )
    select = ", ".join(expressions)
    target = f"raw.{identifier(file.table)}"
    if is_parquet:
        con.execute(
            f"create view {target} as "
            f"select file_row_number + 1 as row_number, {select} from {parquet_scan(file.path)}"
        )
    else:
        load_csv(con, file, f"select {select} from {csv_scan(file)}")
    con.execute(
        f"insert into raw.input_files select ?, true, ?, count(*) + (select count(*) "
        f"from raw.unreadable_rows where input_table = ?) from {target}",
        [file.table, file.path.name, file.table],
    )


def load_csv(con: duckdb.DuckDBPyConnection, file: InputFile, select: str) -> None:
    """Reads a CSV file into a table, with a view on it that numbers the rows."""
    stored = f"raw.{identifier(file.table + '_file')}"
    con.execute("drop table if exists reject_errors")
    con.execute("drop table if exists reject_scans")
    try:
        con.execute(f"create table {stored} as {select}")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        if has_mixed_line_ends(file.path):
            reason = "some lines end in CRLF and some in LF; make them all alike"
        raise InputError(f"{file.path.name}: cannot be read as CSV ({reason})") from error
    con.execute(
        f"create view raw.{identifier(file.table)} as "
        f"select rowid + 1 as row_number, * from {stored}"
    )
    # a quotation mark that swallows the lines after it would hide rows: that is no single bad row
    unclosed = con.execute(
        "select min(line) from reject_errors "
        "where error_type = 'UNQUOTED VALUE' and contains(trim(csv_line, chr(10)), chr(10))"
    ).fetchall()[0][0]
    if unclosed is not None:
        raise InputError(
            f"{file.path.name}: line {unclosed}: a quotation mark is opened and not closed properly"
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


def has_mixed_line_ends(path: Path) -> bool:
    """Whether some lines end in CRLF and others in LF alone."""
    with path.open("rb") as stream:
        ends = {line.endswith(b"\r\n") for line in stream}
    return len(ends) > 1


def create_empty(
    con: duckdb.DuckDBPyConnection, table: str, columns: list[InputColumn]
) -> None:
    """An input table that is not there: the same columns, no rows."""
    select = ", ".join(f"cast(null as varchar) as {identifier(column.name)}" for column in columns)
    con.execute(
        f"create view raw.{identifier(table)} as select cast(null as bigint) as row_number, "
        f"{select}, cast(null as varchar) as extra_columns where false"
    )
    con.execute("insert into raw.input_files values (?, false, null, 0)", [table])


def expression(name: str, contract_type: str, source_type: str) -> str:
    """SQL for a value as staging reads it: native where the type fits, else trimmed text."""
    if contract_type in NATIVE_TYPES and source_type.startswith(NATIVE_TYPES[contract_type]):
        return f"{name} at time zone 'UTC'" if "TIME ZONE" in source_type else name
    return f"nullif(trim(cast({name} as varchar), {WHITE_SPACE}), '')"


# trim() alone removes spaces only
WHITE_SPACE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"


def parquet_scan(path: Path) -> str:
    return f"read_parquet({literal(glob_escaped(path))}, file_row_number = true)"


def csv_scan(file: InputFile) -> str:
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(file.columns)))
    return (
        f"read_csv({literal(glob_escaped(file.path))}, delim = {literal(file.delimiter)}, "
        f"quote = '\"', escape = '\"', header = true, auto_detect = false, "
        f"store_rejects = true, columns = {{{columns}}})"
    )


def glob_escaped(path: Path) -> str:
    """An absolute path in which DuckDB takes no character for a wild card."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path.resolve()))


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'

