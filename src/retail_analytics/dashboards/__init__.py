"""Dashboards: every board of a folder, filled from the published file, as one HTML file each.

A board is a YAML file of blocks; a block is a query and how to show its rows (`boards.KINDS`).
"""

from pathlib import Path

import duckdb

from retail_analytics.dashboards.boards import fill, read_boards
from retail_analytics.dashboards.page import Pages
from retail_analytics.publish import PUBLISHED


def write_dashboards(warehouse: Path, *, boards: Path, out: Path) -> list[Path]:
    """Writes a page a board of the folder `boards`."""
    published = warehouse / PUBLISHED
    if not published.exists():
        raise ValueError(f"{published} is not there; `make build` makes it")
    specs = read_boards(boards)
    pages = Pages(boards, {name: spec["title"] for name, spec in specs.items()})
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with duckdb.connect(published, read_only=True) as con:
        for name, spec in specs.items():
            path = out / f"{name}.html"
            path.write_text(pages.render(name, fill(con, spec, where=name)), encoding="utf-8")
            written.append(path)
    return written
