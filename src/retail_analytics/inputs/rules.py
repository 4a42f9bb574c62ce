"""Rule tables of a user's own: `rules/<name>.csv` in the folder of the input files.

Each takes the place of the project's rule table of that name. It must have the same columns, no
more and no fewer, for a rule that is silently left out would change figures without a word.
"""

import tempfile
from pathlib import Path

import duckdb

from retail_analytics.inputs.csv_text import SPACES, FileFault, inspect_csv
from retail_analytics.inputs.files import InputError, describe_csv, naming
from retail_analytics.storage.sql import identifier, literal

FOLDER = "rules"
# rule table: its columns and their types
RuleTables = dict[str, dict[str, str]]


def find_rules(folder: Path, rules: RuleTables) -> dict[str, Path]:
    """The file of each rule table that the folder replaces; InputError for any other file."""
    if not folder.is_dir():
        return {}
    places = [path for path in folder.iterdir() if path.name.lower() == FOLDER and path.is_dir()]
    files: dict[str, Path] = {}
    for path in sorted(path for place in places for path in place.iterdir()):
        if path.name.startswith("."):
            continue
        name = path.stem.strip().lower()
        if path.suffix.lower() != ".csv" or name not in rules:
            raise InputError(
                f"{FOLDER}/{path.name}: there is no rule table of this name; a file here is a CSV "
                f"named as one of {', '.join(sorted(rules))}"
            )
        if name in files:
            raise InputError(f"{FOLDER}/{path.name}: there are two files of this name; keep one")
        files[name] = path
    return files


def load_rules(con: duckdb.DuckDBPyConnection, *, folder: Path, rules: RuleTables) -> list[str]:
    """Makes `raw.rule_<name>` of every rule table that the folder replaces, with the types given.

    Returns a note for each. Raises InputError, naming the file, for columns that differ from those
    of the rule table, for a value that is not of its column's type and for a file without rows.
    """
    notes = []
    con.execute("create schema if not exists raw")
    for (table,) in con.execute(
        "select table_name from duckdb_tables() "
        "where schema_name = 'raw' and starts_with(table_name, 'rule_')"
    ).fetchall():
        con.execute(f"drop table raw.{identifier(table)}")
    for name, path in find_rules(folder, rules).items():
        row_count = load_rule(con, name, path=path, columns=rules[name])
        notes.append(f"{FOLDER}/{path.name}: {row_count} rows in place of the project's own")
    return notes


def load_rule(
    con: duckdb.DuckDBPyConnection, name: str, *, path: Path, columns: dict[str, str]
) -> int:
    """Makes `raw.rule_<name>`; its number of rows."""
    table = f"raw.{identifier('rule_' + name)}"
    try:
        with naming(path):
            with path.open("rb") as stream:
                if not stream.read(1):
                    raise FileFault("the file is empty; it needs at least the names of its columns")
            with tempfile.TemporaryDirectory() as work:
                text = inspect_csv(path, known=columns, work=Path(work))
            if text.path != path:
                raise FileFault(
                    "begin the file with the names of its columns, and end it with text"
                )
            file = describe_csv(path, name, text)
            check_columns(file.names(), list(columns))
            texts = ", ".join(
                f"nullif(trim({scanned}, {literal(SPACES)}), '') as {identifier(column)}"
                for column, scanned in zip(file.names(), file.scan_columns, strict=True)
            )
            con.execute(
                f"create or replace temp table rule_texts as select {texts} from {file.scan}"
            )
            bad_lines = con.execute("select min(line) from reject_errors").fetchall()[0][0]
            if bad_lines is not None:
                raise FileFault(f"line {bad_lines} has more or fewer fields than line 1")
            for column, data_type in columns.items():
                check_values(con, column, data_type)
            typed = ", ".join(
                f"cast({identifier(column)} as {data_type}) as {identifier(column)}"
                for column, data_type in columns.items()
            )
            con.execute(f"create or replace table {table} as select {typed} from rule_texts")
            row_count = con.execute(f"select count(*) from {table}").fetchall()[0][0]
            if not row_count:
                raise FileFault("there are no rows; remove the file to use the project's own rules")
            return row_count
    except InputError as error:
        raise InputError(f"{FOLDER}/{error}") from error
    finally:
        for leftover in ("rule_texts", "reject_errors", "reject_scans"):
            con.execute(f"drop table if exists {leftover}")


def check_columns(found: list[str], expected: list[str]) -> None:
    """FileFault where a column is missing, unknown or there twice."""
    for column in expected:
        if column not in found:
            raise FileFault(
                f"the column {column!r} is missing (columns needed: {', '.join(expected)})"
            )
    for column in found:
        if column not in expected:
            raise FileFault(
                f"the column {column!r} is in no rule of this name "
                f"(columns needed: {', '.join(expected)})"
            )
        if found.count(column) > 1:
            raise FileFault(f"the column {column!r} is there more than once")


def check_values(con: duckdb.DuckDBPyConnection, column: str, data_type: str) -> None:
    """FileFault for the first value that is not of the column's type."""
    name = identifier(column)
    bad = con.execute(
        f"select rowid + 1, {name} from rule_texts "
        f"where {name} is not null and try_cast({name} as {data_type}) is null "
        f"order by rowid limit 1"
    ).fetchall()
    for row, value in bad:
        raise FileFault(f"row {row}, column {column}: {value!r} is no {data_type}")
