"""Mutants: small faults put into the project on purpose, each of which a test must notice.

`mutants.csv` names a file, a text in it, what stands there instead, and what must notice it: the
unit tests of the model (`unit`), or a file of pytest. Mutants of different models are put in
together, one per model and round: a unit test reads the inputs it is given, and no other model.

    python tests/mutants/run.py            # all; exit code 1 when one survives
    python tests/mutants/run.py churn      # those whose file has this in its name
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("models", "python_models", "macros", "seeds", "src", "tests", "analyses", "dashboards")
FILES = ("dbt_project.yml", "profiles.yml", "pyproject.toml")


def read_mutants(wanted: str) -> list[dict]:
    """The rows of mutants.csv whose file holds `wanted`; ValueError for one that is not one."""
    with (Path(__file__).parent / "mutants.csv").open(encoding="utf-8", newline="") as stream:
        mutants = [row for row in csv.DictReader(stream) if wanted in row["file"]]
    for mutant in mutants:
        text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
        if text.count(mutant["old"]) < 1 or mutant["old"] == mutant["new"]:
            raise ValueError(f"{mutant['file']}: {mutant['old']!r} is not there to be replaced")
    return mutants


def put_in(project: Path, mutant: dict) -> None:
    path = project / mutant["file"]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant["old"], mutant["new"], 1), encoding="utf-8")


def restore(project: Path, mutant: dict) -> None:
    shutil.copy(ROOT / mutant["file"], project / mutant["file"])


def rounds(mutants: list[dict]) -> list[list[dict]]:
    """Mutants for unit tests, at most one per model in each round."""
    by_model = defaultdict(list)
    for mutant in mutants:
        by_model[model(mutant)].append(mutant)
    most = max(map(len, by_model.values()), default=0)
    return [[ones[i] for ones in by_model.values() if len(ones) > i] for i in range(most)]


def model(mutant: dict) -> str:
    return Path(mutant["file"]).stem


def survivors_of_unit_tests(project: Path, mutants: list[dict]) -> list[dict]:
    """Those for which no unit test of the model fails or stops."""
    survived = []
    for number, together in enumerate(rounds(mutants), 1):
        print(f"unit tests, round {number}: {len(together)} mutants", flush=True)
        for mutant in together:
            put_in(project, mutant)
        chosen = [f"test_type:unit,{model(mutant)}" for mutant in together]
        subprocess.run(
            [Path(sys.executable).with_name("dbt"), "--quiet", "test", "--select", *chosen],
            cwd=project,
            stdout=subprocess.DEVNULL,
            check=False,
            env=environment(project),
        )
        results = json.loads((project / "target" / "run_results.json").read_text())["results"]
        noticed = {
            result["unique_id"].split(".")[2]
            for result in results
            if result["status"] in ("fail", "error")
        }
        survived += [mutant for mutant in together if model(mutant) not in noticed]
        for mutant in together:
            restore(project, mutant)
    return survived


def survivors_of_pytest(project: Path, mutants: list[dict]) -> list[dict]:
    """Those for which the named tests pass."""
    survived = []
    for mutant in mutants:
        print(f"{mutant['caught_by']}: {mutant['file']}", flush=True)
        put_in(project, mutant)
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", *mutant["caught_by"].split()],
            cwd=project,
            stdout=subprocess.DEVNULL,
            check=False,
            env=environment(project),
        )
        if run.returncode == 0:
            survived.append(mutant)
        restore(project, mutant)
    return survived


def environment(project: Path) -> dict:
    return {
        **os.environ,
        "PYTHONPATH": str(project / "src"),
        "WAREHOUSE": str(project / "warehouse"),
        "DATA": "",
        "AS_OF": "",
    }


def main(wanted: str = "") -> int:
    mutants = read_mutants(wanted)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        for part in PARTS:
            shutil.copytree(ROOT / part, project / part)
        for name in FILES:
            shutil.copy(ROOT / name, project)
        # unit tests need the tables' columns, and no rows: a build without them is made once
        subprocess.run(
            [Path(sys.executable).with_name("dbt"), "--quiet", "build", "--empty"]
            + ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"],
            cwd=project,
            check=False,
            env=environment(project),
        )
        of_unit_tests = [mutant for mutant in mutants if mutant["caught_by"] == "unit"]
        of_pytest = [mutant for mutant in mutants if mutant["caught_by"] != "unit"]
        survived = survivors_of_unit_tests(project, of_unit_tests)
        survived += survivors_of_pytest(project, of_pytest)
    for mutant in survived:
        print(f"survived: {mutant['file']}: {mutant['old']!r} -> {mutant['new']!r}")
    print(f"{len(mutants) - len(survived)} of {len(mutants)} mutants noticed")
    return 1 if survived or not mutants else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
