"""Whether two published files hold the same tables, up to the order of rows and float noise.

    python tests/compare_published.py before/retail.duckdb after/retail.duckdb

Prints one line per difference and ends with 1 where there is one. What says when a build ran is not
compared. Rows meet by the primary key of the first file, or by their order where it has none.
"""

import argparse
import sys
from pathlib import Path

import duckdb

from retail_analytics.storage.sql import identifier, literal

TOLERANCE = 1e-9
FLOATS = ("DOUBLE", "FLOAT")
# columns of quality.meta that differ between any two builds
OF_A_BUILD = ("built_at", "invocation_id")

Tables = dict[tuple[str, str], dict[str, str]]


def differences(before: Path, after: Path, *, tolerance: float = TOLERANCE) -> list[str]:
    """One line per difference between two published files.

    Two floats are equal where they differ by at most `tolerance`, absolutely or relative to the
    larger one; everything else must be the same.
    """
    with duckdb.connect() as con:
        for name, path in (("before", before), ("after", after)):
            con.execute(f"attach {literal(str(path))} as {name} (read_only)")
        old, new = tables_of(con, "before"), tables_of(con, "after")
        lines = [f"{'.'.join(table)}: only in {before}" for table in old if table not in new]
        lines += [f"{'.'.join(table)}: only in {after}" for table in new if table not in old]
        for table in (table for table in old if table in new):
            if list(old[table].items()) != list(new[table].items()):
                lines.append(f"{'.'.join(table)}: columns {old[table]} became {new[table]}")
            else:
                lines += table_differences(con, table, columns=old[table], tolerance=tolerance)
    return lines


def tables_of(con: duckdb.DuckDBPyConnection, database: str) -> Tables:
    """Each table of a file with the types of its columns in order."""
    tables: Tables = {}
    for schema, table, column, kind in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? order by schema_name, table_name, column_index",
        [database],
    ).fetchall():
        tables.setdefault((schema, table), {})[column] = kind
    return tables


def table_differences(
    con: duckdb.DuckDBPyConnection,
    table: tuple[str, str],
    *,
    columns: dict[str, str],
    tolerance: float,
) -> list[str]:
    """How the rows of one table differ."""
    schema, name = table
    compared = [column for column in columns if not (name == "meta" and column in OF_A_BUILD)]
    keys = con.execute(
        "select constraint_column_names from duckdb_constraints() where database_name = 'before' "
        "and schema_name = ? and table_name = ? and constraint_type = 'PRIMARY KEY'",
        [schema, name],
    ).fetchall()
    if keys:
        key, rows = keys[0][0], "select *"
    else:
        # floats last: noise in them must not change the order
        order = sorted(compared, key=lambda column: columns[column] in FLOATS)
        by = ", ".join(map(identifier, order))
        key, rows = ["row_place"], f"select *, row_number() over (order by {by}) as row_place"
    using = ", ".join(map(identifier, key))
    # rows of both; a table may have a column `is_new`
    of_both = "there_before and there_after"
    changed = [
        f"count(*) filter ({of_both} and {differs(column, columns[column], tolerance)})"
        for column in compared
    ]
    removed, added, *counts = con.execute(
        f"""
        select
            count(*) filter (there_after is null),
            count(*) filter (there_before is null),
            {", ".join(changed)}
        from (
            from ({rows} from before.{schema}.{identifier(name)}) select *, true as there_before
        ) as old
        full join (
            from ({rows} from after.{schema}.{identifier(name)}) select *, true as there_after
        ) as new using ({using})
        """
    ).fetchall()[0]
    lines = [
        f"{schema}.{name}: {count:,} rows {word}"
        for word, count in (("removed", removed), ("added", added))
        if count
    ]
    return lines + [
        f"{schema}.{name}.{column}: {count:,} values changed"
        for column, count in zip(compared, counts, strict=True)
        if count
    ]


def differs(column: str, kind: str, tolerance: float) -> str:
    """SQL for whether the values of a column differ."""
    old, new = (f"{side}.{identifier(column)}" for side in ("old", "new"))
    if kind not in FLOATS:
        return f"{old} is distinct from {new}"
    return (
        f"{old} is distinct from {new} and not coalesce(isfinite({old}) and isfinite({new}) "
        f"and abs({old} - {new}) <= {tolerance} * greatest(1, abs({old}), abs({new})), false)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    given = parser.parse_args()
    lines = differences(given.before, given.after, tolerance=given.tolerance)
    print("\n".join(lines) or "equal")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
