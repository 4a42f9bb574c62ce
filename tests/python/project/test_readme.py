"""What README promises: a row for every table that readers get, and links that lead somewhere."""

import re

import pytest
from conftest import ROOT, Built

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: path.as_posix()
)


def test_readme_has_one_row_for_each_published_table(sample_warehouse: Built) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+\? \|$", text, re.MULTILINE)
    # the last of several sentences may be no question
    rows += re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+\? \([^|]+\) \|$", text, re.MULTILINE)
    published = sample_warehouse.query(
        "select table_name from duckdb_tables() where schema_name in ('marts', 'quality')"
    )
    assert sorted(rows) == sorted(table for (table,) in published)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
