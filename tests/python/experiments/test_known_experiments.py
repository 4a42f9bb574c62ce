"""The whole chain, from input tables to decisions, against known answers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from experiment_chain import run, shop

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
START = pd.Timestamp("2024-03-01 10:00")


def read(folder: str, name: str) -> pd.DataFrame:
    path = DATA / folder / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def assigned(experiment: str, units: pd.Series, variants: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment_id": experiment,
            "customer_id": units.astype(str),
            "variant": variants.astype(str),
            "assigned_at": START,
        }
    )


def measured(experiment: str, units: pd.Series, metric: str, values: pd.Series, *, at=None):
    return pd.DataFrame(
        {
            "experiment_id": experiment,
            "customer_id": units.astype(str),
            "metric": metric,
            "value": values.astype(float),
            "observed_at": pd.to_datetime(at) if at else pd.NaT,
        }
    )


def small(**rules):
    units = read("experiment_small", "units.csv")
    after, before = "2024-03-05", "2024-02-20"
    outcomes = pd.concat(
        [
            measured("small", units["unit"], "post", units["post"], at=after),
            measured("small", units["unit"], "post", units["pre"], at=before),
            measured("ratio", units["unit"], "post", units["post"], at=after),
            measured("ratio", units["unit"], "den", units["den"], at=after),
        ]
    )
    assignments = pd.concat(
        [assigned(name, units["unit"], units["variant"]) for name in ("small", "ratio")]
    )
    ratio = pd.DataFrame(
        [
            {
                **{"metric": "post_per_den", "label": "Ratio", "unit": "x", "kind": "ratio"},
                **{"source": "outcomes", "numerator": "post", "denominator": "den"},
                **{"missing_is": "left_out", "per_unit": "sum", "higher_is_better": True},
            }
        ]
    )
    tables = {
        "stg_experiment_assignments": assignments,
        "stg_experiment_outcomes": outcomes.sample(frac=1, random_state=1),
    }
    return tables, ratio


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("welch", "welch"),
        ("sequential", "sequential_5000"),
        ("cuped", "cuped"),
        ("cuped_sequential", "cuped_sequential_5000"),
    ],
)
def test_the_small_experiment_gives_the_known_answers(method, answer):
    tables, _ = small()
    answers = read("experiment_small", "answers.csv").set_index(["method", "scale"])
    found = run(shop(tables)).row("small", "post", method)
    for scale, name in (("difference", "difference"), ("relative", "relative_difference")):
        if (answer, scale) not in answers.index:
            continue
        expected = answers.loc[(answer, scale)]
        assert found[name] == pytest.approx(expected["estimate"], abs=1e-9)
        assert found[f"{name}_lower"] == pytest.approx(expected["lower_95"], abs=1e-9)
        assert found[f"{name}_upper"] == pytest.approx(expected["upper_95"], abs=1e-9)
    assert found["p_value"] == pytest.approx(
        answers.loc[(answer, "difference"), "p_value"], abs=1e-9
    )
    assert found["variance_kept"] == pytest.approx(0.2239 if "cuped" in method else 1, abs=5e-5)


def test_a_ratio_of_outcomes_gives_the_known_answer():
    tables, ratio = small()
    answers = read("experiment_small", "answers.csv").set_index(["method", "scale"])
    found = run(shop(tables, rules={"experiment_metrics": ratio})).row("ratio", "post_per_den")
    expected = answers.loc[("ratio_delta", "difference")]
    assert found["difference"] == pytest.approx(expected["estimate"], abs=1e-9)
    assert found["difference_lower"] == pytest.approx(expected["lower_95"], abs=1e-9)
    assert found["p_value"] == pytest.approx(expected["p_value"], abs=1e-9)
    relative = answers.loc[("ratio_delta", "relative")]
    assert found["relative_difference_upper"] == pytest.approx(relative["upper_95"], abs=1e-9)


def test_figures_stay_with_order_currency_and_names():
    tables, _ = small()
    one = run(shop(tables)).row("small", "post", "cuped")
    units = read("experiment_small", "units.csv")
    other = {name: frame.copy() for name, frame in tables.items()}
    outcomes, assignments = (
        other["stg_experiment_outcomes"],
        other["stg_experiment_assignments"],
    )
    outcomes["value"] = (outcomes["value"] * 1000).round(4)
    assignments["variant"] = assignments["variant"].map({"0": "baseline", "1": "a new one"})
    for frame in other.values():
        frame["customer_id"] = "unit " + frame["customer_id"]
    found = run(shop({k: f.iloc[::-1] for k, f in other.items()}))
    two = found.row("small", "post", "cuped")
    assert len(units) == two["unit_count"] + two["control_unit_count"]
    assert two["control_variant"] == "baseline"
    assert two["difference"] / 1000 == pytest.approx(one["difference"], rel=1e-12)
    assert two["difference_lower"] / 1000 == pytest.approx(one["difference_lower"], rel=1e-12)
    assert two["p_value"] == pytest.approx(one["p_value"], rel=1e-10)
    assert two["relative_difference"] == pytest.approx(one["relative_difference"], rel=1e-12)


def test_a_large_mean_takes_nothing_from_the_variance():
    tables, _ = small()
    one = run(shop(tables)).row("small", "post")
    tables["stg_experiment_outcomes"]["value"] += 1e8
    two = run(shop(tables)).row("small", "post")
    assert two["difference_lower"] == pytest.approx(one["difference_lower"], abs=1e-6)
    assert two["p_value"] == pytest.approx(one["p_value"], rel=1e-7)


@pytest.fixture(scope="module")
def cookie_cats():
    users = read("cookie_cats", "cookie_cats.parquet")
    outcomes = [
        measured("gate", users["userid"], name, users[name])
        for name in ("retention_1", "retention_7")
    ]
    return run(
        shop(
            {
                "stg_experiment_assignments": assigned("gate", users["userid"], users["version"]),
                "stg_experiment_outcomes": pd.concat(outcomes),
            }
        )
    )


def test_cookie_cats_gives_the_known_answers(cookie_cats):
    day_1, day_7 = (cookie_cats.row("gate", f"retention_{day}") for day in (1, 7))
    assert (day_1["control_variant"], day_1["variant"]) == ("gate_30", "gate_40")
    assert (day_1["control_mean"], day_1["mean"]) == pytest.approx((0.448188, 0.442283), abs=5e-7)
    assert day_1["difference"] == pytest.approx(-0.0059051698, abs=5e-11)
    assert day_1["difference_lower"] == pytest.approx(-0.0123925, abs=5e-8)
    assert day_1["difference_upper"] == pytest.approx(0.0005822, abs=5e-8)
    assert day_1["p_value"] == pytest.approx(0.074411, abs=5e-7)
    assert day_7["difference"] == pytest.approx(-0.0082012983, abs=5e-11)
    assert day_7["difference_lower"] == pytest.approx(-0.0132816, abs=5e-8)
    assert day_7["difference_upper"] == pytest.approx(-0.0031210, abs=5e-8)
    assert day_7["p_value"] == pytest.approx(0.001556, abs=5e-7)
    always = cookie_cats.row("gate", "retention_7", "sequential")
    assert always["difference_lower"] == pytest.approx(-0.0168132, abs=5e-8)
    assert always["difference_upper"] == pytest.approx(0.0004106, abs=5e-8)
    assert always["p_value"] == pytest.approx(0.083284, abs=5e-7)


def test_cookie_cats_passes_the_usual_limit_and_the_check_says_that_it_fails_a_stricter_one(
    cookie_cats,
):
    check = cookie_cats.check("gate", "sample_ratio")
    assert check["p_value"] == pytest.approx(0.008607988, abs=5e-10)
    assert check["statistic"] == pytest.approx(6.902405, abs=5e-7)
    assert check["status"] == "passed"
    assert "fails the stricter 0.01" in check["detail"]


def test_a_stricter_rule_makes_cookie_cats_invalid():
    users = read("cookie_cats", "cookie_cats.parquet")
    settings = pd.read_csv(
        Path(__file__).parents[3] / "seeds/rules/experiments/experiment_settings.csv"
    )
    settings.loc[settings["setting"] == "sample_ratio_limit", "value"] = 0.01
    found = run(
        shop(
            {"stg_experiment_assignments": assigned("gate", users["userid"], users["version"])},
            rules={"experiment_settings": settings},
        )
    )
    assert found.check("gate", "sample_ratio")["status"] == "failed"
    decision = found.decision("gate")
    assert decision["decision"] == "invalid"
    assert "not split as planned" in decision["reason"]
    assert not decision["passes_gates"] and np.isnan(decision["weighted_score"])
