"""Rules of the basket: the groceries' known answers, exact chances, and luck kept out."""

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import hypergeom

from retail_analytics.recommendations.basket_rules import (
    association_rules,
    false_discovery_rates,
    overlap_chance,
)

GROCERIES = ROOT.parent / "shared" / "data" / "groceries" / "groceries.parquet"
Z = 1.2815515655446004


@pytest.fixture(scope="module")
def groceries() -> tuple[sparse.csr_matrix, list[str]]:
    if not GROCERIES.exists():
        pytest.skip(f"{GROCERIES} is not there")
    rows = pd.read_parquet(GROCERIES)
    basket, _ = pd.factorize(rows["basket"])
    item, names = pd.factorize(rows["item"], sort=True)
    return basket_matrix(basket, item), list(names)


def basket_matrix(basket: np.ndarray, item: np.ndarray, *, items: int | None = None):
    shape = None if items is None else (int(np.max(basket)) + 1, items)
    table = sparse.csr_matrix((np.ones(len(basket)), (basket, item)), shape=shape)
    table.sum_duplicates()
    table.data[:] = 1
    return table


def named(rules: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    labels = np.array(names)
    return rules.assign(
        first=labels[rules["antecedent"]], second=labels[rules["consequent"]]
    ).set_index(["first", "second"])


def test_groceries_rules_are_the_known_ones(groceries) -> None:
    baskets, names = groceries
    rules = named(association_rules(baskets, fewest_baskets=10, z=Z), names)
    beef = rules.loc[("beef", "root vegetables")]
    assert beef["support"] == pytest.approx(0.017387, abs=5e-7)
    assert beef["confidence"] == pytest.approx(0.331395, abs=5e-7)
    assert beef["lift"] == pytest.approx(3.040367, abs=5e-7)
    vegetables = rules.loc[("other vegetables", "root vegetables")]
    assert vegetables["basket_count"] == 466
    assert vegetables["lift"] == pytest.approx(2.246605, abs=5e-7)
    assert ((rules["support"] >= 0.01) & (rules["confidence"] >= 0.3)).sum() == 69
    assert rules.loc[("whole milk", "yogurt"), "antecedent_count"] == 2513


def test_groceries_without_a_floor_the_best_lifts_are_luck_and_with_it_they_are_not(
    groceries,
) -> None:
    baskets, _ = groceries
    half = np.random.default_rng(1).random(baskets.shape[0]) < 0.5
    first = association_rules(baskets[half], fewest_baskets=1, z=Z)
    other = association_rules(baskets[~half], fewest_baskets=1, z=Z)
    both = first.merge(
        other[["antecedent", "consequent", "lift"]],
        on=["antecedent", "consequent"],
        how="left",
        suffixes=("", "_other"),
    ).query("antecedent < consequent")
    both["lift_other"] = both["lift_other"].fillna(0)
    lucky = both.nlargest(50, "lift")
    kept = both[(both["basket_count"] >= 10) & (both["q_value"] <= 0.05)]
    best = kept.nlargest(50, "lift_lower")
    assert lucky["lift_other"].mean() < 0.25 * lucky["lift"].mean()
    assert best["lift_other"].mean() > 0.7 * best["lift"].mean()


def test_a_pair_both_ways_has_one_lift_and_two_confidences(groceries) -> None:
    baskets, _ = groceries
    rules = association_rules(baskets, fewest_baskets=10, z=Z)
    mirrored = rules.rename(columns={"antecedent": "consequent", "consequent": "antecedent"})
    both = rules.merge(mirrored, on=["antecedent", "consequent"], suffixes=("", "_mirrored"))
    assert len(both) == len(rules)
    for column in ("basket_count", "lift", "lift_lower", "p_value", "q_value"):
        assert (both[column] == both[f"{column}_mirrored"]).all(), column
    assert (rules["lift_lower"] <= rules["lift"]).all()
    assert (rules["q_value"] >= rules["p_value"]).all()


def test_rules_do_not_depend_on_the_order_of_baskets(groceries) -> None:
    baskets, _ = groceries
    shuffled = baskets[np.random.default_rng(2).permutation(baskets.shape[0])]
    pd.testing.assert_frame_equal(
        association_rules(baskets, fewest_baskets=30, z=Z),
        association_rules(shuffled, fewest_baskets=30, z=Z),
    )


@given(
    total=st.integers(1, 400),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
def test_the_chance_of_an_overlap_is_the_hypergeometric_tail(total, shares) -> None:
    first, second = (max(1, round(share * total)) for share in shares[:2])
    low, high = max(0, first + second - total), min(first, second)
    together = round(low + shares[2] * (high - low))
    expected = hypergeom.sf(together - 1, total, first, second)
    found = overlap_chance(np.array([together]), np.array([first]), np.array([second]), total)
    assert found[0] == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg() -> None:
    # their example of 15 tests: 4 are below 5 %
    p_values = np.array(
        [1e-4, 4e-4, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324]
        + [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    )
    q_values = false_discovery_rates(p_values, tests=15)
    assert (q_values <= 0.05).sum() == 4
    assert q_values[3] == pytest.approx(0.0095 * 15 / 4)
    # pairs that were never seen together count as tests, too
    assert false_discovery_rates(p_values[:9], tests=15)[:4] == pytest.approx(q_values[:4])


def test_independent_products_give_no_more_rules_than_promised() -> None:
    rng = np.random.default_rng(3)
    found = tested = 0
    for _ in range(20):
        bought = rng.random((600, 40)) < rng.uniform(0.05, 0.4, 40)
        rules = association_rules(sparse.csr_matrix(bought.astype(float)), fewest_baskets=10, z=Z)
        found += (rules["q_value"] <= 0.05).any()
        tested += len(rules)
    assert tested > 1000
    # under no rule at all, the false discovery rate is the chance of any
    assert found <= 4


def test_intervals_of_lift_cover_what_they_say() -> None:
    rng = np.random.default_rng(4)
    covered = []
    for _ in range(400):
        first = rng.random(1500) < 0.2
        second = rng.random(1500) < np.where(first, 0.24, 0.09)
        table = sparse.csr_matrix(np.column_stack([first, second]).astype(float))
        rule = association_rules(table, fewest_baskets=1, z=Z).iloc[0]
        true = 0.24 / (0.2 * 0.24 + 0.8 * 0.09)
        covered.append(rule["lift_lower"] <= true <= rule["lift_upper"])
    assert 0.75 <= np.mean(covered) <= 0.85


@pytest.mark.parametrize(
    "baskets",
    [
        sparse.csr_matrix((0, 0)),
        sparse.csr_matrix((0, 5)),
        sparse.csr_matrix(np.ones((30, 1))),
        sparse.csr_matrix(np.eye(50)),
    ],
    ids=["nothing", "no baskets", "one product", "one product a basket"],
)
def test_there_are_no_rules_without_pairs(baskets) -> None:
    assert association_rules(baskets, fewest_baskets=10, z=Z).empty


def test_a_basket_of_ten_thousand_products_bought_once_makes_no_rule() -> None:
    wide = sparse.csr_matrix(np.ones((1, 10_000), dtype=np.float32))
    assert association_rules(wide, fewest_baskets=10, z=Z).empty


def test_a_rule_has_a_direction() -> None:
    # product 0 in four of eight baskets, 1 in two of them
    baskets = basket_matrix(np.array([0, 1, 2, 3, 0, 1, 7]), np.array([0, 0, 0, 0, 1, 1, 2]))
    rules = association_rules(baskets, fewest_baskets=1, z=Z)
    rules = rules.set_index(["antecedent", "consequent"])
    assert rules.loc[(0, 1), "confidence"] == 0.5 and rules.loc[(1, 0), "confidence"] == 1.0
    assert rules.loc[(0, 1), "support"] == rules.loc[(1, 0), "support"] == 0.25
    assert rules.loc[(0, 1), "lift"] == rules.loc[(1, 0), "lift"] == 2.0
    assert rules.loc[(0, 1), "antecedent_count"] == rules.loc[(1, 0), "consequent_count"] == 4
    # two in common by chance: 6 of 28 ways; three products make three pairs to be lucky with
    assert rules.loc[(0, 1), "p_value"] == pytest.approx(6 / 28)
    assert rules.loc[(0, 1), "q_value"] == pytest.approx(3 * 6 / 28)
