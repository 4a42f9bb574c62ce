"""`retail assign` and `retail power`."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from retail_analytics.cli import main
from retail_analytics.experiments.assignment import Plan, variants_of
from retail_analytics.experiments.power import units_per_arm
from retail_analytics.serving.experiments import parse_effect

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the project's rules, in which commands run."""
    rules = tmp_path / "seeds" / "rules" / "experiments"
    rules.mkdir(parents=True)
    for path in (ROOT / "seeds" / "rules" / "experiments").glob("*.csv"):
        (rules / path.name).write_text(path.read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA", raising=False)
    monkeypatch.setenv("WAREHOUSE", "warehouse")
    return tmp_path


def units_file(folder: Path, count: int = 2000) -> Path:
    path = folder / "units.csv"
    ids = "\n".join(f"C{n:06d}" for n in range(count))
    path.write_text(f"customer_id\n{ids}\nC000001\n\n")
    return path


def test_units_are_assigned_into_the_input_format(project: Path, capsys) -> None:
    command = ["assign", "--experiment", "free-shipping", "--at", "2024-05-06T10:00:00"]
    assert main([*command, "--units", str(units_file(project)), "--out", "log.csv"]) == 0
    assert "2,000 rows added to log.csv" in capsys.readouterr().out
    rows = pd.read_csv("log.csv")
    assert list(rows) == ["experiment_id", "customer_id", "variant", "assigned_at"]
    plan = Plan(salt="free-shipping", variants=("control", "treatment"), shares=(0.5, 0.5))
    assert rows["variant"].tolist() == variants_of(rows["customer_id"], plan).tolist()
    assert set(rows["assigned_at"]) == {"2024-05-06T10:00:00"}
    # a later call adds rows under the same header, and moves nobody
    assert main([*command, "--units", str(units_file(project, 10)), "--out", "log.csv"]) == 0
    again = pd.read_csv("log.csv")
    assert len(again) == 2010
    assert again.groupby("customer_id")["variant"].nunique().max() == 1


def test_a_rollout_opens_by_day(project: Path, capsys) -> None:
    units = str(units_file(project))
    found = {}
    for day in ("2024-10-13", "2024-10-15", "2024-10-25"):
        command = ["assign", "--experiment", "search-model", "--units", units, "--at", day]
        assert main(command) == 0
        found[day] = len(capsys.readouterr().out.splitlines()) - 1
    assert found["2024-10-13"] == 0
    assert found["2024-10-15"] == pytest.approx(500, abs=80)
    assert found["2024-10-25"] == pytest.approx(1000, abs=100)


def test_the_rules_of_the_users_folder_go_before(project: Path, capsys) -> None:
    rules = project / "shop" / "rules"
    rules.mkdir(parents=True)
    (rules / "experiments.csv").write_text(
        "experiment_id,description,starts_on,ends_on,primary_metric,minimum_effect,"
        "outcome_window_days,salt,layer,layer_from,layer_to\nmine,,,,,,,,page,0,0.5\n"
    )
    (rules / "experiment_variants.csv").write_text(
        "experiment_id,variant,variant_order,planned_share,is_control\n"
        "mine,old,1,9,true\nmine,new,2,1,false\n"
    )
    command = ["assign", "--experiment", "mine", "--units", str(units_file(project))]
    assert main([*command, "--data", "shop"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == pytest.approx(1000, abs=100)
    assert sum(",new," in line for line in lines) == pytest.approx(100, abs=40)


@pytest.mark.parametrize(
    ("experiment", "units", "message"),
    [
        ("nobody-knows", "units.csv", "no experiment nobody-knows in the rules"),
        ("free-shipping", "absent.csv", "absent.csv"),
    ],
)
def test_what_cannot_be_assigned_is_named(project: Path, capsys, experiment, units, message):
    units_file(project)
    assert main(["assign", "--experiment", experiment, "--units", units]) == 1
    assert message in capsys.readouterr().err


@pytest.fixture
def published(project: Path) -> Path:
    """A published file with a plan of experiments."""
    (project / "warehouse").mkdir()
    con = duckdb.connect(str(project / "warehouse" / "retail.duckdb"))
    con.execute("create schema marts")
    con.execute(
        "create table marts.experiment_power as select 'revenue' as metric, "
        ".01 as relative_effect, 'ok' as status, 5000 as unit_count, 50.0 as baseline_mean, "
        "80.0 as baseline_sd, .8 as variance_kept, date '2024-12-31' as as_of_date"
    )
    con.execute(
        "create table marts.experiment_traffic as "
        "select range + 1 as day_number, 100 * (range + 1) as unit_count from range(84)"
    )
    con.execute("create table marts.customers as select 'C' || range as customer_id from range(50)")
    con.close()
    return project


def test_power_says_units_days_and_the_smallest_effect_by_day(published: Path, capsys) -> None:
    assert main(["power", "--metric", "revenue", "--effect", "20%"]) == 0
    text = capsys.readouterr().out
    needed = units_per_arm(variance=6400.0, effect=10.0, alpha=0.05, power=0.8)
    assert f"{needed:,.0f} units per variant, {int(-(-2 * needed // 100))} days" in text
    assert "to find +20.0% four times in five" in text
    assert "day  84        8,400 units" in text
    # 2.8016 x 80 x sqrt(2 x .8 / 4,200) / 50
    assert "8.7%" in text.splitlines()[-1]


def test_units_may_be_a_published_table(published: Path, capsys) -> None:
    assert main(["assign", "--experiment", "free-shipping", "--units", "customers"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 51


def test_power_of_an_unknown_metric_names_the_known_ones(published: Path, capsys) -> None:
    assert main(["power", "--metric", "mood", "--effect", "3%"]) == 1
    assert "there are: revenue" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "effect"), [("3%", 0.03), (".03", 0.03), (" 12 % ", 0.12)])
def test_an_effect_may_be_written_as_a_share_or_in_percent(text: str, effect: float) -> None:
    assert parse_effect(text) == pytest.approx(effect)


@pytest.mark.parametrize("text", ["0", "-3%", "three", "inf"])
def test_an_effect_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="effect must be"):
        parse_effect(text)
