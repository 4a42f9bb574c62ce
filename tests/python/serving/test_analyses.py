"""The saved questions run on the sample and answer something."""

import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Built

ANALYSES = sorted((ROOT / "analyses").glob("*.sql"))


@pytest.mark.parametrize("path", ANALYSES, ids=[path.stem for path in ANALYSES])
def test_an_analysis_returns_rows(path: Path, sample_warehouse: Built) -> None:
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    statement = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"marts.\1", path.read_text())
    statement = re.sub(r"\{\{ var\('(\w+)'\) \}\}", lambda name: str(settings[name[1]]), statement)
    assert sample_warehouse.query(statement)
