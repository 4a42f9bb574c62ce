"""One read-only SELECT of a stranger over the published file.

Four walls, each of which would do alone for most attacks:

1. DuckDB's own parser must find one SELECT, over tables of the catalogue and harmless functions.
2. It runs on a read-only file with external access off and the configuration locked.
3. It runs in a child process with hard limits of memory, time and file size, an empty environment
   and no open file but its pipes: what cannot be interrupted (`range` of a billion in one value) is
   killed and takes nobody with it.
4. Rows, characters and bytes of the answer are bounded.
"""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import duckdb

from retail_analytics.serving.api.published import Build, Busy, TooSlow

SQL_CHARACTERS = 10_000
MOST_ROWS = 1_000
MOST_BYTES = 1_000_000
SECONDS = 10.0
# what starting a process may take beside the query itself
START_SECONDS = 5.0
MEMORY = "512MB"
AT_ONCE = 2
TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
# what reads files, settings or the engine's own state; the walls behind this one hold as well
FORBIDDEN_STARTS = (
    *("read_", "parquet_", "sniff_", "duckdb_", "pragma_", "pg_", "json_execute", "json_serialize"),
    *("sql_auto", "import_", "load_", "write_", "checkpoint", "force_", "enable_", "disable_"),
    *("from_substrait", "get_substrait", "sqlite_", "postgres_", "mysql_", "iceberg_", "delta_"),
    *("ducklake_", "http_", "has_", "inet_", "which_", "storage_", "test_"),
)
FORBIDDEN = {
    *("glob", "query", "query_table", "getenv", "getvariable", "current_setting", "nextval"),
    *("currval", "current_query", "txid_current", "seq_scan", "arrow_scan", "pandas_scan"),
    *("python_map_function", "csv_sniffer", "icu_calendar_names", "summary", "repeat_row"),
    *("version", "current_database", "current_schemas", "in_search_path", "error", "sleep"),
}

running = threading.BoundedSemaphore(AT_ONCE)


class Refused(ValueError):
    """The query is not one that is answered; the message says why and what to do."""


class TooLarge(ValueError):
    """The answer is larger than is sent; the message says what to do."""


@dataclass(frozen=True)
class QueryAnswer:
    """Columns with their types, rows, and whether there are more of them."""

    columns: list[dict[str, str]]
    rows: list[list]
    has_more: bool


def run_query(build: Build, sql: str, *, limit: int = 100, seconds: float = SECONDS) -> QueryAnswer:
    """Answers one SELECT. Raises Refused, TooLarge, TooSlow, Busy."""
    if not 1 <= limit <= MOST_ROWS:
        raise Refused(f"limit must be 1 to {MOST_ROWS:,}; read further with offset in the query")
    statement = checked(build, sql)
    if not running.acquire(timeout=seconds):
        raise Busy("other queries are running; try again in a few seconds")
    try:
        answer = in_child(build.catalog.path, statement, build.identity, limit, seconds)
    finally:
        running.release()
    if error := answer.get("error"):
        raise Refused(error)
    return QueryAnswer(answer["columns"], answer["rows"], answer["has_more"])


def checked(build: Build, sql: str) -> str:
    """The statement, when it is one SELECT over known tables. Raises Refused."""
    if len(sql) > SQL_CHARACTERS:
        raise Refused(f"the query is longer than {SQL_CHARACTERS:,} characters; ask for less")
    if "\x00" in sql:
        raise Refused("the query holds a null byte")
    try:
        _, rows = build.rows("select json_serialize_sql(cast(? as varchar))", [sql])
        parsed = json.loads(rows[0][0])
    except duckdb.Error as error:
        raise Refused(f"this is not understood: {first_line(error)}") from error
    except (RecursionError, json.JSONDecodeError) as error:
        raise Refused("the query is nested too deeply") from error
    if parsed["error"]:
        reason = parsed.get("error_message", "")
        if parsed.get("error_type") == "not implemented":
            reason = "only one SELECT is answered; nothing can be written, attached, set or loaded"
        raise Refused(f"{reason}; tables and columns: ask_table, or GET /api/v1/tables")
    if len(parsed["statements"]) != 1:
        raise Refused("one statement at a time, please")
    try:
        check_node(parsed["statements"][0], build, names_of_ctes(parsed["statements"][0]))
    except RecursionError as error:
        raise Refused("the query is nested too deeply") from error
    return sql


def names_of_ctes(node: object) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(names_of_ctes, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(names_of_ctes, node.values())) if node else set()
    if "cte_map" in node:
        found |= {entry["key"].lower() for entry in node["cte_map"]["map"]}
    if node.get("type") == "RECURSIVE_CTE_NODE":
        found.add(str(node.get("cte_name", "")).lower())
    return found


def check_node(node: object, build: Build, ctes: set[str]) -> None:
    """Walks the parsed query; raises Refused at what may not be there."""
    if isinstance(node, list):
        for item in node:
            check_node(item, build, ctes)
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind == "BASE_TABLE":
        check_table(node, build, ctes)
    elif kind == "TABLE_FUNCTION":
        name = str(node["function"].get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            raise Refused(f"{name}() is not allowed in from; only tables of this file are read")
    elif kind == "SHOW_REF":
        raise Refused("describe and show are answered by ask_table, or GET /api/v1/tables")
    if "function_name" in node:
        name = str(node["function_name"]).lower()
        if name in FORBIDDEN or name.startswith(FORBIDDEN_STARTS):
            raise Refused(f"the function {name}() is not allowed; figures and texts only")
    for value in node.values():
        check_node(value, build, ctes)


def check_table(node: dict, build: Build, ctes: set[str]) -> None:
    database = str(node.get("catalog_name", "")).lower()
    schema, name = str(node["schema_name"]).lower(), str(node["table_name"]).lower()
    if not schema and not database and name in ctes:
        return
    known = {(table.schema, table.name) for table in build.catalog.tables}
    known.add(("quality", "meta"))
    if database not in ("", "retail") or (schema, name) not in known:
        shown = ".".join(part for part in (database, schema, name) if part)
        raise Refused(
            f"there is no table {shown[:100]!r}; write marts.<table> or quality.<table>, "
            "listed by ask_table, or GET /api/v1/tables"
        )


def in_child(path: Path, sql: str, identity: tuple, limit: int, seconds: float) -> dict:
    request = json.dumps(
        {
            **{"path": str(path), "sql": sql, "identity": identity, "limit": limit},
            **{"seconds": seconds, "memory": MEMORY, "bytes": MOST_BYTES},
        }
    )
    try:
        done = subprocess.run(
            # -I: no path of the working directory, no variables of the environment
            [sys.executable, "-I", str(Path(__file__).with_name("query_child.py"))],
            input=request.encode(),
            capture_output=True,
            timeout=seconds + START_SECONDS,
            env={},
            cwd="/",
            close_fds=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooSlow(f"the query took longer than {seconds:g} s and was stopped") from None
    if done.returncode:
        raise Refused(f"the query needs more memory ({MEMORY}) or time than it may; ask for less")
    answer = json.loads(done.stdout)
    if answer.get("kind") == "slow":
        raise TooSlow(f"the query took longer than {seconds:g} s and was stopped")
    if answer.get("kind") == "large":
        raise TooLarge(
            f"the answer is larger than {MOST_BYTES:,} bytes; choose columns, or fewer rows"
        )
    if answer.get("kind") == "replaced":
        raise Busy("a new build was published this moment; ask again")
    return answer


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["unknown"])[0][:300]
