"""The parser of dbt 2.0 reads the project: a warning of what is coming, in an environment apart."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

PARSER = ROOT / ".venv-next" / "bin" / "dbt-core-experimental-parser"
pytestmark = pytest.mark.skipif(not PARSER.exists(), reason="no .venv-next: run `make next`")
# MetricFlow for dbt 1.11 knows no other form
EXPECTED_WARNINGS = {"SemanticModelDeprecated"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what dbt reads: the parser writes into the folder it runs in."""
    for name in ("models", "python_models", "macros", "seeds/rules", "analyses"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for folder in ("generic", "singular", "fixtures"):
        shutil.copytree(ROOT / "tests" / folder, tmp_path / "tests" / folder)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def parse(project: Path) -> tuple[int, str]:
    done = subprocess.run(
        [PARSER, "parse"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_dbt_2_parses_the_project_and_warns_of_nothing_new(project: Path) -> None:
    exit_code, output = parse(project)
    assert exit_code == 0, output
    assert set(re.findall(r"\[(?:warning|error)\] \[(\w+)", output)) <= EXPECTED_WARNINGS, output
    # it ran, and did not only say so
    assert "Finished 'parse'" in output


def test_dbt_2_says_when_a_model_reads_one_that_is_not_there(project: Path) -> None:
    (project / "models" / "marts" / "shared" / "dates.sql").write_text(
        "select * from {{ ref('not_there') }}"
    )
    exit_code, output = parse(project)
    assert exit_code != 0
    assert "not_there" in output
