"""`retail build` before dbt: what is wrong is said at once, in one line, and changes nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, SETTINGS

from retail_analytics.cli import main
from retail_analytics.inputs.load import ShopSettings
from retail_analytics.warehouse import run
from retail_analytics.warehouse.publish import publishing

ORDERS = "order_id,ordered_at,customer_id\nO1,2024-01-01,C1\n"
GOOD = {"orders.csv": ORDERS}


def build(
    data: dict[str, str], folder: Path, *arguments: str, **settings: str
) -> subprocess.CompletedProcess:
    """Runs `retail build` on a folder with these files."""
    (folder / "data").mkdir(exist_ok=True)
    for name, text in data.items():
        (folder / "data" / name).write_text(text)
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.run(
        [Path(sys.executable).parent / "retail", "build", "--data", folder / "data"]
        + ["--warehouse", folder / "warehouse", *arguments],
        cwd=ROOT,
        env={**environment, **settings},
        capture_output=True,
        text=True,
    )


WRONG = {
    "a missing column": ({"orders.csv": "order_id,day\n"}, {}, "'ordered_at' is missing"),
    "no file": ({}, {}, "no input table in this folder"),
    "a time zone": (GOOD, {"SHOP_TIME_ZONE": "Middle/Earth"}, "SHOP_TIME_ZONE must be the name"),
    "a day that is none": (GOOD, {"AS_OF": "2024-02-30"}, "AS_OF must be a day from 1990-01-01"),
    "a day to come": (GOOD, {"AS_OF": "9999-12-31"}, "AS_OF must be a day from 1990-01-01"),
    "a day in another form": (GOOD, {"AS_OF": "20241231"}, "written like 2024-12-31"),
    "a memory limit": (GOOD, {"MEMORY_LIMIT": "-1"}, "MEMORY_LIMIT must be a size such as 4GB"),
    "parts of orders without orders": (
        {"deliveries.csv": "delivery_id,order_id,promised_on\nD1,O1,2024-01-01\n"},
        {},
        "deliveries.csv: there is no file of the orders that these rows belong to",
    ),
    "two currencies": (
        {"orders.csv": "order_id,ordered_at,currency\nO1,2024-01-01,EUR\nO2,2024-01-01,USD\n"},
        {},
        "amounts of 2 currencies would be added up",
    ),
}


@pytest.mark.parametrize(("data", "settings", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_once_in_one_line_and_at_once(tmp_path, data, settings, message):
    done = build(data, tmp_path, **settings)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("retail build: ")
    assert message in line
    assert done.stdout == ""
    assert "Compilation" not in line
    assert not (tmp_path / "warehouse" / "retail.duckdb").exists()


def test_it_takes_no_import_of_dbt(tmp_path, monkeypatch):
    program = (
        "import sys; from retail_analytics.cli import main; "
        f"code = main(['build', '--data', {str(tmp_path)!r}, '--warehouse', {str(tmp_path)!r}]); "
        "sys.exit(code != 1 or 'dbt.cli.main' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_no_project_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["build"]) == 1
    assert "there is no dbt_project.yml in" in capsys.readouterr().err
    assert main(["build", "--project-dir", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_the_build_file_is_not_for_everybody_to_read(tmp_path):
    build({"orders.csv": ORDERS + "O2,2024-01-01,C2,x\n", "customers.csv": "x\n"}, tmp_path)
    path = tmp_path / "warehouse" / "build.duckdb"
    assert path.stat().st_mode & 0o777 == 0o640


def fake_dbt(monkeypatch, action):
    """Lets a build run this in dbt's place."""
    import retail_analytics.warehouse.dbt_build as dbt_build

    def invoke(arguments, *, with_progress_bar):
        try:
            return action()
        except KeyboardInterrupt:
            return dbt_build.Outcome(1, was_interrupted=True)

    monkeypatch.setattr(dbt_build, "invoke_dbt", invoke)
    return dbt_build.Outcome


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in (*SETTINGS, "DATA"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "orders.csv").write_text(ORDERS)
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    return tmp_path


def run_build(project: Path) -> int:
    return run.run_build([], project=ROOT, warehouse=project / "warehouse", with_progress_bar=False)


def test_the_files_are_read_once_for_dbt_s_hook_too(project, monkeypatch):
    seen = {}

    def hook():
        folder = project / "data"
        with duckdb.connect(str(project / "warehouse" / "build.duckdb")) as con:
            (folder / "orders.csv").write_text("not read again")
            seen["notes"] = run.load_inputs(
                con,
                folder=folder,
                contract=run.project_contract(),
                facts={"orders": {"contract": {"columns": {}}}},
                settings=ShopSettings(currency_label="EUR"),
                load_id=os.environ["RETAIL_LOAD_ID"],
            )
            seen["rows"] = con.execute("select order_id from raw.orders").fetchall()
            seen["currency"] = con.execute("select currency from raw.settings").fetchall()
            seen["contract"] = con.execute(
                "select contract from raw.input_contracts where input_table = 'orders'"
            ).fetchall()
        return outcome(0)

    outcome = fake_dbt(monkeypatch, hook)
    assert run_build(project) == 0
    assert seen == {
        "notes": [],
        "rows": [("O1",)],
        "currency": [("EUR",)],
        "contract": [('{"columns": {}}',)],
    }
    assert "RETAIL_LOAD_ID" not in os.environ


def test_an_interrupt_says_truly_whether_it_had_published(project, monkeypatch, capsys):
    published = project / "warehouse" / "retail.duckdb"

    def interrupted():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    def publishes_first():
        published.write_text("new")
        interrupted()

    before = signal.getsignal(signal.SIGINT)
    fake_dbt(monkeypatch, interrupted)
    assert run_build(project) == 130
    assert "interrupted; the published file is as it was" in capsys.readouterr().err
    fake_dbt(monkeypatch, publishes_first)
    assert run_build(project) == 130
    assert "interrupted after it had published" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_waits_while_it_publishes(project, monkeypatch, capsys):
    def publish():
        publishing.set()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
        finally:
            publishing.clear()
        return outcome(0)

    outcome = fake_dbt(monkeypatch, publish)
    assert run_build(project) == 0
    assert "it is publishing and will be done in a moment" in capsys.readouterr().err


def test_a_folder_that_duckdb_cannot_write_into_is_refused(project, monkeypatch):
    monkeypatch.chdir(project)
    with pytest.raises(ValueError, match="DuckDB cannot write into a folder with . in its path"):
        run.run_build([], project=ROOT, warehouse=Path("what?"), with_progress_bar=False)
    assert not Path("what?").exists()


@pytest.mark.parametrize("name", ["Team #1", "md:x", "a b's"])
def test_a_folder_may_have_any_name(project, monkeypatch, name):
    from dbt.adapters.duckdb.credentials import DuckDBCredentials

    monkeypatch.chdir(project)
    seen = []

    def build():
        folder = os.environ.get("RETAIL_BUILD_FOLDER", name)
        path = f"{folder}/build.duckdb"
        credentials = DuckDBCredentials.from_dict({"path": path, "schema": "marts"})
        seen.append((credentials.database, credentials.is_motherduck))
        assert Path(path).samefile(project / name / "build.duckdb")
        return outcome(0)

    outcome = fake_dbt(monkeypatch, build)
    assert run.run_build([], project=ROOT, warehouse=Path(name), with_progress_bar=False) == 0
    assert seen == [("build", False)]
    assert "RETAIL_BUILD_FOLDER" not in os.environ
