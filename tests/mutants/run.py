"""Mutants: small faults put into the project on purpose, each of which a test must notice.

`mutants.csv` names a file, a text in it, what stands there instead, and what must notice it:
nothing for a model (its unit tests, and where they pass its constraints and data tests, on the
tables of a finished build), the files of pytest for all else (`tests/python/` left out; without
them the folder of the file's domain). Nothing is built once more for a mutant. Mutants of different
models are put in together: a unit test reads the rows it is given, and no other model.

    python tests/mutants/run.py            # all; exit code 1 when one survives
    python tests/mutants/run.py churn      # those whose file has this in its name

SAMPLE_BUILD names a finished build of the sample by this code; without it one is made.
"""

import csv
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from retail_analytics.warehouse.build_file import BUILD, NEXT

ROOT = Path(__file__).parents[2]
PARTS = ("models", "python_models", "macros", "seeds", "src", "tests", "analyses", "dashboards")
FILES = (".dbtignore", "dbt_project.yml", "profiles.yml", "pyproject.toml")
DBT = Path(sys.executable).with_name("dbt")
# mutants of pytest that are tried at once, each in a copy of the project
JOBS = 2


def read_mutants(wanted: str = "") -> list[dict]:
    """The rows of mutants.csv whose file holds `wanted`; ValueError for one that is not one."""
    with (Path(__file__).parent / "mutants.csv").open(encoding="utf-8", newline="") as stream:
        mutants = [row for row in csv.DictReader(stream) if wanted in row["file"]]
    for mutant in mutants:
        text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
        if text.count(mutant["old"]) != 1 or mutant["old"] == mutant["new"]:
            raise ValueError(f"{mutant['file']}: {mutant['old']!r} stands there not exactly once")
    return mutants


def is_of_model(mutant: dict) -> bool:
    return mutant["file"].endswith(".sql") and not mutant["caught_by"]


def pytest_files(mutant: dict) -> list[str]:
    """What pytest runs for a mutant: the files named, or all of the domain."""
    named = mutant["caught_by"].split() or [mutant["file"].split("/")[2]]
    return [f"tests/python/{name}" for name in named]


def model(mutant: dict) -> str:
    return Path(mutant["file"]).stem


def copy_project(folder: Path) -> Path:
    project = folder / "project"
    for part in PARTS:
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, project)
    return project


def put_in(project: Path, mutant: dict) -> None:
    path = project / mutant["file"]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant["old"], mutant["new"], 1), encoding="utf-8")


def restore(project: Path, mutant: dict) -> None:
    shutil.copy(ROOT / mutant["file"], project / mutant["file"])


def environment(project: Path, build: Path) -> dict:
    return {
        **os.environ,
        "PYTHONPATH": str(project / "src"),
        # a file and the one put in its place may have one size and one second
        "PYTHONDONTWRITEBYTECODE": "1",
        "WAREHOUSE": str(project / "warehouse"),
        "SAMPLE_BUILD": str(build),
        "DATA": "",
        "AS_OF": "",
    }


def failed_nodes(project: Path, build: Path, *arguments: str) -> set[str]:
    """Runs dbt; the ids of what failed or stopped. RuntimeError where it did not come to run."""
    results = project / "target" / "run_results.json"
    results.unlink(missing_ok=True)
    done = subprocess.run(
        [DBT, "--quiet", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment(project, build),
    )
    if not results.exists():
        raise RuntimeError(f"dbt {' '.join(arguments)}\n{done.stdout}")
    return {
        result["unique_id"]
        for result in json.loads(results.read_text())["results"]
        if result["status"] in ("fail", "error")
    }


def tell(mutant: dict, is_alive: bool, by: str) -> None:
    verdict = "not noticed" if is_alive else "noticed"
    print(f"{verdict} by {by}: {mutant['file']}: {mutant['new']!r}", flush=True)


def rounds(mutants: list[dict]) -> list[list[dict]]:
    """Mutants for unit tests, at most one per model in each round."""
    by_model = defaultdict(list)
    for mutant in mutants:
        by_model[model(mutant)].append(mutant)
    most = max(map(len, by_model.values()), default=0)
    return [[ones[i] for ones in by_model.values() if len(ones) > i] for i in range(most)]


def survivors_of_unit_tests(project: Path, build: Path, mutants: list[dict]) -> list[dict]:
    """Those for which no unit test of the model fails or stops."""
    survived = []
    for number, together in enumerate(rounds(mutants), 1):
        for mutant in together:
            put_in(project, mutant)
        chosen = [f"test_type:unit,{model(mutant)}" for mutant in together]
        failed = failed_nodes(project, build, "test", "--select", *chosen)
        noticed = {name.split(".")[2] for name in failed if name.startswith("unit_test.")}
        for mutant in together:
            restore(project, mutant)
            tell(mutant, model(mutant) not in noticed, f"unit tests, round {number}")
            survived += [mutant] if model(mutant) not in noticed else []
    return survived


def survivors_of_data_tests(project: Path, build: Path, mutants: list[dict]) -> list[dict]:
    """Those that neither a constraint of the model nor a data test stops."""
    survived = []
    for mutant in mutants:
        only = ("--select", model(mutant), "--exclude-resource-type", "unit_test")
        put_in(project, mutant)
        is_alive = not failed_nodes(project, build, "build", *only)
        survived += [mutant] if is_alive else []
        restore(project, mutant)
        copy_build(build, project)
        tell(mutant, is_alive, "data tests")
    return survived


def survivors_of_pytest(projects: list[Path], build: Path, mutants: list[dict]) -> list[dict]:
    """Those for which the tests named pass."""
    free: queue.Queue[Path] = queue.Queue()
    for project in projects:
        free.put(project)

    def survives(mutant: dict) -> bool:
        project = free.get()
        begin = time.monotonic()
        try:
            put_in(project, mutant)
            run = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
                + pytest_files(mutant),
                cwd=project,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                env=environment(project, build),
            )
        finally:
            restore(project, mutant)
            free.put(project)
        # 1: tests failed, 2: a file could not be read; all else is no answer
        if run.returncode not in (0, 1, 2):
            raise RuntimeError(f"{mutant['file']}: pytest\n{run.stdout}")
        tell(mutant, run.returncode == 0, f"pytest, {time.monotonic() - begin:.0f} s")
        return run.returncode == 0

    with ThreadPoolExecutor(len(projects)) as pool:
        return [m for m, lives in zip(mutants, pool.map(survives, mutants), strict=True) if lives]


def sample_build(folder: Path) -> Path:
    """The folder of a finished build of the sample."""
    if given := os.environ.get("SAMPLE_BUILD"):
        return Path(given).absolute()
    build = folder / "build"
    subprocess.run(
        [DBT.with_name("retail"), "build", "--warehouse", build]
        + ["--target-path", build / "target", "--log-path", build / "logs"],
        cwd=ROOT,
        check=True,
        env={**environment(ROOT, build), "PYTHONPATH": str(ROOT / "src")},
    )
    return build


def copy_build(build: Path, project: Path) -> None:
    for name in (BUILD, NEXT):
        shutil.copy(build / name, project / "warehouse")


def main(wanted: str = "") -> int:
    begin = time.monotonic()
    mutants = read_mutants(wanted)
    of_models = [mutant for mutant in mutants if is_of_model(mutant)]
    of_pytest = [mutant for mutant in mutants if not is_of_model(mutant)]
    with tempfile.TemporaryDirectory() as folder:
        build = sample_build(Path(folder))
        projects = [copy_project(Path(folder, str(number))) for number in range(JOBS)]
        (projects[0] / "warehouse").mkdir()
        copy_build(build, projects[0])
        survived = survivors_of_unit_tests(projects[0], build, of_models)
        survived = survivors_of_data_tests(projects[0], build, survived)
        survived += survivors_of_pytest(projects, build, of_pytest)
    for mutant in survived:
        print(f"survived: {mutant['file']}: {mutant['old']!r} -> {mutant['new']!r}")
    print(
        f"{len(mutants) - len(survived)} of {len(mutants)} mutants noticed, "
        f"{time.monotonic() - begin:.0f} s"
    )
    return 1 if survived or not mutants else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
