"""What a build knows of the builds before it: read from the published file before any model runs.

The build file is scratch and the published file is swapped in whole, so that the published tables
are the memory: a killed or failed build loses nothing, and a build that is repeated reads what it
wrote itself. Only what cannot be made from the data again is carried over.
"""

from pathlib import Path

import duckdb

from retail_analytics.storage.sql import identifier, literal

# by name: the published table, and what is carried over of it
REMEMBERED = {
    "memory_alerts": (
        "marts.alerts",
        {"alert_id": "varchar", "first_reported_on": "date"},
    ),
}


def load_memory(con: duckdb.DuckDBPyConnection, published: Path) -> dict[str, int]:
    """Fills `raw.memory_<name>` from the published file; rows by name.

    Empty tables where there is no published file, where it cannot be read, or where it was made
    before the table had these columns.
    """
    for name, (_, columns) in REMEMBERED.items():
        types = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        con.execute(f"create or replace table raw.{name} ({types})")
    if not published.exists():
        return dict.fromkeys(REMEMBERED, 0)
    try:
        con.execute(f"attach {literal(str(published))} as memory_of_builds (read_only)")
    except duckdb.Error:
        # publishing keeps such a file aside (publish.swap_in); there is nothing to remember from it
        return dict.fromkeys(REMEMBERED, 0)
    try:
        for name, (table, columns) in REMEMBERED.items():
            schema, _, bare = table.partition(".")
            known = con.execute(
                "select column_name from duckdb_columns() "
                "where database_name = 'memory_of_builds' and schema_name = ? and table_name = ?",
                [schema, bare],
            ).fetchall()
            if set(columns) <= {column for (column,) in known}:
                names = ", ".join(map(identifier, columns))
                con.execute(f"insert into raw.{name} select {names} from memory_of_builds.{table}")
    finally:
        con.execute("detach memory_of_builds")
    return {
        name: con.execute(f"select count(*) from raw.{name}").fetchall()[0][0]
        for name in REMEMBERED
    }
