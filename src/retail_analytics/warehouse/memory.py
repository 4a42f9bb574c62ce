"""What a build knows of the builds before it: read from the published file before any model runs.

The build file is scratch and the published file is swapped in whole, so that the published tables
are the memory: a killed or failed build loses nothing, and a build that is repeated reads what it
wrote itself. Only what cannot be made from the data again is carried over.
"""

import hashlib
from functools import cache
from pathlib import Path

import duckdb

import retail_analytics
from retail_analytics.storage.sql import identifier, literal

# by name: the published table, and what is carried over of it
REMEMBERED = {
    "memory_alerts": (
        "marts.alerts",
        {"alert_id": "varchar", "first_reported_on": "date"},
    ),
    "memory_champions": (
        "marts.model_champions",
        {
            "mart": "varchar",
            "champion": "varchar",
            "champion_before": "varchar",
            "worse_builds": "bigint",
            "worse_builds_before": "bigint",
            "champion_since": "date",
            "reason": "varchar",
            "history_from": "date",
            "as_of_date": "date",
        },
    ),
    "memory_scores": (
        "marts.score_drift",
        {
            "mart": "varchar",
            "score": "varchar",
            "status": "varchar",
            "method": "varchar",
            "method_before": "varchar",
            "bins": "varchar",
            "psi": "double",
            "psi_limit": "double",
            "p_value": "double",
            "q_value": "double",
            "moved_bin": "varchar",
            "share_before": "double",
            "share_now": "double",
            "bin_count": "bigint",
            "case_count": "bigint",
            "reference_count": "bigint",
            "reference_on": "date",
            "history_from": "date",
            "as_of_date": "date",
        },
    ),
    "memory_insights": (
        "marts.insights",
        {
            "insight_id": "varchar",
            "template": "varchar",
            "metric": "varchar",
            "dimension": "varchar",
            "entity": "varchar",
            "is_better": "boolean",
            "from_date": "date",
            "first_told_on": "date",
            "history_from": "date",
        },
    ),
    "memory_inputs": (
        "quality.input_history",
        {
            "input_table": "varchar",
            "status": "varchar",
            "added_columns": "varchar",
            "missing_columns": "varchar",
            "column_names": "varchar",
            "rows_read": "bigint",
            "rows_rejected": "bigint",
            "rejected_rate": "double",
            "rows_before": "bigint",
            "rejected_rate_before": "double",
            "age_days": "bigint",
            "newest_event_on": "date",
            "compared_with": "date",
            "history_from": "date",
            "as_of_date": "date",
        },
    ),
    "memory_models": (
        "marts.model_registry",
        {
            "mart": "varchar",
            "model": "varchar",
            "version": "varchar",
            "parameters": "varchar",
            "figures": "varchar",
            "code_version": "varchar",
            "parameter_count": "bigint",
            "case_count": "bigint",
            "data_from": "date",
            "data_until": "date",
            "first_built_on": "date",
            "last_built_on": "date",
            "history_from": "date",
        },
    ),
}


def load_memory(con: duckdb.DuckDBPyConnection, published: Path) -> dict[str, int]:
    """Fills `raw.memory_<name>` from the published file, and `raw.code_version`; rows by name.

    Empty tables where there is no published file, where it cannot be read, or where it was made
    before the table had these columns.
    """
    con.execute(
        "create or replace table raw.code_version as select cast(? as varchar) as code_version",
        [code_version()],
    )
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


@cache
def code_version() -> str:
    """Hash of what learns: the Python of the package, but not of what serves or converts."""
    root = Path(retail_analytics.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        if place.parts[0] not in NO_LEARNING:
            digest.update(place.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


# floors whose code no figure of a model depends on
NO_LEARNING = {"serving", "sample", "cli.py"}
