"""A real build killed at random moments: the next one needs nobody's help.

Three kills here; `KILLS=30 pytest tests/python/warehouse/test_killed_builds.py` for more.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, SETTINGS, BuildWarehouse, Built, reuse_parsed

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "3"))
DEADLINE_SECONDS = 600
CASE = ROOT / "tests" / "fixtures" / "cases" / "a_build_killed_half_way"


class KilledBuild:
    """One `retail build` in a process group of its own, to be ended at a moment."""

    def __init__(self, data: Path, warehouse: Path, work: Path) -> None:
        self.output = work / "output.txt"
        self.warehouse = warehouse
        reuse_parsed(work / "target")
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        with self.output.open("w") as stream:
            self.process = subprocess.Popen(
                [
                    *(Path(sys.executable).parent / "retail", "build", "--data", data),
                    *("--warehouse", ".", "--as-of", "2024-03-31"),
                    *("--project-dir", ROOT, "--profiles-dir", ROOT),
                    *("--target-path", work / "target", "--log-path", work / "logs"),
                ],
                cwd=warehouse,
                env={**environment, "DBT_USE_COLORS": "0", "PYTHONUNBUFFERED": "1"},
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def nodes_done(self) -> int:
        return self.output.read_text().count(" in 0.") + self.output.read_text().count(" in 1.")

    def is_publishing(self) -> bool:
        return (self.warehouse / "retail.duckdb.new").exists()

    def kill_when(self, moment: str, number: int, seconds: float, how: signal.Signals) -> bool:
        """Kills the build some seconds after a moment; False where it had ended before."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (
            self.process.poll() is None
            and not {
                "while reading": lambda: "Concurrency" in self.output.read_text() or number == 0,
                "while models run": lambda: self.nodes_done() >= number,
                "while publishing": self.is_publishing,
            }[moment]()
        ):
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.01)
        time.sleep(seconds)
        is_running = self.process.poll() is None
        os.killpg(self.process.pid, how) if is_running else None
        self.process.wait(DEADLINE_SECONDS)
        return is_running


def identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


@pytest.fixture(scope="module")
def warehouse(sample_warehouse: Built, tmp_path_factory) -> Path:
    """A folder in which a build is published: the sample's."""
    folder = tmp_path_factory.mktemp("warehouse")
    shutil.copy(sample_warehouse.published, folder)
    return folder


def test_a_killed_build_never_blocks_the_next_one(
    warehouse: Path, sample_warehouse: Built, build_warehouse: BuildWarehouse, tmp_path: Path
):
    counts = "select count(*) from marts.orders"
    whole = [sample_warehouse.query(counts), [(2,)]]
    chance = random.Random(20240301)
    published = warehouse / "retail.duckdb"
    moments = ["while publishing", "while models run", "while reading"]
    killed = 0
    for turn in range(KILLS):
        moment = moments[turn % 3]
        before = identity(published)
        build = KilledBuild(CASE, warehouse, tmp_path)
        was_killed = build.kill_when(
            moment,
            chance.randrange(2) if moment == "while reading" else chance.randrange(1, 250),
            chance.uniform(0, {"while publishing": 0.6}.get(moment, 1.5)),
            chance.choice([signal.SIGKILL, signal.SIGTERM]),
        )
        killed += was_killed
        said = build.output.read_text()
        assert "Traceback" not in said, said
        if not was_killed:
            assert build.process.returncode == 0, said
        elif moment != "while publishing":
            assert identity(published) == before
        with duckdb.connect(str(published), read_only=True) as con:
            assert con.execute(counts).fetchall() in whole
    assert killed > 0
    built = build_warehouse(CASE, as_of="2024-03-31", warehouse=warehouse)
    assert built.exit_code == 0, built.output
    assert "published: " in built.output
    assert "not published" not in built.output
