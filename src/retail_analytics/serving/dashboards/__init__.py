"""Dashboards: every board of a folder, filled from the published file, as one HTML file each.

A board is a YAML file of blocks; a block is a query and how to show its rows (`boards.KINDS`).
"""

from pathlib import Path

from retail_analytics.serving.catalog import open_catalog
from retail_analytics.serving.dashboards.boards import fill, read_boards
from retail_analytics.serving.dashboards.page import Pages
from retail_analytics.storage.files import written_whole


def write_dashboards(warehouse: Path, *, boards: Path, out: Path) -> list[Path]:
    """Writes a page a board of the folder `boards`."""
    specs = read_boards(boards)
    pages = Pages(boards, {name: spec["title"] for name, spec in specs.items()})
    written = []
    with open_catalog(warehouse) as catalog:
        for name, spec in specs.items():
            path = out / f"{name}.html"
            page = pages.render(name, fill(catalog, spec, where=name))
            with written_whole(path) as new:
                new.write_text(page, encoding="utf-8")
            written.append(path)
    return written
