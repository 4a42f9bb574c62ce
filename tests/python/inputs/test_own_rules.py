"""Rule tables of a user's own: the same columns, or a sentence that says what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT

from retail_analytics.inputs.files import InputError
from retail_analytics.inputs.rules import load_rules

RULES = {"grades": {"grade": "varchar", "minimum_score": "double", "is_good": "boolean"}}
GOOD = "Grade,minimum_score,is_good\nA,90,true\nB,,false\n"


def load(folder: Path, files: dict[str, str]) -> tuple[list[str], list[tuple]]:
    """The notes of load_rules over these files, and the rows of `raw.rule_grades`."""
    (folder / "rules").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "rules" / name).write_text(text)
    con = duckdb.connect()
    notes = load_rules(con, folder=folder, rules=RULES)
    return notes, con.execute("from raw.rule_grades").fetchall() if notes else []


def test_a_folder_without_rules_changes_nothing(tmp_path):
    assert load(tmp_path, {}) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace(",", ";"),
        "is_good,grade,minimum_score\ntrue, A ,90\nfalse,B,\n",
    ],
)
def test_a_rule_table_is_read_with_the_types_of_its_columns(tmp_path, text):
    notes, rows = load(tmp_path, {"Grades.csv": text})
    assert rows == [("A", 90.0, True), ("B", None, False)]
    assert notes == ["rules/Grades.csv: 2 rows in place of the project's own"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("grade.csv", GOOD, "rules/grade.csv: there is no rule table of this name"),
        ("grades.txt", GOOD, "rules/grades.txt: there is no rule table of this name"),
        ("grades.csv", "", "rules/grades.csv: the file is empty"),
        ("grades.csv", GOOD.splitlines()[0] + "\n", "rules/grades.csv: there are no rows"),
        ("grades.csv", "grade,minimum_score\nA,1\n", "the column 'is_good' is missing"),
        ("grades.csv", GOOD.replace("is_good", "is_good,note"), "the column 'note' is in no rule"),
        ("grades.csv", GOOD.replace("Grade,", "grade,grade,"), "'grade' is there more than once"),
        ("grades.csv", GOOD.replace("90", "high"), "row 1, column minimum_score: 'high' is no"),
        ("grades.csv", GOOD + "C,1,true,4\n", "rules/grades.csv: line 4 has more or fewer fields"),
    ],
)
def test_a_rule_table_that_cannot_be_used_stops_the_build(tmp_path, name, text, says):
    with pytest.raises(InputError) as stopped:
        load(tmp_path, {name: text})
    assert says in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_models_read_the_rules_of_the_users_folder(tmp_path):
    (tmp_path / "data" / "rules").mkdir(parents=True)
    (tmp_path / "data" / "customers.csv").write_text("customer_id,signed_up_on\n")
    (tmp_path / "data" / "rules" / "unstocked_categories.csv").write_text(
        "category,reason\nAir,weighs nothing\n"
    )
    command = [str(Path(sys.executable).with_name("dbt")), "seed", "--quiet"]
    command += ["--select", "unstocked_categories", "score_grades"]
    command += ["--target-path", str(tmp_path), "--log-path", str(tmp_path)]
    environment = {"WAREHOUSE": str(tmp_path), "DATA": str(tmp_path / "data"), "AS_OF": ""}
    run = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    with duckdb.connect(tmp_path / "build.duckdb", read_only=True) as con:
        rows = con.execute("from rules.unstocked_categories").fetchall()
        grades = con.execute("select count(*) from rules.score_grades").fetchall()
    assert rows == [("Air", "weighs nothing")]
    assert grades[0][0] > 1
