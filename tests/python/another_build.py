"""The published file again as if by another build, for tests of those who read it meanwhile."""

import shutil
from pathlib import Path

import duckdb


def another_build(source: Path, folder: Path, number: int) -> None:
    """Publishes the file again as if by another build: every order has the build's number."""
    new = folder / f"new-{number}"
    shutil.copy(source, new)
    new.chmod(0o644)
    with duckdb.connect(str(new)) as con:
        con.execute("update quality.meta set invocation_id = ?", [f"build {number}"])
        con.execute("update marts.products set order_count = ?", [number])
        con.execute("update marts.products set units_sold = ?", [number])
    new.replace(folder / "retail.duckdb")
