"""What the published file says of itself: its tables, columns and comments, and the build."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from retail_analytics.storage.sql import identifier, literal
from retail_analytics.warehouse.mask import MASKED, ensure_masked
from retail_analytics.warehouse.publish import PUBLISHED, PublishError


class CatalogError(ValueError):
    """The published file is missing or cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Column:
    """A column with its DuckDB type and what it means."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Table:
    """A published table; `domain` is the folder of its model, `inputs` what it is made from."""

    schema: str
    name: str
    domain: str
    row_count: int
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    inputs: tuple[str, ...] = ()

    @property
    def sql_name(self) -> str:
        return f"{identifier(self.schema)}.{identifier(self.name)}"

    @property
    def grain(self) -> str:
        """What a row is: the first sentence of the comment."""
        return re.split(r"(?<=\.)\s+(?=[A-Z])", self.comment, maxsplit=1)[0]

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def select(self) -> str:
        """All its rows, by its key: the same data gives the same file."""
        order = ", ".join(identifier(name) for name in self.key) or "all"
        return f"select * from {self.sql_name} order by {order}"


@dataclass(frozen=True)
class Catalog:
    """The tables of one published file, and an open connection on it.

    A connection keeps the file it opened: everything read through it is from one build.
    """

    con: duckdb.DuckDBPyConnection
    path: Path
    tables: tuple[Table, ...]
    built_at: datetime
    as_of_date: date | None
    currency: str
    invocation_id: str
    project_version: str

    @property
    def marts(self) -> list[Table]:
        return [table for table in self.tables if table.schema == "marts"]

    def find(self, name: str) -> Table | None:
        """The table of this name, or None."""
        return next((table for table in self.tables if table.name == name), None)


@contextmanager
def open_catalog(folder: Path, *, with_personal: bool = True) -> Iterator[Catalog]:
    """The published file of a warehouse folder, opened read-only. Raises CatalogError.

    Without `with_personal` it is the masked one beside it, which is made where it is of another
    build or missing.
    """
    path = folder / PUBLISHED
    if not with_personal:
        if not (folder / MASKED).exists():
            # what is wrong with the published file is said of that one
            connected(path).close()
        path = masked(folder)
    with connected(path) as con:
        try:
            catalog = read_catalog(con, path)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise CatalogError(f"{path}: made by another version; run make build first") from error
        yield catalog


def connected(path: Path) -> duckdb.DuckDBPyConnection:
    if not path.exists():
        raise CatalogError(f"{path}: there is no published file; run make build first")
    try:
        return duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise CatalogError(f"{path}: cannot be opened: {reason}") from error


def masked(folder: Path) -> Path:
    try:
        return ensure_masked(folder)
    except PublishError as error:
        raise CatalogError(str(error)) from error


def read_catalog(con: duckdb.DuckDBPyConnection, path: Path) -> Catalog:
    """The catalog of an open file, tables in order of their names."""
    con.execute("set timezone = 'UTC'")
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, data_type, comment in con.execute(
        "select schema_name, table_name, column_name, data_type, coalesce(comment, '') "
        "from duckdb_columns() where not internal order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, table), []).append(Column(name, data_type, comment))
    keys = {
        (schema, table): tuple(names)
        for schema, table, names in con.execute(
            "select schema_name, table_name, constraint_column_names from duckdb_constraints() "
            "where constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    }
    comments = {
        (schema, table): comment
        for schema, table, comment in con.execute(
            "select schema_name, table_name, coalesce(comment, '') from duckdb_tables()"
        ).fetchall()
    }
    # a file of an earlier version does not say what its tables are made from
    said = {column.name for column in columns.get(("quality", "meta"), [])}
    inputs = "string_split(inputs, ', ')" if "inputs" in said else "null"
    tables = tuple(
        Table(
            schema=schema,
            name=name,
            domain=domain or "",
            row_count=row_count,
            comment=comments[(schema, name)],
            columns=tuple(columns[(schema, name)]),
            key=keys.get((schema, name), ()),
            inputs=tuple(made_from or ()),
        )
        for schema, name, domain, row_count, made_from in con.execute(
            f"select table_schema, table_name, domain, row_count, {inputs} from quality.meta "
            "order by table_schema, table_name"
        ).fetchall()
    )
    built_at, as_of, currency, invocation_id, project_version = con.execute(
        "select built_at, as_of_date, currency, invocation_id, project_version "
        "from quality.meta order by all limit 1"
    ).fetchall()[0]
    day = literal(as_of.isoformat()) if as_of else "null"
    con.execute(f"set variable as_of = cast({day} as date)")
    return Catalog(
        con, path, tables, built_at, as_of, currency or "", invocation_id, project_version
    )
