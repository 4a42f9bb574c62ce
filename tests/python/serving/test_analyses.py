"""The saved questions run on the sample and answer something."""

import re
from pathlib import Path

import pytest
from conftest import ROOT, Built

ANALYSES = sorted((ROOT / "analyses").glob("*.sql"))


@pytest.mark.parametrize("path", ANALYSES, ids=[path.stem for path in ANALYSES])
def test_an_analysis_returns_rows(path: Path, sample_warehouse: Built) -> None:
    statement = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"marts.\1", path.read_text())
    assert sample_warehouse.query(statement)
