"""The pages of `make docs`: the lineage knows columns, and every link leads somewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Built

BIN = ROOT / ".venv-docs" / "bin"
pytestmark = pytest.mark.skipif(
    not (BIN / "colibri").exists(), reason="no .venv-docs: run `make docs`"
)


def make_pages(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [BIN / "python", ROOT / "docs" / "make_pages.py"]
    options = ["--artifacts", folder, "--out", folder / "docs", "--dashboards", folder / "boards"]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(sample_warehouse: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make docs` leaves behind, with one dashboard drawn."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "boards").mkdir()
    (folder / "boards" / "overview.html").write_text("drawn")
    dbt = [Path(sys.executable).with_name("dbt"), "--quiet", "docs", "generate", "--static"]
    lineage = ["--manifest", folder / "manifest.json", "--catalog", folder / "catalog.json"]
    for command in (
        [*dbt, "--target-path", folder, "--log-path", folder / "logs"],
        [BIN / "colibri", "generate", *lineage, "--output-dir", folder / "docs" / "lineage"],
    ):
        subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "WAREHOUSE": str(sample_warehouse.warehouse), "DO_NOT_TRACK": "1"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    done = make_pages(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_lineage_leads_from_an_input_to_a_dashboards_column(folder: Path) -> None:
    lineage = json.loads((folder / "docs" / "lineage" / "colibri-manifest.json").read_text())
    parents: dict[str, set[str]] = {}
    for edge in lineage["lineage"]["edges"]:
        source, target = (
            f"{edge[end].split('.')[-1]}.{edge[f'{end}Column']}" for end in ("source", "target")
        )
        parents.setdefault(target, set()).add(source)
    assert "orders.revenue" in parents["customers.revenue"]
    ancestors, new = set(), {"customers.revenue"}
    while new:
        ancestors |= new
        new = {parent for column in new for parent in parents.get(column, ())} - ancestors
    assert "order_lines.unit_price" in ancestors


def test_every_link_leads_to_a_page_that_is_there(folder: Path) -> None:
    # the two pages that others make have links of their own
    made_elsewhere = {folder / "docs" / "dbt.html", folder / "docs" / "lineage" / "index.html"}
    pages = set((folder / "docs").rglob("*.html")) - made_elsewhere
    links = [
        (page, link) for page in pages for link in re.findall(r'href="([^"#:]+)"', page.read_text())
    ]
    assert len(links) > 10
    assert [
        f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()
    ] == []
    assert "overview.html" in (folder / "docs" / "index.html").read_text()


def test_every_metric_is_on_the_front_page(folder: Path) -> None:
    metrics = json.loads((folder / "manifest.json").read_text())["metrics"].values()
    front = (folder / "docs" / "index.html").read_text()
    assert [metric["name"] for metric in metrics if f"<td>{metric['name']}</td>" not in front] == []


def test_a_lineage_without_columns_is_an_error(folder: Path) -> None:
    path = folder / "docs" / "lineage" / "colibri-manifest.json"
    whole = path.read_text()
    lineage = json.loads(whole)
    for edge in lineage["lineage"]["edges"]:
        edge["sourceColumn"] = edge["targetColumn"] = ""
    try:
        path.write_text(json.dumps(lineage))
        done = make_pages(folder)
    finally:
        path.write_text(whole)
    assert done.returncode == 1
    assert "no columns" in done.stderr
