"""Every mart as Parquet and CSV in one folder, with a manifest of what is in it.

CSV has no types: a spreadsheet that opens it runs text that begins like a formula. Such text gets
an apostrophe before it, which makes it text (OWASP, CSV injection); Parquet holds it unchanged.
"""

import hashlib
import json
from pathlib import Path

from retail_analytics.serving.catalog import Catalog, Table, open_catalog
from retail_analytics.storage.files import folder_written_whole
from retail_analytics.storage.sql import identifier, literal

MANIFEST = "manifest.json"
# names and addresses of customers are not for everybody on a machine
MODE = 0o640
# how text begins that a spreadsheet takes for a formula: the full-width signs count too
FORMULA_START = "^[=+\\-@\t\r\n＝＋－＠]"
INERT = "'"
HASH_BYTES = 1 << 20


def export_marts(folder: Path, out: Path, *, with_personal: bool = True) -> dict:
    """Writes the published marts into `out`, which is replaced as a whole; returns the manifest.

    ValueError where there is no published file, or `out` holds something else than an export.
    """
    check_replaceable(out)
    with (
        open_catalog(folder, with_personal=with_personal) as catalog,
        folder_written_whole(out, mode=MODE) as new,
    ):
        # rows in the order of the key, in whichever thread: the same data gives the same files
        catalog.con.execute("set preserve_insertion_order = true")
        files = [entry for table in catalog.marts for entry in export_table(catalog, table, new)]
        manifest = {
            "as_of_date": catalog.as_of_date and catalog.as_of_date.isoformat(),
            "built_at": catalog.built_at.isoformat(),
            "currency": catalog.currency,
            "invocation_id": catalog.invocation_id,
            "project_version": catalog.project_version,
            "files": files,
            "tables": [described(table) for table in catalog.marts],
        }
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        (new / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def check_replaceable(out: Path) -> None:
    """Raises ValueError for a path that holds something that no export has written."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"{out}: this is a file; name a folder")
    if any(out.iterdir()) and not (out / MANIFEST).exists():
        raise ValueError(f"{out}: holds other files than an export; name a folder of its own")


def export_table(catalog: Catalog, table: Table, folder: Path) -> list[dict]:
    """Writes one mart in both formats; returns its two entries of the manifest."""
    entries = []
    for kind, select, options in (
        ("parquet", table.select, "format parquet"),
        ("csv", inert_select(table), "format csv, header"),
    ):
        path = folder / f"{table.name}.{kind}"
        catalog.con.execute(f"copy ({select}) to {literal(str(path))} ({options})")
        entries.append(
            {
                "table": table.name,
                "file": path.name,
                "format": kind,
                "rows": table.row_count,
                "columns": len(table.columns),
                "bytes": path.stat().st_size,
                "sha256": sha256_of(path),
                "as_of_date": catalog.as_of_date and catalog.as_of_date.isoformat(),
            }
        )
    return entries


def inert_select(table: Table) -> str:
    """All rows of a table, with text that begins like a formula made text for good."""
    columns = ", ".join(
        f"{inert_sql(identifier(column.name))} as {identifier(column.name)}"
        if is_text(column.type)
        else identifier(column.name)
        for column in table.columns
    )
    # the key as it was: an apostrophe would change the order
    order = ", ".join(f"mart.{identifier(name)}" for name in table.key) or "all"
    return f"select {columns} from {table.sql_name} as mart order by {order}"


def is_text(data_type: str) -> bool:
    """Whether values may hold text of the users: text itself, and lists and structs of it."""
    return "VARCHAR" in data_type or data_type.startswith("ENUM") or data_type == "JSON"


def inert_sql(expression: str) -> str:
    text = f"cast({expression} as varchar)"
    start = literal(FORMULA_START)
    return f"if(regexp_matches({text}, {start}), {literal(INERT)} || {text}, {text})"


def described(table: Table) -> dict:
    """A table with the meaning of its columns, which CSV cannot hold."""
    return {
        "table": table.name,
        "domain": table.domain,
        "description": table.comment,
        "key": list(table.key),
        "columns": [
            {"name": column.name, "type": column.type, "description": column.comment}
            for column in table.columns
        ],
    }


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(HASH_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
