"""The files of a folder that hold input tables: which they are, and whether they can be read.

Everything wrong with a file is found here or in csv_text, before any row is looked at.
"""

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from retail_analytics.inputs.csv_text import SPACES, CsvText, FileFault, inspect_csv
from retail_analytics.storage.sql import glob_escaped, identifier, literal

FORMATS = (".csv", ".parquet")
MESSAGE_CHARACTERS = 600
MOST_DIGITS = 38
# not input tables, but written beside them by `retail sample`
IGNORED_PREFIX = "truth_"
# the names of parts or copies of an input: orders_2024, orders (1), old-orders
PART_OF = r"(.*[^a-z])?{0}([^a-z].*)?"


class InputError(ValueError):
    """Something is wrong with the user's files; the message is meant for the user as it stands."""


@dataclass(frozen=True)
class InputColumn:
    """A column of an input table: its name, contract type and whether every row must have it.

    `is_personal` says that it holds a name, an address or a text of a customer.
    """

    name: str
    type: str
    is_required: bool
    is_personal: bool = False


Contract = dict[str, list[InputColumn]]


@dataclass(frozen=True)
class InputFile:
    """A file of an input table: its columns as named in the file and in DuckDB's scan of it."""

    table: str
    path: Path
    columns: list[str]
    scan_columns: list[str]
    types: list[str]
    scan: str
    row_number: str
    csv: CsvText | None = None

    def names(self) -> list[str]:
        """The column names as they are compared: without spaces around them, in lower case."""
        return [name.strip(SPACES).lower() for name in self.columns]


def find_files(folder: Path, contract: Contract) -> tuple[dict[str, Path], list[str]]:
    """The file of each input table in the folder, and notes on files that look misnamed."""
    if not folder.exists():
        raise InputError(f"{folder}: this folder does not exist")
    if not folder.is_dir():
        raise InputError(
            f"{folder}: this is a file; DATA must name a folder of CSV or Parquet files"
        )
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: this folder cannot be opened ({error.strerror})") from error
    files: dict[str, Path] = {}
    others: list[Path] = []
    for path in paths:
        table = path.stem.strip().lower()
        if table not in contract or path.suffix.lower() not in FORMATS:
            others.append(path)
        elif table in files:
            raise InputError(
                f"{table}: there are two files, {printable(files[table])} and "
                f"{printable(path)}; keep one"
            )
        elif not path.is_file():
            raise InputError(f"{printable(path)}: this is a folder or a broken link, not a file")
        else:
            files[table] = path
    notes = []
    for path in others:
        table = path.name.split(".")[0].strip().lower()
        if table in contract and table not in files:
            raise InputError(
                f"{printable(path)}: only .csv and .parquet files can be read; "
                f"expected {table}.csv or {table}.parquet"
            )
        near = difflib.get_close_matches(table, contract, n=1, cutoff=0.8)
        is_meant = path.suffix.lower() in FORMATS and not table.startswith(IGNORED_PREFIX)
        part_of = [name for name in contract if re.fullmatch(PART_OF.format(name), table)]
        if part_of and is_meant:
            notes.append(
                f"{printable(path)}: not used; an input is one file: put its parts together in "
                f"{max(part_of, key=len)}{path.suffix.lower()}"
            )
        elif near and is_meant:
            notes.append(
                f"{printable(path)}: not used; did you mean {near[0]}{path.suffix.lower()}?"
            )
    if not files:
        raise InputError(
            f"{folder}: no input table in this folder; expected one CSV or Parquet file each, "
            f"named {', '.join(contract)}{''.join(f'; {note}' for note in notes[:3])}"
        )
    return files, notes


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turns what goes wrong with a file into an InputError that begins with the file's name."""
    try:
        yield
    except FileFault as fault:
        raise InputError(shortened(f"{printable(path)}: {fault}")) from fault
    except UnicodeEncodeError as error:
        raise InputError(
            f"{printable(path)}: the name of the file or its folder is not UTF-8; rename it"
        ) from error
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be opened ({error.strerror})") from error
    except duckdb.Error as error:
        raise InputError(f"{printable(path)}: cannot be read ({reason(error)})") from error


def printable(path: Path) -> str:
    """The name of a file for a message, also where it is not UTF-8."""
    return path.name.encode("utf-8", errors="replace").decode()


def shortened(message: str) -> str:
    """A message of at most MESSAGE_CHARACTERS, cut in its middle: a header may have a thousand
    names, and a value be a whole book.
    """
    if len(message) <= MESSAGE_CHARACTERS:
        return message
    end = MESSAGE_CHARACTERS // 4
    return f"{message[: MESSAGE_CHARACTERS - end]} ... {message[-end:]}"


def describe(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: str,
    columns: list[InputColumn],
    *,
    work: Path,
) -> InputFile:
    """The file of an input table, after every check; raises InputError with the file's name.

    `work` is a folder for a copy of the file, where one is needed.
    """
    with naming(path):
        with path.open("rb") as stream:
            if not stream.read(1):
                raise FileFault("the file is empty; it needs at least the names of its columns")
        is_csv = path.suffix.lower() == ".csv"
        if is_csv:
            known = [column.name for column in columns]
            file = describe_csv(path, table, inspect_csv(path, known=known, work=work))
        else:
            file = describe_parquet(con, path, table)
        check_columns(file, columns)
        if not is_csv:
            check_digits(con, file, columns)
            check_values(con, file)
        return file


def describe_csv(path: Path, table: str, text: CsvText) -> InputFile:
    names = [f"c{i}" for i in range(len(text.columns))]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    scan = (
        f"read_csv({literal(glob_escaped(text.path))}, delim = {literal(text.delimiter)}, "
        f"quote = '\"', escape = '\"', header = true, auto_detect = false, "
        f"store_rejects = true, rejects_limit = 0, columns = {{{columns}}})"
    )
    types = ["VARCHAR"] * len(names)
    return InputFile(table, path, text.columns, names, types, scan, "rowid + 1", text)


def describe_parquet(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> InputFile:
    source = literal(glob_escaped(path))
    try:
        rows = con.execute(f"describe select * from read_parquet({source})").fetchall()
        stored = {
            row[0] for row in con.execute(f"select name from parquet_schema({source})").fetchall()
        }
    except duckdb.Error as error:
        raise FileFault(
            f"this is not a whole Parquet file; it is cut off, damaged or of another kind "
            f"({reason(error)})"
        ) from error
    names = [row[0] for row in rows]
    # DuckDB's own column of this name; a file may have one as well
    if "file_row_number" in {name.lower() for name in stored}:
        scan, row_number = f"read_parquet({source})", "row_number() over ()"
    else:
        scan = f"read_parquet({source}, file_row_number = true)"
        row_number = "file_row_number + 1"
    # the second column of one name reaches us as name_1
    columns = [name if name in stored else name.rsplit("_", 1)[0] for name in names]
    return InputFile(table, path, columns, names, [row[1] for row in rows], scan, row_number)


def check_columns(file: InputFile, columns: list[InputColumn]) -> None:
    """Raises FileFault for a column of the contract that is missing or there twice."""
    names = file.names()
    known = {column.name for column in columns}
    unknown = set(names) - known
    if not known & set(names) and not near_names(known, unknown):
        needed = ", ".join(column.name for column in columns if column.is_required)
        raise FileFault(
            f"the first line names no column of this input; it must name {needed} "
            f"(found: {first_of([name[:60] for name in names])})"
        )
    for column in columns:
        if names.count(column.name) > 1:
            raise FileFault(f"the column {column.name!r} is there more than once")
        if column.is_required and column.name not in names:
            near = difflib.get_close_matches(column.name, sorted(unknown), n=1)
            hint = f"; is it {near[0]!r}?" if near else ""
            raise FileFault(
                f"the required column {column.name!r} is missing{hint} "
                f"(columns found: {first_of(names)})"
            )


def near_names(known: set[str], unknown: set[str]) -> bool:
    """Whether a column has nearly a name of the contract."""
    return any(difflib.get_close_matches(name, sorted(unknown), n=1) for name in known)


def first_of(names: list[str], *, most: int = 30) -> str:
    """Names in a row; of very many the first ones, and how many more there are."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def name_unused(file: InputFile, columns: list[InputColumn]) -> list[str]:
    """The columns that the contract does not know, with what each may have been meant to be."""
    names = file.names()
    absent = {column.name for column in columns} - set(names)
    unused = []
    for position, name in enumerate(names, start=1):
        if any(column.name == name for column in columns):
            continue
        near = difflib.get_close_matches(name, sorted(absent), n=1)
        unused.append(
            (repr(name) if name else f"number {position} (it has no name)")
            + (f" (did you mean {near[0]!r}?)" if near else "")
        )
    return unused


def check_digits(
    con: duckdb.DuckDBPyConnection, file: InputFile, columns: list[InputColumn]
) -> None:
    """Raises FileFault for decimals of more digits than DuckDB reads.

    It gives other numbers for them without a word: 7000 of decimal(40, 0) is 5.04e20.
    """
    wide = con.execute(
        f"select name, precision from parquet_schema({literal(glob_escaped(file.path))}) "
        f"where precision > {MOST_DIGITS}"
    ).fetchall()
    known = {column.name for column in columns}
    for name, precision in wide:
        if name.strip(SPACES).lower() in known:
            raise FileFault(
                f"column {name.strip(SPACES)}: decimals of {precision} digits cannot be read; "
                f"store it with {MOST_DIGITS} digits at most, or as text"
            )


def check_values(con: duckdb.DuckDBPyConnection, file: InputFile) -> None:
    """Reads every value once: damage inside a Parquet file shows only there, and late."""
    try:
        con.execute(f"select bit_xor(hash(columns(*))) from {file.scan}").fetchall()
    except duckdb.Error:
        for column, name in zip(file.columns, file.scan_columns, strict=True):
            try:
                con.execute(f"select bit_xor(hash({identifier(name)})) from {file.scan}").fetchall()
            except duckdb.Error as error:
                raise FileFault(
                    f"column {column.strip(SPACES)}: the file is damaged or its text is not UTF-8 "
                    f"({reason(error)})"
                ) from error
        raise


def reason(error: duckdb.Error) -> str:
    """The first line of an error, without its kind."""
    return str(error).splitlines()[0].partition(": ")[2]
