"""The playbook and what it reads: no signal without a rule, none that nothing reads."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RULES = ROOT / "seeds" / "rules" / "actions"
MODELS = ROOT / "models" / "intermediate" / "actions"


def rows(name: str) -> list[dict[str, str]]:
    with (RULES / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def united() -> list[str]:
    """The signals that int_signals unites."""
    text = (MODELS / "int_signals.sql").read_text()
    return re.findall(r"'(\w+)',", text[: text.index("%}")])


def test_every_signal_has_a_model_and_every_model_a_rule():
    signals = {row["signal"] for row in rows("playbook")}
    models = {path.stem.removeprefix("int_signal_") for path in MODELS.glob("int_signal_*.sql")}
    assert set(united()) == signals == models
    assert len(united()) == len(set(united()))


def test_every_cause_has_rules_and_a_person_is_written_to_only_by_consent():
    causes = {row["cause"]: row for row in rows("action_causes")}
    assert {row["cause"] for row in rows("playbook")} == set(causes)
    for row in causes.values():
        assert row["needs_consent"] == str(row["member_type"] == "customer").lower()
    members = (ROOT / "models" / "marts" / "actions" / "action_members.sql").read_text()
    for cause in ("operations", "customers_at_risk", "losses"):
        assert cause in causes and f"'{cause}'" in members


def test_every_setting_is_read():
    sql = "".join(path.read_text() for path in (ROOT / "models").rglob("*/actions/*.sql"))
    for row in rows("action_settings"):
        assert f"'{row['setting']}'" in sql, row["setting"]


def test_nobody_is_told_more_than_a_dozen_things_to_do():
    (most,) = (row["value"] for row in rows("action_settings") if row["setting"] == "most_actions")
    assert int(most) <= 12


@pytest.mark.parametrize("column", ["sentence", "usual_sentence", "listed"])
def test_texts_name_only_what_is_filled_in_and_no_raw_identifier(column):
    known = {"figure", "usual", "threshold", "month", "where", "name", "subject", "count"}
    known |= {"s", "are", "s_of_figure"}
    for row in rows("playbook"):
        words = set(re.findall(r"{(\w*)}", row[column]))
        assert words <= known, row["rule"]
        assert "_" not in re.sub(r"{\w*}", "", row[column] + row["action"]), row["rule"]
        if column == "sentence":
            # The figure itself, not the bound that the threshold is held against.
            # Where the subject is the sentence, it holds the figures itself.
            assert {"figure", "count", "subject"} & words, row["rule"]


def test_a_signal_is_told_in_one_unit():
    for signal in united():
        of_signal = [row for row in rows("playbook") if row["signal"] == signal]
        for column in ("unit", "figure_unit", "comparison", "cause", "sentence"):
            assert len({row[column] for row in of_signal}) == 1, (signal, column)


def test_the_more_urgent_rule_of_a_signal_asks_for_more():
    for signal in united():
        of_signal = sorted(
            (row for row in rows("playbook") if row["signal"] == signal),
            key=lambda row: int(row["priority"]),
        )
        limits = [float(row["threshold"]) for row in of_signal]
        worst_first = sorted(limits, reverse=of_signal[0]["comparison"] == "above")
        assert limits == worst_first, signal


def test_no_model_of_actions_is_over_a_hundred_lines():
    for path in (ROOT / "models").rglob("*/actions/*.sql"):
        assert len(path.read_text().splitlines()) <= 115, path.name
