"""The front page of the documentation: what `make docs` writes last.

Gathers dbt's page, the column lineage and the written documents in one folder, links the dashboards
that have been drawn, and stops when the lineage knows no columns: its maker reports success then.
"""

import argparse
import html
import json
import os
import re
import shutil
import sys
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #ddd; padding: .3rem .6rem; text-align: left; vertical-align: top; }}
pre {{ background: #f5f5f5; padding: .8rem; overflow-x: auto; }}
</style>
{body}
</html>
"""


class NoColumnsError(Exception):
    """The lineage has no edge between columns."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=Path, required=True, help="where dbt wrote its own")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pages")
    parser.add_argument("--dashboards", type=Path, required=True, help="where they are drawn")
    options = parser.parse_args()
    manifest = json.loads((options.artifacts / "manifest.json").read_text())
    lineage = json.loads((options.out / "lineage" / "colibri-manifest.json").read_text())
    try:
        edges, without = column_edges(manifest, lineage)
    except NoColumnsError as error:
        print(f"make docs: {error}", file=sys.stderr)
        return 1
    shutil.copyfile(options.artifacts / "static_index.html", options.out / "dbt.html")
    documents = write_documents(options.out)
    boards = dashboard_rows(manifest, options.dashboards, options.out)
    front = front_page(manifest, documents, boards, edges=edges, without=without)
    (options.out / "index.html").write_text(PAGE.format(title="retail_analytics", body=front))
    print(f"{options.out / 'index.html'}: {edges} edges between columns")
    return 0


def column_edges(manifest: dict, lineage: dict) -> tuple[int, list[str]]:
    """The number of edges between two columns, and the models whose columns come from nowhere."""
    edges = [
        edge
        for edge in lineage["lineage"]["edges"]
        if edge.get("sourceColumn") and edge.get("targetColumn")
    ]
    if not edges:
        raise NoColumnsError("the lineage has no columns; is sqlglot the version that is pinned?")
    reached = {edge["target"] for edge in edges}
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return len(edges), sorted(m["name"] for m in models if m["unique_id"] not in reached)


def write_documents(out: Path) -> dict[str, str]:
    """Writes each Markdown file of the project as a page; returns title by page."""
    markdown = MarkdownIt("commonmark").enable("table")
    sources = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    titles = {}
    for source in sources:
        page = source.relative_to(ROOT).with_suffix(".html")
        text = source.read_text()
        titles[page.as_posix()] = text.splitlines()[0].lstrip("# ")
        target = out / page
        target.parent.mkdir(parents=True, exist_ok=True)
        body = as_pages(markdown.render(text), source, target)
        target.write_text(PAGE.format(title=html.escape(titles[page.as_posix()]), body=body))
    return titles


def as_pages(body: str, source: Path, target: Path) -> str:
    """Links to other documents lead to their pages, others to the file or folder itself."""

    def page(link: re.Match) -> str:
        path = source.parent / link[1]
        if (path / "README.md").is_file():
            path = path / "README.md"
        if path.suffix == ".md":
            return f'href="{os.path.relpath(path.with_suffix(".html"), source.parent)}"'
        return f'href="{os.path.relpath(path, target.parent)}"'

    return re.sub(r'href="([^":#]+)"', page, body)


def dashboard_rows(manifest: dict, drawn: Path, out: Path) -> list[list[str]]:
    """Of every dashboard: its name, a link where it has been drawn; its question; its tables."""
    rows = []
    for exposure in manifest["exposures"].values():
        label = html.escape(exposure["label"])
        page = drawn / f"{exposure['name'].removeprefix('dashboard_')}.html"
        if page.is_file():
            label = f'<a href="{os.path.relpath(page, out)}">{label}</a>'
        tables = sorted(node.split(".")[-1] for node in exposure["depends_on"]["nodes"])
        rows.append([label, html.escape(exposure["description"]), ", ".join(tables)])
    return rows


def front_page(
    manifest: dict,
    documents: dict[str, str],
    dashboards: list[list[str]],
    *,
    edges: int,
    without: list[str],
) -> str:
    """Links to everything, and every metric and dashboard in a table."""

    def table(head: list[str], rows: list[list[str]]) -> str:
        cells = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in rows)
        return f"<table><tr><th>{'</th><th>'.join(head)}</th></tr>{cells}</table>"

    metrics = [
        [metric["name"], html.escape(metric["description"]), metric["config"]["meta"]["unit"]]
        for metric in manifest["metrics"].values()
    ]
    pages = "".join(
        f'<li><a href="{page}">{html.escape(title)}</a></li>' for page, title in documents.items()
    )
    return f"""<h1>retail_analytics</h1>
<ul>
<li><a href="dbt.html">Tables and columns</a>: what each means, its tests, its SQL (dbt)</li>
<li><a href="lineage/index.html">Lineage of columns</a>: {edges} edges; none into
{", ".join(without)}, which are not SQL</li>
</ul>
<h2>Documents</h2>
<ul>{pages}</ul>
<h2>Metrics</h2>
{table(["metric", "meaning", "unit"], metrics)}
<h2>Dashboards</h2>
<p><code>make dashboards</code> draws them.</p>
{table(["page", "the question", "tables"], dashboards)}"""


if __name__ == "__main__":
    sys.exit(main())
