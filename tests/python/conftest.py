"""Shared by all tests: builds of the project in temporary warehouses."""

import fcntl
import gc
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from build_files import read_build
from forked import run_retail
from hypothesis import settings

# the same examples on every run, however slow the machine; others with --hypothesis-profile=default
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

ROOT = Path(__file__).parents[2]
YAML_FILES = sorted(
    path
    for folder in ("models", "python_models", "seeds")
    for path in (ROOT / folder).rglob("*.yml")
)
SETTINGS = ("DATA", "WAREHOUSE", "AS_OF", "SHOP_TIME_ZONE", "CURRENCY")


def pytest_configure() -> None:
    """Looks for unused objects more rarely: those of the libraries, which are many, stay anyway."""
    gc.set_threshold(100_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first: one that came last would keep one worker busy and leave the other idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@dataclass(frozen=True)
class Built:
    """How a build ended, and the warehouse it leaves behind."""

    exit_code: int
    output: str
    warehouse: Path

    @property
    def published(self) -> Path:
        return self.warehouse / "retail.duckdb"

    def query(self, statement: str, parameters: list | None = None) -> list[tuple]:
        """The rows of a statement over the published file."""
        with duckdb.connect(self.published, read_only=True) as con:
            return con.execute(statement, parameters).fetchall()

    def query_build(self, statement: str) -> list[tuple]:
        """The rows of a statement over what the build made, published or not."""
        with read_build(self.warehouse) as con:
            return con.execute(statement).fetchall()


BuildWarehouse = Callable[..., Built]


@pytest.fixture(scope="session")
def build_warehouse(tmp_path_factory: pytest.TempPathFactory) -> BuildWarehouse:
    """`build_warehouse(data, as_of=None, args=(), warehouse=None)` runs `retail build`.

    Without `data` it builds the sample; without `warehouse` it makes a folder of its own. `args` go
    to dbt. Builds of a session share what dbt has parsed, and nothing else. Each runs in its own
    warehouse and calls it `.`: dbt parses everything anew where the path of the file is another.
    """
    dbt = tmp_path_factory.mktemp("dbt")
    reuse_parsed(dbt / "target")
    count = 0

    def build(
        data: Path | None,
        *,
        as_of: str | None = None,
        args: tuple[str, ...] = (),
        warehouse: Path | None = None,
    ) -> Built:
        warehouse = warehouse or tmp_path_factory.mktemp("warehouse")
        warehouse.mkdir(parents=True, exist_ok=True)
        options = ["--data", str(Path(data).absolute())] if data else []
        options += ["--as-of", as_of] if as_of else []
        nonlocal count
        count += 1
        exit_code, output = run_retail(
            [
                *("build", "--warehouse", ".", *options),
                *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
                *("--target-path", str(dbt / "target"), "--log-path", str(dbt / "logs"), *args),
            ],
            folder=warehouse,
            environment={
                **{name: value for name, value in os.environ.items() if name not in SETTINGS},
                "DBT_USE_COLORS": "0",
            },
            output=dbt / f"output_{count}.txt",
        )
        return Built(exit_code, output, warehouse)

    return build


def reuse_parsed(target: Path) -> None:
    """What the sample's build has parsed need not be parsed again by a build with this target."""
    parsed = shared_sample() / "target" / "partial_parse.msgpack"
    if parsed.exists() and not (target / parsed.name).exists():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(parsed, target)


def shared_sample() -> Path:
    """The folder of the sample's build that all workers share; `make test` sets SAMPLE_BUILD."""
    return Path(os.environ.get("SAMPLE_BUILD") or ROOT / "target" / "test-sample").absolute()


@pytest.fixture(scope="session")
def sample_warehouse(build_warehouse: BuildWarehouse) -> Built:
    """The sample retailer, built once for all workers; read it, or copy what you change.

    Where nobody has set SAMPLE_BUILD the first worker to come builds it, and the others wait.
    """
    folder = shared_sample()
    if os.environ.get("SAMPLE_BUILD"):
        return Built(0, "", folder)
    folder.mkdir(parents=True, exist_ok=True)
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = folder / "session"
        if not mark.exists() or mark.read_text() != session:
            own = ("--target-path", str(folder / "target"), "--log-path", str(folder / "logs"))
            own += ("--write-json",)
            built = build_warehouse(None, warehouse=folder, args=own)
            assert built.exit_code == 0, built.output
            mark.write_text(session)
    return Built(0, "", folder)


@pytest.fixture(scope="session")
def manifest(sample_warehouse: Built) -> dict:
    """dbt's manifest of the whole project, with compiled SQL."""
    return json.loads((sample_warehouse.warehouse / "target" / "manifest.json").read_text())
